// Text that crosses a boundary: UTF-8 checks, JSON strings, masking.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace curfew::base {

// Strict UTF-8 (no surrogates, no overlong forms) without NUL: what PostgreSQL's text takes.
[[nodiscard]] bool is_clean_utf8(std::string_view text);
// Every offending byte, and NUL, becomes U+FFFD.
[[nodiscard]] std::string to_clean_utf8(std::string_view text);

// Appends `text` as a JSON string with its quotes: escapes ", \ and controls below 0x20, nothing else, so
// that the bytes in a leaf depend on no library. `text` must be clean UTF-8.
void append_json_string(std::string& out, std::string_view text);

// ASCII only: what configuration keys and host names need.
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);

// The nearest of `candidates` by edit distance, if near enough to be a slip of the pen; else empty.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace curfew::base
