// Everything that can be done to a bundle, with the member at which it must be found: by our verifier and by
// the two that share no code with it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/ledger/bundle_fixture.hpp"

namespace curfew::ledger {

struct BundleChange {
  std::string name;
  std::string bytes;  // of the changed bundle
  std::string place;  // a part of what must be said
  bool tree = true;   // Go's verifier looks at this too
};

// The same members without a new seal.
inline std::string archive_of(std::string_view sealed,
                              const std::function<void(std::vector<BundleMember>&)>& change) {
  std::vector<BundleMember> members;
  const ReadArchive read = read_archive(sealed);
  for (const ArchiveMember& one : read.members)
    members.push_back({std::string(one.name), std::string(one.content)});
  change(members);
  ArchiveWriter archive;
  for (const BundleMember& one : members) archive.add(one.name, one.content);
  return archive.finish();
}

inline std::vector<BundleChange> bundle_changes() {
  std::vector<BundleChange> out;
  BundleFixture genuine(false, true);
  const std::string sealed = genuine.sealed();
  const ReadArchive archive = read_archive(sealed);
  const auto add = [&](const std::string& name, std::string bytes, const std::string& place,
                       bool tree = true) {
    out.push_back({name, std::move(bytes), place, tree});
  };
  const auto unsealed = [&](const std::function<void(std::vector<BundleMember>&)>& change) {
    return archive_of(sealed, change);
  };
  // By who changes the file alone.
  for (std::size_t i = 0; i < archive.members.size(); ++i) {
    const std::string name(archive.members[i].name);
    std::string bytes = sealed;
    bytes[archive.members[i].offset + archive_block + archive.members[i].content.size() / 2] ^= 1;
    add("byte of " + name, bytes, name);
    add("without " + name,
        unsealed([&](auto& members) { members.erase(members.begin() + static_cast<long>(i)); }),
        i < 2 ? "begin with the members" : name);
  }
  std::string header = sealed;
  header[archive.members[4].offset + 100] = '1';
  add("byte of a header", header, "at byte " + std::to_string(archive.members[4].offset));
  std::string padding = sealed;
  padding[archive.members[2].offset + archive_block + archive.members[2].content.size() + 1] = 'x';
  add("byte of the padding", padding, "padding behind");
  add("trailing byte", sealed + 'x', "nothing behind");
  add("cut off", sealed.substr(0, sealed.size() / 2), "cut off");
  add("cut off at a block", sealed.substr(0, archive.members[5].offset), "cut off");
  add("empty", "", "cut off");
  add("added", unsealed([](auto& members) { members.push_back({"report.pdf", "%PDF"}); }), "report.pdf");
  add("added inside", unsealed([](auto& members) {
        members.insert(members.begin() + 3, {"streams/2/key", "k"});
      }),
      "streams/2/key");
  add("contents swapped", unsealed([](auto& members) { std::swap(members[2].content, members[4].content); }),
      "README");
  add("order swapped", unsealed([](auto& members) { std::swap(members[2], members[4]); }), "report.html");
  const BundleFixture whole(true, false);
  add("records of another bundle", unsealed([&](auto& members) {
        for (BundleMember& one : members)
          if (one.name == BundleFixture::leaves_name()) {
            one.content.clear();
            for (const std::uint64_t i : whole.sequences) append_to_bundle(one.content, whole.leaf(i));
          }
      }),
      BundleFixture::leaves_name());

  // By who has the ledger's key too: the seal is right, the tree is not.
  const auto resealed = [&](const std::function<void(BundleFixture&)>& change, bool all = false) {
    BundleFixture bundle(all, true);
    change(bundle);
    return bundle.sealed();
  };
  const std::string leaves = BundleFixture::leaves_name();
  const auto replaced = [&](std::size_t at, const std::string& leaf) {
    return [=](BundleFixture& bundle) {
      std::vector<std::string> all;
      for (const std::uint64_t i : bundle.sequences) all.push_back(bundle.leaf(i));
      all[at] = leaf;
      bundle.write_leaves(all);
    };
  };
  SealedEntry other = genuine.ledger.rows[BundleFixture::idle];
  other.entry.facts = R"({"type":"activity","address":"00000000000000fe"})";
  add("sealed: another record", resealed(replaced(1, leaf_bytes(other, genuine.ledger.id))), leaves);
  other = genuine.ledger.rows[BundleFixture::idle];
  other.sequence = BundleFixture::idle + 1;
  add("sealed: a record at another place", resealed(replaced(1, leaf_bytes(other, genuine.ledger.id))),
      leaves);
  add("sealed: a record of another stream",
      resealed(replaced(1, leaf_bytes(genuine.ledger.rows[BundleFixture::idle], {"main", "b", 1}))), leaves);
  add("sealed: a cited record is missing", resealed([&](BundleFixture& bundle) {
        std::vector<std::string> kept;
        for (const std::uint64_t i : bundle.sequences)
          if (i != BundleFixture::violation) kept.push_back(bundle.leaf(i));
        bundle.write_leaves(kept);
      }),
      "report.json");
  add("sealed: a record of the run is missing",
      resealed(
          [&](BundleFixture& bundle) {
            std::vector<std::string> kept;
            for (const std::uint64_t i : bundle.sequences)
              if (i != 400) kept.push_back(bundle.leaf(i));
            bundle.write_leaves(kept);
          },
          true),
      leaves);
  add("sealed: a record too many", resealed([&](BundleFixture& bundle) {
        std::vector<std::string> more;
        for (const std::uint64_t i : bundle.sequences) more.push_back(bundle.leaf(i));
        more.insert(more.begin() + 2, bundle.leaf(310));
        bundle.write_leaves(more);
      }),
      leaves);
  add("sealed: half a leaf", resealed([&](BundleFixture& bundle) { bundle.member(leaves).pop_back(); }),
      leaves);
  add("sealed: no opening entry", resealed([&](BundleFixture& bundle) {
        std::vector<std::string> kept;
        for (const std::uint64_t i : bundle.sequences)
          if (i != 0) kept.push_back(bundle.leaf(i));
        bundle.write_leaves(kept);
      }),
      leaves);
  add("sealed: a tile",
      resealed([](BundleFixture& bundle) { bundle.member("streams/1/tile/0/001")[40] ^= 1; }),
      "streams/1/tile");
  add("sealed: the right edge",
      resealed([](BundleFixture& bundle) { bundle.member("streams/1/tile/1/000.p/3")[40] ^= 1; }),
      "streams/1/tile");
  add("sealed: a tile that nobody needs", resealed([](BundleFixture& bundle) {
        bundle.members.push_back({"streams/1/tile/0/002", bundle.ledger.tiles.at({0, 2})});
      }),
      "streams/1/tile/0/002");
  add("sealed: a stale checkpoint", resealed([](BundleFixture& bundle) {
        bundle.member(BundleFixture::checkpoint_name()) = bundle.ledger.checkpoints.at(501);
      }),
      BundleFixture::checkpoint_name());
  add("sealed: a checkpoint by another key", resealed([](BundleFixture& bundle) {
        const SigningKey key = LedgerFixture::key_of(bundle.ledger.id, 9);
        std::string& note = bundle.member(BundleFixture::checkpoint_name());
        note = sign_note(parse_note(note).text, {&key, 1});
      }),
      BundleFixture::checkpoint_name());
  add("sealed: another key", resealed([](BundleFixture& bundle) {
        bundle.member("streams/1/key") = LedgerFixture::key_of(bundle.ledger.id, 9).verifier().text() + "\n";
      }),
      "streams/1/");
  add("sealed: a member that no bundle has", resealed([](BundleFixture& bundle) {
        bundle.members.push_back({"notes.txt", "x"});
      }),
      "notes.txt");
  add("sealed: no bundle.json", resealed([](BundleFixture& bundle) { bundle.member("bundle.json") = "[]"; }),
      "bundle.json");
  add("sealed: no report", resealed([](BundleFixture& bundle) { bundle.member("report.json") = "{"; }),
      "report.json");
  const auto edited = [&](const std::string& member, const std::string& from, const std::string& to) {
    return resealed([&](BundleFixture& bundle) {
      std::string& text = bundle.member(member);
      text.replace(text.find(from), from.size(), to);
    });
  };
  add("sealed: the report cites another entry", edited("report.json", R"("index":308)", R"("index":311)"),
      "report.json");
  add("sealed: the report cites one less",
      edited("report.json", R"("entry":{"stream":1,"index":308})", R"("entry":null)"), leaves);
  add("sealed: the report rests on another head",
      edited("report.json", R"("checkpoint":")", R"("checkpoint":"x)"), "report.json");
  add("sealed: the report numbers the stream otherwise",
      edited("report.json", R"("streams":[{"number":1)", R"("streams":[{"number":2)"), "report.json");
  add("sealed: the report's number is none",
      edited("report.json", R"("streams":[{"number":1)", R"("streams":[{"number":1.0)"), "report.json");
  add("sealed: the report doesn't number the stream",
      edited("report.json", R"("streams":[{"number":1,)", R"("streams":[{)"), "report.json");
  add("sealed: another violation is cited", edited("report.json", R"("violation":1)", R"("violation":3)"),
      "report.json", false);
  add("sealed: another source is cited",
      edited("report.json", R"("losses":[{"source":"crm-forms")", R"("losses":[{"source":"erp")"),
      "report.json", false);
  add("sealed: an observation is cited as policies",
      edited("report.json", R"("policy_versions":[{"entry":{"stream":1,"index":805)",
             R"("policy_versions":[{"entry":{"stream":1,"index":308)"),
      "report.json", false);
  add("sealed: one violation more is counted",
      resealed(
          [](BundleFixture& bundle) {
            std::string& text = bundle.member("report.json");
            const std::string from = R"("one-hour":1)";
            text.replace(text.find(from), from.size(), R"("one-hour":2)");
          },
          true),
      "report.json", false);
  add("sealed: the report's period is none",
      edited("report.json", R"("period":{"from":")", R"("period":{"from":"x)"), "report.json", false);
  const auto personal = [&](const std::string& from, const std::string& to) {
    return resealed(
        [&](BundleFixture& bundle) {
          std::string& text = bundle.member("streams/1/personal.ndjson");
          text.replace(text.find(from), from.size(), to);
        },
        true);
  };
  add("sealed: a name", personal("user14@", "user15@"), "streams/1/personal.ndjson");
  add("sealed: a salt", personal(R"("salt":"\\x0)", R"("salt":"\\x1)"), "streams/1/personal.ndjson");
  add("sealed: a name is missing",
      resealed(
          [](BundleFixture& bundle) {
            std::string& text = bundle.member("streams/1/personal.ndjson");
            text.erase(0, text.find('\n') + 1);
          },
          true),
      "streams/1/personal.ndjson", false);
  add("sealed: an erased name comes back",
      resealed(
          [](BundleFixture& bundle) {
            std::string& text = bundle.member("streams/1/personal.ndjson");
            const auto at = text.find(R"({"stream":1,"sequence":308)");
            const LedgerFixture before(805);
            const SealedEntry& row = before.rows[BundleFixture::erased];
            std::string line =
                R"({"stream":1,"sequence":301,"salt":"\\x)" +
                base::to_hex({reinterpret_cast<const std::uint8_t*>(row.salt.data()), row.salt.size()}) +
                R"(","value":)";
            base::append_json_string(line, row.entry.personal);
            text.insert(at, line + "}\n");
          },
          true),
      "streams/1/personal.ndjson", false);
  add(
      "sealed: the manifest by another key",
      [&] {
        BundleFixture bundle(false, true);
        return seal_bundle(bundle.members, LedgerFixture::key_of(bundle.ledger.id, 9));
      }(),
      "seal");
  add(
      "sealed: by another stream's key",
      [&] {
        BundleFixture bundle(false, true);
        return seal_bundle(bundle.members, LedgerFixture::key_of({"main", "b", 1}, 9));
      }(),
      "seal");
  add("a checkpoint in place of the seal",
      unsealed([&](auto& members) { members[0].content = genuine.ledger.checkpoints.at(501); }), "seal");
  add("made anew with another key", BundleFixture(true, true, 9).sealed(), "streams/1/checkpoint");
  return out;
}

}  // namespace curfew::ledger
