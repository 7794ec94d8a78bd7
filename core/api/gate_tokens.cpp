#include "core/api/gate_tokens.hpp"

#include <utility>

#include "core/base/digest.hpp"

namespace curfew::api {

using enforcement::KnownToken;
using enforcement::TokenFault;
using enforcement::TokenSays;

namespace {

TokenFault fault_of(jose::TokenFault fault) {
  switch (fault) {
    case jose::TokenFault::Key:
      return TokenFault::Key;
    case jose::TokenFault::Signature:
      return TokenFault::Signature;
    default:
      return TokenFault::Form;
  }
}

// One context for each thread: a new one costs more than hashing a token.
Digest32 digest_of(std::string_view token) {
  static thread_local base::Sha256 hash;
  return hash.update(token).finish();
}

}  // namespace

GateTokens::GateTokens(model::TokenRules rules, std::string digest_key, GateTokenLinks links)
    : rules_(std::move(rules)), digest_key_(std::move(digest_key)), links_(std::move(links)) {}

void GateTokens::set_keys(std::string_view jwks) {
  if (const auto now = keys(); now != nullptr && now->jwks == jwks) return;
  std::atomic_store(&keys_, std::make_shared<Keys>(jwks));
}

void GateTokens::want_keys(Time now) {
  const std::int64_t at = base::to_micros(now);
  std::int64_t last = wanted_at_.load();
  // A clock that was set back waits for nothing.
  if (last != 0 && at >= last && base::from_micros(at) - base::from_micros(last) < keys_wanted_every) return;
  if (wanted_at_.compare_exchange_strong(last, at) && links_.want_keys) links_.want_keys();
}

GateTokens::Said GateTokens::read(std::string_view token, Time now) {
  const std::shared_ptr<Keys> keys = this->keys();
  if (keys == nullptr) {
    want_keys(now);
    return {.token = nullptr, .fault = TokenFault::None, .no_keys = true};
  }
  const Digest32 digest = digest_of(token);
  if (auto known = keys->known.find(digest, now)) return {.token = std::move(known)};
  Said said = verify(*keys, token, now);
  if (said.token) keys->known.put(digest, said.token);
  if (said.fault == TokenFault::Key || said.fault == TokenFault::Signature) want_keys(now);
  return said;
}

GateTokens::Said GateTokens::verify(const Keys& keys, std::string_view token, Time now) {
  TokenSays says;
  try {
    const jose::SignedToken read(token, rules_.algorithms);
    // Cheap first: what is not for us needs no signature to be refused.
    says = enforcement::read_token(rules_, read, now);
    if (says.fault != TokenFault::None) return {.token = nullptr, .fault = says.fault};
    verified_.fetch_add(1, std::memory_order_relaxed);
    if (!keys.set.signed_it(read))
      return {.token = nullptr,
              .fault = keys.set.has_key_for(read) ? TokenFault::Signature : TokenFault::Key};
  } catch (const jose::BadToken& bad) {
    return {.token = nullptr, .fault = fault_of(bad.fault())};
  }
  auto known = std::make_shared<KnownToken>();
  for (const std::string& session : says.sessions)
    known->sessions.push_back({base::keyed_digest(digest_key_, session)});
  if (!says.id.empty()) known->id = {base::keyed_digest(digest_key_, says.id)};
  known->issued_at = says.issued_at;
  known->expires_at = says.expires_at;
  if (!rules_.subject_namespace.empty()) known->subject = std::move(says.subject);
  return {.token = std::move(known)};
}

model::Ref GateTokens::person(const KnownToken& token) const {
  if (const model::Ref known = token.person(); known || token.subject.empty() || !links_.person) return known;
  const model::Ref found = links_.person(rules_.subject_namespace, token.subject);
  if (found) token.know_person(found);
  return found;
}

}  // namespace curfew::api
