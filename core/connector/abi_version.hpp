// The version of the plugin ABI that this program speaks, for who may not see the ABI itself.
// Threads: a pure function. Owns: nothing. Fails: never.
#pragma once

#include <cstdint>

namespace curfew::connector {

[[nodiscard]] std::uint32_t abi_version() noexcept;

}  // namespace curfew::connector
