#include "core/enforcement/token_cache.hpp"

#include <algorithm>
#include <utility>

namespace curfew::enforcement {

TokenCache::TokenCache(std::size_t most) : half_(std::max<std::size_t>(1, most / shard_count / 2)) {}

std::shared_ptr<const KnownToken> TokenCache::find(const Digest32& token, Time now) {
  Shard& shard = shard_of(token);
  const std::lock_guard lock(shard.mutex);
  if (const auto found = shard.young.find(token); found != shard.young.end()) {
    if (now < found->second->expires_at) return found->second;
    shard.young.erase(found);
    return nullptr;
  }
  const auto found = shard.old.find(token);
  if (found == shard.old.end()) return nullptr;
  std::shared_ptr<const KnownToken> known = std::move(found->second);
  shard.old.erase(found);
  if (now >= known->expires_at) return nullptr;
  put(shard, token, known);
  return known;
}

void TokenCache::put(const Digest32& token, std::shared_ptr<const KnownToken> known) {
  Shard& shard = shard_of(token);
  const std::lock_guard lock(shard.mutex);
  shard.old.erase(token);
  put(shard, token, std::move(known));
}

void TokenCache::put(Shard& shard, const Digest32& token, std::shared_ptr<const KnownToken> known) const {
  if (shard.young.size() >= half_ && !shard.young.contains(token)) {
    shard.old = std::move(shard.young);
    shard.young = {};
  }
  shard.young.insert_or_assign(token, std::move(known));
}

std::size_t TokenCache::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.young.size() + shard.old.size();
  }
  return sum;
}

}  // namespace curfew::enforcement
