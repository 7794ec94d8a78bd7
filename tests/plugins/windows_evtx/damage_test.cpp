// Chunks and records that lie: each costs itself, is told with its place, and what is whole around it is
// read.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "plugins/windows/evtx/chunk_reader.hpp"
#include "plugins/windows/evtx/file_header.hpp"
#include "tests/plugins/windows_evtx/evtx_maker.hpp"

namespace curfew::windows {
namespace {

using made::ChunkMaker, made::u16, made::u32, made::u64, made::utf16, made::Xml;

struct Collected final : RecordSink {
  void event(WindowsEvent&& event) override { events.push_back(std::move(event)); }
  void recovered(WindowsEvent&& event) override { found_in_slack.push_back(std::move(event)); }
  void recovered_torn() override { ++torn; }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    places.push_back(std::string(place) + ": " + std::string(why));
    lost += records;
  }
  void other_line() override {}
  std::vector<WindowsEvent> events, found_in_slack;
  std::vector<std::string> places;
  std::uint64_t torn = 0, lost = 0;
};

Collected read(std::string_view bytes, evtx::ChunkRange range = {.place = 4096}) {
  Collected collected;
  evtx::ChunkReader reader;
  reader.read(bytes, evtx::Chunk(bytes), range, collected);
  return collected;
}

// A good record, the one that `add` writes, and a good one.
Collected between_good_ones(const std::function<void(ChunkMaker&)>& add) {
  ChunkMaker chunk;
  chunk.add_data({{"TargetUserName", {1, utf16("before")}}});
  add(chunk);
  chunk.add_data({{"TargetUserName", {1, utf16("behind")}}});
  return read(chunk.finish());
}

void expect_one_lost(const Collected& read) {
  ASSERT_EQ(read.events.size(), 2U);
  EXPECT_EQ(read.events[0].get(Field::TargetUserName), "before");
  EXPECT_EQ(read.events[1].get(Field::TargetUserName), "behind");
  EXPECT_EQ(read.places,
            std::vector<std::string>{"chunk at byte 4096: of its records 1 to 3, 1 can't be read"});
  EXPECT_EQ(read.lost, 1U);
}

void data(Xml& xml, std::string_view name, unsigned index) {
  xml.open("Data", true).attribute("Name").text(utf16(name)).start().value(index).end();
}

TEST(EvtxDamage, AWholeChunkIsReadAndNothingIsTold) {
  const Collected all = between_good_ones([](ChunkMaker& chunk) {
    chunk.add_data({{"TargetUserName", {1, utf16("between")}}});
  });
  EXPECT_EQ(all.events.size(), 3U);
  EXPECT_EQ(all.places, std::vector<std::string>{});
  EXPECT_EQ(all.events[1].record_id, 2U);
  EXPECT_EQ(all.events[1].computer, "WS01");
  EXPECT_EQ(all.events[1].channel, "Security");
}

TEST(EvtxDamage, AnIndexBeyondTheValuesCostsItsRecord) {
  expect_one_lost(between_good_ones([](ChunkMaker& chunk) {
    chunk.add_event(
        [](Xml& xml) {
          xml.open("EventData").start();
          data(xml, "TargetUserName", 60'000);
          xml.end();
        },
        {});
  }));
}

TEST(EvtxDamage, SizesThatLeadOutOfTheRecordCostIt) {
  // Of the definition, of the count of values, of a value.
  for (std::size_t lie = 0; lie < 3; ++lie) {
    expect_one_lost(between_good_ones([&](ChunkMaker& chunk) {
      Xml xml(chunk.next_at());
      xml.header();
      std::size_t definition = 0;
      definition = made::instance(
          xml, [](Xml& body) { made::event(body, [](Xml&) {}); }, made::system_values(2));
      const std::size_t size_at = definition - chunk.next_at() + 20;
      std::uint32_t size = 0;
      std::memcpy(&size, xml.out.data() + size_at, sizeof size);
      const std::size_t count_at = size_at + 4 + size;
      if (lie == 0) made::put(xml.out, size_at, u32(0xFFFFFFF0));
      if (lie == 1) made::put(xml.out, count_at, u32(0xFFFFFFF0));
      if (lie == 2) made::put(xml.out, count_at + 4, u16(0xFFFF));
      chunk.add(xml.byte(0).out);
    }));
  }
}

TEST(EvtxDamage, ATextLongerThanItsChunkCostsItsRecord) {
  expect_one_lost(between_good_ones([](ChunkMaker& chunk) {
    chunk.add_event([](Xml& xml) { xml.open("EventData").start().raw({"\x05\x01\xff\xff", 4}).end(); }, {});
  }));
}

TEST(EvtxDamage, ATemplateWithinATemplateIsNone) {
  expect_one_lost(between_good_ones([](ChunkMaker& chunk) {
    const std::size_t own = chunk.next_at() + 4 + 2 + 4 + 4;
    chunk.add_event(
        [&](Xml& xml) {
          xml.open("EventData").start().raw({"\x0c\x01", 2}).raw(u32(7)).raw(u32(own)).raw(u32(0)).end();
        },
        {});
  }));
}

// Value 4 of the outer instance is an instance of the outer template, whose value 4 is one …
TEST(EvtxDamage, ATemplateThatComesToItselfIsFollowedOnlySoFar) {
  const auto nested = [](int depth) {
    return between_good_ones([depth](ChunkMaker& chunk) {
      const std::size_t own = chunk.next_at() + 4 + 2 + 4 + 4;
      std::string value;
      for (int i = 0; i < depth; ++i) {
        Xml inner(0);
        made::instance(
            inner, [](Xml&) {}, made::with_system(2, {{0x21, value}}), own);
        value = inner.byte(0).out;
      }
      chunk.add_event([](Xml& xml) { xml.optional(4, 0x21); }, {{0x21, value}});
    });
  };
  EXPECT_EQ(nested(10).events.size(), 3U);
  expect_one_lost(nested(200));
}

TEST(EvtxDamage, AValueThatIsUsedAgainAndAgainOnEachLevelCostsNoTime) {
  const auto begin = std::chrono::steady_clock::now();
  const auto nested = [](int deepest) {
    return between_good_ones([deepest](ChunkMaker& chunk) {
      const std::size_t own = chunk.next_at() + 4 + 2 + 4 + 4;
      std::string value;
      for (int depth = 0; depth < deepest; ++depth) {
        Xml inner(0);
        made::instance(
            inner, [](Xml&) {}, made::with_system(2, {{0x21, value}}), own);
        value = inner.byte(0).out;
      }
      chunk.add_event(
          [](Xml& xml) {
            for (int i = 0; i < 100; ++i) xml.optional(4, 0x21);  // 100 to the power of 12
          },
          {{0x21, value}});
    });
  };
  EXPECT_EQ(nested(1).events.size(), 3U);
  expect_one_lost(nested(12));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(EvtxDamage, ElementsAreNestedOnlySoDeep) {
  for (const int depth : {30, 3000}) {
    const auto nested = [&](ChunkMaker& chunk) {
      chunk.add_event(
          [&](Xml& xml) {
            xml.open("EventData").start();
            // All with one name, so that there is room for them.
            const std::size_t name_at = xml.at() + 7;
            for (int i = 0; i < depth; ++i) {
              if (i == 0) {
                xml.open("x");
              } else {
                xml.byte(0x01).raw(u16(0xFFFF)).raw(u32(0)).raw(u32(name_at + 4));
              }
              xml.byte(0x02);
            }
            for (int i = 0; i < depth; ++i) xml.byte(0x04);
            xml.end();
          },
          {});
    };
    if (depth == 30) {
      EXPECT_EQ(between_good_ones(nested).events.size(), 3U);
    } else {
      expect_one_lost(between_good_ones(nested));
    }
  }
}

TEST(EvtxDamage, NamesThatLieNowhereCostTheirRecord) {
  for (const std::uint64_t offset : {65'530ULL, 0xFFFFFFFFULL}) {
    expect_one_lost(between_good_ones([&](ChunkMaker& chunk) {
      chunk.add_event(
          [&](Xml& xml) { xml.byte(0x01).raw(u16(0xFFFF)).raw(u32(0)).raw(u32(offset)).byte(0x03); }, {});
    }));
  }
}

TEST(EvtxDamage, ADefinitionThatWasOverwrittenIsNotTakenForAnother) {
  expect_one_lost(between_good_ones([](ChunkMaker& chunk) {
    // The first record's definition, but under another identifier.
    Xml xml(chunk.next_at());
    xml.header().raw({"\x0c\x01", 2}).raw(u32(8)).raw(u32(512 + 24 + 4 + 10)).raw(u32(0)).byte(0);
    chunk.add(xml.out);
  }));
}

TEST(EvtxDamage, TokensThatAreNoneCostTheirRecord) {
  for (const unsigned token : {0x10U, 0x3fU, 0x0bU, 0x06U, 0x02U, 0x80U, 0xffU}) {
    expect_one_lost(between_good_ones([&](ChunkMaker& chunk) {
      chunk.add_event([&](Xml& xml) { xml.open("EventData").byte(token == 2 ? 0x0d : token).start().end(); },
                      {});
    }));
  }
}

TEST(EvtxDamage, HalfAPairOfSurrogatesIsNoCharacterButTheRestIsRead) {
  const Collected all = between_good_ones([](ChunkMaker& chunk) {
    chunk.add_data(
        {{"TargetUserName", {1, utf16(std::u16string_view(u"a\xDC00\xD800z\xD83D\xDE00\xD800"))}}});
  });
  ASSERT_EQ(all.events.size(), 3U);
  EXPECT_EQ(all.events[1].get(Field::TargetUserName),
            "a\xEF\xBF\xBD\xEF\xBF\xBDz\xF0\x9F\x98\x80\xEF\xBF\xBD");
  EXPECT_TRUE(is_clean_utf8(all.events[1].get(Field::TargetUserName)));
}

TEST(EvtxDamage, TextsInPartsReferencesAndNamesByValueAreOneText) {
  const Collected all = between_good_ones([](ChunkMaker& chunk) {
    chunk.add_event(
        [](Xml& xml) {
          xml.open("EventData").start();
          xml.open("Data", true).attribute("Name").value(4).start();
          xml.text(utf16("COR"), true).byte(0x48).raw(u16('P')).byte(0x49).name("amp").value(5).end();
          xml.open("Data", true)
              .attribute("Name")
              .text(utf16("Target"), true)
              .text(utf16("UserName"))
              .start();
          xml.raw({"\x07\x02\0", 3}).raw(utf16("<>")).end();
          xml.end();
        },
        {{1, utf16("TargetDomainName")}, {8, u32(7)}});
  });
  ASSERT_EQ(all.events.size(), 3U);
  EXPECT_EQ(all.events[1].get(Field::TargetDomainName), "CORP&7");
  EXPECT_EQ(all.events[1].get(Field::TargetUserName), "<>");
}

TEST(EvtxDamage, ARecordAcrossTheChunksEndCostsItself) {
  ChunkMaker chunk;
  chunk.add_data({{"TargetUserName", {1, utf16("before")}}});
  const std::size_t second = chunk.next_at() - 24;
  chunk.add_data({{"TargetUserName", {1, utf16("behind")}}});
  std::string bytes = chunk.finish();
  made::put(bytes, second + 4, u32(65'536));
  const Collected all = read(bytes);
  EXPECT_EQ(all.events.size(), 1U);
  EXPECT_EQ(all.places,
            std::vector<std::string>{"chunk at byte 4096: of its records 1 to 2, 1 can't be read"});
}

TEST(EvtxDamage, ARecordOfNoSizeDoesNotHoldTheReaderUp) {
  for (const std::uint64_t size : {0ULL, 1ULL, 27ULL}) {
    ChunkMaker chunk;
    chunk.add_data({{"TargetUserName", {1, utf16("before")}}});
    const std::size_t second = chunk.next_at() - 24;
    chunk.add_data({{"TargetUserName", {1, utf16("behind")}}});
    std::string bytes = chunk.finish();
    made::put(bytes, second + 4, u32(size));
    EXPECT_EQ(read(bytes).events.size(), 1U);
  }
}

TEST(EvtxDamage, AChunkThatIsCutOffGivesWhatIsThere) {
  ChunkMaker chunk;
  chunk.add_data({{"TargetUserName", {1, utf16("before")}}});
  const std::size_t second = chunk.next_at() - 24;
  chunk.add_data({{"TargetUserName", {1, utf16("behind")}}});
  const std::string bytes = chunk.finish();
  for (std::size_t size = 0; size < second + 2000; size += 13) {
    // Memory that ends there: a read beyond it is seen by a sanitizer.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const Collected all = read({cut.data(), cut.size()}, {.place = 4096, .with_checksum = false});
    EXPECT_EQ(all.events.size() + all.lost, size < 56 ? 0U : 2U) << size;
    EXPECT_LE(all.events.size(), size < second ? 1U : 2U);
  }
}

TEST(EvtxDamage, AWrongChecksumIsToldAndTheRecordsAreRead) {
  ChunkMaker chunk;
  chunk.add_data({{"TargetUserName", {1, utf16("alice")}}});
  std::string bytes = chunk.finish();
  bytes[52] = static_cast<char>(bytes[52] + 1);
  const Collected all = read(bytes);
  EXPECT_EQ(all.events.size(), 1U);
  EXPECT_EQ(all.places,
            std::vector<std::string>{
                "chunk at byte 4096: its checksum is wrong; its records were read as they are there"});
  EXPECT_EQ(all.lost, 0U);
  EXPECT_EQ(read(bytes, {.place = 4096, .with_checksum = false}).places, std::vector<std::string>{});
}

TEST(EvtxDamage, SlackIsSearchedAndWhatIsTornThereIsCounted) {
  ChunkMaker chunk;
  chunk.add_data({{"TargetUserName", {1, utf16("alice")}}});
  const std::size_t end = chunk.next_at() - 24;
  for (int i = 0; i < 3; ++i) chunk.add_data({{"TargetUserName", {1, utf16("old")}}});
  std::string bytes = chunk.finish();
  made::put(bytes, 32, u64(1));
  made::put(bytes, 44, u32(512));
  made::put(bytes, 48, u32(end));
  made::put(bytes, end + 24 + 4, std::string("\x0c\x02", 2) + std::string(10, '\xff'));
  const Collected all = read(bytes, {.place = 4096, .with_checksum = false});
  EXPECT_EQ(all.events.size(), 1U);
  EXPECT_EQ(all.found_in_slack.size(), 2U);
  EXPECT_EQ(all.torn, 1U);
  const Collected none = read(bytes, {.place = 4096, .with_recovered = false, .with_checksum = false});
  EXPECT_EQ(none.found_in_slack.size() + none.torn, 0U);
  // A chunk that the file doesn't count holds nothing but such records.
  const Collected uncounted = read(bytes, {.place = 4096, .is_counted = false});
  EXPECT_EQ(uncounted.events.size(), 0U);
  EXPECT_EQ(uncounted.found_in_slack.size(), 3U);
  EXPECT_EQ(uncounted.places, std::vector<std::string>{});
}

TEST(EvtxDamage, RecordsUpToANumberArePassedOverAndNotMissed) {
  ChunkMaker chunk(10);
  for (int i = 0; i < 4; ++i) chunk.add_data({{"TargetUserName", {1, utf16("alice")}}});
  const Collected all = read(chunk.finish(), {.place = 4096, .after_record = 12});
  ASSERT_EQ(all.events.size(), 1U);
  EXPECT_EQ(all.events[0].record_id, 13U);
  EXPECT_EQ(all.places, std::vector<std::string>{});
}

TEST(EvtxFileHeader, MoreChunksThanItsCountHoldsAreCountedByTheirNumbers) {
  std::string bytes = made::file_of({});
  made::put(bytes, 8, u64(0) + u64(70'000 - 1));
  made::put(bytes, 42, u16(70'000 & 0xFFFF));
  EXPECT_EQ(evtx::FileHeader(bytes).chunks, 70'000U);
  made::put(bytes, 16, u64(12));
  EXPECT_EQ(evtx::FileHeader(bytes).chunks, std::uint64_t{70'000 & 0xFFFF});
  EXPECT_FALSE(evtx::FileHeader("ElfFile").is_log);
}

}  // namespace
}  // namespace curfew::windows
