#include "core/report/sign_out_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/duration_words.hpp"
#include "core/report/html_style.hpp"
#include "core/report/markup.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using model::Outcome;

constexpr std::size_t max_listed = 2'000;
constexpr std::size_t max_steps = 64;

std::string cell(const std::string& html, std::string_view kind = {}) {
  return (kind.empty() ? std::string("<td>") : "<td class=\"" + std::string(kind) + "\">") + html + "</td>";
}

std::string name_or_ref(model::Ref ref, const Names& names) {
  const auto found = names.find(ref);
  return found == names.end() ? model::to_text(ref) : found->second;
}

std::string words_in(const nlohmann::json& step, const char* key) {
  const auto found = step.find(key);
  return found == step.end() || !found->is_string() ? std::string{}
                                                    : wording::words(found->get<std::string>());
}

std::string outcome_of(const model::SignOutRow& row) {
  std::string text = wording::words(model::name_of(row.outcome));
  if (!row.held_because.empty()) text += ": " + wording::words(row.held_because);
  if (row.outcome == Outcome::Held && row.concluded_at == Time{}) text += " (waits)";
  if (row.reverted_at != Time{}) text += "; undone " + wording::time(row.reverted_at);
  return text;
}

}  // namespace

Duration time_to_effect(const model::SignOutRow& row) {
  const bool had_effect = row.outcome == Outcome::Proven || row.outcome == Outcome::Contained;
  return had_effect && row.breached_at != Time{} && row.concluded_at > row.breached_at
             ? row.concluded_at - row.breached_at
             : Duration{0};
}

SignOutStatistics statistics_of(const std::vector<model::SignOutRow>& rows) {
  SignOutStatistics statistics;
  std::vector<Duration> effects;
  for (const model::SignOutRow& row : rows) {
    ++statistics.by_outcome[static_cast<std::size_t>(row.outcome)];
    statistics.waiting += row.outcome == Outcome::Held && row.concluded_at == Time{};
    if (row.outcome == Outcome::Proven && time_to_effect(row) > Duration{0})
      effects.push_back(time_to_effect(row));
  }
  if (effects.empty()) return statistics;
  std::sort(effects.begin(), effects.end());
  statistics.median_effect = effects[(effects.size() - 1) / 2];
  statistics.longest_effect = effects.back();
  return statistics;
}

std::vector<std::string> findings(const SignOutReport& report) {
  if (report.rows.empty()) return {"No sign-out was ordered."};
  const SignOutStatistics statistics = statistics_of(report.rows);
  const auto number = [&](Outcome outcome) {
    return statistics.by_outcome[static_cast<std::size_t>(outcome)];
  };
  std::vector<std::string> lines{wording::counted(report.rows.size(), "sign-out was", "sign-outs were") +
                                 " ordered" + (report.cut ? ", and more that are not in this report." : ".")};
  lines.push_back(wording::count(number(Outcome::Proven)) + " of them " +
                  (number(Outcome::Proven) == 1 ? "is" : "are") +
                  " proven: the source itself showed that the session is dead.");
  if (statistics.median_effect > Duration{0})
    lines.push_back("From the breach to the proof it took " + base::in_words(statistics.median_effect) +
                    " in the middle, " + base::in_words(statistics.longest_effect) + " at the longest.");
  if (number(Outcome::Contained) > 0)
    lines.push_back(wording::count(number(Outcome::Contained)) +
                    " can't pass our gate, and may live elsewhere: contained, not proven.");
  const std::uint64_t alive = number(Outcome::StillAlive) + number(Outcome::Unproven);
  if (alive > 0)
    lines.push_back(wording::count(alive) + " ended without a proof or with a session that was seen alive.");
  if (statistics.waiting > 0)
    lines.push_back(wording::count(statistics.waiting) + " " + (statistics.waiting == 1 ? "waits" : "wait") +
                    " until somebody releases or dismisses " + (statistics.waiting == 1 ? "it." : "them."));
  if (number(Outcome::Mistaken) > 0)
    lines.push_back(wording::count(number(Outcome::Mistaken)) +
                    " turned out to be mistaken: late evidence took the violation back.");
  return lines;
}

