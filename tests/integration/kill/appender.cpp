// Appends batches to a stream until it is killed: kill_appender CONNINFO ACKNOWLEDGED_FILE SEED
//
// It starts from what is stored, as a daemon does, and writes each acknowledged idempotency key to the file,
// synced, as a client would keep its own list.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/ledger/opening.hpp"
#include "core/ledger/seal.hpp"
#include "core/store/store.hpp"

namespace {

using namespace curfew;

constexpr std::uint64_t most_entries = 4'000'000;  // only so that one that nobody kills ends
const ledger::StreamId stream_id{"corp", "kill", 1};

void acknowledge(int file, const ledger::SealedBatch& batch) {
  base::kill_point("client.before_answer");
  std::string lines;
  for (const auto& row : batch.entries) lines += std::to_string(row.sequence) + "\n";
  if (write(file, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size()) || fdatasync(file) != 0) {
    throw Error(ErrorKind::Unavailable, "can't write the list of acknowledged keys");
  }
}

ledger::Tree stored_tree(store::Store& reader, const store::StreamHead& head) {
  std::vector<Digest32> hashes;
  ledger::LeafEncoder encoder(head.id);
  std::array<char, 8> subject{};
  reader.read_entries(head.stream, head.size - head.size % ledger::tile_width, head.size,
                      [&](ledger::SealedEntry&& row) {
                        hashes.push_back(encoder.hash(ledger::fields_of(row, subject)));
                        return true;
                      });
  return ledger::Tree::restore(head.size, hashes,
                               [&](std::uint32_t level, std::uint64_t index, std::uint32_t) {
                                 return reader.tile(head.stream, level, index);
                               });
}

// As the daemon does: the same batch again when the new connection was cut as well.
void append(store::Store& writer, const store::StreamHead& head, const ledger::SealedBatch& batch,
            const store::Extras& extras) {
  constexpr int most_tries = 20;
  for (int tried = 1;; ++tried) {
    try {
      writer.append(head, batch, extras);
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable || tried == most_tries) throw;
    }
  }
}

void run(const std::string& conninfo, const std::string& acknowledged, std::uint64_t seed) {
  // The same key in each life of the process.
  const auto key = ledger::SigningKey::from_seed(ledger::origin_of(stream_id), base::sha256("kill test"));
  store::Store writer({conninfo}, store::Role::Writer);
  store::StreamHead head = writer.open_stream(stream_id, key.verifier().text());
  ledger::Sealer sealer(stream_id, {key}, stored_tree(writer, head), base::fill_random);
  std::mt19937_64 random(seed);
  const int file = open(acknowledged.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  std::uint64_t next = head.size;
  while (next < most_entries) {
    std::vector<model::Entry> entries;
    store::Extras extras;
    const std::uint64_t count = 1 + random() % 400;
    for (std::uint64_t i = 0; i < count; ++i, ++next) {
      model::Entry entry;
      if (next == 0) entry = ledger::opening_entry({stream_id, key.verifier().text(), std::nullopt}, Time{});
      entry.engine_time = base::from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(next));
      if (next > 0) {
        entry.source = "kill";
        entry.facts = R"({"type":"activity","key":)" + std::to_string(next) + "}";
      }
      if (next % 4 == 1) {
        const model::PersonalValue value{
            {next + 1}, model::PersonalKind::Identifier, "upn", std::to_string(next)};
        entry.personal = model::to_json({value});
        extras.references.push_back(value);
      }
      store::IdempotencyKey idempotency;
      idempotency.source = "kill";
      const Digest32 digest = base::sha256(std::to_string(next));
      std::copy_n(digest.begin(), 16, idempotency.key.begin());
      idempotency.expires_at = base::latest_time;
      extras.keys.push_back(idempotency);
      entries.push_back(std::move(entry));
    }
    model::SessionRow session;
    session.number = 1 + random() % 50;
    session.source = "kill";
    session.activities = next;
    extras.sessions.push_back(session);
    extras.cursors.push_back({"kill", "file", std::to_string(next), count, 0, 0});
    const ledger::SealedBatch batch = sealer.seal(std::move(entries), base::wall_clock_now());
    append(writer, head, batch, extras);
    acknowledge(file, batch);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: kill_appender CONNINFO ACKNOWLEDGED_FILE SEED\n", stderr);
    return 2;
  }
  try {
    base::arm_kill_points();
    run(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
