// Runs of random histories against the reference and against the engine's own invariants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace curfew::model_test {

// The first disagreement of engine and reference, told for people; nothing: they agree throughout.
[[nodiscard]] std::optional<std::string> compare_with_reference(std::uint64_t seed, std::size_t steps);
// Replay, snapshots, intents, proofs: with policies that act and something that answers.
[[nodiscard]] std::optional<std::string> check_invariants(std::uint64_t seed, std::size_t steps);

}  // namespace curfew::model_test
