// Texts broken into lines for a sheet: words, styles and links in, lines out.
//
//   const std::vector<PdfLine> lines = wrap(file, text, {Face::Regular, 9}, 240);
//
// Threads: one. Owns: values. Fails: never; a word that is wider than the line is broken.
#pragma once

#include <string>
#include <vector>

#include "core/report/document.hpp"
#include "core/report/pdf_file.hpp"

namespace curfew::report {

struct Ink {
  Face face = Face::Regular;
  double size = 9;
  double gray = 0;
};

struct PdfFragment {
  std::string text;  // as PdfFile::shown made it
  Ink ink;
  std::string target;  // id that it leads to; empty: none
  double x = 0;        // from the line's beginning
  double width = 0;
};
struct PdfLine {
  std::vector<PdfFragment> fragments;
  double width = 0;
};

[[nodiscard]] std::vector<PdfLine> wrap(PdfFile& file, const Text& text, const Ink& ink, double width);
// On one line, however wide; and its widest word. For the width of columns; counts nothing as lacking.
struct PdfMeasure {
  double whole = 0;
  double word = 0;
};
[[nodiscard]] PdfMeasure measure(const PdfFile& file, const Text& text, const Ink& ink);
[[nodiscard]] inline double line_height(const Ink& ink) { return ink.size * 1.38; }
// What a span's style makes of the ink around it.
[[nodiscard]] Ink ink_of(const Span& span, const Ink& around);

}  // namespace curfew::report
