#include "plugins/oauth/gate/session_names.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <utility>

namespace curfew::oauth {
namespace {

using plugin::SessionDigest;
using plugin::Time;

std::optional<SessionDigest> digest_of(std::string_view hex) {
  SessionDigest digest{};
  if (hex.size() != 2 * std::size(digest.bytes)) return std::nullopt;
  for (std::size_t i = 0; i < std::size(digest.bytes); ++i) {
    const char* const at = hex.data() + 2 * i;
    const auto read = std::from_chars(at, at + 2, digest.bytes[i], 16);
    if (read.ec != std::errc() || read.ptr != at + 2) return std::nullopt;
  }
  return digest;
}

}  // namespace

SessionNames::Key SessionNames::key_of(const SessionDigest& digest) {
  Key key{};
  static_assert(sizeof(key) == sizeof(digest.bytes));
  std::copy(std::begin(digest.bytes), std::end(digest.bytes), key.begin());
  return key;
}

bool SessionNames::know(const SessionDigest& name, const SessionDigest& session, Time now) {
  const std::lock_guard lock(mutex_);
  const Key key = key_of(name);
  Known known{.session = session};
  for (const auto* names : {&young_, &old_}) {
    const auto found = names->find(key);
    if (found == names->end() || !(found->second.session == session)) continue;
    known.told_at = found->second.told_at;
    break;
  }
  const bool is_new = known.told_at == Time{};
  note(key, known, now);
  put(key, known);
  return is_new;
}

std::optional<SessionDigest> SessionNames::find(const SessionDigest& name, Time now) {
  const std::lock_guard lock(mutex_);
  const Key key = key_of(name);
  if (const auto found = young_.find(key); found != young_.end()) {
    note(key, found->second, now);
    return found->second.session;
  }
  const auto found = old_.find(key);
  if (found == old_.end()) return std::nullopt;
  Known known = found->second;
  note(key, known, now);
  put(key, known);
  return known.session;
}

void SessionNames::note(const Key& key, Known& known, Time now) {
  // A clock that was set back makes none of them old.
  if (known.told_at != Time{} && now - known.told_at < news_every && now >= known.told_at) return;
  if (add_news(key)) known.told_at = now;
}

bool SessionNames::add_news(const Key& key) {
  if (news_.size() >= most_news && !news_.contains(key)) return false;
  news_.insert(key);
  return true;
}

void SessionNames::put(const Key& key, const Known& known) {
  if (young_.size() >= most / 2 && !young_.contains(key)) {
    // The host forgets them now, or in their time.
    for (const auto& one : old_) {
      if (!young_.contains(one.first)) (void)add_news(one.first);
    }
    old_ = std::exchange(young_, {});
  }
  young_[key] = known;
}

std::vector<Memory> SessionNames::take_news(Time now, std::size_t at_most) {
  const std::lock_guard lock(mutex_);
  std::vector<Memory> memories;
  while (!news_.empty() && memories.size() < at_most) {
    const Key key = news_.extract(news_.begin()).value();
    SessionDigest name{};
    std::copy(key.begin(), key.end(), std::begin(name.bytes));
    Memory memory{.key = std::string(prefix) + plugin::to_hex(name.bytes), .value = {}, .until = {}};
    for (const auto* names : {&young_, &old_}) {
      const auto found = names->find(key);
      if (found == names->end()) continue;
      memory.value = plugin::to_hex(found->second.session.bytes);
      memory.until = now + kept_for;
      break;
    }
    memories.push_back(std::move(memory));
  }
  return memories;
}

bool SessionNames::recall(std::string_view key, std::string_view value) {
  if (!key.starts_with(prefix)) return false;
  const auto name = digest_of(key.substr(prefix.size()));
  const auto session = digest_of(value);
  const std::lock_guard lock(mutex_);
  if (name && session) put(key_of(*name), {.session = *session});
  return true;
}

}  // namespace curfew::oauth
