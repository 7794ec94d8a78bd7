// What an account's state says of a session that rests on one of its Kerberos tickets. While the account is
// enabled, or for as long as a ticket from before its disabling can live, the session can go on: alive. After
// that no service accepts any: dead. It says nothing of sessions by NTLM or at a console.
//
//   ticket_proof(account, settings, now).liveness
//
// Threads: a pure function. Owns: nothing. Fails: never.
#pragma once

#include <string>

#include "plugins/windows/directory/directory_account.hpp"

namespace curfew::windows {

struct TicketProof {
  plugin::Liveness liveness = plugin::Liveness::Unknown;
  std::string text;  // of unknown: why
};

[[nodiscard]] TicketProof ticket_proof(const DirectoryAccount& account, const DirectorySettings& settings,
                                       plugin::Time now);

}  // namespace curfew::windows
