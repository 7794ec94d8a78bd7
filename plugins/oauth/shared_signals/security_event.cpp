#include "plugins/oauth/shared_signals/security_event.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "plugins/files/text.hpp"
#include "plugins/oauth/shared_signals/event_types.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;
using plugin::Time;

constexpr double latest_second = 253'402'300'799;      // 9999-12-31T23:59:59Z
constexpr double first_millisecond = 100'000'000'000;  // in 1973; as seconds, in 5138
constexpr std::size_t longest_type = 256;

[[noreturn]] void invalid(const std::string& what) { throw RefusedEvent(Refusal::InvalidRequest, what); }

std::optional<Time> time_in(const json& object, const char* name, bool may_be_milliseconds) {
  const auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  double seconds = found->is_number() ? found->get<double>() : -1;
  if (may_be_milliseconds && seconds >= first_millisecond) seconds /= 1000;
  if (!(seconds > 0 && seconds <= latest_second))
    invalid(std::string("`") + name + "` is no time in seconds");
  return Time{plugin::Duration{static_cast<std::int64_t>(std::floor(seconds * 1e6))}};
}

std::string audience_in(const json& claims, const std::vector<std::string>& expected) {
  const auto found = claims.find("aud");
  if (found == claims.end()) invalid("`aud` is missing");
  const auto is_ours = [&](const json& one) {
    return one.is_string() && std::find(expected.begin(), expected.end(), one) != expected.end();
  };
  if (is_ours(*found)) return found->get<std::string>();
  if (found->is_array()) {
    const auto ours = std::find_if(found->begin(), found->end(), is_ours);
    if (ours != found->end()) return ours->get<std::string>();
  }
  throw RefusedEvent(Refusal::InvalidAudience, "`aud` has none of the audiences of this source");
}

SubjectIs subject_of(std::string_view type) {
  const EventType* known = event_type(type);
  if (known == nullptr) return SubjectIs::Person;
  if (known->is_about_stream) return SubjectIs::Stream;
  return known->is_about_session ? SubjectIs::Session : SubjectIs::Person;
}

}  // namespace

void check_kind(const SignedToken& token, const EventTerms& terms) {
  // What is made for another use is none of ours (RFC 8725, 3.11; Shared Signals 4.1.1).
  if (token.type() != "secevent+jwt") invalid("`typ` of its header is not secevent+jwt");
  const auto issuer = token.claims().find("iss");
  if (issuer == token.claims().end()) invalid("`iss` is missing");
  if (*issuer != terms.naming.issuer)
    throw RefusedEvent(Refusal::InvalidIssuer, "`iss` is not the transmitter of this source");
}

SecurityEvent read_security_event(const json& claims, const EventTerms& terms, Time now) {
  if (!claims.is_object()) invalid("it is no JSON object");
  SecurityEvent out;
  if (claims.value("iss", json()) != terms.naming.issuer)
    throw RefusedEvent(Refusal::InvalidIssuer, "`iss` is not the transmitter of this source");
  out.audience = audience_in(claims, terms.audiences);
  out.id = text_of(claims, "jti");
  if (claims.contains("sub")) invalid("it has a `sub`: its subject must be `sub_id`");
  if (claims.contains("exp")) invalid("it has an `exp`, which no security event has");
  const auto issued = time_in(claims, "iat", false);
  if (!issued) invalid("`iat` is missing");
  out.issued_at = *issued;
  if (out.issued_at > now + terms.clock_skew)
    invalid("`iat` lies in the future; compare the clocks of the transmitter and of this machine");
  out.good_until = out.issued_at + terms.max_age + terms.clock_skew;
  if (now >= out.good_until) invalid("it was issued too long ago to be told from a repeated one");
  const auto events = claims.find("events");
  if (events == claims.end() || !events->is_object()) invalid("`events` is missing or no JSON object");
  if (events->size() != 1) invalid("`events` must have exactly one event");
  out.type = events->begin().key();
  if (out.type.empty() || out.type.size() > longest_type || !files::is_clean_utf8(out.type))
    invalid("the type of its event is no URI");
  out.payload = events->begin().value();
  if (!out.payload.is_object()) invalid("its event is no JSON object");
  const auto subject = claims.find("sub_id");
  if (subject == claims.end()) invalid("`sub_id` is missing");
  out.subject = read_subject(*subject, terms.naming, subject_of(out.type));
  auto at = time_in(out.payload, "event_timestamp", true);
  if (!at) at = time_in(claims, "toe", true);
  out.has_odd_time = at && *at > out.issued_at + terms.clock_skew;
  out.occurred_at = at && !out.has_odd_time ? *at : out.issued_at;
  return out;
}

}  // namespace curfew::oauth::shared_signals
