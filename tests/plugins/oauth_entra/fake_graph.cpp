#include "tests/plugins/oauth_entra/fake_graph.hpp"

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <functional>
#include <regex>
#include <sstream>

#include "plugins/oauth/providers/entra/graph_time.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using oauth::entra::graph_time;
using oauth::entra::to_graph;
using plugin::Duration;
using plugin::Time;

FakeGraph::Answer error(int status, const std::string& code) {
  return {.status = status,
          .body = json{{"error", {{"code", code}, {"message", "for alice@corp.test"}}}}.dump()};
}
FakeGraph::Answer ok(const json& body) { return {.status = 200, .body = body.dump()}; }
FakeGraph::Answer no_content() { return {.status = 204, .body = {}}; }

std::string http_date(Time time) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string guid(int kind, int number) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%08d-0000-4000-8000-%012d", kind, number);
  return {text.data(), static_cast<std::size_t>(size)};
}

Time created(const json& record) {
  const auto at = record.find("createdDateTime");
  return at != record.end() && at->is_string() ? graph_time(at->get<std::string>()).value_or(Time{}) : Time{};
}

bool is_interactive(const json& record) {
  for (const json& type : record.value("signInEventTypes", json::array()))
    if (type == "interactiveUser") return true;
  return false;
}

std::string text_in(const std::multimap<std::string, std::string>& query, const std::string& key) {
  const auto found = query.find(key);
  return found == query.end() ? std::string{} : found->second;
}

}  // namespace

struct FakeGraph::Inside {
  Poco::Net::ServerSocket listening{Poco::Net::SocketAddress("127.0.0.1", 0)};
};

FakeGraph::FakeGraph() : inside_(std::make_unique<Inside>()) {
  int number = 0;
  for (const char* name : {"alice", "bob", "carol"})
    people[name] = {.id = guid(1, ++number), .name = std::string(name) + "@corp.test", .valid_from = {}};
  people["guest"] = {
      .id = guid(1, ++number), .name = "guest_other.test#EXT#@corp.test", .type = "Guest", .valid_from = {}};
  members[group] = {people["alice"].id};
  members[outer_group] = {group};
  thread_ = std::thread([this] { run(); });
}

FakeGraph::~FakeGraph() {
  ending_ = true;
  thread_.join();
}

std::string FakeGraph::url() const {
  return "http://127.0.0.1:" + std::to_string(inside_->listening.address().port()) + "/graph";
}
std::string FakeGraph::authority() const {
  return "http://127.0.0.1:" + std::to_string(inside_->listening.address().port()) + "/login";
}

Time FakeGraph::clock() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + ahead_;
}
Time FakeGraph::now() const {
  const std::lock_guard lock(mutex_);
  return clock();
}
void FakeGraph::pass(Duration time) {
  const std::lock_guard lock(mutex_);
  ahead_ += time;
}

json FakeGraph::make_record(const std::string& user, std::int64_t code, const SignIn& how) const {
  const auto person = people.find(user);
  const Time at = clock() - how.ago;
  json steps = json::array();
  const auto step = [&](const char* method, const char* requirement) {
    steps.push_back({{"authenticationStepDateTime", to_graph(at)},
                     {"authenticationMethod", how.satisfied ? "Previously satisfied" : method},
                     {"authenticationMethodDetail", ""},
                     {"succeeded", code == 0},
                     {"authenticationStepResultDetail", ""},
                     {"authenticationStepRequirement", requirement}});
  };
  step("Password", "Primary authentication");
  if (how.two_factors) step("Mobile app notification", "Multifactor authentication");
  return {{"id", guid(2, ++count_)},
          {"createdDateTime", to_graph(at)},
          {"userDisplayName", "A Name"},
          {"userPrincipalName", person == people.end() ? user : person->second.name},
          {"userId", person == people.end() ? "00000000-0000-0000-0000-000000000000" : person->second.id},
          {"appId", guid(3, 1)},
          {"appDisplayName", "Office 365"},
          {"ipAddress", "192.0.2.7"},
          {"clientAppUsed", "Browser"},
          {"correlationId", guid(4, count_)},
          {"isInteractive", true},
          {"sessionId", how.session.empty() ? guid(5, count_) : how.session},
          {"signInEventTypes", {"interactiveUser"}},
          {"userAgent", "Mozilla/5.0"},
          {"authenticationProtocol", "oAuth2"},
          {"authenticationRequirement",
           how.two_factors ? "multiFactorAuthentication" : "singleFactorAuthentication"},
          {"authenticationDetails", std::move(steps)},
          {"deviceDetail", {{"deviceId", "dev-1"}, {"displayName", nullptr}}},
          {"status", {{"errorCode", code}, {"failureReason", nullptr}, {"additionalDetails", nullptr}}}};
}

