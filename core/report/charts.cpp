#include "core/report/charts.hpp"

#include <algorithm>
#include <cmath>

#include "core/report/chart_drawing.hpp"
#include "core/report/markup.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

std::string number(double value) {
  // One decimal is finer than a pixel.
  const auto tenths = static_cast<std::int64_t>(std::llround(value * 10));
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10));
}

// Each shape as an element; its ink is in html_style.hpp.
struct Svg {
  std::string out;

  void operator()(const ChartLine& line) {
    out += "<line class=\"g\" x1=\"" + number(line.x1) + "\" x2=\"" + number(line.x2) + "\" y1=\"" +
           number(line.y1) + "\" y2=\"" + number(line.y2) + "\"/>";
  }
  void operator()(const ChartLabel& label) {
    out += std::string("<text class=\"") + (label.is_remark ? "k" : "a") +
           (label.ends_here ? "\" text-anchor=\"end\" x=\"" : "\" x=\"") + number(label.x) + "\" y=\"" +
           number(label.y) + "\">" + escaped(label.text) + "</text>";
  }
  void operator()(const ChartArea& area) {
    out += "<path class=\"v s\" d=\"";
    for (std::size_t i = 0; i < area.points.size(); ++i) {
      const auto& [x, y] = area.points[i];
      if (i == 0)
        out += "M" + number(x) + " " + number(y);
      else if (x == area.points[i - 1].x)
        out += "V" + number(y);
      else if (y == area.points[i - 1].y)
        out += "H" + number(x);
      else
        out += "L" + number(x) + " " + number(y);
    }
    out += "Z\"/>";
  }
  void operator()(const ChartBar& bar) { add_bar(bar, "v"); }
  void operator()(const ChartTouch& touch) { add_bar(touch.area, "t"); }
  void operator()(const ChartDot& dot) {
    out += R"(<circle class="p" r="3.5" cx=")" + number(dot.x) + "\" cy=\"" + number(dot.y) + "\"/>";
  }

  void add_bar(const ChartBar& bar, const char* kind) {
    out += std::string("<rect class=\"") + kind + "\" x=\"" + number(bar.x) + "\" width=\"" +
           number(bar.width) + "\" y=\"" + number(bar.y) + "\" height=\"" + number(bar.height) +
           "\"><title>" + escaped(bar.says) + "</title></rect>";
  }
};

}  // namespace

std::string time_chart(const std::vector<SessionStatistics::Level>& levels, Measure measure, Duration step) {
  const ChartDrawing drawing = draw(levels, measure, step);
  if (drawing.shapes.empty()) return "<p class=\"none\">" + escaped(nothing_to_draw) + "</p>";
  Svg svg;
  for (const ChartShape& shape : drawing.shapes) std::visit(svg, shape);
  return "<figure><figcaption>" + escaped(drawing.caption) + "</figcaption><svg role=\"img\" viewBox=\"0 0 " +
         std::to_string(drawing.width) + " " + std::to_string(drawing.height) + "\" aria-label=\"" +
         escaped(drawing.summary) + "\">" + svg.out + "</svg></figure>";
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
