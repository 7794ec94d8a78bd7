#include "core/report/compliance_document.hpp"

#include <algorithm>

#include "core/report/compliance_sections.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using wording::count;
using wording::counted;

constexpr std::array<Result, 4> order_of_results{Result::NotSatisfied, Result::NoData, Result::Satisfied,
                                                 Result::NotTestable};
constexpr std::size_t most_told = 8;

std::string name_of(const Framework& framework) { return framework.name + " " + framework.version; }

void append_names(Text& text, std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text.push_back(plain((text.empty() ? "" : "; ") + std::string(what)));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text.push_back(plain(", "));
    text.push_back(foreign_span(names[i]));
  }
}

Text scope_of(const ReportScope& scope) {
  Text out;
  append_names(out, "sources ", scope.sources);
  append_names(out, "applications ", scope.applications);
  std::string types;
  for (const model::AccountType type : scope.account_types)
    types += (types.empty() ? "" : ", ") + std::string(model::name_of(type));
  if (!types.empty()) out.push_back(plain((out.empty() ? "accounts: " : "; accounts: ") + types));
  if (out.empty()) out.push_back(plain("all that was recorded"));
  return out;
}

Tiles tiles_of(const ComplianceReport& report) {
  Tiles out;
  for (const Result result : order_of_results) out.tiles.emplace_back(result, report.count(result));
  return out;
}

Table by_framework(const ComplianceReport& report) {
  Table table;
  table.caption = "By framework";
  table.columns = {{"framework"},
                   {"✘ not satisfied", true},
                   {"? no data", true},
                   {"✔ satisfied", true},
                   {"– not testable", true}};
  table.first_is_header = true;
  for (const Framework* framework : report.frameworks) {
    std::vector<Table::Cell>& row = table.rows.emplace_back();
    row.push_back({{link(name_of(*framework), framework->id)}, {}});
    for (const Result result : order_of_results)
      row.push_back({{plain(count(report.count(result, *framework)))}, {}});
  }
  return table;
}

// The exceptions that matter most, told before anything else.
void add_where_to_act(std::vector<Block>& out, const ComplianceReport& report) {
  std::vector<const ControlResult*> broken;
  for (const ControlResult& result : report.results) {
    if (result.result == Result::NotSatisfied) broken.push_back(&result);
  }
  if (broken.empty()) {
    out.emplace_back(Paragraph{{plain("No control was found that is not satisfied.")}});
    return;
  }
  std::stable_sort(broken.begin(), broken.end(),
                   [](const auto* a, const auto* b) { return a->broken > b->broken; });
  out.emplace_back(Heading{{plain("Where to act")}});
  List list;
  for (std::size_t i = 0; i < std::min(broken.size(), most_told); ++i) {
    const ControlResult& result = *broken[i];
    list.items.push_back(
        {link(result.framework->name + " " + result.control->id + " " + result.control->title,
              result.framework->id + "-" + result.control->id),
         plain(": " + (result.because.empty() ? std::string{} : result.because.front()))});
  }
  out.emplace_back(std::move(list));
  if (broken.size() > most_told)
    out.emplace_back(
        Paragraph{{plain(count(broken.size() - most_told) + " more are below.")}, Paragraph::Tone::Note});
}

void add_how_sure(std::vector<Block>& out, const ComplianceReport& report) {
  const auto& ledger = report.facts.ledger;
  out.emplace_back(Heading{{plain("How sure this is")}});
  List list;
  if (!ledger)
    list.items.push_back({plain("The ledger was "), strong("not verified"), plain(" for this report.")});
  else
    list.items.push_back({strong(ledger->intact ? "The ledger was verified." : "The ledger is not intact."),
                          plain(" " + ledger->sentence)});
  std::uint64_t holes = 0;
  for (const SourceCoverage& source : report.sources) holes += source.holes;
  list.items.push_back(
      {plain(holes == 0 ? "No source said that records are missing, and none was silent for long."
                        : counted(holes, "time", "times") +
                              " in which a source did not tell all; where a breach could be hidden there, "
                              "nothing is called satisfied.")});
  list.items.push_back(
      {plain("An end that was not seen, or whose reason is not known, counts as proof of nothing.")});
  out.emplace_back(std::move(list));
}

