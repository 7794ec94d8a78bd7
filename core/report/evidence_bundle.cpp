#include "core/report/evidence_bundle.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/error.hpp"
#include "core/ledger/erasure.hpp"
#include "core/ledger/leaf.hpp"
#include "core/report/bundle_readme.hpp"
#include "core/report/citations.hpp"
#include "core/report/compliance_formats.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::report {
namespace {

using ledger::SequenceRange;

// One stream's part: which records, then its members.
struct Part {
  const StreamState* state = nullptr;
  ledger::StreamId id;
  std::set<std::uint64_t> singles;   // cited, the opening, erasures
  std::optional<SequenceRange> run;  // both inside
  ledger::Tree tree;
  std::vector<std::uint64_t> sequences;  // what was written
  std::vector<std::uint64_t> committed;  // of these: with personal values
  std::string leaves;

  [[nodiscard]] bool holds(std::uint64_t sequence) const {
    return singles.contains(sequence) || (run && sequence >= run->first && sequence <= run->second);
  }
  [[nodiscard]] bool meets(const SequenceRange& range) const {
    if (run && range.first <= run->second && range.second >= run->first) return true;
    const auto single = singles.lower_bound(range.first);
    return single != singles.end() && *single <= range.second;
  }
};

class Maker {
 public:
  Maker(store::Store& store, const BundleRequest& request) : store_(store), request_(request) {}

  std::string make() {
    begin();
    progress("looking up the records of the period");
    if (request_.records != BundleRecords::Cited) find_runs();
    find_erasures();
    progress("reading records and proofs");
    for (Part& part : parts_) read_records(part);
    std::vector<ledger::BundleMember> members = renderings();
    for (Part& part : parts_) add_stream(part, members);
    std::size_t bytes = 0;
    for (const ledger::BundleMember& member : members)
      bytes += member.content.size() + 2 * ledger::archive_block;
    if (bytes > ledger::largest_bundle - (4U << 20U) || members.size() > ledger::most_members / 2)
      throw Error(ErrorKind::Input,
                  "the bundle would be larger than a bundle may be (" +
                      std::to_string(ledger::largest_bundle >> 20U) +
                      " MiB): take a shorter period, or only the records that the report cites");
    std::string bundle = ledger::seal_bundle(members, request_.key);
    progress("verifying the bundle");
    check(bundle);
    return bundle;
  }

 private:
  void progress(const std::string& text) const {
    if (request_.progress) request_.progress(text);
  }

  void begin() {
    for (const StreamState& state : request_.report.streams) {
      const auto id = ledger::parse_origin(state.origin);
      if (!id)
        throw Error(ErrorKind::Corrupt, "'" + state.origin + "' is no stream's name: run `curfew verify`");
      Part& part = parts_.emplace_back();
      part.state = &state;
      part.id = *id;
      part.singles.insert(0);
    }
    for (const Place& place : cited_in(request_.report)) {
      const auto part = std::find_if(parts_.begin(), parts_.end(),
                                     [&](const Part& one) { return one.state->number == place.stream; });
      if (part == parts_.end() || place.sequence >= part->state->size)
        throw Error(ErrorKind::Unavailable, "the report cites what was added while it was made: try again");
      part->singles.insert(place.sequence);
    }
  }

  // The first entry of the stream whose engine time, which never decreases, is not before `at`.
  std::uint64_t first_at(const Part& part, Time at) {
    std::uint64_t low = 0;
    std::uint64_t high = part.state->size;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      bool before = false;
      store_.read_entries(part.state->number, middle, middle + 1, [&](ledger::SealedEntry&& row) {
        before = row.entry.engine_time < at;
        return true;
      });
      (before ? low : high) = before ? middle + 1 : middle;
    }
    return low;
  }

  // From the first entry of the period to its last, by engine time and by when things happened.
  std::optional<SequenceRange> run_of(const Part& part) {
    const ComplianceFacts& facts = request_.report.facts;
    const std::uint64_t size = part.state->size;
    if (facts.period.from <= facts.recorded_from && facts.period.to > facts.recorded_until)
      return SequenceRange{0, size - 1};
    std::uint64_t first = first_at(part, facts.period.from);
    std::uint64_t end = first_at(part, facts.period.to);
    store::EntryFilter happened;
    happened.from = facts.period.from;
    happened.to = facts.period.to;
    store_.read_entries(part.state->number, 0, size, happened, [&](ledger::SealedEntry&& row) {
      first = std::min(first, row.sequence);
      end = std::max(end, row.sequence + 1);
      return true;
    });
    if (first >= end) return std::nullopt;
    return SequenceRange{first, end - 1};
  }

