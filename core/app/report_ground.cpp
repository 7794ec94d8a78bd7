#include "core/app/report_ground.hpp"

#include <map>

#include "core/app/ledger_check.hpp"
#include "core/app/report_state.hpp"
#include "core/outlet/cursor.hpp"

namespace curfew::app {
namespace {

constexpr auto durable_patience = std::chrono::seconds(30);

// The rows in which reports remember what they did, each with the ledger's end at that time.
struct Rows {
  outlet::Ground ground;
  std::map<std::string, outlet::Cursor> cursors;

  outlet::Cursor& of(const std::string& name) {
    return cursors.try_emplace(name, ground, report_row(ground.realm, name)).first->second;
  }
};

std::vector<std::string> recorded_since(Rows& rows, const std::string& name) {
  std::vector<std::string> facts;
  const store::Place from = rows.of(name).place();
  rows.ground.with_store([&](store::Store& store) {
    for (const store::StreamHead& head : store.streams()) {
      if (head.id.realm != rows.ground.realm || head.stream < from.stream) continue;
      const std::uint64_t first = head.stream == from.stream ? from.sequence : 0;
      if (first >= head.size) continue;
      store.read_entries(head.stream, first, head.size, [&](ledger::SealedEntry&& row) {
        if (row.entry.kind == model::EntryKind::Notified) facts.push_back(std::move(row.entry.facts));
        return true;
      });
    }
  });
  return facts;
}

}  // namespace

std::unique_ptr<ScheduledReports> make_scheduled_reports(const Settings& settings,
                                                         const store::ConnectionInfo& database,
                                                         Pipeline& pipeline, Readers& readers,
                                                         metrics::Registry& registry, Log& log) {
  if (settings.reports.empty()) return nullptr;
  const auto rows = std::make_shared<Rows>();
  rows->ground.realm = settings.realm;
  rows->ground.database = database;
  rows->ground.with_store = [&readers](const std::function<void(store::Store&)>& read) {
    (void)readers.with([&](store::Store& store) {
      read(store);
      return true;
    });
  };
  rows->ground.now = base::wall_clock_now;
  ReportGround ground;
  ground.now = base::wall_clock_now;
  ground.state = [rows](const std::string& name) { return rows->of(name).state(); };
  ground.save = [rows](const std::string& name, const std::string& state) {
    rows->of(name).move(outlet::newest_place(rows->ground), state);
  };
  ground.recorded_since = [rows](const std::string& name) { return recorded_since(*rows, name); };
  ground.record = [&pipeline](model::Entry entry) {
    return pipeline.record(std::move(entry), durable_patience);
  };
  ground.make = [&readers, database](const report::ComplianceRequest& asked) {
    report::ComplianceRequest request = asked;
    request.ledger = finding_of(store::verify_store(database, {}));
    return readers.with([&](store::Store& store) { return report::read_compliance(store, request); });
  };
  ground.log = &log;
  ground.metrics = &registry;
  return std::make_unique<ScheduledReports>(std::move(ground), settings);
}

}  // namespace curfew::app
