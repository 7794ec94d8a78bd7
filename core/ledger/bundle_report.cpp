// A bundle's report against its records: that it cites these and no others, that what it says of them is what
// they say, and the figures that can be counted again.
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/ledger/bundle_parts.hpp"

namespace curfew::ledger {
namespace {

using Kind = BundleProblemKind;
using simdjson::dom::element;
constexpr const char* member = "report.json";

std::string_view text_in(const element& object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}
std::optional<std::uint64_t> number_in(const element& object, std::string_view key) {
  std::uint64_t number = 0;
  if (object[key].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}
simdjson::dom::array list_in(const element& object, std::string_view key) {
  simdjson::dom::array list;
  if (object[key].get(list) != simdjson::SUCCESS)
    throw Error(ErrorKind::Input, "it has no list '" + std::string(key) + "'");
  return list;
}
element object_in(const element& object, std::string_view key) {
  element found;
  if (object[key].get(found) != simdjson::SUCCESS || !found.is_object())
    throw Error(ErrorKind::Input, "it has no object '" + std::string(key) + "'");
  return found;
}

class ReportCheck {
 public:
  ReportCheck(const std::vector<StreamPart>& streams, BundleVerdict& verdict)
      : streams_(streams), verdict_(verdict) {}

  void check(const element& report) {
    read_period(report);
    compare_streams(object_in(report, "ledger"));
    for (const element& control : list_in(report, "controls")) read_control(control);
    for (const element& loss : list_in(report, "losses"))
      cite(loss, "a loss of records", &ReportCheck::compare_loss);
    for (const element& version : list_in(report, "policy_versions"))
      cite(version, "a version of the policies", &ReportCheck::compare_version);
    compare_records();
    count_again(object_in(report, "pictures"));
    say_limits();
  }

 private:
  using Compare = void (ReportCheck::*)(const BundleRecord&, const element&, const std::string&);

  void tell(std::optional<std::uint64_t> sequence, const std::string& text) {
    verdict_.problems.add(Kind::Report, member, sequence, text);
  }

  void read_period(const element& report) {
    const element head = object_in(report, "report");
    const element period = object_in(head, "period");
    verdict_.from = text_in(period, "from");
    verdict_.to = text_in(period, "to");
    if (!base::parse_rfc3339(verdict_.from) || !base::parse_rfc3339(verdict_.to))
      throw Error(ErrorKind::Input, "its period is not between two times");
    const element scope = object_in(head, "scope");
    for (const char* part : {"sources", "applications", "account_types"}) {
      if (list_in(scope, part).size() > 0) whole_ = false;
    }
  }

  void compare_streams(const element& ledger) {
    const simdjson::dom::array stated = list_in(ledger, "streams");
    if (stated.size() != streams_.size())
      tell({}, "it rests on " + std::to_string(stated.size()) + " streams, the bundle has " +
                   std::to_string(streams_.size()));
    for (const element& stream : stated) {
      const std::string_view origin = text_in(stream, "origin");
      const auto part = std::find_if(streams_.begin(), streams_.end(),
                                     [&](const StreamPart& one) { return one.said.origin == origin; });
      if (part == streams_.end())
        tell({}, "it rests on the stream " + std::string(origin) + ", which is not in the bundle");
      else if (text_in(stream, "checkpoint") != part->note || number_in(stream, "size") != part->said.size)
        tell({}, "it rests on another checkpoint of " + std::string(origin) + " than the bundle has");
      else if (std::int64_t number = 0;
               stream["number"].get(number) != simdjson::SUCCESS || number != part->said.number)
        tell({}, "it gives " + std::string(origin) + " another number than bundle.json, " +
                     std::to_string(part->said.number));
    }
  }

  void read_control(const element& control) {
    std::uint64_t listed = 0;
    const std::string name =
        std::string(text_in(control, "framework")) + ":" + std::string(text_in(control, "control"));
    for (const element& exception : list_in(control, "exceptions")) {
      ++listed;
      cite(exception, "an exception of " + name, &ReportCheck::compare_exception);
    }
    const std::uint64_t total = number_in(control, "exceptions_total").value_or(0);
    if (total > listed) unlisted_ += total - listed;
  }

  void cite(const element& object, const std::string& what, Compare compare) {
    element entry;
    if (object["entry"].get(entry) != simdjson::SUCCESS || entry.is_null()) {
      ++without_place_;
      return;
    }
    const auto stream = number_in(entry, "stream");
    const auto index = number_in(entry, "index");
    if (!stream || !index) return tell({}, what + " names no place in the ledger");
    const auto part = std::find_if(streams_.begin(), streams_.end(), [&](const StreamPart& one) {
      return static_cast<std::uint64_t>(one.said.number) == *stream;
    });
    const BundleRecord* record = part == streams_.end() ? nullptr : part->record(*index);
    if (record == nullptr)
      return tell(*index, what + " cites an entry of stream " + std::to_string(*stream) +
                              " that the bundle doesn't have");
    cited_.insert({part->said.number, *index});
    (this->*compare)(*record, object, what);
  }

  void compare_exception(const BundleRecord& record, const element& exception, const std::string& what) {
    if (record.fields.kind == "violation_opened") {
      simdjson::dom::parser parser;
      element facts;
      if (parser.parse(record.fields.facts.data(), record.fields.facts.size()).get(facts) !=
              simdjson::SUCCESS ||
          number_in(facts, "violation") != number_in(exception, "violation"))
        tell(record.sequence, what + " cites the opening of another violation");
    }
    compare_source(record, exception, what);
  }

  void compare_loss(const BundleRecord& record, const element& loss, const std::string& what) {
    if (record.fields.kind != "observation" && record.fields.kind != "alert" &&
        record.fields.kind != "source_changed")
      tell(record.sequence, what + " cites an entry of the kind " + std::string(record.fields.kind));
    compare_source(record, loss, what);
  }

  void compare_version(const BundleRecord& record, const element& /*version*/, const std::string& what) {
    if (record.fields.kind != "configuration")
      tell(record.sequence, what + " cites an entry of the kind " + std::string(record.fields.kind));
  }

  void compare_source(const BundleRecord& record, const element& stated, const std::string& what) {
    const std::string_view source = text_in(stated, "source");
    if (!source.empty() && !record.fields.source.empty() && source != record.fields.source)
      tell(record.sequence, what + " is about the source " + std::string(source) +
                                ", the record it cites about " + std::string(record.fields.source));
  }

  // Cited ones, each stream's first, erasures of what is here, and what bundle.json says is there without a
  // hole: nothing is missing, and nothing is more.
  void compare_records() {
    verdict_.cited = cited_.size();
    for (const StreamPart& part : streams_) {
      const std::string leaves = bundle_folder(part.said.number) + "leaves";
      std::uint64_t in_run = 0;
      for (const BundleRecord& record : part.records) {
        const bool in =
            part.said.has_run && record.sequence >= part.said.first && record.sequence <= part.said.last;
        in_run += in ? 1 : 0;
        if (in || record.sequence == 0 || cited_.contains({part.said.number, record.sequence}) ||
            erases(record))
          continue;
        verdict_.problems.add(
            Kind::Report, leaves, record.sequence,
            "the report doesn't cite it, and it is not among the entries that bundle.json states");
      }
      if (part.said.has_run && in_run != part.said.last - part.said.first + 1)
        verdict_.problems.add(Kind::Record, leaves, {},
                              "of the entries " + std::to_string(part.said.first) + " to " +
                                  std::to_string(part.said.last) + " only " + std::to_string(in_run) +
                                  " are there");
      if (!part.said.has_run || part.said.first != 0 || part.said.last + 1 != part.said.size) whole_ = false;
    }
  }

  bool erases(const BundleRecord& record) const {
    if (record.fields.kind != "erasure") return false;
    try {
      for (const Coverage& one : parse_erasure(record.fields.facts)) {
        for (const StreamPart& part : streams_) {
          if (part.said.origin != one.origin) continue;
          for (const auto& [first, last] : one.ranges) {
            const auto at =
                std::lower_bound(part.records.begin(), part.records.end(), first,
                                 [](const BundleRecord& a, std::uint64_t b) { return a.sequence < b; });
            if (at != part.records.end() && at->sequence <= last) return true;
          }
        }
      }
    } catch (const Error&) {
      return true;  // told where erasures are read
    }
    return false;
  }

  // Violations that stand, by policy: counted again where every entry is in the bundle and all are in
  // question.
  void count_again(const element& pictures) {
    const auto from = base::parse_rfc3339(verdict_.from);
    const auto to = base::parse_rfc3339(verdict_.to);
    if (!whole_ || !from || !to) return;
    std::map<std::uint64_t, std::string> standing;
    simdjson::dom::parser parser;
    for (const bool withdrawn : {false, true}) {
      for (const StreamPart& part : streams_) {
        for (const BundleRecord& record : part.records) {
          if (record.fields.kind != (withdrawn ? "violation_withdrawn" : "violation_opened")) continue;
          element facts;
          if (parser.parse(record.fields.facts.data(), record.fields.facts.size()).get(facts) !=
              simdjson::SUCCESS)
            return;
          const std::uint64_t number = number_in(facts, "violation").value_or(0);
          const Time at = base::from_micros(record.fields.occurred_at);
          if (!withdrawn && (at < *from || at >= *to)) return;  // not all of them are in question
          if (withdrawn)
            standing.erase(number);
          else
            standing[number] = text_in(facts, "policy");
        }
      }
    }
    std::map<std::string, std::uint64_t> counted;
    for (const auto& [number, policy] : standing) ++counted[policy];
    std::map<std::string, std::uint64_t> stated;
    simdjson::dom::object by_policy;
    if (object_in(pictures, "violations_by_policy").get(by_policy) != simdjson::SUCCESS) return;
    for (const auto field : by_policy) {
      std::uint64_t number = 0;
      if (field.value.get(number) != simdjson::SUCCESS)
        throw Error(ErrorKind::Input, "a count of violations is no number");
      if (number > 0) stated[std::string(field.key)] = number;
    }
    for (const auto& [policy, number] : counted) stated.try_emplace(policy, 0);
    for (const auto& [policy, number] : stated) {
      const auto found = counted.find(policy);
      const std::uint64_t own = found == counted.end() ? 0 : found->second;
      ++verdict_.compared_figures;
      if (own != number)
        tell({}, "it counts " + std::to_string(number) + " violations of the policy '" + policy +
                     "', the records have " + std::to_string(own));
    }
    counted_ = true;
  }

  void say_limits() {
    auto& out = verdict_.not_excluded;
    for (const StreamPart& part : streams_) {
      if (!part.said.has_run)
        out.push_back(part.said.origin +
                      ": only cited records are in the bundle, so that there are more exceptions among the "
                      "others would "
                      "not show");
      else if (part.said.first != 0 || part.said.last + 1 != part.said.size)
        out.push_back(part.said.origin + ": that entries before " + std::to_string(part.said.first) +
                      " or behind " + std::to_string(part.said.last) +
                      " belong to the period would not show");
    }
    if (unlisted_ > 0)
      out.push_back(std::to_string(unlisted_) + " exceptions are counted by the report and not listed");
    if (without_place_ > 0)
      out.push_back(std::to_string(without_place_) + " findings of the report name no place in the ledger");
    out.push_back(
        counted_
            ? "the report's counts besides the violations by policy are its maker's word: `curfew report` "
              "on the ledger makes them again"
            : "the report's counts are its maker's word: `curfew report` on the ledger makes them again");
    out.emplace_back("that the other renderings say the same as report.json is shown by the seal alone");
    if (verdict_.erased_values > 0)
      out.push_back("what " + std::to_string(verdict_.erased_values) +
                    " erased values said is gone for good");
  }

  const std::vector<StreamPart>& streams_;
  BundleVerdict& verdict_;
  std::set<std::pair<std::int64_t, std::uint64_t>> cited_;
  std::uint64_t unlisted_ = 0;
  std::uint64_t without_place_ = 0;
  bool whole_ = true;  // every entry is there, and the report leaves none out
  bool counted_ = false;
};

}  // namespace

void check_report(std::string_view report, const std::vector<StreamPart>& streams, BundleVerdict& verdict) {
  simdjson::dom::parser parser;
  element root;
  try {
    if (parser.parse(report.data(), report.size()).get(root) != simdjson::SUCCESS || !root.is_object())
      throw Error(ErrorKind::Input, "it is no JSON object");
    ReportCheck(streams, verdict).check(root);
  } catch (const Error& error) {
    verdict.problems.add(Kind::Report, member, {}, error.what());
  }
}

}  // namespace curfew::ledger
