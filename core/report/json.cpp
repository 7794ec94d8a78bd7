#include <algorithm>
#include <set>

#include "core/report/audit_report.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

void write_source(JsonWriter& json, const AuditReport& report, const SourceStatus& source) {
  const auto& by_source = report.statistics.by_source();
  const auto sessions = by_source.find(source.name);
  json.begin_object().text("name", source.name).text("connector", source.connector);
  json.text("state", source.state).text_or_null("text", source.text);
  json.number("read", source.read)
      .number("filtered", source.filtered)
      .number("unreadable", wording::unreadable(source));
  json.number("observations", source.observations).number("refused", source.refused);
  json.number("sessions", sessions == by_source.end() ? 0 : sessions->second);
  json.time("last_observation_at", source.last_observation_at).flag("shows_activity", source.shows_activity);
  json.raw("coverage", checked_json(source.coverage)).end();
}

void write_counts_by_time(JsonWriter& json, std::string_view key,
                          const std::map<Time, std::uint64_t>& counts) {
  json.begin_array(key);
  for (const auto& [at, count] : counts) json.begin_object().time("from", at).number("sessions", count).end();
  json.end();
}

void write_sessions(JsonWriter& json, const AuditReport& report) {
  const SessionStatistics& statistics = report.statistics;
  json.begin_object("sessions").number("total", statistics.total());
  json.number("open", statistics.live()).number("ended", statistics.ended());
  json.number("ends_inferred", statistics.ends_inferred())
      .number("starts_unseen", statistics.starts_unseen());
  json.number("subjects", statistics.subjects());
  json.begin_object("most_at_once").number("sessions", statistics.most_at_once().sessions);
  json.time("at", statistics.most_at_once().at).end();
  json.begin_array("by_end");
  for (const auto& [end, count] : statistics.ends()) {
    json.begin_object()
        .text("reason", model::name_of(end.reason))
        .text("certainty", model::name_of(end.certainty));
    json.number("sessions", count).end();
  }
  json.end().begin_array("by_length");
  for (const auto& length : statistics.lengths()) {
    json.begin_object().text("length", length.name).number("sessions", length.sessions).end();
  }
  json.end().begin_object("by_account_type");
  for (const auto& [type, count] : statistics.by_account_type()) json.number(model::name_of(type), count);
  json.end();
  write_counts_by_time(json, "by_day", statistics.starts_by_day());
  write_counts_by_time(json, "by_hour", statistics.starts_by_hour());
  json.begin_array("longest");
  for (const auto& row : statistics.longest()) write(json, row, &report.names);
  json.end().begin_array("list");
  for (const auto& row : report.sessions) write(json, row, &report.names);
  json.end().flag("list_complete", report.sessions.size() == statistics.total()).end();
}

void write_failures(JsonWriter& json, const AuditReport& report) {
  json.begin_object("failed_sign_ins").number("total", report.failures.total()).begin_array("list");
  for (const auto& row : report.failures.top(1000)) {
    json.begin_object().text_or_null("subject", model::to_text(row.subject));
    const auto name = report.names.find(row.subject);
    json.text_or_null("subject_name",
                      name == report.names.end() ? std::string_view{} : std::string_view{name->second});
    json.text("source", row.source).number("count", row.count).time("first_at", row.first_at);
    json.time("last_at", row.last_at).begin_object("failures");
    for (const auto& [failure, count] : row.failures) json.number(failure, count);
    json.end().end();
  }
  json.end().end();
}

void write_ledger(JsonWriter& json, const LedgerVerdict& ledger) {
  json.begin_object("ledger").flag("verified", ledger.verified).text("verdict", ledger.sentence);
  json.text("origin", ledger.origin).number("size", ledger.size).text("root", ledger.root);
  json.text("checkpoint", ledger.checkpoint).text("verifier_key", ledger.verifier_key);
  json.texts("not_excluded", ledger.not_excluded).text_or_null("how_to_verify", ledger.how_to_verify).end();
}

}  // namespace

std::string to_json(const AuditReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().begin_object("audit").number("format", 1).text("version", report.version);
  json.time("generated_at", report.generated_at);
  json.begin_object("period").time("from", report.from).time("to", report.to).end();
  json.texts("inputs", report.inputs).texts("findings", wording::findings(report)).end();
  json.begin_array("sources");
  for (const SourceStatus& source : report.sources) write_source(json, report, source);
  json.end();
  write_sessions(json, report);
  json.begin_array("violations");
  for (const auto& row : report.violations) write(json, row, &report.names);
  json.end();
  json.number("violations_total", std::max<std::uint64_t>(report.violations_total, report.violations.size()));
  json.begin_array("sign_outs");
  for (const auto& row : report.sign_outs) write(json, row, &report.names);
  json.end();
  json.number("sign_outs_total", std::max<std::uint64_t>(report.sign_outs_total, report.sign_outs.size()));
  write_failures(json, report);
  json.texts("not_seen", wording::blind_spots(report)).begin_array("gaps");
  for (const Gap& gap : report.gaps) {
    json.begin_object().text("source", gap.source).time("from", gap.from).time("to", gap.to);
    gap.records == 0 ? json.raw("records", "null") : json.number("records", gap.records);
    json.text("text", gap.text).end();
  }
  json.end().number("gaps_total", std::max<std::uint64_t>(report.gaps_total, report.gaps.size()));
  json.texts("policies", report.policies);
  write_ledger(json, report.ledger);
  if (report.compliance) json.raw("compliance", to_json(*report.compliance));
  json.end();
  out += '\n';
  return out;
}

std::vector<model::Ref> references_in(const AuditReport& report) {
  std::set<model::Ref> refs;
  const auto take_session = [&](const model::SessionRow& row) {
    refs.insert({row.subject, row.device, row.address});
  };
  for (const auto& row : report.statistics.longest()) take_session(row);
  for (const auto& row : report.sessions) take_session(row);
  for (const auto& row : report.violations) refs.insert(row.subject);
  for (const auto& row : report.sign_outs) refs.insert(row.subject);
  for (const auto& row : report.failures.top(1000)) refs.insert(row.subject);
  refs.erase(model::Ref{});
  return {refs.begin(), refs.end()};
}

}  // namespace curfew::report
