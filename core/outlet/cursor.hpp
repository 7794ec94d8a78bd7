// How far an outlet has handed the ledger on, durable in the store, with the outlet's own small state.
//
//   outlet::Cursor cursor(ground, "signals/crm");
//   if (cursor.is_new()) cursor.move(outlet::newest_place(ground), "");
//   cursor.move({1, 4711}, state);            // what lies before it never comes again
//
// Threads: any; who changes the state holds a lock of its own around reading and moving. Owns: a writing
// connection. Fails: Error(Unavailable) when the database is away; the place is what it was then.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "core/outlet/ground.hpp"

namespace curfew::outlet {

class Cursor {
 public:
  Cursor(const Ground& ground, std::string name);

  // Nothing of this name was stored, or it was forgotten.
  [[nodiscard]] bool is_new() const;
  [[nodiscard]] store::Place place() const;
  // As it was stored last.
  [[nodiscard]] std::string state() const;

  // Durable when it returns.
  void move(store::Place to, std::string state);
  // Nothing up to there concerned this outlet: remembered at once, and stored with the next move or when
  // `passed_at_most` entries or `unsaved_at_most` have gone by. Read again after a crash, it concerns it as
  // little.
  void pass(store::Place to);
  void forget();

 private:
  void save(store::Place to, std::string state);

  const Ground& ground_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::optional<store::Store> store_;
  std::optional<store::OutletRow> row_;  // as stored
  store::Place place_;
};

// The end of the realm's newest stream; {0, 0} in an empty ledger.
[[nodiscard]] store::Place newest_place(const Ground& ground);

}  // namespace curfew::outlet
