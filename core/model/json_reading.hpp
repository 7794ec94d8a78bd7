// Reading our own JSON texts back, strictly: a field that is missing, unknown or of another type is Corrupt.
//
//   for (auto [key, value] : json_object(parser, text, "policy set")) …
//   read(value, key, policy.limit)
//
// Only for .cpp files: it includes simdjson. Threads: pure functions. Fails: Error(Corrupt) naming the field.
#pragma once

#include <simdjson.h>

#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

[[noreturn]] inline void corrupt_field(std::string_view key, std::string_view what) {
  throw Error(ErrorKind::Corrupt, "recorded JSON: '" + std::string(key) + "' " + std::string(what));
}

// Parsed with a parser that must outlive the result.
inline simdjson::dom::object json_object(simdjson::dom::parser& parser, std::string_view json,
                                         std::string_view what) {
  simdjson::dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS)
    corrupt_field(what, "is not a JSON object");
  return object;
}

inline simdjson::dom::object json_object(simdjson::dom::element from, std::string_view key) {
  simdjson::dom::object object;
  if (from.get(object) != simdjson::SUCCESS) corrupt_field(key, "is not a JSON object");
  return object;
}

inline void read(simdjson::dom::element from, std::string_view key, std::string& to) {
  std::string_view text;
  if (from.get(text) != simdjson::SUCCESS) corrupt_field(key, "is not a text");
  to = text;
}
inline void read(simdjson::dom::element from, std::string_view key, bool& to) {
  if (from.get(to) != simdjson::SUCCESS) corrupt_field(key, "is not true or false");
}
template <typename N>
requires(std::is_integral_v<N> && !std::is_same_v<N, bool>) void read(simdjson::dom::element from,
                                                                      std::string_view key, N& to) {
  if constexpr (std::is_signed_v<N>) {
    std::int64_t value = 0;
    if (from.get(value) != simdjson::SUCCESS || value < std::numeric_limits<N>::min() ||
        value > std::numeric_limits<N>::max())
      corrupt_field(key, "is not a number in range");
    to = static_cast<N>(value);
  } else {
    std::uint64_t value = 0;
    if (from.get(value) != simdjson::SUCCESS || value > std::numeric_limits<N>::max())
      corrupt_field(key, "is not a number in range");
    to = static_cast<N>(value);
  }
}
inline void read(simdjson::dom::element from, std::string_view key, Duration& to) {
  std::int64_t micros = 0;
  read(from, key, micros);
  to = Duration{micros};
}
inline void read(simdjson::dom::element from, std::string_view key, Time& to) {
  std::int64_t micros = 0;
  read(from, key, micros);
  to = base::from_micros(micros);
}
inline void read(simdjson::dom::element from, std::string_view key, Ref& to) {
  std::string text;
  read(from, key, text);
  const auto ref = parse_ref(text);
  if (!ref) corrupt_field(key, "is not a reference");
  to = *ref;
}
template <typename E>
requires std::is_enum_v<E>
void read(simdjson::dom::element from, std::string_view key, E& to) {
  std::string text;
  read(from, key, text);
  const auto value = parse<E>(text);
  if (!value) corrupt_field(key, "is not a known name");
  to = *value;
}
template <typename T>
void read(simdjson::dom::element from, std::string_view key, std::vector<T>& to) {
  simdjson::dom::array list;
  if (from.get(list) != simdjson::SUCCESS) corrupt_field(key, "is not a list");
  to.clear();
  for (const auto item : list) read(item, key, to.emplace_back());
}

}  // namespace curfew::model
