// Text as the ABI takes it: clean UTF-8, and JSON strings of it (for coverage).
//
//   plugin::is_clean_utf8(name)                 // what every text of an observation must be
//   plugin::to_clean_utf8(line)                 // what isn't becomes U+FFFD
//   plugin::append_json_string(json, name)
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace curfew::plugin {
namespace detail {

// Length of the well-formed sequence at the beginning, 0 if there is none.
inline std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// Whether it begins with eight characters of ASCII other than NUL, as most texts do.
inline bool is_plain_word(std::string_view text) {
  std::uint64_t word = 0;
  if (text.size() < sizeof word) return false;
  std::memcpy(&word, text.data(), sizeof word);
  constexpr std::uint64_t ones = 0x0101010101010101U, highest = ones * 0x80U;
  return ((word | (word - ones)) & highest) == 0;
}

}  // namespace detail

// Strict UTF-8 (no surrogates, no overlong forms), without NUL.
[[nodiscard]] inline bool is_clean_utf8(std::string_view text) {
  while (!text.empty()) {
    if (detail::is_plain_word(text)) {
      text.remove_prefix(sizeof(std::uint64_t));
      continue;
    }
    const std::size_t length = detail::utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Each byte that is out of place, and NUL, becomes U+FFFD.
[[nodiscard]] inline std::string to_clean_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = detail::utf8_sequence(text);
    if (length == 0) {
      clean += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    } else {
      clean += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return clean;
}

// With its quotes; escapes ", \ and controls. `text` must be clean UTF-8.
inline void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4U];
      out += hex[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace curfew::plugin
