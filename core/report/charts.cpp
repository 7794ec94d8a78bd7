#include "core/report/charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/duration_words.hpp"
#include "core/report/markup.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr int width = 960;
constexpr int left = 56;
constexpr int right = 12;
constexpr int top = 14;
constexpr int plot_height = 170;
constexpr int bottom = 44;

std::string number(double value) {
  // One decimal is finer than a pixel.
  const auto tenths = static_cast<std::int64_t>(std::llround(value * 10));
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10));
}

// The smallest of 1, 2, 5 × 10^n that is at least `value`; at least 4, so that a grid has whole numbers.
std::uint64_t nice_ceiling(std::uint64_t value) {
  for (std::uint64_t power = 1;; power *= 10) {
    for (const std::uint64_t factor :
         {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4}, std::uint64_t{5}}) {
      if (factor * power >= value && factor * power >= 4) return factor * power;
    }
  }
}

std::uint64_t value_of(const SessionStatistics::Level& level, Measure measure) {
  return measure == Measure::Starts ? level.starts : level.most;
}

struct Plot {
  std::size_t steps;
  std::uint64_t ceiling;
  [[nodiscard]] double x(std::size_t step) const {
    return left + (width - left - right) * static_cast<double>(step) / static_cast<double>(steps);
  }
  [[nodiscard]] double y(std::uint64_t value) const {
    return top + plot_height * (1.0 - static_cast<double>(value) / static_cast<double>(ceiling));
  }
};

std::string grid(const Plot& plot) {
  std::string out;
  for (int line = 0; line <= 4; ++line) {
    const std::uint64_t value = plot.ceiling * static_cast<std::uint64_t>(line) / 4;
    const std::string y = number(plot.y(value));
    out += "<line class=\"g\" x1=\"" + std::to_string(left) + "\" x2=\"" + std::to_string(width - right) +
           "\" y1=\"" + y + "\" y2=\"" + y + "\"/>";
    out += "<text class=\"a\" text-anchor=\"end\" x=\"" + std::to_string(left - 8) + "\" y=\"" +
           number(plot.y(value) + 4) + "\">" + wording::count(value) + "</text>";
  }
  return out;
}

// Steps between labels, as people read clocks and calendars.
Duration label_step(Duration span) {
  using std::chrono::hours;
  using std::chrono::minutes;
  constexpr std::array<Duration, 13> nice{
      minutes(1), minutes(5), minutes(15), minutes(30), hours(1),       hours(3),          hours(6),
      hours(12),  hours(24),  hours(48),   hours(168),  hours(24 * 28), hours(24 * 28 * 4)};
  for (const Duration step : nice) {
    if (span / step <= 9) return step;
  }
  const Duration year = hours(24 * 364);
  return year * (span / (year * 9) + 1);
}

// Labels at whole hours or days; where they are hours, the day stands below the first of each day.
std::string time_axis(const Plot& plot, const std::vector<SessionStatistics::Level>& levels, Duration step) {
  const Duration every = std::max(step, label_step(step * static_cast<std::int64_t>(levels.size())));
  const bool show_hours = every < std::chrono::hours(24);
  std::string out;
  std::string last_day;
  const std::string tick_top = std::to_string(top + plot_height);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    // Weeks are counted from a Monday: the epoch was a Thursday.
    const Duration since =
        levels[i].from.time_since_epoch() +
        (every >= std::chrono::hours(168) ? Duration(std::chrono::hours(72)) : Duration{0});
    if (since % every >= step) continue;
    const std::string text = wording::time(levels[i].from);
    const std::string x = number(plot.x(i));
    out += "<line class=\"g\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"" + tick_top + "\" y2=\"" +
           std::to_string(top + plot_height + 5) + "\"/>";
    const std::string day = text.substr(0, 10);
    const bool near_right = plot.x(i) > width - 70;
    const std::string anchor = near_right ? "\" text-anchor=\"end" : "";
    out += "<text class=\"a" + anchor + "\" x=\"" + x + "\" y=\"" + std::to_string(top + plot_height + 19) +
           "\">" + (show_hours ? text.substr(11, 5) : day) + "</text>";
    if (show_hours && day != last_day) {
      out += "<text class=\"a" + anchor + "\" x=\"" + x + "\" y=\"" + std::to_string(top + plot_height + 35) +
             "\">" + day + "</text>";
    }
    last_day = day;
  }
  return out;
}

std::string tooltip(const SessionStatistics::Level& level, Measure measure) {
  const std::uint64_t value = value_of(level, measure);
  return "<title>" + wording::time(level.from) + ": " +
         (measure == Measure::Starts ? wording::counted(value, "session began", "sessions began")
                                     : wording::counted(value, "session live", "sessions live")) +
         "</title>";
}

