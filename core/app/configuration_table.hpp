// The declaration of every key of Curfew's configuration.
//
//   const app::Table& root = app::configuration_table();
//   std::string schema = app::json_schema();            // `curfew config schema`
//   std::string page = app::reference_page();           // docs/configuration.md, the part on keys
//   std::string yaml = app::show(settings);             // `curfew config show`
//
// Threads: read-only after first use. Owns: the table, for the process's life. Fails: never.
#pragma once

#include <string>
#include <vector>

#include "core/app/declaration.hpp"
#include "core/app/settings.hpp"

namespace curfew::app {

[[nodiscard]] const Table& configuration_table();

[[nodiscard]] std::string json_schema();
[[nodiscard]] std::string reference_page();
// As YAML, with the defaults filled in. Secrets are never in Settings but inside plugin settings: there the
// values of keys that look like secrets are masked.
[[nodiscard]] std::string show(const Settings& settings);
// The paths of what differs ("sources[crm].lateness"); elements of lists by their name.
[[nodiscard]] std::vector<std::string> changed_keys(const Settings& before, const Settings& after);

}  // namespace curfew::app
