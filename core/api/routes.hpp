// The route tables of the listeners.
//
//   api::Router router = api::operator_routes(services, broadcast);
//   api::Router sources = api::source_routes(services);
//
// Threads: built by one. Owns: nothing; services and broadcast outlive the router. Fails: see Services.
#pragma once

#include "core/api/broadcast.hpp"
#include "core/api/router.hpp"
#include "core/api/services.hpp"

namespace curfew::api {

// Everything under /api/v1, the metrics and health pages.
[[nodiscard]] Router operator_routes(const Services& services, Broadcast& broadcast);
// What auth systems and receivers call: pushes under /api/v1/ingest, the connectors' own paths under
// /sources, the transmitter of Shared Signals, health.
[[nodiscard]] Router source_routes(const Services& services);

// Parts of the above.
void add_health_routes(Router& router, const Services& services);
void add_metrics_route(Router& router, const Services& services);
void add_reading_routes(Router& router, const Services& services);
void add_report_routes(Router& router, const Services& services);
void add_command_routes(Router& router, const Services& services);
void add_ledger_routes(Router& router, const Services& services);
void add_ingest_routes(Router& router, const Services& services);
void add_source_passage(Router& router, const Services& services);
void add_signal_routes(Router& router, const Services& services);
void add_stream_route(Router& router, Broadcast& broadcast, const Services& services);

}  // namespace curfew::api
