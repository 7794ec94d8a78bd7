#include "core/store/store.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/store/migrations.hpp"
#include "core/store/store_connection.hpp"

namespace curfew::store {
namespace {

// The first key of the advisory locks on streams: "cufw".
constexpr std::int32_t stream_lock = 0x63756677;

ServerConnection connect(const ConnectionInfo& info, const char* role) {
  ServerConnection connection(info);
  if (role != nullptr) connection.execute(std::string("SET ROLE ") + role);
  connection.execute(
      "SET search_path = pg_catalog; SET synchronous_commit = on; SET jit = off; SET lock_timeout = '30s'; "
      "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '10min'; SET bytea_output = "
      "'hex'");
  require_current_schema(connection);
  return connection;
}

void lock_stream(ServerConnection& connection, std::int64_t stream) {
  // The session that this one replaces may not have noticed yet that its client is gone: wait for it a
  // little. Until it is gone its COMMIT may still be on its way.
  try {
    connection.query("SELECT pg_advisory_lock($1::int, $2::int)",
                     {Parameter(stream_lock), Parameter(stream)});
  } catch (const Error& error) {
    throw Error(ErrorKind::Unavailable, "another writer has stream " + std::to_string(stream) +
                                            " of this database: stop it, or wait until it has ended (" +
                                            error.what() + ")");
  }
}

void limit(ServerConnection& connection, Duration statement) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(statement).count();
  connection.execute("SET statement_timeout = " + std::to_string(milliseconds));
}

std::uint64_t highest(ServerConnection& connection, const char* table) {
  return static_cast<std::uint64_t>(
      connection.query(std::string("SELECT coalesce(max(number), 0) FROM curfew.") + table, {}).number(0, 0));
}

struct Head {
  std::uint64_t size = 0;
  Digest32 root{};
  std::string note;
};

Head head_of(ServerConnection& connection, std::int64_t stream) {
  const Answer answer = connection.query(
      "SELECT size, root, note FROM curfew.checkpoint WHERE stream = $1 ORDER BY size DESC LIMIT 1",
      {Parameter(stream)});
  Head head;
  if (answer.rows() == 0) return head;
  head.size = static_cast<std::uint64_t>(answer.number(0, 0));
  const std::string_view root = answer.bytes(0, 1);
  if (root.size() != head.root.size()) {
    throw Error(ErrorKind::Corrupt, "curfew.checkpoint: stream " + std::to_string(stream) + ", size " +
                                        std::to_string(head.size) +
                                        ": the root is not 32 bytes; run `curfew verify`");
  }
  std::memcpy(head.root.data(), root.data(), root.size());
  head.note = answer.text(0, 2);
  return head;
}

// Partitions are made while there is still room for this many entries, in a transaction of their own.
constexpr std::uint64_t room_ahead = 1'000'000;

void make_room(Store::Connection& connection, std::int64_t stream, std::uint64_t size) {
  if (size + room_ahead <= connection.room) return;
  connection.room = static_cast<std::uint64_t>(
      connection.writer()
          .query("SELECT curfew.make_room($1::int, $2)", {Parameter(stream), Parameter(size + room_ahead)})
          .number(0, 0));
}

std::string as_bytes(const Digest32& digest) { return std::string(base::as_text(digest)); }

// True when the batch is still to be stored; false when it is there already.
bool must_be_sent(ServerConnection& connection, const StreamHead& stream, const ledger::SealedBatch& batch) {
  if (batch.entries.empty()) return true;
  const Head head = head_of(connection, stream.stream);
  if (head.size == batch.first && (batch.first == 0 || head.root == batch.root_before)) return true;
  if (head.size == batch.size() && head.root == batch.root && head.note == batch.checkpoint) return false;
  throw Error(ErrorKind::Corrupt,
              "stream " + std::to_string(stream.stream) + " ends at " + std::to_string(head.size) +
                  " in the database, root " + base::to_hex(head.root) + "; the batch to append goes from " +
                  std::to_string(batch.first) + " to " + std::to_string(batch.size()) +
                  ": somebody else wrote, or the database was restored. Nothing is written any more; "
                  "compare with the last outside checkpoint (`curfew verify --checkpoint`)");
}

void send_entries(ServerConnection& connection, const StreamHead& stream, const ledger::SealedBatch& batch) {
  const auto number = static_cast<std::int32_t>(stream.stream);
  bool any_personal = false;
  {
    CopyIn copy(
        connection,
        "COPY curfew.entry (stream, sequence, engine_time, occurred_at, recorded_at, kind, source, session, "
        "subject, facts, commitment) FROM STDIN (FORMAT binary)",
        11);
    std::uint64_t expected = batch.first;
    for (const ledger::SealedEntry& row : batch.entries) {
      if (row.sequence != expected++) {
        throw Error(ErrorKind::Internal, "a sealed batch is not in order at " + std::to_string(row.sequence));
      }
      any_personal = any_personal || !row.salt.empty();
      copy.begin_row()
          .int4(number)
          .int8(static_cast<std::int64_t>(row.sequence))
          .int8(base::to_micros(row.entry.engine_time))
          .int8(base::to_micros(row.entry.occurred_at))
          .int8(base::to_micros(row.recorded_at))
          .bytes(model::name_of(row.entry.kind))
          .bytes(row.entry.source)
          .bytes(stored(row.entry.session))
          .bytes(stored(row.entry.subject))
          .bytes(row.entry.facts)
          .bytes(row.commitment);
    }
    copy.finish();
  }
  base::kill_point("store.after_entries");
  if (!any_personal) return;
  CopyIn copy(connection, "COPY curfew.personal (stream, sequence, salt, value) FROM STDIN (FORMAT binary)",
              4);
  for (const ledger::SealedEntry& row : batch.entries) {
    if (row.salt.empty()) continue;
    copy.begin_row()
        .int4(number)
        .int8(static_cast<std::int64_t>(row.sequence))
        .bytes(row.salt)
        .bytes(row.entry.personal);
  }
  copy.finish();
}

void send_tree(ServerConnection& connection, const StreamHead& stream, const ledger::SealedBatch& batch) {
  const auto number = static_cast<std::int32_t>(stream.stream);
  if (!batch.tiles.empty()) {
    CopyIn copy(connection, "COPY curfew.tile (stream, level, index, hashes) FROM STDIN (FORMAT binary)", 4);
    for (const ledger::Tile& tile : batch.tiles) {
      copy.begin_row()
          .int4(number)
          .int4(static_cast<std::int32_t>(tile.level))
          .int8(static_cast<std::int64_t>(tile.index))
          .bytes(tile.bytes);
    }
    copy.finish();
  }
  connection.query(
      "INSERT INTO curfew.checkpoint (stream, size, previous_size, root, note) VALUES ($1::int, $2, $3, $4, "
      "$5)",
      {Parameter(stream.stream), Parameter(batch.size()), Parameter(batch.first),
       Parameter::bytes(as_bytes(batch.root)), Parameter::text(batch.checkpoint)});
}

void send_references(ServerConnection& connection, const std::vector<model::PersonalValue>& references) {
  if (references.empty()) return;
  CopyIn copy(connection, "COPY curfew.reference (ref, kind, namespace, value) FROM STDIN (FORMAT binary)",
              4);
  for (const model::PersonalValue& reference : references) {
    copy.begin_row()
        .bytes(stored(reference.ref))
        .bytes(model::name_of(reference.kind))
        .bytes(reference.name_space)
        .bytes(reference.value);
  }
  copy.finish();
}

void send_keys(ServerConnection& connection, const StreamHead& stream, const ledger::SealedBatch& batch,
               const std::vector<IdempotencyKey>& keys) {
  struct Packed {
    std::string bytes;
    std::int64_t latest = 0;
  };
  std::map<std::string_view, Packed> by_source;
  for (const IdempotencyKey& key : keys) {
    Packed& packed = by_source[key.source];
    packed.bytes += base::as_text(key.key);
    const std::int64_t expiry = base::to_micros(key.expires_at);
    for (int shift = 56; shift >= 0; shift -= 8) {
      packed.bytes += static_cast<char>(static_cast<std::uint64_t>(expiry) >> shift);
    }
    packed.latest = std::max(packed.latest, expiry);
  }
  for (const auto& [source, packed] : by_source) {
    connection.query(
        "INSERT INTO curfew.idempotency (stream, size, source, expires_at, keys) VALUES ($1::int, $2, $3, "
        "$4, $5)",
        {Parameter(stream.stream), Parameter(batch.size()), Parameter::text(source), Parameter(packed.latest),
         Parameter::bytes(packed.bytes)});
  }
}

}  // namespace

