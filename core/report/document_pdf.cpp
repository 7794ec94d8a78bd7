#include "core/report/document_pdf.hpp"

#include <algorithm>

#include "core/report/compliance_report.hpp"
#include "core/report/pdf_blocks.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr double left = PdfSheets::left;
constexpr double right = PdfSheets::right;
constexpr double body = PdfSheets::body;
constexpr Ink kind_ink{Face::Regular, 9, 0.25};
constexpr Ink title_ink{Face::Bold, 21, 0};
constexpr Ink section_ink{Face::Bold, 14, 0};
constexpr Ink heading_ink{Face::Bold, 10, 0};
constexpr Ink text_ink{Face::Regular, 9, 0};
constexpr Ink note_ink{Face::Regular, 8.5, 0.25};
constexpr Ink small_ink{Face::Regular, 8, 0};
constexpr Ink literal_ink{Face::Mono, 7.6, 0};
constexpr Ink contents_ink{Face::Regular, 8.6, 0};
constexpr double contents_step = 13.2;

std::string said(Result result) { return std::string(mark_of(result)) + " " + std::string(words_of(result)); }

Edge edge_of(Result result) {
  switch (result) {
    case Result::NotSatisfied:
      return Edge::Thick;
    case Result::NoData:
      return Edge::Dashed;
    case Result::NotTestable:
      return Edge::Dotted;
    case Result::Satisfied:
      break;
  }
  return Edge::Thin;
}

// What stands in the contents, in their order.
struct ContentsLine {
  std::string text;
  std::string target;
  bool is_section = false;
};

std::vector<ContentsLine> contents_of(const Document& document) {
  std::vector<ContentsLine> out;
  for (const Section& section : document.sections) {
    out.push_back({section.title, section.id, true});
    for (const Block& block : section.blocks) {
      if (const auto* control = std::get_if<ControlBlock>(&block))
        out.push_back({control->id + " " + control->title + " – " + std::string(words_of(control->result)),
                       control->anchor, false});
    }
  }
  return out;
}

class PdfRendering {
 public:
  explicit PdfRendering(const Document& document) : document_(document), contents_(contents_of(document)) {}

  std::string render() {
    sheets_.new_sheet();
    first_sheet();
    leave_room_for_contents();
    for (const Section& section : document_.sections) draw_section(section);
    say_what_lacks();
    draw_contents();
    sheets_.end_links();
    add_bookmarks();
    sheets_.edges(document_.running, document_.kind,
                  document_.rests_on.empty() ? std::string{} : "Ledger: " + document_.rests_on,
                  document_.producer + " · a reference stands for a person unless names were asked for");
    return sheets_.file.take({.title = document_.subject,
                              .subject = document_.running,
                              .creator = document_.producer,
                              .dated = document_.dated});
  }

