// Limits on sessions at once against reality: the picture, the table, and the same as JSON.
#include "core/base/duration_words.hpp"
#include "core/report/compliance_sections.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using wording::count;

constexpr std::size_t most_shown = 20;

std::string of_what(const ConcurrencyLimit& limit) {
  switch (limit.per) {
    case model::Per::Device:
      return "devices";
    case model::Per::Application:
      return "people in an application";
    case model::Per::Source:
      return "people at a source";
    case model::Per::Subject:
      break;
  }
  return "people";
}

BarChart picture_of(const ConcurrencyLimit& limit) {
  BarChart chart;
  for (std::size_t i = 0; i < limit.by_most.size(); ++i) {
    const bool last = i + 1 == limit.by_most.size();
    // Hatched: all of the bar is above the limit.
    const bool past = !limit.policy.empty() && i + 1 > limit.limit;
    chart.bars.push_back(
        {std::to_string(i + 1) + (last ? " or more" : "") + (past ? ", above the limit" : ""),
         limit.by_most[i], past});
  }
  while (chart.bars.size() > 1 && chart.bars.back().value == 0) chart.bars.pop_back();
  chart.what =
      "Limits against reality: " + of_what(limit) + " by the most sessions that they had at once" +
      (limit.policy.empty() ? std::string(" (no policy limits them)")
                            : " (policy " + limit.policy + " allows " + std::to_string(limit.limit) + ")");
  return chart;
}

Table::Cell cell(std::string text) { return {{plain(std::move(text))}, {}}; }

Table peaks_of(const ComplianceReport& report, const ConcurrencyLimit& limit) {
  Table table;
  table.caption = "Above the limit of " + limit.policy + " for the longest: " + count(limit.over) + " of " +
                  count(limit.counted) + " were, for " + base::in_words(limit.above) + " in all";
  table.columns = {{"who"}, {"in"}, {"at most", true}, {"first at", false, true}, {"above it for", true}};
  table.first_is_header = true;
  table.is_tight = true;
  for (const ConcurrencyPeak& peak : report.concurrency.peaks) {
    if (peak.policy != limit.policy || table.rows.size() == most_shown) continue;
    table.rows.push_back({{{who(report, peak.device ? peak.device : peak.subject)}, {}},
                          {{foreign_span(peak.at_what)}, {}},
                          cell(std::to_string(peak.most)),
                          cell(wording::time(peak.at)),
                          cell(base::in_words(peak.above))});
  }
  return table;
}

Paragraph note(std::string text) { return {{plain(std::move(text))}, Paragraph::Tone::Note}; }

}  // namespace

std::vector<Block> concurrency_blocks(const ComplianceReport& report) {
  std::vector<Block> out;
  for (const ConcurrencyLimit& limit : report.concurrency.limits) {
    if (limit.counted == 0) continue;
    out.emplace_back(picture_of(limit));
    Table peaks = peaks_of(report, limit);
    if (!peaks.rows.empty()) out.emplace_back(std::move(peaks));
  }
  if (out.empty())
    return {
        Paragraph{{plain("No session is known that could be laid beside others.")}, Paragraph::Tone::None}};
  out.emplace_back(
      note("A session whose end is not certain counts up to its last sign of life. Sessions that one "
           "sign-in made count each here; a policy counts them once, so it may have fewer."));
  if (report.concurrency.cut)
    out.emplace_back(note("There were more sessions than are laid together: take a shorter period."));
  return out;
}

void write_concurrency(JsonWriter& json, const ComplianceReport& report) {
  json.begin_object("concurrency").flag("cut", report.concurrency.cut).begin_array("limits");
  for (const ConcurrencyLimit& limit : report.concurrency.limits) {
    json.begin_object().text_or_null("policy", limit.policy).text("per", model::name_of(limit.per));
    limit.policy.empty() ? json.raw("limit", "null") : json.number("limit", limit.limit);
    json.number("counted", limit.counted).number("over", limit.over).number("most", limit.most);
    json.number("above_seconds", limit.above / std::chrono::seconds(1)).begin_array("by_most");
    for (const std::uint64_t number : limit.by_most) json.number({}, number);
    json.end().end();
  }
  json.end().begin_array("peaks");
  for (const ConcurrencyPeak& peak : report.concurrency.peaks)
    json.begin_object()
        .text("policy", peak.policy)
        .text_or_null("subject", model::to_text(peak.subject))
        .text_or_null("device", model::to_text(peak.device))
        .text_or_null("in", peak.at_what)
        .number("most", peak.most)
        .time("at", peak.at)
        .number("above_seconds", peak.above / std::chrono::seconds(1))
        .end();
  json.end().end();
}

}  // namespace curfew::report
