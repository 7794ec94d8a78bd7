// What the store costs beside what the machine can do at all:
//
//   bench_store [ROWS=2000000] [FOLDER=/var/tmp]
//
//   raw     one binary COPY of the same ledger and personal rows into identical tables and indexes
//   ours    sealing (leaves, tree, signed checkpoints) and append with keys, sessions, references and cursors
//   read    read_entries and verify_store beside COPY … TO '/dev/null' of the same rows
//
// All on an embedded cluster with fsync on.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/queue.hpp"
#include "core/ledger/opening.hpp"
#include "core/ledger/seal.hpp"
#include "core/store/binary_copy.hpp"
#include "core/store/embedded_cluster.hpp"
#include "core/store/migrations.hpp"
#include "core/store/server_connection.hpp"
#include "core/store/verify_store.hpp"
#include "tests/bench/processor.hpp"

namespace {

using namespace curfew;
using bench::Used;
using namespace std::chrono_literals;

constexpr std::uint64_t batch_rows = 20'000;
constexpr std::uint64_t partition_rows = 10'000'000;  // as curfew.make_room
const ledger::StreamId stream_id{"bench", "a", 1};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// About 325 bytes a row, a tenth of them with a new personal value.
model::Entry entry_of(std::uint64_t number, const ledger::SigningKey& key) {
  if (number == 0) return ledger::opening_entry({stream_id, key.verifier().text(), std::nullopt}, Time{});
  model::Entry entry;
  entry.engine_time = base::from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(number) * 100);
  entry.occurred_at = entry.engine_time - 1s;
  entry.source = "corp-ad";
  const std::uint64_t session = number * 0x9E3779B97F4A7C15U;
  for (std::size_t i = 0; i < 16; ++i) entry.session.bytes[i] = static_cast<std::uint8_t>(session >> (i * 4));
  entry.subject = {session | 1};
  entry.facts =
      R"({"type":"activity","class":"person","application":"crm-frontend","count":)" +
      std::to_string(number % 50) +
      R"(,"network":"private","device":"a91f3c5e77d20b64","address":"5be0c1d2a3f49687","user_agent":"0f1e2d3c4b5a6978"})";
  if (number % 10 == 0) {
    entry.personal = model::to_json({{{number + 1},
                                      model::PersonalKind::Identifier,
                                      "upn",
                                      "person" + std::to_string(number) + "@corp.example.test"}});
  }
  return entry;
}

struct Prepared {
  ledger::SealedBatch batch;
  store::Extras extras;
};

store::Extras extras_of(std::uint64_t from, std::uint64_t to) {
  store::Extras extras;
  for (std::uint64_t number = from; number < to; ++number) {
    store::IdempotencyKey key;
    key.source = "corp-ad";
    const std::uint64_t mixed = (number + 1) * 0xD6E8FEB86659FD93U;
    for (std::size_t i = 0; i < 16; ++i) key.key[i] = static_cast<std::uint8_t>(mixed >> (i * 4));
    key.expires_at = base::from_micros(1'700'086'400'000'000 + static_cast<std::int64_t>(number) * 100);
    extras.keys.push_back(std::move(key));
    if (number % 10 == 0 && number > 0) {
      extras.references.push_back({{number + 1},
                                   model::PersonalKind::Identifier,
                                   "upn",
                                   "person" + std::to_string(number) + "@corp.example.test"});
    }
    // One observation in twenty opens a session, one in twenty ends an older one.
    if (number % 10 == 5) {
      model::SessionRow row;
      const std::uint64_t nth = number / 10 + 1;
      const bool ends = nth % 2 == 0 && nth > 2;
      row.number = ends ? nth - 1 : nth;
      row.source = "corp-ad";
      row.subject = {mixed | 1};
      row.application = "crm-frontend";
      row.started_at = base::from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(number) * 100);
      if (ends) row.ended_at = row.started_at + 1s;
      const bool twice = std::any_of(extras.sessions.rbegin(), extras.sessions.rend(),
                                     [&](const auto& other) { return other.number == row.number; });
      if (!twice || !ends) extras.sessions.push_back(std::move(row));
    }
  }
  extras.cursors.push_back({"corp-ad", "security.evtx", std::to_string(to), to - from, 0, 0});
  return extras;
}

