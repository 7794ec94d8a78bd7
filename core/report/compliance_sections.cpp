#include "core/report/compliance_sections.hpp"

#include <algorithm>

#include "core/base/duration_words.hpp"
#include "core/report/charts.hpp"
#include "core/report/markup.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using wording::count;
using wording::counted;

constexpr std::size_t most_rows = 60;
constexpr std::array<EndHabit, 6> habits{EndHabit::SignedOut, EndHabit::TimedOut, EndHabit::Ended,
                                         EndHabit::Vanished,  EndHabit::Unknown,  EndHabit::Open};

std::string share_bar(const HabitCounts& counts) {
  std::string out = "<span class=\"share\" aria-hidden=\"true\">";
  for (const EndHabit habit : habits) {
    const std::uint64_t number = counts.of(habit);
    if (number == 0 || counts.sessions == 0) continue;
    out += "<i class=\"" + std::string(model::name_of(habit)) +
           "\" style=\"width:" + std::to_string(number * 1'000 / counts.sessions / 10) + "." +
           std::to_string(number * 1'000 / counts.sessions % 10) + "%\"></i>";
  }
  return out + "</span>";
}

std::string habit_table(const ComplianceReport& report, const std::string& caption, std::string_view of,
                        const std::map<std::string, HabitCounts>& counts) {
  std::vector<std::pair<std::string, const HabitCounts*>> rows;
  for (const auto& [name, one] : counts) rows.emplace_back(name, &one);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second->sessions > b.second->sessions; });
  std::string out = "<div class=\"wide\"><table class=\"tight\"><caption>" + escaped(caption) + "</caption>" +
                    table_head({of, "#sessions", "#signed out", "#timed out", "#ended by others", "#vanished",
                                "#unknown", "#open", "#came back", "shares"}) +
                    "<tbody>";
  for (std::size_t i = 0; i < std::min(rows.size(), most_rows); ++i) {
    const HabitCounts& one = *rows[i].second;
    out += "<tr><th scope=\"row\">" + foreign(rows[i].first) + "</th><td class=\"n\">" + count(one.sessions) +
           "</td>";
    for (const EndHabit habit : habits) out += "<td class=\"n\">" + count(one.of(habit)) + "</td>";
    out += "<td class=\"n\">" +
           (!report.habits.returns_watched ? std::string("not watched")
            : one.signed_out == 0          ? std::string("no sign-out")
                                           : count(one.returned) + " of " + count(one.signed_out) + " (" +
                                        wording::percent(one.returned, one.signed_out) + ")") +
           "</td><td>" + share_bar(one) + "</td></tr>";
  }
  out += "</tbody></table></div>";
  if (rows.size() > most_rows)
    out += "<p class=\"note\">" + count(rows.size() - most_rows) + " more are in the JSON report.</p>";
  return out;
}

std::string up_to(const std::vector<LengthStep>& steps, std::size_t at) {
  if (at == 0) return "under " + base::in_words(steps[at].up_to);
  const std::string before = base::in_words(steps[at - 1].up_to);
  return steps[at].up_to == Duration{0} ? before + " or longer"
                                        : before + " to " + base::in_words(steps[at].up_to);
}

std::string lengths_chart(const ComplianceReport& report) {
  std::vector<Bar> bars;
  Duration before{0};
  for (std::size_t i = 0; i < report.lengths.size(); ++i) {
    // Hatched: all of the step is past the shortest limit.
    const bool past = report.shortest_limit != Duration{0} && before >= report.shortest_limit;
    bars.push_back(
        {up_to(report.lengths, i) + (past ? ", past a limit" : ""), report.lengths[i].sessions, past});
    before = report.lengths[i].up_to;
  }
  return bar_chart(
      bars, "Limits against reality: sessions by length" +
                (report.shortest_limit == Duration{0}
                     ? std::string(" (no policy limits them)")
                     : " (the shortest limit in force is " + base::exactly_in_words(report.shortest_limit) +
                           "; hatched is past it)"));
}

}  // namespace

std::string who(const ComplianceReport& report, model::Ref ref) {
  if (!ref) return "nobody in particular";
  const auto name = report.names.find(ref);
  return name == report.names.end() ? "<code>" + model::to_text(ref) + "</code>" : foreign(name->second);
}

