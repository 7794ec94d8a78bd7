// Step 2 of the schema: where each outlet stands. Once released it is never changed: a change is another
// step.
//
// Threads: constants.
#pragma once

#include <string_view>

namespace curfew::store {

extern const std::string_view migration_0002;

}  // namespace curfew::store
