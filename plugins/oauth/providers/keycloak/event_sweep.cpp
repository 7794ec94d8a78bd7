#include "plugins/oauth/providers/keycloak/event_sweep.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>

namespace curfew::oauth::keycloak {
namespace {
constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();
}  // namespace

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
  Page page;
  try {
    page = options_.fetch(bottom(), first_, options_.page);
  } catch (...) {
    restart();
    throw;
  }
  first_ += page.rows;
  read_ += page.rows;
  unreadable_ += page.unreadable;
  const bool is_last = page.rows < options_.page;
  if (!std::is_sorted(page.records.begin(), page.records.end(),
                      [](const Record& a, const Record& b) { return a.time > b.time; })) {
    restart();
    throw plugin::Failure(
        plugin::Code::Failed,
        "Keycloak's events do not come newest first: this version is not one that is known");
  }
  const bool is_deep = !page.records.empty() && page.records.back().time < bottom();
  collect(std::move(page.records));
  done_ = is_last || is_deep;
  return done_;
}

// While pages turn, new events push the older ones down: what was seen comes again, and newer ones with it.
void EventSweep::collect(std::vector<Record> records) {
  std::map<std::string, std::size_t> again = at_last_time_;
  const std::int64_t end_of_last_page = last_time_;
  for (Record& record : records) {
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
  std::vector<Record> all(std::make_move_iterator(kept_.rbegin()), std::make_move_iterator(kept_.rend()));
  std::stable_sort(all.begin(), all.end(), [](const Record& a, const Record& b) { return a.time < b.time; });
  std::set<std::string> known(mark_.known.begin(), mark_.known.end());
  std::map<std::string, std::size_t> times;
  Mark next = mark_;
  std::vector<std::pair<std::int64_t, std::string>> seen;
  for (Record& record : all) {
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

}  // namespace curfew::oauth::keycloak
