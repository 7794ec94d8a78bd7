// The exports of the ledger as they are configured, on top of what runs.
//
//   app::Exports exports(settings, database, pipeline, readers, registry, log);
//   exports.start(); … exports.committed(); … exports.stop();
//
// Threads: committed from any, the rest from one. Owns: the outlets with their threads; pipeline, readers,
// registry and log outlive it. Fails: the constructor throws Error(Configuration) for secrets, and
// Error(Unavailable) when the database is away.
#pragma once

#include <memory>
#include <vector>

#include "core/app/log.hpp"
#include "core/app/pipeline.hpp"
#include "core/app/readers.hpp"
#include "core/app/settings.hpp"
#include "core/outlet/export_outlet.hpp"

namespace curfew::app {

// What every outlet stands on in the daemon.
[[nodiscard]] outlet::Ground ground_of(const Settings& settings, const store::ConnectionInfo& database,
                                       Readers& readers, metrics::Registry& registry, Log& log);

class Exports {
 public:
  Exports(const Settings& settings, const store::ConnectionInfo& database, Pipeline& pipeline,
          Readers& readers, metrics::Registry& registry, Log& log);

  void start();
  // The ledger has grown.
  void committed();
  void stop();

 private:
  const outlet::Ground ground_;
  std::vector<std::unique_ptr<outlet::ExportOutlet>> outlets_;
};

}  // namespace curfew::app
