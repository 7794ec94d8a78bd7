// One record of Entra's logs as Azure's diagnostic settings write it, to an Event Hub, a storage account or
// Log Analytics: an envelope (`time`, `category`, `properties`) around the record that Graph gives, or that
// record as columns of a table (`TimeGenerated`, `UserPrincipalName`, …). What comes from a hub and what is
// recorded is read by this alone.
//
//   const Diagnostic one = read_diagnostic(element, "our client id");
//   if (one.fate == DiagnosticFate::SignIn && one.record.sighting) …
//
// A member of {"records": […]} is such a record; what is around the list is the caller's. Only readers of
// records include this.
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be read is said to be.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>

#include "plugins/oauth/providers/entra/sign_ins.hpp"

namespace curfew::oauth::entra {

enum class DiagnosticFate : std::uint8_t {
  SignIn,      // `record` is what Graph's would be
  Audit,       // the same, of the directory's audit log
  Other,       // of services and managed identities, or of another category
  Unreadable,  // `why` says
};

struct Diagnostic {
  DiagnosticFate fate = DiagnosticFate::Unreadable;
  std::string category;  // as Azure names it: SignInLogs, NonInteractiveUserSignInLogs, AuditLogs, …
  const char* why = "";
  SignInRecord record;
};

// `own_client`: what the directory's audit log has of it means nothing.
[[nodiscard]] Diagnostic read_diagnostic(const simdjson::dom::element& record,
                                         const std::string& own_client = {});

}  // namespace curfew::oauth::entra
