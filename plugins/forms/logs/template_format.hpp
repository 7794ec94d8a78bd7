// A log format that is a text with variables in it, as those of nginx and Apache are.
//
//   TemplateFormat format(pieces, " \"", Escape::Backslash, settings);
//   format.parse(bytes, line, why)
//
// A value ends where the text behind it begins; in quotes, at the first quote that isn't escaped. Each line
// is read once from left to right, so the time is linear.
//
// Threads: immutable after construction. Owns: the pieces. Fails: the constructor throws
// std::invalid_argument for variables that can't be told apart; parse says what it misses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/forms/logs/line_parser.hpp"

namespace curfew::forms {

enum class Escape : std::uint8_t { None, Backslash };

struct TemplatePiece {
  std::string before;  // the text between the last variable and this one
  Slot slot = Slot::Field;
  std::string name;         // the format's own
  std::string time_format;  // of Slot::TimeFormat
};

class TemplateFormat final : public LogFormat {
 public:
  TemplateFormat(std::vector<TemplatePiece> pieces, std::string tail, Escape escape, LineSettings settings);

  [[nodiscard]] std::unique_ptr<LineParser> parser() const override;
  [[nodiscard]] Verdict parse(std::string_view bytes, LogLine& line, std::string& why) const;

 private:
  [[nodiscard]] std::string_view text_behind(std::size_t piece) const;

  std::vector<TemplatePiece> pieces_;
  std::string tail_;
  Escape escape_;
  LineSettings settings_;
};

// \xHH, \uHHHH, \n, \", \\ and the like.
[[nodiscard]] std::string unescaped(std::string_view text);

}  // namespace curfew::forms
