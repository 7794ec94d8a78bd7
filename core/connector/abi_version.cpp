#include "core/connector/abi_version.hpp"

#include "curfew/plugin/abi.h"

namespace curfew::connector {

std::uint32_t abi_version() noexcept { return CURFEW_ABI_VERSION; }

}  // namespace curfew::connector
