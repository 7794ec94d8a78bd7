// Pictures as inline SVG: no script, readable without colour, every value also as text.
//
//   out += time_chart(statistics.levels(96), Measure::LiveAtOnce, statistics.step(96));
//
// Threads: pure functions. Fails: never; without values there is a sentence instead of a picture.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/report/statistics.hpp"

namespace curfew::report {

// LivedIn: how many lived at some time of a step, whether together or not.
enum class Measure : std::uint8_t { LiveAtOnce, Starts, LivedIn };

inline constexpr std::size_t chart_steps = 96;
inline constexpr std::string_view nothing_to_draw =
    "No session has a known beginning, so there is nothing to draw.";

[[nodiscard]] std::string time_chart(const std::vector<SessionStatistics::Level>& levels, Measure measure,
                                     Duration step);

struct Bar {
  std::string name;
  std::uint64_t value = 0;
  bool hatched = false;  // a second kind, told apart without colour
};
[[nodiscard]] std::string bar_chart(const std::vector<Bar>& bars, const std::string& what);

}  // namespace curfew::report
