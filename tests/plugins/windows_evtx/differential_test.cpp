// Our reader of EVTX beside another one (libevtx, by way of XML text): each record of every file gives the
// same event. Where they differ, it is written here which one is right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/windows/evtx_reader.hpp"
#include "tests/plugins/windows_evtx/evtx_maker.hpp"
#include "tests/plugins/windows_evtx/libevtx_reader.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;

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

// All of it, except the position, which counts in the order of reading.
std::string text_of(const WindowsEvent& event) {
  std::string text = std::to_string(event.record_id) + " " + std::to_string(event.event_id) + " v" +
                     std::to_string(event.version) + " " + format_time(event.time) +
                     (event.failure ? " failed " : " ") + event.computer + "|" + event.channel + "|" +
                     event.provider;
  for (std::size_t i = 0; i < field_count; ++i) {
    const std::string_view value = event.get(static_cast<Field>(i));
    if (!value.empty()) text += " " + std::to_string(i) + "=" + std::string(value);
  }
  return text;
}
std::vector<std::string> texts_of(const std::vector<WindowsEvent>& events) {
  std::vector<std::string> texts;
  texts.reserve(events.size());
  for (const WindowsEvent& event : events) texts.push_back(text_of(event));
  return texts;
}

std::vector<fs::path> files() {
  std::vector<fs::path> all;
  const fs::path source(CURFEW_SOURCE_DIR);
  for (const fs::path& folder :
       {source / ".." / "shared" / "data", source / "tests" / "fixtures" / "windows"}) {
    if (!fs::exists(folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".evtx") all.push_back(entry.path());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

// What libevtx makes of a record in the slack whose template has been overwritten by another event's: its
// values under that event's names. Ours compares the template's identifier, and calls it torn.
bool is_under_wrong_names(const WindowsEvent& event) {
  const std::string_view address = event.get(Field::IpAddress);
  return event.event_id == 4703 && !address.empty() && clean_address(address).empty();
}

class Differential : public testing::TestWithParam<fs::path> {};

TEST_P(Differential, EachRecordGivesTheSameEvent) {
  Collected ours, theirs;
  read_evtx(GetParam().string(), ours);
  oracle::read_evtx(GetParam().string(), theirs);
  const auto our_events = texts_of(ours.events), their_events = texts_of(theirs.events);
  ASSERT_EQ(our_events.size(), their_events.size());
  for (std::size_t i = 0; i < our_events.size(); ++i) ASSERT_EQ(our_events[i], their_events[i]) << i;
  const std::size_t wrong = std::erase_if(theirs.found_in_slack, is_under_wrong_names);
  EXPECT_EQ(wrong, GetParam().filename() == "deepbluecli-sliver-security.evtx" ? 13U : 0U);
  EXPECT_EQ(texts_of(ours.found_in_slack), texts_of(theirs.found_in_slack));
  EXPECT_EQ(ours.torn, theirs.torn + wrong);
}

INSTANTIATE_TEST_SUITE_P(Files, Differential, testing::ValuesIn(files()),
                         [](const testing::TestParamInfo<fs::path>& one) {
                           std::string name = one.param.stem().string();
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name + "_" + std::to_string(one.index);
                         });

std::pair<Collected, Collected> both(const std::string& bytes) {
  const fs::path path =
      fs::path(testing::TempDir()) /
      ("made_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".evtx");
  std::ofstream(path, std::ios::binary) << bytes;
  std::pair<Collected, Collected> read;
  read_evtx(path.string(), read.first);
  oracle::read_evtx(path.string(), read.second);
  fs::remove(path);
  return read;
}

std::string only_value(const Collected& read) {
  if (read.events.size() != 1) return "lost";
  return std::string(read.events[0].get(Field::ProcessName));
}

using made::Typed, made::u16, made::u32, made::u64, made::utf16;

TEST(DifferentialOfTypes, EachTypeOfValueIsWrittenTheSameWay) {
  const std::string sid("\x01\x02\0\0\0\0\0\x05\x20\0\0\0\x20\x02\0\0", 16);
  const std::vector<std::pair<Typed, std::string>> values{
      {{0x00, ""}, ""},
      {{0x01, utf16("alice")}, "alice"},
      {{0x01, utf16(std::u16string_view(u"al\0ice", 6))}, "al"},
      {{0x01, utf16(u"Söhne <&>")}, "Söhne <&>"},
      {{0x01, ""}, ""},
      {{0x02, "b\xe9\x80"}, "bé€"},
      {{0x03, "\x05"}, "5"},
      {{0x04, "\xff"}, "255"},
      {{0x05, u16(5)}, "5"},
      {{0x06, u16(0xFFFE)}, "65534"},
      {{0x07, u32(5)}, "5"},
      {{0x08, u32(0xFFFFFFFE)}, "4294967294"},
      {{0x09, u64(5)}, "5"},
      {{0x0a, u64(~0ULL)}, "18446744073709551615"},
      {{0x0d, u32(1)}, "true"},
      {{0x0d, u32(0)}, "false"},
      {{0x0e, "\x01\xab"}, "01AB"},
      {{0x0f, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"},
       "{04030201-0605-0807-090A-0B0C0D0E0F10}"},
      {{0x11, u64(made::filetime_2026 + 1234567)}, "2025-11-21T00:00:00.123456700Z"},
      {{0x11, u64(0)}, "1601-01-01T00:00:00.000000000Z"},
      {{0x12, u16(2026) + u16(11) + u16(1) + u16(22) + u16(1) + u16(2) + u16(3) + u16(45)},
       "2026-11-22T01:02:03.045Z"},
      {{0x13, sid}, "S-1-5-32-544"},
      {{0x14, u32(0x3e7)}, "0x000003e7"},
      {{0x15, u64(0x3e7)}, "0x00000000000003e7"},
      {{0x15, ""}, ""},
      // Each item is an element of its own: the last one stays.
      {{0x81, utf16(std::u16string_view(u"a\0b\0", 4))}, "b"},
      {{0x81, utf16(std::u16string_view(u"a\0b", 3))}, "b"},
      {{0x81, ""}, ""},
      {{0x88, u32(1) + u32(2)}, "2"},
      {{0x95, u64(1) + u64(2)}, "0x0000000000000002"},
      // No such types are written to logs: neither reads them.
      {{0x20, u64(9)}, "lost"},
      {{0x23, utf16("<x/>")}, "lost"},
  };
  for (const auto& [value, text] : values) {
    for (const bool is_optional : {true, false}) {
      if (value.type == 0 && !is_optional) continue;  // see below
      made::ChunkMaker chunk;
      chunk.add_data({{"ProcessName", value}}, is_optional);
      const auto [ours, theirs] = both(made::file_of({chunk.finish()}));
      EXPECT_EQ(only_value(ours), text) << "type " << unsigned{value.type};
      EXPECT_EQ(only_value(theirs), text) << "type " << unsigned{value.type};
    }
  }
}

// libevtx 20181227 on the left; what is right, and why, on each line.
TEST(DifferentialOfTypes, WhereTheyDifferOursIsRight) {
  struct Difference {
    Typed value;
    std::string theirs, ours;
  };
  const std::vector<Difference> differences{
      // -1 and -2 in two's complement, not as a sign before the other bits.
      {{0x03, "\xff"}, "-127", "-1"},
      {{0x05, u16(0xFFFE)}, "-32766", "-2"},
      {{0x07, u32(0xFFFFFFFE)}, "-2147483646", "-2"},
      {{0x09, u64(~0ULL)}, "-9223372036854775807", "-1"},
      // A pair of surrogates is one character: U+1F600.
      {{0x01, utf16(u"😀")}, "\xF0\x9F\x88\x81", "😀"},
      // Half a pair is no character; the one behind it is.
      {{0x01, utf16(std::u16string_view(u"x\xD800y"))}, "x\xEF\xBF\xBD", "x\xEF\xBF\xBDy"},
      // [MS-EVEN6] 2.2.17: a size is written as a hexadecimal number.
      {{0x10, u64(5)}, "5", "0x0000000000000005"},
      // "Never" is no text that anybody could read as a time.
      {{0x11, u64(~0ULL)}, "(0xffffffff 0xffffffff)", ""},
      // A size that isn't the type's is damage, not another number.
      {{0x08, u16(3)}, "3", "lost"},
      // The common way of writing such numbers; no field that is kept has them.
      {{0x0b, made::number(1.5F)}, "1.500000e+000", "1.500000"},
      {{0x0c, made::number(2.25)}, "2.250000e+000", "2.250000"},
  };
  for (const Difference& one : differences) {
    made::ChunkMaker chunk;
    chunk.add_data({{"ProcessName", one.value}});
    const auto [ours, theirs] = both(made::file_of({chunk.finish()}));
    EXPECT_EQ(only_value(ours), one.ours) << "type " << unsigned{one.value.type};
    EXPECT_EQ(only_value(theirs), one.theirs) << "type " << unsigned{one.value.type};
  }
  // A normal substitution of nothing is an empty element; libevtx loses the record.
  made::ChunkMaker chunk;
  chunk.add_data({{"ProcessName", {0x00, ""}}, {"TargetUserName", {0x01, utf16("alice")}}}, false);
  const auto [ours, theirs] = both(made::file_of({chunk.finish()}));
  ASSERT_EQ(ours.events.size(), 1U);
  EXPECT_EQ(ours.events[0].get(Field::TargetUserName), "alice");
  EXPECT_EQ(theirs.events.size(), 0U);
}

// Binary XML in a value, as the event's own data nearly always come; and data without names.
TEST(DifferentialOfShapes, EachShapeGivesTheSameEvent) {
  const auto show = [](const Collected& read) {
    std::string all;
    for (const WindowsEvent& event : read.events) all += text_of(event) + "\n";
    return all + std::to_string(read.events.size());
  };
  const auto embedded = [](made::ChunkMaker& chunk, const std::function<void(made::Xml&)>& fragment) {
    // The value's place is known once the instance around it is written without it.
    std::string value;
    for (int round = 0; round < 2; ++round) {
      made::Xml xml(chunk.next_at());
      xml.header();
      made::instance(
          xml, [](made::Xml& body) { made::event(body, [](made::Xml& inner) { inner.optional(4, 0x21); }); },
          made::with_system(1, {{0x21, value}}));
      if (round == 1) return chunk.add(xml.byte(0).out);
      made::Xml inner(xml.at());
      fragment(inner);
      value = inner.out;
    }
  };
  std::vector<std::pair<std::string, std::function<void(made::ChunkMaker&)>>> shapes;
  shapes.emplace_back("a template within a value", [&](made::ChunkMaker& chunk) {
    embedded(chunk, [](made::Xml& xml) {
      xml.header();
      made::instance(
          xml,
          [](made::Xml& body) {
            body.open("EventData").start();
            body.open("Data", true).attribute("Name").text(utf16("TargetUserName")).start().value(0).end();
            body.end();
          },
          {{0x01, utf16("alice")}});
      xml.byte(0);
    });
  });
  shapes.emplace_back("elements within a value", [&](made::ChunkMaker& chunk) {
    embedded(chunk, [](made::Xml& xml) {
      xml.open("UserData", false, false).start();
      xml.open("LogFileCleared", false, false).start();
      xml.open("SubjectUserName", false, false).start().text(utf16("alice")).end();
      xml.end().end().byte(0);
    });
  });
  shapes.emplace_back("a fragment within a value", [&](made::ChunkMaker& chunk) {
    embedded(chunk, [](made::Xml& xml) {
      xml.header().open("UserData").start();
      xml.open("LogFileCleared").start();
      xml.open("SubjectUserName").start().text(utf16("alice")).end();
      xml.end().end().byte(0);
    });
  });
  shapes.emplace_back("user data", [](made::ChunkMaker& chunk) {
    chunk.add_event(
        [](made::Xml& xml) {
          xml.open("UserData").start().open("LogFileCleared").start();
          xml.open("SubjectUserName").start().value(4).end();
          xml.open("SubjectDomainName").start().text(utf16("CORP")).end();
          xml.end().end();
        },
        {{0x01, utf16("alice")}});
  });
  for (const bool is_optional : {true, false}) {
    shapes.emplace_back("values without names", [=](made::ChunkMaker& chunk) {
      chunk.add_event(
          [=](made::Xml& xml) {
            xml.open("EventData").start();
            for (unsigned i = 4; i < 8; ++i) {
              xml.open("Data").start();
              if (is_optional) {
                xml.optional(i);
              } else {
                xml.value(i);
              }
              xml.end();
            }
            xml.end();
          },
          {{0x01, utf16("0d23868f-0000-0000-0000-000000000001")},
           {0x01, ""},
           {0x81, utf16(std::u16string_view(u"a\0b\0", 4))},
           {0x01, utf16("10.0.0.1")}},
          "AD FS Auditing", 403);
    });
  }
  for (const auto& [name, add] : shapes) {
    made::ChunkMaker chunk;
    add(chunk);
    const auto [ours, theirs] = both(made::file_of({chunk.finish()}));
    EXPECT_EQ(ours.events.size(), 1U) << name;
    EXPECT_EQ(show(ours), show(theirs)) << name;
  }
}

TEST(DifferentialPresence, SaysWhenTheRecordingsAreAbsent) {
  if (!fs::exists(fs::path(CURFEW_SOURCE_DIR) / ".." / "shared" / "data"))
    GTEST_SKIP() << "../shared/data is absent: recordings by others were not read";
  EXPECT_GE(files().size(), 22U);
}

}  // namespace
}  // namespace curfew::windows
