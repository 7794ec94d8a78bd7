#include "tests/integration/browser/stack.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace curfew::browser_test {

namespace {

namespace fs = std::filesystem;
namespace net = Poco::Net;
using support::FormApache;
using support::ServerProcess;

const char* const host = "app.corp.test";

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw std::runtime_error(path.string() + " can't be read");
  return text.str();
}

void shell(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("this fails: " + command);
}

}  // namespace

fs::path Stack::missing() {
  for (const fs::path& needed :
       {FormApache::missing(), support::MovableClock::library(), fs::path("/usr/sbin/nginx"),
        fs::path("/usr/bin/chromium"), fs::path("/usr/bin/chromedriver")}) {
    if (!needed.empty() && !fs::exists(needed)) return needed;
  }
  return {};
}

Stack::Stack(const std::string& rule) {
  make_certificate();
  clock_.emplace(curfew_.folder());
  apache_.emplace(curfew_.folder());
  write_pages();
  apache_->start(clock_->environment());
  write_gate_configuration();
  curfew_.begin(apache_->connector_settings(), rule, "[{action: sign_out_session, prove_within: 20s}]",
                clock_->environment());
  nginx_.emplace(curfew_.folder(),
                 support::GateNginxPlaces{
                     .gate = gate_port_,
                     .application = apache_->port(),
                     .certificate = support::Certificate{at("tls.pem").string(), at("tls.key").string()},
                     .port = nginx_port_});
  start_driver();
}

// With its key's digest, so that the browser takes it for a good one, as with all that depends on that:
// caches, and what Clear-Site-Data clears.
void Stack::make_certificate() {
  const std::string certificate = at("tls.pem").string();
  shell("openssl req -x509 -days 2 -newkey rsa:2048 -nodes -subj /CN=" + std::string(host) +
        " -addext subjectAltName=DNS:" + host + ",IP:127.0.0.1 -keyout " + at("tls.key").string() + " -out " +
        certificate + " >/dev/null 2>&1");
  shell("openssl x509 -in " + certificate +
        " -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | openssl base64 "
        "-A >" +
        at("key-digest").string());
  key_digest_ = read(at("key-digest"));
}

void Stack::write_pages() const {
  // Without an icon of its own the browser asks for one, beside the next page: Apache may then give the
  // session that is just being renewed another key.
  const std::string head =
      "<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href=\"data:,\"><title>Notes</title>";
  const std::string script = "<script src=/curfew/curfew-warning.js defer></script>";
  const std::string body = "<h1>Notes</h1><p>" + FormApache::marker + "</p>";
  apache_->write_page("app/index.html", head + script + body + "<a id=next href=/app/second.html>Next</a>\n");
  apache_->write_page("app/second.html",
                      head + script + body + "<a id=next href=/app/index.html>Back to the first</a>\n");
  apache_->write_page("app/plain.html", head + body + "<a id=next href=/app/other.html>Next</a>\n");
  apache_->write_page("app/other.html", head + body + "<a id=next href=/app/plain.html>Next</a>\n");
}

void Stack::write_gate_configuration() const {
  fs::create_directories(at("conf.d"));
  std::ofstream(at("conf.d/gate.yaml"))
      // Minutes pass at once here, and that is no broken clock.
      << "clock_jump: 1h\n"
      << "gates: [{name: door, guards: app, listener: {port: " << gate_port_
      << "}, public_paths: [/public/*, /dologin], machine_paths: [/favicon.ico], activity_quantum: 1s, "
         "sign_in: /public/login.html}]\n"
      << "policies: [{name: after-end, rule: activity_after_end}]\n";
}

void Stack::start_driver() {
  fs::create_directories(at("home"));
  driver_ = std::make_unique<ServerProcess>(
      std::vector<std::string>{"/usr/bin/chromedriver", "--port=" + std::to_string(driver_port_)},
      std::map<std::string, std::string>{{"HOME", at("home").string()}}, at("driver.out"));
  if (!support::wait_for_port(driver_port_)) throw std::runtime_error("chromedriver does not listen");
}

std::unique_ptr<Browser> Stack::browser(bool restored) const {
  std::vector<std::string> arguments{"--user-data-dir=" + at("profile").string(),
                                     "--host-resolver-rules=MAP " + std::string(host) + " 127.0.0.1",
                                     "--ignore-certificate-errors-spki-list=" + key_digest_,
                                     "--window-size=1000,700"};
  if (restored) arguments.emplace_back("--restore-last-session");
  return std::make_unique<Browser>(driver_port_, std::move(arguments));
}

std::string Stack::url(const std::string& path) const {
  return "https://" + std::string(host) + ":" + std::to_string(nginx_port_) + path;
}

void Stack::sign_in(Browser& browser) const {
  browser.open(url("/app/index.html"));
  fill_form(browser);
}

void Stack::fill_form(Browser& browser) {
  browser.type("[name=httpd_username]", "alice");
  browser.type("[name=httpd_password]", "alice-pw");
  browser.click("button");
}

void Stack::pass(std::chrono::seconds time) {
  ahead_ += time;
  clock_->ahead(ahead_);
}

Stack::Answer Stack::ask(const std::string& path, const std::string& cookie,
                         const std::string& user_agent) const {
  net::Context::Params parameters;
  parameters.caLocation = at("tls.pem").string();
  parameters.loadDefaultCAs = false;
  parameters.verificationMode = net::Context::VERIFY_STRICT;
  net::HTTPSClientSession session("127.0.0.1", static_cast<Poco::UInt16>(nginx_port_),
                                  new net::Context(net::Context::TLS_CLIENT_USE, parameters));
  session.setTimeout(Poco::Timespan(20, 0));
  net::HTTPRequest request("GET", path, net::HTTPMessage::HTTP_1_1);
  request.setHost(host);
  request.set("Cookie", "session=" + cookie);
  request.set("User-Agent", user_agent);
  session.sendRequest(request);
  net::HTTPResponse response;
  Answer answer;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), answer.body);
  answer.status = static_cast<int>(response.getStatus());
  answer.reason = response.get("X-Curfew-Reason", "");
  return answer;
}

bool Stack::application_shows_marker_to(const std::string& cookie) const {
  net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(apache_->port()));
  session.setTimeout(Poco::Timespan(20, 0));
  net::HTTPRequest request("GET", "/app/index.html", net::HTTPMessage::HTTP_1_1);
  request.set("Cookie", "session=" + cookie);
  session.sendRequest(request);
  net::HTTPResponse response;
  std::string body;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
  return body.find(FormApache::marker) != std::string::npos;
}

std::string Stack::logs() const {
  std::string all;
  for (const char* name : {"nginx.log", "nginx-access.log", "logs/error.log", "driver.out", "log"})
    all += "== " + std::string(name) + "\n" + (fs::exists(at(name)) ? read(at(name)) : "not there\n");
  return all;
}

void Stack::keep_picture(const Browser& browser, const std::string& name) {
  if (const char* folder = std::getenv("CURFEW_SCREENSHOTS"); folder != nullptr)
    browser.picture(fs::path(folder) / (name + ".png"));
}

}  // namespace curfew::browser_test
