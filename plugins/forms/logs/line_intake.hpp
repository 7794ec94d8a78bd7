// The lines of one file, to marks: parsed, judged, keyed and counted.
//
//   LineIntake intake(log, coverage, input, [&](Mark&& mark) { … });
//   intake.line(bytes, number, offset);
//
// Threads: one file on one thread. Owns: the file's parser and keys. Fails: never; what can't be read is
// counted with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/forms/logs/coverage.hpp"
#include "plugins/forms/logs/line_keys.hpp"
#include "plugins/forms/logs/line_parser.hpp"
#include "plugins/forms/logs/mark.hpp"
#include "plugins/forms/logs/rules.hpp"

namespace curfew::forms {

// Longer lines are passed over and counted.
inline constexpr std::size_t longest_line = std::size_t{256} << 10U;

// How a source's logs are read. `seen` is told of each session with its clear id, which goes no further.
struct LogReading {
  const LogFormat& format;
  const Rules& rules;
  Digest digest;
  std::function<void(std::string_view id, std::string_view user)> seen;
  // Of logs that name no session: how long nothing is seen of a client before its visit is over; none: they
  // do.
  Duration window{};
};

class LineIntake {
 public:
  using Out = std::function<void(Mark&&)>;

  // `entry`: the member of an archive; its places name it.
  LineIntake(const LogReading& reading, Coverage& coverage, std::uint32_t input, Out out,
             std::string entry = {});

  // `offset`: where the line begins, of which the latest heading's is kept.
  void line(std::string_view bytes, std::uint64_t number, std::uint64_t offset);
  void too_long(std::uint64_t number);
  void unreadable(std::string_view place, std::string_view why);
  // Of a file that is read from its middle: its first bytes, and the heading that holds there.
  void resume(std::string_view head, std::string_view heading, std::optional<std::uint64_t> heading_at);

  [[nodiscard]] std::optional<std::uint64_t> heading_at() const { return heading_at_; }
  [[nodiscard]] Time newest() const { return newest_; }
  // Since this was asked last.
  struct Counts {
    std::uint64_t read = 0, filtered = 0, unreadable = 0;
  };
  [[nodiscard]] Counts take_counts();

 private:
  [[nodiscard]] std::string place(std::uint64_t number) const;

  const LogReading& reading_;
  Coverage& coverage_;
  std::uint32_t input_;
  Out out_;
  std::string entry_;
  std::unique_ptr<LineParser> parser_;
  LineKeys keys_;
  LogLine line_;
  std::string why_;
  std::optional<std::uint64_t> heading_at_;
  Time newest_{};
  Counts counts_;
};

}  // namespace curfew::forms
