// Cookies of a request and of its answer, and what makes a session's clear id of their values.
//
//   cookie_of(line, "sid")                 // as presented by the request
//   set_cookie_of(line, "sid")             // as the answer sets it: value, and whether it takes it away
//   transformed("s%3Aabc.mac", {url_decode, after:s:, before:.})   // "abc"
//
// Threads: pure functions. Owns: nothing. Fails: parse_transform gives nothing for what is none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/forms/logs/log_line.hpp"

namespace curfew::forms {

struct SetCookie {
  std::string_view value;
  bool is_removed = false;  // empty, or expired when it is set
};

// Names are compared as they are; those that a log's own variables name (nginx: $cookie_sid) ignoring case.
[[nodiscard]] std::string_view cookie_of(const LogLine& line, std::string_view name);
// The last one of this name.
[[nodiscard]] std::optional<SetCookie> set_cookie_of(const LogLine& line, std::string_view name);

// The same that a gate does with a cookie: url_decode, before:X, after:X, unquote, lower.
struct Transform {
  enum class Kind : std::uint8_t { UrlDecode, Before, After, Unquote, Lower };
  Kind kind = Kind::UrlDecode;
  std::string marker;
};
[[nodiscard]] std::optional<Transform> parse_transform(std::string_view text);
[[nodiscard]] std::string transformed(std::string text, const std::vector<Transform>& transforms);
[[nodiscard]] std::string percent_decoded(std::string_view text);

// "a=1&b=2"; decoded. Empty when there is none.
[[nodiscard]] std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace curfew::forms
