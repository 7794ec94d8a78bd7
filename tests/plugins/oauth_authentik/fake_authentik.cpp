#include "tests/plugins/oauth_authentik/fake_authentik.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::authentik_test {

using nlohmann::json;
using support::iso_text;

namespace {

std::string uuid_of(int number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%08x-0000-4000-8000-%012x", number * 7919, number);
  return text.data();
}

const std::set<std::string> actions{"login",
                                    "login_failed",
                                    "logout",
                                    "user_write",
                                    "suspicious_request",
                                    "password_set",
                                    "secret_view",
                                    "authorize_application",
                                    "impersonation_started",
                                    "impersonation_ended"};

}  // namespace

FakeAuthentik::FakeAuthentik() { begin(); }

std::string FakeAuthentik::name_of(const std::string& id) const {
  for (const auto& [name, number] : numbers_)
    if (std::to_string(number) == id) return name;
  return {};
}

std::string FakeAuthentik::store(const std::string& user, const std::string& action, json context,
                                 const std::string& address, Time at) {
  const std::string id = uuid_of(++count_);
  json one{{"pk", id},
           {"user", json::object()},
           {"action", action},
           {"app", "authentik.events.signals"},
           {"context", std::move(context)},
           {"client_ip", address.empty() ? json(nullptr) : json(address)},
           {"created", iso_text(at)},
           {"expires", iso_text(at + std::chrono::hours(24 * 365))},
           {"brand", json::object()}};
  if (const auto known = numbers_.find(user); known != numbers_.end())
    one["user"] = {{"pk", known->second}, {"email", user + "@corp.test"}, {"username", user}};
  const auto later = [&](const json& other) { return other.at("created") > one.at("created"); };
  events_.insert(std::find_if(events_.begin(), events_.end(), later), one);
  return id;
}

std::string FakeAuthentik::sign_in(const std::string& user, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  const std::string id = uuid_of(++count_);
  sessions_[id] = {.user = user,
                   .address = how.address,
                   .agent = how.agent,
                   .last_used = clock(),
                   .expires = clock() + std::chrono::hours(24)};
  all_tokens_.push_back({.id = ++count_,
                         .kind = "access_tokens",
                         .user = user,
                         .session = id,
                         .expires = clock() + access_tokens_live});
  if (how.refresh_token)
    all_tokens_.push_back({.id = ++count_,
                           .kind = "refresh_tokens",
                           .user = user,
                           .session = id,
                           .expires = clock() + std::chrono::hours(24 * 30)});
  if (how.with_event)
    store(user, "login",
          {{"auth_method", how.method}, {"http_request", {{"user_agent", how.agent}, {"method", "GET"}}}},
          how.address, clock());
  return id;
}

void FakeAuthentik::fail_sign_in(const std::string& user) {
  const std::lock_guard lock(mutex_);
  store({}, "login_failed", {{"username", user}, {"http_request", {{"user_agent", "curl/8"}}}}, "192.0.2.66",
        clock());
}

void FakeAuthentik::sign_out(const std::string& session) {
  const std::lock_guard lock(mutex_);
  Session& one = sessions_.at(session);
  one.lives = false;
  store(one.user, "logout", {{"http_request", {{"user_agent", one.agent}}}}, one.address, clock());
}

void FakeAuthentik::authorize(const std::string& session, const std::string& application) {
  const std::lock_guard lock(mutex_);
  Session& one = sessions_.at(session);
  one.last_used = clock();
  store(one.user, "authorize_application",
        {{"authorized_application", {{"name", application}, {"model_name", "application"}}},
         {"http_request", {{"user_agent", one.agent}}}},
        one.address, clock());
}

std::string FakeAuthentik::add_event(const std::string& user, const std::string& action, const json& context,
                                     Duration ago) {
  const std::lock_guard lock(mutex_);
  return store(user, action, context, "192.0.2.7", clock() - ago);
}

void FakeAuthentik::forget_session(const std::string& session) {
  const std::lock_guard lock(mutex_);
  sessions_.at(session).lives = false;
}

bool FakeAuthentik::refresh(const std::string& session) {
  const std::lock_guard lock(mutex_);
  for (const Token& one : all_tokens_) {
    if (one.session != session || one.kind != "refresh_tokens" || one.is_deleted || one.expires <= clock())
      continue;
    all_tokens_.push_back({.id = ++count_,
                           .kind = "access_tokens",
                           .user = one.user,
                           .session = session,
                           .expires = clock() + access_tokens_live});
    return true;
  }
  return false;
}

