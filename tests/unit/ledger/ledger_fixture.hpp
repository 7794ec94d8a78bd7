// A small ledger in memory, laid out as the store has it, for tests that change it and look at what
// verification says.
#pragma once

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "core/ledger/opening.hpp"
#include "core/ledger/seal.hpp"
#include "core/ledger/verify.hpp"

namespace curfew::ledger {

struct LedgerFixture {
  StreamId id{"main", "a", 1};
  SigningKey key = key_of(id, 1);
  std::vector<SealedEntry> rows;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::string> tiles;
  std::map<std::uint64_t, std::string> checkpoints;

  static SigningKey key_of(const StreamId& id, std::uint8_t seed) {
    Digest32 bytes{};
    bytes.fill(seed);
    return SigningKey::from_seed(origin_of(id), bytes);
  }

  static Sealer::Random counting() {
    return [next = std::uint8_t{0}](std::span<std::uint8_t> bytes) mutable {
      for (std::uint8_t& byte : bytes) byte = next++;
    };
  }

  static Time at(std::int64_t seconds) { return base::from_micros((1'763'758'680 + seconds) * 1'000'000); }

  // One sign-in in seven introduces a person.
  static model::Entry entry(std::uint64_t number) {
    model::Entry entry;
    entry.kind = model::EntryKind::Observation;
    entry.engine_time = entry.occurred_at = at(static_cast<std::int64_t>(number));
    entry.source = "crm-forms";
    entry.session.bytes[0] = static_cast<std::uint8_t>(number % 250 + 1);
    entry.subject = model::Ref{number / 7 + 1};
    entry.facts = R"({"type":"activity","address":"00000000000000ff"})";
    if (number % 7 == 0) {
      entry.facts = R"({"type":"sign_in","ids":[["upn",")" + model::to_text(entry.subject) + "\"]]}";
      entry.personal = model::to_json(person(number));
    }
    return entry;
  }
  static std::vector<model::PersonalValue> person(std::uint64_t number) {
    return {{model::Ref{number / 7 + 1}, model::PersonalKind::Identifier, "upn",
             "user" + std::to_string(number) + "@corp.test"}};
  }

  // The opening entry and `count` - 1 others in batches.
  explicit LedgerFixture(std::uint64_t count = 0, std::uint64_t batch = 100,
                         StreamId stream = {"main", "a", 1},
                         std::optional<KnownHead> predecessor = std::nullopt)
      : id(std::move(stream)), key(key_of(id, 1)), sealer_(id, {key}, Tree(), counting()) {
    if (count == 0) return;
    add({opening_entry({id, key.verifier().text(), std::move(predecessor)}, at(0))});
    while (rows.size() < count) {
      std::vector<model::Entry> entries;
      while (entries.size() < batch && rows.size() + entries.size() < count)
        entries.push_back(entry(rows.size() + entries.size()));
      add(std::move(entries));
    }
  }

  void add(std::vector<model::Entry> entries) {
    SealedBatch sealed = sealer_.seal(std::move(entries), at(100'000));
    checkpoints[sealed.size()] = sealed.checkpoint;
    for (Tile& tile : sealed.tiles) tiles[{tile.level, tile.index}] = std::move(tile.bytes);
    for (SealedEntry& row : sealed.entries) rows.push_back(std::move(row));
  }

  [[nodiscard]] VerifyOptions options() const {
    VerifyOptions out;
    out.id = id;
    out.keys = {key.verifier()};
    return out;
  }

  [[nodiscard]] StreamVerifier verifier(VerifyOptions options) const {
    return {std::move(options),
            [this](std::uint32_t level, std::uint64_t index, std::uint32_t) -> std::optional<std::string> {
              const auto found = tiles.find({level, index});
              if (found == tiles.end()) return std::nullopt;
              return found->second;
            },
            [next = checkpoints.begin(), end = checkpoints.end(),
             previous = std::uint64_t{0}]() mutable -> std::optional<StoredCheckpoint> {
              if (next == end) return std::nullopt;
              const StoredCheckpoint out{next->first, next->second, {}, previous};
              previous = next->first;
              ++next;
              return out;
            }};
  }

  [[nodiscard]] StreamVerdict verify(VerifyOptions options) const {
    StreamVerifier verifier = this->verifier(std::move(options));
    for (const SealedEntry& row : rows) verifier.feed(row);
    return verifier.finish();
  }
  [[nodiscard]] StreamVerdict verify() const { return verify(options()); }

  // Seals everything again, as an intruder with this key would.
  void rewrite(const SigningKey& with) {
    std::vector<model::Entry> entries;
    for (const SealedEntry& row : rows) entries.push_back(row.entry);
    std::vector<std::uint64_t> sizes;
    for (const auto& [size, note] : checkpoints) sizes.push_back(size);
    rows.clear();
    tiles.clear();
    checkpoints.clear();
    sealer_ = Sealer(id, {with}, Tree(), counting());
    for (const std::uint64_t size : sizes) {
      const auto first = entries.begin() + static_cast<std::ptrdiff_t>(rows.size());
      add({first, entries.begin() + static_cast<std::ptrdiff_t>(size)});
    }
  }

 private:
  Sealer sealer_;
};

}  // namespace curfew::ledger
