#include <algorithm>
#include <map>
#include <memory>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/ledger/csv.hpp"
#include "core/ledger/export.hpp"

namespace curfew::ledger {
namespace {

struct StreamRow {
  std::int64_t number = 0;
  StreamId id;
  std::string verifier_key;
};

std::vector<StreamRow> read_streams(const std::string& directory) {
  CsvReader rows(directory + "/stream.csv", {"number", "realm", "node", "epoch", "verifier_key"});
  std::vector<StreamRow> out;
  while (rows.next()) {
    StreamRow& row = out.emplace_back();
    row.number = rows.number(0);
    row.id.realm = rows.text(1);
    row.id.node = rows.text(2);
    const std::uint64_t epoch = rows.count(3);
    if (epoch > UINT32_MAX) rows.refuse("the epoch is out of range");
    row.id.epoch = static_cast<std::uint32_t>(epoch);
    try {
      check_stream_id(row.id);
    } catch (const Error& error) {
      rows.refuse(error.what());
    }
    row.verifier_key = rows.text(4);
  }
  std::sort(out.begin(), out.end(),
            [](const StreamRow& a, const StreamRow& b) { return a.number < b.number; });
  return out;
}

// What the opening entries say, by the streams' numbers. Wrong ones are told when their stream is verified.
std::map<std::int64_t, Opening> read_openings(const std::string& directory) {
  CsvReader rows(directory + "/entry.csv", {"stream", "sequence", "kind", "facts"});
  std::map<std::int64_t, Opening> out;
  while (rows.next()) {
    if (rows.text(2) != model::name_of(model::EntryKind::StreamOpened) || rows.number(1) != 0) continue;
    try {
      out.insert_or_assign(rows.number(0), parse_opening(rows.text(3)));
    } catch (const Error&) {
      continue;
    }
  }
  return out;
}

std::map<std::int64_t, std::uint64_t> count_tiles(const std::string& directory) {
  CsvReader rows(directory + "/tile.csv", {"stream"});
  std::map<std::int64_t, std::uint64_t> out;
  while (rows.next()) ++out[rows.number(0)];
  return out;
}

// One table of a stream after the other: they are ordered by stream.
class Table {
 public:
  Table(const std::string& directory, const char* name, const std::vector<std::string>& columns,
        Problems& problems)
      : name_(name), rows_(directory + '/' + name + ".csv", columns), problems_(problems) {
    rows_.next();
  }
  // Whether the current row is of this stream. Rows of streams that nobody knows are told and passed over.
  bool of(std::int64_t stream) {
    for (; rows_.at_row() && rows_.number(0) < stream; rows_.next()) unknown();
    return rows_.at_row() && rows_.number(0) == stream;
  }
  void rest() {
    for (; rows_.at_row(); rows_.next()) unknown();
  }
  CsvReader& rows() { return rows_; }

 private:
  void unknown() {
    problems_.add(ProblemKind::RowRepeated, std::nullopt, std::nullopt,
                  std::string(name_) + ": a row of stream " + std::to_string(rows_.number(0)) +
                      ", which the table of streams doesn't have, or which came before");
  }
  const char* name_;
  CsvReader rows_;
  Problems& problems_;
};

// The stored tiles of one level: ascending, so each is there when it is asked for. A reader for each level.
class LevelReader {
 public:
  LevelReader(const std::string& directory, std::int64_t stream, std::uint32_t level)
      : rows_(directory + "/tile.csv", {"stream", "level", "index", "hashes"}),
        stream_(stream),
        level_(level) {
    forward();
  }
  std::optional<std::string> read(std::uint64_t index) {
    while (rows_.at_row() && rows_.count(2) < index) forward();
    if (!rows_.at_row() || rows_.count(2) != index) return std::nullopt;
    return rows_.bytes(3);
  }