std::string FakeAuthentik::last_event() const {
  const std::lock_guard lock(mutex_);
  return events_.back().at("pk");
}

// An access token is accepted until it expires by whoever does not ask.
bool FakeAuthentik::lives(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  return sessions_.at(session).lives ||
         std::any_of(all_tokens_.begin(), all_tokens_.end(), [&](const Token& one) {
           return one.session == session && one.expires > clock() &&
                  (one.kind == "access_tokens" || !one.is_deleted);
         });
}

std::size_t FakeAuthentik::tokens_of(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(all_tokens_.begin(), all_tokens_.end(),
                    [&](const Token& one) { return one.user == user && !one.is_deleted; }));
}

support::FakeApi::Answer FakeAuthentik::absent(const std::string& what) {
  return ok({{"detail", "No " + what + " matches the given query."}}, 404);
}

bool FakeAuthentik::only(const Request& request, const std::set<std::string>& known) {
  for (const auto& [key, value] : request.query) {
    if (known.contains(key)) continue;
    (void)complain(request.path + " has no parameter " + key);
    return false;
  }
  return true;
}

support::FakeApi::Answer FakeAuthentik::page(const Request& request, const json& rows) {
  const std::size_t number = std::stoul(request.of_query("page"));
  const std::size_t size = std::min(largest_page, std::stoul(request.of_query("page_size")));
  const std::size_t pages = std::max<std::size_t>(1, (rows.size() + size - 1) / size);
  if (number < 1 || number > pages) return ok({{"detail", "Invalid page."}}, 404);
  const std::size_t first = (number - 1) * size, last = std::min(first + size, rows.size());
  json some = json::array();
  for (std::size_t i = first; i < last; ++i) some.push_back(rows[i]);
  return ok({{"pagination",
              {{"next", number < pages ? number + 1 : 0},
               {"previous", number - 1},
               {"count", rows.size()},
               {"current", number},
               {"total_pages", pages},
               {"start_index", first + 1},
               {"end_index", last}}},
             {"results", some},
             {"autocomplete", json::object()}});
}

support::FakeApi::Answer FakeAuthentik::events(const Request& request) {
  if (throttle_every > 0 && ++event_calls_ % throttle_every == 0) {
    Answer answer = ok({{"detail", "Request was throttled. Expected available in 1 second."}}, 429);
    answer.headers = "Retry-After: 0\r\n";
    return answer;
  }
  if (request.method != "GET" || !only(request, {"ordering", "page", "page_size", "actions"}))
    return complain(request.method + " " + request.target);
  if (request.of_query("ordering") != "-created") return complain("an order that is not asked for here");
  std::set<std::string> wanted;
  const auto range = request.query.equal_range("actions");
  for (auto one = range.first; one != range.second; ++one) {
    if (!actions.contains(one->second)) return complain("no action: " + one->second);
    wanted.insert(one->second);
  }
  json rows = json::array();
  for (std::size_t i = events_.size(); i > kept_from; --i) {
    const json& one = events_[i - 1];
    if (!one.contains("action") || wanted.contains(one.at("action"))) rows.push_back(one);
  }
  return page(request, rows);
}

json FakeAuthentik::shown(const std::string& id, const Session& session) const {
  return {{"uuid", id},
          {"current", false},
          {"user_agent", {{"string", session.agent}}},
          {"geo_ip", nullptr},
          {"asn", nullptr},
          {"user", numbers_.at(session.user)},
          {"last_ip", session.address},
          {"last_user_agent", session.agent},
          {"last_used", iso_text(session.last_used)},
          {"expires", iso_text(session.expires)}};
}

support::FakeApi::Answer FakeAuthentik::sessions(const Request& request, const std::string& rest) {
  if (rest.empty() && request.method == "GET") {
    if (!only(request, {"ordering", "page", "page_size", "user__username"})) return complain(request.target);
    const std::string user = request.of_query("user__username");
    json rows = json::array();
    for (const auto& [id, one] : sessions_)
      if (one.lives && is_superuser && (user.empty() || one.user == user)) rows.push_back(shown(id, one));
    return page(request, rows);
  }
  const auto found = sessions_.find(rest.substr(0, rest.size() - 1));
  if (found == sessions_.end() || !found->second.lives || !is_superuser)
    return absent("AuthenticatedSession");
  if (request.method == "GET") return ok(shown(found->first, found->second));
  if (request.method != "DELETE") return complain(request.method + " " + request.target);
  found->second.lives = false;
  return {.status = 204, .body = {}};
}

