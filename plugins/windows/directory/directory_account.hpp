// A person's account in the directory: found by what Curfew knows of the person, and what it is at this
// moment.
//
//   const Domain domain = domain_of(connection, settings);
//   const DirectoryAccount account = find_account(connection, domain, {{"upn", "bob@corp.test"}});
//   account.is_disabled();
//
// Threads: one. Owns: nothing. Fails: plugin::Failure: NotFound when there is no such account, Failed when
// more than one fits (nothing is guessed), and as the connection does. No text names a person.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/windows/directory/ldap_connection.hpp"

namespace curfew::windows {

// Namespace and value.
using Names = std::vector<std::pair<std::string, std::string>>;

struct Domain {
  std::string base;     // where accounts are looked for
  std::string context;  // DC=corp,DC=test
  std::string dns;      // corp.test
  std::string netbios;  // CORP
};

// Bits of userAccountControl.
inline constexpr std::uint32_t account_disabled = 0x2;
inline constexpr std::uint32_t machine_trusts = 0x800 | 0x1000 | 0x2000;  // domains, members, controllers

struct DirectoryAccount {
  std::string dn;
  std::string guid;  // hexadecimal
  std::string sid;
  std::string name;  // sAMAccountName
  std::string principal;
  std::uint32_t control = 0;          // userAccountControl
  std::string control_text;           // as the directory writes it
  std::uint32_t control_version = 0;  // how often it was changed; 0: the directory does not tell us
  plugin::Time control_changed_at{};  // Time{}: likewise
  bool admin_count = false;
  bool critical = false;                           // isCriticalSystemObject
  std::optional<std::vector<std::string>> groups;  // SIDs, nested ones too; nullopt: we may not read them

  [[nodiscard]] bool is_disabled() const { return (control & account_disabled) != 0; }
};

[[nodiscard]] Domain domain_of(LdapConnection& connection, const DirectorySettings& settings);
[[nodiscard]] DirectoryAccount find_account(LdapConnection& connection, const Domain& domain,
                                            const Names& names);
// The same account again.
[[nodiscard]] DirectoryAccount read_account(LdapConnection& connection, const std::string& dn);

// Version and time of the attribute's last change, from replPropertyMetaData.
struct ChangeMark {
  std::uint32_t version = 0;
  plugin::Time at{};
};
[[nodiscard]] ChangeMark control_mark(std::string_view replication_data);

}  // namespace curfew::windows
