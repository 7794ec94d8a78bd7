#include "core/enforcement/gate_view.hpp"

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <mutex>

namespace curfew::enforcement {
namespace {

using model::ActivityClass;
using model::Refusal;
using model::SessionDigest;
using model::Standing;

constexpr std::size_t shard_count = 256;
constexpr std::int64_t none = 0;  // of a time: not set

// What few combinations of policies make: kept once in each shard, not in each session.
struct Limits {
  std::int64_t warn_before = 0;  // refuse_at
  std::int64_t idle_limit = 0;
  std::int64_t idle_warning = 0;
  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Cell {
  std::int64_t refuse_at = none;
  std::int64_t last_person = none;
  std::uint32_t limits = 0;  // index into the shard's
  Standing standing = Standing::Live;
  Refusal refusal = Refusal::None;
  // A deadline refused it, and no entry has come since.
  Refusal overdue = Refusal::None;
};
static_assert(sizeof(Cell) == 24);

// Two words, so that comparing is two instructions.
struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Key&, const Key&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Key& key) {
    return H::combine(std::move(state), key.high, key.low);
  }
};

Key key_of(const SessionDigest& session) {
  Key key;
  std::memcpy(&key.high, session.bytes.data(), sizeof(key.high));
  std::memcpy(&key.low, session.bytes.data() + sizeof(key.high), sizeof(key.low));
  return key;
}

SessionDigest digest_of(const Key& key) {
  SessionDigest session;
  std::memcpy(session.bytes.data(), &key.high, sizeof(key.high));
  std::memcpy(session.bytes.data() + sizeof(key.high), &key.low, sizeof(key.low));
  return session;
}

std::size_t shard_of(const Key& key) { return key.low % shard_count; }

// Requests of one class that were not handed out yet.
struct Waiting {
  std::uint32_t count = 0;
  std::int64_t first = none;
  std::int64_t last = none;
  std::int64_t handed_at = none;  // when this session and class was handed out last