std::string evidence_of(const ControlException& exception) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  if (exception.violation != 0) add("violation " + std::to_string(exception.violation));
  if (exception.session != 0) add("session " + std::to_string(exception.session));
  if (exception.sign_out != 0) add("sign-out " + std::to_string(exception.sign_out));
  if (exception.place.stream != 0)
    add("ledger entry " + std::to_string(exception.place.stream) + "/" +
        std::to_string(exception.place.sequence));
  return out.empty() ? "none" : out;
}

std::string habits_html(const ComplianceReport& report) {
  if (report.habits.all.sessions == 0) return "<p class=\"none\">There was no session.</p>";
  std::string out =
      "<p>How sessions end says what people are used to, and training them is one of the measures. <i>Signed "
      "out</i>: their source said that they did. <i>Timed out</i>: a limit or an expiry ended it. <i>Ended "
      "by "
      "others</i>: forced, replaced, account disabled. <i>Vanished</i>: browser closed or machine switched "
      "off, "
      "no end was told. <i>Came back</i>: after how many of the sign-outs, forced ones too, somebody was on "
      "again without giving credentials.</p>";
  out += habit_table(report, "By application (by source, where there is none)", "application",
                     report.habits.by_application);
  out += report.habits.by_group.empty()
             ? "<p class=\"note\">No group's members are known, so there is no table by group.</p>"
             : habit_table(report, "By group, as the newest lists say; who is in two groups counts in both",
                           "group", report.habits.by_group);
  if (!report.habits.returns_watched)
    out +=
        "<p class=\"note\">How many came back without credentials is not known: no policy of the rule "
        "silent resign in was in force.</p>";
  return out;
}

std::string on_html(const ComplianceReport& report) {
  if (report.on_total == 0) return "<p class=\"none\">Nobody is known to have been on.</p>";
  std::string out =
      "<p>" + counted(report.on_total, "session", "sessions") +
      ". Where the end was inferred, the person may have left before.</p><div class=\"wide\"><table>" +
      table_head({"who", "source", "application", "device", "from", "to", "end"}) + "<tbody>";
  for (const model::SessionRow& row : report.on) {
    out += "<tr><td>" + who(report, row.subject) + "</td><td>" + foreign(row.source) + "</td><td>" +
           foreign(row.application) + "</td><td>" +
           (row.device ? who(report, row.device) : std::string("not known")) + "</td><td class=\"t\">" +
           wording::time(row.started_at) + "</td><td class=\"t\">" +
           (row.ended_at == Time{} ? std::string("open") : wording::time(row.ended_at)) + "</td><td>" +
           escaped(wording::end_of(row)) + "</td></tr>";
  }
  out += "</tbody></table></div>";
  if (report.on_total > report.on.size())
    out += "<p class=\"note\">" + count(report.on_total - report.on.size()) + " more are not listed.</p>";
  return out;
}

std::string pictures_html(const ComplianceReport& report) {
  std::string out = time_chart(report.levels, Measure::LivedIn, report.step) +
                    time_chart(report.levels, Measure::Starts, report.step) + lengths_chart(report);
  std::vector<Bar> policies;
  for (const auto& [policy, number] : report.violations_by_policy) policies.push_back({policy, number});
  std::stable_sort(policies.begin(), policies.end(),
                   [](const Bar& a, const Bar& b) { return a.value > b.value; });
  if (policies.size() > most_rows) policies.resize(most_rows);
  const std::string violations = bar_chart(policies, "Violations by policy");
  out += violations.empty() ? "<p class=\"none\">No violation stands, so there is no picture of them.</p>"
                            : violations;
  std::vector<Bar> effects;
  for (std::size_t i = 0; i < report.effects.size(); ++i)
    effects.push_back({up_to(report.effects, i), report.effects[i].sessions});
  const std::string effect =
      bar_chart(effects, "Time to effect: from the breach to the proof of the sign-out");
  return out + (effect.empty()
                    ? "<p class=\"none\">No sign-out was proven, so no time to effect is known.</p>"
                    : effect);
}

std::string sources_html(const ComplianceReport& report) {
  std::string out = "<div class=\"wide\"><table>" +
                    table_head({"source", "connector", "#sessions", "#ends not known", "shows activity",
                                "can prove an end", "#losses", "#records missing"}) +
                    "<tbody>";
  for (const SourceCoverage& source : report.sources) {
    out += "<tr><th scope=\"row\">" + foreign(source.name) + "</th><td>" + escaped(source.connector) +
           "</td><td class=\"n\">" + count(source.sessions) + "</td><td class=\"n\">" +
           count(source.ends_unknown) + "</td><td>" + (source.shows_activity ? "yes" : "no") + "</td><td>" +
           (source.can_prove ? "yes" : "no") + "</td><td class=\"n\">" + count(source.holes) +
           "</td><td class=\"n\">" + count(source.records_missing) + "</td></tr>";
  }
  return out + "</tbody></table></div>";
}