std::string bars(const Plot& plot, const std::vector<SessionStatistics::Level>& levels) {
  std::string out;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].starts == 0) continue;
    const double from = plot.x(i);
    const double to = plot.x(i + 1);
    const double gap = to - from > 5 ? 1 : 0;
    // A single session beside thousands must still be seen.
    const double y = std::min(plot.y(levels[i].starts), top + plot_height - 1.5);
    out += "<rect class=\"v\" x=\"" + number(from + gap / 2) + "\" width=\"" + number(to - from - gap) +
           "\" y=\"" + number(y) + "\" height=\"" + number(top + plot_height - y) + "\">" +
           tooltip(levels[i], Measure::Starts) + "</rect>";
  }
  return out;
}

std::string steps(const Plot& plot, const std::vector<SessionStatistics::Level>& levels) {
  std::string line = "M" + number(plot.x(0)) + " " + number(plot.y(0));
  std::string touch;
  std::size_t peak = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    line += "V" + number(plot.y(levels[i].most)) + "H" + number(plot.x(i + 1));
    if (levels[i].most > levels[peak].most) peak = i;
    touch += "<rect class=\"t\" x=\"" + number(plot.x(i)) + "\" width=\"" +
             number(plot.x(i + 1) - plot.x(i)) + "\" y=\"" + std::to_string(top) + "\" height=\"" +
             std::to_string(plot_height) + "\">" + tooltip(levels[i], Measure::LiveAtOnce) + "</rect>";
  }
  line += "V" + number(plot.y(0)) + "Z";
  const double middle = (plot.x(peak) + plot.x(peak + 1)) / 2;
  const bool near_right = middle > width - 160;
  std::string mark = "<circle class=\"p\" r=\"3.5\" cx=\"" + number(middle) + "\" cy=\"" +
                     number(plot.y(levels[peak].most)) + "\"/><text class=\"k\" x=\"" +
                     number(near_right ? middle - 8 : middle + 8) + "\" y=\"" +
                     number(plot.y(levels[peak].most) - 5) + "\"" +
                     (near_right ? " text-anchor=\"end\"" : "") + ">" + wording::count(levels[peak].most) +
                     ", the most</text>";
  return "<path class=\"v s\" d=\"" + line + "\"/>" + mark + touch;
}

std::string caption(Measure measure) {
  switch (measure) {
    case Measure::Starts:
      return "Sessions that began in each ";
    case Measure::LivedIn:
      return "Sessions that lived at some time in each ";
    case Measure::LiveAtOnce:
      break;
  }
  return "Sessions live at once, the most in each ";
}

}  // namespace

std::string time_chart(const std::vector<SessionStatistics::Level>& levels, Measure measure, Duration step) {
  if (levels.empty())
    return "<p class=\"none\">No session has a known beginning, so there is nothing to draw.</p>";
  std::uint64_t most = 0;
  for (const auto& level : levels) most = std::max(most, value_of(level, measure));
  const Plot plot{levels.size(), nice_ceiling(most)};
  const std::string what = caption(measure) + base::in_words(step);
  return "<figure><figcaption>" + what + "</figcaption><svg role=\"img\" viewBox=\"0 0 " +
         std::to_string(width) + " " + std::to_string(top + plot_height + bottom) + "\" aria-label=\"" +
         what + ", from " + wording::time(levels.front().from) + " to " + wording::time(levels.back().from) +
         "; at most " + wording::count(most) + "\">" + grid(plot) +
         (measure == Measure::Starts ? bars(plot, levels) : steps(plot, levels)) +
         time_axis(plot, levels, step) + "</svg></figure>";
}

std::string bar_chart(const std::vector<Bar>& bars, const std::string& what) {
  std::uint64_t most = 0;
  for (const Bar& bar : bars) most = std::max(most, bar.value);
  if (most == 0) return {};
  std::string out = "<table class=\"bars\"><caption>" + escaped(what) + "</caption><tbody>";
  for (const Bar& bar : bars) {
    const double share = 100.0 * static_cast<double>(bar.value) / static_cast<double>(most);
    std::string drawn;
    if (bar.value > 0) {
      drawn = "<span class=\"bar" + std::string(bar.hatched ? " h" : "") +
              "\" style=\"width:" + number(std::max(share, 0.4)) + "%\"></span>";
    }
    out += "<tr><th scope=\"row\">" + escaped(bar.name) + "</th><td class=\"n\">" +
           wording::count(bar.value) + "</td><td class=\"w\">" + drawn + "</td></tr>";
  }
  return out + "</tbody></table>";
}

}  // namespace curfew::report