std::string stored(model::Ref ref) {
  if (!ref) return {};
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(ref.bits >> (56 - 8 * i));
  return bytes;
}

std::string_view stored(const model::SessionDigest& digest) {
  return digest ? base::as_text(digest.bytes) : std::string_view{};
}

model::Ref ref_from_stored(std::string_view bytes) {
  model::Ref ref;
  if (bytes.empty()) return ref;
  for (const char c : bytes) ref.bits = ref.bits << 8 | static_cast<std::uint8_t>(c);
  if (bytes.size() != 8 || !ref)
    throw Error(ErrorKind::Corrupt, "a stored reference is not 8 bytes, or all zero");
  return ref;
}

model::SessionDigest session_from_stored(std::string_view bytes) {
  model::SessionDigest digest;
  if (bytes.empty()) return digest;
  if (bytes.size() == digest.bytes.size()) std::memcpy(digest.bytes.data(), bytes.data(), bytes.size());
  if (!digest) throw Error(ErrorKind::Corrupt, "a stored session digest is not 16 bytes, or all zero");
  return digest;
}

ServerConnection& Store::Connection::writer() {
  if (role == Role::Reader) throw Error(ErrorKind::Internal, "a store opened for reading was asked to write");
  if (writing && writing->lost()) writing.reset();
  if (!writing) {
    ServerConnection fresh = connect(info, role == Role::Writer ? "curfew_writer" : nullptr);
    if (locked_stream) lock_stream(fresh, *locked_stream);
    highest_session = highest(fresh, "session");
    highest_violation = highest(fresh, "violation");
    highest_order = highest(fresh, "sign_out");
    prepare_staging(fresh);
    writing.emplace(std::move(fresh));
  }
  return *writing;
}

