#include "core/enforcement/token_check.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace curfew::enforcement {
namespace {

using nlohmann::json;

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

const std::string* text_in(const json& claims, const std::string& name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_string()) return nullptr;
  return &found->get_ref<const std::string&>();
}

// NumericDate: seconds, perhaps with a fraction. None: it isn't there, or no time of this era.
std::optional<Time> time_in(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!std::isfinite(seconds) || seconds < 0 ||
      seconds > static_cast<double>(base::to_micros(base::latest_time)) / 1e6)
    return std::nullopt;
  return base::from_micros(std::llround(seconds * 1e6));
}

bool is_for(const json& claims, const std::vector<std::string>& audiences) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return has(audiences, found->get_ref<const std::string&>());
  return found->is_array() && found->size() <= model::max_token_texts &&
         std::any_of(found->begin(), found->end(), [&](const json& one) {
           return one.is_string() && has(audiences, one.get_ref<const std::string&>());
         });
}

// Claims that only tokens of other kinds have: a logout or security event token's, an ID token's.
bool is_of_another_kind(const json& claims) {
  return claims.contains("events") || claims.contains("at_hash") || claims.contains("c_hash") ||
         claims.contains("s_hash");
}

TokenSays wrong(TokenFault fault) {
  TokenSays says;
  says.fault = fault;
  return says;
}

}  // namespace

TokenSays read_token(const model::TokenRules& rules, const jose::SignedToken& token, Time now) {
  const json& claims = token.claims();
  if (!has(rules.types, token.type().empty() ? "none" : token.type()) || is_of_another_kind(claims))
    return wrong(TokenFault::Type);
  const std::string* issuer = text_in(claims, "iss");
  if (issuer == nullptr || *issuer != rules.issuer) return wrong(TokenFault::Issuer);
  if (!is_for(claims, rules.audiences)) return wrong(TokenFault::Audience);

  TokenSays says;
  const std::optional<Time> issued_at = time_in(claims, "iat");
  const std::optional<Time> expires_at = time_in(claims, "exp");
  const std::optional<Time> not_before = time_in(claims, "nbf");
  if (!issued_at || !expires_at || (claims.contains("nbf") && !not_before)) return wrong(TokenFault::Form);
  says.issued_at = *issued_at;
  says.expires_at = *expires_at + rules.clock_skew;
  if (now >= says.expires_at) return wrong(TokenFault::Expired);
  if (*issued_at > now + rules.clock_skew || (not_before && *not_before > now + rules.clock_skew))
    return wrong(TokenFault::NotYet);
  if (*expires_at - *issued_at > rules.longest_life) return wrong(TokenFault::Life);

  for (const std::string& name : rules.session_claims) {
    const auto found = claims.find(name);
    if (found == claims.end() || found->is_null()) continue;
    const std::string* id = text_in(claims, name);
    if (id == nullptr || id->size() > longest_token_id) return wrong(TokenFault::Form);
    if (!id->empty() && !has(says.sessions, *id)) says.sessions.push_back(*id);
  }
  for (const auto& [name, to] : {std::pair{std::string("jti"), &says.id},
                                 std::pair{std::string(rules.subject_claim), &says.subject}}) {
    const auto found = claims.find(name);
    if (found == claims.end() || found->is_null()) continue;
    const std::string* text = text_in(claims, name);
    if (text == nullptr || text->size() > longest_token_id) return wrong(TokenFault::Form);
    *to = *text;
  }
  if (!says.subject.empty()) says.subject.insert(0, rules.subject_prefix);
  return says;
}

}  // namespace curfew::enforcement
