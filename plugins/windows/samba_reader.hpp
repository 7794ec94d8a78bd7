// One record of Samba's JSON audit log as an event in Windows' terms: Samba itself names the event ids.
//
//   if (is_samba_record(element)) read_samba_record(element, event);
//
// Authentication is 4624 or 4625; Authorization, which has no id of its own, is 4624 too and carries the
// session's id; passwordChange is 4723 or 4724; a dsdbChange of userAccountControl is 4725 or 4722. Other
// changes have event id 0. Threads: pure functions. Fails: false for a record without a time or a body.
#pragma once

#include <simdjson.h>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

[[nodiscard]] bool is_samba_record(const simdjson::dom::element& element);
[[nodiscard]] bool read_samba_record(const simdjson::dom::element& element, WindowsEvent& event);

}  // namespace curfew::windows
