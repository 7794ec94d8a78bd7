#include "tests/integration/browser/browser.hpp"

#include <Poco/Base64Decoder.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/server_process.hpp"

namespace curfew::browser_test {

using nlohmann::json;

namespace {

// How the protocol names an element in its answers.
const char* const element_key = "element-6066-11e4-a52e-4f735466cecf";

}  // namespace

Browser::Browser(int driver_port, std::vector<std::string> arguments)
    : Browser(driver_port, std::move(arguments), json::object()) {}

Browser::Browser(int driver_port, std::vector<std::string> arguments, const json& machine)
    : port_(driver_port) {
  arguments.insert(arguments.end(), {"--headless=new",
                                     // It sees our own pages only, and has no sandbox when root starts it.
                                     "--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"});
  const json wanted = {
      {"capabilities",
       {{"alwaysMatch",
         {{"browserName", "chrome"},
          {"timeouts", {{"pageLoad", 60'000}, {"script", 20'000}}},
          {"goog:chromeOptions",
           {{"binary", "/usr/bin/chromium"}, {"args", arguments}, {"localState", machine}}}}}}}};
  session_ = "/session/" + ask("POST", "/session", wanted)["sessionId"].get<std::string>();
}

Browser::~Browser() {
  try {
    (void)ask("DELETE", session_, nullptr);
  } catch (const BrowserError& error) {
    std::fprintf(stderr, "the browser can't be closed: %s\n", error.what());
  }
}

json Browser::ask(const std::string& method, const std::string& path, const json& body) const {
  try {
    Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port_));
    session.setTimeout(Poco::Timespan(90, 0));
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    const std::string text = body.is_null() ? std::string() : body.dump();
    if (!body.is_null()) {
      request.setContentType("application/json");
      request.setContentLength(static_cast<std::streamsize>(text.size()));
    }
    session.sendRequest(request) << text;
    Poco::Net::HTTPResponse response;
    std::string answer;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), answer);
    json value = json::parse(answer).at("value");
    if (response.getStatus() != Poco::Net::HTTPResponse::HTTP_OK)
      throw BrowserError(method + " " + path + ": " + value.value("error", "") + ": " +
                         value.value("message", ""));
    return value;
  } catch (const Poco::Exception& error) {
    throw BrowserError(method + " " + path + ": " + error.displayText());
  } catch (const json::exception& error) {
    throw BrowserError(method + " " + path + ": " + error.what());
  }
}

void Browser::open(const std::string& url) { (void)ask("POST", session_ + "/url", {{"url", url}}); }
void Browser::back() { (void)ask("POST", session_ + "/back", json::object()); }
void Browser::forward() { (void)ask("POST", session_ + "/forward", json::object()); }
void Browser::refresh() { (void)ask("POST", session_ + "/refresh", json::object()); }

std::string Browser::element(const std::string& selector) const {
  return session_ + "/element/" +
         ask("POST", session_ + "/element", {{"using", "css selector"}, {"value", selector}})
             .at(element_key)
             .get<std::string>();
}

void Browser::type(const std::string& selector, const std::string& text) {
  (void)ask("POST", element(selector) + "/value", {{"text", text}});
}

void Browser::click(const std::string& selector) {
  (void)ask("POST", element(selector) + "/click", json::object());
}

json Browser::run(const std::string& script) const {
  return ask("POST", session_ + "/execute/sync", {{"script", script}, {"args", json::array()}});
}

std::string Browser::text() const {
  return run("return getComputedStyle(document.documentElement).display === 'none' || !document.body ? '' "
             ": document.body.innerText")
      .get<std::string>();
}

std::string Browser::dom() const { return ask("GET", session_ + "/source", nullptr).get<std::string>(); }
std::string Browser::address() const { return ask("GET", session_ + "/url", nullptr).get<std::string>(); }

std::string Browser::cookie(const std::string& name) const {
  for (const json& one : ask("GET", session_ + "/cookie", nullptr)) {
    if (one["name"] == name) return one["value"].get<std::string>();
  }
  return {};
}

bool Browser::eventually_shows(const std::function<bool(const std::string&)>& wanted) const {
  return support::eventually([&] {
    try {
      return wanted(text());
    } catch (const BrowserError&) {
      return false;  // between two pages
    }
  });
}

bool Browser::comes_to_show(const std::string& text) const {
  return eventually_shows([&](const std::string& all) { return all.find(text) != std::string::npos; });
}

bool Browser::comes_to_hide(const std::string& text) const {
  return eventually_shows([&](const std::string& all) { return all.find(text) == std::string::npos; });
}

bool Browser::comes_to_show_other_than(const std::string& text) const {
  return eventually_shows(
      [&](const std::string& all) { return !all.empty() && all.find(text) == std::string::npos; });
}

std::vector<std::string> Browser::tabs() const {
  return ask("GET", session_ + "/window/handles", nullptr).get<std::vector<std::string>>();
}

void Browser::new_tab() {
  show_tab(ask("POST", session_ + "/window/new", {{"type", "tab"}}).at("handle").get<std::string>());
}

void Browser::show_tab(const std::string& tab) { (void)ask("POST", session_ + "/window", {{"handle", tab}}); }

void Browser::resize(int width, int height) {
  (void)ask("POST", session_ + "/window/rect", {{"width", width}, {"height", height}});
}

void Browser::picture(const std::filesystem::path& png) const {
  std::istringstream in(ask("GET", session_ + "/screenshot", nullptr).get<std::string>());
  Poco::Base64Decoder decoder(in);
  std::ofstream out(png, std::ios::binary);
  Poco::StreamCopier::copyStream(decoder, out);
}

}  // namespace curfew::browser_test
