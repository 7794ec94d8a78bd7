// One record of the directory's audit log as JSON, of a page or of an envelope. Only readers of records
// include this. Threads: a pure function. Owns: nothing. Fails: never; false: it can't be read.
#pragma once

#include "plugins/oauth/providers/entra/log_row.hpp"

namespace curfew::oauth::entra {

[[nodiscard]] bool read_directory_audit(const simdjson::dom::element& row, const RowFrame& frame,
                                        const std::string& own_client, SignInRecord& record);

}  // namespace curfew::oauth::entra
