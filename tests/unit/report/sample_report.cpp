#include "sample_report.hpp"

namespace curfew::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Time monday = base::parse_rfc3339("2026-11-02T00:00:00Z").value();

model::SessionRow session(model::SessionNumber number, Time start, Duration length, model::Ref subject) {
  model::SessionRow row;
  row.number = number;
  row.source = number % 3 == 0 ? "crm-forms" : "corp-ad";
  row.subject = subject;
  row.device = model::Ref{0xd000 + subject.bits};
  row.account_type = subject.bits == 7 ? model::AccountType::Service : model::AccountType::Human;
  row.started_at = start;
  row.ended_at = start + length;
  row.state = model::SessionState::Ended;
  row.end_reason = model::EndReason::SignedOut;
  row.end_certainty = model::Certainty::Stated;
  if (number % 5 == 0) {
    row.end_reason = number % 10 == 0 ? model::EndReason::Reboot : model::EndReason::Vanished;
    row.end_certainty = model::Certainty::Inferred;
  }
  return row;
}

Time arrival(int day, std::uint64_t person) {
  const auto late = static_cast<int>((person * 37 + static_cast<std::uint64_t>(day) * 11) % 130);
  return monday + hours(24 * day + 7) + minutes(late);
}

void fill_sessions(AuditReport& report) {
  model::SessionNumber number = 0;
  for (int day = 0; day < 12; ++day) {
    if (day % 7 >= 5) continue;
    for (std::uint64_t person = 1; person <= 14; ++person) {
      const Time at = arrival(day, person);
      const auto more = static_cast<int>(person);
      report.sessions.push_back(session(++number, at, hours(4) + minutes(more * 7), model::Ref{person}));
      report.sessions.push_back(
          session(++number, at + hours(5), hours(3) + minutes(more * 11), model::Ref{person}));
    }
  }
  model::SessionRow open = session(++number, monday + hours(34), hours(0), model::Ref{3});
  open.ended_at = {};
  open.state = model::SessionState::Active;
  open.start_seen = false;
  report.sessions.push_back(open);
  for (const auto& row : report.sessions) report.statistics.add(row);
  report.statistics.finish(report.to);
}

void fill_violations(AuditReport& report) {
  model::ViolationRow row;
  row.number = 1;
  row.policy = "office-day";
  row.rule = model::Rule::SessionTimeout;
  row.session = 281;
  row.subject = model::Ref{3};
  row.source = "corp-ad";
  row.breached_at = monday + hours(46);
  row.detected_at = row.breached_at;
  row.evidence = R"({"limit":43200000000,"since":1793700000000000,"measured":43201000000,"sessions":[281]})";
  row.controls = {"nist-800-53:ac-12", "iso-27001:a.8.5"};
  report.violations.push_back(row);
  row.number = 2;
  row.policy = "one-desk";
  row.rule = model::Rule::ConcurrentSessions;
  row.subject = model::Ref{13};
  row.evidence = R"({"limit":1,"measured":2,"per":"subject","sessions":[12,13]})";
  report.violations.push_back(row);
  row.number = 3;
  row.withdrawn_at = row.breached_at + minutes(4);
  report.violations.push_back(row);
  report.violations_total = report.violations.size();
}

SourceStatus domain_source(Time newest) {
  SourceStatus source;
  source.name = "corp-ad";
  source.connector = "windows";
  source.state = "finished";
  source.shows_activity = false;
  source.read = 48'210;
  source.filtered = 31'000;
  source.unreadable = 12;
  source.observations = 17'210;
  source.last_observation_at = newest;
  source.coverage =
      R"({"records_total":48210,"security_records":47000,"unreadable":{"count":12,"places":[)"
      R"({"place":"security.evtx:65536","why":"chunk checksum"}]},"by_event_id":{"4624":9000,"4634":7000,)"
      R"("4625":44,"4672":800,"4688":1,"4800":12,"4801":12},"logons":420,"paired":390,"sessions":281,)"
      R"("joined":{"uac_twin":100,"unlock":30,"reconnect":9},"gaps":[{"log":"DC1 Security","first":100,"last":112,)"
      R"("missing":13,"before":"2026-11-04T04:00:00.000000Z"}],"selections":[],"inputs":[)"
      R"({"input":"security.evtx","format":"evtx","records_total":40000,"security_records":39000,)"
      R"("unreadable":{"count":12,"places":[]},"logons":400,"by_event_id":{"4624":8000},"other_lines":0},)"
      R"({"input":"old.evtx","format":"evtx","records_total":8210,"security_records":8000,)"
      R"("unreadable":{"count":0,"places":[]},"logons":20,"by_event_id":{"4624":1000},"other_lines":0}],"input_count":2})";
  return source;
}

SourceStatus plain_source(const char* name, std::uint64_t observations) {
  SourceStatus source;
  source.name = name;
  source.connector = "forms";
  source.state = "finished";
  source.read = observations;
  source.observations = observations;
  return source;
}

LedgerVerdict verdict() {
  LedgerVerdict ledger;
  ledger.verified = true;
  ledger.sentence =
      "The ledger of 17,800 entries was read back and verified: every entry, the tree and the signature.";
  ledger.origin = "curfew/audit/node/1";
  ledger.size = 17'800;
  ledger.root = std::string(64, 'a');
  ledger.checkpoint =
      "curfew/audit/node/1\n17800\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n— curfew/audit/node/1 "
      "AAAA\n";
  ledger.verifier_key = "curfew/audit/node/1+00000000+AAAA";
  ledger.not_excluded = {
      "Entries cut from the end, or a rewrite by whoever holds the key: that shows only against a checkpoint "
      "kept elsewhere."};
  ledger.how_to_verify = "curfew verify --bundle audit-bundle --checkpoint checkpoint.txt";
  return ledger;
}

}  // namespace

AuditReport sample_report() {
  AuditReport report;
  report.version = "0.1.0";
  report.from = monday;
  report.to = monday + hours(24 * 12);
  report.generated_at = monday + hours(24 * 14);
  report.inputs = {"/var/log/dc1/security.evtx", "/var/log/crm/access.log"};
  report.sources = {domain_source(report.to - minutes(3)), plain_source("crm-forms", 94),
                    plain_source("vpn", 0)};
  fill_sessions(report);
  fill_violations(report);
  report.failures.add(model::Ref{5}, "corp-ad", "bad_password", monday + hours(9), 7);
  report.failures.add(model::Ref{13}, "corp-ad", "no_such_account", monday + hours(10));
  report.gaps.push_back(
      {"corp-ad", monday + hours(50), monday + hours(52), 12, "record numbers 100 to 112 are missing"});
  report.policies = {"Sessions of humans may last at most 12 hours (observed only).",
                     "Each person may have one session at once on a device (observed only)."};
  report.ledger = verdict();
  report.names = {{model::Ref{3}, "CORP\\carol"},
                  {model::Ref{5}, "CORP\\eve"},
                  {model::Ref{13}, hostile_name},
                  {model::Ref{0xd003}, "WS-0003"}};
  return report;
}

}  // namespace curfew::report