 private:
  void forward() {
    while (rows_.next()) {
      if (rows_.number(0) == stream_ && rows_.count(1) == level_) return;
    }
  }
  CsvReader rows_;
  std::int64_t stream_;
  std::uint32_t level_;
};

void verify_rows(StreamVerifier& verifier, Table& entries, Table& personal, std::int64_t stream) {
  LeafFields fields;
  std::string session, subject, commitment, salt;
  const auto stray_before = [&](std::uint64_t sequence) {
    for (; personal.of(stream) && personal.rows().count(1) < sequence; personal.rows().next())
      verifier.stray_personal(personal.rows().count(1));
  };
  for (; entries.of(stream); entries.rows().next()) {
    const CsvReader& row = entries.rows();
    fields.sequence = row.count(1);
    fields.engine_time = row.number(2);
    fields.occurred_at = row.number(3);
    fields.recorded_at = row.number(4);
    fields.kind = row.text(5);
    fields.source = row.text(6);
    fields.session = session = row.bytes(7);
    fields.subject = subject = row.bytes(8);
    fields.facts = row.text(9);
    fields.commitment = commitment = row.bytes(10);
    stray_before(fields.sequence);
    if (personal.of(stream) && personal.rows().count(1) == fields.sequence) {
      salt = personal.rows().bytes(2);
      verifier.feed(fields, PersonalView{salt, personal.rows().text(3)});
      personal.rows().next();
    } else {
      verifier.feed(fields, std::nullopt);
    }
  }
  stray_before(UINT64_MAX);
}

void check_references(const std::string& directory, ReferenceCheck& references, Problems& problems) {
  CsvReader rows(directory + "/reference.csv", {"ref", "kind", "namespace", "value"});
  while (rows.next()) {
    model::PersonalValue value;
    const auto ref =
        model::parse_ref(rows.text(0).starts_with("\\x") ? rows.text(0).substr(2) : rows.text(0));
    const auto kind = model::parse<model::PersonalKind>(rows.text(1));
    if (!ref || !kind) {
      problems.add(ProblemKind::ReferenceUnexplained, std::nullopt, std::nullopt,
                   "a reference '" + std::string(rows.text(0).substr(0, 40)) + "' of kind '" +
                       std::string(rows.text(1).substr(0, 40)) + "' can't have been introduced");
      continue;
    }
    value.ref = *ref;
    value.kind = *kind;
    value.name_space = rows.text(2);
    value.value = rows.text(3);
    references.stored(value);
  }
  references.finish(problems);
}

}  // namespace

bool ExportVerdict::intact() const {
  return problems.count == 0 &&
         std::all_of(streams.begin(), streams.end(), [](const StreamVerdict& s) { return s.intact(); });
}

bool ExportVerdict::complete() const {
  return std::all_of(streams.begin(), streams.end(),
                     [](const StreamVerdict& s) { return s.completeness.complete(); });
}

ExportVerdict verify_export(const std::string& directory, const ExportOptions& options) {
  ExportVerdict out;
  out.problems.most_listed = options.most_problems;
  const std::vector<StreamRow> streams = read_streams(directory);
  const std::map<std::int64_t, Opening> openings = read_openings(directory);
  std::map<std::int64_t, std::uint64_t> tile_counts = count_tiles(directory);
  ReferenceCheck all_references;
  Table entries(directory, "entry",
                {"stream", "sequence", "engine_time", "occurred_at", "recorded_at", "kind", "source",
                 "session", "subject", "facts", "commitment"},
                out.problems);
  Table personal(directory, "personal", {"stream", "sequence", "salt", "value"}, out.problems);
  Table checkpoints(directory, "checkpoint", {"stream", "size", "previous_size", "root", "note"},
                    out.problems);

  std::vector<bool> used(options.checkpoints.size());
  std::vector<std::unique_ptr<StreamVerifier>> verifiers;
  std::map<std::string, std::size_t> by_origin;
  for (const StreamRow& stream : streams) {
    VerifyOptions of_stream;
    of_stream.id = stream.id;
    of_stream.keys = options.keys;
    of_stream.keys_from_outside = !options.keys.empty();
    of_stream.references = &all_references;
    of_stream.stored_tiles = tile_counts[stream.number];
    of_stream.most_problems = options.most_problems;
    if (of_stream.keys.empty()) {
      try {
        of_stream.keys.push_back(VerifierKey::parse(stream.verifier_key));
      } catch (const Error& error) {
        out.problems.add(ProblemKind::OpeningWrong, std::nullopt, std::nullopt,
                         origin_of(stream.id) + ": " + error.what());
      }
    }
    for (std::size_t i = 0; i < options.checkpoints.size(); ++i) {
      const std::string origin = parse_checkpoint(parse_note(options.checkpoints[i]).text).origin;
      if (origin != origin_of(stream.id)) continue;
      used[i] = true;
      of_stream.heads.push_back(outside_head(options.checkpoints[i], stream.id, of_stream.keys));
    }
    for (const auto& [number, opening] : openings) {
      if (const auto head = successor_head(opening, stream.id)) of_stream.heads.push_back(*head);
    }

    auto levels = std::make_shared<std::map<std::uint32_t, LevelReader>>();
    const auto read_tile = [&directory, levels, number = stream.number](std::uint32_t level,
                                                                        std::uint64_t index, std::uint32_t) {
      auto found = levels->find(level);
      if (found == levels->end()) found = levels->try_emplace(level, directory, number, level).first;
      return found->second.read(index);
    };
    const auto next_checkpoint = [&checkpoints, number = stream.number]() -> std::optional<StoredCheckpoint> {
      if (!checkpoints.of(number)) return std::nullopt;
      const CsvReader& row = checkpoints.rows();
      StoredCheckpoint stored{row.count(1), std::string(row.text(4)), row.bytes(3), row.count(2)};
      checkpoints.rows().next();
      return stored;
    };
    by_origin[origin_of(stream.id)] = verifiers.size();
    verifiers.push_back(std::make_unique<StreamVerifier>(std::move(of_stream), read_tile, next_checkpoint));
    verify_rows(*verifiers.back(), entries, personal, stream.number);
    verifiers.back()->end_of_rows();
  }
  entries.rest();
  personal.rest();
  checkpoints.rest();

  for (std::size_t i = 0; i < verifiers.size(); ++i) {
    for (const Coverage& coverage : verifiers[i]->erasures()) {
      const auto other = by_origin.find(coverage.origin);
      if (other == by_origin.end())
        out.problems.add(ProblemKind::ErasureMalformed, std::nullopt, std::nullopt,
                         "an erasure covers the stream " + coverage.origin + ", which is not in the export");
      else if (other->second != i)
        verifiers[other->second]->cover(coverage);
    }
  }
  for (const auto& verifier : verifiers) out.streams.push_back(verifier->finish());
  for (const StreamVerdict& verdict : out.streams) {
    if (verdict.predecessor && !by_origin.contains(verdict.predecessor->origin))
      out.problems.add(
          ProblemKind::TailCut, std::nullopt, std::nullopt,
          origin_of(verdict.id) + " follows " + verdict.predecessor->origin + ", which is not in the export");
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i])
      out.problems.add(ProblemKind::TailCut, std::nullopt, std::nullopt,
                       "an outside checkpoint is of the stream " +
                           parse_checkpoint(parse_note(options.checkpoints[i]).text).origin +
                           ", which is not in the export");
  }
  check_references(directory, all_references, out.problems);
  return out;
}

std::string to_json(const ExportVerdict& verdict) {
  std::string json = std::string("{\"intact\":") + (verdict.intact() ? "true" : "false") +
                     ",\"complete\":" + (verdict.complete() ? "true" : "false") + ",\"streams\":[";
  for (std::size_t i = 0; i < verdict.streams.size(); ++i) {
    if (i > 0) json += ',';
    json += to_json(verdict.streams[i]);
  }
  json += "],\"problem_count\":" + std::to_string(verdict.problems.count) + ",\"problems\":[";
  for (std::size_t i = 0; i < verdict.problems.listed.size(); ++i) {
    if (i > 0) json += ',';
    base::append_json_string(json, describe(verdict.problems.listed[i]));
  }
  return json + "]}";
}

}  // namespace curfew::ledger