std::vector<std::string> steps_of(const model::SignOutRow& row) {
  std::vector<std::string> lines;
  const nlohmann::json trail = nlohmann::json::parse(row.trail, nullptr, false);
  if (!trail.is_array()) return lines;
  for (const nlohmann::json& step : trail) {
    if (!step.is_object() || lines.size() == max_steps) break;
    std::string line = words_in(step, "action");
    if (const auto at = step.find("at"); at != step.end() && at->is_string())
      line += " at " + at->get<std::string>();
    const std::string answer = words_in(step, "answer");
    line += step.contains("intended_at") ? ": " + (answer.empty() ? "no answer yet" : answer) : ": not begun";
    if (step.contains("acts") && step["acts"].is_number_unsigned())
      line += ", done " + std::to_string(step["acts"].get<std::uint64_t>()) + " times after a restart";
    const std::string verdict = words_in(step, "verdict");
    if (!verdict.empty() && verdict != "none") line += ", " + verdict;
    const std::string proof = words_in(step, "proof");
    if (!proof.empty()) line += " (" + proof + ")";
    if (const std::string revert = words_in(step, "revert"); !revert.empty())
      line += "; undoing is " + revert;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string sign_out_table(const std::vector<model::SignOutRow>& rows, const Names& names) {
  std::string out =
      "<div class=\"wide\"><table>" +
      table_head({"#sign-out", "ordered", "who", "where", "why", "steps", "outcome", "#time to effect"}) +
      "<tbody>";
  std::size_t shown = 0;
  for (const model::SignOutRow& row : rows) {
    if (shown++ == max_listed) break;
    std::string steps;
    for (const std::string& step : steps_of(row)) steps += (steps.empty() ? "" : "<br>") + foreign(step);
    std::string where = foreign(row.source);
    if (row.session != 0)
      where += "<br><span class=\"note\">session " + std::to_string(row.session) + "</span>";
    const Duration effect = time_to_effect(row);
    out += "<tr id=\"sign-out-" + std::to_string(row.number) + "\">" + cell(std::to_string(row.number), "n") +
           cell(wording::time(row.ordered_at), "t") + cell(foreign(name_or_ref(row.subject, names))) +
           cell(where, "s") +
           cell(foreign(row.reason) + "<br><span class=\"note\">" + foreign(row.ordered_by) + "</span>") +
           cell(steps.empty() ? "none begun" : steps) + cell(foreign(outcome_of(row))) +
           cell(effect > Duration{0} ? base::in_words(effect) : "–", "n") + "</tr>";
  }
  out += "</tbody></table></div>";
  if (rows.size() > max_listed)
    out += "<p class=\"note\">" + wording::count(rows.size() - max_listed) +
           " more are not shown here; the JSON report has them.</p>";
  return out;
}

std::string to_html(const SignOutReport& report) {
  const SignOutStatistics statistics = statistics_of(report.rows);
  std::string facts;
  for (std::size_t i = 0; i < statistics.by_outcome.size(); ++i) {
    if (statistics.by_outcome[i] == 0) continue;
    const auto outcome = static_cast<Outcome>(i);
    const char* kind = outcome == Outcome::Proven                                       ? " class=\"good\""
                       : outcome == Outcome::StillAlive || outcome == Outcome::Unproven ? " class=\"bad\""
                                                                                        : "";
    facts += std::string("<li") + kind + "><b>" + wording::count(statistics.by_outcome[i]) + "</b><span>" +
             escaped(wording::words(model::name_of(outcome))) + "</span></li>";
  }
  std::string said;
  for (const std::string& line : findings(report)) said += "<p>" + escaped(line) + "</p>";
  const std::string period =
      (report.from == Time{} ? "from the beginning" : "from " + wording::time(report.from)) +
      (report.to == Time{} ? "" : " to " + wording::time(report.to));
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\">"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" "
         "content=\"noindex\"><title>Sign-outs</title><style>" +
         std::string(html_style) +
         "</style></head><body><main>\n<header><h1>Sign-outs</h1><p class=\"sub\">" + escaped(period) +
         " · made by Curfew " + escaped(report.version) + " at " + wording::time(report.generated_at) +
         " · all times are UTC</p><ul class=\"facts\">" + facts +
         "</ul></header>\n<section id=\"found\"><h2>What came of them</h2>" + said + "</section>\n" +
         (report.rows.empty() ? std::string{}
                              : "<section id=\"sign-outs\"><h2>Each one</h2>" +
                                    sign_out_table(report.rows, report.names) + "</section>\n") +
         "</main></body></html>\n";
}

std::string to_json(const SignOutReport& report) {
  std::string out;
  JsonWriter json(out);
  const SignOutStatistics statistics = statistics_of(report.rows);
  json.begin_object().text("version", report.version).time("generated_at", report.generated_at);
  json.time("from", report.from).time("to", report.to).begin_object("by_outcome");
  for (std::size_t i = 0; i < statistics.by_outcome.size(); ++i)
    json.number(model::name_of(static_cast<Outcome>(i)), statistics.by_outcome[i]);
  json.end().number("waiting", statistics.waiting);
  json.number("median_effect_us", statistics.median_effect.count());
  json.number("longest_effect_us", statistics.longest_effect.count());
  json.texts("findings", findings(report)).begin_array("sign_outs");
  for (const model::SignOutRow& row : report.rows) {
    const Duration effect = time_to_effect(row);
    json.begin_object();
    effect > Duration{0} ? json.number("time_to_effect_us", effect.count())
                         : json.raw("time_to_effect_us", "null");
    json.texts("steps", steps_of(row))
        .raw("sign_out", to_json(row, report.names.empty() ? nullptr : &report.names));
    json.end();
  }
  json.end().flag("cut", report.cut).end();
  return out + "\n";
}

}  // namespace curfew::report
