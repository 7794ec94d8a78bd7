// Lines out of pieces of text. A line that is too long is passed over, and said once.
//
//   LineReader lines(longest, [&](std::string_view line, std::uint64_t number) { … }, too_long);
//   lines.feed(piece); …; lines.finish();
//
// Threads: an object belongs to one thread. Owns: the line that is not complete yet. Fails: never.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace curfew::files {

class LineReader {
 public:
  // Without its end; a carriage return is still there. Numbers begin with 1.
  using Take = std::function<void(std::string_view line, std::uint64_t number)>;
  using TooLong = std::function<void(std::uint64_t number)>;

  LineReader(std::size_t longest, Take take, TooLong too_long)
      : longest_(longest), take_(std::move(take)), too_long_(std::move(too_long)) {}

  void feed(std::string_view bytes);
  // What has no end is a line too.
  void finish();
  // Bytes of whole lines so far.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  // Where the line that is being taken begins, in bytes.
  [[nodiscard]] std::uint64_t line_begin() const { return line_begin_; }
  [[nodiscard]] bool has_rest() const { return !pending_.empty(); }

 private:
  void take(std::string_view line, std::size_t bytes);
  void bound();

  std::size_t longest_;
  Take take_;
  TooLong too_long_;
  std::string pending_;
  std::uint64_t line_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t line_begin_ = 0;
  bool skipping_ = false;
};

}  // namespace curfew::files
