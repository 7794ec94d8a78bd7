// The engine's inside: one state, whose functions lie in several files by what they are about.
//
//   engine.cpp        apply, firing of deadlines, the public face
//   observations.cpp  facts into sessions and subjects
//   rules.cpp         policies: when they are due, what breaches their limits, what takes a breach back
//   warnings.cpp      a limit that is near, and who is told of it
//   event_rules.cpp   policies that need no deadline: sessions at once, failures, activity after the end
//   resign_in_rules.cpp, account_rules.cpp, resume_rules.cpp, device_rules.cpp
//                     policies about fresh credentials that did not come, and devices left to the next
//   binding_rules.cpp sessions that are used from elsewhere
//   sign_outs.cpp     orders: made, held, moved on
//   after_sign_outs.cpp  their person's other sessions: holds, and what comes to light late
//   commands.cpp      what people order; preview.cpp: what that would do
//   gate_entries.cpp  what a gate may know of a session
//   decisions.cpp     the texts that go into the ledger
//   snapshot.cpp      save and load
//
// Private to core/engine.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/enforcement/loop.hpp"
#include "core/enforcement/safety.hpp"
#include "core/engine/deadlines.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/sources.hpp"
#include "core/model/preview.hpp"
#include "core/policy/account_changes.hpp"
#include "core/policy/binding.hpp"
#include "core/policy/concurrency.hpp"
#include "core/policy/failures.hpp"
#include "core/policy/rulebook.hpp"
#include "core/session/session_table.hpp"
#include "core/session/subjects.hpp"

namespace curfew::engine {

using session::no_slot;
using session::Session;
using session::Slot;

// How far from what it explains a statement of fresh credentials may lie: sources tell of one act in several
// records.
inline constexpr Duration fresh_within{std::chrono::minutes(1)};

// A policy as violations remember it, also after the configuration changed.
struct Identity {
  std::string name;
  model::Rule rule = model::Rule::SessionTimeout;
  model::PolicyMode mode = model::PolicyMode::Observe;
  std::vector<std::string> controls;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// What a policy did about a session.
struct Mark {
  std::uint32_t identity = 0;
  Time warned_for{};  // the start of the time that the warning was about
  Time base{};        // the start of the time that was too long
  Time breached_at{};
  Time resumed_at{};  // first activity, or credentials, after a breach for want of them; epoch: none yet
  model::ViolationNumber violation = 0;
};

struct Marks {
  std::vector<Mark> of;                        // at most one for each policy
  std::vector<model::ViolationNumber> opened;  // all, also withdrawn ones: they leave with the session
};

struct Violation {
  std::uint32_t identity = 0;
  model::Symbol source;
  model::SessionNumber session = 0;
  model::Ref subject;
  Time breached_at{};
  Time detected_at{};
  Time withdrawn_at{};
  model::OrderNumber order = 0;
  std::string evidence;
};

struct KeptOrder {
  enforcement::Order order;
  Time wake{};  // epoch: not queued
};

struct Hold {
  Time since{};
  std::string policy;
  std::vector<model::LadderStep> ladder;
};

// The time from which a timed policy with a limit counts, for a session as it stands.
[[nodiscard]] inline Time base_of(model::Rule rule, const Session& session) {
  switch (rule) {
    case model::Rule::InactivityTimeout:
      return std::max(session.last_person_at, session.started_at);
    case model::Rule::ReauthenticationInterval:
      return std::max(session.last_fresh_at, session.started_at);
    default:
      return session.started_at;
  }
}

// Whether the time that begins at `base` was found too long before.
[[nodiscard]] inline bool was_found(const Mark* known, model::Rule rule, Time base) {
  if (known == nullptr || known->violation == 0) return false;
  // That it began earlier than was known makes no other time of it.
  return known->base == base || (rule == model::Rule::ReauthenticationInterval && base < known->base);
}

struct Breach {
  policy::PolicyIndex policy = 0;
  Slot slot = no_slot;
  Time base{};
  Time breached_at{};
  std::string evidence;
  bool through_link = false;
};

// A selection whose names are symbols.
struct Choice {
  const model::Selection* asked = nullptr;
  std::vector<model::Symbol> sources;
  std::vector<model::Symbol> applications;
};

// Whom a command hits.
struct Targets {
  std::vector<Slot> slots;  // by session number; no_slot: the subject alone
  std::uint32_t subject = no_slot;
  std::size_t hits = 0;        // sessions that its steps end, others of the same people included
  std::size_t not_judged = 0;  // nobody can say whether they are idle
  std::set<std::string> not_judged_at;
  std::string refused;  // why it hits nobody; empty: it does
};

struct Engine::State {
  explicit State(model::Symbols& symbol_table) : symbols(symbol_table) {}

