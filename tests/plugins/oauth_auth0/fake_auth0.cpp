#include "tests/plugins/oauth_auth0/fake_auth0.hpp"

#include <Poco/URI.h>

#include <algorithm>
#include <regex>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::auth0_test {

using nlohmann::json;
using support::iso_text;

namespace {

support::FakeApi::Answer error(int status, const std::string& code) {
  return {.status = status,
          .body = json{{"statusCode", status}, {"errorCode", code}, {"message", "of alice"}}.dump()};
}

std::string log_id(std::size_t index) { return "900" + std::to_string(1'000'000 + index); }

}  // namespace

FakeAuth0::FakeAuth0() {
  for (const char* name : {"alice", "bob"}) people[name] = json{{"user_id", id_of(name)}};
  begin();
}

json FakeAuth0::make_record(const std::string& user, const std::string& type,
                            const std::string& session) const {
  return {{"type", type},
          {"connection", "Username-Password-Authentication"},
          {"client_id", "shop-id"},
          {"client_name", "Shop"},
          {"ip", "192.0.2.7"},
          {"user_agent", "Mozilla/5.0"},
          {"details", {{"session_id", session}, {"prompts", json::array()}}},
          {"hostname", "corp.auth0.test"},
          {"user_id", id_of(user)},
          {"user_name", user + "@corp.test"},
          {"strategy_type", "database"}};
}

json FakeAuth0::record(const std::string& user, const std::string& type, const std::string& session) const {
  const std::lock_guard lock(mutex_);
  return make_record(user, type, session);
}

void FakeAuth0::store(json record, Time at) {
  if (record.is_object() && !record.contains("no_id")) {
    record["log_id"] = record["_id"] = log_id(records_.size());
    if (!record.contains("date")) record["date"] = iso_text(at);
  }
  records_.push_back({.record = std::move(record), .at = at});
}

void FakeAuth0::add_record(json record) {
  const std::lock_guard lock(mutex_);
  store(std::move(record), clock());
}

std::string FakeAuth0::last_record() const {
  const std::lock_guard lock(mutex_);
  return records_.back().record.at("log_id");
}

std::string FakeAuth0::sign_in(const std::string& user, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  const std::string session = "sess_" + std::to_string(++count_);
  sessions_[session] = {.user = user, .tokens_until = clock() + access_tokens_live};
  if (how.refresh_token)
    refresh_tokens_["rt_" + std::to_string(++count_)] = {.user = user, .session = session};
  json one = make_record(user, "s", session);
  one["strategy_type"] = how.strategy;
  if (how.prompted) one["details"]["prompts"] = {{{"name", "prompt-authenticate"}}, {{"name", "login"}}};
  store(std::move(one), clock() - how.ago);
  return session;
}

bool FakeAuth0::lives(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const Session& one = sessions_.at(session);
  return clock() < one.ends || clock() < one.tokens_until ||
         std::any_of(refresh_tokens_.begin(), refresh_tokens_.end(), [&](const auto& held) {
           return held.second.session == session && clock() < held.second.ends;
         });
}

support::FakeApi::Answer FakeAuth0::log(const Request& request) {
  if (throttle_every > 0 && ++log_calls_ % throttle_every == 0) {
    const auto reset = std::chrono::ceil<std::chrono::seconds>(clock().time_since_epoch()).count();
    Answer answer = error(429, "too_many_requests");
    answer.headers =
        "x-ratelimit-limit: 2\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: " + std::to_string(reset) +
        "\r\n";
    return answer;
  }
  json rows = json::array();
  if (const std::string from = request.of_query("from"); !from.empty()) {
    const std::string take = request.of_query("take");
    if (request.query.size() != 2 || take.empty() || std::stoul(take) < 1 || std::stoul(take) > 100)
      return complain("by checkpoint there are from and take");
    std::size_t at = 0;
    while (at < records_.size() && log_id(at) != from) ++at;
    if (at == records_.size() || at < kept_from) return error(400, "invalid_query_string");
    for (++at; at < records_.size() && rows.size() < std::stoul(take); ++at)
      rows.push_back(records_[at].record);
    Answer answer = ok(rows);
    const std::string last = rows.empty() ? from : log_id(at - 1);
    if (says_next)
      answer.headers =
          "Link: <" + origin() + "/api/v2/logs?from=" + last + "&take=" + take + ">; rel=\"next\"\r\n";
    return answer;
  }
  if (request.of_query("page") != "0" || request.of_query("per_page") != "1")
    return complain("a search for one record: " + request.target);
  if (request.of_query("sort") == "date:-1" && request.of_query("q").empty()) {
    if (records_.size() > kept_from) rows.push_back(records_.back().record);
    return ok(rows);
  }
  static const std::regex form("date:\\[(\\S+) TO \\*\\]");
  std::smatch part;
  const std::string question = request.of_query("q");
  if (request.of_query("sort") != "date:1" || !std::regex_match(question, part, form))
    return complain("a search that Auth0 does not take: " + request.target);
  const auto from = oauth::iso_time(part[1].str());
  if (!from) return complain("a time that Auth0 does not take: " + question);
  for (std::size_t at = kept_from; at < records_.size() && rows.empty(); ++at)
    if (records_[at].at >= *from) rows.push_back(records_[at].record);
  return ok(rows);
}

