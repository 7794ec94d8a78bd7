#include <algorithm>

#include "core/base/duration_words.hpp"
#include "core/report/audit_report.hpp"
#include "core/report/charts.hpp"
#include "core/report/compliance_html.hpp"
#include "core/report/compliance_style.hpp"
#include "core/report/coverage_view.hpp"
#include "core/report/html_style.hpp"
#include "core/report/markup.hpp"
#include "core/report/sign_out_report.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

constexpr std::size_t max_violations = 500;
constexpr std::size_t max_failures = 50;
constexpr std::size_t max_gaps = 100;

std::string section(std::string_view id, std::string_view title, const std::string& content) {
  return "<section id=\"" + std::string(id) + "\"><h2>" + escaped(title) + "</h2>" + content + "</section>\n";
}

std::string paragraphs(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences) out += "<p>" + escaped(sentence) + "</p>";
  return out;
}

std::string list(const std::vector<std::string>& items) {
  std::string out = "<ul>";
  for (const std::string& item : items) out += "<li>" + escaped(item) + "</li>";
  return out + "</ul>";
}

std::string none(std::string_view sentence) { return "<p class=\"none\">" + escaped(sentence) + "</p>"; }

std::string cut(std::uint64_t shown, std::uint64_t all, std::string_view what) {
  if (all <= shown) return {};
  return "<p class=\"note\">" + wording::count(all - shown) + " more " + std::string(what) +
         " are not shown here; the JSON report and the ledger have them as far as they were kept.</p>";
}

std::string cell(const std::string& html, std::string_view kind = {}) {
  return (kind.empty() ? std::string("<td>") : "<td class=\"" + std::string(kind) + "\">") + html + "</td>";
}

std::string fact(std::uint64_t number, std::string_view what, std::string_view kind = {}) {
  return "<li" + (kind.empty() ? std::string{} : " class=\"" + std::string(kind) + "\"") + "><b>" +
         wording::count(number) + "</b><span>" + escaped(what) + "</span></li>";
}

std::uint64_t violations_in(const AuditReport& report) {
  return std::max<std::uint64_t>(report.violations_total, report.violations.size());
}

std::string head(const AuditReport& report) {
  const SessionStatistics& statistics = report.statistics;
  const std::uint64_t violations = wording::standing(report);
  std::uint64_t unreadable = 0;
  for (const SourceStatus& source : report.sources) unreadable += wording::unreadable(source);
  std::string sources;
  for (const SourceStatus& source : report.sources)
    sources += (sources.empty() ? "" : ", ") + foreign(source.name);
  return "<header><h1>Session audit</h1><p class=\"sub\">" + wording::time(report.from) + " to " +
         wording::time(report.to) + " · sources: " + (sources.empty() ? "none" : sources) +
         " · made by Curfew " + escaped(report.version) + " at " + wording::time(report.generated_at) +
         " · all times are UTC</p><ul class=\"facts\">" +
         fact(statistics.total(), statistics.total() == 1 ? "session" : "sessions") +
         fact(statistics.subjects(), statistics.subjects() == 1 ? "account" : "accounts") +
         fact(statistics.most_at_once().sessions, "live at once, at most") +
         fact(violations, violations == 1 ? "violation" : "violations", violations == 0 ? "good" : "bad") +
         fact(report.failures.total(), "failed sign-ins") + fact(unreadable, "unreadable records") +
         "<li class=\"" + (report.ledger.verified ? "good" : "bad") + "\"><b>" +
         (report.ledger.verified ? "verified" : "not verified") + "</b><span>ledger</span></li></ul>" +
         "<nav><a href=\"#seen\">What was seen</a><a href=\"#time\">Over time</a><a "
         "href=\"#violations\">Violations</a>"
         "<a href=\"#not-seen\">What was not</a><a href=\"#ends\">Ends</a><a href=\"#longest\">Longest</a>"
         "<a href=\"#failed\">Failed sign-ins</a><a href=\"#sources\">Sources</a><a "
         "href=\"#policies\">Policies</a>" +
         (report.compliance ? "<a href=\"#controls\">Controls</a>" : "") +
         "<a href=\"#ledger\">Ledger</a></nav></header>\n";
}

std::string over_time(const AuditReport& report) {
  const auto levels = report.statistics.levels(chart_steps);
  const Duration step = report.statistics.step(chart_steps);
  std::string out = time_chart(levels, Measure::LiveAtOnce, step) + time_chart(levels, Measure::Starts, step);
  const auto days = report.statistics.starts_by_day();
  if (days.empty()) return out;
  out += "<details><summary>The same in numbers, by day</summary><table>" +
         table_head({"day", "#sessions that began"}) + "<tbody>";
  std::size_t shown = 0;
  for (const auto& [day, sessions] : days) {
    if (shown++ == 400) break;
    out += "<tr><th scope=\"row\">" + wording::day(day) + "</th>" + cell(wording::count(sessions), "n") +
           "</tr>";
  }
  return out + "</tbody></table>" + cut(400, days.size(), "days") + "</details>";
}

