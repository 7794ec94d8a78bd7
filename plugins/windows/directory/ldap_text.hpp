// Texts of a directory: filters without injection, SIDs and GUIDs between their bytes and their writing.
//
//   "(userPrincipalName=" + filter_escaped(upn) + ")"
//   sid_bytes("S-1-5-21-1-2-3-500")      // as objectSid holds it
//
// Threads: pure functions. Owns: nothing. Fails: never; what is no SID is nullopt, or empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace curfew::windows {

// RFC 4515: whatever could mean something in a filter, and each byte that is no printable ASCII.
[[nodiscard]] std::string filter_escaped(std::string_view text);
[[nodiscard]] std::optional<std::string> sid_bytes(std::string_view text);
[[nodiscard]] std::string sid_text(std::string_view bytes);
// The last number of a SID; 0: it has none.
[[nodiscard]] std::uint32_t relative_id(std::string_view sid);
[[nodiscard]] std::string hex(std::string_view bytes);
// ASCII letters only, as names of domains and attributes compare.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b);
[[nodiscard]] std::string lower(std::string_view text);
// "DC=corp,DC=test" is corp.test.
[[nodiscard]] std::string dns_domain(std::string_view naming_context);

}  // namespace curfew::windows
