// Durations as people read them. What is typed into a configuration is format_duration's
// (core/base/time.hpp).
//
//   in_words(118'140us) == "0.12 s"     in_words(200s) == "3 min 20 s"     in_words(29'131s) == "8 h 5 min"
//   exactly_in_words(29'131s) == "8 h 5 min 31 s"
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>

#include "core/base/time.hpp"

namespace curfew::base {

// As exact as a reader needs: hundredths below a second, tenths below a minute, then the two largest units.
[[nodiscard]] std::string in_words(Duration duration);
// Every unit down to the second: of limits, and of what is held against them. Below a second as above.
[[nodiscard]] std::string exactly_in_words(Duration duration);

}  // namespace curfew::base