  void find_runs() {
    std::vector<std::optional<SequenceRange>> runs;
    std::size_t bytes = 0;
    for (const Part& part : parts_) {
      runs.push_back(run_of(part));
      if (!runs.back()) continue;
      store_.read_entries(part.state->number, runs.back()->first, runs.back()->second + 1,
                          [&](ledger::SealedEntry&& row) {
                            bytes += 2 + ledger::leaf_size(part.id, row.entry) + ledger::commitment_bytes;
                            return bytes <= ledger::largest_bundle;
                          });
      if (bytes > most_run_bytes && request_.records == BundleRecords::Fitting) return;
      if (bytes > ledger::largest_bundle)
        throw Error(
            ErrorKind::Input,
            "the records of this period don't fit a bundle: take a shorter one, or only the records that the "
            "report cites");
    }
    for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].run = runs[i];
  }

  // An erasure is added by what it covers here; it may itself be covered by another.
  void find_erasures() {
    struct Erasure {
      Part* part = nullptr;
      std::uint64_t sequence = 0;
      std::vector<ledger::Coverage> covers;
    };
    std::vector<Erasure> found;
    store::EntryFilter filter;
    filter.kinds = {model::EntryKind::Erasure};
    for (Part& part : parts_) {
      store_.read_entries(part.state->number, 0, part.state->size, filter, [&](ledger::SealedEntry&& row) {
        found.push_back({&part, row.sequence, ledger::parse_erasure(row.entry.facts)});
        return true;
      });
    }
    for (bool more = true; more;) {
      more = false;
      for (const Erasure& erasure : found) {
        if (erasure.part->holds(erasure.sequence) || !concerns(erasure.covers)) continue;
        erasure.part->singles.insert(erasure.sequence);
        more = true;
      }
    }
  }

  bool concerns(const std::vector<ledger::Coverage>& covers) const {
    return std::any_of(covers.begin(), covers.end(), [&](const ledger::Coverage& one) {
      const auto part = std::find_if(parts_.begin(), parts_.end(),
                                     [&](const Part& p) { return p.state->origin == one.origin; });
      return part != parts_.end() &&
             std::any_of(one.ranges.begin(), one.ranges.end(),
                         [&](const SequenceRange& range) { return part->meets(range); });
    });
  }

  void read_range(Part& part, std::uint64_t first, std::uint64_t last) {
    store_.read_entries(part.state->number, first, last + 1, [&](ledger::SealedEntry&& row) {
      ledger::append_to_bundle(part.leaves, ledger::leaf_bytes(row, part.id));
      part.sequences.push_back(row.sequence);
      if (!row.commitment.empty()) part.committed.push_back(row.sequence);
      if (part.leaves.size() > ledger::largest_bundle)
        throw Error(ErrorKind::Input, "the records don't fit a bundle: take a shorter period");
      return true;
    });
  }

  void read_records(Part& part) {
    std::vector<SequenceRange> ranges;
    bool run_waits = part.run.has_value();
    const auto add = [&](const SequenceRange& range) {
      if (!ranges.empty() && range.first <= ranges.back().second + 1)
        ranges.back().second = std::max(ranges.back().second, range.second);
      else
        ranges.push_back(range);
    };
    for (const std::uint64_t single : part.singles) {
      if (run_waits && single >= part.run->first) {
        add(*part.run);
        run_waits = false;
      }
      add({single, single});
    }
    if (run_waits) add(*part.run);
    for (const SequenceRange& range : ranges) read_range(part, range.first, range.second);
  }

  [[nodiscard]] ledger::TileReader stored_tiles(const Part& part) {
    return [this, number = part.state->number](std::uint32_t level, std::uint64_t index, std::uint32_t) {
      return store_.tile(number, level, index);
    };
  }

  void restore_tree(Part& part) {
    std::vector<Digest32> edge;
    ledger::LeafEncoder encoder(part.id);
    std::array<char, 8> subject{};
    const std::uint64_t size = part.state->size;
    store_.read_entries(part.state->number, size - size % ledger::tile_width, size,
                        [&](ledger::SealedEntry&& row) {
                          edge.push_back(encoder.hash(ledger::fields_of(row, subject)));
                          return true;
                        });
    part.tree = ledger::Tree::restore(size, edge, stored_tiles(part));
  }

  void add_stream(Part& part, std::vector<ledger::BundleMember>& members) {
    const std::string folder = ledger::bundle_folder(part.state->number);
    restore_tree(part);
    const ledger::TileReader tiles = ledger::tiles_of(part.tree, stored_tiles(part));
    members.push_back({folder + "key", part.state->verifier_key + '\n'});
    members.push_back({folder + "checkpoint", part.state->checkpoint});
    for (const EarlierHead& earlier : request_.earlier) {
      if (earlier.origin != part.state->origin || earlier.size == 0 || earlier.size >= part.state->size)
        continue;
      members.push_back({folder + "consistency",
                         ledger::format_consistency(
                             earlier.size, ledger::consistency_proof(earlier.size, part.state->size, tiles),
                             part.state->checkpoint)});
      break;
    }
    members.push_back({folder + "leaves", std::move(part.leaves)});
    if (request_.personal) members.push_back({folder + "personal.ndjson", personal_of(part)});
    for (const ledger::TilePlace& place : ledger::tiles_for(part.state->size, part.sequences)) {
      auto bytes = tiles(place.level, place.index, place.width);
      if (!bytes)
        throw Error(ErrorKind::Corrupt,
                    "ledger: " + ledger::tile_path(place.level, place.index, place.width) +
                        " is missing: run `curfew verify`");
      members.push_back(
          {folder + ledger::tile_path(place.level, place.index, place.width), std::move(*bytes)});
    }
  }

  std::string personal_of(const Part& part) {
    std::string text;
    request_.personal(part.state->number, part.committed, [&](store::PersonalRow&& row) {
      JsonWriter json(text);
      json.begin_object().number("stream", part.state->number).number("sequence", row.sequence);
      json.text("salt", "\\x" + base::to_hex({reinterpret_cast<const std::uint8_t*>(row.salt.data()),
                                              row.salt.size()}));
      json.text("value", row.value).end();
      text += '\n';
    });
    return text;
  }

  std::vector<ledger::BundleMember> renderings() const {
    std::vector<ledger::BundleMember> members;
    members.push_back({"README", bundle_readme(request_.report, request_.key, request_.personal != nullptr)});
    members.push_back({"bundle.json", contents()});
    for (const ComplianceFormat& format : compliance_formats())
      members.push_back({"report." + std::string(format.ending.substr(1)), render(request_.report, format)});
    return members;
  }

  std::string contents() const {
    std::string text;
    JsonWriter json(text);
    json.begin_object().number("format", 1).text("version", request_.report.version);
    json.time("made_at", request_.report.facts.generated_at)
        .flag("names", request_.personal != nullptr)
        .begin_array("streams");
    for (const Part& part : parts_) {
      json.begin_object().number("number", part.state->number).text("origin", part.state->origin);
      json.number("size", part.state->size).number("records", part.sequences.size());
      if (part.run)
        json.number("first", part.run->first).number("last", part.run->second);
      else
        json.raw("first", "null").raw("last", "null");
      json.end();
    }
    json.end().end();
    return text + '\n';
  }

  // What would not verify is not given out.
  void check(const std::string& bundle) const {
    ledger::BundleOptions options;
    for (const Part& part : parts_)
      options.keys.push_back(ledger::VerifierKey::parse(part.state->verifier_key));
    const ledger::BundleVerdict verdict = ledger::verify_bundle(bundle, options);
    if (verdict.intact()) return;
    const ledger::BundleProblem& problem = verdict.problems.listed.front();
    if (problem.kind == ledger::BundleProblemKind::Report)
      throw Error(ErrorKind::Unavailable,
                  "the ledger grew while the report was made (" + ledger::describe(problem) + "): try again");
    throw Error(ErrorKind::Corrupt, "the bundle would not verify (" + ledger::describe(problem) +
                                        "): run `curfew verify` on the ledger");
  }

  store::Store& store_;
  const BundleRequest& request_;
  std::vector<Part> parts_;
};

}  // namespace

