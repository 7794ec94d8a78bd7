#include "plugins/oauth/gate/introspection.hpp"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "plugins/oauth/client_authentication.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth {
namespace {

using namespace std::chrono_literals;
using plugin::Code;
using plugin::Failure;
using plugin::Time;

constexpr plugin::Duration first_pause = 5s;
constexpr plugin::Duration longest_pause = 5min;

// A code of RFC 6749 5.2 and RFC 7009 2.2.1; what else a server writes may hold anything.
std::string error_code(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view code;
  if (body.size() > longest_introspection || parser.parse(body).get(document) != simdjson::SUCCESS ||
      document.at_key("error").get_string().get(code) != simdjson::SUCCESS || code.size() > 64 ||
      !std::all_of(code.begin(), code.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }))
    return "no error code";
  return std::string(code);
}

}  // namespace

std::optional<IntrospectionSettings> introspection_of(const web::Setting& all) {
  const auto given = all.inner("introspection");
  if (!given) return std::nullopt;
  given->only({"endpoint", "revocation_endpoint", "client_id", "client_secret", "client_authentication",
               "client_certificate_file", "client_key_file", "audiences", "clients", "subject_claim",
               "untyped", "cookies", "keep", "keep_refused", "clock_skew", "longest_life", "revoke"});
  IntrospectionSettings out;
  out.endpoint = given->text("endpoint", "");
  out.revocation_endpoint = given->text("revocation_endpoint", "");
  if (given->has("client_id")) out.client = client_of(*given, "client_secret_basic");
  out.terms.audiences = list_in(*given, "audiences");
  out.terms.clients = list_in(*given, "clients");
  out.terms.subject_claim = given->text("subject_claim", "");
  out.terms.untyped = given->flag("untyped", false);
  out.cookies = list_in(*given, "cookies");
  out.keep = within(*given, "keep", out.keep, 0s, 5min);
  out.keep_refused = within(*given, "keep_refused", out.keep_refused, 1s, 5min);
  out.clock_skew = within(*given, "clock_skew", out.clock_skew, 0s, 5min);
  out.longest_life = within(*given, "longest_life", out.longest_life, 1min, 24h);
  out.revoke = given->flag("revoke", false);
  return out;
}

Introspector::Introspector(IntrospectionSettings settings, web::HttpServer server, const std::string& issuer)
    : settings_(std::move(settings)),
      server_(server),
      issuer_(issuer),
      discovery_(std::move(server), issuer) {}

Introspector::Endpoint& Introspector::endpoint(Endpoint& known, const std::string& given, const char* name,
                                               Time deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) throw Failure(Code::Unavailable, "the source is stopping");
    if (!refusal_.empty() && Clock::now() < ask_again_at_) throw Failure(Code::Refused, refusal_);
    if (known.client) return known;
  }
  const oidc::SplitUrl at = oidc::split_url(given.empty() ? discovery_.endpoint(name, deadline) : given);
  const std::lock_guard lock(mutex_);
  if (!known.client) {
    web::HttpServer server = server_;
    server.url = at.origin;
    // Certificates are of no use, and refused, where there is no TLS.
    if (!at.origin.starts_with("https://")) server.tls = {};
    known.path = at.path;
    known.client = std::make_unique<web::RetryingClient>(std::move(server), web::RetryTerms{.tries = 1});
  }
  return known;
}

web::HttpReply Introspector::post(Endpoint& to, std::string_view token, Time deadline) {
  web::HttpCall call{.method = "POST",
                     .path = to.path,
                     .headers = form_headers(),
                     .body = "token=" + web::percent_encoded(token) + "&token_type_hint=access_token"};
  authenticate(call, settings_.client, issuer_);
  return to.client->ask(call, web::Repeat::Idempotent, deadline);
}

void Introspector::refused(const Endpoint& by, int status) {
  const std::lock_guard lock(mutex_);
  refusal_ = by.client->where() + " refuses the client '" + settings_.client.id + "' (" +
             std::to_string(status) +
             "): is its secret or certificate right and not expired, and may it ask about tokens?";
  pause_ = pause_ == plugin::Duration{} ? first_pause : std::min(pause_ * 2, longest_pause);
  ask_again_at_ = Clock::now() + pause_;
  throw Failure(Code::Refused, refusal_);
}

Introspected Introspector::ask(std::string_view token, Time deadline) {
  Endpoint& at = endpoint(introspection_, settings_.endpoint, "introspection_endpoint", deadline);
  const web::HttpReply reply = post(at, token, deadline);
  if (reply.status == 401 || reply.status == 403 ||
      (reply.status == 400 && error_code(reply.body) == "invalid_client"))
    refused(at, reply.status);
  if (reply.status != 200)
    throw Failure(Code::Unavailable,
                  at.client->where() + ": asked about a token, it answered " + std::to_string(reply.status));
  Introspected said;
  try {
    said = read_introspection(reply.body, settings_.terms);
  } catch (const Failure& wrong) {
    throw Failure(wrong.code(), at.client->where() + ": " + wrong.what());
  }
  const std::lock_guard lock(mutex_);
  refusal_.clear();
  pause_ = {};
  return said;
}

plugin::Answer Introspector::revoke(std::string_view token, Time deadline) {
  Endpoint& at = endpoint(revocation_, settings_.revocation_endpoint, "revocation_endpoint", deadline);
  const web::HttpReply reply = post(at, token, deadline);
  const std::string answered = at.client->where() + ": asked to revoke a token, it answered ";
  // For tokens that it does not know, too (RFC 7009 2.2).
  if (reply.status == 200) return {Code::Ok, "accepted, which proves nothing"};
  if (reply.status == 401) refused(at, reply.status);
  const std::string code = error_code(reply.body);
  const std::string said = answered + std::to_string(reply.status) + ", " + code;
  if (code == "unsupported_token_type") return {Code::Unsupported, said};
  if (reply.status >= 500 || reply.status == 429) return {Code::Unavailable, said};
  return {Code::Refused, said};
}

void Introspector::stop() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  for (const Endpoint* one : {&introspection_, &revocation_}) {
    if (one->client) one->client->stop();
  }
}

}  // namespace curfew::oauth
