#include <algorithm>

#include "core/base/duration_words.hpp"
#include "core/report/charts.hpp"
#include "core/report/compliance_report.hpp"
#include "core/report/compliance_sections.hpp"
#include "core/report/compliance_style.hpp"
#include "core/report/html_style.hpp"
#include "core/report/markup.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using wording::count;
using wording::counted;

constexpr std::array<Result, 4> order_of_results{Result::NotSatisfied, Result::NoData, Result::Satisfied,
                                                 Result::NotTestable};
constexpr std::size_t most_told = 8;

std::string badge(Result result) {
  return "<span class=\"r " + std::string(model::name_of(result)) + "\">" + std::string(mark_of(result)) +
         " " + std::string(words_of(result)) + "</span>";
}

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

std::string name_of(const Framework& framework) { return framework.name + " " + framework.version; }

std::string scope_of(const ReportScope& scope) {
  const auto joined = [](const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + foreign(name);
    return out;
  };
  std::string out;
  if (!scope.sources.empty()) out += "sources " + joined(scope.sources);
  if (!scope.applications.empty())
    out += (out.empty() ? "" : "; ") + ("applications " + joined(scope.applications));
  std::string types;
  for (const model::AccountType type : scope.account_types)
    types += (types.empty() ? "" : ", ") + std::string(model::name_of(type));
  if (!types.empty()) out += (out.empty() ? "" : "; ") + ("accounts: " + types);
  return out.empty() ? "all that was recorded" : out;
}

std::string tiles(const ComplianceReport& report) {
  std::string out = "<ul class=\"facts\">";
  for (const Result result : order_of_results) {
    const std::uint64_t number = report.count(result);
    const char* kind = result == Result::Satisfied                    ? " good"
                       : result == Result::NotSatisfied && number > 0 ? " bad"
                                                                      : "";
    out += "<li class=\"r-" + std::string(model::name_of(result)) + kind + "\"><b>" +
           std::string(mark_of(result)) + " " + count(number) + "</b><span>" + std::string(words_of(result)) +
           "</span></li>";
  }
  return out + "</ul>";
}

