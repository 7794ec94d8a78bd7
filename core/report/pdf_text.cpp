#include "core/report/pdf_text.hpp"

#include <algorithm>
#include <string_view>

namespace curfew::report {
namespace {

constexpr double link_gray = 0;  // links are underlined

// Where the next word begins, after its blanks; text.size() at the end.
std::size_t end_of_word(std::string_view text, std::size_t from) {
  while (from < text.size() && text[from] != ' ') ++from;
  return from;
}

// The first bytes of the text that fit, whole characters, at least one of them.
std::size_t fitting(const PdfFile& file, std::string_view text, const Ink& ink, double width) {
  std::size_t fits = 0;
  double used = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U) ++next;
    used += file.width_of(text.substr(i, next - i), ink.face, ink.size);
    if (used > width && fits > 0) return fits;
    fits = i = next;
  }
  return fits;
}

class Wrapping {
 public:
  Wrapping(PdfFile& file, double width) : file_(file), width_(width) {}

  void add(const Span& span, const Ink& ink) {
    const std::string text = file_.shown(span.text, ink.face);
    for (std::size_t at = 0; at < text.size();) {
      const bool blank = text[at] == ' ';
      const std::size_t end = blank ? at + 1 : end_of_word(text, at);
      const std::string_view part = std::string_view(text).substr(at, end - at);
      at = end;
      if (blank)
        place(part, ink, span.target, true);
      else
        place_word(part, ink, span.target);
    }
  }
  std::vector<PdfLine> take() {
    end_line();
    return std::move(lines_);
  }

 private:
  void place_word(std::string_view word, const Ink& ink, const std::string& target) {
    double width = file_.width_of(word, ink.face, ink.size);
    if (line_.width > 0 && line_.width + width > width_) end_line();
    while (width > width_) {
      const std::size_t fits = fitting(file_, word, ink, width_);
      place(word.substr(0, fits), ink, target, false);
      word.remove_prefix(fits);
      if (word.empty()) return;
      end_line();
      width = file_.width_of(word, ink.face, ink.size);
    }
    place(word, ink, target, false);
  }
  void place(std::string_view text, const Ink& ink, const std::string& target, bool is_blank) {
    if (is_blank && line_.fragments.empty()) return;
    const double width = file_.width_of(text, ink.face, ink.size);
    const bool goes_on = !line_.fragments.empty() && line_.fragments.back().target == target &&
                         line_.fragments.back().ink.face == ink.face &&
                         line_.fragments.back().ink.gray == ink.gray;
    if (goes_on)
      line_.fragments.back().text += text;
    else
      line_.fragments.push_back({std::string(text), ink, target, line_.width, 0});
    line_.fragments.back().width += width;
    line_.width += width;
  }
  void end_line() {
    if (line_.fragments.empty()) return;
    lines_.push_back(std::move(line_));
    line_ = {};
  }

  PdfFile& file_;
  double width_;
  PdfLine line_;
  std::vector<PdfLine> lines_;
};

}  // namespace

Ink ink_of(const Span& span, const Ink& around) {
  Ink ink = around;
  if (span.style == Style::Strong) ink.face = Face::Bold;
  if (span.style == Style::Code) {
    ink.face = Face::Mono;
    ink.size = around.size * 0.92;
  }
  if (span.style == Style::Foreign) ink.face = Face::Regular;
  if (!span.target.empty()) ink.gray = link_gray;
  return ink;
}

std::vector<PdfLine> wrap(PdfFile& file, const Text& text, const Ink& ink, double width) {
  Wrapping wrapping(file, width);
  for (const Span& span : text) wrapping.add(span, ink_of(span, ink));
  return wrapping.take();
}

PdfMeasure measure(const PdfFile& file, const Text& text, const Ink& ink) {
  PdfMeasure out;
  double word = 0;
  for (const Span& span : text) {
    const Ink own = ink_of(span, ink);
    const std::string_view whole = span.text;
    for (std::size_t at = 0; at < whole.size();) {
      const bool blank = whole[at] == ' ';
      const std::size_t end = blank ? at + 1 : end_of_word(whole, at);
      const double width = file.width_of(whole.substr(at, end - at), own.face, own.size);
      at = end;
      out.whole += width;
      word = blank ? 0 : word + width;
      out.word = std::max(out.word, word);
    }
  }
  return out;
}

}  // namespace curfew::report
