// What goes into the engine and what comes out of it. Both are values: no clock, thread or socket behind
// them.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/entry.hpp"
#include "core/model/facts.hpp"
#include "core/model/policy.hpp"
#include "core/model/rows.hpp"
#include "core/model/selection.hpp"

namespace curfew::model {

// ---- inputs: each becomes one ledger entry, and is all that replay needs ----

struct ProgressInput {
  std::string source;
  Time observed_until{};   // nothing older than this will come, lateness aside
  bool caught_up = false;  // the source has read all that was there when it started
  bool closed = false;     // audit: this input is at its end; it holds no deadline back any more
};
struct StartedInput {
  std::string version;
};
struct TickInput {};
struct ClockInput {
  Time from{};
  Time to{};
};
struct ConfigurationInput {
  std::string digest;  // hex SHA-256 of the policy set's JSON text
  PolicySet set;
};
struct GroupsInput {
  std::string provider;
  std::string group;
  std::vector<Ref> members;  // identifier references: the group's whole membership from now on
};
enum class Verb : std::uint8_t { SignOut, Release, Dismiss, SplitSubject };
template <>
struct Names<Verb> {
  static constexpr std::array<std::string_view, 4> all{"sign_out", "release", "dismiss", "split_subject"};
};
struct CommandInput {
  Verb verb = Verb::SignOut;
  std::string by;  // token name of the operator
  std::string reason;
  SessionNumber session = 0;  // sign_out of one session
  Ref subject;                // sign_out of a subject; split_subject
  Selection selection;        // sign_out of the sessions that it asks for; with a subject: of theirs
  std::uint32_t at_most = 0;  // sign_out: refused if it would hit more sessions; 0: most_targets
  OrderNumber order = 0;      // release, dismiss
  std::string held_of;        // release, dismiss: all held sign-outs of this policy, in place of one order
  std::vector<LadderStep> ladder;
};
struct AnswerInput {
  OrderNumber order = 0;
  std::uint32_t step = 0;
  AnswerCode code = AnswerCode::Failed;
  std::string text;  // bounded, masked
};
struct ProbeInput {
  OrderNumber order = 0;
  std::uint32_t step = 0;
  std::uint32_t probe = 0;               // number of the request that it answers
  Liveness session = Liveness::Unknown;  // the session in question
  Liveness control = Liveness::Unknown;  // a control session, asked in the same minute
  std::string text;
};

using InputBody = std::variant<Facts, ProgressInput, StartedInput, TickInput, ClockInput, ConfigurationInput,
                               GroupsInput, CommandInput, AnswerInput, ProbeInput>;

struct Input {
  Time at{};  // engine time at which it was taken; never decreasing
  InputBody body;
};

// ---- effects: what the outside must do because of an input ----

// Carry out a step at a source. Only after the entries of the same input are durable.
struct RunStep {
  OrderNumber order = 0;
  std::uint32_t step = 0;
  std::string source;  // that acts
  Action action = Action::SignOutSession;
  bool revert = false;  // undo it
  SessionNumber session_number = 0;
  std::string session_source;
  SessionDigest session;
  Ref subject;
  std::vector<Identifier> identifiers;
  Duration deadline{std::chrono::seconds(30)};
  Duration revert_after{0};
  std::string reason;
};
// Ask a source whether a session lives.
struct RunProbe {
  OrderNumber order = 0;
  std::uint32_t step = 0;
  std::uint32_t probe = 0;
  std::string source;
  SessionDigest session;
  SessionDigest
      control;  // a session of the same source that lives, to be asked in the same minute; none: no control
  Ref subject;
  Time ordered_at{};  // when the order first acted on the session; epoch: not yet, or nobody ordered anything
  Duration deadline{std::chrono::seconds(10)};
};

// Tell somebody that a limit is near. Only after the entries of the same input are durable, and only while
// Engine::warning_stands.
struct RunNotice {
  std::string policy;
  std::vector<std::string> channels;  // names of notifications
  SessionNumber session_number = 0;
  std::string session_source;
  SessionDigest session;
  Ref subject;
  std::vector<Identifier> identifiers;
  Time deadline{};  // when the limit is reached
};

// Everything that one input caused, in order.
struct Effects {
  Ref subject;                   // whom the input was about, as far as the engine knows
  SessionNumber session = 0;     // the session that it belongs to; 0: none
  bool limits_moved = false;     // of sessions that are not named below, as a gate must know them
  bool fired = false;            // at least one deadline fired: a tick that fires nothing is not recorded
  std::vector<Entry> decisions;  // to be recorded after the input's own entry, in this order
  std::vector<SessionNumber> sessions;      // whose lifecycle changed
  std::vector<ViolationNumber> violations;  // opened, changed or withdrawn
  std::vector<OrderNumber> sign_outs;       // ordered or moved on
  std::vector<OrderNumber> commanded;       // of these, by the command that the input is
  std::string refused;                      // why that command was not carried out; empty: it was
  // The last state of what left the engine's memory: from now on the engine answers for it no more.
  std::vector<SessionRow> last_sessions;
  std::vector<ViolationRow> last_violations;
  std::vector<SignOutRow> last_sign_outs;
  std::vector<RunStep> steps;
  std::vector<RunProbe> probes;
  std::vector<RunNotice> notices;

  void clear() {
    subject = {};
    session = 0;
    limits_moved = false;
    fired = false;
    decisions.clear();
    sessions.clear();
    violations.clear();
    sign_outs.clear();
    commanded.clear();
    refused.clear();
    last_sessions.clear();
    last_violations.clear();
    last_sign_outs.clear();
    steps.clear();
    probes.clear();
    notices.clear();
  }
};

}  // namespace curfew::model
