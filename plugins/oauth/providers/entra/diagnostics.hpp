// Entra's sign-ins as Azure's diagnostic settings write them, to an Event Hub, a storage account or Log
// Analytics: an envelope (`time`, `category`, `properties`) around the record that Graph gives, or that
// record as columns of a table (`TimeGenerated`, `UserPrincipalName`, …).
//
//   const Diagnostic one = read_diagnostic(json);
//   if (one.fate == DiagnosticFate::SignIn && one.record.sighting) …
//
// A member of {"records": […]} is such a record; what is around the list is the caller's.
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be read is said to be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/oauth/providers/entra/sign_ins.hpp"

namespace curfew::oauth::entra {

enum class DiagnosticFate : std::uint8_t {
  SignIn,      // `record` is what Graph's would be
  Other,       // of another category
  Unreadable,  // `why` says
};

struct Diagnostic {
  DiagnosticFate fate = DiagnosticFate::Unreadable;
  std::string category;  // as Azure names it: SignInLogs, NonInteractiveUserSignInLogs, AuditLogs, …
  std::string why;
  SignInRecord record;
};

[[nodiscard]] Diagnostic read_diagnostic(std::string_view json);

// Whether people's sign-ins are of this category; those of applications and managed identities are not.
[[nodiscard]] bool is_sign_in_category(std::string_view category);

}  // namespace curfew::oauth::entra