support::FakeApi::Answer FakeAuthentik::tokens(const Request& request, const std::string& kind,
                                               const std::string& rest) {
  if (rest.empty() && request.method == "GET") {
    if (!only(request, {"user", "page", "page_size"})) return complain(request.target);
    json rows = json::array();
    for (const Token& one : all_tokens_)
      if (one.kind == kind && !one.is_deleted && is_superuser && id_of(one.user) == request.of_query("user"))
        rows.push_back({{"pk", one.id},
                        {"provider", {{"pk", 1}, {"name", "Shop"}}},
                        {"user", {{"pk", numbers_.at(one.user)}, {"username", one.user}, {"name", "A Name"}}},
                        {"is_expired", one.expires <= clock()},
                        {"expires", iso_text(one.expires)},
                        {"scope", {"openid", "offline_access"}},
                        {"id_token", "{}"},
                        {"revoked", false}});
    return page(request, rows);
  }
  if (request.method != "DELETE") return complain(request.method + " " + request.target);
  for (Token& one : all_tokens_) {
    if (one.kind != kind || one.is_deleted || std::to_string(one.id) + "/" != rest) continue;
    one.is_deleted = true;
    return {.status = 204, .body = {}};
  }
  return absent("Token");
}

support::FakeApi::Answer FakeAuthentik::user(const Request& request, const std::string& id) {
  const std::string name = name_of(id);
  if (name.empty()) return absent("User");
  if (request.method == "PATCH") {
    const json body = json::parse(request.body, nullptr, false);
    if (!body.is_object() || body.size() != 1 || !body.value("is_active", json()).is_boolean())
      return complain("a change of an account: " + request.body);
    is_active[name] = body.at("is_active");
    // A deactivated account's sessions are ended.
    if (!is_active[name])
      for (auto& [session, one] : sessions_)
        if (one.user == name) one.lives = false;
  } else if (request.method != "GET" || !request.query.empty()) {
    return complain(request.method + " " + request.target);
  }
  return ok({{"pk", numbers_.at(name)},
             {"username", name},
             {"name", "A Name"},
             {"is_active", is_active.at(name)},
             {"date_joined", iso_text(clock())},
             {"is_superuser", false},
             {"groups", groups[name]},
             {"groups_obj", json::array()},
             {"email", name + "@corp.test"},
             {"uid", "hash-of-" + name}});
}

support::FakeApi::Answer FakeAuthentik::membership(const Request& request, const std::string& rest) {
  const json body = json::parse(request.body, nullptr, false);
  const bool adds = rest == group + "/add_user/";
  if (request.method != "POST" || (!adds && rest != group + "/remove_user/") || !body.is_object() ||
      body.size() != 1 || !body.value("pk", json()).is_number_integer())
    return complain(request.method + " " + request.target + " " + request.body);
  const std::string name = name_of(std::to_string(body.at("pk").get<int>()));
  if (name.empty()) return absent("User");
  if (adds)
    groups[name].insert(group);
  else
    groups[name].erase(group);
  return {.status = 204, .body = {}};
}

support::FakeApi::Answer FakeAuthentik::right_answer(const Request& request) {
  // As authentik does: who is not known gets a 403.
  if (request.header("authorization") != "Bearer " + token)
    return ok({{"detail", "Token invalid/expired"}}, 403);
  const auto below = [&](const std::string& folder) {
    return request.path.starts_with(folder) ? std::optional(request.path.substr(folder.size()))
                                            : std::nullopt;
  };
  if (request.path == "/api/v3/events/events/") return events(request);
  if (request.path == "/api/v3/core/users/me/" && request.method == "GET")
    return ok({{"user", {{"pk", 9}, {"username", "curfew"}, {"is_superuser", is_superuser}}}});
  if (const auto rest = below("/api/v3/core/authenticated_sessions/")) return sessions(request, *rest);
  for (const char* kind : {"refresh_tokens", "access_tokens"})
    if (const auto rest = below(std::string("/api/v3/oauth2/") + kind + "/"))
      return tokens(request, kind, *rest);
  if (const auto rest = below("/api/v3/core/users/")) return user(request, rest->substr(0, rest->size() - 1));
  if (const auto rest = below("/api/v3/core/groups/")) return membership(request, *rest);
  return complain(request.method + " " + request.target);
}

}  // namespace curfew::authentik_test
