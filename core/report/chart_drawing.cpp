#include "core/report/chart_drawing.hpp"

#include <algorithm>
#include <array>

#include "core/base/duration_words.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr int width = 960;
constexpr int left = 56;
constexpr int right = 12;
constexpr int top = 14;
constexpr int plot_height = 170;
constexpr int bottom = 44;

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

void add_grid(ChartDrawing& drawing, const Plot& plot) {
  for (int line = 0; line <= 4; ++line) {
    const std::uint64_t value = plot.ceiling * static_cast<std::uint64_t>(line) / 4;
    const double y = plot.y(value);
    drawing.shapes.emplace_back(ChartLine{left, y, width - right, y});
    drawing.shapes.emplace_back(ChartLabel{left - 8, y + 4, wording::count(value), true});
  }
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
void add_time_axis(ChartDrawing& drawing, const Plot& plot,
                   const std::vector<SessionStatistics::Level>& levels, Duration step) {
  const Duration every = std::max(step, label_step(step * static_cast<std::int64_t>(levels.size())));
  const bool show_hours = every < std::chrono::hours(24);
  std::string last_day;
  constexpr double floor = top + plot_height;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    // Weeks are counted from a Monday: the epoch was a Thursday.
    const Duration since =
        levels[i].from.time_since_epoch() +
        (every >= std::chrono::hours(168) ? Duration(std::chrono::hours(72)) : Duration{0});
    if (since % every >= step) continue;
    const std::string text = wording::time(levels[i].from);
    const double x = plot.x(i);
    drawing.shapes.emplace_back(ChartLine{x, floor, x, floor + 5});
    const std::string day = text.substr(0, 10);
    const bool near_right = x > width - 70;
    drawing.shapes.emplace_back(ChartLabel{x, floor + 19, show_hours ? text.substr(11, 5) : day, near_right});
    if (show_hours && day != last_day)
      drawing.shapes.emplace_back(ChartLabel{x, floor + 35, day, near_right});
    last_day = day;
  }
}

std::string said_of(const SessionStatistics::Level& level, Measure measure) {
  const std::uint64_t value = value_of(level, measure);
  return wording::time(level.from) + ": " +
         (measure == Measure::Starts ? wording::counted(value, "session began", "sessions began")
                                     : wording::counted(value, "session live", "sessions live"));
}

void add_bars(ChartDrawing& drawing, const Plot& plot, const std::vector<SessionStatistics::Level>& levels) {
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].starts == 0) continue;
    const double from = plot.x(i);
    const double to = plot.x(i + 1);
    const double gap = to - from > 5 ? 1 : 0;
    // A single session beside thousands must still be seen.
    const double y = std::min(plot.y(levels[i].starts), top + plot_height - 1.5);
    drawing.shapes.emplace_back(ChartBar{from + gap / 2, y, to - from - gap, top + plot_height - y,
                                         said_of(levels[i], Measure::Starts)});
  }
}

void add_steps(ChartDrawing& drawing, const Plot& plot, const std::vector<SessionStatistics::Level>& levels,
               Measure measure) {
  ChartArea area;
  area.points.push_back({plot.x(0), plot.y(0)});
  std::size_t peak = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    area.points.push_back({plot.x(i), plot.y(levels[i].most)});
    area.points.push_back({plot.x(i + 1), plot.y(levels[i].most)});
    if (levels[i].most > levels[peak].most) peak = i;
  }
  area.points.push_back({plot.x(levels.size()), plot.y(0)});
  drawing.shapes.emplace_back(std::move(area));
  const double middle = (plot.x(peak) + plot.x(peak + 1)) / 2;
  const double peak_y = plot.y(levels[peak].most);
  const bool near_right = middle > width - 160;
  drawing.shapes.emplace_back(ChartDot{middle, peak_y});
  drawing.shapes.emplace_back(ChartLabel{near_right ? middle - 8 : middle + 8, peak_y - 5,
                                         wording::count(levels[peak].most) + ", the most", near_right, true});
  for (std::size_t i = 0; i < levels.size(); ++i)
    drawing.shapes.emplace_back(
        ChartTouch{{plot.x(i), top, plot.x(i + 1) - plot.x(i), plot_height, said_of(levels[i], measure)}});
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

ChartDrawing draw(const std::vector<SessionStatistics::Level>& levels, Measure measure, Duration step) {
  ChartDrawing drawing;
  if (levels.empty()) return drawing;
  std::uint64_t most = 0;
  for (const auto& level : levels) most = std::max(most, value_of(level, measure));
  const Plot plot{levels.size(), nice_ceiling(most)};
  drawing.width = width;
  drawing.height = top + plot_height + bottom;
  drawing.caption = caption(measure) + base::in_words(step);
  drawing.summary = drawing.caption + ", from " + wording::time(levels.front().from) + " to " +
                    wording::time(levels.back().from) + "; at most " + wording::count(most);
  add_grid(drawing, plot);
  if (measure == Measure::Starts)
    add_bars(drawing, plot, levels);
  else
    add_steps(drawing, plot, levels, measure);
  add_time_axis(drawing, plot, levels, step);
  return drawing;
}

}  // namespace curfew::report
