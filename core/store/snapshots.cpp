#include <algorithm>

#include "core/base/error.hpp"
#include "core/store/store_connection.hpp"

namespace curfew::store {
namespace {

constexpr std::size_t part_size = std::size_t{4} * 1024 * 1024;
// The newest, and one to fall back to.
constexpr int kept_snapshots = 2;

// What the digest is over: the bytes, and what says how they are to be used.
void add_heading(base::Sha256& hash, std::int64_t stream, std::uint64_t size,
                 const std::string& policy_digest) {
  hash.update(std::to_string(stream) + "\n" + std::to_string(size) + "\n" + policy_digest + "\n");
}

}  // namespace

void Store::save_snapshot(const StreamHead& stream, std::uint64_t size, const std::string& policy_digest,
                          const std::function<void(const std::function<void(std::string_view)>&)>& write) {
  ServerConnection& connection = connection_->writer();
  try {
    connection.execute("BEGIN");
    for (const char* table : {"snapshot", "snapshot_part"}) {
      connection.query(std::string("DELETE FROM curfew.") + table + " WHERE stream = $1 AND size = $2",
                       {Parameter(stream.stream), Parameter(size)});
    }
    base::Sha256 hash;
    add_heading(hash, stream.stream, size, policy_digest);
    std::int64_t parts = 0;
    std::int64_t bytes = 0;
    {
      CopyIn copy(connection,
                  "COPY curfew.snapshot_part (stream, size, part, bytes) FROM STDIN (FORMAT binary)", 4);
      std::string part;
      const auto send = [&] {
        hash.update(part);
        bytes += static_cast<std::int64_t>(part.size());
        copy.begin_row()
            .int4(static_cast<std::int32_t>(stream.stream))
            .int8(static_cast<std::int64_t>(size))
            .int8(parts++)
            .bytes(part);
        part.clear();
      };
      write([&](std::string_view piece) {
        while (!piece.empty()) {
          const std::size_t room = std::min(piece.size(), part_size - part.size());
          part += piece.substr(0, room);
          piece.remove_prefix(room);
          if (part.size() == part_size) send();
        }
      });
      if (!part.empty()) send();
      copy.finish();
    }
    const Digest32 digest = hash.finish();
    connection.query(
        "INSERT INTO curfew.snapshot (stream, size, policy_digest, digest, parts, bytes, taken_at) VALUES "
        "($1::int, $2, "
        "$3, $4, $5, $6, $7)",
        {Parameter(stream.stream), Parameter(size), Parameter::text(policy_digest),
         Parameter::bytes(base::as_text(digest)), Parameter(parts), Parameter(bytes),
         Parameter(base::to_micros(base::wall_clock_now()))});
    connection.query(
        "DELETE FROM curfew.snapshot WHERE stream = $1 AND size NOT IN (SELECT size FROM curfew.snapshot "
        "WHERE stream = "
        "$1 ORDER BY size DESC LIMIT $2)",
        {Parameter(stream.stream), Parameter(kept_snapshots)});
    connection.query(
        "DELETE FROM curfew.snapshot_part WHERE stream = $1 AND size NOT IN (SELECT size FROM "
        "curfew.snapshot WHERE "
        "stream = $1)",
        {Parameter(stream.stream)});
    connection.commit();
  } catch (const std::exception&) {
    // Also when `write` failed: half a snapshot is none.
    connection.rollback();
    throw;
  }
}

std::optional<Store::Snapshot> Store::newest_snapshot(std::int64_t stream) {
  ServerConnection& reader = connection_->answering_reader();
  const Answer found = reader.query(
      "SELECT size, policy_digest, digest, bytes, taken_at FROM curfew.snapshot WHERE stream = $1 ORDER BY "
      "size DESC",
      {Parameter(stream)});
  std::uint32_t damaged = 0;
  for (int row = 0; row < found.rows(); ++row) {
    Snapshot snapshot;
    snapshot.size = static_cast<std::uint64_t>(found.number(row, 0));
    snapshot.policy_digest = found.text(row, 1);
    const std::int64_t wanted = found.number(row, 3);
    snapshot.stored_at = base::from_micros(found.number(row, 4));
    base::Sha256 hash;
    add_heading(hash, stream, snapshot.size, snapshot.policy_digest);
    std::int64_t expected_part = 0;
    bool in_order = true;
    copy_rows(reader,
              "SELECT part, bytes FROM curfew.snapshot_part WHERE stream = " + std::to_string(stream) +
                  " AND size = " + std::to_string(snapshot.size) + " ORDER BY part",
              2, [&](const BinaryRow& part) {
                in_order = part.number(0) == expected_part++ &&
                           static_cast<std::int64_t>(snapshot.bytes.size() + part.bytes(1).size()) <= wanted;
                if (in_order) snapshot.bytes += part.bytes(1);
                return in_order;
              });
    hash.update(snapshot.bytes);
    const Digest32 digest = hash.finish();
    if (in_order && base::as_text(digest) == found.bytes(row, 2)) {
      snapshot.damaged = damaged;
      return snapshot;
    }
    ++damaged;
  }
  return std::nullopt;
}

}  // namespace curfew::store
