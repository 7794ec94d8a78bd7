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

// What could not be read: how often, and the first places with the reason.
template <typename Places>
void append_unreadable(std::string& json, std::uint64_t count, const Places& places) {
  append_key(json, "unreadable");
  json += '{';
  append(json, "count", count);
  append_key(json, "places");
  json += '[';
  for (const auto& [place, why] : places) {
    if (json.back() != '[') json += ',';
    json += '{';
    append(json, "place", place);
    append(json, "why", why);
    json += '}';
  }
  json += "]}";
}

// The inputs, as many as the host takes, and how many there are. `append_one` says more of each.
template <typename Inputs, typename AppendOne>
void append_inputs(std::string& json, const Inputs& inputs, const AppendOne& append_one) {
  constexpr std::size_t most_shown = 2000;
  constexpr std::size_t most_json = std::size_t{3} << 20U;  // the host takes four MiB
  append_key(json, "inputs");
  json += '[';
  for (std::size_t i = 0; i < inputs.size() && i < most_shown && json.size() < most_json; ++i) {
    if (json.back() != '[') json += ',';
    json += '{';
    append(json, "input", inputs[i].name);
    append_one(json, inputs[i]);
    json += '}';
  }
  json += ']';
  append(json, "input_count", inputs.size());
}

}  // namespace curfew::files
