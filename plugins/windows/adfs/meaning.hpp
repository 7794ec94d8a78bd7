// What one AD FS audit says, by itself.
//
//   kind_of(event) == Kind::TokenIssued; person_of(event).upn; failure_of(event) == "bad_credential"
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/windows/accounts.hpp"
#include "plugins/windows/event.hpp"

namespace curfew::windows::adfs {

enum class Kind : std::uint8_t {
  TokenIssued,          // 1200
  CredentialsAccepted,  // 1202
  Refused,              // 1201, 1203, 1210
  PasswordChanged,      // 1204
  ChangeRefused,        // 1205
  SignedOut,            // 1206
  SignOutRefused,       // 1207
  TokenDetail,          // 299: says that a token was issued, where no 1200 does
  RefusalDetail,        // 411: the same of a refusal
  Detail,               // 403, 410, 412, 500, 501
  Damaged,
};
[[nodiscard]] Kind kind_of(const WindowsEvent& event);

// Empty when the record names nobody.
[[nodiscard]] Account person_of(const WindowsEvent& event);
[[nodiscard]] inline bool is_nobody(const Account& account) {
  return account.sid.empty() && account.name.empty() && account.upn.empty();
}

// One name of each kind is told of both, and it is not the same.
[[nodiscard]] bool is_another(const Account& a, const Account& b);

// How the person proved who he is, by AD FS' PrimaryAuth or the type of token that came in.
[[nodiscard]] plugin::AuthMethod method_of(std::string_view primary, bool is_for_machines);
// Nobody is asked then: the desktop's own sign-in is used.
[[nodiscard]] constexpr bool is_integrated(plugin::AuthMethod method) {
  return method == plugin::AuthMethod::Negotiate || method == plugin::AuthMethod::Kerberos ||
         method == plugin::AuthMethod::Ntlm;
}

enum class Channel : std::uint8_t {
  Browser,  // with a single sign-on cookie
  Code,     // OAuth's token endpoint: a program, on behalf of a sign-on in a browser
  Program,  // WS-Trust: credentials with each request, no sign-on
};
[[nodiscard]] Channel channel_of(std::string_view protocol, std::string_view endpoint);

// "bad_credential", "locked_out", "not_authorized", …; of FailureType, or of a 411's words if the server
// speaks English.
[[nodiscard]] std::string failure_of(const WindowsEvent& event, std::string_view words);

}  // namespace curfew::windows::adfs
