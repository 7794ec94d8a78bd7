// The algorithms by which a token's signature can be verified here: RSA and elliptic curves, never a keyed
// hash and never none.
//
// Threads: pure functions. Fails: never.
#pragma once

#include <string>
#include <vector>

namespace curfew::jose {

// Which may be named in settings and rules.
[[nodiscard]] const std::vector<std::string>& known_algorithms();

}  // namespace curfew::jose