  void operator()(const Heading& heading) {
    sheets_.need(44);
    sheets_.skip(8);
    sheets_.text(heading.text, heading_ink, left, body);
    sheets_.skip(2);
  }
  void operator()(const Paragraph& paragraph) {
    sheets_.text(paragraph.text, paragraph.tone == Paragraph::Tone::Plain ? text_ink : note_ink, left, body);
    sheets_.skip(4);
  }
  void operator()(const List& list) {
    for (const Text& item : list.items) {
      const std::vector<PdfLine> lines = wrap(sheets_.file, item, text_ink, body - 14);
      sheets_.need(line_height(text_ink) * static_cast<double>(std::min<std::size_t>(lines.size(), 2)));
      sheets_.file.text(sheets_.sheet(), left + 4, sheets_.y() + text_ink.size * 1.02, "•", text_ink.face,
                        text_ink.size);
      sheets_.lines(lines, left + 14, line_height(text_ink));
      sheets_.skip(2);
    }
    sheets_.skip(3);
  }
  void operator()(const Terms& terms) {
    constexpr double names = 86;
    const double height = line_height(small_ink);
    for (const Terms::Term& term : terms.terms) {
      const std::vector<PdfLine> name = wrap(sheets_.file, {plain(term.name)}, note_of(small_ink), names - 6);
      std::vector<PdfLine> lines;
      for (const Text& text : term.lines) {
        for (PdfLine& line : wrap(sheets_.file, text, small_ink, body - names))
          lines.push_back(std::move(line));
      }
      sheets_.need(height *
                   static_cast<double>(std::max(name.size(), std::min<std::size_t>(lines.size(), 3))));
      double y = sheets_.y();
      for (const PdfLine& line : name) {
        sheets_.line_at(line, left, y);
        y += height;
      }
      sheets_.lines(lines, left + names, height);
      // The name may be longer than what belongs to it.
      if (lines.size() < name.size()) sheets_.skip(height * static_cast<double>(name.size() - lines.size()));
      sheets_.skip(1.2);
    }
    sheets_.skip(3);
  }
  void operator()(const Table& table) { draw_table(sheets_, table); }
  void operator()(const TimeChart& chart) { draw_time_chart(sheets_, chart); }
  void operator()(const BarChart& chart) { draw_bar_chart(sheets_, chart); }
  void operator()(const Literal& literal) {
    for (std::size_t at = 0; at < literal.text.size();) {
      const std::size_t end = std::min(literal.text.find('\n', at), literal.text.size());
      sheets_.text({plain(literal.text.substr(at, end - at))}, literal_ink, left + 6, body - 6);
      at = end + 1;
    }
    sheets_.skip(4);
  }
  void operator()(const Tiles& tiles) {
    const double gap = 8;
    const double width =
        (body - gap * static_cast<double>(tiles.tiles.size() - 1)) / static_cast<double>(tiles.tiles.size());
    sheets_.need(52);
    double x = left;
    for (const auto& [result, number] : tiles.tiles) {
      sheets_.file.frame(sheets_.sheet(), {x, sheets_.y(), width, 40}, edge_of(result), 0.2);
      sheets_.file.text(
          sheets_.sheet(), x + 9, sheets_.y() + 19,
          sheets_.file.shown(std::string(mark_of(result)) + " " + wording::count(number), Face::Bold),
          Face::Bold, 14);
      sheets_.file.text(sheets_.sheet(), x + 9, sheets_.y() + 32, words_of(result), Face::Regular, 8, 0.25);
      x += width + gap;
    }
    sheets_.skip(50);
  }
  void operator()(const ControlBlock& control) {
    // Not torn where it begins: title, requirement, result.
    sheets_.need(96);
    sheets_.file.line(sheets_.sheet(), {left, sheets_.y()}, {right, sheets_.y()}, 0.5, 0.5);
    sheets_.skip(7);
    sheets_.anchor(control.anchor);
    const double top = sheets_.y();
    const std::string result = sheets_.file.shown(said(control.result), Face::Bold);
    const double badge = sheets_.file.width_of(result, Face::Bold, 8) + 12;
    sheets_.file.frame(sheets_.sheet(), {right - badge, top, badge, 14}, edge_of(control.result), 0);
    sheets_.file.text(sheets_.sheet(), right - badge + 6, top + 10, result, Face::Bold, 8);
    sheets_.text({plain(control.id + "  " + control.title)}, heading_ink, left, body - badge - 10);
    sheets_.skip(std::max(2.0, top + 17 - sheets_.y()));
    sheets_.text({plain(control.requirement)}, text_ink, left, body);
    sheets_.skip(3);
    const double bar = control.result == Result::NotSatisfied ? 2 : 1;
    for (const std::string& sentence : control.because)
      sheets_.lines(wrap(sheets_.file, {plain(sentence)}, text_ink, body - 10), left + 10,
                    line_height(text_ink), left + 1, bar);
    sheets_.skip(4);
    (*this)(control.terms);
    if (!control.exceptions.rows.empty()) (*this)(control.exceptions);
    for (const Paragraph& note : control.notes) (*this)(note);
  }

