// Step 1 of the schema. Once released it is never changed: a change is another step.
//
// Threads: constants.
#pragma once

#include <string_view>

namespace curfew::store {

extern const std::string_view migration_0001;

}  // namespace curfew::store
