// Rows: what the engine shows of its state to the projections, the API and the reports. One row for each
// session, violation and sign-out, holding references only.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/policy.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

// Sessions, violations and sign-outs are numbered from 1 in the order in which the engine first saw them; the
// numbers are the same in every recomputation.
using SessionNumber = std::uint64_t;
using ViolationNumber = std::uint64_t;
using OrderNumber = std::uint64_t;

struct SessionRow {
  SessionNumber number = 0;
  std::string source;
  SessionDigest session;
  Ref subject;
  Ref device;
  Ref address;
  Ref user_agent;
  std::string application;
  AccountType account_type = AccountType::Unknown;
  AuthMethod auth_method = AuthMethod::Unknown;
  Interactivity interactivity = Interactivity::Unknown;
  NetworkClass network = NetworkClass::Unknown;
  std::uint8_t factors = 0;
  bool privileged = false;
  bool start_seen = true;  // false: known only from later observations
  SessionState state = SessionState::Active;
  Time started_at{};
  Time last_person_activity_at{};
  Time last_machine_activity_at{};
  Time last_fresh_authentication_at{};
  Time expires_at{};
  Time ended_at{};  // epoch: lives
  EndReason end_reason = EndReason::Unknown;
  Certainty end_certainty = Certainty::Inferred;
  std::uint32_t corrections = 0;  // how often an inferred end was taken back
  std::uint64_t activities = 0;
  friend bool operator==(const SessionRow&, const SessionRow&) = default;
};

struct ViolationRow {
  ViolationNumber number = 0;
  std::string policy;
  Rule rule = Rule::SessionTimeout;
  PolicyMode mode = PolicyMode::Observe;
  SessionNumber session = 0;  // 0: about a subject only
  Ref subject;
  std::string source;
  Time breached_at{};    // when the limit was passed
  Time detected_at{};    // engine time of the decision
  Time withdrawn_at{};   // epoch: stands
  std::string evidence;  // JSON text: limit, measured, the sessions involved
  std::vector<std::string> controls;
  OrderNumber sign_out = 0;  // the order that it led to; 0: none
  friend bool operator==(const ViolationRow&, const ViolationRow&) = default;
};

struct SignOutRow {
  OrderNumber number = 0;
  SessionNumber session = 0;
  Ref subject;
  std::string source;
  std::string reason;  // policy name, or the operator's text
  ViolationNumber violation = 0;
  std::string ordered_by;  // "policy" or the operator's token name
  Outcome outcome = Outcome::Pending;
  std::string held_because;  // of Held: cap, protected account, approval, clock jump, link
  std::uint32_t step = 0;    // index into the ladder of the newest step
  std::uint32_t steps = 0;
  Time breached_at{};
  Time ordered_at{};
  Time concluded_at{};  // epoch: runs
  Time reverted_at{};   // epoch: nothing reverted
  std::string trail;    // JSON text: each step with intent, answer, probes, verdict
  friend bool operator==(const SignOutRow&, const SignOutRow&) = default;
};

}  // namespace curfew::model
