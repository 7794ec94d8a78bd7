#include "core/store/personal_values.hpp"

#include <algorithm>

#include "core/store/binary_copy.hpp"
#include "core/store/server_connection.hpp"

namespace curfew::store {

void read_personal(const ConnectionInfo& info, std::int64_t stream,
                   const std::vector<std::uint64_t>& sequences,
                   const std::function<void(PersonalRow&&)>& take) {
  constexpr std::size_t at_once = 1'000;
  ServerConnection connection(info);
  connection.execute("SET ROLE curfew_auditor");
  for (std::size_t from = 0; from < sequences.size(); from += at_once) {
    std::string list;
    for (std::size_t i = from; i < std::min(sequences.size(), from + at_once); ++i)
      list += (list.empty() ? "" : ", ") + std::to_string(sequences[i]);
    copy_rows(connection,
              "SELECT sequence, salt, value FROM curfew.personal WHERE stream = " + std::to_string(stream) +
                  " AND sequence IN (" + list + ") ORDER BY sequence",
              3, [&](const BinaryRow& row) {
                take({static_cast<std::uint64_t>(row.number(0)), row.text(1), row.text(2)});
                return true;
              });
  }
}

}  // namespace curfew::store