std::string versions_html(const ComplianceReport& report) {
  std::string out;
  const Period& period = report.facts.period;
  for (const PolicyVersion& version : report.facts.versions) {
    if (version.from >= period.to || (version.to != Time{} && version.to <= period.from)) continue;
    out += "<h3>" +
           (version.set.version.empty() ? "Version <code>" + escaped(version.digest.substr(0, 12)) + "</code>"
                                        : "Version " + foreign(version.set.version)) +
           "</h3><p class=\"note\">" + foreign(version.node) +
           (version.from < base::earliest_time ? ", from the beginning"
                                               : ", from " + wording::time(version.from)) +
           (version.to == Time{} ? " on" : " to " + wording::time(version.to)) + "; digest <code>" +
           escaped(version.digest) + "</code>; ledger entry " + std::to_string(version.place.stream) + "/" +
           std::to_string(version.place.sequence) + "</p><div class=\"wide\"><table>" +
           table_head({"policy", "rule", "limit", "mode", "controls that it names"}) + "<tbody>";
    for (const model::Policy& policy : version.set.policies) {
      std::string controls;
      for (const std::string& control : policy.controls)
        controls += (controls.empty() ? "" : ", ") + escaped(control);
      out += "<tr><th scope=\"row\">" + foreign(policy.name) + "</th><td>" +
             escaped(wording::words(model::name_of(policy.rule))) + "</td><td>" +
             (policy.most != 0              ? "at most " + std::to_string(policy.most)
              : policy.limit != Duration{0} ? base::exactly_in_words(policy.limit)
                                            : std::string{}) +
             "</td><td>" + std::string(model::name_of(policy.mode)) + "</td><td>" + controls + "</td></tr>";
    }
    out += "</tbody></table></div>";
  }
  return out.empty() ? "<p class=\"none\">No policy was in force in the period.</p>" : out;
}

std::string ledger_html(const ComplianceReport& report) {
  std::string out =
      "<p>" +
      (report.facts.ledger
           ? std::string(report.facts.ledger->intact ? "<b>✔ Verified.</b> " : "<b>✘ Not intact.</b> ") +
                 escaped(report.facts.ledger->sentence)
           : std::string("It was not verified for this report.")) +
      "</p>";
  if (report.facts.ledger && !report.facts.ledger->not_excluded.empty()) {
    out += "<p>What this verdict cannot exclude:</p><ul>";
    for (const std::string& sentence : report.facts.ledger->not_excluded)
      out += "<li>" + escaped(sentence) + "</li>";
    out += "</ul>";
  }
  for (const StreamState& stream : report.streams) {
    out += "<h3>" + foreign(stream.origin) + "</h3><dl><dt>entries</dt><dd>" + count(stream.size) +
           "</dd><dt>root hash</dt><dd><code>" + escaped(stream.root) +
           "</code></dd><dt>verifier key</dt><dd><code>" + escaped(stream.verifier_key) +
           "</code></dd></dl><pre>" + escaped(stream.checkpoint) + "</pre>";
  }
  return out +
         "<p>Compare the checkpoint with one that was kept where whoever keeps the ledger can't change it "
         "(<code>curfew verify --checkpoint FILE</code>). <i>Ledger entry 1/31</i> is entry 31 of stream "
         "1.</p>";
}

std::string reading_html() {
  return "<dl><dt>✔ satisfied</dt><dd>Everything that the test is about was seen, for the whole period, and "
         "kept it. "
         "It is said of what sessions show, never of the whole control.</dd><dt>✘ not satisfied</dt><dd>At "
         "least one "
         "exception was found; each is listed with its place in the ledger.</dd><dt>? no data</dt><dd>No "
         "exception was "
         "found, and the records are not enough to exclude one: the reason stands beside it.</dd><dt>– not "
         "testable</dt>"
         "<dd>Records of sessions can't show it, or no policy says what the organisation's limit "
         "is.</dd></dl>"
         "<p>Policies that only observe end nothing: a session that went past their limit is an exception. A "
         "session that "
         "was ended within the tolerance after a breach shows the control at work. People appear by "
         "reference unless names "
         "were asked for; who asked, and why, is in the ledger.</p>";
}

}  // namespace curfew::report
