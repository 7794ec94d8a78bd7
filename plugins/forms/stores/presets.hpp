// The queries of known applications.
//
//   const std::optional<Preset> preset = find_preset("mod_session_dbd", "session", Marks::Dollars);
//
// Threads: pure. Owns: nothing. Fails: plugin::Failure(Invalid) for a table's name that is none.
#pragma once

#include <string>
#include <string_view>

#include "plugins/forms/stores/sql_connection.hpp"

namespace curfew::forms {

struct Preset {
  std::string list;
  std::string remove;
  std::string prove;
};

[[nodiscard]] Preset find_preset(std::string_view name, const std::string& table, Marks marks);

}  // namespace curfew::forms
