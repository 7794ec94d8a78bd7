#include "core/store/verify_store.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/store/binary_copy.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/verify_readers.hpp"

namespace curfew::store {
namespace {

constexpr std::uint64_t rows_between_reports = 65'536;

struct StoredStream {
  std::int64_t number = 0;
  std::string realm;
  std::string node;
  std::int64_t epoch = 0;
  std::string verifier_key;
  [[nodiscard]] std::string name() const { return realm + "/" + node + "/" + std::to_string(epoch); }
};

struct Verified {
  StoredStream stored;
  ledger::StreamId id;
  std::vector<ledger::VerifierKey> keys;
  std::optional<ledger::Opening> opening;
  std::unique_ptr<Tiles> tiles;
  std::unique_ptr<Checkpoints> checkpoints;
  std::unique_ptr<ledger::StreamVerifier> verifier;
};

class Verification {
 public:
  Verification(const ConnectionInfo& info, const VerifyRequest& request)
      : snapshot_(info), request_(request) {
    verdict_.references.most_listed = request.most_problems;
    verdict_.tables.most_listed = request.most_problems;
  }

  StoreVerdict run() {
    read_streams();
    make_verifiers();
    for (Verified& stream : streams_) feed(stream);
    for (Verified& from : streams_) {
      for (const ledger::Coverage& coverage : from.verifier->erasures()) {
        for (Verified& to : streams_) to.verifier->cover(coverage);
      }
    }
    for (Verified& stream : streams_) verdict_.streams.push_back(stream.verifier->finish());
    check_references();
    find_strays();
    verdict_.not_covered.insert(
        verdict_.not_covered.begin(),
        "What is derived from the ledger (sessions, violations, sign-outs, cursors, remembered keys, "
        "snapshots) was not "
        "compared: `curfew replay` recomputes the decisions.");
    return std::move(verdict_);
  }

 private:
  void tell(ledger::ProblemKind kind, const std::string& text) {
    verdict_.tables.add(kind, std::nullopt, std::nullopt, text);
  }

  void read_streams() {
    const Answer answer = snapshot_.rest.query(
        "SELECT number, realm, node, epoch, verifier_key FROM curfew.stream ORDER BY number", {});
    for (int row = 0; row < answer.rows(); ++row) {
      StoredStream stored{answer.number(row, 0), answer.text(row, 1), answer.text(row, 2),
                          answer.number(row, 3), answer.text(row, 4)};
      numbers_.push_back(stored.number);
      Verified made;
      made.id = {stored.realm, stored.node, static_cast<std::uint32_t>(stored.epoch)};
      try {
        ledger::check_stream_id(made.id);
        if (made.id.epoch != stored.epoch) throw Error(ErrorKind::Corrupt, "its epoch is out of range");
        made.keys = request_.keys;
        if (made.keys.empty()) made.keys.push_back(ledger::VerifierKey::parse(stored.verifier_key));
        check_named_key(stored, made.keys);
      } catch (const Error& error) {
        tell(ledger::ProblemKind::OpeningWrong, "stream " + std::to_string(stored.number) + " (" +
                                                    base::to_clean_utf8(stored.name()) +
                                                    ") can't be verified: " + error.what());
        continue;
      }
      made.stored = std::move(stored);
      made.opening = opening_of(made.stored.number);
      if (is_empty(made)) {
        verdict_.not_covered.push_back(
            "Stream " + made.stored.name() +
            " was opened and holds nothing: its writer ended before its first entry, or all of "
            "it was removed; an outside checkpoint of it would tell.");
        continue;
      }
      streams_.push_back(std::move(made));
    }
  }

  // With keys from outside nothing else would look at the column.
  void check_named_key(const StoredStream& stored, const std::vector<ledger::VerifierKey>& keys) {
    if (std::any_of(keys.begin(), keys.end(),
                    [&](const auto& key) { return key.text() == stored.verifier_key; }))
      return;
    tell(ledger::ProblemKind::OpeningWrong, "stream " + std::to_string(stored.number) + " (" +
                                                base::to_clean_utf8(stored.name()) +
                                                ") names another key than those that were given");
  }

