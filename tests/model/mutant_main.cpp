// Linked with an engine that has one seeded fault: succeeds when the model tests find it.
#include <exception>
#include <iostream>

#include "tests/model/check.hpp"

int main() {
  constexpr std::uint64_t most_seeds = 200;
  constexpr std::size_t steps = 500;
  for (std::uint64_t seed = 1; seed <= most_seeds; ++seed) {
    for (const auto check :
         {curfew::model_test::compare_with_reference, curfew::model_test::check_invariants}) {
      try {
        if (const auto difference = check(seed, steps)) {
          std::cout << "found: " << *difference << "\n";
          return 0;
        }
      } catch (const std::exception& error) {
        std::cout << "found at seed " << seed << ": " << error.what() << "\n";
        return 0;
      }
    }
  }
  std::cerr << "the fault was not found in " << most_seeds << " histories\n";
  return 1;
}