json FakeGraph::record(const std::string& user, std::int64_t code, const SignIn& how) const {
  const std::lock_guard lock(mutex_);
  return make_record(user, code, how);
}

void FakeGraph::store(json record, Duration late) {
  records_.push_back({.record = std::move(record), .visible_from = clock() + late});
}

void FakeGraph::add_record(json record, Duration late) {
  const std::lock_guard lock(mutex_);
  store(std::move(record), late);
}

std::string FakeGraph::last_record() const {
  const std::lock_guard lock(mutex_);
  return records_.back().record.at("id");
}

std::string FakeGraph::sign_in(const std::string& user, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  json one = make_record(user, 0, how);
  const std::string session = one.at("sessionId");
  const Time at = clock() - how.ago;
  Session& kept = sessions_[session];
  if (!how.satisfied || kept.user.empty()) kept.authenticated_at = std::max(kept.authenticated_at, at);
  kept.user = user;
  kept.tokens_until = std::max(kept.tokens_until, at + access_tokens_live);
  store(std::move(one), how.late);
  return session;
}

void FakeGraph::fail_sign_in(const std::string& user, std::int64_t code, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  store(make_record(user, code, how), how.late);
}

bool FakeGraph::may_refresh(const Session& session) const {
  const Person& person = people.at(session.user);
  return person.enabled && (!person.valid_from || session.authenticated_at >= *person.valid_from ||
                            clock() < *person.valid_from + revocation_takes);
}

bool FakeGraph::refresh(const std::string& session, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  Session& kept = sessions_.at(session);
  const bool given = may_refresh(kept);
  SignIn silent = how;
  silent.ago = Duration{0};
  silent.satisfied = true;
  silent.session = session;
  json one = make_record(kept.user, given ? 0 : 50173, silent);
  one["isInteractive"] = false;
  one["signInEventTypes"] = {"nonInteractiveUser"};
  one["incomingTokenType"] = "refreshToken";
  if (given) kept.tokens_until = std::max(kept.tokens_until, clock() + access_tokens_live);
  store(std::move(one), how.late);
  return given;
}

bool FakeGraph::lives(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const Session& kept = sessions_.at(session);
  const Person& person = people.at(kept.user);
  // Who is only disabled may be enabled again.
  const bool is_revoked = person.valid_from && kept.authenticated_at < *person.valid_from &&
                          clock() >= *person.valid_from + revocation_takes;
  return clock() < kept.tokens_until || !is_revoked;
}

void FakeGraph::before(const std::string& path_part, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  before_.emplace_back(path_part, std::move(work));
}

void FakeGraph::forget_before() {
  const std::lock_guard lock(mutex_);
  before_.clear();
}

void FakeGraph::next_answer(Answer answer) {
  const std::lock_guard lock(mutex_);
  next_.push_back(std::move(answer));
}

std::vector<std::string> FakeGraph::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::size_t FakeGraph::asked(const std::string& part) const {
  const std::vector<std::string> all = asked();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const std::string& one) { return one.find(part) != std::string::npos; }));
}

void FakeGraph::revoke_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

