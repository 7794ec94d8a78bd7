#include "core/connector/dictionary.hpp"

#include <functional>
#include <utility>

#include "core/base/digest.hpp"

namespace curfew::connector {

// No namespace holds a NUL (the bridge cleans texts), so the key is unambiguous.
void Dictionary::write_key(std::string& key, model::PersonalKind kind, std::string_view name_space,
                           std::string_view value) {
  key.clear();
  key += static_cast<char>(kind);
  key += name_space;
  key += '\0';
  key += value;
}

std::size_t Dictionary::shard_of(std::string_view key) noexcept {
  return std::hash<std::string_view>{}(key) >> 60;
}

std::uint64_t Dictionary::draw() {
  // A call of the generator costs the same for 8 bytes as for 512.
  thread_local std::array<std::uint64_t, 64> drawn;
  thread_local std::size_t left = 0;
  for (;;) {
    if (left == 0) {
      base::fill_random({reinterpret_cast<std::uint8_t*>(drawn.data()), sizeof(drawn)});
      left = drawn.size();
    }
    const std::uint64_t bits = std::exchange(drawn[--left], 0);
    if (bits == 0) continue;  // "none"
    Used& used = used_[bits >> 60];
    const std::lock_guard lock(used.mutex);
    if (used.refs.insert(bits).second) return bits;
  }
}

Dictionary::Found Dictionary::refer(model::PersonalKind kind, std::string_view name_space,
                                    std::string_view value) {
  thread_local std::string key;
  write_key(key, kind, name_space, value);
  Shard& shard = shards_[shard_of(key)];
  {
    const std::lock_guard lock(shard.mutex);
    if (const auto found = shard.refs.find(key); found != shard.refs.end()) {
      return {model::Ref{found->second}, false};
    }
  }
  const std::uint64_t bits = draw();
  const std::lock_guard lock(shard.mutex);
  // Another thread may have been first meanwhile; then our draw is lost, which costs nothing.
  const auto [at, fresh] = shard.refs.try_emplace(key, bits);
  return {model::Ref{at->second}, fresh};
}

model::Ref Dictionary::find(model::PersonalKind kind, std::string_view name_space,
                            std::string_view value) const {
  std::string key;
  write_key(key, kind, name_space, value);
  const Shard& shard = shards_[shard_of(key)];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.refs.find(key);
  return found == shard.refs.end() ? model::Ref{} : model::Ref{found->second};
}

void Dictionary::know(const model::PersonalValue& value) {
  std::string key;
  write_key(key, value.kind, value.name_space, value.value);
  {
    Used& used = used_[value.ref.bits >> 60];
    const std::lock_guard lock(used.mutex);
    used.refs.insert(value.ref.bits);
  }
  Shard& shard = shards_[shard_of(key)];
  const std::lock_guard lock(shard.mutex);
  shard.refs.insert_or_assign(std::move(key), value.ref.bits);
}

void Dictionary::forget(const model::PersonalValue& value) {
  std::string key;
  write_key(key, value.kind, value.name_space, value.value);
  Shard& shard = shards_[shard_of(key)];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.refs.find(key);
  if (found != shard.refs.end() && found->second == value.ref.bits) shard.refs.erase(found);
}

}  // namespace curfew::connector
