// What stands for a provider where only recorded logs are read: it asks nobody, and can't act.
//
// Threads, fails: as Provider. Owns: nothing.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::logs {

[[nodiscard]] std::unique_ptr<Provider> make_log_provider();

}  // namespace curfew::oauth::logs