support::FakeApi::Answer FakeAuth0::page_of(const Request& request, const char* list, const json& all) const {
  const std::string take = request.of_query("take"), from = request.of_query("from");
  const std::size_t first = from.empty() ? 0 : std::stoul(from);
  const std::size_t most = std::min(most_of_list, std::stoul(take));
  json page = json::array();
  for (std::size_t i = first; i < all.size() && page.size() < most; ++i) page.push_back(all[i]);
  json body{{list, page}};
  if (first + page.size() < all.size()) body["next"] = std::to_string(first + page.size());
  return ok(body);
}

support::FakeApi::Answer FakeAuth0::about_user(const Request& request, const std::string& user,
                                               const std::string& rest) {
  const auto lacks = [this](const char* scope) { return !scopes.contains(scope); };
  const auto found = people.find(user);
  if (found == people.end()) return error(404, "inexistent_user");
  if (rest.empty() && request.method == "GET") {
    if (lacks("read:users")) return error(403, "insufficient_scope");
    if (request.of_query("fields") != "user_id,blocked") return complain("no more than what is needed");
    return ok(found->second);
  }
  if (rest.empty() && request.method == "PATCH") {
    if (lacks("update:users")) return error(403, "insufficient_scope");
    const json change = json::parse(request.body);
    if (change.size() != 1 || !change.contains("blocked") || !change["blocked"].is_boolean())
      return complain("more than blocked is changed");
    found->second["blocked"] = change["blocked"];
    return ok(found->second);
  }
  const bool sessions = rest == "/sessions";
  if (!sessions && rest != "/refresh-tokens") return complain(request.method + " " + request.target);
  if (request.method == "GET") {
    if (lacks(sessions ? "read:sessions" : "read:refresh_tokens")) return error(403, "insufficient_scope");
    json all = json::array();
    if (sessions) {
      for (const auto& [id, one] : sessions_)
        if (one.user == user && clock() < one.ends) all.push_back({{"id", id}, {"user_id", id_of(user)}});
      return page_of(request, "sessions", all);
    }
    for (const auto& [id, one] : refresh_tokens_)
      if (one.user == user && clock() < one.ends)
        all.push_back({{"id", id}, {"user_id", id_of(user)}, {"session_id", one.session}});
    all.push_back({{"id", "rt_other"}, {"user_id", id_of(user)}, {"session_id", nullptr}});
    return page_of(request, "tokens", all);
  }
  if (request.method != "DELETE") return complain(request.method + " " + request.target);
  if (lacks(sessions ? "delete:sessions" : "delete:refresh_tokens")) return error(403, "insufficient_scope");
  const Time end = clock() + ends_take;
  for (auto& [id, one] : sessions_)
    if (sessions && one.user == user) one.ends = std::min(one.ends, end);
  for (auto& [id, one] : refresh_tokens_)
    if (!sessions && one.user == user) one.ends = std::min(one.ends, end);
  return {.status = 202, .body = {}};
}

support::FakeApi::Answer FakeAuth0::right_answer(const Request& request) {
  if (request.path == "/oauth/token")
    return give_token(request,
                      {{"grant_type", "client_credentials"},
                       {"client_id", "curfew"},
                       {"audience", "https://corp.auth0.test/api/v2/"}},
                      secret, 86'400);
  if (!has_token(request)) return error(401, "invalid_token");
  if (request.method == "GET" && request.path == "/api/v2/logs") {
    if (!scopes.contains("read:logs")) return error(403, "insufficient_scope");
    return log(request);
  }
  const std::string users = "/api/v2/users/", sessions = "/api/v2/sessions/",
                    tokens = "/api/v2/refresh-tokens/";
  if (request.path.starts_with(users + "auth0|")) {
    const std::string rest = request.path.substr(users.size() + 6);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    return about_user(request, rest.substr(0, slash), rest.substr(slash));
  }
  if (request.method == "DELETE" && request.path.starts_with(sessions)) {
    const auto found = sessions_.find(request.path.substr(sessions.size()));
    if (found == sessions_.end()) return error(404, "inexistent_session");
    found->second.ends = std::min(found->second.ends, clock() + ends_take);
    return {.status = 202, .body = {}};
  }
  if (request.method == "DELETE" && request.path.starts_with(tokens)) {
    const auto found = refresh_tokens_.find(request.path.substr(tokens.size()));
    if (found == refresh_tokens_.end()) return error(404, "inexistent_refresh_token");
    found->second.ends = std::min(found->second.ends, clock() + ends_take);
    return {.status = 202, .body = {}};
  }
  return complain(request.method + " " + request.target);
}

}  // namespace curfew::auth0_test
