#include <algorithm>

#include "core/report/chart_drawing.hpp"
#include "core/report/pdf_blocks.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr Ink caption_ink{Face::Bold, 9, 0};
constexpr Ink note_ink{Face::Regular, 8.5, 0.25};
constexpr Ink label_ink{Face::Regular, 6.6, 0.15};
constexpr Ink bar_ink{Face::Regular, 8, 0};

// Each shape in ink, at its place on the sheet.
struct Pen {
  PdfSheets& sheets;
  double x0;
  double y0;
  double scale;

  [[nodiscard]] double x(double at) const { return x0 + at * scale; }
  [[nodiscard]] double y(double at) const { return y0 + at * scale; }

  void operator()(const ChartLine& line) const {
    sheets.file.line(sheets.sheet(), {x(line.x1), y(line.y1)}, {x(line.x2), y(line.y2)}, 0.4, 0.65);
  }
  void operator()(const ChartLabel& label) const {
    const Face face = label.is_remark ? Face::Bold : Face::Regular;
    const std::string text = sheets.file.shown(label.text, face);
    const double width = sheets.file.width_of(text, face, label_ink.size);
    sheets.file.text(sheets.sheet(), x(label.x) - (label.ends_here ? width : 0), y(label.y), text, face,
                     label_ink.size, label.is_remark ? 0 : label_ink.gray);
  }
  void operator()(const ChartArea& area) const {
    std::vector<PdfPoint> points;
    for (const ChartArea::Point& point : area.points) points.push_back({x(point.x), y(point.y)});
    sheets.file.area(sheets.sheet(), points, 0.82, 0);
  }
  void operator()(const ChartBar& bar) const {
    const PdfBox box{x(bar.x), y(bar.y), bar.width * scale, bar.height * scale};
    sheets.file.fill(sheets.sheet(), box, 0.72);
    sheets.file.frame(sheets.sheet(), box, Edge::Thin, 0);
  }
  void operator()(const ChartDot& dot) const {
    sheets.file.dot(sheets.sheet(), {x(dot.x), y(dot.y)}, 1.8, 0);
  }
  // Paper has nothing to point with.
  void operator()(const ChartTouch& /*touch*/) const {}
};

}  // namespace

void draw_time_chart(PdfSheets& sheets, const TimeChart& chart) {
  const ChartDrawing drawing = draw(chart.levels, chart.measure, chart.step);
  if (drawing.shapes.empty()) {
    sheets.text({plain(std::string(nothing_to_draw))}, note_ink, PdfSheets::left, PdfSheets::body);
    return;
  }
  const double scale = PdfSheets::body / drawing.width;
  const double height = drawing.height * scale;
  sheets.need(height + 22);
  sheets.skip(4);
  sheets.text({plain(drawing.caption)}, caption_ink, PdfSheets::left, PdfSheets::body);
  const Pen pen{sheets, PdfSheets::left, sheets.y(), scale};
  for (const ChartShape& shape : drawing.shapes) std::visit(pen, shape);
  sheets.skip(height + 4);
}

void draw_bar_chart(PdfSheets& sheets, const BarChart& chart) {
  std::uint64_t most = 0;
  for (const Bar& bar : chart.bars) most = std::max(most, bar.value);
  if (most == 0) return;
  constexpr double name_width = 150;
  constexpr double number_at = PdfSheets::left + name_width + 56;
  constexpr double bar_at = number_at + 10;
  constexpr double widest = PdfSheets::right - bar_at;
  sheets.need(16 + 3 * line_height(bar_ink));
  sheets.skip(6);
  sheets.text({plain(chart.what)}, caption_ink, PdfSheets::left, PdfSheets::body);
  sheets.skip(2);
  for (const Bar& bar : chart.bars) {
    const std::vector<PdfLine> name = wrap(sheets.file, {foreign_span(bar.name)}, bar_ink, name_width);
    const double height = line_height(bar_ink) * static_cast<double>(std::max<std::size_t>(name.size(), 1));
    sheets.need(height);
    const std::string number = wording::count(bar.value);
    const double base = sheets.y() + bar_ink.size * 1.02;
    sheets.file.text(sheets.sheet(), number_at - sheets.file.width_of(number, bar_ink.face, bar_ink.size),
                     base, number, bar_ink.face, bar_ink.size);
    if (bar.value > 0) {
      const double width =
          std::max(widest * static_cast<double>(bar.value) / static_cast<double>(most), widest * 0.004);
      const PdfBox box{bar_at, sheets.y() + 2.2, width, bar_ink.size * 0.85};
      if (bar.hatched)
        sheets.file.hatch(sheets.sheet(), box, 3, false, 0);
      else
        sheets.file.fill(sheets.sheet(), box, 0.75);
      sheets.file.frame(sheets.sheet(), box, Edge::Thin, 0);
    }
    sheets.lines(name, PdfSheets::left, line_height(bar_ink));
    sheets.skip(1.5);
  }
  sheets.skip(4);
}

}  // namespace curfew::report