std::string violation_table(const AuditReport& report) {
  if (report.violations.empty()) return none("No policy was breached by what was seen.");
  std::string out = "<div class=\"wide\"><table>" +
                    table_head({"when", "who", "where", "policy", "evidence", "controls"}) + "<tbody>";
  std::size_t shown = 0;
  for (const model::ViolationRow& row : report.violations) {
    if (shown++ == max_violations) break;
    std::string controls;
    for (const std::string& control : row.controls)
      controls += (controls.empty() ? "" : ", ") + escaped(control);
    std::string policy = escaped(row.policy) + "<br><span class=\"note\">" +
                         escaped(wording::words(model::name_of(row.rule))) + "</span>";
    if (row.withdrawn_at != Time{}) {
      policy += "<br><span class=\"tag\">withdrawn " + wording::time(row.withdrawn_at) + "</span>";
    }
    std::string evidence = escaped(wording::evidence(report, row));
    if (row.session != 0)
      evidence += "<br><span class=\"note\">session " + std::to_string(row.session) + "</span>";
    out += "<tr id=\"violation-" + std::to_string(row.number) + "\">" +
           cell(wording::time(row.breached_at), "t") + cell(foreign(wording::name_of(report, row.subject))) +
           cell(foreign(row.source), "s") + cell(policy) + cell(evidence) +
           cell(controls.empty() ? "none named" : controls) + "</tr>";
  }
  return out + "</tbody></table></div>" +
         cut(std::min<std::uint64_t>(report.violations.size(), max_violations), violations_in(report),
             "violations");
}

std::string by_policy(const AuditReport& report) {
  std::map<std::string, std::uint64_t> policies;
  for (const auto& row : report.violations) ++policies[row.policy];
  if (policies.size() < 2) return {};
  std::vector<Bar> bars;
  for (const auto& [policy, number] : policies) bars.push_back({policy, number, false});
  return bar_chart(bars, "Violations by policy");
}

std::string not_seen(const AuditReport& report) {
  std::string out = list(wording::blind_spots(report));
  if (report.gaps.empty()) return out;
  out += "<div class=\"wide\"><table><caption>Gaps</caption>" +
         table_head({"source", "at or from", "to", "#records missing", "what"}) + "<tbody>";
  std::size_t shown = 0;
  for (const Gap& gap : report.gaps) {
    if (shown++ == max_gaps) break;
    out += "<tr>" + cell(foreign(gap.source), "s") + cell(wording::time(gap.from), "t") +
           cell(gap.to == gap.from ? "" : wording::time(gap.to), "t") +
           cell(gap.records == 0 ? "not known" : wording::count(gap.records), "n") + cell(foreign(gap.text)) +
           "</tr>";
  }
  return out + "</tbody></table></div>" +
         cut(std::min(report.gaps.size(), max_gaps), report.gaps_total, "gaps");
}

std::string ends(const AuditReport& report) {
  const SessionStatistics& statistics = report.statistics;
  std::vector<Bar> bars;
  for (const auto& [end, sessions] : statistics.ends()) {
    bars.push_back(
        {wording::words(model::name_of(end.reason)) + ", " + std::string(model::name_of(end.certainty)),
         sessions, end.certainty == model::Certainty::Inferred});
  }
  std::stable_sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) { return a.value > b.value; });
  if (statistics.live() > 0) bars.push_back({"still open at the end", statistics.live(), true});
  if (bars.empty()) return none("No session was seen.");
  std::vector<Bar> lengths;
  for (const auto& length : statistics.lengths()) lengths.push_back({length.name, length.sessions, false});
  return "<p class=\"note\">Stated: the records say so. Inferred (hatched): concluded, because the records "
         "hold no "
         "end.</p>" +
         bar_chart(bars, "Sessions by how they ended") + bar_chart(lengths, "Ended sessions by length");
}

