#include "core/report/compliance_reading.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/ledger/stream.hpp"
#include "core/report/compliance_entries.hpp"
#include "core/report/session_tracks.hpp"
#include "core/report/sign_out_report.hpp"

namespace curfew::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::size_t page = 10'000;
constexpr std::size_t most_violations = 200'000;
constexpr std::size_t most_on = 1'000;
constexpr std::size_t steps_drawn = 96;

constexpr std::array<Duration, 7> length_steps{minutes(15), hours(1),  hours(4),     hours(8),
                                               hours(12),   hours(24), hours(24 * 7)};
constexpr std::array<Duration, 6> effect_steps{
    std::chrono::seconds(1), std::chrono::seconds(10), minutes(1), minutes(5), minutes(15), hours(1)};

std::vector<LengthStep> steps_of(std::span<const Duration> bounds) {
  std::vector<LengthStep> steps;
  for (const Duration bound : bounds) steps.push_back({bound, 0});
  steps.push_back({Duration{0}, 0});
  return steps;
}

void count_in(std::vector<LengthStep>& steps, Duration length) {
  for (LengthStep& step : steps) {
    if (step.up_to != Duration{0} && length >= step.up_to) continue;
    ++step.sessions;
    return;
  }
}

// The shortest time that anybody asks about.
Duration shortest(const std::vector<const Framework*>& frameworks, Check test, Duration otherwise) {
  Duration found = otherwise;
  for (const Framework* framework : frameworks) {
    for (const Control& control : framework->controls) {
      if (control.test == test) found = std::min(found, control.limit);
    }
  }
  return found;
}

std::set<std::string> as_set(std::vector<std::string> texts) {
  return {std::make_move_iterator(texts.begin()), std::make_move_iterator(texts.end())};
}

class Reading {
 public:
  Reading(store::Store& store, const ComplianceRequest& request)
      : store_(store),
        request_(request),
        tracks_(shortest(request.frameworks, Check::IdleTime, minutes(15)),
                shortest(request.frameworks, Check::FreshCredentials, hours(12))) {}

  ComplianceReport read() {
    begin();
    progress("reading configurations and gaps");
    EntryReading entries(store_, heads_, report_.facts, tracks_, request_.pace);
    entries.read_circumstances();
    entries.close();
    progress("reading the observations of the period");
    entries.read_observations();
    report_.facts.tracks_cut = tracks_.cut();
    for (const Framework* framework : request_.frameworks) {
      for (const Control& control : framework->controls)
        tallies_.emplace_back(*framework, control, report_.facts);
    }
    progress("reading sessions, violations and sign-outs");
    read_breaches();
    read_sessions();
    for (ControlTally& tally : tallies_) report_.results.push_back(tally.conclude());
    if (request_.places) {
      progress("looking up the places of exceptions");
      find_places(store_, heads_, report_.results);
    }
    finish();
    return std::move(report_);
  }

 private:
  void progress(const std::string& text) const {
    if (request_.progress) request_.progress(text);
  }

  void begin() {
    heads_ = store_.streams();
    std::erase_if(heads_, [](const store::StreamHead& head) { return head.size == 0; });
    if (heads_.empty()) throw Error(ErrorKind::Input, "there is no ledger in this database");
    ComplianceFacts& facts = report_.facts;
    facts.scope = request_.scope;
    facts.generated_at = request_.now;
    facts.ledger = request_.ledger;
    std::tie(facts.recorded_from, facts.recorded_until) = span_of(store_, heads_);
    // What sources told of the time before the start is known too: the oldest came first.
    for (const model::SessionRow& row : store_.sessions({.limit = page})) {
      if (row.started_at >= base::earliest_time)
        facts.recorded_from = std::min(facts.recorded_from, row.started_at);
    }
    facts.period.from = request_.from == Time{} ? facts.recorded_from : request_.from;
    facts.period.to =
        request_.to == Time{} ? facts.recorded_until + std::chrono::microseconds(1) : request_.to;
    // What has not happened yet can't be judged.
    facts.period.to = std::min(facts.period.to, facts.recorded_until + std::chrono::microseconds(1));
    if (facts.period.from >= facts.period.to || facts.period.to <= facts.recorded_from)
      throw Error(ErrorKind::Input, "nothing is recorded in this period: the records reach from " +
                                        base::format_rfc3339(facts.recorded_from) + " to " +
                                        base::format_rfc3339(facts.recorded_until));
    report_.frameworks = request_.frameworks;
    report_.version = CURFEW_VERSION;
    for (const store::StreamHead& head : heads_)
      report_.streams.push_back({head.stream, ledger::origin_of(head.id), head.size, base::to_hex(head.root),
                                 head.checkpoint, head.verifier_key});
    report_.lengths = steps_of(length_steps);
    report_.effects = steps_of(effect_steps);
    lay_out_time();
  }

