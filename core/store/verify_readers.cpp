#include "core/store/verify_readers.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/store/migrations.hpp"

namespace curfew::store {
namespace {

constexpr std::int64_t tiles_at_once = 64;
constexpr std::int64_t checkpoints_at_once = 1000;

ServerConnection open(const ConnectionInfo& info) {
  ServerConnection connection(info);
  connection.execute("SET ROLE curfew_auditor; SET search_path = pg_catalog; SET jit = off");
  require_current_schema(connection);
  return connection;
}

}  // namespace

OneSnapshot::OneSnapshot(const ConnectionInfo& info)
    : entries(open(info)), personal(open(info)), rest(open(info)) {
  entries.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const std::string id = entries.query("SELECT pg_export_snapshot()", {}).text(0, 0);
  for (ServerConnection* other : {&personal, &rest}) {
    other->execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '" + id + "'");
  }
  // The tables lie in the order of their primary keys: no sort.
  for (ServerConnection* one : {&entries, &personal}) one->execute("SET LOCAL enable_sort = off");
}

std::optional<std::string> Tiles::read(std::uint32_t level, std::uint64_t index) {
  if (level != 0) {
    const Answer answer =
        connection_.query("SELECT hashes FROM curfew.tile WHERE stream = $1 AND level = $2 AND index = $3",
                          {Parameter(stream_), Parameter(std::int64_t{level}), Parameter(index)});
    if (answer.rows() == 0) return std::nullopt;
    return answer.text(0, 0);
  }
  if (index < from_ || index >= to_) fetch(index);
  for (auto& [at, hashes] : ahead_) {
    if (at == index) return hashes;
  }
  return std::nullopt;
}

void Tiles::fetch(std::uint64_t index) {
  ahead_.clear();
  const Answer answer = connection_.query(
      "SELECT index, hashes FROM curfew.tile WHERE stream = $1 AND level = 0 AND index >= $2 AND index < "
      "$3",
      {Parameter(stream_), Parameter(index), Parameter(static_cast<std::int64_t>(index) + tiles_at_once)});
  for (int row = 0; row < answer.rows(); ++row) {
    ahead_.emplace_back(static_cast<std::uint64_t>(answer.number(row, 0)), answer.text(row, 1));
  }
  from_ = index;
  to_ = index + static_cast<std::uint64_t>(tiles_at_once);
}

std::optional<ledger::StoredCheckpoint> Checkpoints::next() {
  if (waiting_.empty()) fetch();
  if (waiting_.empty()) return std::nullopt;
  auto first = std::move(waiting_.front());
  waiting_.pop_front();
  return first;
}

void Checkpoints::fetch() {
  const Answer answer = connection_.query(
      "SELECT size, previous_size, root, note FROM curfew.checkpoint WHERE stream = $1 AND size > $2 ORDER "
      "BY size "
      "LIMIT $3",
      {Parameter(stream_), Parameter(last_), Parameter(checkpoints_at_once)});
  for (int row = 0; row < answer.rows(); ++row) {
    const std::int64_t size = answer.number(row, 0);
    const auto place = static_cast<std::uint64_t>(size);
    const std::string where =
        "stream " + std::to_string(stream_) + ": the checkpoint of size " + std::to_string(size);
    if (size < 1) {
      problems_.add(ledger::ProblemKind::CheckpointMalformed, std::nullopt, std::nullopt,
                    where + " has no entries");
      last_ = size;
      continue;
    }
    if (answer.number(row, 1) != std::max<std::int64_t>(last_, 0)) {
      problems_.add(ledger::ProblemKind::CheckpointMalformed, place - 1, place - 1,
                    where + " says that it follows size " + std::to_string(answer.number(row, 1)) +
                        ", but the one before it has " + std::to_string(std::max<std::int64_t>(last_, 0)));
    }
    const std::string note = answer.text(row, 3);
    check_root(note, answer.bytes(row, 2), where, place);
    waiting_.push_back({place, note});
    last_ = size;
  }
}

void Checkpoints::check_root(const std::string& note, std::string_view root, const std::string& where,
                             std::uint64_t size) {
  try {
    const Digest32 said = ledger::parse_checkpoint(ledger::parse_note(note).text).root;
    if (base::as_text(said) == root) return;
  } catch (const Error&) {
    return;  // the verifier tells of a malformed note
  }
  problems_.add(ledger::ProblemKind::CheckpointMalformed, size - 1, size - 1,
                where + " has another root in its column than in its note");
}

Personal::Personal(ServerConnection& connection, std::int64_t stream) : connection_(connection), reader_(3) {
  connection_.copy_out_begin("COPY (SELECT sequence, salt, value FROM curfew.personal WHERE stream = " +
                             std::to_string(stream) + " ORDER BY sequence) TO STDOUT (FORMAT binary)");
  advance();
}

void Personal::advance() {
  const auto message = connection_.copy_out_next();
  row_ = message ? reader_.read(*message) : nullptr;
  if (message && row_ == nullptr) connection_.copy_out_next();  // the end of the format, then of the copy
}

}  // namespace curfew::store
