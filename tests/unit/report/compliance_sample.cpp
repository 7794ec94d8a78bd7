#include "compliance_sample.hpp"

#include <deque>

namespace curfew::report {

using std::chrono::hours;
using std::chrono::minutes;

Time at(const char* text) { return base::parse_rfc3339(text).value(); }

model::SessionRow session_of(Duration length, model::SessionNumber number) {
  model::SessionRow row;
  row.number = number;
  row.source = "crm";
  row.application = "crm";
  row.session.bytes[0] = static_cast<std::uint8_t>(number);
  row.session.bytes[1] = 1;
  row.subject = model::Ref{number};
  row.device = model::Ref{100 + number};
  row.account_type = model::AccountType::Human;
  row.started_at = at("2026-11-10T09:00:00Z");
  row.ended_at = row.started_at + length;
  row.state = model::SessionState::Ended;
  row.end_reason = model::EndReason::SignedOut;
  row.end_certainty = model::Certainty::Stated;
  row.last_fresh_authentication_at = row.started_at;
  return row;
}

ComplianceFacts quiet_month(model::Rule rule, Duration limit, std::uint32_t most) {
  ComplianceFacts facts;
  facts.period = {at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")};
  facts.generated_at = at("2026-12-02T08:00:00Z");
  facts.recorded_from = at("2026-10-01T00:00:00Z");
  facts.recorded_until = at("2026-12-02T00:00:00Z");
  PolicyVersion version;
  version.place = {1, 2};
  version.node = "hq/one";
  version.from = facts.recorded_from;
  version.digest = "aabbccddeeff00112233";
  model::SourcePolicy source;
  source.name = "crm";
  source.connector = "forms";
  version.set.sources = {source};
  model::Policy policy;
  policy.name = "the-policy";
  policy.rule = rule;
  policy.limit = limit;
  policy.most = most;
  version.set.policies = {policy};
  facts.versions = {version};
  return facts;
}

Control control_of(Check test, std::vector<model::Rule> rules, Duration limit) {
  Control control;
  control.id = control.control = "c-1";
  control.title = "A control";
  control.requirement = "It is so.";
  control.test = test;
  control.rules = std::move(rules);
  control.limit = limit;
  return control;
}

const Framework& some_framework() {
  static const Framework framework{.id = "f", .name = "F", .version = "1", .source = "s", .note = "n"};
  return framework;
}

namespace {

ControlResult result_of(std::size_t number, const ComplianceFacts& facts) {
  const Framework& framework = *find_framework("nist-800-53");
  const Control& control = framework.controls.at(number);
  ControlTally tally(framework, control, facts);
  return tally.conclude();
}

}  // namespace

ComplianceReport sample_compliance() {
  ComplianceReport report;
  report.version = "0.1.0";
  report.facts = quiet_month(model::Rule::SessionTimeout, hours(12));
  report.facts.versions[0].set.policies[0].controls = {"nist-800-53:ac-12"};
  report.facts.ledger = LedgerFinding{true, "What the ledger holds agrees: 40 entries.", {"The tail."}};
  report.facts.holes = {{.source = hostile_source,
                         .from = at("2026-11-05T10:00:00Z"),
                         .to = at("2026-11-05T10:00:00Z"),
                         .noticed_at = at("2026-11-05T10:00:00Z"),
                         .records = 12,
                         .text = "log cleared",
                         .place = {1, 17}}};
  report.frameworks = {find_framework("nist-800-53")};
  for (std::size_t i = 0; i < report.frameworks[0]->controls.size(); ++i)
    report.results.push_back(result_of(i, report.facts));
  ControlResult& broken = report.results[8];
  broken.result = Result::NotSatisfied;
  broken.because = {"1 of 3 sessions is an exception."};
  broken.population = 3;
  broken.kept = 2;
  broken.broken = 1;
  broken.exceptions = {{.at = at("2026-11-10T21:00:00Z"),
                        .source = hostile_source,
                        .subject = model::Ref{13},
                        .session = 7,
                        .violation = 3,
                        .text = "policy <b>late</b> (session timeout) was breached",
                        .place = {1, 31}}};
  report.sessions = 3;
  report.violations = 1;
  report.violations_by_policy = {{"<b>late</b>", 1}};
  report.levels = {{at("2026-11-10T00:00:00Z"), 2, 2}, {at("2026-11-11T00:00:00Z"), 1, 1}};
  report.step = hours(24);
  report.lengths = {{hours(1), 1}, {hours(12), 1}, {Duration{0}, 1}};
  report.shortest_limit = hours(12);
  report.effects = {{minutes(1), 1}, {Duration{0}, 0}};
  report.sign_outs[static_cast<std::size_t>(model::Outcome::Proven)] = 1;
  for (model::SessionNumber number = 1; number <= 3; ++number)
    report.habits.see(session_of(hours(2), number), {"clerks"});
  report.habits.see_return(session_of(hours(2), 1), {"clerks"});
  report.habits.returns_watched = true;
  report.sources = {{.name = hostile_source, .connector = "forms", .sessions = 3, .ends_unknown = 1}};
  report.streams = {{1, "curfew/hq/one/1", 40, std::string(64, 'a'), "curfew/hq/one/1\n40\nqqo=\n", "key"}};
  report.at = at("2026-11-10T14:00:00Z");
  report.on = {session_of(hours(8), 13)};
  report.on_total = 1;
  report.names = {{model::Ref{13}, "<script>alert('x')</script>"}};
  return report;
}

}  // namespace curfew::report
