// The flow of a document over sheets: where the next thing goes, what leads where, and what every sheet says
// at its edges.
//
// Threads: one. Owns: the file. Fails: as PdfFile does.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/report/pdf_text.hpp"

namespace curfew::report {

class PdfSheets {
 public:
  static constexpr double left = 50;
  static constexpr double right = PdfFile::width - 50;
  static constexpr double top = 66;
  static constexpr double floor = PdfFile::height - 56;
  static constexpr double body = right - left;

  PdfFile file;

  [[nodiscard]] std::size_t sheet() const { return file.sheets() - 1; }
  [[nodiscard]] double y() const { return y_; }
  [[nodiscard]] double left_over() const { return floor - y_; }
  void new_sheet();
  // A new sheet, unless so much fits on this one. True: it is a new one.
  bool need(double height);
  void skip(double height) { y_ += height; }

  // Lines below each other from x on; sheets change between them.
  void lines(const std::vector<PdfLine>& lines, double x, double height, double bar_at = 0, double bar = 0);
  // One line whose upper edge is at `y`, on this sheet.
  void line_at(const PdfLine& line, double x, double y);
  void text(const Text& text, const Ink& ink, double x, double width);

  // What has this id is here.
  void anchor(const std::string& id);
  struct Place {
    std::size_t sheet = 0;
    double y = 0;
  };
  // Null: nothing has it.
  [[nodiscard]] const Place* find(const std::string& id) const;
  void lead(std::size_t from_sheet, const PdfBox& box, std::string target);
  // Draws what leads somewhere, once all is where it is.
  void end_links();
  void edges(const std::string& head_left, const std::string& head_right, const std::string& second,
             const std::string& foot);

 private:
  double y_ = top;
  std::map<std::string, Place> anchors_;
  struct Lead {
    std::size_t sheet;
    PdfBox box;
    std::string target;
  };
  std::vector<Lead> leads_;
};

}  // namespace curfew::report