std::vector<std::string> FakeGraph::complaints() const {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

FakeGraph::Answer FakeGraph::complain(const std::string& what) {
  complaints_.push_back(what);
  return error(400, "BadRequest");
}

FakeGraph::Answer FakeGraph::token(const Request& request) {
  std::map<std::string, std::string> form;
  for (const auto& [name, value] : Poco::URI("/?" + request.body).getQueryParameters()) {
    if (!form.emplace(name, value).second) return complain("twice in the form: " + name);
  }
  const std::set<std::string> known{"grant_type", "client_id", "client_secret", "scope"};
  for (const auto& [name, value] : form)
    if (!known.contains(name)) return complain("the token endpoint doesn't know " + name);
  if (request.method != "POST" || form["grant_type"] != "client_credentials")
    return {.status = 400, .body = R"({"error":"unsupported_grant_type","error_codes":[70003]})"};
  if (form["scope"] != url() + "/.default")
    return {.status = 400, .body = R"({"error":"invalid_scope","error_codes":[70011]})"};
  if (form["client_id"] != "curfew")
    return {.status = 400, .body = R"({"error":"unauthorized_client","error_codes":[700016]})"};
  if (form["client_secret"] != secret)
    return {.status = 401,
            .body = json{{"error", "invalid_client"},
                         {"error_description", "AADSTS7000222: The provided client secret keys are expired."},
                         {"error_codes", {7000222}}}
                        .dump()};
  const std::string text = "token-" + std::to_string(++count_);
  tokens_[text] = clock() + std::chrono::seconds(token_seconds);
  return ok({{"token_type", "Bearer"},
             {"expires_in", token_seconds},
             {"ext_expires_in", token_seconds},
             {"access_token", text}});
}

// In pages that are counted anew at each call: what comes meanwhile shifts them.
FakeGraph::Answer FakeGraph::sign_ins(const Request& request, bool is_beta) {
  if (request.method != "GET" || !request.body.empty()) return complain("sign-ins by " + request.method);
  for (const char* permission : {"AuditLog.Read.All", "Directory.Read.All"})
    if (!permissions.contains(permission)) return error(403, "Authentication_MSGraphPermissionMissing");
  if (!has_licence) return error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant");
  if (throttle_every > 0 && ++log_calls_ % throttle_every == 0)
    return {.status = 429,
            .body = error(429, "TooManyRequests").body,
            .headers = log_calls_ % (2 * throttle_every) == 0 ? "Retry-After: 1\r\n" : ""};
  for (const auto& [name, value] : request.query)
    if (name != "$filter" && name != "$top" && name != "$skiptoken")
      return complain("sign-ins know no " + name);
  static const std::regex wanted(
      R"((?:userId eq '([0-9a-f-]{36})' and )?createdDateTime ge (\S+?)(?: and createdDateTime le (\S+?))?)"
      R"(( and \(signInEventTypes/any\(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser'\)\))?)");
  std::smatch parts;
  const std::string filter = text_in(request.query, "$filter");
  if (!std::regex_match(filter, parts, wanted)) return complain("no such filter: " + filter);
  const auto from = graph_time(parts[2].str());
  const auto to = parts[3].matched ? graph_time(parts[3].str()) : Time::max();
  if (!from || !to) return complain("no time: " + filter);
  if (parts[4].matched && !is_beta) return complain("v1.0 knows no signInEventTypes");
  const std::string top = text_in(request.query, "$top");
  const std::size_t most = top.empty() ? 1000 : std::stoul(top);
  if (most < 1 || most > 1000) return complain("$top must be from 1 to 1000");
  std::vector<json> fits;
  for (const Stored& one : records_) {
    if (one.visible_from > clock()) continue;
    if (created(one.record) < *from || created(one.record) > *to) continue;
    if (parts[1].matched && one.record.at("userId") != parts[1].str()) continue;
    if (!parts[4].matched && one.record.contains("signInEventTypes") && !is_interactive(one.record)) continue;
    json shown = one.record;
    if (!is_beta) {
      for (const char* key :
           {"sessionId", "signInEventTypes", "authenticationDetails", "authenticationProtocol",
            "authenticationRequirement", "userAgent", "incomingTokenType"})
        shown.erase(key);
    }
    fits.push_back(std::move(shown));
  }
  std::stable_sort(fits.begin(), fits.end(), [&](const json& a, const json& b) {
    if (order == Order::Shuffled)
      return std::hash<std::string>{}(a.dump()) < std::hash<std::string>{}(b.dump());
    return order == Order::Newest ? created(a) > created(b) : created(a) < created(b);
  });
  const std::string skip = text_in(request.query, "$skiptoken");
  const std::size_t first = skip.empty() ? 0 : std::stoul(skip.substr(skip.find('_') + 1));
  json page{{"@odata.context", url() + "/$metadata#auditLogs/signIns"}, {"value", json::array()}};
  for (std::size_t i = first; i < fits.size() && i < first + most; ++i) page["value"].push_back(fits[i]);
  if (first + most < fits.size() || loops) {
    std::string encoded;
    Poco::URI::encode(filter, ":()/'+&,", encoded);
    page["@odata.nextLink"] = (next_link_host.empty() ? url() : next_link_host) +
                              (is_beta ? "/beta" : "/v1.0") + "/auditLogs/signIns?$filter=" + encoded +
                              "&$top=" + std::to_string(most) + "&$skiptoken=9177f2e3_" +
                              std::to_string(loops ? 0 : first + most);
  }
  return ok(page);
}

bool FakeGraph::belongs_to(const std::string& member, const std::string& in) const {
  const auto found = members.find(in);
  if (found == members.end()) return false;
  return found->second.contains(member) ||
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const std::string& inner) { return belongs_to(member, inner); });
}

