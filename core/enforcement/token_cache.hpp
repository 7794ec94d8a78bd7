// Tokens that were verified, so that the next request with one costs a lookup: by the token's digest, never
// the token. That it was signed, and what it says, doesn't change; whether it is denied is asked each time
// and is not kept here.
//
//   TokenCache cache(65'536);
//   if (const auto known = cache.find(digest, now)) …         // none: not there, or expired
//   cache.put(digest, std::make_shared<const KnownToken>(…));
//
// Bounded: when half of it is full, what was not asked for since the last time that this happened leaves.
// New keys of the issuer make a new cache.
//
// Threads: any, at once; a lookup locks one of many shards. Owns: what was put. Fails: never.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/time.hpp"
#include "core/model/ref.hpp"

namespace curfew::enforcement {

// What the gate needs of a token that it verified.
struct KnownToken {
  std::vector<model::SessionDigest> sessions;
  model::SessionDigest id;  // of its jti; none: it has none
  Time issued_at{};
  Time expires_at{};
  std::string subject;     // the person's name, as identifiers have it; empty: nobody's
  std::string name_space;  // of it, where the issuer was asked; empty: the rules' own
  // The reference of that name, once there is one: somebody may be seen for the first time after the token.
  [[nodiscard]] model::Ref person() const { return {person_.load(std::memory_order_relaxed)}; }
  void know_person(model::Ref ref) const { person_.store(ref.bits, std::memory_order_relaxed); }

 private:
  mutable std::atomic<std::uint64_t> person_{0};
};

class TokenCache {
 public:
  explicit TokenCache(std::size_t most);

  [[nodiscard]] std::shared_ptr<const KnownToken> find(const Digest32& token, Time now);
  void put(const Digest32& token, std::shared_ptr<const KnownToken> known);
  // At most `most`.
  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t shard_count = 64;
  using Map = absl::flat_hash_map<Digest32, std::shared_ptr<const KnownToken>>;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    Map young, old;
  };
  [[nodiscard]] Shard& shard_of(const Digest32& token) { return shards_[token[0] % shard_count]; }
  void put(Shard& shard, const Digest32& token, std::shared_ptr<const KnownToken> known) const;

  std::size_t half_;  // of a shard
  std::array<Shard, shard_count> shards_;
};

}  // namespace curfew::enforcement
