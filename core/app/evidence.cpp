#include "core/app/evidence.hpp"

#include "core/app/recovery.hpp"
#include "core/base/error.hpp"

namespace curfew::app {

std::string newest_origin(const Settings& settings, const report::ComplianceReport& report) {
  ledger::StreamId newest{.realm = settings.realm, .node = settings.node, .epoch = 0};
  for (const report::StreamState& stream : report.streams) {
    const auto id = ledger::parse_origin(stream.origin);
    if (id && id->realm == newest.realm && id->node == newest.node)
      newest.epoch = std::max(newest.epoch, id->epoch);
  }
  if (newest.epoch == 0)
    throw Error(ErrorKind::Input, "this ledger has no stream of the realm " + newest.realm +
                                      " and the node " + newest.node +
                                      ": name the configuration of the daemon that wrote it");
  return ledger::origin_of(newest);
}

std::string evidence_bundle(store::Store& store, const store::ConnectionInfo& connection,
                            const Settings& settings, const report::ComplianceReport& report,
                            const EvidenceOptions& options) {
  const ledger::SigningKey key =
      ledger::load_key_file(ledger_key_file(settings), newest_origin(settings, report));
  report::BundleRequest request{.report = report, .key = key};
  request.records = options.records;
  request.earlier = options.earlier;
  request.progress = options.progress;
  if (options.names)
    request.personal = [&](std::int64_t stream, const std::vector<std::uint64_t>& sequences,
                           const std::function<void(store::PersonalRow &&)>& take) {
      store::read_personal(connection, stream, sequences, take);
    };
  return report::make_bundle(store, request);
}

}  // namespace curfew::app
