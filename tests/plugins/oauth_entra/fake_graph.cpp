#include "tests/plugins/oauth_entra/fake_graph.hpp"

#include <Poco/Base64Decoder.h>
#include <Poco/Base64Encoder.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/SHA2Engine.h>
#include <Poco/URI.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <functional>
#include <regex>
#include <sstream>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using oauth::iso_time;
using oauth::to_iso_time;
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

Time created(const json& record, const char* time_field = "createdDateTime") {
  const auto at = record.find(time_field);
  return at != record.end() && at->is_string() ? iso_time(at->get<std::string>()).value_or(Time{}) : Time{};
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

std::string decoded(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.size() % 4 != 0) text += '=';
  std::istringstream in(text);
  Poco::Base64Decoder decoder(in);
  return {std::istreambuf_iterator<char>(decoder), {}};
}

// With OpenSSL's own calls, apart from those that made the signature.
class Certificate {
 public:
  explicit Certificate(const std::string& pem)
      : bio_(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))),
        x509_(PEM_read_bio_X509(bio_, nullptr, nullptr, nullptr)) {}
  ~Certificate() {
    X509_free(x509_);
    BIO_free(bio_);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] std::string thumbprint() const {
    unsigned char* der = nullptr;
    const int size = i2d_X509(x509_, &der);
    Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
    engine.update(der, static_cast<std::size_t>(size));
    OPENSSL_free(der);
    std::ostringstream out;
    Poco::Base64Encoder encoder(out, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
    const auto& digest = engine.digest();
    encoder.write(reinterpret_cast<const char*>(digest.data()), static_cast<std::streamsize>(digest.size()));
    encoder.close();
    return out.str();
  }
  [[nodiscard]] bool has_signed(const std::string& text, const std::string& signature) const {
    EVP_PKEY* key = X509_get0_pubkey(x509_);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* how = nullptr;
    const bool is_good =
        EVP_DigestVerifyInit(context, &how, EVP_sha256(), nullptr, key) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, 32) == 1 &&
        EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    EVP_MD_CTX_free(context);
    return is_good;
  }

 private:
  BIO* bio_;
  X509* x509_;
};

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
    steps.push_back({{"authenticationStepDateTime", to_iso_time(at)},
                     {"authenticationMethod", how.satisfied ? "Previously satisfied" : method},
                     {"authenticationMethodDetail", ""},
                     {"succeeded", code == 0},
                     {"authenticationStepResultDetail", ""},
                     {"authenticationStepRequirement", requirement}});
  };
  step("Password", "Primary authentication");
  if (how.two_factors) step("Mobile app notification", "Multifactor authentication");
  return {{"id", guid(2, ++count_)},
          {"createdDateTime", to_iso_time(at)},
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

json FakeGraph::audit_record(const Audit& what) const {
  const std::lock_guard lock(mutex_);
  json by =
      what.by_application
          ? json{{"app", {{"appId", what.by}, {"displayName", "An application"}}}, {"user", nullptr}}
          : json{{"user", {{"userPrincipalName", what.by}, {"ipAddress", "192.0.2.9"}}}, {"app", nullptr}};
  return {{"id", "Directory_" + guid(6, ++count_)},
          {"category", "UserManagement"},
          {"correlationId", guid(7, count_)},
          {"result", what.result},
          {"resultReason", ""},
          {"activityDisplayName", what.activity},
          {"activityDateTime", to_iso_time(clock() - what.ago)},
          {"loggedByService", "Core Directory"},
          {"operationType", "Update"},
          {"initiatedBy", std::move(by)},
          {"targetResources",
           {{{"id", people.at(what.who).id},
             {"displayName", nullptr},
             {"type", "User"},
             {"userPrincipalName", people.at(what.who).name},
             {"modifiedProperties", json::array()}}}},
          {"additionalDetails", json::array()}};
}

std::string FakeGraph::audit(const Audit& what) {
  json record = audit_record(what);
  const std::lock_guard lock(mutex_);
  std::string id = record.at("id");
  audits_.push_back({.record = std::move(record), .visible_from = clock() + what.late});
  return id;
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

// RFC 7523, with what Microsoft's documentation asks for: PS256, the certificate by its SHA-256.
bool FakeGraph::is_asserted(std::map<std::string, std::string>& form) {
  const auto say = [&](const std::string& what) {
    complaints_.push_back("assertion: " + what);
    return false;
  };
  if (form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    return say("its type");
  const std::string& token = form["client_assertion"];
  const std::size_t first = token.find('.'), second = token.find('.', first + 1);
  if (second == std::string::npos || token.find('=') != std::string::npos) return say("no compact JWT");
  const json header = json::parse(decoded(token.substr(0, first)), nullptr, false);
  const json claims = json::parse(decoded(token.substr(first + 1, second - first - 1)), nullptr, false);
  const Certificate known(certificate);
  if (header != json{{"alg", "PS256"}, {"typ", "JWT"}, {"x5t#S256", known.thumbprint()}})
    return header.contains("x5t#S256") && header["x5t#S256"] != known.thumbprint() ? false
                                                                                   : say("its header");
  if (!known.has_signed(token.substr(0, second), decoded(token.substr(second + 1))))
    return say("its signature");
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(clock()).time_since_epoch().count();
  if (claims.size() != 7 || claims.value("iss", "") != "curfew" || claims.value("sub", "") != "curfew" ||
      claims.value("aud", "") != authority() + "/" + tenant + "/oauth2/v2.0/token")
    return say("its claims");
  if (claims.value("nbf", now + 1) > now || claims.value("iat", now + 1) > now ||
      claims.value("exp", now) <= now || claims.value("exp", now) > now + 600)
    return say("its times");
  return claims.value("jti", "").size() >= 16 && jtis_.insert(claims["jti"].get<std::string>()).second
             ? true
             : say("its jti");
}

FakeGraph::Answer FakeGraph::token(const Request& request) {
  std::map<std::string, std::string> form;
  for (const auto& [name, value] : Poco::URI("/?" + request.body).getQueryParameters()) {
    if (!form.emplace(name, value).second) return complain("twice in the form: " + name);
  }
  const std::set<std::string> known =
      certificate.empty() ? std::set<std::string>{"grant_type", "client_id", "client_secret", "scope"}
                          : std::set<std::string>{"grant_type", "client_id", "client_assertion",
                                                  "client_assertion_type", "scope"};
  for (const auto& [name, value] : form)
    if (!known.contains(name)) return complain("the token endpoint doesn't know " + name);
  if (request.method != "POST" || form["grant_type"] != "client_credentials")
    return {.status = 400, .body = R"({"error":"unsupported_grant_type","error_codes":[70003]})"};
  if (form["scope"] != url() + "/.default")
    return {.status = 400, .body = R"({"error":"invalid_scope","error_codes":[70011]})"};
  if (form["client_id"] != "curfew")
    return {.status = 400, .body = R"({"error":"unauthorized_client","error_codes":[700016]})"};
  if (!certificate.empty() && !is_asserted(form))
    return {.status = 401, .body = R"({"error":"invalid_client","error_codes":[700027]})"};
  if (certificate.empty() && form["client_secret"] != secret)
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

std::optional<FakeGraph::Answer> FakeGraph::why_no_logs(const Request& request) {
  if (request.method != "GET" || !request.body.empty()) return complain("logs by " + request.method);
  for (const char* permission : {"AuditLog.Read.All", "Directory.Read.All"})
    if (!permissions.contains(permission)) return error(403, "Authentication_MSGraphPermissionMissing");
  if (!has_licence) return error(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant");
  if (throttle_every > 0 && ++log_calls_ % throttle_every == 0)
    return Answer{.status = 429,
                  .body = error(429, "TooManyRequests").body,
                  .headers = log_calls_ % (2 * throttle_every) == 0 ? "Retry-After: 1\r\n" : ""};
  for (const auto& [name, value] : request.query)
    if (name != "$filter" && name != "$top" && name != "$skiptoken") return complain("logs know no " + name);
  const std::string top = text_in(request.query, "$top");
  if (!top.empty() && (std::stoul(top) < 1 || std::stoul(top) > 1000))
    return complain("$top must be from 1 to 1000");
  return std::nullopt;
}

FakeGraph::Answer FakeGraph::sign_ins(const Request& request, bool is_beta) {
  if (auto refused = why_no_logs(request)) return *refused;
  static const std::regex wanted(
      R"((?:userId eq '([0-9a-f-]{36})' and )?createdDateTime ge (\S+?)(?: and createdDateTime le (\S+?))?)"
      R"(( and \(signInEventTypes/any\(t: t eq 'interactiveUser' or t eq 'nonInteractiveUser'\)\))?)");
  std::smatch parts;
  const std::string filter = text_in(request.query, "$filter");
  if (!std::regex_match(filter, parts, wanted)) return complain("no such filter: " + filter);
  const auto from = iso_time(parts[2].str());
  const auto to = parts[3].matched ? iso_time(parts[3].str()) : Time::max();
  if (!from || !to) return complain("no time: " + filter);
  if (parts[4].matched && !is_beta) return complain("v1.0 knows no signInEventTypes");
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
  return page_of(std::move(fits), request, (is_beta ? "/beta" : "/v1.0") + std::string("/auditLogs/signIns"),
                 "createdDateTime");
}

FakeGraph::Answer FakeGraph::audits(const Request& request) {
  if (auto refused = why_no_logs(request)) return *refused;
  static const std::regex wanted(R"(activityDateTime ge (\S+?)(?: and activityDateTime le (\S+?))?)");
  std::smatch parts;
  const std::string filter = text_in(request.query, "$filter");
  if (!std::regex_match(filter, parts, wanted)) return complain("no such filter: " + filter);
  const auto from = iso_time(parts[1].str());
  const auto to = parts[2].matched ? iso_time(parts[2].str()) : Time::max();
  if (!from || !to) return complain("no time: " + filter);
  std::vector<json> fits;
  for (const Stored& one : audits_) {
    const Time at = created(one.record, "activityDateTime");
    if (one.visible_from <= clock() && at >= *from && at <= *to) fits.push_back(one.record);
  }
  return page_of(std::move(fits), request, "/v1.0/auditLogs/directoryAudits", "activityDateTime");
}

// In pages that are counted anew at each call: what comes meanwhile shifts them.
FakeGraph::Answer FakeGraph::page_of(std::vector<json> fits, const Request& request, const std::string& path,
                                     const char* time_field) {
  std::stable_sort(fits.begin(), fits.end(), [&](const json& a, const json& b) {
    if (order == Order::Shuffled)
      return std::hash<std::string>{}(a.dump()) < std::hash<std::string>{}(b.dump());
    return order == Order::Newest ? created(a, time_field) > created(b, time_field)
                                  : created(a, time_field) < created(b, time_field);
  });
  const std::string top = text_in(request.query, "$top");
  const std::size_t most = top.empty() ? 1000 : std::stoul(top);
  const std::string skip = text_in(request.query, "$skiptoken");
  const std::size_t first = skip.empty() ? 0 : std::stoul(skip.substr(skip.find('_') + 1));
  json page{{"@odata.context", url() + "/$metadata#" + path}, {"value", json::array()}};
  for (std::size_t i = first; i < fits.size() && i < first + most; ++i) page["value"].push_back(fits[i]);
  if (first + most < fits.size() || loops) {
    std::string encoded;
    Poco::URI::encode(text_in(request.query, "$filter"), ":()/'+&,", encoded);
    page["@odata.nextLink"] = (next_link_host.empty() ? url() : next_link_host) + path +
                              "?$filter=" + encoded + "&$top=" + std::to_string(most) +
                              "&$skiptoken=9177f2e3_" + std::to_string(loops ? 0 : first + most);
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
    json assigned = json::array(), states = json::array();
    for (const License& one : person.licenses) {
      const bool is_new = std::none_of(assigned.begin(), assigned.end(),
                                       [&](const json& other) { return other["skuId"] == one.sku; });
      if (is_new) assigned.push_back({{"skuId", one.sku}, {"disabledPlans", one.disabled_plans}});
      states.push_back({{"skuId", one.sku},
                        {"disabledPlans", one.disabled_plans},
                        {"assignedByGroup", one.by_group.empty() ? json(nullptr) : json(one.by_group)},
                        {"state", "Active"},
                        {"error", "None"}});
    }
    const json all{
        {"id", person.id},
        {"assignedLicenses", std::move(assigned)},
        {"licenseAssignmentStates", std::move(states)},
        {"displayName", "A Name"},
        {"userPrincipalName", person.name},
        {"userType", person.type},
        {"accountEnabled", person.enabled},
        {"signInSessionsValidFromDateTime",
         person.valid_from ? json(to_iso_time(*person.valid_from).substr(0, 19) + "Z") : json(nullptr)}};
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
  if (request.method == "POST" && rest == "/assignLicense") {
    if (lacks("LicenseAssignment.ReadWrite.All")) return error(403, "Authorization_RequestDenied");
    return found == people.end() ? unknown() : assign_license(request, found->second);
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

FakeGraph::Answer FakeGraph::assign_license(const Request& request, Person& person) {
  const json body = json::parse(request.body);
  if (body.size() != 2 || !body["addLicenses"].is_array() || !body["removeLicenses"].is_array() ||
      body["addLicenses"].size() + body["removeLicenses"].size() != 1)
    return complain("assignLicense takes addLicenses and removeLicenses, and one of one");
  const auto of = [&](const json& sku) {
    return std::find_if(person.licenses.begin(), person.licenses.end(), [&](const License& one) {
      return one.sku == sku.get<std::string>() && one.by_group.empty();
    });
  };
  for (const json& sku : body["removeLicenses"]) {
    const auto one = of(sku);
    // None of the person's own: inherited, or none at all.
    if (one == person.licenses.end()) return error(400, "Request_BadRequest");
    person.licenses.erase(one);
    ++free_licenses;
  }
  for (const json& wanted : body["addLicenses"]) {
    if (wanted.size() != 2) return complain("a licence is added by skuId and disabledPlans");
    if (free_licenses == 0) return error(400, "Request_BadRequest");
    License added{.sku = wanted.at("skuId"), .disabled_plans = {}, .by_group = {}};
    for (const json& plan : wanted.at("disabledPlans")) added.disabled_plans.insert(plan.get<std::string>());
    if (of(wanted.at("skuId")) == person.licenses.end()) --free_licenses;
    std::erase_if(person.licenses,
                  [&](const License& one) { return one.sku == added.sku && one.by_group.empty(); });
    person.licenses.push_back(std::move(added));
  }
  return ok({{"@odata.context", "x"}, {"id", person.id}});
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
  if (rest == "/v1.0/auditLogs/directoryAudits") return audits(request);
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