ServerConnection& Store::Connection::reader() {
  if (!reading) {
    reading.emplace(connect(info, role == Role::Owner ? nullptr : "curfew_auditor"));
    if (reading_limit != Duration{0}) limit(*reading, reading_limit);
  }
  return *reading;
}

ServerConnection& Store::Connection::answering_reader() {
  with_reader([](ServerConnection& connection) { connection.execute("SELECT"); });
  return *reading;
}

Store::Store(const ConnectionInfo& info, Role role) : connection_(std::make_unique<Connection>(info, role)) {
  if (role == Role::Reader) {
    connection_->reader();
  } else {
    connection_->writer();
  }
}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

void Store::limit_reading(Duration each_statement) {
  connection_->reading_limit = each_statement;
  connection_->with_reader([&](ServerConnection& connection) { limit(connection, each_statement); });
}

StreamHead Store::open_stream(const ledger::StreamId& id, const std::string& verifier_key) {
  ServerConnection& connection = connection_->writer();
  const auto find = [&] {
    return connection.query(
        "SELECT number, verifier_key FROM curfew.stream WHERE realm = $1 AND node = $2 AND epoch = $3",
        {Parameter::text(id.realm), Parameter::text(id.node), Parameter(std::int64_t{id.epoch})});
  };
  Answer answer = find();
  if (answer.rows() == 0) {
    connection.query(
        "INSERT INTO curfew.stream (number, realm, node, epoch, verifier_key) "
        "SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4 FROM curfew.stream ON CONFLICT DO NOTHING",
        {Parameter::text(id.realm), Parameter::text(id.node), Parameter(std::int64_t{id.epoch}),
         Parameter::text(verifier_key)});
    answer = find();
    if (answer.rows() == 0) {
      throw Error(ErrorKind::Unavailable,
                  "another writer opened a stream in this database at the same time: try again");
    }
  }
  StreamHead stream;
  stream.id = id;
  stream.stream = answer.number(0, 0);
  stream.verifier_key = answer.text(0, 1);
  if (stream.verifier_key != verifier_key) {
    throw Error(ErrorKind::Configuration,
                "the stream " + id.realm + "/" + id.node + "/" + std::to_string(id.epoch) +
                    " was opened with another ledger key (" + stream.verifier_key +
                    "): put that key file back, or start a new epoch if it is lost");
  }
  lock_stream(connection, stream.stream);
  connection_->locked_stream = stream.stream;
  connection_->room = 0;
  Head head = head_of(connection, stream.stream);
  stream.size = head.size;
  stream.root = head.root;
  stream.checkpoint = std::move(head.note);
  return stream;
}

