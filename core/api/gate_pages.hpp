// What a gate shows to people: why a session ended, a warning before it does, and the script that
// applications include. Nothing on them tells a stranger more than the reason code in his own request: no
// names, no policy.
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/api/gate_judge.hpp"
#include "core/model/gate.hpp"

namespace curfew::api::gate_pages {

// Why, in plain words, with a link to `sign_in`. Carries X-Curfew-Reason; never stored. `provider_sign_out`:
// where people end their session at the identity provider, which would sign them in again without a question;
// it is offered to who was signed out, on the page and in X-Curfew-Sign-Out. Empty: nowhere.
[[nodiscard]] GateAnswer signed_out(int status, model::Refusal reason, std::string_view sign_in,
                                    std::string_view pages, std::string_view provider_sign_out = {});
// The gate doesn't know its sessions yet.
[[nodiscard]] GateAnswer starting(std::string_view pages);
[[nodiscard]] GateAnswer warning(std::string_view pages);
[[nodiscard]] GateAnswer script();
// {"state":"live","seconds_left":20,"reason":null} for the script.
[[nodiscard]] GateAnswer state(std::string_view name, model::Refusal reason, std::int64_t seconds_left);
[[nodiscard]] GateAnswer plain(int status, std::string_view text);

// The value of `reason` in a query; empty: none.
[[nodiscard]] std::string_view reason_in(std::string_view query);

}  // namespace curfew::api::gate_pages