std::vector<EarlierHead> earlier_heads(const ComplianceReport& report,
                                       const std::vector<std::string>& checkpoints) {
  std::map<std::string, EarlierHead> newest;
  for (const std::string& note : checkpoints) {
    const std::string origin = ledger::parse_checkpoint(ledger::parse_note(note).text).origin;
    const auto stream = std::find_if(report.streams.begin(), report.streams.end(),
                                     [&](const StreamState& one) { return one.origin == origin; });
    if (stream == report.streams.end())
      throw Error(ErrorKind::Input,
                  "an outside checkpoint is of " + origin + ", which this ledger doesn't have");
    const ledger::VerifierKey key = ledger::VerifierKey::parse(stream->verifier_key);
    const ledger::Checkpoint kept = ledger::parse_checkpoint(ledger::open_note(note, {&key, 1}).text);
    if (kept.size >= stream->size) continue;  // of this size, or newer than the report: nothing to prove
    EarlierHead& head = newest[origin];
    if (kept.size > head.size) head = {origin, kept.size};
  }
  std::vector<EarlierHead> heads;
  for (auto& [origin, head] : newest) heads.push_back(std::move(head));
  return heads;
}

std::string make_bundle(store::Store& store, const BundleRequest& request) {
  return Maker(store, request).make();
}

}  // namespace curfew::report