void raw_copy(store::ServerConnection& admin, std::uint64_t rows, const ledger::SigningKey& key,
              double& took) {
  admin.execute(
      "CREATE SCHEMA raw; CREATE TABLE raw.entry (LIKE curfew.entry INCLUDING ALL) PARTITION BY RANGE "
      "(stream, "
      "sequence); CREATE TABLE raw.personal (LIKE curfew.personal INCLUDING ALL) PARTITION BY RANGE (stream, "
      "sequence)");
  for (std::uint64_t from = 0; from < rows; from += partition_rows) {
    for (const std::string table : {"raw.entry", "raw.personal"}) {
      admin.execute("CREATE TABLE " + table + "_" + std::to_string(from) + " PARTITION OF " + table +
                    " FOR VALUES FROM (1, " + std::to_string(from) + ") TO (1, " +
                    std::to_string(from + partition_rows) + ")");
    }
  }
  admin.execute("CHECKPOINT");
  std::vector<model::Entry> entries;
  for (std::uint64_t i = 0; i < batch_rows; ++i) entries.push_back(entry_of(i, key));
  const std::string commitment(32, 'c');
  const std::string salt(16, 's');
  const auto start = std::chrono::steady_clock::now();
  admin.execute("BEGIN");
  {
    store::CopyIn copy(admin, "COPY raw.entry FROM STDIN (FORMAT binary)", 11);
    for (std::uint64_t i = 0; i < rows; ++i) {
      const model::Entry& entry = entries[i % batch_rows];
      copy.begin_row()
          .int4(1)
          .int8(static_cast<std::int64_t>(i))
          .int8(base::to_micros(entry.engine_time))
          .int8(base::to_micros(entry.occurred_at))
          .int8(base::to_micros(entry.engine_time))
          .bytes(model::name_of(entry.kind))
          .bytes(entry.source)
          .bytes(base::as_text(entry.session.bytes))
          .int8(static_cast<std::int64_t>(entry.subject.bits))
          .bytes(entry.facts)
          .bytes(entry.personal.empty() ? std::string_view{} : std::string_view(commitment));
    }
    copy.finish();
  }
  {
    store::CopyIn copy(admin, "COPY raw.personal FROM STDIN (FORMAT binary)", 4);
    for (std::uint64_t i = 0; i < rows; ++i) {
      const model::Entry& entry = entries[i % batch_rows];
      if (entry.personal.empty()) continue;
      copy.begin_row().int4(1).int8(static_cast<std::int64_t>(i)).bytes(salt).bytes(entry.personal);
    }
    copy.finish();
  }
  admin.execute("COMMIT");
  took = seconds_since(start);
  admin.execute("DROP SCHEMA raw CASCADE; CHECKPOINT");
}

void ours(store::Store& writer, std::uint64_t rows, const ledger::SigningKey& key, double& took,
          double& appending) {
  const store::StreamHead head = writer.open_stream(stream_id, key.verifier().text());
  base::Queue<Prepared> queue(2);
  const auto start = std::chrono::steady_clock::now();
  // As the pipeline does: the next batch is sealed while this one is stored.
  std::jthread sealing([&] {
    ledger::Sealer sealer(stream_id, {key}, {}, base::fill_random);
    for (std::uint64_t from = 0; from < rows; from += batch_rows) {
      const std::uint64_t to = std::min(rows, from + batch_rows);
      std::vector<model::Entry> entries;
      for (std::uint64_t i = from; i < to; ++i) entries.push_back(entry_of(i, key));
      Prepared prepared{sealer.seal(std::move(entries), base::wall_clock_now()), extras_of(from, to)};
      while (!queue.push_for(prepared, 1h)) {
      }
    }
    queue.close();
  });
  std::vector<Prepared> taken;
  while (!queue.finished()) {
    taken.clear();
    queue.pop_all(taken, 1h, 1);
    for (const Prepared& prepared : taken) {
      const auto begun = std::chrono::steady_clock::now();
      writer.append(head, prepared.batch, prepared.extras);
      appending += seconds_since(begun);
    }
  }
  took = seconds_since(start);
}

