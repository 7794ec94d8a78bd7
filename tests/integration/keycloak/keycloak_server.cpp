#include "tests/integration/keycloak/keycloak_server.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPCookie.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NameValueCollection.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace curfew::keycloak_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const char* const version = "26.0.8";
const char* const back = "http://127.0.0.1/back";

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
  if (cookies != nullptr) {
    std::vector<Poco::Net::HTTPCookie> set;
    response.getCookies(set);
    for (const Poco::Net::HTTPCookie& cookie : set) (*cookies)[cookie.getName()] = cookie.getValue();
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

// Runs a program to its end; true when that is a good one.
bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

// The folder, or why there is none.
fs::path distribution_in(const fs::path& folder, std::string& why) {
  if (const char* given = std::getenv("CURFEW_KEYCLOAK"); given != nullptr && *given != '\0') return given;
  if (!run("command -v java >/dev/null 2>&1")) {
    why = "needs keycloak: Java is not installed";
    return {};
  }
  if (!run("command -v mvn >/dev/null 2>&1")) {
    why = "needs keycloak: neither CURFEW_KEYCLOAK nor Maven is there";
    return {};
  }
  const fs::path log = folder / "maven.log";
  // Kept in Maven's own cache; what it notes of its work goes into the folder.
  if (!run("cd '" + folder.string() +
           "' && timeout 400 mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack "
           "-Dartifact=org.keycloak:keycloak-quarkus-dist:" +
           std::string(version) + ":zip -DoutputDirectory='" + folder.string() + "' >'" + log.string() +
           "' 2>&1 </dev/null")) {
    const std::string said = text_of(log);
    why = "needs keycloak: Maven could not get the distribution " + std::string(version) + ": " +
          said.substr(said.size() > 200 ? said.size() - 200 : 0);
    return {};
  }
  return folder / ("keycloak-" + std::string(version));
}

std::map<std::string, std::string> parameters_of(const std::string& location) {
  std::map<std::string, std::string> all;
  if (location.empty()) return all;
  for (const auto& [name, value] : Poco::URI(location).getQueryParameters()) all[name] = value;
  return all;
}

Tokens tokens_of(const Reply& reply) {
  Tokens tokens{.status = reply.status, .access = {}, .refresh = {}, .session = {}};
  const json body = reply.json();
  if (reply.status != 200 || !body.is_object()) return tokens;
  tokens.access = body.value("access_token", "");
  tokens.refresh = body.value("refresh_token", "");
  tokens.session = body.value("session_state", "");
  return tokens;
}

}  // namespace

std::chrono::sys_seconds Tokens::expiry() const {
  std::string part = access.substr(access.find('.') + 1);
  part = part.substr(0, part.find('.'));
  std::string text;
  unsigned bits = 0;
  int count = 0;
  for (const char c : part) {
    static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    bits = bits << 6U | static_cast<unsigned>(digits.find(c));
    count += 6;
    if (count >= 8) {
      count -= 8;
      text += static_cast<char>(bits >> static_cast<unsigned>(count) & 255U);
    }
  }
  return std::chrono::sys_seconds(std::chrono::seconds(json::parse(text).at("exp").get<std::int64_t>()));
}

Reply Browser::go(const std::string& method, const std::string& path, const std::string& form) {
  std::map<std::string, std::string> headers;
  std::string cookies;
  for (const auto& [name, value] : cookies_) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
  if (!cookies.empty()) headers["Cookie"] = cookies;
  if (!form.empty()) headers["Content-Type"] = "application/x-www-form-urlencoded";
  return ask(port_, method, path, headers, form, &cookies_);
}

std::string Browser::sign_in(const std::string& user) {
  const Reply page = go("GET",
                        "/realms/corp/protocol/openid-connect/auth?" + form_of({{"client_id", "shop"},
                                                                                {"response_type", "code"},
                                                                                {"scope", "openid"},
                                                                                {"redirect_uri", back}}),
                        "");
  std::smatch form;
  if (!std::regex_search(page.body, form, std::regex("action=\"([^\"]+)\""))) return {};
  const std::string action = std::regex_replace(form[1].str(), std::regex("&amp;"), "&");
  const Reply done = go("POST", Poco::URI(action).getPathAndQuery(),
                        form_of({{"username", user}, {"password", user + "-password"}}));
  return parameters_of(done.location)["code"];
}

std::map<std::string, std::string> Browser::come_back(const std::string& client) {
  return parameters_of(go("GET",
                          "/realms/corp/protocol/openid-connect/auth?" + form_of({{"client_id", client},
                                                                                  {"response_type", "code"},
                                                                                  {"scope", "openid"},
                                                                                  {"prompt", "none"},
                                                                                  {"redirect_uri", back}}),
                          "")
                           .location);
}