FakeGraph::Answer FakeGraph::about_user(const Request& request, const std::string& id,
                                        const std::string& rest) {
  const auto lacks = [&](const char* permission) {
    return !permissions.contains(permission) && !permissions.contains("Directory.ReadWrite.All");
  };
  const auto found =
      std::find_if(people.begin(), people.end(), [&](const auto& one) { return one.second.id == id; });
  const auto unknown = [] { return error(404, "Request_ResourceNotFound"); };
  if (request.method == "GET" && rest.empty()) {
    if (lacks("User.Read.All")) return error(403, "Authorization_RequestDenied");
    if (found == people.end()) return unknown();
    const Person& person = found->second;
    const json all{
        {"id", person.id},
        {"displayName", "A Name"},
        {"userPrincipalName", person.name},
        {"userType", person.type},
        {"accountEnabled", person.enabled},
        {"signInSessionsValidFromDateTime",
         person.valid_from ? json(to_graph(*person.valid_from).substr(0, 19) + "Z") : json(nullptr)}};
    json shown{{"@odata.context", "x"}};
    std::istringstream names(text_in(request.query, "$select"));
    for (std::string name; std::getline(names, name, ',');) {
      if (!all.contains(name)) return complain("a user has no " + name);
      shown[name] = all[name];
    }
    if (request.query.size() != 1 || shown.size() == 1) return complain("a user without $select alone");
    return ok(shown);
  }
  if (!request.query.empty()) return complain("parameters of " + request.method + " " + rest);
  if (request.method == "POST" && rest == "/revokeSignInSessions") {
    if (lacks("User.RevokeSessions.All")) return error(403, "Authorization_RequestDenied");
    if (found == people.end()) return unknown();
    if (!request.body.empty()) return complain("revokeSignInSessions takes no body");
    found->second.valid_from = std::chrono::floor<std::chrono::seconds>(clock());
    if (revoke_status != 200) return {.status = revoke_status, .body = {}};
    return ok({{"@odata.context", "x"}, {"value", true}});
  }
  if (request.method == "PATCH" && rest.empty()) {
    if (lacks("User.EnableDisableAccount.All")) return error(403, "Authorization_RequestDenied");
    if (found == people.end()) return unknown();
    const json change = json::parse(request.body);
    if (change.size() != 1 || !change.contains("accountEnabled") || !change["accountEnabled"].is_boolean())
      return complain("more than accountEnabled is changed");
    found->second.enabled = change["accountEnabled"];
    return no_content();
  }
  if (request.method == "POST" && rest == "/checkMemberGroups") {
    if (lacks("GroupMember.ReadWrite.All")) return error(403, "Authorization_RequestDenied");
    if (found == people.end()) return unknown();
    const json body = json::parse(request.body);
    if (body.size() != 1 || !body.contains("groupIds")) return complain("checkMemberGroups takes groupIds");
    json in = json::array();
    for (const json& one : body["groupIds"])
      if (belongs_to(id, one.get<std::string>())) in.push_back(one);
    return ok({{"@odata.context", "x"}, {"value", std::move(in)}});
  }
  return complain(request.method + " " + request.path);
}

FakeGraph::Answer FakeGraph::about_member(const Request& request, const std::string& in,
                                          const std::string& rest) {
  if (!permissions.contains("GroupMember.ReadWrite.All")) return error(403, "Authorization_RequestDenied");
  if (!members.contains(in)) return error(404, "Request_ResourceNotFound");
  if (request.method == "POST" && rest == "$ref") {
    const json body = json::parse(request.body);
    const std::string prefix = url() + "/v1.0/directoryObjects/";
    if (body.size() != 1 || !body.contains("@odata.id") ||
        !body["@odata.id"].get<std::string>().starts_with(prefix))
      return complain("a member is added by @odata.id");
    const std::string id = body["@odata.id"].get<std::string>().substr(prefix.size());
    const bool is_known =
        std::any_of(people.begin(), people.end(), [&](const auto& one) { return one.second.id == id; });
    if (!is_known) return error(404, "Request_ResourceNotFound");
    return members[in].insert(id).second ? no_content() : error(400, "Request_BadRequest");
  }
  // Without $ref the person would be deleted, not the membership.
  if (request.method == "DELETE" && rest.ends_with("/$ref")) {
    if (!request.body.empty()) return complain("DELETE takes no body");
    return members[in].erase(rest.substr(0, rest.size() - 5)) > 0 ? no_content()
                                                                  : error(404, "Request_ResourceNotFound");
  }
  return complain(request.method + " " + request.path);
}

