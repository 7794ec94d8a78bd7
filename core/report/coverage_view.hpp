// A connector's coverage object, whatever is in it, as HTML: numbers in a list, places and counts in tables,
// long lists cut with the cut said.
//
// Threads: pure functions. Fails: never; what is no JSON object gives nothing.
#pragma once

#include <string>
#include <string_view>

namespace curfew::report {

[[nodiscard]] std::string coverage_html(std::string_view json);

}  // namespace curfew::report
