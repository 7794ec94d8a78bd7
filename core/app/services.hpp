// What the HTTP API asks for, answered by the pipeline and the store.
//
//   api::Services services = app::make_services(pipeline, readers, registry, capabilities);
//
// Threads: made by one; its functions are called from many. Owns: nothing: pipeline, readers and registry
// outlive it. Fails: as api::Services says.
#pragma once

#include <map>
#include <set>

#include "core/api/broadcast.hpp"
#include "core/api/services.hpp"
#include "core/app/pipeline.hpp"
#include "core/app/readers.hpp"
#include "core/metrics/registry.hpp"

namespace curfew::app {

[[nodiscard]] api::Services make_services(Pipeline& pipeline, Readers& readers, metrics::Registry& registry,
                                          const Capabilities& capabilities);

// Durable when it returns: who was told what `count` references stand for, and why.
void record_access(Pipeline& pipeline, std::string_view by, std::string_view reason, std::size_t count);

// Counts and gauges that follow from a committed batch; and the batch's changes, for who watches.
class Publisher {
 public:
  // `since`: engine time at the start; what is older was counted by the process before.
  Publisher(metrics::Registry& registry, api::Broadcast& broadcast, Time since);
  // On the writer's thread.
  void committed(const Batch& batch);

 private:
  metrics::Registry& registry_;
  api::Broadcast& broadcast_;
  Time since_;
  model::ViolationNumber newest_violation_ = 0;
  std::map<model::OrderNumber, model::Outcome> outcomes_;  // as counted; pending: not yet
  std::set<model::ViolationNumber> withdrawn_;             // as counted
};

}  // namespace curfew::app
