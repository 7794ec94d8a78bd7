// An entry: one record of the ledger before it is sealed. The ledger adds stream, sequence, recorded-at, salt
// and commitment.
//
// Threads: values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

// Inputs change the engine; `curfew replay` feeds them to a new engine and expects the decisions that follow
// them. Records are neither: replay passes over them.
enum class EntryKind : std::uint8_t {
  StreamOpened,        // record: realm, node, epoch, predecessor's head
  Observation,         // input
  Progress,            // input: how far a source has been read, without an observation to say it
  Started,             // input: the daemon started; absence rules wait for their sources
  Tick,                // input: a deadline fired
  Clock,               // input: the clock jumped
  Configuration,       // input: sources, links, policies, in numbered parts
  Groups,              // input: who is in which group, dated
  Command,             // input: an operator's order
  Answer,              // input: what a step's call came back with
  Probe,               // input: what a probe said
  SessionEnded,        // decision: an inferred end
  SessionReopened,     // decision: an inferred end was wrong
  SubjectLinked,       // decision
  LinkRefused,         // decision: identifiers contradict each other
  ViolationOpened,     // decision
  ViolationWithdrawn,  // decision
  Warned,              // decision: a limit is near
  SignOutOrdered,      // decision
  Intent,              // decision: a step is about to be carried out
  OutcomeRecorded,     // decision: a step's or a sign-out's outcome
  Alert,               // decision: somebody must look
  PluginLoaded,        // record: name, version, SHA-256
  SourceChanged,       // record: up, down, quarantined, and why
  Access,              // record: who asked for personal values
  Erasure,             // record: what was erased
  Notified,            // record: what became of the notice of a warning
};

template <>
struct Names<EntryKind> {
  static constexpr std::array<std::string_view, 27> all{"stream_opened",
                                                        "observation",
                                                        "progress",
                                                        "started",
                                                        "tick",
                                                        "clock",
                                                        "configuration",
                                                        "groups",
                                                        "command",
                                                        "answer",
                                                        "probe",
                                                        "session_ended",
                                                        "session_reopened",
                                                        "subject_linked",
                                                        "link_refused",
                                                        "violation_opened",
                                                        "violation_withdrawn",
                                                        "warned",
                                                        "sign_out_ordered",
                                                        "intent",
                                                        "outcome_recorded",
                                                        "alert",
                                                        "plugin_loaded",
                                                        "source_changed",
                                                        "access",
                                                        "erasure",
                                                        "notified"};
};

[[nodiscard]] constexpr bool is_input(EntryKind kind) noexcept {
  return kind >= EntryKind::Observation && kind <= EntryKind::Probe;
}
[[nodiscard]] constexpr bool is_decision(EntryKind kind) noexcept {
  return kind >= EntryKind::SessionEnded && kind <= EntryKind::Alert;
}

// A leaf's limit, under C2SP tlog-tiles' 65,535 bytes for an entry.
inline constexpr std::size_t max_leaf_bytes = 60'000;

struct Entry {
  EntryKind kind = EntryKind::Observation;
  Time engine_time{};
  Time occurred_at{};     // epoch: none
  std::string source;     // empty: none
  SessionDigest session;  // zero: none
  Ref subject;            // none for what is about no person
  std::string facts;      // JSON text, the leaf's own bytes
  std::string personal;   // JSON text of the personal values that this entry introduces; empty: none
};

// What one personal value is about.
enum class PersonalKind : std::uint8_t { Identifier, Device, Address, UserAgent, Handle, Note };
template <>
struct Names<PersonalKind> {
  static constexpr std::array<std::string_view, 6> all{"identifier", "device", "address",
                                                       "user_agent", "handle", "note"};
};

// One personal value and the reference by which facts know it. `personal` above is the JSON array of these:
// [{"ref":"…","kind":"identifier","namespace":"upn","value":"alice@corp.test"}, …].
struct PersonalValue {
  Ref ref;
  PersonalKind kind = PersonalKind::Identifier;
  std::string name_space;
  std::string value;
  friend bool operator==(const PersonalValue&, const PersonalValue&) = default;
};

[[nodiscard]] std::string to_json(const std::vector<PersonalValue>& values);
[[nodiscard]] std::vector<PersonalValue> personal_values_from_json(std::string_view json);

}  // namespace curfew::model
