// Keys of a file's lines: the same whenever and wherever the file is read, also renamed, copied, packed or
// from its middle. Made of what tells the file (its first line), of the line, and of how many like it came
// before: two sign-ins within one second may be two equal lines.
//
//   LineKeys keys(digest); keys.begin(head);
//   plugin::SessionDigest key = keys.of(line);
//
// Threads: one file on one thread. Owns: digests of the latest lines. Fails: never; lines that are equal and
// more than 8,192 others apart have one key.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "curfew/plugin/connector.hpp"

namespace curfew::forms {

using Digest = std::function<plugin::SessionDigest(std::string_view)>;

class LineKeys {
 public:
  explicit LineKeys(Digest digest) : digest_(std::move(digest)) {}

  // Of a file that is read from its middle: its first bytes.
  void begin(std::string_view head);
  // Every line of a file that is read from its beginning, until one tells it.
  void see(std::string_view line);
  [[nodiscard]] plugin::SessionDigest of(std::string_view line);

 private:
  using Bytes = std::array<std::uint8_t, 16>;
  Digest digest_;
  std::string file_;
  std::string text_;
  std::map<Bytes, std::uint32_t> seen_, seen_before_;
};

}  // namespace curfew::forms
