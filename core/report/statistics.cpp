#include "core/report/statistics.hpp"

#include <algorithm>

namespace curfew::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array<std::pair<std::string_view, Duration>, 5> length_bounds{{{"under 5 min", minutes(5)},
                                                                              {"5 min to 1 h", hours(1)},
                                                                              {"1 to 8 h", hours(8)},
                                                                              {"8 to 12 h", hours(12)},
                                                                              {"12 to 24 h", hours(24)}}};

Time floor_to(Time time, Duration step) {
  const Duration since = time.time_since_epoch();
  return Time{since - (since % step + step) % step};
}

// Steps that people read off an axis.
constexpr std::array<Duration, 14> nice_steps{std::chrono::seconds(10),
                                              minutes(1),
                                              minutes(5),
                                              minutes(15),
                                              hours(1),
                                              hours(3),
                                              hours(6),
                                              hours(12),
                                              hours(24),
                                              hours(72),
                                              hours(24 * 7),
                                              hours(24 * 30),
                                              hours(24 * 91),
                                              hours(24 * 365)};

}  // namespace

Duration SessionStatistics::length_of(const model::SessionRow& row, Time until) const {
  const Time end = row.ended_at == Time{} ? until : row.ended_at;
  return std::max(Duration{0}, end - row.started_at);
}

void SessionStatistics::add(const model::SessionRow& row) {
  ++total_;
  ++by_source_[row.source];
  ++by_type_[row.account_type];
  if (row.subject) subjects_.emplace(row.subject, true);
  if (!row.start_seen) ++starts_unseen_;
  corrections_ += row.corrections;
  const bool ended = row.state == model::SessionState::Ended;
  if (ended) ++ends_[{row.end_reason, row.end_certainty}];
  if (row.started_at == Time{}) return;  // nothing to place on a time line
  if (first_start_ == Time{} || row.started_at < first_start_) first_start_ = row.started_at;
  last_seen_ = std::max(
      {last_seen_, row.started_at, row.ended_at, row.last_person_activity_at, row.last_machine_activity_at});
  ++by_hour_[floor_to(row.started_at, hours(1))];
  changes_.emplace_back(row.started_at, 1);
  if (!ended || row.ended_at == Time{}) {
    ++live_;
    // Only the earliest can be among the longest, as all of them end together.
    open_.push_back(row);
    std::push_heap(open_.begin(), open_.end(),
                   [](const auto& a, const auto& b) { return a.started_at < b.started_at; });
    if (open_.size() > most_longest) {
      std::pop_heap(open_.begin(), open_.end(),
                    [](const auto& a, const auto& b) { return a.started_at < b.started_at; });
      open_.pop_back();
    }
    return;
  }
  if (row.ended_at > row.started_at) {
    changes_.emplace_back(row.ended_at, -1);
  } else {
    changes_.back().second = 0;  // began and ended at once: never beside another
  }
  const Duration length = length_of(row, row.ended_at);
  std::size_t bucket = 0;
  while (bucket < length_bounds.size() && length >= length_bounds[bucket].second) ++bucket;
  ++lengths_[bucket];
  const auto longer = [this](const model::SessionRow& a, const model::SessionRow& b) {
    return length_of(a, a.ended_at) > length_of(b, b.ended_at);
  };
  longest_.push_back(row);
  std::push_heap(longest_.begin(), longest_.end(), longer);
  if (longest_.size() > most_longest) {
    std::pop_heap(longest_.begin(), longest_.end(), longer);
    longest_.pop_back();
  }
}

void SessionStatistics::finish(Time until) {
  last_seen_ = std::max(last_seen_, until);
  longest_.insert(longest_.end(), open_.begin(), open_.end());
  std::sort(longest_.begin(), longest_.end(), [&](const auto& a, const auto& b) {
    const Duration left = length_of(a, last_seen_);
    const Duration right = length_of(b, last_seen_);
    return left != right ? left > right : a.number < b.number;
  });
  if (longest_.size() > most_longest) longest_.resize(most_longest);
  // At one and the same time ends come first: a session replaced by another was never beside it.
  std::sort(changes_.begin(), changes_.end());
  std::uint64_t now = 0;
  for (const auto& [at, change] : changes_) {
    if (change == 0) continue;
    now = change > 0 ? now + 1 : now - 1;
    if (now > most_at_once_.sessions) most_at_once_ = {now, at};
  }
}

std::uint64_t SessionStatistics::ends_inferred() const {
  std::uint64_t count = 0;
  for (const auto& [end, sessions] : ends_)
    count += end.certainty == model::Certainty::Inferred ? sessions : 0;
  return count;
}

std::map<Time, std::uint64_t> SessionStatistics::starts_by_day() const {
  std::map<Time, std::uint64_t> days;
  for (const auto& [hour, sessions] : by_hour_) days[floor_to(hour, hours(24))] += sessions;
  return days;
}

std::vector<SessionStatistics::Length> SessionStatistics::lengths() const {
  std::vector<Length> lengths;
  for (std::size_t i = 0; i < lengths_.size(); ++i) {
    lengths.push_back(
        {i < length_bounds.size() ? std::string(length_bounds[i].first) : "24 h or more", lengths_[i]});
  }
  return lengths;
}

Duration SessionStatistics::step(std::size_t most_steps) const {
  const Duration span = last_seen_ - first_start_;
  for (const Duration step : nice_steps) {
    if (span / step + 2 <= static_cast<std::int64_t>(most_steps)) return step;
  }
  const Duration year = nice_steps.back();
  return year * (span / (year * static_cast<std::int64_t>(most_steps)) + 1);
}

std::vector<SessionStatistics::Level> SessionStatistics::levels(std::size_t most_steps) const {
  std::vector<Level> levels;
  if (changes_.empty() || most_steps < 3) return levels;
  const Duration width = step(most_steps);
  const Time first = floor_to(first_start_, width);
  for (Time from = first; from <= last_seen_; from += width) levels.push_back({from, 0, 0});
  std::uint64_t now = 0;
  std::size_t next = 0;
  for (Level& level : levels) {
    // A step begins with who is there, without those who leave at its very beginning.
    while (next < changes_.size() && changes_[next].first == level.from && changes_[next].second < 0) {
      --now;
      ++next;
    }
    level.most = now;
    for (; next < changes_.size() && changes_[next].first < level.from + width; ++next) {
      const int change = changes_[next].second;
      if (change != 0) now = change > 0 ? now + 1 : now - 1;
      level.starts += change >= 0 ? 1 : 0;
      level.most = std::max(level.most, now);
    }
  }
  return levels;
}

void FailureStatistics::add(model::Ref subject, const std::string& source, const std::string& failure,
                            Time at, std::uint64_t count) {
  total_ += count;
  std::pair key{subject, source};
  if (rows_.size() >= most_subjects && !rows_.contains(key)) key.first = {};
  Row& row = rows_[key];
  row.subject = key.first;
  row.source = source;
  row.count += count;
  if (row.first_at == Time{} || at < row.first_at) row.first_at = at;
  row.last_at = std::max(row.last_at, at);
  row.failures[failure.empty() ? "unspecified" : failure] += count;
}

std::vector<FailureStatistics::Row> FailureStatistics::top(std::size_t most) const {
  std::vector<Row> rows;
  for (const auto& [key, row] : rows_) rows.push_back(row);
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.count > b.count; });
  if (rows.size() > most) rows.resize(most);
  return rows;
}

}  // namespace curfew::report