  // Nothing at all, and nobody outside says that there was something.
  bool is_empty(const Verified& stream) {
    for (const std::string& note : request_.outside_checkpoints) {
      if (ledger::parse_checkpoint(ledger::parse_note(note).text).origin == ledger::origin_of(stream.id))
        return false;
    }
    return !snapshot_.rest
                .query(
                    "SELECT EXISTS (SELECT FROM curfew.entry WHERE stream = $1) OR EXISTS (SELECT FROM "
                    "curfew.personal "
                    "WHERE stream = $1) OR EXISTS (SELECT FROM curfew.tile WHERE stream = $1) OR EXISTS "
                    "(SELECT FROM "
                    "curfew.checkpoint WHERE stream = $1)",
                    {Parameter(stream.stored.number)})
                .truth(0, 0);
  }

  std::optional<ledger::Opening> opening_of(std::int64_t stream) {
    const Answer first = snapshot_.rest.query(
        "SELECT facts FROM curfew.entry WHERE stream = $1 AND sequence = 0 AND kind = 'stream_opened'",
        {Parameter(stream)});
    if (first.rows() == 0) return std::nullopt;
    try {
      return ledger::parse_opening(first.bytes(0, 0));
    } catch (const Error&) {
      return std::nullopt;  // the verifier tells of it
    }
  }

  void make_verifiers() {
    std::vector<bool> used(request_.outside_checkpoints.size());
    for (Verified& stream : streams_) {
      ledger::VerifyOptions options;
      options.id = stream.id;
      options.keys = stream.keys;
      options.keys_from_outside = !request_.keys.empty();
      options.references = &references_;
      options.most_problems = request_.most_problems;
      const std::string origin = ledger::origin_of(stream.id);
      for (std::size_t i = 0; i < used.size(); ++i) {
        const std::string& note = request_.outside_checkpoints[i];
        if (ledger::parse_checkpoint(ledger::parse_note(note).text).origin != origin) continue;
        used[i] = true;
        options.heads.push_back(outside_head_of(note, stream));
      }
      for (const Verified& other : streams_) {
        if (!other.opening) continue;
        if (const auto head = ledger::successor_head(*other.opening, stream.id))
          options.heads.push_back(*head);
      }
      stream.tiles = std::make_unique<Tiles>(snapshot_.rest, stream.stored.number);
      stream.checkpoints =
          std::make_unique<Checkpoints>(snapshot_.rest, stream.stored.number, verdict_.tables);
      stream.verifier = std::make_unique<ledger::StreamVerifier>(
          std::move(options),
          [tiles = stream.tiles.get()](std::uint32_t level, std::uint64_t index, std::uint32_t) {
            return tiles->read(level, index);
          },
          [checkpoints = stream.checkpoints.get()] { return checkpoints->next(); });
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (used[i]) continue;
      tell(ledger::ProblemKind::TailCut,
           "there is an outside checkpoint of the stream '" +
               ledger::parse_checkpoint(ledger::parse_note(request_.outside_checkpoints[i]).text).origin +
               "', which is not in this database at all");
    }
    for (const Verified& stream : streams_) {
      if (!stream.opening || !stream.opening->predecessor) continue;
      const std::string& wanted = stream.opening->predecessor->origin;
      if (std::none_of(streams_.begin(), streams_.end(),
                       [&](const Verified& other) { return ledger::origin_of(other.id) == wanted; })) {
        tell(ledger::ProblemKind::TailCut, "stream " + stream.stored.name() + " follows the stream '" +
                                               wanted + "', which is not in this database");
      }
    }
  }