  model::Symbols& symbols;
  Time now{};
  model::PolicySet set;
  policy::Rulebook book;
  std::vector<Identity> identities;
  std::vector<std::uint32_t> identity_of;  // by policy index
  Duration longest_failure_window{0};
  policy::Groups groups;
  policy::Failures failures;
  policy::AccountChanges changes;
  session::SessionTable sessions;
  session::Subjects subjects;
  Sources sources;
  Deadlines session_deadlines;
  // (time, 0 silence of a source | 1 order | 2 end of the wait for a source's backlog, name or number)
  std::set<std::tuple<Time, int, std::string, std::uint64_t>> other_deadlines;
  absl::flat_hash_map<model::SessionNumber, Marks> marks;
  absl::flat_hash_map<model::SessionNumber, policy::Binding> bindings;  // while a policy asks for them
  absl::flat_hash_map<model::ViolationNumber, Violation> violations;
  model::ViolationNumber last_violation = 0;
  std::map<model::OrderNumber, KeptOrder> orders;
  absl::flat_hash_map<model::SessionNumber, model::OrderNumber> order_of_session;  // the newest
  // Orders with a step that ends all sessions of their person at a source, by subject.
  std::map<std::uint32_t, std::set<model::OrderNumber>> clearing;
  model::OrderNumber last_order = 0;
  enforcement::Caps caps;
  enforcement::Caps
      notice_caps;  // of warnings' notices, with the figures of the sign-outs that they announce
  std::map<std::uint32_t, Hold> holds;                        // by subject
  std::set<std::pair<model::Ref, model::Ref>> refused_links;  // reported once
  bool started = false;                                       // by a daemon: sources have backlogs
  Time forgotten_until{};    // the newest end, or fresh credentials, of a session that left the memory
  std::vector<Slot> active;  // since the last flush
  Counts counts;
  std::map<model::Symbol, std::size_t> live_by_source;

  // Of the input that is being applied.
  model::Effects* out = nullptr;
  Time jumped_from = Time::max();  // deadlines after it are due to a clock's jump alone

  // engine.cpp
  void apply(const model::Input& input);
  void fire(Time until);
  void take(const model::Facts& facts);
  void take(const model::ProgressInput& input);
  void take(const model::StartedInput& input);
  void take(const model::TickInput& input);
  void take(const model::ClockInput& input);
  void take(const model::ConfigurationInput& input);
  void take(const model::GroupsInput& input);
  void take(const model::CommandInput& input);
  void take(const model::AnswerInput& input);
  void take(const model::ProbeInput& input);
  void configure();
  void hear(Source& source);
  void source_moved(Source& source);
  void fire_silence(const std::string& name, Time at);
  void queue_silence(Source& source);
  void read_backlog(Source& source);
  void stop_waiting(Source& source);
  void fire_backlog(const std::string& name);

  // observations.cpp
  void take_of_session(const model::Facts& facts, Source& source);
  void take_of_subject(const model::Facts& facts);
  void take_failure(const model::Facts& facts);
  void take_refusal(const model::Facts& facts);
  Slot find_or_add(const model::Facts& facts, const Source& source, bool& created, Slot& predecessor);
  void take_over(Slot from, Slot slot);
  bool know_subject(Slot slot, const model::Facts& facts);
  std::uint32_t link(std::uint32_t subject, model::Ref known, const model::Identifier& other,
                     const model::Facts& facts);
  void relabel(const session::Subjects::Merge& merge);
  void attach(Slot slot, std::uint32_t subject);
  void detach(Slot slot);
  void recheck_subject(std::uint32_t subject);
  void recheck_beside(Slot slot, std::uint32_t class_before);
  void split(model::Ref subject);
  void ended(Slot slot);
  void count_state(const Session& session, int by);
  [[nodiscard]] std::vector<Slot> sessions_of(std::uint32_t subject) const;

  // warnings.cpp
  void warn(policy::PolicyIndex policy, Slot slot, Time base, Time deadline);
  [[nodiscard]] std::string why_not_notified(const model::Policy& policy, const Session& session);
  [[nodiscard]] bool warning_stands(model::SessionNumber session, std::string_view policy,
                                    Time deadline) const;

  // rules.cpp
  void evaluate(Slot slot, Time at);
  void schedule(Slot slot);
  void requeue(Slot slot, Time at);
  [[nodiscard]] Time next_due(Slot slot) const;
  [[nodiscard]] Time due_of(policy::PolicyIndex policy, const Session& session, const Mark* known) const;
  [[nodiscard]] const Source* blocking(const Session& session, Time deadline) const;
  void block(Slot slot, Time at, const Source& on);
  [[nodiscard]] const Mark* find_mark(const Session& session, policy::PolicyIndex policy) const;
  Mark& mark(Session& session, policy::PolicyIndex policy);
  [[nodiscard]] policy::Match match_of(policy::PolicyIndex policy, const Session& session) const;
  [[nodiscard]] bool applies(policy::PolicyIndex policy, const Session& session);
  void activity_after_marks(Slot slot, Time occurred_at, bool person);
  void fresh_after_marks(Slot slot, Time fresh_at);
  void withdraw_after(Slot slot, Time ended_at);
  Violation& open(const Breach& breach);
  void withdraw(model::ViolationNumber number, std::string_view because);
  void drop(Slot slot, Time at);
  [[nodiscard]] model::ViolationRow row_of(model::ViolationNumber number) const;

