#include "tests/plugins/oauth/fake_keycloak.hpp"

#include <Poco/Base64Decoder.h>
#include <Poco/URI.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <sstream>

namespace curfew::oauth_test {
namespace {

using nlohmann::json;

FakeKeycloak::Answer error(int status, const std::string& text) {
  return {.status = status, .body = json{{"error", text}}.dump()};
}

std::int64_t time_in(const json& event) {
  const auto time = event.find("time");
  return time != event.end() && time->is_number_integer() ? time->get<std::int64_t>() : FakeKeycloak::now();
}

std::string day_of(std::int64_t milliseconds) {
  const std::time_t seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

}  // namespace

FakeKeycloak::FakeKeycloak() {
  clients = json::array({{{"id", "uuid-curfew"}, {"clientId", "curfew"}, {"attributes", json::object()}},
                         {{"id", "uuid-shop"}, {"clientId", "shop"}, {"attributes", json::object()}}});
  for (const char* name : {"alice", "bob"}) people[name] = {.id = "id-of-" + std::string(name)};
  begin();
}

std::int64_t FakeKeycloak::now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void FakeKeycloak::add_event(json event) {
  const std::lock_guard lock(mutex_);
  if (ids_of_events) event["id"] = "event-" + std::to_string(++count_);
  events.push_back(std::move(event));
}

void FakeKeycloak::add_admin_event(json event) {
  const std::lock_guard lock(mutex_);
  admin_events.push_back(std::move(event));
}

void FakeKeycloak::clear_events() {
  const std::lock_guard lock(mutex_);
  events.clear();
}

std::string FakeKeycloak::sign_in(const std::string& user, const SignIn& how) {
  std::string id;
  std::string user_id;
  {
    const std::lock_guard lock(mutex_);
    id = "session-" + std::to_string(++count_);
    user_id = people.at(user).id;
    online.insert(id);
    if (how.offline) offline.insert(id);
    session_user_[id] = user;
  }
  json details{{"auth_method", "openid-connect"}, {"auth_type", "code"}, {"username", user}};
  if (how.silent) details["response_type"] = "code";
  add_event({{"time", how.at == 0 ? now() : how.at},
             {"type", "LOGIN"},
             {"realmId", "r"},
             {"clientId", "shop"},
             {"userId", user_id},
             {"sessionId", id},
             {"ipAddress", "192.0.2.7"},
             {"details", details}});
  return id;
}

void FakeKeycloak::fail_sign_in(const std::string& user, std::int64_t at) {
  add_event({{"time", at == 0 ? now() : at},
             {"type", "LOGIN_ERROR"},
             {"clientId", "shop"},
             {"ipAddress", "192.0.2.7"},
             {"error", "invalid_user_credentials"},
             {"details", {{"auth_method", "openid-connect"}, {"username", user}}}});
}

void FakeKeycloak::sign_out(const std::string& session) {
  std::string user_id;
  {
    const std::lock_guard lock(mutex_);
    online.erase(session);
    user_id = people.at(session_user_.at(session)).id;
  }
  add_event({{"time", now()}, {"type", "LOGOUT"}, {"userId", user_id}, {"sessionId", session}});
}

void FakeKeycloak::revoke_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

json FakeKeycloak::session_json(const std::string& id) const {
  const std::string& user = session_user_.at(id);
  return {{"id", id},       {"username", user},    {"userId", people.at(user).id},
          {"start", now()}, {"lastAccess", now()}, {"clients", {{"uuid-shop", "shop"}}}};
}

FakeKeycloak::Answer FakeKeycloak::token(const Request& request) {
  std::string id, given;
  if (const auto basic = request.headers.find("authorization"); basic != request.headers.end()) {
    std::istringstream in(basic->second.substr(6));
    Poco::Base64Decoder decoder(in);
    const std::string both{std::istreambuf_iterator<char>(decoder), {}};
    Poco::URI::decode(both.substr(0, both.find(':')), id);
    Poco::URI::decode(both.substr(both.find(':') + 1), given);
  } else {
    for (const auto& [name, value] : Poco::URI("/?" + request.body).getQueryParameters()) {
      if (name == "client_id") id = value;
      if (name == "client_secret") given = value;
    }
  }
  if (request.body.find("grant_type=client_credentials") == std::string::npos)
    return error(400, "unsupported_grant_type");
  if (id != "curfew" || given != secret) return error(401, "unauthorized_client");
  const std::string token = "token-" + std::to_string(++count_);
  tokens_[token] = clock() + std::chrono::hours(24);
  return ok({{"access_token", token}, {"token_type", "Bearer"}, {"expires_in", token_seconds}});
}

// Newest first, by whole days, in numbered pages.
FakeKeycloak::Answer FakeKeycloak::page_of(const Request& request, const std::vector<json>& all,
                                           const std::string& filter) {
  const auto text = [&](const char* key) {
    const auto found = request.query.find(key);
    return found == request.query.end() ? std::string{} : found->second;
  };
  std::set<std::string> wanted;
  for (auto [one, end] = request.query.equal_range(filter == "type" ? "type" : "resourceTypes"); one != end;
       ++one)
    wanted.insert(one->second);
  const std::string from = text("dateFrom");
  if (from.size() != 10) return complain("dateFrom is no day: " + from);
  std::vector<json> fits;
  for (const json& event : all) {
    if (!wanted.empty() && !wanted.contains(event.value(filter, ""))) continue;
    if (day_of(time_in(event)) < from) continue;
    fits.insert(fits.begin(), event);
  }
  std::stable_sort(fits.begin(), fits.end(),
                   [](const json& a, const json& b) { return time_in(a) > time_in(b); });
  json page = json::array();
  const std::size_t first = std::stoul(text("first")), most = std::stoul(text("max"));
  for (std::size_t i = first; i < fits.size() && i < first + most; ++i) page.push_back(fits[i]);
  return ok(page);
}

FakeKeycloak::Answer FakeKeycloak::about_user(const Request& request, const std::string& id,
                                              const std::string& rest) {
  if (!roles.contains("manage-users")) return error(403, "HTTP 403 Forbidden");
  const auto person =
      std::find_if(people.begin(), people.end(), [&](const auto& one) { return one.second.id == id; });
  if (person == people.end()) return error(404, "User not found");
  const auto of_user = [&](const std::set<std::string>& all) {
    json rows = json::array();
    for (const std::string& session : all) {
      if (session_user_[session] == person->first) rows.push_back(session_json(session));
    }
    return rows;
  };
  if (request.method == "GET" && rest.empty())
    return ok({{"id", id},
               {"username", person->first},
               {"enabled", person->second.enabled},
               {"notBefore", person->second.not_before}});
  if (request.method == "PUT" && rest.empty()) {
    const json change = json::parse(request.body);
    if (change.size() != 1 || !change.contains("enabled")) return complain("more than enabled is changed");
    person->second.enabled = change["enabled"];
    return {.status = 204, .body = {}};
  }
  if (request.method == "GET" && rest == "/sessions") return ok(of_user(online));
  if (request.method == "GET" && rest == "/consents") {
    if (of_user(offline).empty()) return ok(json::array());
    return ok({{{"clientId", "shop"},
                {"grantedClientScopes", json::array()},
                {"additionalGrants", {{{"client", "uuid-shop"}, {"key", "Offline Token"}}}}}});
  }
  if (request.method == "GET" && rest == "/offline-sessions/uuid-shop") return ok(of_user(offline));
  if (request.method == "POST" && rest == "/logout") {
    if (keeps_not_before) person->second.not_before = now() / 1000 + clock_ahead;
    std::erase_if(online,
                  [&](const std::string& session) { return session_user_[session] == person->first; });
    return {.status = 204, .body = {}};
  }
  return complain(request.method + " " + request.target);
}

FakeKeycloak::Answer FakeKeycloak::admin(const Request& request, const std::string& path) {
  const auto needs = [&](const char* role) { return !roles.contains(role); };
  if (path == "/events/config") {
    if (needs("view-events")) return error(403, "HTTP 403 Forbidden");
    return ok({{"eventsEnabled", events_enabled},
               {"eventsExpiration", events_expiration},
               {"enabledEventTypes",
                {"LOGIN", "LOGIN_ERROR", "LOGOUT", "CODE_TO_TOKEN", "REFRESH_TOKEN", "UPDATE_PASSWORD"}},
               {"adminEventsEnabled", true},
               {"adminEventsDetailsEnabled", true}});
  }
  if (path == "/events" || path == "/admin-events") {
    if (needs("view-events")) return error(403, "HTTP 403 Forbidden");
    for (auto [one, end] = request.query.equal_range("type"); one != end; ++one) {
      if (one->second == "UPDATE_CREDENTIAL") return complain("this version has no UPDATE_CREDENTIAL");
    }
    return path == "/events" ? page_of(request, events, "type")
                             : page_of(request, admin_events, "resourceType");
  }
  if (path.empty()) return needs("view-realm") ? ok({{"realm", "corp"}}) : ok(realm);
  if (path == "/clients") {
    if (needs("view-clients")) return error(403, "HTTP 403 Forbidden");
    const std::size_t first = std::stoul(request.query.find("first")->second);
    const std::size_t most = std::stoul(request.query.find("max")->second);
    json page = json::array();
    for (std::size_t i = first; i < clients.size() && i < first + most; ++i) page.push_back(clients[i]);
    return ok(page);
  }
  if (path == "/client-session-stats")
    return ok({{{"id", "uuid-shop"},
                {"clientId", "shop"},
                {"active", std::to_string(online.size())},
                {"offline", std::to_string(offline.size())}}});
  if (path == "/clients/uuid-shop/user-sessions" || path == "/clients/uuid-shop/offline-sessions") {
    const std::set<std::string>& all = path.ends_with("user-sessions") ? online : offline;
    const std::size_t first = std::stoul(request.query.find("first")->second);
    const std::size_t most = std::stoul(request.query.find("max")->second);
    json page = json::array();
    std::size_t i = 0;
    for (const std::string& session : all) {
      if (i >= first && i < first + most) page.push_back(session_json(session));
      ++i;
    }
    return ok(page);
  }
  if (path.starts_with("/sessions/") && request.method == "DELETE") {
    const auto is_offline = request.query.find("isOffline");
    std::set<std::string>& all =
        is_offline != request.query.end() && is_offline->second == "true" ? offline : online;
    if (all.erase(path.substr(10)) == 0) return error(404, "Sesssion not found");
    return {.status = 204, .body = {}};
  }
  if (path.starts_with("/users/")) {
    const std::string rest = path.substr(7);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    return about_user(request, rest.substr(0, slash), rest.substr(slash));
  }
  return complain(request.method + " " + request.target);
}

FakeKeycloak::Answer FakeKeycloak::right_answer(const Request& request) {
  if (request.path == "/realms/corp/protocol/openid-connect/token") return token(request);
  if (!request.path.starts_with("/admin/realms/corp")) return error(404, "Realm not found.");
  if (!has_token(request)) return error(401, "HTTP 401 Unauthorized");
  return admin(request, request.path.substr(18));
}

}  // namespace curfew::oauth_test
