// A PDF file under construction, by libharu: sheets, texts in embedded fonts, lines, links, bookmarks. It
// knows no report; document_pdf.cpp lays one out.
//
//   PdfFile file;
//   file.add_sheet();
//   file.text(0, 48, 60, file.shown("Zürich", Face::Bold), Face::Bold, 11);
//   std::string bytes = file.take({.title = "…", .dated = at});
//
// Measured in points, from a sheet's upper left corner. The same calls make the same bytes: nothing is asked
// of a clock.
//
// A character that a font has no picture for is written as [U+4E2D], and counted: never dropped. Text from
// right to left stands in its own order; marks that would reorder what is around it are written out too.
//
// Threads: one. Owns: the file. Fails: Error(Unavailable) without the fonts, naming the package;
// Error(Internal) when libharu refuses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"

namespace curfew::report {

enum class Face : std::uint8_t { Regular, Bold, Mono };

struct PdfInfo {
  std::string title;
  std::string subject;
  std::string creator;
  Time dated{};
};

struct PdfPoint {
  double x = 0;
  double y = 0;
};
struct PdfBox {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

// How an edge is drawn: told apart without colour.
enum class Edge : std::uint8_t { Thin, Thick, Dashed, Dotted };

class PdfFile {
 public:
  static constexpr double width = 595.276;  // A4
  static constexpr double height = 841.89;

  PdfFile();
  ~PdfFile();
  PdfFile(const PdfFile&) = delete;
  PdfFile& operator=(const PdfFile&) = delete;

  void add_sheet();
  [[nodiscard]] std::size_t sheets() const;

  // Clean text that every one of whose characters the face has; counts what it lacks.
  [[nodiscard]] std::string shown(std::string_view text, Face face);
  [[nodiscard]] std::uint64_t lacking() const;

  // Of text that `shown` made.
  [[nodiscard]] double width_of(std::string_view text, Face face, double size) const;
  // `y` is the line that letters stand on; 0 is black, 1 is white.
  void text(std::size_t sheet, double x, double y, std::string_view text, Face face, double size,
            double gray = 0);
  void line(std::size_t sheet, PdfPoint from, PdfPoint to, double thickness, double gray);
  void frame(std::size_t sheet, const PdfBox& box, Edge edge, double gray);
  void fill(std::size_t sheet, const PdfBox& box, double gray);
  // Lines at 45 degrees, or upright, within the box.
  void hatch(std::size_t sheet, const PdfBox& box, double distance, bool upright, double gray);
  void area(std::size_t sheet, const std::vector<PdfPoint>& points, double fill_gray, double edge_gray);
  void dot(std::size_t sheet, PdfPoint at, double radius, double gray);

  void link(std::size_t sheet, const PdfBox& box, std::size_t to_sheet, double to_y);
  // `below`: number of the bookmark that it belongs to; -1: none. Returns its number.
  int bookmark(int below, const std::string& title, std::size_t to_sheet, double to_y);

  // Ends the file.
  [[nodiscard]] std::string take(const PdfInfo& info);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::report
