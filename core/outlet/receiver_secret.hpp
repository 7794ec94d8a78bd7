// What of a stream the database must not have: what its receiver wants to be shown when it is pushed to,
// where it told it over the API, and the key of its subjects' digests. A file of mode 0600 each, so that no
// backup of the database has it.
//
//   std::string file = outlet::keep_secret(folder, "Bearer …");       // its name, for the stream's state
//   std::string header = outlet::secret_of(folder, file);
//
// Threads: any. Owns: nothing. Fails: Error(Unavailable) when a file can't be written or read.
#pragma once

#include <string>

namespace curfew::outlet {

[[nodiscard]] std::string keep_secret(const std::string& folder, const std::string& secret);
[[nodiscard]] std::string secret_of(const std::string& folder, const std::string& file);
void drop_secret(const std::string& folder, const std::string& file);

}  // namespace curfew::outlet
