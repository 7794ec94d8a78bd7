// Lists for a terminal: aligned text, one row a line. Their JSON is in rows_json.hpp.
//
//   std::cout << report::sessions_table(rows, &names);
//
// Values that came from outside can't move the cursor or change colours: control characters become visible.
// Threads: pure functions. Fails: never.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/rows.hpp"
#include "core/report/listing.hpp"
#include "core/report/rows_json.hpp"

namespace curfew::report {

// Clean UTF-8 without control characters and without marks that reorder text.
[[nodiscard]] std::string printable(std::string_view text);

// Columns as wide as their widest cell, at most 48; the last one is not cut.
[[nodiscard]] std::string aligned(const std::vector<std::string>& titles,
                                  const std::vector<std::vector<std::string>>& rows);

[[nodiscard]] std::string sessions_table(const std::vector<model::SessionRow>& rows,
                                         const Names* names = nullptr);
[[nodiscard]] std::string subjects_table(const std::vector<SubjectRow>& rows, const Names* names = nullptr);
[[nodiscard]] std::string violations_table(const std::vector<model::ViolationRow>& rows,
                                           const Names* names = nullptr);
[[nodiscard]] std::string sign_outs_table(const std::vector<model::SignOutRow>& rows,
                                          const Names* names = nullptr);
[[nodiscard]] std::string sources_table(const std::vector<SourceStatus>& rows);

// A JSON array of rows, as the command line's --json prints it.
template <typename Row>
[[nodiscard]] std::string list_json(const std::vector<Row>& rows, const Names* names = nullptr) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const Row& row : rows) write(json, row, names);
  json.end();
  return out + "\n";
}

}  // namespace curfew::report
