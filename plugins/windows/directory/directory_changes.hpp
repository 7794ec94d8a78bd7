// The changes themselves, over a connection that is there: disable and enable as compare-and-set, leave and
// rejoin a group. Each reads what is there, writes into the journal what it will do, and only then does it.
//
//   const plugin::Answer answer = disable({connection, settings, attempt, journal}, order);
//
// Threads: one for a connection. Owns: nothing. Fails: plugin::Failure as the connection and the journal do;
// "no" is an answer. NotFound: there was nothing to do, or not ours to undo. No text names a person.
#pragma once

#include <string>

#include "plugins/files/change_journal.hpp"
#include "plugins/windows/directory/directory_account.hpp"

namespace curfew::windows {

struct DirectoryOrder {
  Names names;
  std::string session;   // the digest, hexadecimal
  plugin::Time until{};  // Time{}: for good
};

struct ChangeTools {
  LdapConnection& connection;
  const DirectorySettings& settings;
  files::ChangeJournal& journal;
};

[[nodiscard]] plugin::Answer disable(const ChangeTools& tools, const DirectoryOrder& order);
[[nodiscard]] plugin::Answer enable(const ChangeTools& tools, const DirectoryOrder& order);
[[nodiscard]] plugin::Answer leave_group(const ChangeTools& tools, const DirectoryOrder& order);
[[nodiscard]] plugin::Answer rejoin_group(const ChangeTools& tools, const DirectoryOrder& order);

// What disable and enable end in: only if the account still is as `account` says.
[[nodiscard]] ModifyAnswer set_control(LdapConnection& connection, const DirectoryAccount& account,
                                       std::uint32_t control);

}  // namespace curfew::windows
