#include <algorithm>

#include "core/report/pdf_blocks.hpp"

namespace curfew::report {
namespace {

constexpr Ink caption_ink{Face::Bold, 9, 0};
constexpr double gap = 8;  // between columns
constexpr double shares_width = 76;
constexpr double widest_word = 96;      // what is longer is broken
constexpr std::size_t looked_at = 300;  // rows that columns are fitted to

struct Look {
  Ink cell;
  Ink head;
};

Look look_of(const Table& table) {
  const double size = table.is_tight ? 7.2 : 8;
  return {{Face::Regular, size, 0}, {Face::Bold, size, 0.2}};
}

std::vector<double> widths_of(const PdfSheets& sheets, const Table& table, const Look& look) {
  const std::size_t columns = table.columns.size();
  std::vector<double> least(columns, 0);
  std::vector<double> kept(columns, 0);  // times and shares, which are not torn where it can be helped
  std::vector<double> whole(columns, 0);
  for (std::size_t c = 0; c < columns; ++c) {
    const PdfMeasure head = measure(sheets.file, {plain(table.columns[c].title)}, look.head);
    least[c] = head.word;
    whole[c] = table.is_tight ? head.word : head.whole;
  }
  for (std::size_t r = 0; r < std::min(table.rows.size(), looked_at); ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const Table::Cell& cell = table.rows[r][c];
      const PdfMeasure one = cell.is_shares ? PdfMeasure{shares_width, shares_width}
                                            : measure(sheets.file, cell.text, look.cell);
      if (table.columns[c].is_time || cell.is_shares) kept[c] = std::max(kept[c], one.whole);
      least[c] = std::max(least[c], std::min(one.word, widest_word));
      whole[c] = std::max(whole[c], one.whole);
    }
  }
  for (std::size_t c = 0; c < columns; ++c) {
    // Sums of widths are not exact: what fits by a hair would be torn.
    least[c] += 0.1;
    whole[c] += 0.1;
  }
  const double room = PdfSheets::body - gap * static_cast<double>(columns - 1);
  double needed = 0;
  for (std::size_t c = 0; c < columns; ++c) needed += std::max(least[c], kept[c]);
  if (needed < room) {
    for (std::size_t c = 0; c < columns; ++c) least[c] = std::max(least[c], kept[c]);
  }
  double wanted = 0;
  needed = 0;
  for (std::size_t c = 0; c < columns; ++c) {
    wanted += whole[c];
    needed += least[c];
  }
  std::vector<double> widths(columns);
  if (wanted <= room) {
    // What is left goes to the columns of text.
    std::size_t texts = 0;
    for (const Table::Column& column : table.columns) texts += column.is_number ? 0 : 1;
    for (std::size_t c = 0; c < columns; ++c)
      widths[c] =
          whole[c] +
          (table.columns[c].is_number || texts == 0 ? 0 : (room - wanted) / static_cast<double>(texts));
  } else if (needed >= room) {
    for (std::size_t c = 0; c < columns; ++c) widths[c] = least[c] * room / needed;
  } else {
    for (std::size_t c = 0; c < columns; ++c)
      widths[c] = least[c] + (whole[c] - least[c]) * (room - needed) / (wanted - needed);
  }
  return widths;
}

void draw_shares(PdfSheets& sheets, const Shares& shares, double x, double y, double width) {
  const double height = 7.5;
  double at = x;
  for (const Shares::Part& part : shares.parts) {
    const double wide = width * static_cast<double>(part.permille) / 1000;
    const PdfBox box{at, y + 1.5, wide, height};
    if (part.kind == "signed_out") sheets.file.fill(sheets.sheet(), box, 0.2);
    if (part.kind == "timed_out") sheets.file.fill(sheets.sheet(), box, 0.75);
    if (part.kind == "ended_by_others") sheets.file.hatch(sheets.sheet(), box, 2.5, false, 0);
    if (part.kind == "vanished") sheets.file.hatch(sheets.sheet(), box, 2, true, 0.3);
    at += wide;
    sheets.file.line(sheets.sheet(), {at, box.y}, {at, box.y + height}, 0.3, 0.3);
  }
  sheets.file.frame(sheets.sheet(), {x, y + 1.5, width, height}, Edge::Thin, 0.2);
}

class TableDrawing {
 public:
  TableDrawing(PdfSheets& sheets, const Table& table)
      : sheets_(sheets), table_(table), look_(look_of(table)), widths_(widths_of(sheets, table, look_)) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      head_.push_back(wrap(sheets.file, {plain(table.columns[c].title)}, look_.head, widths_[c]));
      head_lines_ = std::max(head_lines_, head_.back().size());
    }
  }

  void draw() {
    const double head_height = static_cast<double>(head_lines_) * height() + 5;
    sheets_.need((table_.caption.empty() ? 0 : 16) + head_height + 3 * height());
    if (!table_.caption.empty()) {
      sheets_.skip(2);
      sheets_.text({plain(table_.caption)}, caption_ink, PdfSheets::left, PdfSheets::body);
      sheets_.skip(3);
    }
    draw_head();
    for (const std::vector<Table::Cell>& row : table_.rows) draw_row(row);
    sheets_.skip(6);
  }

 private:
  [[nodiscard]] double height() const { return line_height(look_.cell); }

  void draw_head() {
    double x = PdfSheets::left;
    for (std::size_t c = 0; c < head_.size(); ++c) {
      double y = sheets_.y() + static_cast<double>(head_lines_ - head_[c].size()) * height();
      for (const PdfLine& line : head_[c]) {
        sheets_.line_at(line, x + (table_.columns[c].is_number ? widths_[c] - line.width : 0), y);
        y += height();
      }
      x += widths_[c] + gap;
    }
    sheets_.skip(static_cast<double>(head_lines_) * height() + 2);
    sheets_.file.line(sheets_.sheet(), {PdfSheets::left, sheets_.y()}, {PdfSheets::right, sheets_.y()}, 1,
                      0.2);
    sheets_.skip(3);
  }

  void draw_row(const std::vector<Table::Cell>& row) {
    std::vector<std::vector<PdfLine>> cells;
    std::size_t tallest = 1;
    for (std::size_t c = 0; c < row.size(); ++c) {
      cells.push_back(wrap(sheets_.file, row[c].text, look_.cell, widths_[c]));
      tallest = std::max(tallest, cells.back().size());
    }
    // A row is torn only if it would not fit on half a sheet.
    const double whole = static_cast<double>(tallest) * height();
    if (whole < (PdfSheets::floor - PdfSheets::top) / 2) next_if_short_of(whole);
    for (std::size_t first = 0; first < tallest;) {
      next_if_short_of(height());
      const auto fit = static_cast<std::size_t>(sheets_.left_over() / height());
      const std::size_t last = std::min(tallest, first + std::max<std::size_t>(fit, 1));
      draw_lines(row, cells, first, last);
      first = last;
    }
    sheets_.skip(2.2);
    sheets_.file.line(sheets_.sheet(), {PdfSheets::left, sheets_.y()}, {PdfSheets::right, sheets_.y()}, 0.3,
                      0.6);
    sheets_.skip(2.2);
  }

  void draw_lines(const std::vector<Table::Cell>& row, const std::vector<std::vector<PdfLine>>& cells,
                  std::size_t first, std::size_t last) {
    double x = PdfSheets::left;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (row[c].is_shares && first == 0)
        draw_shares(sheets_, row[c].shares, x, sheets_.y(), std::min(widths_[c], shares_width));
      double y = sheets_.y();
      for (std::size_t i = first; i < std::min(last, cells[c].size()); ++i) {
        sheets_.line_at(cells[c][i], x + (table_.columns[c].is_number ? widths_[c] - cells[c][i].width : 0),
                        y);
        y += height();
      }
      x += widths_[c] + gap;
    }
    sheets_.skip(static_cast<double>(last - first) * height());
  }

  void next_if_short_of(double height) {
    if (sheets_.need(height + 3)) draw_head();
  }

  PdfSheets& sheets_;
  const Table& table_;
  Look look_;
  std::vector<double> widths_;
  std::vector<std::vector<PdfLine>> head_;
  std::size_t head_lines_ = 1;
};

}  // namespace

void draw_table(PdfSheets& sheets, const Table& table) { TableDrawing(sheets, table).draw(); }

}  // namespace curfew::report
