#include "core/base/duration_words.hpp"

#include <array>
#include <utility>

namespace curfew::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::pair<std::int64_t, const char*>, 4> units{
    {{86'400, " d"}, {3'600, " h"}, {60, " min"}, {1, " s"}}};

// At most `most` units, from the largest that is not zero on; a zero between them is left out.
std::string units_of(std::int64_t rest, std::size_t most) {
  std::string text;
  for (const auto& [size, name] : units) {
    const std::int64_t count = rest / size;
    rest %= size;
    if (text.empty() && count == 0) continue;
    if (count != 0) text += (text.empty() ? "" : " ") + std::to_string(count) + name;
    if (--most == 0) break;
  }
  return text;
}

// `digits` behind the point, rounded.
std::string decimal(Duration duration, int digits) {
  const std::int64_t scale = digits == 2 ? 100 : 10;
  const std::int64_t unit = 1'000'000 / scale;
  const std::int64_t parts = (duration.count() + unit / 2) / unit;
  std::string fraction = std::to_string(parts % scale);
  fraction.insert(0, static_cast<std::size_t>(digits) - fraction.size(), '0');
  return std::to_string(parts / scale) + "." + fraction + " s";
}

std::string below_a_minute(Duration duration) {
  if (duration == Duration{0}) return "0 s";
  if (duration < milliseconds(5)) return "under 0.01 s";
  if (duration % seconds(1) == Duration{0}) return std::to_string(duration / seconds(1)) + " s";
  // What rounds up to the next unit is told in it.
  return decimal(duration, duration < milliseconds(995) ? 2 : 1);
}

std::string words(Duration duration, std::size_t most) {
  if (duration < Duration{0}) return "-" + words(-duration, most);
  if (duration < milliseconds(59'950)) return below_a_minute(duration);
  const Duration whole = duration < seconds(60) ? Duration{seconds(60)} : duration;
  return units_of(whole / seconds(1), most);
}

}  // namespace

std::string in_words(Duration duration) { return words(duration, 2); }
std::string exactly_in_words(Duration duration) {
  if (duration < seconds(1) || (duration < seconds(60) && duration % seconds(1) != Duration{0}))
    return words(duration, units.size());
  return units_of(duration / seconds(1), units.size());
}

}  // namespace curfew::base
