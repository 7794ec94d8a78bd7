#include "core/report/compliance_sections.hpp"

#include <algorithm>

#include "core/base/duration_words.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using wording::count;
using wording::counted;

constexpr std::size_t most_bars = 60;
constexpr std::array<EndHabit, 6> habits{EndHabit::SignedOut, EndHabit::TimedOut, EndHabit::Ended,
                                         EndHabit::Vanished,  EndHabit::Unknown,  EndHabit::Open};

Paragraph paragraph(std::string text) { return {{plain(std::move(text))}}; }
Paragraph note(std::string text) { return {{plain(std::move(text))}, Paragraph::Tone::Note}; }
Paragraph none(std::string text) { return {{plain(std::move(text))}, Paragraph::Tone::None}; }
Table::Cell cell(std::string text) { return {{plain(std::move(text))}, {}}; }
Table::Cell cell(Span span) { return {{std::move(span)}, {}}; }

Table::Cell shares_of(const HabitCounts& counts) {
  Table::Cell out;
  out.is_shares = true;
  for (const EndHabit habit : habits) {
    const std::uint64_t number = counts.of(habit);
    if (number == 0 || counts.sessions == 0) continue;
    out.shares.parts.push_back({std::string(model::name_of(habit)), number * 1'000 / counts.sessions});
  }
  return out;
}

std::string returns_of(const ComplianceReport& report, const HabitCounts& one) {
  if (!report.habits.returns_watched) return "not watched";
  if (one.signed_out == 0) return "no sign-out";
  return count(one.returned) + " of " + count(one.signed_out) + " (" +
         wording::percent(one.returned, one.signed_out) + ")";
}

void add_habit_table(std::vector<Block>& out, const ComplianceReport& report, std::string caption,
                     const char* of, const std::map<std::string, HabitCounts>& counts,
                     std::size_t most_rows) {
  std::vector<std::pair<std::string, const HabitCounts*>> rows;
  for (const auto& [name, one] : counts) rows.emplace_back(name, &one);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second->sessions > b.second->sessions; });
  Table table;
  table.caption = std::move(caption);
  table.columns = {{of}};
  for (const char* title :
       {"sessions", "signed out", "timed out", "ended by others", "vanished", "unknown", "open", "came back"})
    table.columns.push_back({title, true});
  table.columns.push_back({"shares"});
  table.first_is_header = true;
  table.is_tight = true;
  for (std::size_t i = 0; i < std::min(rows.size(), most_rows); ++i) {
    const HabitCounts& one = *rows[i].second;
    std::vector<Table::Cell>& row = table.rows.emplace_back();
    row.push_back(cell(foreign_span(rows[i].first)));
    row.push_back(cell(count(one.sessions)));
    for (const EndHabit habit : habits) row.push_back(cell(count(one.of(habit))));
    row.push_back(cell(returns_of(report, one)));
    row.push_back(shares_of(one));
  }
  out.emplace_back(std::move(table));
  if (rows.size() > most_rows)
    out.emplace_back(note(count(rows.size() - most_rows) + " more are in the JSON report."));
}

std::string up_to(const std::vector<LengthStep>& steps, std::size_t at) {
  if (at == 0) return "under " + base::in_words(steps[at].up_to);
  const std::string before = base::in_words(steps[at - 1].up_to);
  return steps[at].up_to == Duration{0} ? before + " or longer"
                                        : before + " to " + base::in_words(steps[at].up_to);
}

BarChart lengths_chart(const ComplianceReport& report) {
  BarChart chart;
  Duration before{0};
  for (std::size_t i = 0; i < report.lengths.size(); ++i) {
    // Hatched: all of the step is past the shortest limit.
    const bool past = report.shortest_limit != Duration{0} && before >= report.shortest_limit;
    chart.bars.push_back(
        {up_to(report.lengths, i) + (past ? ", past a limit" : ""), report.lengths[i].sessions, past});
    before = report.lengths[i].up_to;
  }
  chart.what = "Limits against reality: sessions by length" +
               (report.shortest_limit == Duration{0}
                    ? std::string(" (no policy limits them)")
                    : " (the shortest limit in force is " + base::exactly_in_words(report.shortest_limit) +
                          "; hatched is past it)");
  return chart;
}

bool is_empty(const BarChart& chart) {
  return std::all_of(chart.bars.begin(), chart.bars.end(), [](const Bar& bar) { return bar.value == 0; });
}

}  // namespace

