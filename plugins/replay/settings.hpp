// The replay connector's settings.
//
//   const Options options = read_options(R"({"script": "day.ndjson", "speed": 60})");
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Invalid) naming the setting.
#pragma once

#include <string>

#include "curfew/plugin/connector.hpp"

namespace curfew::replay {

struct Options {
  std::string script;
  std::string start = "now";
  double speed = 1;
  plugin::Duration loop_every{};
  std::string acts;
  std::string gate;
  std::string gate_keys;
};

[[nodiscard]] Options read_options(const std::string& config);
// What offsets count from.
[[nodiscard]] plugin::Time read_start(const std::string& text, plugin::Time now);

}  // namespace curfew::replay
