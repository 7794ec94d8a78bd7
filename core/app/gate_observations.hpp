// What gates tell the pipeline of the requests that they judged.
//
//   links.observed(gate, observation_of(activity));
//
// Threads: pure functions. Owns: nothing. Fails: never.
#pragma once

#include "core/enforcement/gate_view.hpp"
#include "core/model/observation.hpp"

namespace curfew::app {

// A session's requests, merged; or that a session that an entry refused was presented again.
[[nodiscard]] model::Observation observation_of(const enforcement::GateActivity& activity);

// That the issuer is about to be asked to revoke a token (its digest) of this session; none: not known.
[[nodiscard]] model::Observation revocation_of(const model::SessionDigest& token,
                                               const model::SessionDigest& session, Time at);

}  // namespace curfew::app
