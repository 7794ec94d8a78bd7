// An evidence bundle of a small ledger, member by member, for tests that change it and seal it again or not.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/text.hpp"
#include "core/ledger/bundle.hpp"
#include "core/ledger/erasure.hpp"
#include "core/ledger/leaf.hpp"
#include "tests/unit/ledger/ledger_fixture.hpp"

namespace curfew::ledger {

// What the ledger holds behind its 805 entries of LedgerFixture, and what a report of it cites.
struct BundleFixture {
  static constexpr std::uint64_t idle = 308;  // an observation that introduced a name
  static constexpr std::uint64_t erased = 301;
  static constexpr std::uint64_t configuration = 805;
  static constexpr std::uint64_t gap = 806;
  static constexpr std::uint64_t violation = 807;
  static constexpr std::uint64_t erasure = 810;

  LedgerFixture ledger{805};
  std::vector<BundleMember> members;
  bool all;
  bool names;
  std::vector<std::uint64_t> sequences;

  explicit BundleFixture(bool all_records = false, bool with_names = false, std::uint8_t key_seed = 1)
      : all(all_records), names(with_names) {
    add_decisions();
    ledger.rows[erased].entry.personal.clear();
    ledger.rows[erased].salt.clear();
    if (key_seed != 1) rewrite_with(LedgerFixture::key_of(ledger.id, key_seed));
    for (std::uint64_t i = 0; i < ledger.rows.size(); ++i) {
      const bool cited = i == 0 || i == idle || i == configuration || i == gap || i == violation;
      if (all || cited) sequences.push_back(i);
    }
    add_members();
  }

  static std::string checkpoint_name() { return "streams/1/checkpoint"; }
  static std::string leaves_name() { return "streams/1/leaves"; }

  [[nodiscard]] std::string sealed() const { return seal_bundle(members, ledger.key); }
  [[nodiscard]] std::string& member(const std::string& name) {
    return std::find_if(members.begin(), members.end(), [&](const BundleMember& m) { return m.name == name; })
        ->content;
  }
  [[nodiscard]] std::string key() const { return ledger.key.verifier().text(); }

  [[nodiscard]] TileReader tiles() const {
    return
        [this](std::uint32_t level, std::uint64_t index, std::uint32_t width) -> std::optional<std::string> {
          if (width == tile_width) return ledger.tiles.at({level, index});
          return tree().partial_tile(level);
        };
  }
  [[nodiscard]] Proof consistency(std::uint64_t old_size) const {
    return consistency_proof(old_size, ledger.rows.size(), tiles());
  }
  [[nodiscard]] std::string leaf(std::uint64_t sequence) const {
    return leaf_bytes(ledger.rows[sequence], ledger.id);
  }
  void write_leaves(const std::vector<std::string>& leaves) {
    std::string text;
    for (const std::string& one : leaves) append_to_bundle(text, one);
    member(leaves_name()) = text;
  }

