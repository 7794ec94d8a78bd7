// Recovery: from what the store kept to a machine that goes on where it stopped.
//
//   app::Recovered recovered = app::recover(store, settings, symbols, admission);
//
// The engine is the newest snapshot plus the ledger's tail, which equals the fold over the whole ledger. The
// first start makes the ledger's key and opens a stream; a lost key opens a new stream that names its
// predecessor's head. References and idempotency keys are read beside the snapshot and the tail.
// Threads: called from one, uses two. Owns: nothing. Fails: Error(Corrupt) when ledger and snapshot
// contradict each other; Error(Configuration) for the key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/app/settings.hpp"
#include "core/connector/admission.hpp"
#include "core/connector/host.hpp"
#include "core/engine/engine.hpp"
#include "core/ledger/seal.hpp"
#include "core/store/store.hpp"

namespace curfew::app {

struct Recovered {
  engine::Engine engine;
  store::StreamHead head;
  ledger::Sealer sealer;
  std::optional<model::Entry> opening;  // to be the first entry of a new stream
  std::uint64_t snapshot_at = 0;
  Time snapshot_stored_at{};                // Time{}: there was none
  std::uint64_t replayed = 0;               // entries after the snapshot
  bool snapshot_of_another_format = false;  // left aside: more was replayed instead
  struct Phase {
    const char* name;
    double seconds = 0;
    std::uint64_t count = 0;
  };
  std::vector<Phase> phases;  // the two of admission's ran beside the others
  std::map<std::string, connector::SourceMemory> memory;
  std::vector<model::PersonalValue> handles;
};

// `store`: the writer's; `database`: the same, for a second connection.
[[nodiscard]] Recovered recover(store::Store& store, const store::ConnectionInfo& database,
                                const Settings& settings, model::Symbols& symbols,
                                connector::Admission& admission);

[[nodiscard]] std::string ledger_key_file(const Settings& settings);

}  // namespace curfew::app
