// One record of Entra's logs as JSON, however it came: in a page of Graph, or in an envelope. Only readers of
// records include this.
//
//   SignInRecord record;
//   if (!read_sign_in(row, {}, record)) ++unreadable;
//
// Threads: pure functions. Owns: nothing. Fails: never; false, or nothing, for what can't be read.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/oauth/providers/entra/sign_ins.hpp"

namespace curfew::oauth::entra {

inline constexpr std::size_t longest_id = 128;
// Of an audit record's key; no sign-in's id begins so.
inline constexpr std::string_view audit_prefix = "audit/";
inline constexpr std::size_t longest_text = 512;

[[nodiscard]] inline std::string_view text_in(const simdjson::dom::element& object, const char* key) {
  std::string_view text;
  return object.at_key(key).get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

// As a number, or as text that is nothing but one.
[[nodiscard]] inline std::optional<std::int64_t> number_in(const simdjson::dom::element& object,
                                                           const char* key) {
  std::int64_t number = 0;
  if (object.at_key(key).get_int64().get(number) == simdjson::SUCCESS) return number;
  const std::string_view text = text_in(object, key);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// An object or a list, which stands in some logs as text: `parser` keeps it then. False: it is neither.
[[nodiscard]] inline bool unfold(const simdjson::dom::element& object, const char* key,
                                 simdjson::dom::parser& parser, simdjson::dom::element& value) {
  if (object.at_key(key).get(value) != simdjson::SUCCESS) return false;
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS &&
      parser.parse(text.data(), text.size()).get(value) != simdjson::SUCCESS)
    return false;
  return value.is_object() || value.is_array();
}

// To what an observation may hold, between characters.
[[nodiscard]] inline std::string clipped(std::string_view text) {
  std::size_t size = std::min(text.size(), longest_text);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return std::string(text.substr(0, size));
}

[[nodiscard]] inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] inline std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

enum class Who { Person, PersonsClient, NoPerson };

// What stands around a record and says what it leaves out.
struct RowFrame {
  std::optional<Who> who{};
  std::optional<plugin::Time> at{};
  std::optional<std::int64_t> code{};
  std::string_view address{};
  std::string_view correlation{};
};

[[nodiscard]] bool read_sign_in(const simdjson::dom::element& row, const RowFrame& frame,
                                SignInRecord& record);
// Of a record that can't be read.
[[nodiscard]] std::string known_again_by(const simdjson::dom::element& row);

using RowReader = std::function<bool(const simdjson::dom::element& row, SignInRecord& record)>;
// A page of Graph's logs; `what` they are, for errors.
[[nodiscard]] SignInPage read_log_page(std::string_view body, const char* what, const RowReader& read);

}  // namespace curfew::oauth::entra
