// Pages of Entra's sign-in logs, as Graph gives them (v1.0 and beta): records, and what each means.
//
//   const SignInPage page = read_sign_ins(body);
//   page.next;                                         // @odata.nextLink; empty: the last page
//
// beta says in which session a record belongs (`sessionId`). Where that is missing, one sign-in (the records
// of one correlation id for one person and application) is a session of its own.
//
// Threads: pure functions. Owns: nothing. Fails: plugin::Failure(Unavailable) when a page is no whole JSON
// object with `value`; a record that can't be read is counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::entra {

struct SignInRecord {
  plugin::Time at{};
  std::string id;
  std::string session;
  bool succeeded = false;
  bool interactive = false;
  bool is_interrupt = false;
  bool has_session_id = false;       // Entra's own, not made of the sign-in
  std::optional<Sighting> sighting;  // nothing: it is left out
};

struct SignInPage {
  std::vector<SignInRecord> records;  // as they came
  std::string next;
  std::uint64_t rows = 0;               // what can't be read too
  std::vector<std::string> unreadable;  // of each what it is known again by
};

[[nodiscard]] SignInPage read_sign_ins(std::string_view body);
// One record alone, a JSON object; nothing: it can't be read.
[[nodiscard]] std::optional<SignInRecord> read_sign_in(std::string_view json);

// Probes come without names: whose session it is stands in its handle.
[[nodiscard]] std::string handle_of(std::string_view user, std::string_view session);
struct Handle {
  std::string user;  // the object id; empty: it is none of ours
  std::string session;
};
[[nodiscard]] Handle read_handle(std::string_view handle);

// As Entra writes ids; what is none stands in no path and no filter.
[[nodiscard]] bool is_object_id(std::string_view text);

}  // namespace curfew::oauth::entra
