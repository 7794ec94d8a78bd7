// Who an account is, and what a status code says: the tables of Windows' security log.
// Threads: pure functions. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "curfew/plugin/connector.hpp"
#include "plugins/windows/event.hpp"

namespace curfew::windows {

struct Account {
  std::string sid;
  std::string name;  // without domain
  std::string domain;
  std::string upn;
  [[nodiscard]] std::string qualified() const;  // DOMAIN\name
  [[nodiscard]] std::string key() const;        // what records of one account share
};

// The account that the record is about.
[[nodiscard]] Account account_of(const WindowsEvent& event);
[[nodiscard]] plugin::AccountType type_of(const Account& account);
// "anonymous", "desktop_service", "computer_account", "service"; empty: somebody's.
[[nodiscard]] std::string_view noise_of(const Account& account, std::uint32_t logon_type);

// Stable codes for why a sign-in failed: "bad_password", "no_such_user", "locked_out", …
[[nodiscard]] std::string failure_of(const WindowsEvent& event);

[[nodiscard]] std::uint32_t logon_type_of(const WindowsEvent& event);
[[nodiscard]] plugin::AuthMethod method_of(const WindowsEvent& event, std::uint32_t logon_type);
[[nodiscard]] std::string application_of(const WindowsEvent& event, std::uint32_t logon_type);

}  // namespace curfew::windows