  void lay_out_time() {
    constexpr std::array<Duration, 9> nice{minutes(1), minutes(15), hours(1),   hours(3),      hours(12),
                                           hours(24),  hours(72),   hours(168), hours(24 * 30)};
    const Period& period = report_.facts.period;
    const Duration span = period.to - period.from;
    report_.step = nice.back() * (span / (nice.back() * steps_drawn) + 1);
    for (const Duration step : nice) {
      if (span / step + 2 > static_cast<std::int64_t>(steps_drawn)) continue;
      report_.step = step;
      break;
    }
    const Duration since = period.from.time_since_epoch();
    for (Time from{since - since % report_.step}; from < period.to; from += report_.step)
      report_.levels.push_back({from, 0, 0});
  }

  void read_breaches() {
    const Period& period = report_.facts.period;
    store::ViolationQuery query;
    query.from = period.from;
    query.to = period.to;
    query.include_withdrawn = false;
    query.limit = page;
    for (bool more = true; more && !report_.facts.violations_cut;) {
      std::vector<model::ViolationRow> rows = store_.violations(query);
      more = rows.size() == page;
      if (request_.pace) request_.pace();
      for (model::ViolationRow& row : rows) {
        query.after = row.number;
        breaches_.push_back({std::move(row), {}});
      }
      report_.facts.violations_cut = more && breaches_.size() >= most_violations;
    }
    std::map<model::OrderNumber, Breach*> ordered;
    for (Breach& breach : breaches_) {
      if (breach.violation.sign_out != 0) ordered.emplace(breach.violation.sign_out, &breach);
      if (breach.violation.session != 0) by_session_[breach.violation.session].push_back(&breach);
    }
    read_sign_outs(ordered);
    for (const Breach& breach : breaches_) {
      if (breach.violation.session != 0 || !request_.scope.holds_source(breach.violation.source)) continue;
      count_violation(breach.violation);
      for (ControlTally& tally : tallies_) tally.see(breach);
    }
  }

  void read_sign_outs(const std::map<model::OrderNumber, Breach*>& ordered) {
    const Period& period = report_.facts.period;
    store::SignOutQuery query;
    // What is breached in the period is ordered in it or later.
    query.from = period.from;
    query.limit = page;
    for (bool more = true; more;) {
      const std::vector<model::SignOutRow> rows = store_.sign_outs(query);
      more = rows.size() == page;
      if (request_.pace) request_.pace();
      for (const model::SignOutRow& row : rows) {
        query.after = row.number;
        if (const auto breach = ordered.find(row.number); breach != ordered.end())
          breach->second->sign_out = row;
        if (!period.holds(row.ordered_at) || !request_.scope.holds_source(row.source)) continue;
        ++report_.sign_outs[static_cast<std::size_t>(row.outcome)];
        if (row.outcome == model::Outcome::Proven) count_in(report_.effects, time_to_effect(row));
        for (ControlTally& tally : tallies_) tally.see(row);
      }
    }
  }

  void count_violation(const model::ViolationRow& row) {
    ++report_.violations;
    ++report_.violations_by_policy[row.policy];
  }

  void read_sessions() {
    const Period& period = report_.facts.period;
    store::SessionQuery query;
    query.from = period.from;
    query.to = period.to;
    query.limit = page;
    for (bool more = true; more;) {
      const std::vector<model::SessionRow> rows = store_.sessions(query);
      more = rows.size() == page;
      if (request_.pace) request_.pace();
      for (const model::SessionRow& row : rows) {
        query.after = row.number;
        if (request_.scope.holds(row)) see(row);
      }
    }
  }

  void see(const model::SessionRow& row) {
    static const std::vector<const Breach*> none;
    ++report_.sessions;
    const auto found = by_session_.find(row.number);
    const auto& breaches = found == by_session_.end() ? none : found->second;
    const SessionTrack* track = tracks_.find(row.source, row.session);
    for (ControlTally& tally : tallies_) tally.see(row, breaches, track);
    const std::vector<std::string> groups = groups_of(row.subject);
    sweep_.see(row);
    report_.habits.see(row, groups);
    for (const Breach* breach : breaches) {
      count_violation(breach->violation);
      if (breach->violation.rule == model::Rule::SilentResignIn) report_.habits.see_return(row, groups);
    }
    SourceCoverage& source = sources_[row.source];
    ++source.sessions;
    if (row.ended_at != Time{} && !end_is_certain(row)) ++source.ends_unknown;
    if (row.start_seen && (row.ended_at == Time{} || end_is_certain(row)))
      count_in(report_.lengths, life_of(row, report_.facts.period));
    place_in_time(row);
  }

