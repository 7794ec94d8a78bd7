#include "plugins/oauth/gate/introspection_answer.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace curfew::oauth {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::TokenState;
using simdjson::dom::element;
using simdjson::dom::object;

// From 1990 to 2200, as all times here.
constexpr double earliest = 631'152'000;
constexpr double latest = 7'258'118'400;

[[noreturn]] void fail(const std::string& what) {
  throw Failure(Code::Unavailable, "its answer about a token " + what);
}

std::optional<element> member(const object& answer, const std::string& name) {
  element found;
  if (answer.at_key(name).get(found) != simdjson::SUCCESS || found.is_null()) return std::nullopt;
  return found;
}

std::string text_in(const object& answer, const std::string& name) {
  const auto found = member(answer, name);
  if (!found) return {};
  std::string_view text;
  if (found->get_string().get(text) != simdjson::SUCCESS) fail("has a " + name + " that is no text");
  if (text.size() > longest_introspected_id) fail("has a " + name + " that is too long");
  return std::string(text);
}

plugin::Time time_in(const object& answer, const std::string& name) {
  const auto found = member(answer, name);
  if (!found) return {};
  double seconds = 0;
  if (found->get_double().get(seconds) != simdjson::SUCCESS || !(seconds >= earliest && seconds <= latest))
    fail("has an " + name + " that is no time");
  return plugin::Time{plugin::Duration{std::llround(seconds * 1e6)}};
}

bool has(const std::vector<std::string>& texts, std::string_view text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool is_for(const object& answer, const std::vector<std::string>& audiences) {
  const auto found = member(answer, "aud");
  if (!found) return false;
  std::string_view text;
  if (found->get_string().get(text) == simdjson::SUCCESS) return has(audiences, text);
  simdjson::dom::array all;
  if (found->get_array().get(all) != simdjson::SUCCESS) fail("has an aud that is neither text nor a list");
  return std::any_of(all.begin(), all.end(), [&](const element& one) {
    return one.get_string().get(text) == simdjson::SUCCESS && has(audiences, text);
  });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// Providers answer about refresh and ID tokens too, which open nothing here; and a token that is bound to a
// key (DPoP, mTLS) is worth nothing in who else's hands, which nobody looks at here.
bool is_bearer_access_token(const object& answer, bool untyped) {
  if (member(answer, "cnf")) return false;
  const std::string type = lower(text_in(answer, "token_type"));
  if (type.empty() ? !untyped : type != "bearer" && type != "access_token") return false;
  // What Keycloak and Hydra say besides.
  const std::string kind = lower(text_in(answer, "typ"));
  if (!kind.empty() && kind != "bearer" && kind != "at+jwt" && kind != "jwt") return false;
  const std::string use = lower(text_in(answer, "token_use"));
  return use.empty() || use == "access" || use == "access_token";
}

}  // namespace

Introspected read_introspection(std::string_view body, const IntrospectionTerms& terms) {
  if (body.size() > longest_introspection)
    fail("is longer than " + std::to_string(longest_introspection) + " bytes");
  simdjson::dom::parser parser;
  element root;
  object answer;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) fail("is no whole JSON");
  if (root.get_object().get(answer) != simdjson::SUCCESS) fail("is no JSON object");
  bool active = false;
  if (answer.at_key("active").get_bool().get(active) != simdjson::SUCCESS)
    fail("has no active that is true or false");
  Introspected said;
  if (!active) {
    said.state = TokenState::Inactive;
    return said;
  }
  const std::string issuer = text_in(answer, "iss");
  const bool is_ours = (issuer.empty() || issuer == terms.issuer) &&
                       is_bearer_access_token(answer, terms.untyped) &&
                       (terms.audiences.empty() || is_for(answer, terms.audiences)) &&
                       (terms.clients.empty() || has(terms.clients, text_in(answer, "client_id")));
  if (!is_ours) {
    said.state = TokenState::NotForUs;
    return said;
  }
  said.session = text_in(answer, "sid");
  said.id = text_in(answer, "jti");
  said.subject = text_in(answer, terms.subject_claim);
  said.issued_at = time_in(answer, "iat");
  said.expires_at = time_in(answer, "exp");
  said.state = TokenState::Active;
  return said;
}

}  // namespace curfew::oauth