  // A rewritten table may name a key that never signed the outside checkpoint: then the checkpoint is right,
  // and what it is compared with is not.
  ledger::ExpectedHead outside_head_of(const std::string& note, const Verified& stream) {
    try {
      return ledger::outside_head(note, stream.id, stream.keys);
    } catch (const Error& error) {
      if (!request_.keys.empty()) throw;
      const ledger::Checkpoint said = ledger::parse_checkpoint(ledger::parse_note(note).text);
      tell(ledger::ProblemKind::HeadDiffers,
           "the key that stream " + stream.stored.name() +
               " names in this database did not sign the outside checkpoint (" + error.what() +
               "): the stream was rewritten with another key, or the "
               "checkpoint is not genuine; give the key that you know");
      return {ledger::ExpectedHead::From::Outside, said.size, said.root};
    }
  }

  void feed(Verified& stream) {
    const std::string number = std::to_string(stream.stored.number);
    Personal personal(snapshot_.personal, stream.stored.number);
    copy_rows(snapshot_.entries,
              "SELECT sequence, engine_time, occurred_at, recorded_at, kind, source, session, subject, "
              "facts, commitment "
              "FROM curfew.entry WHERE stream = " +
                  number + " ORDER BY sequence",
              10, [&](const BinaryRow& row) {
                const std::int64_t sequence = row.number(0);
                skip_strays(stream, personal, sequence);
                std::optional<ledger::PersonalView> value;
                if (personal.row() != nullptr && personal.sequence() == sequence) {
                  value = {personal.row()->bytes(1), personal.row()->bytes(2)};
                }
                feed_row(stream, row, value);
                if (value) personal.advance();
                if (request_.progress && ++rows_ % rows_between_reports == 0) request_.progress(rows_);
                return true;
              });
    skip_strays(stream, personal, std::numeric_limits<std::int64_t>::max());
  }

  void feed_row(Verified& stream, const BinaryRow& row, const std::optional<ledger::PersonalView>& personal) {
    if (row.number(0) < 0) {
      tell(ledger::ProblemKind::RowChanged, "stream " + stream.stored.name() +
                                                ": an entry has the sequence " +
                                                std::to_string(row.number(0)) + ", which no entry can have");
      return;
    }
    ledger::LeafFields fields;
    fields.sequence = static_cast<std::uint64_t>(row.number(0));
    fields.engine_time = row.number(1);
    fields.occurred_at = row.number(2);
    fields.recorded_at = row.number(3);
    fields.kind = row.bytes(4);
    fields.source = row.bytes(5);
    fields.session = row.bytes(6);
    fields.subject = row.bytes(7);
    fields.facts = row.bytes(8);
    fields.commitment = row.bytes(9);
    stream.verifier->feed(fields, personal);
  }

  void skip_strays(Verified& stream, Personal& personal, std::int64_t before) {
    for (; personal.row() != nullptr && personal.sequence() < before; personal.advance()) {
      if (personal.sequence() < 0) {
        tell(ledger::ProblemKind::PersonalUnexpected,
             "stream " + stream.stored.name() + ": a personal value has the sequence " +
                 std::to_string(personal.sequence()) + ", which no entry can have");
      } else {
        stream.verifier->stray_personal(static_cast<std::uint64_t>(personal.sequence()));
      }
    }
  }

  void check_references() {
    copy_rows(snapshot_.rest, "SELECT ref, kind, namespace, value FROM curfew.reference", 4,
              [&](const BinaryRow& row) {
                const auto kind = model::parse<model::PersonalKind>(row.bytes(1));
                if (!kind || row.bytes(0).size() != 8) {
                  verdict_.references.add(
                      ledger::ProblemKind::ReferenceUnexplained, std::nullopt, std::nullopt,
                      "a row of the table of references has a kind or a length that no reference has");
                  return true;
                }
                std::uint64_t bits = 0;
                for (const char c : row.bytes(0)) bits = bits << 8 | static_cast<std::uint8_t>(c);
                references_.stored({{bits}, *kind, row.text(2), row.text(3)});
                return true;
              });
    references_.finish(verdict_.references);
    verdict_.references_matched = references_.matched();
  }

