#include "core/outlet/export_outlet.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"

namespace curfew::outlet {

using metrics::OutletOutcome;

namespace {

constexpr Duration first_pause = std::chrono::seconds(1);
constexpr Duration longest_pause = std::chrono::minutes(5);
constexpr Duration idle_pause = std::chrono::seconds(2);

}  // namespace

bool is_wanted(const ExportRow& row, const std::vector<std::string>& kinds) {
  if (kinds.empty()) return row.by_default;
  return std::any_of(kinds.begin(), kinds.end(), [&](const std::string& word) {
    return word == "all" || (word == "default" && row.by_default) || is_named_by(row, word);
  });
}

ExportOutlet::ExportOutlet(const Ground& ground, ExportSettings settings, const MakeSink& make_sink,
                           RecordAccess record_access)
    : ground_(ground),
      settings_(std::move(settings)),
      record_access_(std::move(record_access)),
      cursor_(ground, "export/" + settings_.name) {
  if (cursor_.is_new()) cursor_.move(settings_.from_beginning ? store::Place{} : newest_place(ground_), {});
  sink_ =
      make_sink(cursor_.state(), [this](const std::string& state) { cursor_.move(cursor_.place(), state); });
  for (const OutletOutcome outcome :
       {OutletOutcome::Delivered, OutletOutcome::Refused, OutletOutcome::NotTold})
    count(outcome, 0);
  note_waiting(0);
  follower_ =
      std::make_unique<Follower>(ground_, cursor_,
                                 FollowerSettings{.name = label(),
                                                  .appetite = [this] { return appetite(); },
                                                  .take = [this](const Chunk& chunk) { return take(chunk); },
                                                  .most_entries = settings_.most_entries});
}

ExportOutlet::~ExportOutlet() { stop(); }

void ExportOutlet::start() { follower_->start(); }

void ExportOutlet::wake() { follower_->wake(); }

void ExportOutlet::stop() {
  follower_->stop();
  sink_->close();
}

void ExportOutlet::count(OutletOutcome outcome, std::size_t how_many) const {
  if (ground_.metrics != nullptr)
    ground_.metrics->counter(metrics::outlet_delivered, {label(), metrics::name_of(outcome)})
        .add(static_cast<double>(how_many));
}

void ExportOutlet::note_waiting(std::size_t how_many) const {
  if (ground_.metrics != nullptr)
    ground_.metrics->gauge(metrics::outlet_waiting, {label()}).set(static_cast<double>(how_many));
}

Appetite ExportOutlet::appetite() const {
  return pause_ > Duration(0) && ground_.steady_now() < retry_at_ ? Appetite::Later : Appetite::Now;
}

ExportNames ExportOutlet::names_of(const Chunk& chunk) const {
  ExportNames names;
  if (!settings_.names) return names;
  std::vector<model::Ref> refs;
  EventReader reader;
  for (const ledger::SealedEntry& entry : chunk.entries) {
    const ExportEvent& event = reader.read(chunk.id, entry);
    if (!is_wanted(*event.row, settings_.kinds)) continue;
    for (const model::Ref ref : event.references()) refs.push_back(ref);
  }
  std::sort(refs.begin(), refs.end());
  refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
  ground_.with_store([&](store::Store& store) {
    for (model::PersonalValue& value : store.resolve(refs)) {
      // Handles are ids at their sources, and notes are texts: neither is a name.
      if (value.kind == model::PersonalKind::Handle || value.kind == model::PersonalKind::Note) continue;
      const model::Ref ref = value.ref;
      names.emplace(ref, std::move(value));
    }
  });
  return names;
}

// With the indexes of their entries.
std::vector<ExportLine> ExportOutlet::lines_of(const Chunk& chunk, std::vector<std::size_t>& indexes) {
  const ExportNames names = names_of(chunk);
  std::vector<ExportLine> lines;
  for (std::size_t i = 0; i < chunk.entries.size(); ++i) {
    const ExportEvent& event = reader_.read(chunk.id, chunk.entries[i]);
    if (!is_wanted(*event.row, settings_.kinds)) continue;
    lines.push_back({.id = event.id,
                     .text = render(settings_.format, event, names),
                     .at = event.at(),
                     .severity = event.severity(),
                     .action = name_of(*event.row)});
    indexes.push_back(i);
  }
  // On record before anything leaves; once, however often it is tried.
  if (!names.empty() && chunk.after() > recorded_) {
    record_access_("export " + settings_.name,
                   "names in the events from " + lines.front().id + " to " + lines.back().id, names.size());
    recorded_ = chunk.after();
  }
  return lines;
}

Duration ExportOutlet::give_up_for_now(const Handover& handover, std::size_t waiting) {
  if (ground_.metrics != nullptr) ground_.metrics->counter(metrics::outlet_failures, {label()}).add();
  note_waiting(waiting);
  if (pause_ == Duration(0))
    ground_.log(Severity::Warning, "the export " + settings_.name + " hands nothing on (" + handover.problem +
                                       "); what waits is in the ledger and is sent again");
  pause_ = pause_ == Duration(0) ? first_pause : std::min(pause_ * 2, longest_pause);
  const Duration wait = std::max(pause_, handover.retry_after.value_or(Duration(0)));
  retry_at_ = ground_.steady_now() + wait;
  return wait;
}

Duration ExportOutlet::take(const Chunk& chunk) {
  if (chunk.entries.empty()) {
    const auto left = retry_at_ - ground_.steady_now();
    if (pause_ > Duration(0) && left > left.zero()) return std::chrono::ceil<Duration>(left);
    sink_->caught_up();
    return idle_pause;
  }
  std::vector<std::size_t> indexes;
  const std::vector<ExportLine> lines = lines_of(chunk, indexes);
  if (lines.empty()) {
    cursor_.pass(chunk.after());
    count(OutletOutcome::NotTold, chunk.entries.size());
    return idle_pause;
  }
  base::kill_point("export.before_deliver");
  const Handover handover = sink_->deliver(lines);
  base::kill_point("export.after_deliver");
  const bool took_all = handover.taken == lines.size();
  if (took_all || handover.taken > 0) {
    const store::Place to = took_all ? chunk.after() : chunk.place_of(indexes[handover.taken - 1] + 1);
    cursor_.move(to, sink_->state());
    count(OutletOutcome::Delivered, handover.taken - handover.refused);
    count(OutletOutcome::Refused, handover.refused);
    count(OutletOutcome::NotTold,
          static_cast<std::size_t>(to.sequence - chunk.first.sequence) - handover.taken);
  }
  if (handover.refused > 0)
    ground_.log(Severity::Warning, "the receiver of the export " + settings_.name + " refused " +
                                       std::to_string(handover.refused) + " events for good, between " +
                                       lines.front().id + " and " + lines[handover.taken - 1].id);
  if (!took_all) return give_up_for_now(handover, lines.size() - handover.taken);
  if (pause_ > Duration(0))
    ground_.log(Severity::Info, "the export " + settings_.name + " is handed on again");
  pause_ = Duration(0);
  note_waiting(0);
  return idle_pause;
}

}  // namespace curfew::outlet