  void place_in_time(const model::SessionRow& row) {
    if (report_.levels.empty()) return;
    const Time first = report_.levels.front().from;
    const auto step_of = [&](Time at) {
      return static_cast<std::size_t>(std::max(Duration{0}, at - first) / report_.step);
    };
    const std::size_t from = step_of(row.started_at);
    const Time end = row.ended_at == Time{} ? report_.facts.period.to : row.ended_at;
    const std::size_t to = std::min(step_of(end), report_.levels.size() - 1);
    if (row.started_at >= first && from < report_.levels.size()) ++report_.levels[from].starts;
    for (std::size_t i = std::min(from, report_.levels.size() - 1); i <= to; ++i) ++report_.levels[i].most;
  }

  std::vector<std::string> groups_of(model::Ref subject) const {
    std::set<std::string> groups;
    for (const auto& [node, memberships] : report_.facts.memberships)
      groups.merge(as_set(memberships.groups_of(subject)));
    return {groups.begin(), groups.end()};
  }

  void finish() {
    for (const PolicyVersion& version : report_.facts.versions) {
      const Period& period = report_.facts.period;
      if (version.from >= period.to || (version.to != Time{} && version.to <= period.from)) continue;
      for (const model::SourcePolicy& source : version.set.sources) {
        if (request_.scope.holds_source(source.name)) (void)sources_[source.name];
      }
      for (const model::Policy& policy : version.set.policies) {
        report_.habits.returns_watched |= policy.rule == model::Rule::SilentResignIn;
        if (policy.rule == model::Rule::SessionTimeout &&
            (report_.shortest_limit == Duration{0} || policy.limit < report_.shortest_limit))
          report_.shortest_limit = policy.limit;
      }
    }
    for (const Hole& hole : report_.facts.holes) {
      if (!request_.scope.holds_source(hole.source)) continue;
      SourceCoverage& source = sources_[hole.source];
      ++source.holes;
      source.records_missing += hole.records;
    }
    for (auto& [name, source] : sources_) {
      source.name = name;
      if (const model::SourcePolicy* known = report_.facts.source(name)) {
        source.connector = known->connector;
        source.shows_activity = known->shows_activity;
        source.can_prove = known->can_prove;
      }
      report_.sources.push_back(source);
    }
    report_.concurrency = sweep_.conclude();
    report_.facts.memberships.clear();  // what follows from them is in the results
    if (request_.at != Time{}) read_who_was_on();
  }

  void read_who_was_on() {
    report_.at = request_.at;
    store::SessionQuery query;
    query.from = request_.at;
    query.to = request_.at + std::chrono::microseconds(1);
    query.limit = page;
    for (bool more = true; more;) {
      const std::vector<model::SessionRow> rows = store_.sessions(query);
      more = rows.size() == page;
      if (request_.pace) request_.pace();
      for (const model::SessionRow& row : rows) {
        query.after = row.number;
        // One that ended in this very instant was not on any more.
        if (row.ended_at == request_.at || !request_.scope.holds(row)) continue;
        ++report_.on_total;
        if (report_.on.size() < most_on) report_.on.push_back(row);
      }
    }
  }

  store::Store& store_;
  const ComplianceRequest& request_;
  ComplianceReport report_;
  std::vector<store::StreamHead> heads_;
  SessionTracks tracks_;
  ConcurrencySweep sweep_{report_.facts};
  std::vector<ControlTally> tallies_;
  std::vector<Breach> breaches_;
  std::map<model::SessionNumber, std::vector<const Breach*>> by_session_;
  std::map<std::string, SourceCoverage> sources_;
};

}  // namespace

std::vector<const Framework*> frameworks_of(const std::string& id) {
  std::vector<const Framework*> out;
  std::string known = "all";
  for (const Framework& framework : catalogue()) {
    if (id == "all" || framework.id == id) out.push_back(&framework);
    known += ", " + framework.id;
  }
  if (out.empty()) throw Error(ErrorKind::Usage, "framework '" + id + "' is none of: " + known);
  return out;
}

ComplianceReport read_compliance(store::Store& store, const ComplianceRequest& request) {
  return Reading(store, request).read();
}

}  // namespace curfew::report