  [[nodiscard]] std::string report() const {
    const auto entry = [](std::uint64_t index) {
      return R"("entry":{"stream":1,"index":)" + std::to_string(index) + "}";
    };
    std::string checkpoint;
    base::append_json_string(checkpoint, ledger.checkpoints.rbegin()->second);
    return R"({"report":{"period":{"from":")" + base::format_rfc3339(LedgerFixture::at(-10)) + R"(","to":")" +
           base::format_rfc3339(LedgerFixture::at(5'000)) +
           R"("},"scope":{"sources":[],"applications":[],"account_types":[]}},)"
           R"("controls":[{"framework":"pci-dss","control":"8.2.8","exceptions_total":3,"exceptions":[)"
           R"({"source":"crm-forms","violation":1,)" +
           entry(violation) + R"(},{"source":"crm-forms","violation":null,)" + entry(idle) +
           R"(},{"source":"crm-forms","violation":null,"entry":null}]}],)"
           R"("losses":[{"source":"crm-forms",)" +
           entry(gap) + R"(}],"policy_versions":[{)" + entry(configuration) +
           R"(}],"pictures":{"violations_by_policy":{"one-hour":1}},)"
           R"("ledger":{"streams":[{"number":1,"origin":")" +
           origin_of(ledger.id) + R"(","size":)" + std::to_string(ledger.rows.size()) + R"(,"checkpoint":)" +
           checkpoint + "}]}}\n";
  }

 private:
  static model::Entry decision(model::EntryKind kind, std::string facts) {
    model::Entry entry;
    entry.kind = kind;
    entry.engine_time = entry.occurred_at = LedgerFixture::at(1'000);
    entry.source = "crm-forms";
    entry.facts = std::move(facts);
    return entry;
  }

  void add_decisions() {
    using model::EntryKind;
    ledger.add({decision(EntryKind::Configuration, "{}"),
                decision(EntryKind::Observation, R"({"type":"gap","count":12})"),
                decision(EntryKind::ViolationOpened, R"({"violation":1,"policy":"one-hour"})"),
                decision(EntryKind::ViolationOpened, R"({"violation":2,"policy":"one-hour"})"),
                decision(EntryKind::ViolationWithdrawn, R"({"violation":2,"policy":"one-hour"})")});
    ledger.add(erasure_entries({{origin_of(ledger.id), {{erased, erased}}}}, LedgerFixture::at(2'000)));
  }

  // As an intruder would who has no key of this ledger: everything again, the opening entry too.
  void rewrite_with(const SigningKey& key) {
    ledger.key = key;
    ledger.rows[0].entry.facts =
        opening_entry({ledger.id, key.verifier().text(), {}}, LedgerFixture::at(0)).facts;
    ledger.rows[erased].entry = LedgerFixture::entry(erased);
    ledger.rewrite(key);
    ledger.rows[erased].entry.personal.clear();
    ledger.rows[erased].salt.clear();
  }

  [[nodiscard]] Tree tree() const {
    Tree tree;
    std::vector<Tile> full;
    LeafEncoder encoder(ledger.id);
    std::array<char, 8> subject;
    for (const SealedEntry& row : ledger.rows) tree.append(encoder.hash(fields_of(row, subject)), full);
    return tree;
  }

  void add_members() {
    const std::string size = std::to_string(ledger.rows.size());
    std::string leaves;
    for (const std::uint64_t i : sequences) append_to_bundle(leaves, leaf(i));
    members = {
        {"README", "what this is\n"},
        {"bundle.json", R"({"format":1,"names":)" + std::string(names ? "true" : "false") +
                            R"(,"streams":[{"number":1,"origin":")" + origin_of(ledger.id) + R"(","size":)" +
                            size + R"(,"records":)" + std::to_string(sequences.size()) + R"(,"first":)" +
                            (all ? "0" : "null") + R"(,"last":)" +
                            (all ? std::to_string(ledger.rows.size() - 1) : "null") + "}]}\n"},
        {"report.html", "<!doctype html><title>report</title>\n"},
        {"report.json", report()},
        {"streams/1/key", key() + "\n"},
        {"streams/1/checkpoint", ledger.checkpoints.rbegin()->second},
        {"streams/1/leaves", leaves}};
    if (names) members.push_back({"streams/1/personal.ndjson", personal()});
    for (const TilePlace& place : tiles_for(ledger.rows.size(), sequences))
      members.push_back({"streams/1/" + tile_path(place.level, place.index, place.width),
                         *tiles()(place.level, place.index, place.width)});
  }

  [[nodiscard]] std::string personal() const {
    std::string text;
    for (const std::uint64_t i : sequences) {
      const SealedEntry& row = ledger.rows[i];
      if (row.entry.personal.empty()) continue;
      text += R"({"stream":1,"sequence":)" + std::to_string(i) + R"(,"salt":"\\x)" +
              base::to_hex({reinterpret_cast<const std::uint8_t*>(row.salt.data()), row.salt.size()}) +
              R"(","value":)";
      base::append_json_string(text, row.entry.personal);
      text += "}\n";
    }
    return text;
  }
};

}  // namespace curfew::ledger
