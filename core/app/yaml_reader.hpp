// Reads YAML by a declaration: every key is known, every value has its type and bounds, and what is wrong is
// said with file, line and column, the wrong key and the likely right one.
//
//   app::read_yaml("curfew.yaml", text, configuration_table(), settings, settings.marks);
//
// A second text may be read onto the same object (conf.d): mappings merge, lists of objects grow, a value
// said twice is an error that names both places. Threads: pure functions. Owns: nothing. Fails:
// Error(Configuration).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/app/declaration.hpp"
#include "core/app/settings.hpp"

namespace curfew::app {

inline constexpr std::size_t max_configuration_bytes = 4 << 20;

void read_yaml(const std::string& file, std::string_view text, const Table& table, void* object,
               std::map<std::string, Mark>& marks);

[[nodiscard]] std::string to_text(const Mark& mark);
// Error(Configuration) "file:line:column: text" for the value at `path`, or for the nearest one around it.
[[nodiscard]] Error error_at(const std::map<std::string, Mark>& marks, std::string path,
                             const std::string& text);

}  // namespace curfew::app