  void add(std::int64_t at) {
    if (count == 0) first = at;
    last = std::max(last, at);
    if (count < std::numeric_limits<std::uint32_t>::max()) ++count;
  }
};
enum Lane : std::size_t { Person, Machine, lanes };
using Active = std::array<Waiting, lanes>;

// A client that presents a refused session.
struct Stranger {
  Waiting waiting;
  std::string address;
  std::string user_agent;
};
// Tokens of one person that were issued up to a sign-out.
struct Denial {
  std::int64_t issued_until = none;
  Refusal refusal = Refusal::None;
};

// Of a shard; beyond, they are counted together.
constexpr std::size_t most_strangers = 1'024;

std::int64_t whole_seconds(std::int64_t micros) { return (micros + 999'999) / 1'000'000; }

}  // namespace

// Padded so that neighbours don't share a line of the cache.
struct alignas(64) GateView::Shard {
  std::mutex mutex;
  absl::btree_map<Key, Cell> cells;
  std::vector<Limits> limits;
  absl::flat_hash_map<Key, Active> active;
  absl::flat_hash_map<std::pair<Key, std::size_t>, Stranger> strangers;  // refused, by session and client
  std::int64_t swept = std::numeric_limits<std::int64_t>::min();         // time of the last take_activity
  std::uint64_t refused = 0;
  absl::btree_map<std::pair<std::uint64_t, model::OrderNumber>, Denial> denials;  // by person and sign-out

  std::uint32_t limits_index(const Limits& wanted) {
    const auto found = std::find(limits.begin(), limits.end(), wanted);
    if (found != limits.end()) return static_cast<std::uint32_t>(found - limits.begin());
    limits.push_back(wanted);
    return static_cast<std::uint32_t>(limits.size() - 1);
  }

  void note(const Key& key, Lane lane, std::int64_t at) { active[key][lane].add(std::max(at, swept + 1)); }

  void note_refused(const Key& key, const GateClient& client, std::int64_t at) {
    std::pair<Key, std::size_t> who{key, absl::HashOf(client.address.substr(0, max_client_text),
                                                      client.user_agent.substr(0, max_client_text))};
    if (strangers.size() >= most_strangers && !strangers.contains(who)) who = {key, 0};
    Stranger& stranger = strangers[who];
    if (stranger.waiting.count == 0 && who.second != 0) {
      stranger.address = client.address.substr(0, max_client_text);
      stranger.user_agent = client.user_agent.substr(0, max_client_text);
    }
    stranger.waiting.add(std::max(at, swept + 1));
  }

  // What reaches its limit now; None: nothing.
  [[nodiscard]] Refusal overdue(const Cell& cell, std::int64_t now) const {
    if (cell.refuse_at != none && now >= cell.refuse_at) return Refusal::SessionTimeout;
    const std::int64_t idle = limits[cell.limits].idle_limit;
    if (idle != 0 && cell.last_person != none && now - cell.last_person >= idle) return Refusal::IdleTimeout;
    return Refusal::None;
  }

  // Microseconds until the nearest limit whose warning has begun; 0: no warning.
  [[nodiscard]] std::int64_t warned(const Cell& cell, std::int64_t now) const {
    const Limits& limit = limits[cell.limits];
    std::int64_t left = 0;
    const auto consider = [&](std::int64_t rest, std::int64_t warning) {
      if (rest > 0 && rest <= warning && (left == 0 || rest < left)) left = rest;
    };
    if (cell.refuse_at != none) consider(cell.refuse_at - now, limit.warn_before);
    if (limit.idle_limit != 0 && cell.last_person != none)
      consider(cell.last_person + limit.idle_limit - now, limit.idle_warning);
    return left;
  }
};

struct GateView::Guarded {
  std::string source;
  std::array<Shard, shard_count> shards;
};

GateView::GateView(std::vector<std::string> sources) {
  for (std::string& source : sources) {
    if (guards(source)) continue;
    guarded_.push_back(std::make_unique<Guarded>());
    guarded_.back()->source = std::move(source);
  }
}

GateView::~GateView() = default;

GateView::Guarded* GateView::find(std::string_view source) const {
  // A handful of sources: no map is quicker.
  for (const auto& guarded : guarded_) {
    if (guarded->source == source) return guarded.get();
  }
  return nullptr;
}

bool GateView::guards(std::string_view source) const { return find(source) != nullptr; }

void GateView::apply(std::span<const model::GateEntry> entries) {
  for (const model::GateEntry& entry : entries) {
    Guarded* guarded = find(entry.source);
    if (guarded == nullptr || !entry.session) continue;
    const Key key = key_of(entry.session);
    Shard& shard = guarded->shards[shard_of(key)];
    const std::lock_guard lock(shard.mutex);
    const auto old = shard.cells.find(key);
    const bool was_refused = old != shard.cells.end() && old->second.standing == Standing::Refused;
    if (was_refused) --shard.refused;
    if (entry.standing == Standing::Forgotten) {
      // What was signed out stays so as long as its cookie may live; the engine forgets it earlier.
      const bool stays =
          was_refused && old->second.refusal != Refusal::SignedOut && old->second.refusal != Refusal::Expired;
      if (stays) ++shard.refused;
      if (!stays && old != shard.cells.end()) shard.cells.erase(old);
      continue;
    }
    Cell cell;
    cell.standing = entry.standing;
    cell.last_person = base::to_micros(entry.last_person_at);
    if (entry.standing == Standing::Refused) {
      ++shard.refused;
      cell.refusal = entry.refusal == Refusal::None ? Refusal::Policy : entry.refusal;
      cell.limits = shard.limits_index({});
    } else {
      cell.refuse_at = base::to_micros(entry.refuse_at);
      Limits limits{.warn_before = 0,
                    .idle_limit = entry.idle_limit.count(),
                    .idle_warning = entry.idle_warning.count()};
      if (cell.refuse_at != none && entry.warn_at != Time{})
        limits.warn_before = std::max<std::int64_t>(0, cell.refuse_at - base::to_micros(entry.warn_at));
      cell.limits = shard.limits_index(limits);
    }
    if (old == shard.cells.end()) {
      shard.cells.emplace(key, cell);
    } else {
      // What was seen here of a session that was let pass, the engine may not have heard of yet.
      if (!was_refused) cell.last_person = std::max(cell.last_person, old->second.last_person);
      old->second = cell;
    }
  }
}

void GateView::apply(std::span<const model::TokenDenial> denials) {
  for (const model::TokenDenial& one : denials) {
    Guarded* guarded = find(one.source);
    if (guarded == nullptr || !one.person) continue;
    Shard& shard = guarded->shards[one.person.bits % shard_count];
    const std::lock_guard lock(shard.mutex);
    if (one.issued_until == Time{}) {
      shard.denials.erase({one.person.bits, one.order});
    } else {
      shard.denials[{one.person.bits, one.order}] = {base::to_micros(one.issued_until), one.refusal};
    }
  }
}

Refusal GateView::denied(std::string_view source, model::Ref person, Time issued_at) const {
  Guarded* guarded = find(source);
  if (guarded == nullptr || !person) return Refusal::None;
  Shard& shard = guarded->shards[person.bits % shard_count];
  const std::lock_guard lock(shard.mutex);
  // `iat` is the beginning of its second: what has the sign-out's own is refused, as nobody knows which was
  // first.
  for (auto one = shard.denials.lower_bound({person.bits, 0});
       one != shard.denials.end() && one->first.first == person.bits; ++one) {
    if (base::to_micros(issued_at) <= one->second.issued_until) return one->second.refusal;
  }
  return Refusal::None;
}

std::uint64_t GateView::forget_denials(Time now, Duration longest_life) {
  const std::int64_t until = base::to_micros(now - longest_life);
  std::uint64_t forgotten = 0;
  for (const auto& guarded : guarded_) {
    for (Shard& shard : guarded->shards) {
      const std::lock_guard lock(shard.mutex);
      const std::size_t before = shard.denials.size();
      for (auto one = shard.denials.begin(); one != shard.denials.end();)
        one = one->second.issued_until < until ? shard.denials.erase(one) : std::next(one);
      forgotten += before - shard.denials.size();
    }
  }
  return forgotten;
}

Decision GateView::judge(std::string_view source, const SessionDigest& session, Time now, bool deadlines,
                         const ActivityClass* activity, const GateClient& client) {
  Guarded* guarded = find(source);
  if (guarded == nullptr) return {};
  const Key key = key_of(session);
  const std::int64_t at = base::to_micros(now);
  Shard& shard = guarded->shards[shard_of(key)];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.cells.find(key);
  if (found == shard.cells.end()) return {};
  Cell& cell = found->second;
  if (cell.standing == Standing::Refused) {
    if (activity != nullptr) shard.note_refused(key, client, at);
    return {GateVerdict::Refuse, cell.refusal, 0};
  }
  if (cell.overdue == Refusal::None && deadlines) cell.overdue = shard.overdue(cell, at);
  if (cell.overdue != Refusal::None)
    return {.verdict = GateVerdict::Refuse, .refusal = cell.overdue, .undecided = true};
  if (activity != nullptr) {
    const bool person = *activity == ActivityClass::Person;
    if (person) cell.last_person = std::max(cell.last_person, at);
    shard.note(key, person ? Person : Machine, at);
  }
  const std::int64_t left = deadlines ? shard.warned(cell, at) : 0;
  if (left == 0) return {GateVerdict::Pass, Refusal::None, 0};
  return {GateVerdict::Warn, Refusal::None, whole_seconds(left)};
}

Decision GateView::decide(std::string_view source, const SessionDigest& session, Time now,
                          ActivityClass activity_class, bool deadlines, const GateClient& client) {
  return judge(source, session, now, deadlines, &activity_class, client);
}

Decision GateView::look(std::string_view source, const SessionDigest& session, Time now, bool deadlines) {
  return judge(source, session, now, deadlines, nullptr, {});
}

bool GateView::refuses(std::string_view source, const SessionDigest& session) const {
  Guarded* guarded = find(source);
  if (guarded == nullptr) return false;
  const Key key = key_of(session);
  Shard& shard = guarded->shards[shard_of(key)];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.cells.find(key);
  return found != shard.cells.end() && found->second.standing == Standing::Refused;
}

Time GateView::take_activity(Time now, Duration quantum, std::vector<GateActivity>& out) {
  std::int64_t complete = base::to_micros(now);
  const std::int64_t at = complete;
  for (const auto& guarded : guarded_) {
    for (Shard& shard : guarded->shards) {
      const std::lock_guard lock(shard.mutex);
      // A request whose time was read before `now` and is noted after this counts as later: what was said to
      // be complete stays so. The same holds while a clock that was set back is behind.
      shard.swept = std::max(shard.swept, at);
      const auto rests = [&](const Waiting& waiting) {
        return waiting.handed_at != none && at >= waiting.handed_at &&
               at - waiting.handed_at < quantum.count();
      };
      for (auto entry = shard.active.begin(); entry != shard.active.end();) {
        bool idle = true;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          Waiting& waiting = entry->second[lane];
          if (waiting.count > 0 && !rests(waiting)) {
            out.push_back({.source = guarded->source,
                           .session = digest_of(entry->first),
                           .activity_class = lane == Machine ? ActivityClass::Machine : ActivityClass::Person,
                           .count = waiting.count,
                           .last_at = base::from_micros(waiting.last),
                           .address = {},
                           .user_agent = {}});
            waiting = {};
            waiting.handed_at = at;
          } else if (waiting.count > 0) {
            complete = std::min(complete, waiting.first - 1);
          }
          idle = idle && waiting.count == 0 && !rests(waiting) && waiting.handed_at != at;
        }
        if (idle)
          shard.active.erase(entry++);
        else
          ++entry;
      }
      for (auto entry = shard.strangers.begin(); entry != shard.strangers.end();) {
        Stranger& stranger = entry->second;
        Waiting& waiting = stranger.waiting;
        if (waiting.count == 0 && !rests(waiting)) {
          shard.strangers.erase(entry++);
          continue;
        }
        if (waiting.count > 0 && !rests(waiting)) {
          out.push_back({.source = guarded->source,
                         .session = digest_of(entry->first.first),
                         .refused = true,
                         .count = waiting.count,
                         .last_at = base::from_micros(waiting.last),
                         .address = stranger.address,
                         .user_agent = stranger.user_agent});
          waiting = {};
          waiting.handed_at = at;
        }
        ++entry;
      }
    }
  }
  return base::from_micros(complete);
}

GateView::Counts GateView::counts() const {
  Counts counts;
  for (const auto& guarded : guarded_) {
    for (Shard& shard : guarded->shards) {
      const std::lock_guard lock(shard.mutex);
      counts.live += shard.cells.size() - shard.refused;
      counts.refused += shard.refused;
      counts.active += shard.active.size();
      counts.denials += shard.denials.size();
    }
  }
  return counts;
}

}  // namespace curfew::enforcement