std::string numbers_of(const Control& control) {
  switch (control.numbers) {
    case Numbers::Organisation:
      return "the organisation's own";
    case Numbers::Fixed:
      return "fixed by the standard";
    case Numbers::Profile:
      return "set by the profile";
    case Numbers::None:
      break;
  }
  return {};
}

std::string reading_of(ReadIn read) {
  if (read == ReadIn::Unconfirmed) return "not confirmed: take the wording from the publisher";
  return read == ReadIn::ThirdParty ? "read in a third party's copy" : "";
}

std::string counts_of(const ControlResult& result) {
  if (result.population == 0) return "none";
  std::string out = count(result.population) + " " + result.of + ": " + count(result.kept) + " kept it";
  if (result.remedied > 0) out += ", " + count(result.remedied) + " ended in time";
  if (result.broken > 0) out += ", " + counted(result.broken, "exception", "exceptions");
  if (result.doubtful > 0) out += ", " + count(result.doubtful) + " prove nothing";
  return out;
}

void add_term(Terms& terms, const char* name, std::string text) {
  if (!text.empty()) terms.terms.push_back({name, {{plain(std::move(text))}}});
}

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
  return out;
}

void add_exceptions(ControlBlock& block, const ComplianceReport& report, const ControlResult& result,
                    std::size_t most) {
  if (result.exceptions.empty()) return;
  Table& table = block.exceptions;
  table.caption = "Exceptions";
  table.columns = {{"when", false, true}, {"who"}, {"where"}, {"what"}, {"evidence"}};
  const std::size_t listed = std::min(result.exceptions.size(), most);
  for (std::size_t i = 0; i < listed; ++i) {
    const ControlException& exception = result.exceptions[i];
    table.rows.push_back({{{plain(wording::time(exception.at))}, {}},
                          {{who(report, exception.subject)}, {}},
                          {{foreign_span(exception.source)}, {}},
                          {{plain(exception.text)}, {}},
                          {{plain(evidence_of(exception))}, {}}});
  }
  if (listed < result.exceptions.size())
    block.notes.push_back({{plain("And " + count(result.exceptions.size() - listed) +
                                  " more in the JSON report and in the list of exceptions (CSV).")},
                           Paragraph::Tone::Note});
  if (result.broken > result.exceptions.size())
    block.notes.push_back(
        {{plain(count(result.broken - result.exceptions.size()) +
                " more exceptions are counted and not listed; a shorter period or a narrower scope lists "
                "them.")},
         Paragraph::Tone::Note});
}

ControlBlock control_block(const ComplianceReport& report, const ControlResult& result, std::size_t most) {
  const Control& control = *result.control;
  const bool testable = control.test != Check::NotTestable;
  ControlBlock block;
  block.anchor = result.framework->id + "-" + control.id;
  block.id = control.id;
  block.title = control.title;
  block.result = result.result;
  block.requirement = control.requirement;
  block.because = result.because;
  if (testable) add_term(block.terms, "test", result.tested);
  add_term(block.terms, "tests only", control.tested_part);
  if (testable) add_term(block.terms, "population", counts_of(result));
  if (!result.policies.empty()) {
    Terms::Term& term = block.terms.terms.emplace_back();
    term.name = "by policies";
    for (const std::string& policy : result.policies) term.lines.push_back({plain(policy)});
  }
  add_term(block.terms, "named by", joined(result.named_by));
  add_term(block.terms, "level", control.level);
  add_term(block.terms, "numbers", numbers_of(control));
  add_term(block.terms, "text", reading_of(control.read));
  add_exceptions(block, report, result, most);
  return block;
}