  // event_rules.cpp
  enum class Recheck : std::uint8_t { Group, Itself };
  void recheck_concurrency(Slot slot, Time from, Recheck whom = Recheck::Group);
  void check_failures(Slot slot);
  void check_after_end(Slot slot, const model::Facts& facts);

  // resign_in_rules.cpp
  struct ResignIn {
    const Session* signed_out = nullptr;
    bool through_link = false;
  };
  [[nodiscard]] std::optional<ResignIn> resign_in_of(const Session& session,
                                                     const model::Policy& policy) const;
  void recheck_resign_ins(Slot slot);
  void check_resign_in(Slot slot);

  // account_rules.cpp
  [[nodiscard]] bool proved_identity(const Session& session, Time from, Time to) const;
  [[nodiscard]] std::vector<policy::AccountChange> breached_changes(const Session& session,
                                                                    const model::Policy& policy,
                                                                    std::span<const model::Identifier> person,
                                                                    Time at, Time proved_until) const;
  void check_account(Slot slot, Time at, std::string_view shown_by);
  void recheck_account(Slot slot);
  void recheck_accounts_of(std::uint32_t subject);
  void take_account_change(const model::Facts& facts, std::uint32_t subject);

  // resume_rules.cpp
  void check_resume(Slot slot, const model::Facts& facts, model::SessionState was, Time was_since);
  [[nodiscard]] bool is_fresh_beside(const Session& session, Time at) const;
  void excuse_resumes(Slot slot, Time fresh_at);

  // device_rules.cpp
  [[nodiscard]] std::vector<Slot> others_on_device(const Session& session, policy::PolicyIndex index);
  void check_device(Slot slot);
  void recheck_device(Slot slot, Time from);

  // binding_rules.cpp
  bool see_from_where(Slot slot, const model::Facts& facts);
  void check_binding(Slot slot);
  void excuse_bindings(Slot slot, Time fresh_at);

  // sign_outs.cpp
  void enforce(policy::PolicyIndex policy, Violation& violation, model::ViolationNumber number,
               const std::vector<Slot>& targets, bool through_link, bool doubtful);
  void enforce_late(model::ViolationNumber number, bool through_link);
  model::OrderNumber order(enforcement::Order order, Slot target,
                           const std::vector<model::LadderStep>& ladder, std::string held_because);
  [[nodiscard]] const KeptOrder* order_of(const Session& session) const;
  [[nodiscard]] KeptOrder* order_of(const Session& session);
  void take_proof_back(Slot slot);
  [[nodiscard]] model::EndReason reason_of(const enforcement::Order& order) const;
  void run(model::OrderNumber number, std::vector<enforcement::Event>& events);
  void wake_order(model::OrderNumber number);
  void queue_order(KeptOrder& kept);
  [[nodiscard]] std::uint32_t most_per_minute(const std::string& policy) const;
  [[nodiscard]] model::SessionDigest control_for(const enforcement::Order& order,
                                                 const std::string& source) const;
  [[nodiscard]] std::string hold_reason(const std::vector<model::LadderStep>& ladder, std::uint32_t subject,
                                        std::size_t targets) const;

  // gate_entries.cpp
  [[nodiscard]] model::GateEntry gate_entry(Slot slot) const;
  void limit(model::GateEntry& entry, const Session& session) const;
  [[nodiscard]] std::vector<model::TokenDenial> denials_of(const enforcement::Order& order) const;
  [[nodiscard]] bool may_wait(const std::vector<model::LadderStep>& ladder, const Session& session) const;

  // after_sign_outs.cpp
  void check_hold(Slot slot, bool fresh);
  void list_clearing(const enforcement::Order& order);
  void check_late(Slot slot);
  void check_late(Slot slot, const std::set<model::OrderNumber>& numbers);
  void order_besides(enforcement::Order order, Slot slot, const std::vector<model::LadderStep>& ladder);

  // commands.cpp
  [[nodiscard]] Targets targets_of(const model::CommandInput& input) const;
  [[nodiscard]] bool is_chosen(const Session& session, const Choice& choice, Targets& targets) const;
  void command_sign_out(const model::CommandInput& input);
  void command_held(const model::CommandInput& input);
  void refuse(const model::CommandInput& input, const std::string& why);

  // preview.cpp
  [[nodiscard]] model::Preview preview(const model::CommandInput& input) const;
  void preview_also(const std::vector<model::LadderStep>& ladder, const Targets& targets,
                    model::Preview& out) const;

  // decisions.cpp
  model::Entry& decide(model::EntryKind kind, std::string facts);
  model::Entry& decide(model::EntryKind kind, const Session& session, std::string facts);
  void alert(std::string_view about, std::string_view text, std::string_view source = {});
  void touch(const Session& session) { out->sessions.push_back(session.number); }

  // snapshot.cpp
  void save(const std::function<void(std::string_view)>& put) const;
  void load(std::string_view bytes);
};

}  // namespace curfew::engine
