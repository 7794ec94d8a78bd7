// Personal values in a bundle: each is what its record committed to; one that is missing was erased.
#include <simdjson.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/ledger/bundle_parts.hpp"

namespace curfew::ledger {
namespace {

using Kind = BundleProblemKind;

struct Stated {
  std::uint64_t sequence = 0;
  std::string salt;
  std::string_view value;  // of the parser's document
};

Stated read_line(simdjson::dom::parser& parser, std::string_view line) {
  simdjson::dom::element row;
  std::string_view salt;
  Stated out;
  if (parser.parse(line.data(), line.size()).get(row) != simdjson::SUCCESS ||
      row["sequence"].get(out.sequence) != simdjson::SUCCESS || row["salt"].get(salt) != simdjson::SUCCESS ||
      row["value"].get(out.value) != simdjson::SUCCESS || !salt.starts_with("\\x"))
    throw Error(ErrorKind::Input,
                "a line is not {\"stream\":…,\"sequence\":…,\"salt\":\"\\\\x…\",\"value\":…}");
  const auto bytes = base::from_hex(salt.substr(2));
  if (!bytes || bytes->size() != salt_bytes) throw Error(ErrorKind::Input, "a salt has not 16 bytes");
  out.salt = *bytes;
  return out;
}

class PersonalCheck {
 public:
  PersonalCheck(const StreamPart& part, const BundleCoverage& coverage, BundleVerdict& verdict)
      : part_(part),
        coverage_(coverage),
        verdict_(verdict),
        member_(bundle_folder(part.said.number) + "personal.ndjson") {}

  void read(std::string_view text) {
    simdjson::dom::parser parser;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      try {
        take(read_line(parser, line));
      } catch (const Error& error) {
        return tell(last_, error.what());
      }
    }
  }

  void finish() {
    auto next = seen_.begin();
    for (const BundleRecord& record : part_.records) {
      if (record.fields.commitment.empty()) continue;
      while (next != seen_.end() && *next < record.sequence) ++next;
      const bool there = next != seen_.end() && *next == record.sequence;
      const bool covered = is_covered(coverage_, part_.said.origin, record.sequence);
      if (covered && there) tell(record.sequence, "an erasure entry covers a value that is still there");
      if (covered && !there) ++verdict_.erased_values;
      if (!covered && !there && verdict_.names)
        tell(record.sequence, "its value is missing, and no erasure entry in the bundle covers it");
    }
  }

 private:
  void tell(std::optional<std::uint64_t> sequence, const std::string& text) {
    verdict_.problems.add(Kind::Personal, member_, sequence, text);
  }

  void take(const Stated& stated) {
    if (last_ && stated.sequence <= *last_) throw Error(ErrorKind::Input, "its lines are out of order");
    last_ = stated.sequence;
    seen_.push_back(stated.sequence);
    const BundleRecord* record = part_.record(stated.sequence);
    if (record == nullptr || record->fields.commitment.empty())
      return tell(stated.sequence, "no record of the bundle committed to it");
    if (base::as_text(commitment_of(stated.salt, stated.value)) != record->fields.commitment)
      return tell(stated.sequence, "it is not what the record committed to");
    ++verdict_.personal_values;
  }

  const StreamPart& part_;
  const BundleCoverage& coverage_;
  BundleVerdict& verdict_;
  std::string member_;
  std::optional<std::uint64_t> last_;
  std::vector<std::uint64_t> seen_;
};

}  // namespace

BundleCoverage coverage_in(const std::vector<StreamPart>& streams, BundleProblems& problems) {
  BundleCoverage covered;
  for (const StreamPart& part : streams) {
    for (const BundleRecord& record : part.records) {
      if (record.fields.kind != "erasure") continue;
      try {
        for (Coverage& one : parse_erasure(record.fields.facts)) {
          const auto of = parse_origin(one.origin);
          if (!of || of->realm != part.id.realm) throw Error(ErrorKind::Corrupt, "it covers another realm");
          for (const SequenceRange& range : one.ranges) {
            if (one.origin == part.said.origin && range.second >= record.sequence)
              throw Error(ErrorKind::Corrupt, "it covers entries after itself");
          }
          auto& ranges = covered[one.origin];
          ranges.insert(ranges.end(), one.ranges.begin(), one.ranges.end());
        }
      } catch (const Error& error) {
        problems.add(Kind::Record, bundle_folder(part.said.number) + "leaves", record.sequence, error.what());
      }
    }
  }
  // Ascending and apart, so that one place is found by halving.
  for (auto& [origin, ranges] : covered) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<SequenceRange> merged;
    for (const SequenceRange& range : ranges) {
      if (!merged.empty() && range.first <= merged.back().second)
        merged.back().second = std::max(merged.back().second, range.second);
      else
        merged.push_back(range);
    }
    ranges = std::move(merged);
  }
  return covered;
}

bool is_covered(const BundleCoverage& coverage, const std::string& origin, std::uint64_t sequence) {
  const auto of = coverage.find(origin);
  if (of == coverage.end()) return false;
  const auto behind =
      std::upper_bound(of->second.begin(), of->second.end(), sequence,
                       [](std::uint64_t wanted, const SequenceRange& range) { return wanted < range.first; });
  return behind != of->second.begin() && sequence <= std::prev(behind)->second;
}

void check_personal(const std::vector<StreamPart>& streams, const BundleMembers& members,
                    const BundleCoverage& coverage, BundleVerdict& verdict) {
  for (const StreamPart& part : streams) {
    const std::string member = bundle_folder(part.said.number) + "personal.ndjson";
    PersonalCheck check(part, coverage, verdict);
    if (const auto found = members.find(member); found != members.end()) {
      if (!verdict.names)
        verdict.problems.add(Kind::Personal, member, {}, "bundle.json says that there are no names");
      check.read(found->second);
    }
    check.finish();
  }
}

}  // namespace curfew::ledger
