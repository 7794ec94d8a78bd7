// A chart as shapes on a sheet: what stands where, without a word on ink. SVG (charts.cpp) and PDF
// (document_pdf.cpp) draw the same ones.
//
//   const ChartDrawing drawing = draw(levels, Measure::Starts, step);
//   for (const ChartShape& shape : drawing.shapes) std::visit(pen, shape);
//
// Coordinates grow to the right and down. Threads: pure functions. Fails: never; without values there are no
// shapes.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/report/charts.hpp"

namespace curfew::report {

struct ChartLine {
  double x1 = 0;
  double y1 = 0;
  double x2 = 0;
  double y2 = 0;
};
struct ChartLabel {
  double x = 0;
  double y = 0;
  std::string text;
  bool ends_here = false;  // its end is at x, not its beginning
  bool is_remark = false;  // on what is drawn, not on an axis
};
// A filled area between its points and the last one's line to the first.
struct ChartArea {
  struct Point {
    double x = 0;
    double y = 0;
  };
  std::vector<Point> points;
};
struct ChartBar {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  std::string says;  // to whom points at it
};
struct ChartDot {
  double x = 0;
  double y = 0;
};
// Where somebody may point at, without a picture of its own.
struct ChartTouch {
  ChartBar area;
};
using ChartShape = std::variant<ChartLine, ChartLabel, ChartArea, ChartBar, ChartDot, ChartTouch>;

struct ChartDrawing {
  int width = 0;
  int height = 0;
  std::string caption;  // what it shows
  std::string summary;  // the same with time and peak, for who can't see it
  std::vector<ChartShape> shapes;
};

[[nodiscard]] ChartDrawing draw(const std::vector<SessionStatistics::Level>& levels, Measure measure,
                                Duration step);

}  // namespace curfew::report
