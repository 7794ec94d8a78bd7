// What an account's state at each domain controller says of a session that rests on one of its Kerberos
// tickets. While a controller has the account enabled, or for as long as a ticket from before its disabling
// can live, the session can go on: alive. After that no service accepts any: dead. A controller that can't be
// asked may let the person in still: unknown. It says nothing of sessions by NTLM or at a console.
//
//   const plugin::Proof proof = ticket_proof({{"ldaps://dc1.corp.test", account, {}}}, settings, {}, now);
//
// Threads: a pure function. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/windows/directory/directory_account.hpp"

namespace curfew::windows {

struct SeenAt {
  std::string server;
  std::optional<DirectoryAccount> account;
  std::string failure;  // why there is none
};

// What the controllers say, taken together.
enum class Agreement : std::uint8_t { Enabled, Disabled, Differing };

[[nodiscard]] Agreement agreement_of(const std::vector<SeenAt>& seen);
// `closed_at`: when all were first seen to refuse after one of them did not; Time{}: none was seen so.
[[nodiscard]] plugin::Proof ticket_proof(const std::vector<SeenAt>& seen, const DirectorySettings& settings,
                                         plugin::Time closed_at, plugin::Time now);

}  // namespace curfew::windows
