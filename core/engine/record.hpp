// Between inputs and ledger entries: what goes into the leaf is all that replay gets.
//
//   for (const model::Entry& entry : engine::to_entries(input, effects, symbols)) …   // the input's own
//   InputReader reader(symbols); if (auto input = reader.read(entry)) engine.apply(*input, effects);
//
// An input is one entry, but a configuration larger than a leaf, which is several numbered parts.
//
// Replayer recomputes the decisions of a recorded ledger and reports the first difference.
// Threads: one. Fails: Error(Corrupt) naming kind and field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/model/input.hpp"

namespace curfew::engine {

// The entries of an input after it was applied (the effects give the subject). Decisions are not among them.
// Texts of commands, answers and probes are bounded by their makers; they must leave room in a leaf.
[[nodiscard]] std::vector<model::Entry> to_entries(const model::Input& input, const model::Effects& effects,
                                                   const model::Symbols& symbols);

class InputReader {
 public:
  explicit InputReader(model::Symbols& symbols) : symbols_(symbols) {}
  // nullopt: not an input, or a part of one that is not complete yet.
  std::optional<model::Input> read(const model::Entry& entry);

 private:
  std::optional<std::string> complete(const model::Entry& entry);

  model::Symbols& symbols_;
  std::vector<std::string> parts_;
};

struct Difference {
  std::uint64_t sequence = 0;  // of the recorded entry where they part
  std::string recorded;        // "kind facts", empty: nothing was recorded there
  std::string recomputed;      // empty: nothing was decided now
};

// Feed every entry of a stream in order; call finish at the end.
class Replayer {
 public:
  explicit Replayer(Engine engine, model::Symbols& symbols);
  // Replaces each configuration on its way in: "what if this rule had been another".
  void substitute_policies(model::PolicySet set);
  // The first difference, once there is one; later calls return the same.
  std::optional<Difference> feed(std::uint64_t sequence, const model::Entry& entry);
  std::optional<Difference> finish();
  // The decisions of the newest input, as recomputed.
  [[nodiscard]] const model::Effects& effects() const { return effects_; }
  [[nodiscard]] std::uint64_t inputs() const { return inputs_; }
  [[nodiscard]] std::uint64_t decisions() const { return decisions_; }
  [[nodiscard]] const Engine& engine() const { return engine_; }

 private:
  Engine engine_;
  InputReader reader_;
  std::optional<model::PolicySet> substitute_;
  model::Effects effects_;
  std::uint64_t last_sequence_ = 0;
  std::size_t next_decision_ = 0;
  std::optional<Difference> difference_;
  std::uint64_t inputs_ = 0;
  std::uint64_t decisions_ = 0;
};

}  // namespace curfew::engine
