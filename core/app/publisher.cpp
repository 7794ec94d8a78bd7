#include <nlohmann/json.hpp>

#include "core/app/services.hpp"
#include "core/report/rows_json.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t most_outcomes = 200'000;

std::string rule_of(const std::string& notice) {
  return nlohmann::json::parse(notice).at("facts").at("rule").get<std::string>();
}

}  // namespace

// A series that begins at 1 shows no increase: alerts would miss what happens first. So all are there from 0
// on.
Publisher::Publisher(metrics::Registry& registry, api::Broadcast& broadcast, Time since)
    : registry_(registry), broadcast_(broadcast), since_(since) {
  for (const std::string_view outcome : model::Names<model::Outcome>::all) {
    if (outcome != model::name_of(model::Outcome::Pending)) registry_.counter(metrics::sign_outs, {outcome});
  }
  for (const std::string_view rule : model::Names<model::Rule>::all) {
    for (const std::string_view mode : model::Names<model::PolicyMode>::all)
      registry_.counter(metrics::violations, {rule, mode});
    registry_.counter(metrics::violations_withdrawn, {rule});
    registry_.counter(metrics::warnings, {rule});
  }
  for (const std::string_view kind : model::Names<model::EntryKind>::all)
    registry_.counter(metrics::ledger_entries, {kind});
  registry_.histogram(metrics::sign_out_effect);
  registry_.histogram(metrics::ledger_commit);
}

void Publisher::committed(const Batch& batch) {
  for (std::size_t kind = 0; kind < batch.kinds.size(); ++kind) {
    if (batch.kinds[kind] > 0)
      registry_.counter(metrics::ledger_entries, {model::name_of(static_cast<model::EntryKind>(kind))})
          .add(batch.kinds[kind]);
  }
  if (batch.commit_seconds > 0) {
    registry_.histogram(metrics::ledger_commit).observe(batch.commit_seconds);
    registry_.gauge(metrics::ledger_checkpoint)
        .set(static_cast<double>(base::to_micros(base::wall_clock_now())) / 1e6);
  }
  for (const model::SessionRow& row : batch.extras.sessions)
    broadcast_.publish("session", report::to_json(row));
  for (const model::ViolationRow& row : batch.extras.violations) {
    if (row.number > newest_violation_ && row.detected_at >= since_) {
      registry_.counter(metrics::violations, {model::name_of(row.rule), model::name_of(row.mode)}).add();
      newest_violation_ = row.number;
    }
    // Once in this process, whatever else comes of the violation.
    if (row.withdrawn_at >= since_ && withdrawn_.insert(row.number).second) {
      registry_.counter(metrics::violations_withdrawn, {model::name_of(row.rule)}).add();
      while (withdrawn_.size() > most_outcomes) withdrawn_.erase(withdrawn_.begin());
    }
    broadcast_.publish("violation", report::to_json(row));
  }
  if (!batch.snapshot.empty())
    registry_.gauge(metrics::snapshot_stored)
        .set(static_cast<double>(base::to_micros(base::wall_clock_now())) / 1e6);
  for (const StreamNotice& notice : batch.notices) {
    if (notice.event == "warned") registry_.counter(metrics::warnings, {rule_of(notice.json)}).add();
    broadcast_.publish(notice.event, notice.json, notice.order);
  }
  for (const model::SignOutRow& row : batch.extras.sign_outs) {
    broadcast_.publish("sign_out", report::to_json(row), row.number, row.concluded_at != Time{});
    if (row.concluded_at == Time{}) {
      outcomes_[row.number] = model::Outcome::Pending;
      continue;
    }
    // Once for each outcome that it comes to in this process: a late proof is another one.
    const auto known = outcomes_.find(row.number);
    if (known == outcomes_.end() ? row.concluded_at < since_ : known->second == row.outcome) continue;
    outcomes_[row.number] = row.outcome;
    while (outcomes_.size() > most_outcomes) outcomes_.erase(outcomes_.begin());
    registry_.counter(metrics::sign_outs, {model::name_of(row.outcome)}).add();
    if (row.outcome == model::Outcome::Proven && row.breached_at != Time{}) {
      const auto effect = std::chrono::duration<double>(row.concluded_at - row.breached_at);
      registry_.histogram(metrics::sign_out_effect).observe(effect.count());
    }
  }
}

}  // namespace curfew::app
