#include "tests/plugins/oauth_okta/fake_okta.hpp"

#include <Poco/URI.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <regex>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::okta_test {

using nlohmann::json;
using support::iso_text;

namespace {

std::string decoded(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string out(text.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size) - padding);
  return out;
}

// RS256
bool has_signed(const std::string& public_key, const std::string& text, const std::string& signature) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(public_key.data(), static_cast<int>(public_key.size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return key && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

}  // namespace

FakeOkta::FakeOkta() { begin(); }

// As published for service applications: the client-credentials grant with private_key_jwt, RS256.
support::FakeApi::Answer FakeOkta::give_access_token(const Request& request) {
  if (request.method != "POST" || request.header("content-type") != "application/x-www-form-urlencoded")
    return complain("a token is asked for by a form");
  std::map<std::string, std::string> form;
  for (const auto& [key, value] : Poco::URI("http://x/?" + request.body).getQueryParameters())
    if (!form.emplace(key, value).second) return complain("twice in the form: " + key);
  const std::string assertion = form["client_assertion"];
  form.erase("client_assertion");
  if (form != std::map<std::string, std::string>{
                  {"grant_type", "client_credentials"},
                  {"client_id", "0oacurfew"},
                  {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                  {"scope",
                   "okta.logs.read okta.sessions.manage okta.sessions.read okta.users.manage "
                   "okta.users.read"}})
    return complain("the form for a token is another one: " + json(form).dump());
  const std::size_t first = assertion.find('.'), second = assertion.find('.', first + 1);
  if (second == std::string::npos) return complain("no compact JWT");
  const json header = json::parse(decoded(assertion.substr(0, first)), nullptr, false);
  const json claims = json::parse(decoded(assertion.substr(first + 1, second - first - 1)), nullptr, false);
  if (header != json{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "key-1"}})
    return complain("the assertion's header");
  if (claims.value("iss", "") != "0oacurfew" || claims.value("sub", "") != "0oacurfew" ||
      claims.value("aud", "") != origin() + "/oauth2/v1/token" ||
      !jtis_.insert(claims.value("jti", "")).second)
    return complain("the assertion's claims: " + claims.dump());
  const auto now = std::chrono::floor<std::chrono::seconds>(clock()).time_since_epoch().count();
  if (claims.value("exp", now) <= now || claims.value("exp", now) > now + 3600)
    return complain("the assertion's times");
  if (!has_signed(public_key, assertion.substr(0, second), decoded(assertion.substr(second + 1))))
    return ok({{"error", "invalid_client"}, {"error_description", "of a key"}}, 401);
  const std::string given = "access-" + std::to_string(++count_);
  tokens_[given] = clock() + std::chrono::hours(1);
  return ok({{"access_token", given}, {"token_type", "Bearer"}, {"expires_in", 3600}});
}

json FakeOkta::make_record(const std::string& user, const std::string& event,
                           const std::string& session) const {
  return {{"uuid", "record-" + std::to_string(++count_)},
          {"published", iso_text(clock())},
          {"eventType", event},
          {"version", "0"},
          {"severity", "INFO"},
          {"displayMessage", "of alice"},
          {"actor",
           {{"id", id_of(user)},
            {"type", "User"},
            {"alternateId", user + "@corp.test"},
            {"displayName", "A Name"}}},
          {"client",
           {{"ipAddress", "192.0.2.7"},
            {"device", "Computer"},
            {"userAgent", {{"rawUserAgent", "Mozilla/5.0"}, {"os", "Linux"}, {"browser", "FIREFOX"}}}}},
          {"outcome", {{"result", "SUCCESS"}, {"reason", nullptr}}},
          {"target", nullptr},
          {"authenticationContext",
           {{"authenticationStep", 0},
            {"credentialType", nullptr},
            {"authenticationProvider", nullptr},
            {"externalSessionId", session}}},
          {"debugContext", {{"debugData", {{"requestUri", "/idp/idx/identify"}}}}},
          {"transaction", {{"type", "WEB"}, {"id", "x"}, {"detail", json::object()}}}};
}

json FakeOkta::record(const std::string& user, const std::string& event, const std::string& session) const {
  const std::lock_guard lock(mutex_);
  return make_record(user, event, session);
}

void FakeOkta::store(json record) { records_.push_back({.record = std::move(record), .stored_at = clock()}); }

void FakeOkta::add_record(json record) {
  const std::lock_guard lock(mutex_);
  store(std::move(record));
}

std::string FakeOkta::last_record() const {
  const std::lock_guard lock(mutex_);
  return records_.back().record.at("uuid");
}

std::string FakeOkta::sign_in(const std::string& user, const SignIn& how) {
  const std::lock_guard lock(mutex_);
  const std::string session = "102session-" + std::to_string(++count_);
  sessions_[session] = {.user = user, .tokens_until = clock() + access_tokens_live};
  if (how.refresh_token) refresh_tokens_.push_back({.user = user, .session = session, .created = clock()});
  json one = make_record(user, "user.session.start", session);
  one["published"] = iso_text(clock() - how.ago);
  one["debugContext"]["debugData"]["requestUri"] = how.request;
  if (!how.credential.empty()) one["authenticationContext"]["credentialType"] = how.credential;
  store(std::move(one));
  return session;
}

void FakeOkta::fail_sign_in(const std::string& user, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  json one = make_record(user, "user.session.start", "unknown");
  one["outcome"] = {{"result", "FAILURE"}, {"reason", reason}};
  store(std::move(one));
}

void FakeOkta::sign_out(const std::string& session) {
  const std::lock_guard lock(mutex_);
  sessions_.at(session).lives = false;
  store(make_record(sessions_.at(session).user, "user.session.end", session));
}

bool FakeOkta::lives(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const Session& one = sessions_.at(session);
  return one.lives || clock() < one.tokens_until ||
         std::any_of(refresh_tokens_.begin(), refresh_tokens_.end(),
                     [&](const RefreshToken& held) { return held.lives && held.session == session; });
}

void FakeOkta::revoke_access_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

support::FakeApi::Answer FakeOkta::absent() {
  return ok({{"errorCode", "E0000007"}, {"errorSummary", "Not found: alice"}}, 404);
}

support::FakeApi::Answer FakeOkta::log(const Request& request) {
  if (throttle_every > 0 && ++log_calls_ % throttle_every == 0) {
    // Okta says when its minute is over; it sends no Retry-After.
    const auto reset = std::chrono::ceil<std::chrono::seconds>(clock().time_since_epoch()).count();
    Answer answer = ok({{"errorCode", "E0000047"}}, 429);
    answer.headers = "X-Rate-Limit-Limit: 50\r\nX-Rate-Limit-Remaining: 0\r\nX-Rate-Limit-Reset: " +
                     std::to_string(reset) + "\r\n";
    return answer;
  }
  for (const auto& [key, value] : request.query)
    if (key != "since" && key != "sortOrder" && key != "limit" && key != "filter" && key != "after")
      return complain("the log has no parameter " + key);
  const std::string limit = request.of_query("limit");
  if (limit.empty() || std::stoul(limit) < 1 || std::stoul(limit) > 1000)
    return complain("a limit of " + limit);
  // Without an end, oldest first: that is polling.
  if (request.of_query("sortOrder") != "ASCENDING") return complain("polling is oldest first");
  static const std::regex filter("eventType eq \"[a-z_.A-Z]+\"( or eventType eq \"[a-z_.A-Z]+\")*");
  const std::string wanted = request.of_query("filter");
  if (!std::regex_match(wanted, filter)) return complain("a filter that Okta does not take: " + wanted);
  std::size_t at = 0;
  if (const std::string after = request.of_query("after"); !after.empty()) {
    if (forgets_places || std::stoul(after) < kept_from) {
      forgets_places = false;
      return ok({{"errorCode", "E0000031"}}, 400);
    }
    at = std::stoul(after);
  } else {
    const auto since = oauth::iso_time(request.of_query("since"));
    if (!since) return complain("a time that Okta does not take: " + request.of_query("since"));
    while (at < records_.size() && records_[at].stored_at < *since) ++at;
  }
  at = std::max(at, kept_from);
  json rows = json::array();
  while (at < records_.size() && rows.size() < std::stoul(limit)) {
    const json& one = records_[at++].record;
    if (!one.is_object() || wanted.find("\"" + one.value("eventType", "?") + "\"") != std::string::npos ||
        !one.contains("eventType"))
      rows.push_back(one);
  }
  Answer answer = ok(rows);
  const std::string own = (next_link_host.empty() ? origin() : next_link_host) + "/api/v1/logs?";
  const std::string rest =
      "limit=" + limit + "&sortOrder=ASCENDING&filter=" +
      std::regex_replace(std::regex_replace(wanted, std::regex(" "), "%20"), std::regex("\""), "%22");
  answer.headers = "Link: <" + origin() + "/api/v1/logs?" + rest + ">; rel=\"self\"\r\n";
  if (says_next)
    answer.headers += "Link: <" + own + "after=" + std::to_string(at) + "&" + rest + ">; rel=\"next\"\r\n";
  return answer;
}

support::FakeApi::Answer FakeOkta::about_user(const Request& request, const std::string& user,
                                              const std::string& rest) {
  const auto found = status.find(user);
  if (found == status.end()) return absent();
  if (request.method == "GET" && rest.empty())
    return ok({{"id", id_of(user)}, {"status", found->second}, {"profile", {{"login", "of alice"}}}});
  if (request.method == "DELETE" && rest == "/sessions") {
    if (request.of_query("oauthTokens") != "true") return complain("tokens are to be ended too");
    for (auto& [id, session] : sessions_)
      if (session.user == user) session.lives = false;
    for (RefreshToken& one : refresh_tokens_)
      if (one.user == user) one.lives = false;
    json record = make_record("admin", "user.session.clear", "unknown");
    record["target"] = {{{"id", id_of(user)}, {"type", "User"}, {"alternateId", user + "@corp.test"}}};
    store(std::move(record));
    return {.status = 204, .body = {}};
  }
  if (request.method == "POST" && (rest == "/lifecycle/suspend" || rest == "/lifecycle/unsuspend")) {
    const bool suspends = rest == "/lifecycle/suspend";
    if (found->second != (suspends ? "ACTIVE" : "SUSPENDED")) return ok({{"errorCode", "E0000001"}}, 400);
    found->second = suspends ? "SUSPENDED" : "ACTIVE";
    return ok(json::object());
  }
  if (request.method == "GET" && rest == "/clients") {
    json clients = json::array();
    for (const RefreshToken& one : refresh_tokens_)
      if (one.user == user && clients.empty())
        clients.push_back({{"client_id", "0oashop"}, {"client_name", "Shop"}});
    return ok(clients);
  }
  if (request.method == "GET" && rest == "/clients/0oashop/tokens") {
    json tokens = json::array();
    for (const RefreshToken& one : refresh_tokens_)
      if (one.user == user && one.lives)
        tokens.push_back({{"id", "oar1"}, {"status", "ACTIVE"}, {"created", iso_text(one.created)}});
    return ok(tokens);
  }
  return complain(request.method + " " + request.target);
}

support::FakeApi::Answer FakeOkta::right_answer(const Request& request) {
  if (!public_key.empty() && request.path == "/oauth2/v1/token") return give_access_token(request);
  const bool is_known =
      public_key.empty() ? request.header("authorization") == "SSWS " + token : has_token(request);
  if (!is_known) return ok({{"errorCode", "E0000011"}}, 401);
  if (!request.body.empty()) return complain("none of these calls has a body");
  if (request.method == "GET" && request.path == "/api/v1/logs") return log(request);
  const std::string sessions = "/api/v1/sessions/", users = "/api/v1/users/00u";
  if (request.path.starts_with(sessions)) {
    const auto found = sessions_.find(request.path.substr(sessions.size()));
    if (found == sessions_.end() || !found->second.lives) return absent();
    if (request.method == "GET")
      return ok({{"id", found->first}, {"userId", id_of(found->second.user)}, {"status", "ACTIVE"}});
    if (request.method == "DELETE") {
      found->second.lives = false;
      return {.status = 204, .body = {}};
    }
  }
  if (request.path.starts_with(users)) {
    const std::string rest = request.path.substr(users.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    return about_user(request, rest.substr(0, slash), rest.substr(slash));
  }
  return complain(request.method + " " + request.target);
}

}  // namespace curfew::okta_test
