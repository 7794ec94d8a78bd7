#include "core/ledger/completeness.hpp"

#include <simdjson.h>

#include "core/base/text.hpp"
#include "core/model/entry.hpp"

namespace curfew::ledger {
namespace {

constexpr std::size_t max_sources = 10'000;
constexpr std::size_t max_reasons = 100;
// The type is the first of the facts; see docs/ledger-format.md.
constexpr std::string_view gap_start = R"({"type":"gap")";

std::string reason_of(const simdjson::dom::element& facts, std::string_view key, std::string_view otherwise) {
  std::string_view text;
  return std::string(facts[key].get(text) == simdjson::SUCCESS ? text : otherwise);
}

void count_reason(SourceGaps& source, const std::string& reason) {
  if (source.reasons.size() < max_reasons || source.reasons.contains(reason))
    ++source.reasons[reason];
  else
    ++source.reasons["other"];
}

}  // namespace

SourceGaps& CompletenessCounter::of(const LeafFields& row) {
  auto& sources = result_.sources;
  std::string name = base::to_clean_utf8(row.source);
  if (sources.size() >= max_sources && !sources.contains(name)) name = "(other sources)";
  const auto [place, added] = sources.try_emplace(std::move(name));
  if (added) place->second.first_sequence = row.sequence;
  return place->second;
}

void CompletenessCounter::count(const LeafFields& row) {
  const bool gap =
      row.kind == model::name_of(model::EntryKind::Observation) && row.facts.starts_with(gap_start);
  if (!gap && row.kind != model::name_of(model::EntryKind::SourceChanged)) return;
  simdjson::dom::parser parser;
  simdjson::dom::element facts;
  const bool readable =
      parser.parse(row.facts.data(), row.facts.size()).get(facts) == simdjson::SUCCESS && facts.is_object();
  if (gap) {
    SourceGaps& source = of(row);
    ++source.gaps;
    std::uint64_t missing = 1;
    if (!readable ||
        (facts["count"].error() == simdjson::SUCCESS && facts["count"].get(missing) != simdjson::SUCCESS))
      missing = 0;
    source.records_missing += missing;
    if (missing == 0) ++source.uncounted;
    count_reason(source, readable ? reason_of(facts, "failure", "gap") : "unreadable");
    return;
  }
  const std::string state = readable ? reason_of(facts, "state", "unknown") : "unreadable";
  if (state == "up" || state == "finished") return;
  SourceGaps& source = of(row);
  ++source.outages;
  count_reason(source, state);
}

}  // namespace curfew::ledger