std::string longest(const AuditReport& report) {
  const auto& rows = report.statistics.longest();
  if (rows.empty()) return none("No session has a known beginning.");
  std::string out = "<div class=\"wide\"><table>" +
                    table_head({"who", "source", "device", "from", "to", "#length", "ended"}) + "<tbody>";
  for (const model::SessionRow& row : rows) {
    const bool open = row.ended_at == Time{};
    const Time end = open ? report.statistics.last_seen() : row.ended_at;
    out += "<tr>" + cell(foreign(wording::name_of(report, row.subject))) + cell(foreign(row.source), "s") +
           cell(row.device ? foreign(wording::name_of(report, row.device)) : "not known") +
           cell(wording::time(row.started_at), "t") + cell(open ? "open" : wording::time(row.ended_at), "t") +
           cell(base::in_words(end - row.started_at), "n") + cell(escaped(wording::end_of(row))) + "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string failed(const AuditReport& report) {
  const auto rows = report.failures.top(max_failures);
  if (rows.empty()) return none("No failed sign-in was seen.");
  std::string out = "<div class=\"wide\"><table>" +
                    table_head({"who", "source", "#failures", "first", "last", "why"}) + "<tbody>";
  for (const auto& row : rows) {
    std::string why;
    for (const auto& [failure, number] : row.failures) {
      why += (why.empty() ? "" : ", ") + escaped(wording::words(failure)) + " " + wording::count(number);
    }
    out += "<tr>" + cell(foreign(wording::name_of(report, row.subject))) + cell(foreign(row.source), "s") +
           cell(wording::count(row.count), "n") + cell(wording::time(row.first_at), "t") +
           cell(wording::time(row.last_at), "t") + cell(why) + "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string sources(const AuditReport& report) {
  if (report.sources.empty()) return none("There was no source.");
  std::string out;
  for (const SourceStatus& source : report.sources) {
    const auto sessions = report.statistics.by_source().find(source.name);
    out += "<h3>" + foreign(source.name) + " <span class=\"tag\">" + escaped(source.connector) +
           "</span> <span class=\"tag\">" + escaped(source.state) + "</span></h3>";
    if (!source.text.empty()) out += "<p>" + foreign(source.text) + "</p>";
    out += "<p>" + wording::counted(source.read, "record", "records") + " read, " +
           wording::count(source.filtered) + " left out on purpose, " +
           wording::count(wording::unreadable(source)) + " unreadable; " +
           wording::counted(source.observations, "event", "events") + ", " +
           wording::counted(sessions == report.statistics.by_source().end() ? 0 : sessions->second, "session",
                            "sessions") +
           "; newest " + wording::time(source.last_observation_at) + ".</p>" + coverage_html(source.coverage);
  }
  if (!report.inputs.empty()) {
    out += "<details><summary>Inputs (" + wording::count(report.inputs.size()) + ")</summary>" +
           list({report.inputs.begin(),
                 report.inputs.begin() +
                     static_cast<std::ptrdiff_t>(std::min<std::size_t>(report.inputs.size(), 500))}) +
           cut(500, report.inputs.size(), "inputs") + "</details>";
  }
  return out;
}

std::string ledger(const AuditReport& report) {
  const LedgerVerdict& ledger = report.ledger;
  std::string out = "<p><b>" + std::string(ledger.verified ? "Verified. " : "Not verified. ") + "</b>" +
                    escaped(ledger.sentence) + "</p>";
  if (!ledger.not_excluded.empty())
    out += "<p>What this verdict cannot exclude:</p>" + list(ledger.not_excluded);
  out += "<dl><dt>stream</dt><dd><code>" + escaped(ledger.origin) + "</code></dd><dt>entries</dt><dd>" +
         wording::count(ledger.size) + "</dd><dt>root hash</dt><dd><code>" + escaped(ledger.root) +
         "</code></dd><dt>verifier key</dt><dd><code>" + escaped(ledger.verifier_key) + "</code></dd></dl>";
  if (!ledger.checkpoint.empty()) {
    out += "<p>The signed checkpoint: keep it where whoever keeps the ledger cannot change it.</p><pre>" +
           escaped(ledger.checkpoint) + "</pre>";
  }
  if (!ledger.how_to_verify.empty()) {
    out += "<p>To verify it yourself:</p><pre>" + escaped(ledger.how_to_verify) + "</pre>";
  }
  return out;
}

}  // namespace

std::string to_html(const AuditReport& report) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" "
         "content=\"noindex\">"
         "<title>Session audit " +
         wording::day(report.from) + " to " + wording::day(report.to) + "</title><style>" +
         std::string(html_style) + (report.compliance ? std::string(compliance_style) : std::string{}) +
         "</style></head><body><main>\n" + head(report) +
         section("seen", "What was seen", paragraphs(wording::findings(report))) +
         section("time", "Sessions over time", over_time(report)) +
         section("violations", "Violations", by_policy(report) + violation_table(report)) +
         (report.sign_outs.empty()
              ? std::string{}
              : section(
                    "sign-outs", "Sign-outs",
                    "<p>What policies ordered. An audit carries nothing out, so nothing here is proven.</p>" +
                        sign_out_table(report.sign_outs, report.names) +
                        cut(report.sign_outs.size(), report.sign_outs_total, "sign-outs"))) +
         (report.compliance ? section("controls", "Controls and what sessions show of them",
                                      controls_html(*report.compliance))
                            : std::string{}) +
         section("not-seen", "What could not be seen", not_seen(report)) +
         section("ends", "How sessions ended", ends(report)) +
         section("longest", "Longest sessions", longest(report)) +
         section("failed", "Failed sign-ins", failed(report)) +
         section("sources", "Sources", sources(report)) +
         section("policies", "Policies in force",
                 report.policies.empty() ? none("No policy was in force.") : list(report.policies)) +
         section("ledger", "Ledger", ledger(report)) + "</main></body></html>\n";
}

}  // namespace curfew::report
