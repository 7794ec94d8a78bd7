#include "core/ledger/leaf.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/base/error.hpp"
#include "core/ledger/note.hpp"
#include "core/ledger/opening.hpp"
#include "core/ledger/tree.hpp"

namespace curfew::ledger {
namespace {

const StreamId stream{"main", "a", 1};

// The three entries of docs/ledger-format.md, section 11. The bytes there were computed by other code from
// that page; if one of these tests fails, the format was changed, and no ledger that exists verifies any
// more.
SealedEntry opening_row() {
  SealedEntry row;
  row.sequence = 0;
  row.recorded_at = base::from_micros(1763758680000001);
  row.entry.kind = model::EntryKind::StreamOpened;
  row.entry.engine_time = row.entry.occurred_at = base::from_micros(1763758680000000);
  row.entry.facts =
      R"({"node":"a","epoch":1,"verifier_key":"curfew/main/a/1+869b7a4f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"})";
  return row;
}

SealedEntry observation_row() {
  SealedEntry row;
  row.sequence = 1;
  row.recorded_at = base::from_micros(1763758681000000);
  row.entry.kind = model::EntryKind::Observation;
  row.entry.engine_time = base::from_micros(1763758680500000);
  row.entry.occurred_at = base::from_micros(1763758679000000);
  row.entry.source = "crm-forms";
  for (std::uint8_t i = 0; i < 16; ++i) row.entry.session.bytes[i] = static_cast<std::uint8_t>(16 + i);
  row.entry.subject.bits = 0xa1;
  row.entry.facts = R"({"type":"sign_in","ids":[["upn","00000000000000a1"]]})";
  row.entry.personal =
      R"([{"ref":"00000000000000a1","kind":"identifier","namespace":"upn","value":"zoë@corp.test"}])";
  for (char i = 0; i < 16; ++i) row.salt += i;
  row.commitment = base::as_text(commitment_of(row.salt, row.entry.personal));
  return row;
}

SealedEntry tick_row() {
  SealedEntry row;
  row.sequence = 2;
  row.recorded_at = base::from_micros(1763758681000000);
  row.entry.kind = model::EntryKind::Tick;
  row.entry.engine_time = base::from_micros(-1);
  row.entry.facts = "{}";
  return row;
}

std::string hex(std::string_view bytes) {
  return base::to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

TEST(Leaf, OpeningEntryHasTheGoldenBytes) {
  EXPECT_EQ(hex(leaf_bytes(opening_row(), stream)),
            "01000000046d61696e0000000f6375726665772f6d61696e2f612f310000000800000000000000000000000800064421"
            "119746000000000800064421119746000000000800064421119746010000000d73747265616d5f6f70656e6564000000"
            "0000000000000000000000006d7b226e6f6465223a2261222c2265706f6368223a312c2276657269666965725f6b6579"
            "223a226375726665772f6d61696e2f612f312b38363962376134662b4159714934393130436647562f564c624c547936"
            "58584c4b5a776d2f485a5153472f4e306941473044323963227d00000000");
}

TEST(Leaf, ObservationWithPersonalValuesHasTheGoldenBytes) {
  EXPECT_EQ(hex(observation_row().commitment),
            "36f02d8657601718d6d5be11cc75c11890ec540e962edc0a6804f6dbeaf279a3");
  EXPECT_EQ(hex(leaf_bytes(observation_row(), stream)),
            "01000000046d61696e0000000f6375726665772f6d61696e2f612f310000000800000000000000010000000800064421"
            "119ee7200000000800064421118803c0000000080006442111a688400000000b6f62736572766174696f6e0000000963"
            "726d2d666f726d7300000010101112131415161718191a1b1c1d1e1f0000000800000000000000a1000000357b227479"
            "7065223a227369676e5f696e222c22696473223a5b5b2275706e222c2230303030303030303030303030306131225d5d"
            "7d0000002036f02d8657601718d6d5be11cc75c11890ec540e962edc0a6804f6dbeaf279a3");
}

TEST(Leaf, AbsentFieldsAndNegativeTimesHaveTheGoldenBytes) {
  EXPECT_EQ(hex(leaf_bytes(tick_row(), stream)),
            "01000000046d61696e0000000f6375726665772f6d61696e2f612f3100000008000000000000000200000008ffffffff"
            "ffffffff00000000000000080006442111a68840000000047469636b000000000000000000000000000000027b7d0000"
            "0000");
}

Digest32 golden_root() {
  Tree tree;
  std::vector<Tile> full;
  LeafEncoder encoder(stream);
  std::array<char, 8> subject;
  for (const SealedEntry& row : {opening_row(), observation_row(), tick_row()})
    tree.append(encoder.hash(fields_of(row, subject)), full);
  return tree.root();
}

TEST(Leaf, ThreeGoldenLeavesHaveTheGoldenRoot) {
  EXPECT_EQ(base::to_hex(golden_root()), "705bab1c2ab66ca65ee50c3880a3924c38c50ff7af60e127de31052ed0b06c7f");
}

TEST(LedgerFormatPage, HasTheVectorsThatTheProgramProduces) {
  std::ifstream file(CURFEW_SOURCE_DIR "/docs/ledger-format.md");
  const std::string page(std::istreambuf_iterator<char>(file), {});
  Digest32 seed;
  seed.fill(1);
  const SigningKey key = SigningKey::from_seed(origin_of(stream), seed);
  EXPECT_EQ(parse_opening(opening_row().entry.facts).verifier_key, key.verifier().text());
  std::vector<std::string> vectors{key.verifier().text(),         opening_row().entry.facts,
                                   observation_row().entry.facts, observation_row().entry.personal,
                                   hex(observation_row().salt),   hex(observation_row().commitment),
                                   base::to_hex(golden_root())};
  for (const SealedEntry& row : {opening_row(), observation_row(), tick_row()}) {
    vectors.push_back(hex(leaf_bytes(row, stream)));
    vectors.push_back(base::to_hex(leaf_hash(leaf_bytes(row, stream))));
  }
  for (const std::string& vector : vectors)
    EXPECT_NE(page.find("    " + vector + "\n"), std::string::npos) << vector;
  const std::string note = sign_note(format_checkpoint({origin_of(stream), 3, golden_root(), {}}), {&key, 1});
  EXPECT_NE(page.find("```\n" + note + "```\n"), std::string::npos) << note;
}

TEST(Leaf, EncoderHashesTheLeafBehindTheLeafPrefix) {
  LeafEncoder encoder(stream);
  std::array<char, 8> subject;
  const SealedEntry row = observation_row();
  EXPECT_EQ(encoder.hash(fields_of(row, subject)), leaf_hash(leaf_bytes(row, stream)));
  EXPECT_EQ(encoder.leaf(), leaf_bytes(row, stream));
}

TEST(Leaf, SizeIsKnownBeforeSealing) {
  for (const SealedEntry& row : {opening_row(), observation_row(), tick_row()})
    EXPECT_EQ(leaf_size(stream, row.entry), leaf_bytes(row, stream).size());
}

TEST(Leaf, DecodingGivesTheFieldsBack) {
  const SealedEntry row = observation_row();
  const std::string leaf = leaf_bytes(row, stream);
  std::array<char, 8> subject;
  LeafFields expected = fields_of(row, subject);
  expected.realm = "main";
  expected.stream = "curfew/main/a/1";
  EXPECT_EQ(decode_leaf(leaf), expected);
}

TEST(Leaf, EveryTruncationIsRefused) {
  const std::string leaf = leaf_bytes(observation_row(), stream);
  for (std::size_t length = 0; length < leaf.size(); ++length)
    EXPECT_THROW((void)decode_leaf(std::string_view(leaf).substr(0, length)), Error) << length;
  EXPECT_THROW((void)decode_leaf(leaf + '\0'), Error);
}

TEST(Leaf, OnlyOneSpellingOfAnEntryDecodes) {
  // Whatever byte is changed: either the leaf is refused, or it is the leaf of other fields.
  const std::string leaf = leaf_bytes(observation_row(), stream);
  for (std::size_t i = 0; i < leaf.size(); ++i) {
    for (const int flip : {1, 0x80}) {
      std::string changed = leaf;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      LeafFields fields;
      try {
        fields = decode_leaf(changed);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
        continue;
      }
      const auto id = parse_origin(fields.stream);
      ASSERT_TRUE(id);
      EXPECT_EQ(LeafEncoder(*id).encode(fields), changed) << "byte " << i;
    }
  }
}

TEST(Leaf, LongestLeafIsTakenAndOneByteMoreIsRefused) {
  SealedEntry row = tick_row();
  row.entry.facts.assign(model::max_leaf_bytes - leaf_bytes(row, stream).size() + row.entry.facts.size(),
                         ' ');
  EXPECT_EQ(leaf_bytes(row, stream).size(), model::max_leaf_bytes);
  EXPECT_NO_THROW((void)decode_leaf(leaf_bytes(row, stream)));
  row.entry.facts += ' ';
  try {
    (void)leaf_bytes(row, stream);
    FAIL() << "a leaf of " << model::max_leaf_bytes + 1 << " bytes was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Input);
    EXPECT_NE(std::string(error.what()).find("60001"), std::string::npos) << error.what();
  }
}

TEST(StreamName, OriginNamesRealmNodeAndEpoch) {
  EXPECT_EQ(origin_of(stream), "curfew/main/a/1");
  EXPECT_EQ(parse_origin("curfew/main/a/1"), stream);
  for (const char* other : {"", "curfew/", "curfew/main/a", "curfew/main/a/0", "curfew/main/a/01",
                            "curfew/main/a/-1", "curfew/ma in/a/1", "curfew//a/1", "other/main/a/1",
                            "curfew/main/a/4294967296", "curfew/main/a/b/1", "curfew/main/a/1/"})
    EXPECT_FALSE(parse_origin(other)) << other;
}

TEST(StreamName, WhatCannotStandInAKeyNameIsRefused) {
  for (const char* bad : {"", "a b", "a+b", "a/b", "caf\u00e9", "a\nb"}) {
    EXPECT_THROW(check_stream_id({bad, "a", 1}), Error) << bad;
    EXPECT_THROW(check_stream_id({"main", bad, 1}), Error) << bad;
  }
  EXPECT_THROW(check_stream_id({"main", "a", 0}), Error);
  EXPECT_THROW(check_stream_id({std::string(65, 'x'), "a", 1}), Error);
  EXPECT_NO_THROW(check_stream_id({std::string(64, 'x'), "a-B_0.c", 1}));
}

}  // namespace
}  // namespace curfew::ledger
