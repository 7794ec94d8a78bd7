// The transmitter of Shared Signals as it is configured, on top of what runs.
//
//   std::unique_ptr<outlet::Transmitter> transmitter = app::make_transmitter(settings, …);     // none: off
//
// Threads: one. Owns: nothing; pipeline, readers, registry and log outlive the transmitter. Fails:
// Error(Configuration) for keys and secrets.
#pragma once

#include <memory>

#include "core/app/log.hpp"
#include "core/app/pipeline.hpp"
#include "core/app/readers.hpp"
#include "core/outlet/transmitter.hpp"

namespace curfew::app {

[[nodiscard]] std::unique_ptr<outlet::Transmitter> make_transmitter(const Settings& settings,
                                                                    const store::ConnectionInfo& database,
                                                                    Pipeline& pipeline, Readers& readers,
                                                                    metrics::Registry& registry, Log& log);

}  // namespace curfew::app
