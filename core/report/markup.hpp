// HTML text: escaping, and the few shapes that the report is made of.
//
//   out += escaped(name);                      // safe in text and in quoted attributes
//   out += person("alice <script>");           // escaped, and isolated from the text around it
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace curfew::report {

// Also cleans to UTF-8 and makes control characters visible.
[[nodiscard]] std::string escaped(std::string_view text);
// A value that somebody else chose: right-to-left marks in it can't reorder what stands beside it.
[[nodiscard]] std::string foreign(std::string_view text);
[[nodiscard]] std::string table_head(const std::vector<std::string_view>& columns);

}  // namespace curfew::report
