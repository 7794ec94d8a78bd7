#include "tests/plugins/oauth_business_central/fake_business_central.hpp"

#include <algorithm>
#include <regex>

#include "plugins/oauth/providers/business_central/sessions.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::business_central_test {

using nlohmann::json;
using oauth::business_central::ServerSession;

namespace {

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

ServerSession as_listed(const FakeBusinessCentral::Session& one) {
  return {.number = one.number, .user = one.user, .client = one.client, .began = one.began};
}

json json_of(const FakeBusinessCentral::Session& one) {
  return {{"environmentName", "Production"},  {"applicationFamily", "BusinessCentral"},
          {"sessionId", one.number},          {"userId", one.user},
          {"clientType", one.client},         {"logOnDate", oauth::to_iso_time(one.began)},
          {"entryPointOperation", "RunPage"}, {"entryPointObjectName", "Business Manager Role Center"},
          {"entryPointObjectId", "9022"},     {"entryPointObjectType", "Page"},
          {"currentObjectName", ""},          {"currentObjectId", 0},
          {"currentObjectType", ""},          {"currentOperationDuration", 0}};
}

}  // namespace

FakeBusinessCentral::FakeBusinessCentral() { begin(); }

std::int64_t FakeBusinessCentral::begin_session(const std::string& user) {
  sessions.push_back({.number = ++count_, .user = user, .began = clock(), .goes_on_from = held_by_[user]});
  held_by_[user].insert(count_);
  return count_;
}

void FakeBusinessCentral::record(const std::string& user, const SignIn& how) {
  if (!how.logged) return;
  const std::string principal = lowered(user.find('@') == std::string::npos ? user + "@corp.test" : user);
  const std::string at = oauth::to_iso_time(clock());
  json one{{"id", "record-" + std::to_string(records_.size())},
           {"createdDateTime", at},
           {"userPrincipalName", principal},
           {"userId", "00000001-0000-4000-8000-000000000001"},
           {"appId", application},
           {"appDisplayName", "Dynamics 365 Business Central"},
           {"isInteractive", how.interactive},
           {"signInEventTypes", {how.interactive ? "interactiveUser" : "nonInteractiveUser"}},
           {"status", {{"errorCode", 0}}}};
  if (how.interactive)
    one["authenticationDetails"] = {{{"authenticationStepDateTime", at},
                                     {"authenticationMethod", "Password"},
                                     {"succeeded", true},
                                     {"authenticationStepRequirement", "Primary authentication"}}};
  records_.push_back(
      {.record = std::move(one), .at = clock(), .visible_from = clock() + how.late, .principal = principal});
}

std::int64_t FakeBusinessCentral::sign_in(const std::string& user, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  record(user, how);
  held_by_[user].clear();
  return begin_session(user);
}

std::optional<std::int64_t> FakeBusinessCentral::come_back(const std::string& user, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  if (held_by_[user].empty()) return std::nullopt;
  SignIn silent = how;
  silent.interactive = false;
  record(user, silent);
  return begin_session(user);
}

void FakeBusinessCentral::close(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(sessions.begin(), sessions.end(),
                                  [&](const Session& one) { return one.number == number; });
  if (found == sessions.end()) return;
  ended_.push_back(*found);
  sessions.erase(found);
}

bool FakeBusinessCentral::lives(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(sessions.begin(), sessions.end(),
                     [&](const Session& one) { return one.number == number; });
}

bool FakeBusinessCentral::continues(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(sessions.begin(), sessions.end(), [&](const Session& one) {
    return one.number == number || one.goes_on_from.contains(number);
  });
}

std::string FakeBusinessCentral::id_of(std::int64_t number) const {
  const std::string handle = handle_of(number);
  return handle.substr(0, handle.find('/'));
}

std::string FakeBusinessCentral::handle_of(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  for (const auto* list : {&sessions, &ended_}) {
    for (const Session& one : *list)
      if (one.number == number) return oauth::business_central::handle_of(as_listed(one));
  }
  return {};
}

support::FakeApi::Answer FakeBusinessCentral::sign_ins(const Request& request) {
  if (!may_read_logs) return ok({{"error", {{"code", "Authorization_RequestDenied"}}}}, 403);
  if (request.method != "GET" || request.of_query("$top") != "100")
    return complain("sign-ins are read a hundred at a time");
  static const std::regex form(
      "userPrincipalName eq '([^']+)' and appId eq '([^']+)' and createdDateTime ge (\\S+) and "
      "\\(signInEventTypes/any\\(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser'\\)\\)");
  std::smatch part;
  const std::string filter = request.of_query("$filter");
  if (!std::regex_match(filter, part, form)) return complain("a filter that Graph does not take: " + filter);
  const auto from = oauth::iso_time(part[3].str());
  if (!from) return complain("a time that Graph does not take: " + filter);
  json value = json::array();
  for (const Record& one : records_)
    if (one.principal == part[1].str() && part[2].str() == application && one.at >= *from &&
        one.visible_from <= clock())
      value.push_back(one.record);
  return ok({{"@odata.context", "x"}, {"value", std::move(value)}});
}

support::FakeApi::Answer FakeBusinessCentral::about_sessions(const Request& request,
                                                             const std::string& rest) {
  if (!authorized) return ok({{"code", "Forbidden"}, {"message", "of ALICE"}}, 403);
  if (!request.body.empty()) return complain("sessions take no body");
  if (request.method == "GET" && rest.empty()) {
    json value = json::array();
    for (const Session& one : sessions) value.push_back(json_of(one));
    for (const json& one : rows) value.push_back(one);
    return ok({{"value", std::move(value)}});
  }
  if (request.method != "DELETE" || rest.empty()) return complain(request.method + " " + request.target);
  const auto found = std::find_if(sessions.begin(), sessions.end(), [&](const Session& one) {
    return "/" + std::to_string(one.number) == rest;
  });
  if (found == sessions.end()) return ok({{"code", "resourceDoesNotExist"}}, 404);
  // The client keeps its token.
  ended_.push_back(*found);
  sessions.erase(found);
  return delete_status == 200 ? ok(json::object()) : Answer{.status = delete_status, .body = {}};
}

support::FakeApi::Answer FakeBusinessCentral::right_answer(const Request& request) {
  if (request.path == "/login/" + std::string(tenant) + "/oauth2/v2.0/token") {
    const bool for_graph = request.body.find("%2Fgraph%2F.default") != std::string::npos;
    return give_token(request,
                      {{"grant_type", "client_credentials"},
                       {"client_id", "curfew"},
                       {"scope", (for_graph ? graph_url() : url()) + "/.default"}},
                      secret, token_seconds);
  }
  if (!has_token(request)) return ok({{"error", {{"code", "InvalidAuthenticationToken"}}}}, 401);
  if (request.path == "/graph/beta/auditLogs/signIns") return sign_ins(request);
  const std::string folder = "/bc/admin/v2.29/applications/BusinessCentral/environments/Production/sessions";
  if (request.path.starts_with(folder)) return about_sessions(request, request.path.substr(folder.size()));
  if (request.path.starts_with("/bc/admin/v2.29/applications/BusinessCentral/environments/"))
    return ok({{"code", "environmentNotFound"}}, 404);
  return complain(request.method + " " + request.target);
}

}  // namespace curfew::business_central_test
