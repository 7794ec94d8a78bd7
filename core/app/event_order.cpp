#include "core/app/event_order.hpp"

#include <algorithm>

namespace curfew::app {

void EventOrder::put(Arrival arrival) {
  const Time time = std::get<connector::Admitted>(arrival.body).facts.occurred_at;
  held_.push_back({time, ++number_, std::move(arrival)});
  std::push_heap(held_.begin(), held_.end(), Later{});
}

void EventOrder::advance(const std::string& source, Time observed_until) {
  const auto found = watermarks_.find(source);
  if (found != watermarks_.end()) found->second = std::max(found->second, observed_until);
}

std::optional<EventOrder::Released> EventOrder::next() {
  if (held_.empty()) return std::nullopt;
  if (held_.front().time > watermark()) {
    if (held_.size() <= most_) return std::nullopt;
    ++released_early_;
  }
  std::pop_heap(held_.begin(), held_.end(), Later{});
  Released released{held_.back().time, std::move(held_.back().arrival)};
  held_.pop_back();
  return released;
}

Time EventOrder::watermark() const {
  Time least = base::latest_time;
  for (const auto& [source, time] : watermarks_) least = std::min(least, time);
  return least;
}

}  // namespace curfew::app
