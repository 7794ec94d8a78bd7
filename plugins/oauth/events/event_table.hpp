// What the events of an identity provider are called, what each means, and where in its record what is: data,
// one table for each vendor, read by `read_event`. A recorded log and the vendor's API give the same records,
// so both are read by the same table.
//
//   constexpr std::array rows{EventRow{.name = "user.session.start", .outcome = "SUCCESS", .means =
//   Means::SignIn}}; const EventTable table{.vendor = "okta", .marks = "eventType&published", .name =
//   "eventType", …, .rows = rows};
//
// Places are paths (see field.hpp), `|` between such as are tried one after the other.
//
// Threads: constants. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth::events {

enum class Means : std::uint8_t {
  Nothing,  // understood, and no matter of sessions
  SignIn,
  SignInFailed,
  SignOut,
  Expired,
  Revoked,
  RevokedOfPerson,  // all that the person had there
  Activity,
  TokenRefreshed,
  Reauthenticated,
  Resumed,
  CredentialChanged,
  AccountDisabled,
  AccountEnabled,
};

struct EventRow {
  std::string_view name;     // as the vendor writes it; with * at its end for anything
  std::string_view outcome;  // empty: any
  Means means = Means::Nothing;
  std::string_view failure;  // its class; empty: what the record says
  plugin::EndReason end = plugin::EndReason::Unknown;
  plugin::Interactivity interactivity = plugin::Interactivity::Unknown;
  bool fresh = false;                 // a credential was given
  std::string_view fresh_if, unless;  // marks (as EventTable's): given if those are there, and these aren't
  bool machine = false;               // by a client on its own
  bool is_of_target = false;     // about the person at `target…`, who is another than the one who did it
  std::string_view left_out_if;  // marks: then the record is no matter of people's sessions
  plugin::AuthMethod method = plugin::AuthMethod::Unknown;  // how the credential was given, if one was
  std::string_view ticket_if;  // marks: let in silently, by the ticket that a machine holds
  std::uint32_t factors = 0;   // 0: not said
};

// Which session it is of, where a record names none.
enum class Sessions : std::uint8_t {
  Named,     // only what names one is of one
  OfClient,  // what one person does from one address is one session until they sign out there
};

struct EventTable {
  std::string_view vendor;
  // How one of its records is known: paths that must be there, & between them; `path=value` for a value,
  // `path=begin*` for how it begins, `path=?` for one that says something, `path!=value` for one that says
  // something else; `|` between shapes.
  std::string_view marks;
  std::string_view name;
  std::string_view outcome;
  std::string_view time;
  std::string_view id;  // the same for the same event; without one, the record itself is it
  std::string_view session;
  std::string_view session_scope;  // what its ids are unique within, if not the vendor
  std::string_view subject;        // who it is, for good
  std::string_view user;
  std::string_view address;
  std::string_view agent;
  std::string_view application;
  std::string_view device;
  std::string_view failure;
  std::string_view target_subject;
  std::string_view target_user;
  std::string_view subject_namespace;  // of subject
  std::string_view user_namespace;     // of users that are no upn
  std::string_view nobody;             // a user that is the vendor's own machinery
  Sessions sessions = Sessions::Named;
  std::string_view shows_not;  // for who reads the coverage of a log
  std::span<const EventRow> rows;
};

}  // namespace curfew::oauth::events
