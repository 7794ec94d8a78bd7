// Each shape of input gives the same records, and damage costs no more than what is damaged.
#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "plugins/windows/event_sorter.hpp"
#include "plugins/windows/input.hpp"
#include "plugins/windows/recorded.hpp"
#include "plugins/windows/xml_reader.hpp"
#include "tests/plugins/windows/event_maker.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;

const std::string fixtures = std::string(CURFEW_SOURCE_DIR) + "/tests/fixtures/windows/shapes/";

struct Collected final : RecordSink {
  void event(WindowsEvent&& event) override { events.push_back(std::move(event)); }
  void recovered(WindowsEvent&&) override { ++recovered_records; }
  void recovered_torn() override { ++torn; }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    places.push_back(std::string(place) + ": " + std::string(why));
    lost += records;
  }
  void other_line() override { ++other_lines; }
  std::vector<WindowsEvent> events;
  std::vector<std::string> places;
  std::uint64_t lost = 0, recovered_records = 0, torn = 0, other_lines = 0;
};

Collected read_file(const std::string& name) {
  Collected collected;
  read_input(fixtures + name, collected);
  return collected;
}

Collected read_text(std::string_view text) {
  Collected collected;
  read_bytes(text, collected);
  return collected;
}

class Shapes : public testing::TestWithParam<const char*> {};

TEST_P(Shapes, GiveTheSameRecords) {
  const Collected read = read_file(GetParam());
  EXPECT_TRUE(read.places.empty()) << read.places.front();
  ASSERT_EQ(read.events.size(), 5U);
  const std::vector<std::uint32_t> ids{4624, 4624, 4672, 4647, 4625};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(read.events[i].event_id, ids[i]);
    EXPECT_TRUE(read.events[i].is_security());
    EXPECT_EQ(read.events[i].computer, "WS01.corp.test");
    EXPECT_EQ(read.events[i].failure, ids[i] == 4625);
    const bool numbered = read.events[i].record_id != 0;
    EXPECT_EQ(read.events[i].record_id, numbered ? 101 + i : 0);
  }
  const WindowsEvent& first = read.events[0];
  EXPECT_EQ(first.version, 2);
  EXPECT_EQ(first.logon_id(Field::TargetLogonId), 0x51a2bU);
  EXPECT_EQ(first.logon_id(Field::TargetLinkedLogonId), 0x51a77U);
  EXPECT_EQ(first.get(Field::TargetUserName), "alice");
  EXPECT_EQ(first.get(Field::LogonProcessName), "User32") << "trailing blanks are none of the name";
  EXPECT_EQ(clean_address(first.get(Field::IpAddress)), "10.1.2.3");
  EXPECT_EQ(format_time(first.time).substr(0, 19), "2026-11-20T08:00:00") << "UTC, whatever the shape";
  EXPECT_EQ(read.events[4].get(Field::TargetUserName), "O'Neil & <Söhne>");
  EXPECT_EQ(read.events[4].get(Field::IpAddress), "") << "'-' is nothing";
}