  // Rows of streams that the table of streams does not name.
  void find_strays() {
    const std::pair<const char*, ledger::ProblemKind> tables[] = {
        {"entry", ledger::ProblemKind::RowUnsigned},
        {"personal", ledger::ProblemKind::PersonalUnexpected},
        {"tile", ledger::ProblemKind::TileUnexpected},
        {"checkpoint", ledger::ProblemKind::CheckpointMalformed}};
    for (const auto& [table, kind] : tables) {
      const std::string from = std::string("(SELECT min(stream) FROM curfew.") + table;
      const Answer found = snapshot_.rest.query(
          "WITH RECURSIVE seen AS (SELECT " + from + ") AS s UNION ALL SELECT " + from +
              " WHERE stream > seen.s) FROM seen WHERE seen.s IS NOT NULL) SELECT s FROM seen WHERE s "
              "IS NOT NULL",
          {});
      for (int row = 0; row < found.rows(); ++row) {
        if (std::find(numbers_.begin(), numbers_.end(), found.number(row, 0)) != numbers_.end()) continue;
        tell(kind, std::string("curfew.") + table + " has rows of stream " +
                       std::to_string(found.number(row, 0)) + ", which the table of streams does not name");
      }
    }
    const Answer levels = snapshot_.rest.query(
        "SELECT count(*) FROM curfew.tile WHERE level < 0 OR level > 7 OR index < 0", {});
    if (levels.number(0, 0) > 0) {
      tell(ledger::ProblemKind::TileUnexpected, "curfew.tile has " + std::to_string(levels.number(0, 0)) +
                                                    " rows with a level or index that no tile has");
    }
  }

  OneSnapshot snapshot_;
  const VerifyRequest& request_;
  std::vector<std::int64_t> numbers_;
  std::vector<Verified> streams_;
  ledger::ReferenceCheck references_;
  std::uint64_t rows_ = 0;
  StoreVerdict verdict_;
};

void append_problems(std::string& json, const char* name, const ledger::Problems& problems) {
  json += std::string(",\"") + name + "\":{\"problem_count\":" + std::to_string(problems.count) +
          ",\"problems\":[";
  for (std::size_t i = 0; i < problems.listed.size(); ++i) {
    if (i > 0) json += ',';
    base::append_json_string(json, ledger::describe(problems.listed[i]));
  }
  json += "]}";
}

}  // namespace

bool StoreVerdict::intact() const {
  return references.count == 0 && tables.count == 0 &&
         std::all_of(streams.begin(), streams.end(), [](const auto& stream) { return stream.intact(); });
}

bool StoreVerdict::complete() const {
  return std::all_of(streams.begin(), streams.end(),
                     [](const auto& stream) { return stream.completeness.complete(); });
}

StoreVerdict verify_store(const ConnectionInfo& info, const VerifyRequest& request) {
  return Verification(info, request).run();
}

std::string to_json(const StoreVerdict& verdict) {
  std::string json = std::string("{\"intact\":") + (verdict.intact() ? "true" : "false") +
                     ",\"complete\":" + (verdict.complete() ? "true" : "false") + ",\"streams\":[";
  for (std::size_t i = 0; i < verdict.streams.size(); ++i) {
    if (i > 0) json += ',';
    json += ledger::to_json(verdict.streams[i]);
  }
  json += "],\"references_matched\":" + std::to_string(verdict.references_matched);
  append_problems(json, "references", verdict.references);
  append_problems(json, "tables", verdict.tables);
  json += ",\"not_covered\":[";
  for (std::size_t i = 0; i < verdict.not_covered.size(); ++i) {
    if (i > 0) json += ',';
    base::append_json_string(json, verdict.not_covered[i]);
  }
  return json + "]}";
}

}  // namespace curfew::store
