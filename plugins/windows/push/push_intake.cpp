#include "plugins/windows/push/push_intake.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "plugins/windows/pairing.hpp"
#include "plugins/windows/push/event_text.hpp"
#include "plugins/windows/record_kinds.hpp"

namespace curfew::windows {
namespace {

constexpr std::string_view kept_prefix = "pushed/";
constexpr std::string_view seen_prefix = "seen/";
// What the host takes as a value, and a little less.
constexpr std::size_t longest_value = 4000;
constexpr std::size_t digits_of_identity = 16;

std::optional<std::uint64_t> number_in(std::string_view digits, int base) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// Of what is counted only.
std::size_t others_in(const PushIntake::Batch& batch) {
  return batch.passed_over.size() + batch.repeats.size() + batch.unreadable.size();
}

void append_identity(std::string& text, std::uint64_t identity) {
  for (unsigned shift = 64; shift > 0; shift -= 4)
    text += "0123456789abcdef"[(identity >> (shift - 4)) & 15U];
}

}  // namespace

bool PushIntake::restore(std::string_view key, std::string_view value) {
  if (key.starts_with(kept_prefix)) {
    const auto number = number_in(key.substr(kept_prefix.size()), 10);
    if (!number) return false;
    restored_[*number] = {std::string(key), std::string(value)};
    number_ = std::max(number_, *number);
    return true;
  }
  if (!key.starts_with(seen_prefix)) return false;
  const auto number = number_in(key.substr(seen_prefix.size()), 10);
  if (!number) return false;
  number_ = std::max(number_, *number);
  Seen seen{std::string(key), {}};
  for (std::size_t i = 0; i + digits_of_identity <= value.size(); i += digits_of_identity) {
    if (const auto identity = number_in(value.substr(i, digits_of_identity), 16))
      seen.identities.push_back(*identity);
  }
  know(std::move(seen));
  return true;
}

void PushIntake::end_restore() {
  // A sender may have come again after half of a request was kept: each record once.
  std::unordered_set<std::uint64_t> here;
  for (auto& [number, kept] : std::exchange(restored_, {})) {
    Batch batch;
    batch.is_restored = true;
    Kept once{std::move(kept.key), {}};
    Seen seen;
    const bool whole = read_events(kept.records, [&](WindowsEvent&& event) {
      const std::uint64_t identity = identity_of(event);
      if (!here.insert(identity).second) return;
      seen.identities.push_back(identity);
      append_event(once.records, event);
      ++batch.records;
    });
    if (!whole) batch.unreadable.push_back({std::nullopt, once.key, "what was kept of it is damaged"});
    know(std::move(seen));
    batch.kept.push_back(std::move(once));
    waiting_ += batch.records;
    batches_.push_back(std::move(batch));
  }
}

void PushIntake::know(Seen seen) {
  known_.insert(seen.identities.begin(), seen.identities.end());
  known_in_order_.push_back(std::move(seen));
  while (known_.size() > limits_.known_identities && known_in_order_.size() > 1) {
    Seen& oldest = known_in_order_.front();
    for (const std::uint64_t identity : oldest.identities) known_.erase(identity);
    if (!oldest.key.empty()) drop({std::move(oldest.key)});
    known_in_order_.pop_front();
  }
}

void PushIntake::drop(std::vector<std::string> keys) {
  const std::lock_guard lock(mutex_);
  superfluous_.insert(superfluous_.end(), std::make_move_iterator(keys.begin()),
                      std::make_move_iterator(keys.end()));
}

std::vector<Verdict> PushIntake::take(std::vector<PushedRecord>&& records, const Remember& remember) {
  const std::lock_guard taking(taking_);
  std::vector<Verdict> verdicts;
  std::size_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    waiting = waiting_;
    if (others_ >= limits_.waiting_records) {
      verdicts.assign(records.size(), Verdict::Busy);
      return verdicts;
    }
  }
  verdicts.reserve(records.size());
  Batch batch;
  std::unordered_set<std::uint64_t> here;
  std::vector<std::uint64_t> identities;
  bool any_repeat = false;
  std::uint64_t number = number_;
  Kept kept;
  const auto close = [&] {
    if (kept.records.empty()) return;
    kept.key = std::string(kept_prefix) + std::to_string(++number);
    batch.kept.push_back(std::exchange(kept, {}));
  };
  for (PushedRecord& record : records) {
    if (!record.event) {
      verdicts.push_back(Verdict::Unreadable);
      batch.unreadable.push_back(std::move(record));
      continue;
    }
    WindowsEvent& event = *record.event;
    if (!Pairing::uses(event)) {
      verdicts.push_back(Verdict::Taken);
      batch.passed_over.push_back(std::move(event));
      continue;
    }
    const std::uint64_t identity = identity_of(event);
    if (known_.contains(identity) || !here.insert(identity).second) {
      any_repeat = true;
      verdicts.push_back(Verdict::Repeat);
      batch.repeats.push_back(std::move(event));
      continue;
    }
    if (waiting + batch.records >= limits_.waiting_records) {
      here.erase(identity);
      verdicts.push_back(Verdict::Busy);
      continue;
    }
    std::string text;
    append_event(text, event);
    if (text.size() > longest_value) {
      verdicts.push_back(Verdict::TooLarge);
      batch.unreadable.push_back({std::nullopt, record.place, "its fields are longer than 4000 bytes"});
      continue;
    }
    if (kept.records.size() + text.size() > longest_value) close();
    kept.records += text;
    identities.push_back(identity);
    ++batch.records;
    verdicts.push_back(Verdict::Taken);
  }
  close();

  // Kept first: what is in memory alone would be taken for known when the sender comes again.
  std::vector<std::string> so_far;
  const auto keep = [&](const std::string& key, std::string_view value) {
    if (remember(key, value)) {
      so_far.push_back(key);
      return;
    }
    number_ = number;  // a number is used once
    drop(std::move(so_far));
    throw NotKept();
  };
  for (const Kept& one : batch.kept) keep(one.key, one.records);
  std::vector<Seen> seen;
  std::string text;
  Seen now;
  const auto close_seen = [&] {
    now.key = std::string(seen_prefix) + std::to_string(++number);
    keep(now.key, text);
    if (!now.identities.empty()) seen.push_back(std::exchange(now, {}));
    text.clear();
  };
  for (const std::uint64_t identity : identities) {
    append_identity(text, identity);
    now.identities.push_back(identity);
    if (text.size() + digits_of_identity > longest_value) close_seen();
  }
  // What was taken before may not be durable yet. Whoever waits for this word, waits for that too.
  if (!text.empty() || (any_repeat && identities.empty())) close_seen();
  number_ = number;
  for (Seen& one : seen) know(std::move(one));
  const std::lock_guard lock(mutex_);
  waiting_ += batch.records;
  others_ += others_in(batch);
  batches_.push_back(std::move(batch));
  return verdicts;
}

std::optional<PushIntake::Batch> PushIntake::next() {
  const std::lock_guard lock(mutex_);
  if (batches_.empty()) return std::nullopt;
  Batch batch = std::move(batches_.front());
  batches_.pop_front();
  others_ -= std::min(others_, others_in(batch));
  return batch;
}

void PushIntake::judged(std::size_t records) {
  const std::lock_guard lock(mutex_);
  waiting_ -= std::min(waiting_, records);
}

std::vector<std::string> PushIntake::take_superfluous() {
  const std::lock_guard lock(mutex_);
  return std::exchange(superfluous_, {});
}

std::size_t PushIntake::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace curfew::windows
