// The metrics page: what a Prometheus server scrapes.
//
//   services.metrics = [&] { return api::render_metrics(registry); };
//
// Threads: any (the registry locks itself). Owns: nothing. Fails: never.
#pragma once

#include <string>

namespace prometheus {
class Collectable;
}

namespace curfew::api {

// Text format 0.0.4.
[[nodiscard]] std::string render_metrics(const prometheus::Collectable& metrics);

}  // namespace curfew::api