void print(const char* what, std::uint64_t rows, double took, double limit) {
  std::printf("%-34s %8.2f s  %9.0f rows/s", what, took, static_cast<double>(rows) / took);
  if (limit > 0) std::printf("  %.2f of the limit", limit / took);
  std::printf("\n");
  std::fflush(stdout);
}

void run(std::uint64_t rows, const std::filesystem::path& folder) {
  store::EmbeddedCluster cluster({.data_directory = folder / ("curfew-bench-" + std::to_string(getpid())),
                                  .throwaway = false,
                                  .grace = 0s,
                                  .start_patience = 60s});
  store::migrate(cluster.owner());
  const auto key = ledger::SigningKey::generate(ledger::origin_of(stream_id));
  store::ServerConnection admin(cluster.owner());
  double raw_took = 0;
  {
    const Used used(cluster.postmaster());
    raw_copy(admin, rows, key, raw_took);
    print("raw binary COPY", rows, raw_took, 0);
    used.print();
  }
  {
    store::Store writer(cluster.application(), store::Role::Writer);
    double took = 0;
    double appending = 0;
    const Used used(cluster.postmaster());
    ours(writer, rows, key, took, appending);
    print("ours, ingest to durable", rows, took, raw_took);
    print("  of it in append", rows, appending, raw_took);
    used.print();
  }
  for (const char* sql : {"VACUUM ANALYZE curfew.entry", "VACUUM ANALYZE curfew.personal", "CHECKPOINT"})
    admin.execute(sql);
  auto start = std::chrono::steady_clock::now();
  const Used copying(cluster.postmaster());
  admin.execute(
      "COPY (SELECT * FROM curfew.entry) TO '/dev/null'; COPY (SELECT * FROM curfew.personal) TO "
      "'/dev/null'");
  const double copy_out = seconds_since(start);
  print("COPY … TO '/dev/null', text", rows, copy_out, 0);
  copying.print();
  {
    store::Store reader(cluster.application(), store::Role::Reader);
    start = std::chrono::steady_clock::now();
    std::uint64_t seen = 0;
    reader.read_entries(1, 0, ~std::uint64_t{0}, [&](ledger::SealedEntry&&) {
      ++seen;
      return true;
    });
    print("read_entries", seen, seconds_since(start), copy_out);
    start = std::chrono::steady_clock::now();
    std::uint64_t references = 0;
    reader.read_references([&](model::PersonalValue&&) { ++references; });
    print("read_references", references, seconds_since(start), 0);
    start = std::chrono::steady_clock::now();
    std::uint64_t keys = 0;
    reader.read_idempotency_keys([&](store::IdempotencyKey&&) { ++keys; });
    print("read_idempotency_keys", keys, seconds_since(start), 0);
  }
  start = std::chrono::steady_clock::now();
  const Used verifying(cluster.postmaster());
  const store::StoreVerdict verdict = store::verify_store(cluster.application(), {});
  print(verdict.intact() ? "verify_store, intact" : "verify_store, NOT INTACT", rows, seconds_since(start),
        copy_out);
  verifying.print();
  cluster.stop();
  std::filesystem::remove_all(folder / ("curfew-bench-" + std::to_string(getpid())));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000, argc > 2 ? argv[2] : "/var/tmp");
  } catch (const curfew::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
