#include "core/ledger/erasure.hpp"

#include <simdjson.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::ledger {
namespace {

// Far below a leaf's limit: a range takes at most 43 bytes.
constexpr std::size_t most_ranges = 1000;

[[noreturn]] void broken(const char* what) {
  throw Error(ErrorKind::Corrupt, std::string("ledger: an erasure entry: ") + what);
}

model::Entry entry_of(const std::string& origin, std::span<const SequenceRange> ranges, Time now) {
  model::Entry entry;
  entry.kind = model::EntryKind::Erasure;
  entry.engine_time = now;
  entry.occurred_at = now;
  entry.facts = "{\"covers\":[{\"stream\":";
  base::append_json_string(entry.facts, origin);
  entry.facts += ",\"ranges\":[";
  for (const auto& [first, last] : ranges) {
    if (entry.facts.back() != '[') entry.facts += ',';
    entry.facts += '[' + std::to_string(first) + ',' + std::to_string(last) + ']';
  }
  entry.facts += "]}]}";
  return entry;
}

}  // namespace

std::vector<model::Entry> erasure_entries(const std::vector<Coverage>& covered, Time now) {
  std::vector<model::Entry> entries;
  for (const Coverage& coverage : covered) {
    std::span<const SequenceRange> rest(coverage.ranges);
    while (!rest.empty()) {
      const auto part = rest.first(std::min(rest.size(), most_ranges));
      entries.push_back(entry_of(coverage.origin, part, now));
      rest = rest.subspan(part.size());
    }
  }
  return entries;
}

std::vector<Coverage> parse_erasure(std::string_view facts) {
  simdjson::dom::parser parser;
  simdjson::dom::array covers;
  if (parser.parse(facts.data(), facts.size())["covers"].get(covers) != simdjson::SUCCESS)
    broken("it has no list \"covers\"");
  std::vector<Coverage> out;
  for (const auto item : covers) {
    Coverage& coverage = out.emplace_back();
    std::string_view origin;
    simdjson::dom::array ranges;
    if (item["stream"].get(origin) != simdjson::SUCCESS || item["ranges"].get(ranges) != simdjson::SUCCESS)
      broken("a covered stream has no name or no ranges");
    coverage.origin = origin;
    for (const auto pair : ranges) {
      SequenceRange range;
      if (pair.at(0).get(range.first) != simdjson::SUCCESS ||
          pair.at(1).get(range.second) != simdjson::SUCCESS || range.first > range.second)
        broken("a range is not [first,last]");
      coverage.ranges.push_back(range);
    }
  }
  return out;
}

}  // namespace curfew::ledger
