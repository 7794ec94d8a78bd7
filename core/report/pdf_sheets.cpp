#include "core/report/pdf_sheets.hpp"

namespace curfew::report {
namespace {

constexpr Ink edge_ink{Face::Regular, 7, 0.25};

}  // namespace

void PdfSheets::new_sheet() {
  file.add_sheet();
  y_ = top;
}

bool PdfSheets::need(double height) {
  // What is higher than a sheet begins where it stands.
  if (y_ + height <= floor || y_ <= top) return false;
  new_sheet();
  return true;
}

void PdfSheets::line_at(const PdfLine& line, double x, double y) {
  for (const PdfFragment& fragment : line.fragments) {
    const double base = y + fragment.ink.size * 1.02;
    file.text(sheet(), x + fragment.x, base, fragment.text, fragment.ink.face, fragment.ink.size,
              fragment.ink.gray);
    if (fragment.target.empty()) continue;
    file.line(sheet(), {x + fragment.x, base + 1.4}, {x + fragment.x + fragment.width, base + 1.4}, 0.35,
              0.4);
    lead(sheet(), {x + fragment.x, y, fragment.width, line_height(fragment.ink)}, fragment.target);
  }
}

void PdfSheets::lines(const std::vector<PdfLine>& lines, double x, double height, double bar_at, double bar) {
  for (const PdfLine& line : lines) {
    need(height);
    if (bar > 0) file.fill(sheet(), {bar_at, y_, bar, height}, bar > 1.5 ? 0 : 0.6);
    line_at(line, x, y_);
    y_ += height;
  }
}

void PdfSheets::text(const Text& text, const Ink& ink, double x, double width) {
  lines(wrap(file, text, ink, width), x, line_height(ink));
}

void PdfSheets::anchor(const std::string& id) { anchors_.emplace(id, Place{sheet(), y_}); }

const PdfSheets::Place* PdfSheets::find(const std::string& id) const {
  const auto found = anchors_.find(id);
  return found == anchors_.end() ? nullptr : &found->second;
}

void PdfSheets::lead(std::size_t from_sheet, const PdfBox& box, std::string target) {
  leads_.push_back({from_sheet, box, std::move(target)});
}

void PdfSheets::end_links() {
  for (const Lead& lead : leads_) {
    if (const Place* place = find(lead.target)) file.link(lead.sheet, lead.box, place->sheet, place->y - 6);
  }
}

void PdfSheets::edges(const std::string& head_left, const std::string& head_right, const std::string& second,
                      const std::string& foot) {
  const auto cut = [&](const std::string& text, double width) {
    const std::vector<PdfLine> lines = wrap(file, {plain(text)}, edge_ink, width);
    return lines.empty() ? PdfLine{} : lines.front();
  };
  const PdfLine about = cut(head_left, body - 150);
  const PdfLine kind = cut(head_right, 145);
  const PdfLine rests = cut(second, body);
  const PdfLine below = cut(foot, body - 80);
  const auto draw = [&](std::size_t sheet, const PdfLine& line, double x, double base) {
    for (const PdfFragment& fragment : line.fragments)
      file.text(sheet, x + fragment.x, base, fragment.text, edge_ink.face, edge_ink.size, edge_ink.gray);
  };
  for (std::size_t i = 0; i < file.sheets(); ++i) {
    draw(i, about, left, 34);
    draw(i, kind, right - kind.width, 34);
    draw(i, rests, left, 44);
    file.line(i, {left, 50}, {right, 50}, 0.5, 0.5);
    draw(i, below, left, PdfFile::height - 30);
    const std::string number = "page " + std::to_string(i + 1) + " of " + std::to_string(file.sheets());
    file.text(i, right - file.width_of(number, edge_ink.face, edge_ink.size), PdfFile::height - 30, number,
              edge_ink.face, edge_ink.size, edge_ink.gray);
  }
}

}  // namespace curfew::report
