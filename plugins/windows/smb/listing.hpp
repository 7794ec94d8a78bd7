// What `smbstatus --json` says: the SMB sessions that a Samba server has at a moment.
//
//   std::string why;
//   if (auto listing = read_listing(text, why)) for (const ListedSmb& one : listing->sessions) …
//
// A connection (endpoint) is a process of its own; it may carry several sessions. Threads: pure functions.
// Owns: values. Fails: read_listing is empty, with `why`, for what is no such output or too much of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/files/text.hpp"

namespace curfew::windows {

inline constexpr std::size_t most_listed = 200'000;

struct SmbProcess {
  std::uint64_t pid = 0;        // 0: not known
  std::uint64_t unique_id = 0;  // tells a pid that is given again; 0: not known
  // What is not known on one side doesn't part them.
  [[nodiscard]] bool fits(const SmbProcess& other) const {
    return (pid == 0 || other.pid == 0 || pid == other.pid) &&
           (unique_id == 0 || other.unique_id == 0 || unique_id == other.unique_id);
  }
};

struct ListedSmb {
  SmbProcess process;
  std::uint64_t uid = 0;
  std::string endpoint;  // "ipv4:10.0.0.7:46498", as the audit log has it
};

struct SmbListing {
  files::Time asked{};     // before the server was: what was signed in later may be missing
  files::Time answered{};  // after it answered: what is missing may have been there until then
  std::vector<ListedSmb> sessions;
};

[[nodiscard]] std::optional<SmbListing> read_listing(std::string_view json, std::string& why);

}  // namespace curfew::windows
