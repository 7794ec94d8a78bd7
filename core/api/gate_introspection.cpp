#include "core/api/gate_introspection.hpp"

#include <algorithm>
#include <utility>

#include "core/base/digest.hpp"

namespace curfew::api {

using enforcement::KnownToken;
using model::SessionDigest;
using model::TokenState;

namespace {

constexpr Duration unasked_kept{std::chrono::seconds(1)};
constexpr Duration revoked_kept{std::chrono::seconds(60)};
constexpr Duration told_within{std::chrono::seconds(2)};

// A token that happens to be a session's id as well must not answer for it.
SessionDigest digest_of(const std::string& key, std::string_view token) {
  static constexpr std::string_view name = "token ";
  std::string text;
  text.reserve(name.size() + token.size());
  text.append(name).append(token);
  const SessionDigest digest{base::keyed_digest(key, text)};
  std::fill(text.begin(), text.end(), '\0');
  return digest;
}

// The caches' own width: what is beyond the digest is empty.
Digest32 place_of(const SessionDigest& digest) {
  Digest32 place{};
  std::copy(digest.bytes.begin(), digest.bytes.end(), place.begin());
  return place;
}

std::shared_ptr<KnownToken> until(Time time) {
  auto known = std::make_shared<KnownToken>();
  known->expires_at = time;
  return known;
}

}  // namespace

GateIntrospection::GateIntrospection(model::IntrospectionRules rules, std::string digest_key)
    : rules_(rules),
      digest_key_(std::move(digest_key)),
      active_(most_active),
      refused_(most_refused),
      revoked_(most_refused) {}

GateIntrospection::Said GateIntrospection::read(std::string_view token, Time now) {
  Said said;
  said.digest = digest_of(digest_key_, token);
  const Digest32 place = place_of(said.digest);
  if (auto known = active_.find(place, now)) {
    const bool is_old = known->issued_at != Time{} && now - known->issued_at > rules_.longest_life;
    said.verdict = is_old ? OpaqueVerdict::Old : OpaqueVerdict::Active;
    if (!is_old) said.token = std::move(known);
    return said;
  }
  // One that could not be asked about is no refusal.
  if (const auto known = refused_.find(place, now))
    said.verdict = known->issued_at == Time{} ? OpaqueVerdict::Refused : OpaqueVerdict::Unasked;
  return said;
}

void GateIntrospection::learnt(const SessionDigest& digest, const model::IntrospectedToken& said, Time now) {
  const Digest32 place = place_of(digest);
  // The issuer's clock may be behind ours, and `exp` is its word.
  const bool is_over = said.expires_at != Time{} && said.expires_at + rules_.clock_skew <= now;
  if (said.state == TokenState::Active && !is_over) {
    auto known = until(now + rules_.keep);
    if (said.expires_at != Time{})
      known->expires_at = std::min(known->expires_at, said.expires_at + rules_.clock_skew);
    if (said.session) known->sessions.push_back(said.session);
    known->id = said.id;
    known->issued_at = said.issued_at;
    known->subject = said.person.value;
    known->name_space = said.person.name_space;
    // With nothing kept, at least the request that waits is answered by it.
    known->expires_at = std::max(known->expires_at, now + Duration(std::chrono::milliseconds(100)));
    active_.put(place, std::move(known));
    return;
  }
  if (active_.find(place, now)) active_.put(place, until(now));
  auto known = until(now + std::max<Duration>(rules_.keep_refused, unasked_kept));
  if (said.state == TokenState::Unknown) {
    known->issued_at = now;
    known->expires_at = now + unasked_kept;
  }
  refused_.put(place, std::move(known));
}

bool GateIntrospection::may_revoke(const SessionDigest& digest, Time now) {
  return rules_.revoke && revoked_.find(place_of(digest), now) == nullptr;
}

void GateIntrospection::revoked(const SessionDigest& digest, Time now) {
  // Until the refusal was worded (`/refused`) it is still known whose the token is.
  if (const auto before = active_.find(place_of(digest), now)) {
    auto known = until(std::min(before->expires_at, now + Duration(told_within)));
    known->sessions = before->sessions;
    known->id = before->id;
    known->issued_at = before->issued_at;
    known->subject = before->subject;
    known->name_space = before->name_space;
    active_.put(place_of(digest), std::move(known));
  }
  revoked_.put(place_of(digest), until(now + revoked_kept));
}

bool is_compact_jws(std::string_view token) {
  const auto in_alphabet = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return std::count(token.begin(), token.end(), '.') == 2 &&
         std::all_of(token.begin(), token.end(), in_alphabet);
}

}  // namespace curfew::api
