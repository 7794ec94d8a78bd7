// Time zones of the machine's tz database, by name.
//
//   offsets_of("Europe/Berlin")   // what to add to UTC, from when on: 1970 to 2070
//
// Read when a configuration is loaded, and written into the record with it: the engine never asks a zone.
// Threads: any. Fails: Error(Configuration) for a name that the database doesn't have, or without a database.
#pragma once

#include <string>
#include <vector>

#include "core/model/policy.hpp"

namespace curfew::app {

[[nodiscard]] std::vector<model::ZoneOffset> offsets_of(const std::string& zone);

}  // namespace curfew::app
