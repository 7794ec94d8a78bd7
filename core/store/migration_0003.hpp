// Step 3 of the schema: what is asked for by time is found by time. Once released it is never changed: a
// change is another step.
//
// Threads: constants.
#pragma once

#include <string_view>

namespace curfew::store {

extern const std::string_view migration_0003;

}  // namespace curfew::store
