// The machine: the engine, and the batch of entries that its inputs and decisions become.
//
//   app::Machine machine(std::move(engine), symbols);
//   machine.take(at, facts, introduced);          // input, decisions, changed rows, steps: all in the open
//   batch app::Batch batch = machine.close();           // rows as they are now, once each
//
// Threads: one. Owns: engine and open batch. Fails: as the engine does.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/app/arrival.hpp"
#include "core/engine/engine.hpp"

namespace curfew::app {

class Machine {
 public:
  Machine(engine::Engine engine, model::Symbols& symbols);

  // `at` is raised to the engine's time if it is behind. A tick that fires nothing leaves no trace.
  const model::Effects& take(Time at, model::InputBody body,
                             const std::vector<model::PersonalValue>& introduced = {});
  // A record: neither input nor decision.
  void record(Time at, model::Entry entry);

  [[nodiscard]] Batch& open() { return batch_; }
  [[nodiscard]] const Batch& open() const { return batch_; }
  [[nodiscard]] bool has_entries() const { return !batch_.entries.empty(); }
  // Whether a sign-out was ordered or moved on in the open batch: a gate waits for its commit.
  [[nodiscard]] bool is_urgent() const { return !sign_outs_.empty(); }
  // The open batch with its rows; the next one is open.
  [[nodiscard]] Batch close();
  // What gates must know of every session that they guard, as the engine has them now.
  [[nodiscard]] std::vector<model::GateEntry> gate_entries() const;
  // Puts the engine's whole state into the open batch.
  void add_snapshot();
  // Puts the sessions whose last activity moved into the open batch.
  void add_activity();

  [[nodiscard]] const engine::Engine& engine() const { return engine_; }
  [[nodiscard]] std::uint64_t inputs() const { return inputs_; }
  // The handle of a session whose source gave one, as a reference; none otherwise.
  [[nodiscard]] model::Ref handle_of(const model::SessionDigest& session) const;
  void know_handle(const model::PersonalValue& value);

 private:
  void keep_last_rows();
  engine::Engine engine_;
  model::Symbols& symbols_;
  model::Effects effects_;
  Batch batch_;
  std::vector<model::SessionNumber> sessions_;
  std::vector<model::ViolationNumber> violations_;
  std::vector<model::OrderNumber> sign_outs_;
  std::set<model::SessionNumber> at_gates_;  // whose entry moved
  std::map<model::SessionNumber, model::SessionRow> last_sessions_;
  std::map<model::ViolationNumber, model::ViolationRow> last_violations_;
  std::map<model::OrderNumber, model::SignOutRow> last_sign_outs_;
  std::map<model::SessionDigest, model::Ref> handles_;  // of sessions that the engine remembers
  std::uint64_t inputs_ = 0;
};

}  // namespace curfew::app