const std::string& KeycloakServer::why_not() { return shared_one().why; }

const KeycloakServer* KeycloakServer::shared() { return shared_one().server.get(); }

KeycloakServer::Shared& KeycloakServer::shared_one() {
  static Shared one;
  static const bool tried = [] {
    const fs::path distribution = distribution_in(one.folder.path(), one.why);
    if (!distribution.empty()) one.server.reset(new KeycloakServer(distribution));
    return true;
  }();
  (void)tried;
  return one;
}

KeycloakServer::KeycloakServer(const fs::path& distribution) : port_(support::free_port()) {
  // One of its own, as it builds itself at its first start.
  const fs::path home = folder_.path() / "keycloak";
  fs::copy(distribution, home, fs::copy_options::recursive);
  fs::create_directories(home / "data/import");
  const std::string corp = text_of(fs::path(CURFEW_SOURCE_DIR) / "tests/integration/keycloak/realm.json");
  std::ofstream(home / "data/import/corp-realm.json") << corp;
  json quiet = json::parse(corp);
  quiet["realm"] = "quiet";
  quiet["eventsEnabled"] = false;
  quiet["users"] = json::array({quiet["users"][0], quiet["users"][1]});
  std::ofstream(home / "data/import/quiet-realm.json") << quiet.dump();
  process_ = std::make_unique<support::ServerProcess>(
      std::vector<std::string>{(home / "bin/kc.sh").string(), "start-dev", "--import-realm",
                               "--http-host=127.0.0.1", "--http-port=" + std::to_string(port_)},
      std::map<std::string, std::string>{{"JAVA_OPTS", "-Xms64m -Xmx512m -XX:+UseSerialGC"}},
      folder_.path() / "log");
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(8);
  for (;;) {
    try {
      const auto shows = [&](const std::string& realm) {
        const Reply reply = ask(port_, "GET", "/realms/" + realm, {}, "");
        return reply.status == 200 && reply.json().is_object() && reply.json().value("realm", "") == realm;
      };
      if (shows("quiet") && shows("corp")) return;
    } catch (const Poco::Exception&) {
      // not listening yet
    }
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error("Keycloak did not get ready:\n" + text_of(folder_.path() / "log"));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // between two looks
  }
}

Reply KeycloakServer::post(const std::string& endpoint, std::map<std::string, std::string> form) const {
  form["client_id"] = "shop";
  form["client_secret"] = "the-secret-of-the-shop";
  return ask(port_, "POST", "/realms/corp/protocol/openid-connect/" + endpoint,
             {{"Content-Type", "application/x-www-form-urlencoded"}}, form_of(form));
}

Tokens KeycloakServer::sign_in(const std::string& user, const std::string& scope,
                               const std::string& password) const {
  return tokens_of(post("token", {{"grant_type", "password"},
                                  {"username", user},
                                  {"password", password.empty() ? user + "-password" : password},
                                  {"scope", scope}}));
}

Tokens KeycloakServer::refresh(const Tokens& tokens) const {
  return tokens_of(post("token", {{"grant_type", "refresh_token"}, {"refresh_token", tokens.refresh}}));
}

int KeycloakServer::user_info(const Tokens& tokens) const {
  return ask(port_, "GET", "/realms/corp/protocol/openid-connect/userinfo",
             {{"Authorization", "Bearer " + tokens.access}}, "")
      .status;
}

bool KeycloakServer::is_active(const Tokens& tokens) const {
  return post("token/introspect", {{"token", tokens.access}}).json().value("active", false);
}

int KeycloakServer::revoke(const Tokens& tokens) const {
  return post("revoke", {{"token", tokens.access}, {"token_type_hint", "access_token"}}).status;
}

Reply KeycloakServer::sign_out(const Tokens& tokens) const {
  return post("logout", {{"refresh_token", tokens.refresh}});
}

Reply KeycloakServer::admin(const std::string& method, const std::string& path, const json& body,
                            const std::string& realm) const {
  const Reply token = ask(port_, "POST", "/realms/" + realm + "/protocol/openid-connect/token",
                          {{"Content-Type", "application/x-www-form-urlencoded"}},
                          form_of({{"grant_type", "client_credentials"},
                                   {"client_id", "operator"},
                                   {"client_secret", "the-secret-of-the-operator"}}));
  if (token.status != 200) throw std::runtime_error("the operator gets no token: " + token.body);
  return ask(port_, method, "/admin/realms/" + realm + path,
             {{"Authorization", "Bearer " + token.json().at("access_token").get<std::string>()},
              {"Content-Type", "application/json"}},
             body.is_null() ? "" : body.dump());
}

std::string KeycloakServer::user_id(const std::string& name) const {
  return admin("GET", "/users?exact=true&username=" + name).json().at(0).at("id").get<std::string>();
}

}  // namespace curfew::keycloak_test