Span who(const ComplianceReport& report, model::Ref ref) {
  if (!ref) return plain("nobody in particular");
  const auto name = report.names.find(ref);
  return name == report.names.end() ? code(model::to_text(ref)) : foreign_span(name->second);
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

std::vector<Block> habits_blocks(const ComplianceReport& report, std::size_t most_rows) {
  if (report.habits.all.sessions == 0) return {none("There was no session.")};
  std::vector<Block> out;
  out.emplace_back(Paragraph{
      {plain("How sessions end says what people are used to, and training them is one of the measures. "),
       emphasis("Signed out"), plain(": their source said that they did. "), emphasis("Timed out"),
       plain(": a limit or an expiry ended it. "), emphasis("Ended by others"),
       plain(": forced, replaced, account disabled. "), emphasis("Vanished"),
       plain(": browser closed or machine switched off, no end was told. "), emphasis("Came back"),
       plain(": after how many of the sign-outs, forced ones too, somebody was on again without giving "
             "credentials.")}});
  add_habit_table(out, report, "By application (by source, where there is none)", "application",
                  report.habits.by_application, most_rows);
  if (report.habits.by_group.empty())
    out.emplace_back(note("No group's members are known, so there is no table by group."));
  else
    add_habit_table(out, report, "By group, as the newest lists say; who is in two groups counts in both",
                    "group", report.habits.by_group, most_rows);
  if (!report.habits.returns_watched)
    out.emplace_back(
        note("How many came back without credentials is not known: no policy of the rule silent resign in "
             "was in force."));
  return out;
}

std::vector<Block> on_blocks(const ComplianceReport& report, std::size_t most_rows) {
  if (report.on_total == 0) return {none("Nobody is known to have been on.")};
  std::vector<Block> out;
  out.emplace_back(paragraph(counted(report.on_total, "session", "sessions") +
                             ". Where the end was inferred, the person may have left before."));
  Table table;
  table.columns = {
      {"who"}, {"source"}, {"application"}, {"device"}, {"from", false, true}, {"to", false, true}, {"end"}};
  const std::size_t listed = std::min(report.on.size(), most_rows);
  for (std::size_t i = 0; i < listed; ++i) {
    const model::SessionRow& row = report.on[i];
    table.rows.push_back(
        {cell(who(report, row.subject)), cell(foreign_span(row.source)), cell(foreign_span(row.application)),
         cell(row.device ? who(report, row.device) : plain("not known")), cell(wording::time(row.started_at)),
         cell(row.ended_at == Time{} ? std::string("open") : wording::time(row.ended_at)),
         cell(wording::end_of(row))});
  }
  out.emplace_back(std::move(table));
  if (report.on_total > listed)
    out.emplace_back(note(count(report.on_total - listed) + " more are not listed."));
  return out;
}

std::vector<Block> pictures_blocks(const ComplianceReport& report) {
  std::vector<Block> out;
  out.emplace_back(TimeChart{report.levels, Measure::LivedIn, report.step});
  out.emplace_back(TimeChart{report.levels, Measure::Starts, report.step});
  out.emplace_back(lengths_chart(report));
  for (Block& block : concurrency_blocks(report)) out.emplace_back(std::move(block));
  BarChart violations{{}, "Violations by policy"};
  for (const auto& [policy, number] : report.violations_by_policy)
    violations.bars.push_back({policy, number});
  std::stable_sort(violations.bars.begin(), violations.bars.end(),
                   [](const Bar& a, const Bar& b) { return a.value > b.value; });
  if (violations.bars.size() > most_bars) violations.bars.resize(most_bars);
  if (is_empty(violations))
    out.emplace_back(none("No violation stands, so there is no picture of them."));
  else
    out.emplace_back(std::move(violations));
  BarChart effects{{}, "Time to effect: from the breach to the proof of the sign-out"};
  for (std::size_t i = 0; i < report.effects.size(); ++i)
    effects.bars.push_back({up_to(report.effects, i), report.effects[i].sessions});
  if (is_empty(effects))
    out.emplace_back(none("No sign-out was proven, so no time to effect is known."));
  else
    out.emplace_back(std::move(effects));
  return out;
}

std::vector<Block> coverage_blocks(const ComplianceReport& report) {
  Table table;
  table.columns = {{"source"},         {"connector"},        {"sessions", true}, {"ends not known", true},
                   {"shows activity"}, {"can prove an end"}, {"losses", true},   {"records missing", true}};
  table.first_is_header = true;
  for (const SourceCoverage& source : report.sources)
    table.rows.push_back({cell(foreign_span(source.name)), cell(source.connector),
                          cell(count(source.sessions)), cell(count(source.ends_unknown)),
                          cell(source.shows_activity ? "yes" : "no"), cell(source.can_prove ? "yes" : "no"),
                          cell(count(source.holes)), cell(count(source.records_missing))});
  List list;
  for (std::string& sentence : coverage(report)) list.items.push_back({plain(std::move(sentence))});
  std::vector<Block> out;
  out.emplace_back(std::move(table));
  out.emplace_back(std::move(list));
  return out;
}

std::vector<Block> versions_blocks(const ComplianceReport& report) {
  std::vector<Block> out;
  const Period& period = report.facts.period;
  for (const PolicyVersion& version : report.facts.versions) {
    if (version.from >= period.to || (version.to != Time{} && version.to <= period.from)) continue;
    out.emplace_back(
        Heading{{plain("Version "), version.set.version.empty() ? code(version.digest.substr(0, 12))
                                                                : foreign_span(version.set.version)}});
    out.emplace_back(
        Paragraph{{foreign_span(version.node),
                   plain((version.from < base::earliest_time ? ", from the beginning"
                                                             : ", from " + wording::time(version.from)) +
                         (version.to == Time{} ? " on" : " to " + wording::time(version.to)) + "; digest "),
                   code(version.digest),
                   plain("; ledger entry " + std::to_string(version.place.stream) + "/" +
                         std::to_string(version.place.sequence))},
                  Paragraph::Tone::Note});
    Table table;
    table.columns = {{"policy"}, {"rule"}, {"limit"}, {"mode"}, {"controls that it names"}};
    table.first_is_header = true;
    for (const model::Policy& policy : version.set.policies) {
      std::string controls;
      for (const std::string& control : policy.controls) controls += (controls.empty() ? "" : ", ") + control;
      table.rows.push_back({cell(foreign_span(policy.name)),
                            cell(wording::words(model::name_of(policy.rule))),
                            cell(policy.most != 0              ? "at most " + std::to_string(policy.most)
                                 : policy.limit != Duration{0} ? base::exactly_in_words(policy.limit)
                                                               : std::string{}),
                            cell(std::string(model::name_of(policy.mode))), cell(controls)});
    }
    out.emplace_back(std::move(table));
  }
  if (out.empty()) out.emplace_back(none("No policy was in force in the period."));
  return out;
}

std::vector<Block> ledger_blocks(const ComplianceReport& report) {
  std::vector<Block> out;
  const auto& ledger = report.facts.ledger;
  if (ledger)
    out.emplace_back(
        Paragraph{{strong(ledger->intact ? "✔ Verified." : "✘ Not intact."), plain(" " + ledger->sentence)}});
  else
    out.emplace_back(paragraph("It was not verified for this report."));
  if (ledger && !ledger->not_excluded.empty()) {
    out.emplace_back(paragraph("What this verdict cannot exclude:"));
    List list;
    for (const std::string& sentence : ledger->not_excluded) list.items.push_back({plain(sentence)});
    out.emplace_back(std::move(list));
  }
  for (const StreamState& stream : report.streams) {
    out.emplace_back(Heading{{foreign_span(stream.origin)}});
    out.emplace_back(Terms{{{"number", {{plain(std::to_string(stream.number))}}},
                            {"entries", {{plain(count(stream.size))}}},
                            {"root hash", {{code(stream.root)}}},
                            {"verifier key", {{code(stream.verifier_key)}}}}});
    out.emplace_back(Literal{stream.checkpoint});
  }
  out.emplace_back(Paragraph{
      {plain(
           "Compare the checkpoint with one that was kept where whoever keeps the ledger can't change it ("),
       code("curfew verify --checkpoint FILE"), plain("). "), emphasis("Ledger entry 1/31"),
       plain(" is entry 31 of the stream with number 1.")}});
  return out;
}

std::vector<Block> reading_blocks() {
  Terms terms;
  const auto add = [&](Result result, const char* text) {
    terms.terms.push_back(
        {std::string(mark_of(result)) + " " + std::string(words_of(result)), {{plain(text)}}});
  };
  add(Result::Satisfied,
      "Everything that the test is about was seen, for the whole period, and kept it. It is said of what "
      "sessions show, never of the whole control.");
  add(Result::NotSatisfied, "At least one exception was found; each is listed with its place in the ledger.");
  add(Result::NoData,
      "No exception was found, and the records are not enough to exclude one: the reason stands beside it.");
  add(Result::NotTestable,
      "Records of sessions can't show it, or no policy says what the organisation's limit is.");
  std::vector<Block> out;
  out.emplace_back(std::move(terms));
  out.emplace_back(paragraph(
      "Policies that only observe end nothing: a session that went past their limit is an exception. "
      "A session that was ended within the tolerance after a breach shows the control at work. People "
      "appear by reference unless names were asked for; who asked, and why, is in the ledger."));
  return out;
}

}  // namespace curfew::report