FakeGraph::Answer FakeGraph::right_answer(const Request& request) {
  const std::string path = request.path.substr(0, request.path.find('?'));
  if (path == "/login/" + std::string(tenant) + "/oauth2/v2.0/token") return token(request);
  if (path.starts_with("/login/"))
    return {.status = 400, .body = R"({"error":"invalid_request","error_codes":[90002]})"};
  if (!path.starts_with("/graph/")) return error(404, "x");
  const auto bearer = request.headers.find("authorization");
  const auto known = bearer == request.headers.end() || !bearer->second.starts_with("Bearer ")
                         ? tokens_.end()
                         : tokens_.find(bearer->second.substr(7));
  if (known == tokens_.end() || known->second <= clock()) return error(401, "InvalidAuthenticationToken");
  if (!request.body.empty() &&
      (!request.headers.contains("content-type") || request.headers.at("content-type") != "application/json"))
    return complain("a body that is not said to be JSON");
  const std::string rest = path.substr(6);
  if (rest == "/v1.0/auditLogs/signIns") return sign_ins(request, false);
  if (rest == "/beta/auditLogs/signIns") return sign_ins(request, true);
  const std::string users = "/v1.0/users/", groups = "/v1.0/groups/";
  if (rest.starts_with(users)) {
    const std::string id = rest.substr(users.size(), 36);
    return about_user(request, id, rest.substr(std::min(rest.size(), users.size() + 36)));
  }
  if (rest.starts_with(groups) &&
      rest.substr(std::min(rest.size(), groups.size() + 36)).starts_with("/members/"))
    return about_member(request, rest.substr(groups.size(), 36), rest.substr(groups.size() + 36 + 9));
  return complain(request.method + " " + request.path);
}

FakeGraph::Answer FakeGraph::answer(const Request& request) {
  std::function<void()> work;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(before_.begin(), before_.end(), [&](const auto& one) {
      return request.path.find(one.first) != std::string::npos;
    });
    if (found != before_.end()) {
      work = std::move(found->second);
      before_.erase(found);
    }
  }
  if (work) work();
  const std::lock_guard lock(mutex_);
  asked_.push_back(request.method + " " + request.path);
  if (next_.empty() ||
      (request.method + " " + request.path).find(next_.front().only_for) == std::string::npos)
    return right_answer(request);
  Answer next = std::move(next_.front());
  next_.pop_front();
  if (!next.lost && next.cut_after == 0) return next;
  Answer right = right_answer(request);
  right.cut_after = next.cut_after;
  right.lost = next.lost;
  return right;
}

void FakeGraph::run() {
  while (!ending_) {
    if (!inside_->listening.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
    Poco::Net::StreamSocket client = inside_->listening.acceptConnection();
    client.setReceiveTimeout(Poco::Timespan(2, 0));
    try {
      std::string text;
      std::array<char, 16384> bytes{};
      std::size_t head = std::string::npos, length = 0;
      while (head == std::string::npos || text.size() < head + 4 + length) {
        const int part = client.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
        if (part <= 0) break;
        text.append(bytes.data(), static_cast<std::size_t>(part));
        if (head != std::string::npos) continue;
        head = text.find("\r\n\r\n");
        const std::size_t at = text.find("Content-Length: ");
        if (head != std::string::npos && at < head) length = std::stoul(text.substr(at + 16));
      }
      if (head == std::string::npos) continue;
      Request request;
      std::istringstream lines(text.substr(0, head));
      lines >> request.method >> request.path;
      std::string line;
      std::getline(lines, line);
      while (std::getline(lines, line)) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string::npos) continue;
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        request.headers[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
      }
      request.body = text.substr(head + 4);
      for (const auto& [name, value] : Poco::URI(request.path).getQueryParameters())
        request.query.emplace(name, value);
      const Answer given = answer(request);
      if (given.lost) continue;
      std::string out = "HTTP/1.1 " + std::to_string(given.status) + " x\r\nDate: " + http_date(now()) +
                        "\r\n" + given.headers;
      if (given.status != 204) out += "Content-Length: " + std::to_string(given.body.size()) + "\r\n";
      out += "\r\n" + (given.cut_after > 0 ? given.body.substr(0, given.cut_after) : given.body);
      client.sendBytes(out.data(), static_cast<int>(out.size()));
    } catch (const Poco::Exception&) {
      continue;  // the client went away
    }
  }
}

}  // namespace curfew::entra_test
