#include "core/app/recovery.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <utility>

#include "core/base/error.hpp"
#include "core/engine/record.hpp"
#include "core/ledger/leaf.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/opening.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t keys_at_once = 5'000;

class Stopwatch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(from_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point from_ = std::chrono::steady_clock::now();
};

struct Found {
  store::StreamHead head;
  ledger::SigningKey key;
  std::optional<model::Entry> opening;
};

// This node's streams of the realm, oldest first.
std::vector<store::StreamHead> streams_of(store::Store& store, const Settings& settings) {
  std::vector<store::StreamHead> streams;
  for (store::StreamHead& stream : store.streams()) {
    if (stream.id.realm == settings.realm && stream.id.node == settings.node)
      streams.push_back(std::move(stream));
  }
  std::sort(streams.begin(), streams.end(),
            [](const store::StreamHead& a, const store::StreamHead& b) { return a.id.epoch < b.id.epoch; });
  return streams;
}

Found open_stream(store::Store& store, const Settings& settings,
                  const std::vector<store::StreamHead>& streams) {
  const std::string file = ledger_key_file(settings);
  const bool has_key = std::filesystem::exists(file);
  ledger::StreamId id{.realm = settings.realm, .node = settings.node, .epoch = 1};
  if (!streams.empty() && has_key) {
    id = streams.back().id;
    ledger::SigningKey key = ledger::load_key_file(file, ledger::origin_of(id));
    store::StreamHead head = store.open_stream(id, key.verifier().text());
    std::optional<model::Entry> opening;
    if (head.size == 0)
      opening = ledger::opening_entry({.id = id, .verifier_key = key.verifier().text(), .predecessor = {}},
                                      base::wall_clock_now());
    return {std::move(head), std::move(key), std::move(opening)};
  }
  std::optional<ledger::KnownHead> predecessor;
  if (!streams.empty()) {
    id.epoch = streams.back().id.epoch + 1;
    if (streams.back().size > 0)
      predecessor = ledger::known_head(streams.back().checkpoint, streams.back().verifier_key);
  }
  ledger::SigningKey key = has_key ? ledger::load_key_file(file, ledger::origin_of(id))
                                   : ledger::create_key_file(file, ledger::origin_of(id));
  store::StreamHead head = store.open_stream(id, key.verifier().text());
  model::Entry opening = ledger::opening_entry(
      {.id = id, .verifier_key = key.verifier().text(), .predecessor = predecessor}, base::wall_clock_now());
  return {std::move(head), std::move(key), std::move(opening)};
}

ledger::Tree restore_tree(store::Store& store, const store::StreamHead& head) {
  std::vector<Digest32> edge;
  ledger::LeafEncoder encoder(head.id);
  std::array<char, 8> subject{};
  store.read_entries(head.stream, head.size - head.size % ledger::tile_width, head.size,
                     [&](ledger::SealedEntry&& row) {
                       edge.push_back(encoder.hash(ledger::fields_of(row, subject)));
                       return true;
                     });
  ledger::Tree tree =
      ledger::Tree::restore(head.size, edge, [&](std::uint32_t level, std::uint64_t index, std::uint32_t) {
        return store.tile(head.stream, level, index);
      });
  if (head.size > 0 && tree.root() != head.root)
    throw Error(ErrorKind::Corrupt,
                "the stored tiles do not give the root of the stored checkpoint at entry " +
                    std::to_string(head.size) + "; run `curfew verify`, then start from a backup");
  return tree;
}