void Store::append(const StreamHead& stream, const ledger::SealedBatch& batch, const Extras& extras) {
  for (int attempt = 0;; ++attempt) {
    ServerConnection& connection = connection_->writer();
    try {
      if (!batch.entries.empty()) make_room(*connection_, stream.stream, batch.size());
      connection.execute("BEGIN");
      if (!must_be_sent(connection, stream, batch)) {
        connection.rollback();
        note_stored(*connection_, extras);
        return;
      }
      base::kill_point("store.before_copy");
      if (!batch.entries.empty()) {
        send_entries(connection, stream, batch);
        send_tree(connection, stream, batch);
      }
      send_references(connection, extras.references);
      send_keys(connection, stream, batch, extras.keys);
      store_projections(*connection_, extras);
      base::kill_point("store.before_commit");
      connection.commit();
      base::kill_point("store.after_commit");
      note_stored(*connection_, extras);
      return;
    } catch (const Error&) {
      connection.rollback();
      // A lost connection leaves it open whether the commit happened: the next attempt looks at the stored
      // head.
      if (!connection.lost() || attempt > 0 || batch.entries.empty()) throw;
    }
  }
}

void Store::flush_activity(const std::vector<model::SessionRow>& sessions) {
  if (sessions.empty()) return;
  ServerConnection& connection = connection_->writer();
  try {
    // Derived, and flushed again in a minute: no need to wait for the disk.
    connection.execute("BEGIN; SET LOCAL synchronous_commit = off");
    store_sessions(*connection_, sessions);
    connection.commit();
  } catch (const Error&) {
    connection.rollback();
    throw;
  }
  for (const auto& row : sessions) {
    connection_->highest_session = std::max(connection_->highest_session, row.number);
  }
}

void Store::check() {
  ServerConnection& connection = connection_->writer();
  try {
    connection.execute("SELECT");
  } catch (const Error&) {
    if (!connection.lost()) throw;
    connection_->writer().execute("SELECT");
  }
}

void Store::expire(Time now) {
  ServerConnection& connection = connection_->writer();
  const std::int64_t micros = base::to_micros(now);
  connection.query("DELETE FROM curfew.idempotency WHERE expires_at < $1", {Parameter(micros)});
  connection.query("DELETE FROM curfew.memory WHERE expires_at <> 0 AND expires_at < $1",
                   {Parameter(micros)});
}

}  // namespace curfew::store
