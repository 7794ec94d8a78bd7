// Settings of known servers and applications, as data: what a source's own settings don't say, they say.
//
//   const std::string_view json = log_preset("apache_mod_auth_form");   // empty: there is none of that name
//
// Threads: constants. Owns: nothing. Fails: never.
#pragma once

#include <span>
#include <string_view>

namespace curfew::forms {

struct LogPreset {
  std::string_view name;
  std::string_view json;
};

[[nodiscard]] std::span<const LogPreset> log_presets();
[[nodiscard]] std::string_view log_preset(std::string_view name);

}  // namespace curfew::forms
