// Members of a JSON object as text, for what connectors tell of their coverage.
//
//   std::string json = "{"; append(json, "lines", lines); append(json, "format", "w3c"); json += '}';
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "plugins/files/text.hpp"

namespace curfew::files {

inline void append_key(std::string& json, std::string_view key) {
  if (json.back() != '{' && json.back() != '[') json += ',';
  append_json_string(json, key);
  json += ':';
}
inline void append(std::string& json, std::string_view key, std::uint64_t number) {
  append_key(json, key);
  json += std::to_string(number);
}
inline void append(std::string& json, std::string_view key, std::string_view text) {
  append_key(json, key);
  append_json_string(json, text);
}
template <typename Map>
void append_counts(std::string& json, std::string_view key, const Map& counts) {
  append_key(json, key);
  json += '{';
  for (const auto& [name, count] : counts) {
    if constexpr (std::is_integral_v<std::decay_t<decltype(name)>>) {
      append(json, std::to_string(name), count);
    } else {
      append(json, name, count);
    }
  }
  json += '}';
}

}  // namespace curfew::files
