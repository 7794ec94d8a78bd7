// Rows of a table as text (RFC 4180): fields between separators, in quotes where they hold a separator, a
// quote (doubled) or an end of line.
//
//   CsvReader rows(',', [&](const auto& fields, std::uint64_t line) { … }, [&](auto line, auto why) { … });
//   rows.feed(piece); …; rows.finish();
//
// The first row comes like the others: whether it is a header is the caller's. Lines end with LF or CRLF; an
// empty line is no row. A row that is too long, or that never closes a quote, is said once, with the line
// that it began on; reading goes on with the next line.
//
// Threads: an object belongs to one thread. Owns: the row that is not complete yet. Fails: never.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace curfew::files {

class CsvReader {
 public:
  static constexpr std::size_t most_fields = 1'024;
  static constexpr std::size_t longest_row = std::size_t{1} << 20U;

  using Take = std::function<void(const std::vector<std::string>& fields, std::uint64_t line)>;
  using Bad = std::function<void(std::uint64_t line, std::string_view why)>;

  CsvReader(char separator, Take take, Bad bad)
      : separator_(separator), take_(std::move(take)), bad_(std::move(bad)) {}

  void feed(std::string_view text) {
    for (const char c : text) put(c);
  }
  // What has no end of line is a row too.
  void finish();

 private:
  enum class At : std::uint8_t { Start, Bare, Quoted, Closing };

  void put(char c);
  void end_field();
  void end_row();
  void refuse(std::string_view why);

  char separator_;
  Take take_;
  Bad bad_;
  std::vector<std::string> fields_;
  std::string field_;
  std::size_t size_ = 0;     // of the row so far
  std::uint64_t line_ = 1;   // of the text
  std::uint64_t begin_ = 1;  // of the row
  At at_ = At::Start;        // within a field
  bool is_quoted_ = false;   // the field began with a quote
  bool is_refused_ = false;  // passed over up to the end of the line
};

// What separates the fields of such a first line: of comma, semicolon and tab the one that is there most
// often, outside of quotes. NUL: none is.
[[nodiscard]] char separator_of(std::string_view first_line);

}  // namespace curfew::files