// The newest snapshot of the newest stream that has one, and every entry after it.
engine::Engine restore_engine(store::Store& store, const std::vector<store::StreamHead>& streams,
                              model::Symbols& symbols, Recovered& report) {
  Stopwatch watch;
  engine::Engine engine(symbols);
  std::size_t first = 0;
  std::uint64_t from = 0;
  for (std::size_t i = streams.size(); i-- > 0;) {
    const auto snapshot = store.newest_snapshot(streams[i].stream);
    if (!snapshot) continue;
    report.phases.push_back({"snapshot read", watch.lap(), snapshot->bytes.size()});
    if (snapshot->size > streams[i].size)
      throw Error(ErrorKind::Corrupt, "a snapshot at entry " + std::to_string(snapshot->size) +
                                          " is beyond the ledger's end at " +
                                          std::to_string(streams[i].size) +
                                          ": the database was restored from an older state");
    // Written by another version: the ledger itself says all that it says.
    if (!engine::Engine::reads(snapshot->bytes)) {
      report.snapshot_of_another_format = true;
      continue;
    }
    engine = engine::Engine::load(snapshot->bytes, symbols);
    first = i;
    from = snapshot->size;
    report.snapshot_at = snapshot->size;
    report.snapshot_stored_at = snapshot->stored_at;
    report.phases.push_back({"snapshot loaded", watch.lap(), engine.counts().active});
    break;
  }
  engine::InputReader reader(symbols);
  model::Effects effects;
  for (std::size_t i = first; i < streams.size(); ++i) {
    store.read_entries(streams[i].stream, i == first ? from : 0, streams[i].size,
                       [&](ledger::SealedEntry&& row) {
                         if (auto input = reader.read(row.entry)) engine.apply(*input, effects);
                         ++report.replayed;
                         return true;
                       });
  }
  report.phases.push_back({"tail folded", watch.lap(), report.replayed});
  return engine;
}

// What admission must know: the references of all values, and the keys that may still be repeated.
struct Known {
  std::vector<model::PersonalValue> handles;
  std::vector<Recovered::Phase> phases;
};

Known restore_admission(const store::ConnectionInfo& database, connector::Admission& admission) {
  store::Store store(database, store::Role::Reader);
  Known known;
  Stopwatch watch;
  std::uint64_t references = 0;
  store.read_references([&](model::PersonalValue&& value) {
    ++references;
    admission.know_reference(value);
    if (value.kind == model::PersonalKind::Handle) known.handles.push_back(std::move(value));
  });
  known.phases.push_back({"references", watch.lap(), references});
  // Keys of a source that is not configured any more are passed over.
  std::uint64_t keys = 0;
  std::string source;
  std::vector<connector::Admission::KnownKey> together;
  const auto hand_over = [&] {
    if (admission.know_keys(source, together)) keys += together.size();
    together.clear();
  };
  store.read_idempotency_keys([&](store::IdempotencyKey&& key) {
    if (key.source != source || together.size() == keys_at_once) {
      hand_over();
      source = std::move(key.source);
    }
    together.push_back({key.key, key.expires_at});
  });
  hand_over();
  known.phases.push_back({"idempotency keys", watch.lap(), keys});
  return known;
}

}  // namespace

std::string ledger_key_file(const Settings& settings) {
  return settings.ledger.key_file.empty() ? settings.data + "/ledger.key" : settings.ledger.key_file;
}

Recovered recover(store::Store& store, const store::ConnectionInfo& database, const Settings& settings,
                  model::Symbols& symbols, connector::Admission& admission) {
  Stopwatch watch;
  const std::vector<store::StreamHead> streams = streams_of(store, settings);
  Found found = open_stream(store, settings, streams);
  ledger::Tree tree = restore_tree(store, found.head);
  ledger::Sealer sealer(found.head.id, {found.key}, std::move(tree), base::fill_random);
  Recovered recovered{.engine = engine::Engine(symbols),
                      .head = found.head,
                      .sealer = std::move(sealer),
                      .opening = std::move(found.opening),
                      .phases = {},
                      .memory = {},
                      .handles = {}};
  recovered.phases.push_back({"right edge of the tree", watch.lap(), found.head.size});
  std::future<Known> admitting =
      std::async(std::launch::async, [&] { return restore_admission(database, admission); });
  recovered.engine = restore_engine(store, streams, symbols, recovered);
  Known known = admitting.get();
  recovered.handles = std::move(known.handles);
  recovered.phases.insert(recovered.phases.end(), known.phases.begin(), known.phases.end());
  for (const store::CursorUpdate& cursor : store.cursors())
    recovered.memory[cursor.source].cursors.emplace_back(cursor.name, cursor.value);
  for (const store::MemoryUpdate& memory : store.memory())
    recovered.memory[memory.source].remembered.emplace_back(memory.key, memory.value);
  return recovered;
}

}  // namespace curfew::app