Text subtitle_of(const ComplianceReport& report, bool says_when_made) {
  const ComplianceFacts& facts = report.facts;
  Text out{plain(wording::time(facts.period.from) + " to " + wording::time(facts.period.to) + " · ")};
  for (Span& span : scope_of(facts.scope)) out.push_back(std::move(span));
  out.push_back(
      plain(" · made by Curfew " + report.version +
            (says_when_made ? " at " + wording::time(facts.generated_at)
                            : ", of a ledger that reaches to " + wording::time(facts.recorded_until)) +
            " · all times are UTC"));
  return out;
}

// The newest of the streams, and how many more there are.
std::string rests_on(const ComplianceReport& report) {
  if (report.streams.empty()) return {};
  const StreamState& newest = report.streams.back();
  std::string out = newest.origin + ", " + count(newest.size) + " entries, root " + newest.root.substr(0, 16);
  if (report.streams.size() > 1) out += ", and " + count(report.streams.size() - 1) + " before it";
  return out;
}

}  // namespace

Section framework_section(const ComplianceReport& report, const Framework& framework,
                          const DocumentBounds& bounds) {
  Section section;
  section.id = framework.id;
  section.title = name_of(framework);
  section.is_framework = true;
  section.blocks.emplace_back(
      Paragraph{{plain("Source of the catalogue: " + framework.source + ". " + framework.note)},
                Paragraph::Tone::Note});
  // What somebody must act on first.
  for (const Result wanted : order_of_results) {
    for (const ControlResult& result : report.results) {
      if (result.framework == &framework && result.result == wanted)
        section.blocks.emplace_back(control_block(report, result, bounds.exceptions));
    }
  }
  return section;
}

std::vector<Block> results_blocks(const ComplianceReport& report) {
  return {tiles_of(report), by_framework(report)};
}

Document compliance_document(const ComplianceReport& report, const DocumentBounds& bounds) {
  const Period& period = report.facts.period;
  Document document;
  document.kind = "Compliance report on sessions";
  document.title = report.frameworks.size() == 1 ? name_of(*report.frameworks.front())
                                                 : count(report.frameworks.size()) + " frameworks";
  document.subject = document.kind + " " + wording::day(period.from) + " to " + wording::day(period.to);
  document.subtitle = subtitle_of(report, bounds.says_when_made);
  document.running =
      document.title + " · " + wording::time(period.from) + " to " + wording::time(period.to) + " UTC";
  document.rests_on = rests_on(report);
  document.dated = report.facts.recorded_until;
  document.producer = "Curfew " + report.version;
  document.summary.emplace_back(tiles_of(report));
  for (std::string& sentence : findings(report))
    document.summary.emplace_back(Paragraph{{plain(std::move(sentence))}});
  add_where_to_act(document.summary, report);
  document.summary.emplace_back(by_framework(report));
  add_how_sure(document.summary, report);

  for (const Framework* framework : report.frameworks)
    document.sections.push_back(framework_section(report, *framework, bounds));
  const auto add = [&](const char* id, std::string title, const char* listed_as, std::vector<Block> blocks) {
    document.sections.push_back({id, std::move(title), false, listed_as, std::move(blocks)});
  };
  add("habits", "Sign-out habits", "Sign-out habits", habits_blocks(report, bounds.rows));
  if (report.at != Time{})
    add("on", "Who was on at " + wording::time(report.at), "Who was on", on_blocks(report, bounds.on));
  add("pictures", "Pictures", "Pictures", pictures_blocks(report));
  add("coverage", "What the sources could not show", "Coverage", coverage_blocks(report));
  add("policies", "Policies in force", "Policies in force", versions_blocks(report));
  add("ledger", "The ledger that this rests on", "Ledger", ledger_blocks(report));
  add("reading", "How to read it", "How to read it", reading_blocks());
  return document;
}

}  // namespace curfew::report