std::string by_framework(const ComplianceReport& report) {
  std::string out =
      "<div class=\"wide\"><table><caption>By framework</caption>" +
      table_head({"framework", "#✘ not satisfied", "#? no data", "#✔ satisfied", "#– not testable"}) +
      "<tbody>";
  for (const Framework* framework : report.frameworks) {
    out += "<tr><th scope=\"row\"><a href=\"#" + escaped(framework->id) + "\">" +
           escaped(name_of(*framework)) + "</a></th>";
    for (const Result result : order_of_results)
      out += "<td class=\"n\">" + count(report.count(result, *framework)) + "</td>";
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

// The exceptions that matter most, told before anything else.
std::string to_act_on(const ComplianceReport& report) {
  std::vector<const ControlResult*> broken;
  for (const ControlResult& result : report.results) {
    if (result.result == Result::NotSatisfied) broken.push_back(&result);
  }
  if (broken.empty()) return "<p>No control was found that is not satisfied.</p>";
  std::stable_sort(broken.begin(), broken.end(),
                   [](const auto* a, const auto* b) { return a->broken > b->broken; });
  std::string out = "<h3>Where to act</h3><ul>";
  for (std::size_t i = 0; i < std::min(broken.size(), most_told); ++i) {
    const ControlResult& result = *broken[i];
    out += "<li><a href=\"#" + escaped(result.framework->id + "-" + result.control->id) + "\">" +
           escaped(result.framework->name + " " + result.control->id) + " " + escaped(result.control->title) +
           "</a>: " + (result.because.empty() ? "" : escaped(result.because.front())) + "</li>";
  }
  out += "</ul>";
  if (broken.size() > most_told)
    out += "<p class=\"note\">" + count(broken.size() - most_told) + " more are below.</p>";
  return out;
}

std::string how_sure(const ComplianceReport& report) {
  const auto& ledger = report.facts.ledger;
  std::string out = "<h3>How sure this is</h3><ul><li>";
  out += !ledger
             ? "The ledger was <b>not verified</b> for this report."
             : (ledger->intact ? "<b>The ledger was verified.</b> " : "<b>The ledger is not intact.</b> ") +
                   escaped(ledger->sentence);
  out += "</li>";
  std::uint64_t holes = 0;
  for (const SourceCoverage& source : report.sources) holes += source.holes;
  out += "<li>" +
         (holes == 0 ? std::string("No source said that records are missing, and none was silent for long.")
                     : counted(holes, "time", "times") +
                           " in which a source did not tell all; where a breach could be hidden there, "
                           "nothing is called satisfied.") +
         "</li><li>An end that was not seen, or whose reason is not known, counts as proof of "
         "nothing.</li></ul>";
  return out;
}

std::string executive(const ComplianceReport& report) {
  const ComplianceFacts& facts = report.facts;
  return "<div class=\"executive\"><header><p class=\"eyebrow\">Compliance report on sessions</p><h1>" +
         (report.frameworks.size() == 1 ? escaped(name_of(*report.frameworks.front()))
                                        : count(report.frameworks.size()) + " frameworks") +
         "</h1><p class=\"sub\">" + wording::time(facts.period.from) + " to " +
         wording::time(facts.period.to) + " · " + scope_of(facts.scope) + " · made by Curfew " +
         escaped(report.version) + " at " + wording::time(facts.generated_at) +
         " · all times are UTC</p></header>" + tiles(report) + paragraphs(findings(report)) +
         to_act_on(report) + by_framework(report) + how_sure(report) +
         "<nav><a href=\"#habits\">Sign-out habits</a>" +
         (report.at == Time{} ? "" : "<a href=\"#on\">Who was on</a>") +
         "<a href=\"#pictures\">Pictures</a><a href=\"#coverage\">Coverage</a>"
         "<a href=\"#policies\">Policies in force</a><a href=\"#ledger\">Ledger</a>"
         "<a href=\"#reading\">How to read it</a></nav></div>\n";
}

std::string exceptions_of(const ComplianceReport& report, const ControlResult& result) {
  if (result.exceptions.empty()) return {};
  std::string out = "<div class=\"wide\"><table><caption>Exceptions</caption>" +
                    table_head({"when", "who", "where", "what", "evidence"}) + "<tbody>";
  for (const ControlException& exception : result.exceptions) {
    out += "<tr><td class=\"t\">" + wording::time(exception.at) + "</td><td>" +
           who(report, exception.subject) + "</td><td>" + foreign(exception.source) + "</td><td>" +
           escaped(exception.text) + "</td><td>" + evidence_of(exception) + "</td></tr>";
  }
  out += "</tbody></table></div>";
  if (result.broken > result.exceptions.size())
    out +=
        "<p class=\"note\">" + count(result.broken - result.exceptions.size()) +
        " more exceptions are counted and not listed; a shorter period or a narrower scope lists them.</p>";
  return out;
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

std::string_view reading_of(ReadIn read) {
  if (read == ReadIn::Unconfirmed) return "not confirmed: take the wording from the publisher";
  return read == ReadIn::ThirdParty ? "read in a third party's copy" : "";
}

std::string term(std::string_view name, const std::string& html) {
  return html.empty() ? std::string{} : "<dt>" + std::string(name) + "</dt><dd>" + html + "</dd>";
}

std::string counts_of(const ControlResult& result) {
  if (result.population == 0) return "none";
  std::string out =
      count(result.population) + " " + escaped(result.of) + ": " + count(result.kept) + " kept it";
  if (result.remedied > 0) out += ", " + count(result.remedied) + " ended in time";
  if (result.broken > 0) out += ", " + counted(result.broken, "exception", "exceptions");
  if (result.doubtful > 0) out += ", " + count(result.doubtful) + " prove nothing";
  return out;
}

std::string joined(const std::vector<std::string>& items, std::string_view between) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : std::string(between)) + escaped(item);
  return out;
}

std::string article(const ComplianceReport& report, const ControlResult& result) {
  const Control& control = *result.control;
  const std::string kind(model::name_of(result.result));
  const bool testable = control.test != Check::NotTestable;
  return "<article class=\"" + kind + (result.exceptions.size() > 6 ? " long" : "") + "\" id=\"" +
         escaped(result.framework->id + "-" + control.id) + "\"><h4><span class=\"id\">" +
         escaped(control.id) + "</span> " + escaped(control.title) + badge(result.result) + "</h4><p>" +
         escaped(control.requirement) + "</p><div class=\"why\">" + paragraphs(result.because) +
         "</div><dl>" + (testable ? term("test", escaped(result.tested)) : "") +
         term("tests only", escaped(control.tested_part)) +
         (testable ? term("population", counts_of(result)) : "") +
         term("by policies", joined(result.policies, "<br>")) +
         term("named by", joined(result.named_by, ", ")) + term("level", escaped(control.level)) +
         term("numbers", numbers_of(control)) + term("text", std::string(reading_of(control.read))) +
         "</dl>" + exceptions_of(report, result) + "</article>";
}

std::string framework_section(const ComplianceReport& report, const Framework& framework) {
  std::string out = "<section class=\"framework\" id=\"" + escaped(framework.id) + "\"><h2>" +
                    escaped(name_of(framework)) +
                    "</h2><p class=\"note\">Source of the catalogue: " + escaped(framework.source) + ". " +
                    escaped(framework.note) + "</p>";
  // What somebody must act on first.
  for (const Result wanted : order_of_results) {
    for (const ControlResult& result : report.results) {
      if (result.framework == &framework && result.result == wanted) out += article(report, result);
    }
  }
  return out + "</section>\n";
}

}  // namespace

std::string controls_html(const ComplianceReport& report) {
  std::string out = tiles(report) + by_framework(report);
  for (const Framework* framework : report.frameworks) out += framework_section(report, *framework);
  return out + "<h3>How to read it</h3>" + reading_html();
}

std::string to_html(const ComplianceReport& report) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta name=\"robots\" content=\"noindex\"><title>Compliance report on sessions " +
      wording::day(report.facts.period.from) + " to " + wording::day(report.facts.period.to) +
      "</title><style>" + std::string(html_style) + std::string(compliance_style) +
      "</style></head><body><main>\n" + executive(report);
  for (const Framework* framework : report.frameworks) out += framework_section(report, *framework);
  out += section("habits", "Sign-out habits", habits_html(report));
  if (report.at != Time{}) out += section("on", "Who was on at " + wording::time(report.at), on_html(report));
  out += section("pictures", "Pictures", pictures_html(report));
  out +=
      section("coverage", "What the sources could not show", sources_html(report) + list(coverage(report)));
  out += section("policies", "Policies in force", versions_html(report));
  out += section("ledger", "The ledger that this rests on", ledger_html(report));
  out += section("reading", "How to read it", reading_html());
  return out + "</main></body></html>\n";
}

}  // namespace curfew::report