 private:
  static Ink note_of(Ink ink) {
    ink.gray = note_ink.gray;
    return ink;
  }

  void first_sheet() {
    sheets_.text({plain(document_.kind)}, kind_ink, left, body);
    sheets_.skip(2);
    sheets_.text({plain(document_.title)}, title_ink, left, body);
    sheets_.skip(4);
    sheets_.text(document_.subtitle, note_ink, left, body);
    sheets_.skip(12);
    for (const Block& block : document_.summary) std::visit(*this, block);
  }

  void leave_room_for_contents() {
    sheets_.new_sheet();
    contents_sheet_ = sheets_.sheet();
    constexpr double room = PdfSheets::floor - PdfSheets::top;
    const auto first = static_cast<std::size_t>((room - 30) / contents_step);
    const auto others = static_cast<std::size_t>(room / contents_step);
    for (std::size_t placed = first; placed < contents_.size(); placed += others) sheets_.new_sheet();
  }

  void draw_contents() {
    std::size_t sheet = contents_sheet_;
    double y = PdfSheets::top;
    sheets_.file.text(sheet, left, y + 14, "Contents", Face::Bold, section_ink.size);
    y += 30;
    for (const ContentsLine& line : contents_) {
      if (y + contents_step > PdfSheets::floor) {
        ++sheet;
        y = PdfSheets::top;
      }
      const PdfSheets::Place* place = sheets_.find(line.target);
      if (place == nullptr) continue;
      const Ink ink{line.is_section ? Face::Bold : Face::Regular, contents_ink.size, 0};
      const double x = left + (line.is_section ? 0 : 12);
      const std::vector<PdfLine> lines = wrap(sheets_.file, {plain(line.text)}, ink, right - x - 40);
      const std::string number = std::to_string(place->sheet + 1);
      const double base = y + ink.size * 1.02;
      for (const PdfFragment& fragment : lines.empty() ? std::vector<PdfFragment>{} : lines.front().fragments)
        sheets_.file.text(sheet, x + fragment.x, base, fragment.text, ink.face, ink.size);
      sheets_.file.text(sheet, right - sheets_.file.width_of(number, ink.face, ink.size), base, number,
                        ink.face, ink.size);
      sheets_.lead(sheet, {x, y, right - x, contents_step}, line.target);
      y += contents_step;
    }
  }

  void draw_section(const Section& section) {
    if (section.is_framework)
      sheets_.new_sheet();
    else
      sheets_.need(150);
    if (sheets_.y() > PdfSheets::top) sheets_.skip(14);
    sheets_.anchor(section.id);
    sheets_.text({plain(section.title)}, section_ink, left, body);
    sheets_.skip(5);
    for (const Block& block : section.blocks) std::visit(*this, block);
  }

  void say_what_lacks() {
    const std::uint64_t lacking = sheets_.file.lacking();
    if (lacking == 0) return;
    sheets_.need(40);
    sheets_.skip(8);
    (*this)(Paragraph{{plain(wording::counted(lacking, "character has", "characters have") +
                             " no picture in this file's fonts and stand here by number, as in [U+4E2D]. The "
                             "HTML and JSON reports hold them as they are.")},
                      Paragraph::Tone::Note});
  }

  void add_bookmarks() {
    int below = -1;
    for (const ContentsLine& line : contents_) {
      const PdfSheets::Place* place = sheets_.find(line.target);
      if (place == nullptr) continue;
      const int made =
          sheets_.file.bookmark(line.is_section ? -1 : below, line.text, place->sheet, place->y - 6);
      if (line.is_section) below = made;
    }
  }

  const Document& document_;
  const std::vector<ContentsLine> contents_;
  PdfSheets sheets_;
  std::size_t contents_sheet_ = 0;
};

}  // namespace

std::string pdf_of(const Document& document) { return PdfRendering(document).render(); }

}  // namespace curfew::report
