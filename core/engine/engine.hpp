// The engine: session + policy + enforcement as one deterministic, single-threaded machine.
//
//   engine::Engine engine(symbols);
//   model::Effects effects;
//   engine.apply({at, facts}, effects);      // deadlines up to `at` fire first, then the input is taken
//
// (state, input) -> (state, effects). No clock, I/O, lock or randomness inside. Equal inputs give equal
// effects in every build, whatever the hash seeds: nothing here iterates over a hash map where order shows.
//
// Cost: an activity is O(1); a tick costs what expires.
// Threads: one. Owns: all state. Fails: Error(Corrupt) from load; Error(Internal) when `at` goes backwards.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/gate.hpp"
#include "core/model/input.hpp"
#include "core/model/preview.hpp"
#include "core/model/rows.hpp"
#include "core/model/token_denial.hpp"

namespace curfew::engine {

struct Counts {
  std::size_t active = 0;
  std::size_t locked = 0;
  std::size_t paused = 0;
  std::size_t subjects = 0;
  std::size_t deadlines = 0;
  std::size_t open_orders = 0;
  std::size_t held_orders = 0;
  std::uint64_t unknown_memberships = 0;      // a scope asked for a group that nobody told: no match
  std::uint64_t links_not_taught = 0;         // two identifiers in one record whose source may not link them
  std::uint64_t failures_dropped = 0;         // failed sign-ins beyond what is kept
  std::uint64_t account_changes_dropped = 0;  // what sources said of accounts, beyond what is kept
  std::uint64_t sessions_dropped = 0;         // ended ones that left the memory
  std::map<std::string, std::size_t> live_by_source;  // sources without a live session are left out
};

class Engine {
 public:
  explicit Engine(model::Symbols& symbols);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // Clears `out`, then fills it.
  void apply(const model::Input& input, model::Effects& out);

  // What is known of inputs to come: `next` is applied soon, `later` after it. Brings what they need nearer,
  // so that the engine need not wait for memory; changes and decides nothing. nullptr: nothing is known.
  void expect(const model::Facts* next, const model::Facts* later) const;
  static constexpr std::size_t expect_next = 6;    // inputs ahead
  static constexpr std::size_t expect_later = 12;  // that are best

  // Engine time of the newest input.
  [[nodiscard]] Time now() const;
  // The engine time at which a tick would next do something, watermarks as they are; nullopt: nothing waits.
  [[nodiscard]] std::optional<Time> next_deadline() const;

  // Rows of what the engine still holds; number 0: unknown, or left the memory (ended sessions do, some time
  // after their end, their violations and concluded sign-outs with them).
  [[nodiscard]] model::SessionRow session(model::SessionNumber number) const;
  [[nodiscard]] model::ViolationRow violation(model::ViolationNumber number) const;
  [[nodiscard]] model::SignOutRow sign_out(model::OrderNumber number) const;
  // What this sign_out would do if it were ordered now.
  [[nodiscard]] model::Preview preview(const model::CommandInput& command) const;
  // 0: unknown.
  // Whether this is the membership that was told last. Its members: sorted, each once.
  [[nodiscard]] bool has_group(const model::GroupsInput& told) const;
  [[nodiscard]] model::SessionNumber find_session(std::string_view source,
                                                  const model::SessionDigest& session) const;
  // The numbers of all sessions that live, ascending.
  [[nodiscard]] std::vector<model::SessionNumber> live_sessions() const;
  // What a gate may know of a session; number 0: nothing, as no gate guards it, it left the memory, or
  // another session has its id now.
  [[nodiscard]] model::GateEntry gate_entry(model::SessionNumber number) const;
  // Whether a warning of this policy is still true: the session lives, did nothing since, is not being signed
  // out already, and its limit is still ahead.
  [[nodiscard]] bool warning_stands(model::SessionNumber session, std::string_view policy,
                                    Time deadline) const;
  // Whether a gate guards the sessions of this source, and whether this source is a gate.
  [[nodiscard]] bool is_guarded(std::string_view source) const;
  [[nodiscard]] bool is_gate(std::string_view source) const;
  // The sessions whose entry may be another one after `input`, with the effects that it had; ascending, once
  // each. What left the memory is in effects.last_sessions.
  [[nodiscard]] std::vector<model::SessionNumber> gate_changes(const model::Input& input,
                                                               const model::Effects& effects) const;
  // Which tokens gates must refuse, and which no more, because of this order, by each of its person's
  // identifiers; none, where it hits no guarded source's person as a whole, or was not acted upon yet.
  [[nodiscard]] std::vector<model::TokenDenial> token_denials(model::OrderNumber order) const;
  // The same of all orders that are kept.
  [[nodiscard]] std::vector<model::TokenDenial> token_denials() const;
  // The numbers of all sessions that a gate must know, ascending.
  [[nodiscard]] std::vector<model::SessionNumber> guarded_sessions() const;
  // The subject that an identifier's reference belongs to now; none if unknown.
  [[nodiscard]] model::Ref subject_of(model::Ref identifier) const;
  // All names of the subject that this is one of, the oldest first; empty if unknown.
  [[nodiscard]] std::vector<model::Identifier> identifiers_of(model::Ref identifier) const;
  // The sessions whose last activity moved since the last call, ascending; for the minute's flush.
  [[nodiscard]] std::vector<model::SessionNumber> take_active_since_last_flush();
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] const model::PolicySet& policies() const;

  // The whole state as bytes (free of personal values), and back. Versioned; load(save()) behaves as the
  // original. `put` receives chunks in order.
  void save(const std::function<void(std::string_view)>& put) const;
  static Engine load(std::string_view bytes, model::Symbols& symbols);
  // Whether `bytes` begin like a snapshot of this format. Another version's are left aside: the ledger has
  // all that is needed.
  [[nodiscard]] static bool reads(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::engine
