// Working hours of a place: shifts of local days, and what the place's clocks showed when.
//
//   Hours hours({{{Weekday::Monday}, "08:00", "18:00"}}, offsets);   // offsets of Europe/Berlin
//   hours.first_closed(monday_noon) == monday_18_local; hours.next_open(monday_noon) == monday_noon
//
// Nothing here asks the machine for its zone: the offsets came with the configuration. Of a local time that
// comes twice, hours begin at the first and end at the second; one that is left out is the moment of the
// change. Threads: values. Owns: itself. Fails: Error(Configuration) for a time of day that is none.
#pragma once

#include <utility>
#include <vector>

#include "core/model/policy.hpp"

namespace curfew::policy {

class Hours {
 public:
  Hours() = default;
  Hours(const std::vector<model::Shift>& shifts, const std::vector<model::ZoneOffset>& offsets);

  // At `from` or later. Time::max(): never.
  [[nodiscard]] Time first_closed(Time from) const;
  [[nodiscard]] Time next_open(Time from) const;

 private:
  struct Window {
    int day = 0;  // 0: Monday
    Duration from{0};
    Duration to{0};  // since the same midnight, so past 24 hours if it ends on the next day
  };
  using Span = std::pair<Time, Time>;
  [[nodiscard]] Duration offset_at(Time utc) const;
  [[nodiscard]] Time to_utc(Duration clock, bool latest) const;
  // What is open around a time, two days before it and nine after it, merged.
  [[nodiscard]] std::vector<Span> open_around(Time at) const;

  std::vector<Window> windows_;
  std::vector<model::ZoneOffset> offsets_;
};

}  // namespace curfew::policy
