#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/model/check.hpp"

namespace curfew::model_test {
namespace {

// CURFEW_MODEL_SEEDS=10000 makes it long; CURFEW_MODEL_FIRST_SEED repeats one.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

constexpr std::size_t steps = 500;

template <typename Check>
void run(Check check, const char* what) {
  const std::uint64_t first = from_environment("CURFEW_MODEL_FIRST_SEED", 1);
  const std::uint64_t seeds = from_environment("CURFEW_MODEL_SEEDS", 100);
  std::cout << what << ": seeds " << first << " to " << first + seeds - 1 << ", " << steps
            << " inputs each\n";
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const auto difference = check(seed, steps);
    ASSERT_FALSE(difference.has_value()) << *difference;
  }
}

TEST(RandomHistories, EndLikeTheReference) { run(compare_with_reference, "reference"); }

TEST(RandomHistories, AreReplayedAndResumedFromSnapshotsExactlyAndActOnlyWithIntent) {
  run(check_invariants, "invariants");
}

}  // namespace
}  // namespace curfew::model_test
