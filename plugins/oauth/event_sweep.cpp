#include "plugins/oauth/event_sweep.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "plugins/oauth/stored_number.hpp"

namespace curfew::oauth {
namespace {
constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();
}  // namespace

nlohmann::json json_of(const Mark& mark, std::size_t most_bytes_of_keys) {
  std::size_t first = mark.known.size();
  for (std::size_t bytes = 0; first > 0; --first) {
    bytes += mark.known[first - 1].size() + 3;
    if (bytes > most_bytes_of_keys) break;
  }
  nlohmann::json known = nlohmann::json::array();
  for (std::size_t i = first; i < mark.known.size(); ++i) known.push_back(mark.known[i]);
  return {{"time", mark.time}, {"floor", mark.floor}, {"known", std::move(known)}};
}

Mark mark_of(const nlohmann::json& value) {
  Mark mark;
  mark.time = stored_number(value, "time");
  mark.floor = stored_number(value, "floor");
  value.at("known").get_to(mark.known);
  return mark;
}

std::int64_t EventSweep::bottom() const { return std::max(mark_.time - options_.overlap, mark_.floor); }

void EventSweep::restart() {
  first_ = 0;
  done_ = false;
  kept_.clear();
  dropped_ = false;
  last_time_ = unlimited;
  at_last_time_.clear();
  read_ = unreadable_ = 0;
}

bool EventSweep::step() {
  if (done_) return true;
  if (first_ == 0) restart();
  SweepPage page;
  try {
    page = options_.fetch(bottom(), first_, options_.page);
  } catch (...) {
    restart();
    throw;
  }
  first_ += page.rows;
  read_ += page.rows;
  unreadable_ += page.unreadable;
  const bool is_last = page.is_last.value_or(page.rows < options_.page);
  if (!std::is_sorted(page.records.begin(), page.records.end(),
                      [](const SweepRecord& a, const SweepRecord& b) { return a.time > b.time; })) {
    restart();
    throw plugin::Failure(
        plugin::Code::Failed,
        options_.whose + "'s events do not come newest first: this version is not one that is known");
  }
  const bool is_deep = !page.records.empty() && page.records.back().time < bottom();
  collect(std::move(page.records));
  done_ = is_last || is_deep;
  return done_;
}

// While pages turn, new events push the older ones down: what was seen comes again, and newer ones with it.
void EventSweep::collect(std::vector<SweepRecord> records) {
  std::map<std::string, std::size_t> again = at_last_time_;
  const std::int64_t end_of_last_page = last_time_;
  for (SweepRecord& record : records) {
    if (record.time > end_of_last_page) continue;  // seen, or younger than this sweep
    if (record.time == end_of_last_page) {
      if (const auto seen = again.find(record.identity); seen != again.end() && seen->second > 0) {
        --seen->second;
        continue;
      }
    }
    if (record.time < bottom()) continue;
    if (record.time != last_time_) {
      last_time_ = record.time;
      at_last_time_.clear();
    }
    ++at_last_time_[record.identity];
    kept_.push_back(std::move(record));
    if (kept_.size() > options_.most_kept) {
      kept_.pop_front();
      dropped_ = true;
    }
  }
}

Swept EventSweep::take() {
  Swept swept;
  swept.is_all = !dropped_;
  swept.read = read_;
  swept.unreadable = unreadable_;
  std::vector<SweepRecord> all(std::make_move_iterator(kept_.rbegin()),
                               std::make_move_iterator(kept_.rend()));
  std::stable_sort(all.begin(), all.end(),
                   [](const SweepRecord& a, const SweepRecord& b) { return a.time < b.time; });
  std::set<std::string> known(mark_.known.begin(), mark_.known.end());
  std::map<std::string, std::size_t> times;
  Mark next = mark_;
  std::vector<std::pair<std::int64_t, std::string>> seen;
  for (SweepRecord& record : all) {
    // Equal in everything, and still two.
    const std::size_t number = times[record.identity]++;
    if (number > 0) record.identity += "#" + std::to_string(number);
    seen.emplace_back(record.time, record.identity);
    next.time = std::max(next.time, record.time);
    if (known.contains(record.identity)) continue;
    swept.records.push_back(std::move(record));
  }
  swept.lost_sight = !mark_.known.empty() &&
                     times.find(mark_.known.back().substr(0, mark_.known.back().find('#'))) == times.end();
  next.known.clear();
  for (auto& [time, key] : seen) {
    if (time >= next.time - options_.overlap) next.known.push_back(std::move(key));
  }
  mark_ = std::move(next);
  restart();
  return swept;
}

}  // namespace curfew::oauth