TEST_P(Shapes, MakeTheSameSession) {
  Recorded recorded({fixtures + GetParam()}, {});
  recorded.read();
  std::vector<Finding> findings;
  while (recorded.next(findings)) {
  }
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].session, "ws01.corp.test/0/0x51a2b");
  EXPECT_TRUE(findings[0].privileged);
  EXPECT_EQ(findings[1].session, findings[0].session);
  EXPECT_EQ(findings[1].type, plugin::Type::SignOut);
  EXPECT_EQ(findings[2].failure, "bad_password");
  const InputCoverage sum = recorded.coverage().sum();
  EXPECT_EQ(sum.logons, 2U);
  EXPECT_EQ(sum.sessions, 1U);
  EXPECT_EQ(sum.paired(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Files, Shapes,
                         testing::Values("root.xml", "lines.xml", "pretty.xml", "utf16.xml",
                                         "winlogbeat_old.ndjson", "winlogbeat.ndjson", "nxlog.ndjson",
                                         "flat.ndjson", "nested.ndjson", "array.json", "package_test.json",
                                         "archive.zip", "archive.tar.gz", "lone.json.gz", "security.evtx"),
                         [](const testing::TestParamInfo<const char*>& one) {
                           std::string name = one.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(Readers, ABrokenLineIsOneUnreadableRecordWithItsNumber) {
  const Collected read = read_text(
      "{\"EventID\":4634,\"Channel\":\"Security\",\"@timestamp\":\"2026-01-01T00:00:00Z\"}\n"
      "{\"EventID\":4634,\"Channel\":\n"
      "{\"EventID\":4634,\"Channel\":\"Security\",\"@timestamp\":\"2026-01-01T00:00:01Z\"}\n"
      "{\"EventID\":4634,\"Channel\":\"Security\"}\n"
      "{\"foo\":1}\n");
  EXPECT_EQ(read.events.size(), 2U);
  ASSERT_EQ(read.places.size(), 3U);
  EXPECT_TRUE(read.places[0].starts_with("line 2: ")) << read.places[0];
  EXPECT_EQ(read.places[1], "line 4: an event without a time");
  EXPECT_TRUE(read.places[2].starts_with("line 5: ")) << read.places[2];
}

TEST(Readers, DeepNestingIsRefusedNotFollowed) {
  const std::string deep =
      "{\"EventID\":1,\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}\n";
  const Collected read = read_text(deep);
  EXPECT_TRUE(read.events.empty());
  EXPECT_EQ(read.places.size(), 1U);
}

TEST(Readers, AnEventThatIsCutOffCostsItself) {
  const std::string good =
      "<Event xmlns='x'><System><EventID>4634</EventID><TimeCreated "
      "SystemTime='2026-01-01T00:00:00Z'/></System></Event>";
  const Collected read =
      read_text("<Events>" + good + "<Event xmlns='x'><System><EventID>46" + good + good.substr(0, 40));
  EXPECT_EQ(read.events.size(), 2U);
  EXPECT_EQ(read.places.size(), 2U);
}

TEST(Readers, AFileThatCutsPiecesAnywhereGivesTheSame) {
  std::ifstream in(fixtures + "pretty.xml", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t cut = 1; cut < text.size(); cut += 37) {
    Collected collected;
    XmlEventSplitter splitter(collected);
    splitter.feed(std::string_view(text).substr(0, cut));
    splitter.feed(std::string_view(text).substr(cut));
    splitter.finish();
    EXPECT_EQ(collected.events.size(), 5U) << cut;
    EXPECT_TRUE(collected.places.empty()) << cut;
  }
}

TEST(Readers, InvalidTextIsMadeClean) {
  const Collected read = read_text(
      "<Events><Event xmlns='x'><System><EventID>4634</EventID><TimeCreated "
      "SystemTime='2026-01-01T00:00:00Z'/>"
      "</System><EventData><Data Name='TargetUserName'>a\xff\xfe</Data></EventData></Event></Events>");
  ASSERT_EQ(read.events.size(), 1U);
  EXPECT_TRUE(is_clean_utf8(read.events[0].get(Field::TargetUserName)));
}

TEST(Readers, WhatIsNoLogIsSaidToBeNone) {
  EXPECT_EQ(read_text("hello, world\n").lost, 1U);
  EXPECT_EQ(read_text(std::string_view("\x7f"
                                       "ELF\x02\x01\x01\0\0",
                                       9))
                .lost,
            1U);
  EXPECT_EQ(read_text("").lost, 0U);
}

TEST(Readers, ATruncatedArchiveGivesWhatIsWholeAndSaysWhatIsNot) {
  std::ifstream in(fixtures + "lone.json.gz", std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const Collected read = read_text(std::string_view(whole).substr(0, whole.size() - 60));
  EXPECT_LT(read.events.size(), 5U);
  EXPECT_GE(read.lost, 1U);
}

// Bytes as a .gz.
std::string packed(std::string_view bytes) {
  std::string out(bytes.size() + 4096, '\0');
  std::size_t used = 0;
  struct archive* const to = archive_write_new();
  archive_write_set_format_raw(to);
  archive_write_add_filter_gzip(to);
  archive_write_set_bytes_in_last_block(to, 1);
  EXPECT_EQ(archive_write_open_memory(to, out.data(), out.size(), &used), ARCHIVE_OK);
  struct archive_entry* const entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(to, entry);
  EXPECT_EQ(archive_write_data(to, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
  archive_entry_free(entry);
  archive_write_close(to);
  archive_write_free(to);
  out.resize(used);
  return out;
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(fixtures + file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Two members as a tar, without the mark of its end.
std::string open_tar() {
  std::string out(65536, '\0');
  std::size_t used = 0;
  struct archive* const to = archive_write_new();
  archive_write_set_format_ustar(to);
  archive_write_set_bytes_in_last_block(to, 1);
  EXPECT_EQ(archive_write_open_memory(to, out.data(), out.size(), &used), ARCHIVE_OK);
  for (const char* name : {"winlogbeat.ndjson", "flat.ndjson"}) {
    const std::string bytes = bytes_of(name);
    struct archive_entry* const entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_write_header(to, entry);
    EXPECT_EQ(archive_write_data(to, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
    archive_entry_free(entry);
  }
  archive_write_close(to);
  archive_write_free(to);
  out.resize(used - 1024);  // two blocks of nothing are the mark
  return out;
}

const std::string end_of_tar(1024, '\0');

TEST(Readers, AWholeArchiveHasNothingToComplainOf) {
  for (const std::string& bytes : {open_tar() + end_of_tar, packed(open_tar() + end_of_tar)}) {
    const Collected read = read_text(bytes);
    EXPECT_EQ(read.events.size(), 10U);
    EXPECT_THAT(read.places, testing::IsEmpty());
  }
}

TEST(Readers, ATarThatWasCutOffBetweenTwoMembersIsSaidToLackItsEnd) {
  for (const std::string& bytes : {open_tar(), packed(open_tar())}) {
    const Collected read = read_text(bytes);
    EXPECT_EQ(read.events.size(), 10U);
    EXPECT_THAT(read.places,
                testing::ElementsAre("archive, after flat.ndjson: it ends without the mark of an "
                                     "archive's end: members may be missing"));
  }
}

TEST(Readers, APackedArchiveThatIsCutOffBehindItsLastMemberIsSaidToBe) {
  const std::string whole = packed(open_tar() + end_of_tar);
  for (const std::size_t less : {std::size_t{1}, std::size_t{6}}) {
    const Collected read = read_text(std::string_view(whole).substr(0, whole.size() - less));
    EXPECT_EQ(read.events.size(), 10U);
    ASSERT_EQ(read.places.size(), 1U) << less;
    EXPECT_THAT(read.places[0], testing::StartsWith("archive, after its last member: truncated gzip"));
  }
}

TEST(Readers, APackedArchiveThatIsCutOffWithinAMemberNamesIt) {
  const std::string whole = packed(open_tar() + end_of_tar);
  const Collected read = read_text(std::string_view(whole).substr(0, whole.size() - 100));
  EXPECT_LT(read.events.size(), 10U);
  ASSERT_FALSE(read.places.empty());
  EXPECT_THAT(read.places[0], testing::StartsWith("flat.ndjson: byte "));
}

TEST(Readers, AMemberOfAZipWithAWrongChecksumIsNamedOnce) {
  std::string bytes = bytes_of("archive.zip");
  const auto at = bytes.find("4672");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = '5';
  const Collected read = read_text(bytes);
  EXPECT_EQ(read.events.size(), 5U);
  ASSERT_EQ(read.places.size(), 1U);
  EXPECT_THAT(read.places[0], testing::StartsWith("logs/security.json: byte 3223: ZIP bad CRC"));
}

TEST(Readers, AZipThatEndsBehindAMemberIsSaidToBeCutOff) {
  const std::string bytes = bytes_of("archive.zip");
  const auto directory = bytes.find("PK\x01\x02");
  const Collected read = read_text(std::string_view(bytes).substr(0, directory));
  EXPECT_EQ(read.events.size(), 5U);
  ASSERT_EQ(read.places.size(), 1U);
  EXPECT_THAT(read.places[0], testing::StartsWith("archive, after "));
}

TEST(Readers, TablesAndRenderedTextsNameWhatIsReadAndHowToExportIt) {
  const std::string utf16("\xff\xfeK\0e\0y\0w\0o\0r\0d\0s\0,\0E\0v\0e\0n\0t\0 \0I\0D\0\n\0", 36);
  for (const std::string& text :
       {std::string("Keywords,Date and Time,Source,Event ID,Task Category\r\nAudit Success,1/2/2026 8:00:00 "
                    "AM,Microsoft-Windows-Security-Auditing,4624,Logon,\"An account was logged on\"\r\n"),
        std::string("\"TimeCreated\",\"Id\",\"Message\"\n"), utf16}) {
    const Collected read = read_text(text);
    ASSERT_EQ(read.places.size(), 1U) << text;
    EXPECT_THAT(read.places[0], testing::HasSubstr("a table (CSV) of a log"));
    EXPECT_THAT(read.places[0], testing::HasSubstr("wevtutil epl Security Security.evtx"));
  }
  const Collected rendered = read_text("Event[0]:\r\n  Log Name: Security\r\n  Source: Microsoft\r\n");
  ASSERT_EQ(rendered.places.size(), 1U);
  EXPECT_THAT(rendered.places[0], testing::HasSubstr("rendered as text"));
  EXPECT_THAT(rendered.places[0], testing::HasSubstr("wevtutil qe Security /f:xml"));
  EXPECT_EQ(rendered.lost, 1U);
}

TEST(Readers, JsonInUtf16IsReadToo) {
  std::string wide("\xff\xfe", 2);
  for (const char c : bytes_of("flat.ndjson")) wide += {c, '\0'};
  EXPECT_EQ(read_text(wide).events.size(), 5U);
}

TEST(Readers, AnArchiveThatExpandsTooFarIsCutOff) {
  Collected collected;
  InputLimits limits;
  limits.expanded_bytes = 600;
  read_input(fixtures + "archive.zip", collected, limits);
  EXPECT_GE(collected.lost, 1U);
  EXPECT_LT(collected.events.size(), 5U);
}

TEST(Readers, AnEmptyOrTornEvtxFileIsSaidToBeUnreadable) {
  std::string torn("ElfFile\0", 8);
  torn.resize(5000, '\0');
  const Collected read = read_text(torn);
  EXPECT_TRUE(read.events.empty());
  EXPECT_GE(read.lost, 1U);
}

TEST(Readers, ADamagedEvtxFileGivesItsGoodChunksAndNamesTheBadOne) {
  const Collected read = read_file("damaged.evtx");
  EXPECT_EQ(read.events.size(), 3U);
  ASSERT_EQ(read.places.size(), 1U);
  EXPECT_TRUE(read.places[0].starts_with("chunk at byte 69632: ")) << read.places[0];
}

TEST(Readers, AnEvtxFileThatIsCutOffSaysWhichRecordsAreMissing) {
  const Collected read = read_file("cut_off.evtx");
  EXPECT_EQ(read.events.size(), 3U);
  EXPECT_GE(read.lost, 2U);
  EXPECT_TRUE(std::any_of(read.places.begin(), read.places.end(), [](const std::string& place) {
    return place == "chunk at byte 69632: of its records 4 to 5, 2 can't be read";
  }));
}

TEST(Readers, ZonesComeFromTheRecordItself) {
  const auto time_of = [](const std::string& fields) {
    const Collected read = read_text("{\"EventID\":4634,\"Channel\":\"Security\"," + fields + "}\n");
    EXPECT_EQ(read.events.size(), 1U);
    return read.events.empty() ? std::string() : format_time(read.events[0].time);
  };
  EXPECT_EQ(
      time_of(
          R"("EventTime":"2019-12-04 23:42:12","EventReceivedTime":"2019-12-04 23:42:15","@timestamp":"2019-12-05T04:42:15.483Z")"),
      "2019-12-05T04:42:12.000000Z");
  EXPECT_EQ(
      time_of(
          R"("EventTime":"2020-06-01 10:00:00","EventReceivedTime":"2020-06-01 10:00:51","@timestamp":"2020-06-01T04:15:51.100Z")"),
      "2020-06-01T04:15:00.000000Z")
      << "a zone of a quarter hour, and a record that came 51 s late";
  EXPECT_EQ(time_of(R"("EventTime":"2019-12-04 23:42:12","@timestamp":"2019-12-05T04:42:15.483Z")"),
            "2019-12-05T04:42:15.483000Z")
      << "no zone to be found: the arrival";
  EXPECT_EQ(time_of(R"("EventTime":"2019-12-04T23:42:12+01:00")"), "2019-12-04T22:42:12.000000Z");
}

TEST(Readers, SambaRecordsAmongOtherLines) {
  const Collected read = read_text(
      "[2026/11/21 19:52:54,  3] auth_audit.c:1(log_json)\n"
      "  JSON Authentication: {\"timestamp\": \"2026-11-21T19:52:54.198455+0000\", \"type\": "
      "\"Authentication\", "
      "\"Authentication\": {\"eventId\": 4625, \"logonId\": \"f1eaf4bbd8c53201\", \"logonType\": 3, "
      "\"status\": "
      "\"NT_STATUS_WRONG_PASSWORD\", \"localAddress\": null, \"remoteAddress\": \"ipv4:10.0.0.5:54874\", "
      "\"serviceDescription\": \"Kerberos KDC\", \"clientAccount\": \"alice@CORP.TEST\", \"mappedAccount\": "
      "\"alice\", "
      "\"mappedDomain\": \"CORP\", \"becameAccount\": null}}\n"
      "a line\n"
      "  {\"timestamp\": \"2026-11-21T19:58:16.370654+0000\", \"type\": \"dsdbChange\", \"dsdbChange\": "
      "{\"status\": "
      "\"Success\", \"operation\": \"Modify\", \"dn\": \"CN=alice,DC=corp\", \"attributes\": "
      "{\"userAccountControl\": "
      "{\"actions\": [{\"action\": \"replace\", \"values\": [{\"value\": \"514\"}]}]}}}}\n");
  ASSERT_EQ(read.events.size(), 2U) << (read.places.empty() ? "" : read.places[0]);
  EXPECT_EQ(read.other_lines, 2U);
  EXPECT_EQ(read.events[0].event_id, 4625U);
  EXPECT_TRUE(read.events[0].failure);
  EXPECT_EQ(read.events[0].get(Field::TargetUserName), "alice");
  EXPECT_EQ(read.events[0].get(Field::IpAddress), "10.0.0.5");
  EXPECT_EQ(read.events[1].event_id, 4725U);
  EXPECT_EQ(read.events[1].get(Field::Name), "CN=alice,DC=corp");
}

TEST(Readers, AddressesAreAddressesOrNothing) {
  EXPECT_EQ(clean_address("::ffff:10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(clean_address(std::string_view("10.1.2.3\0x", 10)), "");
  EXPECT_EQ(clean_address("ipv4:127.0.0.1:445"), "127.0.0.1");
  EXPECT_EQ(clean_address("ipv6:fe80::1:88"), "fe80::1");
  EXPECT_EQ(clean_address("[2001:db8::1]:3389"), "2001:db8::1");
  EXPECT_EQ(clean_address("fe80::44af:a0ee%7"), "fe80::44af:a0ee");
  EXPECT_EQ(clean_address("LOCAL"), "");
  EXPECT_EQ(clean_address("-"), "");
}

TEST(Readers, LogonIdsAreNumbersNotTexts) {
  EXPECT_EQ(parse_logon_id("0x3e7"), 0x3e7U);
  EXPECT_EQ(parse_logon_id("0x00000000000003e7"), 0x3e7U);
  EXPECT_EQ(parse_logon_id("0X3E7"), 0x3e7U);
  EXPECT_EQ(parse_logon_id("999"), 999U);
  EXPECT_EQ(parse_logon_id("0x"), 0U);
  EXPECT_EQ(parse_logon_id("nonsense"), 0U);
}

TEST(EventSorter, SortsAlikeInMemoryAndInFiles) {
  const auto sorted = [](std::size_t memory) {
    EventSorter sorter(memory);
    std::uint64_t state = 7;
    for (int i = 0; i < 2000; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      WindowsEvent event;
      event.time = at(static_cast<double>((state >> 33U) % 500));
      event.computer = "WS" + std::to_string((state >> 20U) % 5);
      event.record_id = static_cast<std::uint64_t>(i);
      event.event_id = 4624;
      event.set(Field::TargetUserName, "user" + std::to_string(i));
      sorter.add(event);
    }
    sorter.sort();
    std::vector<std::string> all;
    WindowsEvent event;
    Time before{};
    while (sorter.next(event)) {
      EXPECT_LE(before, event.time);
      before = event.time;
      all.push_back(event.computer + std::string(event.get(Field::TargetUserName)));
    }
    return all;
  };
  const auto in_memory = sorted(std::size_t{64} << 20U);
  EXPECT_EQ(in_memory.size(), 2000U);
  EXPECT_EQ(in_memory, sorted(20'000));
}

TEST(Recorded, AnyOrderOfFilesGivesTheSameFindings) {
  const std::string quickstart =
      std::string(CURFEW_SOURCE_DIR) + "/tests/fixtures/quickstart/security.ndjson";
  // The log cut into files at odd places, and one part twice.
  std::ifstream in(quickstart);
  std::vector<std::string> parts(4);
  std::string line;
  for (std::size_t i = 0; std::getline(in, line); ++i) parts[(i / 97) % parts.size()] += line + "\n";
  const fs::path folder = fs::path(testing::TempDir()) / "any_order";
  fs::create_directories(folder);
  std::vector<std::string> files;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    files.push_back((folder / (std::to_string(i) + ".ndjson")).string());
    std::ofstream(files.back()) << parts[i];
  }
  files.push_back((folder / "again.ndjson").string());
  std::ofstream(files.back()) << parts[1];

  const auto found = [](const std::vector<std::string>& inputs) {
    Recorded recorded(inputs, {});
    recorded.read();
    std::vector<Finding> findings;
    while (recorded.next(findings)) {
    }
    std::vector<std::string> texts;
    for (const Finding& finding : findings)
      texts.push_back(format_time(finding.at) + " " + std::to_string(static_cast<int>(finding.type)) + " " +
                      finding.session + " " + finding.key);
    return texts;
  };
  const auto whole = found({quickstart});
  EXPECT_GT(whole.size(), 300U);
  EXPECT_TRUE(std::is_sorted(whole.begin(), whole.end(), [](const std::string& a, const std::string& b) {
    return a.substr(0, 27) < b.substr(0, 27);
  }));
  EXPECT_EQ(found(files), whole);
  std::reverse(files.begin(), files.end());
  EXPECT_EQ(found(files), whole);
  fs::remove_all(folder);
}

TEST(Recorded, TheQuickstartLogHoldsWhatItsScriptSays) {
  Recorded recorded({std::string(CURFEW_SOURCE_DIR) + "/tests/fixtures/quickstart"}, {});
  recorded.read();
  std::vector<Finding> findings;
  while (recorded.next(findings)) {
  }
  const InputCoverage sum = recorded.coverage().sum();
  EXPECT_EQ(sum.unreadable, 0U);
  EXPECT_EQ(recorded.coverage().gaps().size(), 1U) << "WS06 lost seven records";
  for (const char* reason :
       {"uac_twin", "unlock", "rdp_network_leg", "network_repeat", "authentication_of_session"})
    EXPECT_TRUE(sum.joined.contains(reason)) << reason;
  std::uint64_t accounted = sum.sessions;
  for (const auto& [reason, count] : sum.joined) accounted += count;
  for (const auto& [reason, count] : sum.filtered) accounted += count;
  EXPECT_EQ(accounted, sum.logons);
  const auto longest = std::count_if(findings.begin(), findings.end(), [&](const Finding& end) {
    return end.type == plugin::Type::SignOut &&
           std::any_of(findings.begin(), findings.end(), [&](const Finding& begin) {
             return begin.type == plugin::Type::SignIn && begin.session == end.session &&
                    end.at - begin.at > std::chrono::hours(30);
           });
  });
  EXPECT_EQ(longest, 1);
}

TEST(Recorded, AnInputThatIsNotThereIsAnErrorThatNamesIt) {
  Recorded recorded({"/nowhere/Security.evtx"}, {});
  try {
    recorded.read();
    FAIL();
  } catch (const std::runtime_error& failure) {
    EXPECT_NE(std::string(failure.what()).find("/nowhere/Security.evtx"), std::string::npos);
  }
}

}  // namespace
}  // namespace curfew::windows
