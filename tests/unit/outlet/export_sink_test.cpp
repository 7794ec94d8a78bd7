// Files that take each line exactly once, and what syslog and HTTP receivers are sent.
#include "core/outlet/export_sink.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/outlet/export_outlet.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/outlet/export_samples.hpp"

namespace curfew::outlet {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::vector<ExportLine> lines(std::uint64_t from, std::uint64_t to, const std::string& word = "line") {
  std::vector<ExportLine> all;
  for (; from < to; ++from)
    all.push_back({.id = "curfew/main/a/1/" + std::to_string(from),
                   .text = word + " " + std::to_string(from),
                   .at = base::from_micros(1'763'758'679'123'456),
                   .severity = ExportSeverity::Medium,
                   .action = "violation_opened"});
  return all;
}
std::string text_of(const std::vector<ExportLine>& all) {
  std::string text;
  for (const ExportLine& line : all) text += line.text + "\n";
  return text;
}

class ExportedFile : public testing::Test {
 protected:
  // As after a start: with what was stored last.
  std::unique_ptr<ExportSink> opened(std::uint64_t rotate_bytes = 0, std::uint32_t keep = 0) {
    return make_file_sink({.path = path(),
                           .rotate_bytes = rotate_bytes,
                           .keep = keep,
                           .mode = 0640,
                           .warn = [this](const std::string& text) { warnings_.push_back(text); },
                           .save = [this](const std::string& state) { stored_ = state; }},
                          stored_);
  }
  // Delivered, and the cursor moved.
  void deliver(ExportSink& sink, const std::vector<ExportLine>& all) {
    const Handover handover = sink.deliver(all);
    ASSERT_EQ(handover.problem, "");
    ASSERT_EQ(handover.taken, all.size());
    stored_ = sink.state();
  }
  void append(const std::string& text) const { std::ofstream(path(), std::ios::app) << text; }
  [[nodiscard]] std::string path(const std::string& name = "events.ndjson") const {
    return (folder_.path() / name).string();
  }
  [[nodiscard]] std::string content(const std::string& name = "events.ndjson") const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  support::TemporaryDirectory folder_;
  std::string stored_;
  std::vector<std::string> warnings_;
};

TEST_F(ExportedFile, GrowsFromStartToStart) {
  deliver(*opened(), lines(0, 3));
  deliver(*opened(), lines(3, 6));
  EXPECT_EQ(content(), text_of(lines(0, 6)));
  EXPECT_EQ(std::filesystem::status(path()).permissions(), std::filesystem::perms(0640));
  EXPECT_THAT(warnings_, IsEmpty());
}

// The crash came after the writing and before the cursor's move: what is written again is there already.
TEST_F(ExportedFile, WhatACrashLeftBeyondTheCursorIsNotWrittenTwice) {
  deliver(*opened(), lines(0, 3));
  for (const std::string& left :
       {text_of(lines(3, 6)), text_of(lines(3, 5)), text_of(lines(3, 9)), std::string("line 3\nli"),
        std::string("line"), std::string("something else\n"), text_of(lines(3, 5)) + "other"}) {
    std::filesystem::resize_file(path(), text_of(lines(0, 3)).size());
    append(left);
    const std::string before = stored_;
    const auto sink = opened();
    deliver(*sink, lines(3, 6));
    deliver(*sink, lines(6, 9));
    sink->caught_up();
    EXPECT_EQ(content(), text_of(lines(0, 9))) << left;
    stored_ = before;
  }
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(ExportedFile, WhatTheLedgerDoesNotGiveAgainIsCutOffInTheEnd) {
  deliver(*opened(), lines(0, 3));
  append(text_of(lines(3, 9)));
  const auto sink = opened();
  deliver(*sink, lines(3, 4));
  sink->caught_up();
  EXPECT_EQ(content(), text_of(lines(0, 4)));
}

TEST_F(ExportedFile, OfSomebodyElseNothingIsTouched) {
  append("not ours\n");
  const auto sink = opened();
  ASSERT_EQ(sink->deliver(lines(0, 2)).taken, 2U);
  // Killed before the cursor moved: the beginning of what is ours was stored all the same.
  deliver(*opened(), lines(0, 2));
  EXPECT_EQ(content(), "not ours\n" + text_of(lines(0, 2)));
}

TEST_F(ExportedFile, AFileThatSomebodyMovedAwayIsBegunAnew) {
  const auto sink = opened();
  deliver(*sink, lines(0, 2));
  std::filesystem::rename(path(), path("away"));
  deliver(*sink, lines(2, 4));
  EXPECT_EQ(content("away"), text_of(lines(0, 2)));
  EXPECT_EQ(content(), text_of(lines(2, 4)));
  EXPECT_EQ(warnings_.size(), 1U);
  std::filesystem::rename(path(), path("away2"));
  deliver(*opened(), lines(4, 6));
  EXPECT_EQ(content(), text_of(lines(4, 6)));
  EXPECT_EQ(warnings_.size(), 2U);
}

TEST_F(ExportedFile, IsRotatedBySizeAndOldOnesGo) {
  const auto sink = opened(10, 2);
  for (std::uint64_t i = 0; i < 5; ++i) deliver(*sink, lines(2 * i, 2 * i + 2));
  EXPECT_EQ(content(), text_of(lines(8, 10)));
  EXPECT_EQ(content("events.ndjson.000004"), text_of(lines(6, 8)));
  EXPECT_EQ(content("events.ndjson.000003"), text_of(lines(4, 6)));
  EXPECT_FALSE(std::filesystem::exists(path("events.ndjson.000002")));
}

// The crash came between the renaming and its being stored, with and without a new file.
TEST_F(ExportedFile, ARotationThatWasInterruptedIsSeen) {
  for (const std::string& begun : {std::string(), std::string("line 2\n"), std::string("li")}) {
    std::filesystem::remove(path());
    std::filesystem::remove(path("events.ndjson.000001"));
    stored_.clear();
    deliver(*opened(10), lines(0, 2));
    std::filesystem::rename(path(), path("events.ndjson.000001"));
    if (!begun.empty()) append(begun);
    deliver(*opened(10), lines(2, 4));
    EXPECT_EQ(content("events.ndjson.000001"), text_of(lines(0, 2)));
    EXPECT_EQ(content(), text_of(lines(2, 4))) << begun;
  }
}

TEST_F(ExportedFile, WhatCanNotBeWrittenIsSaidAndTriedAgain) {
  std::filesystem::create_directory(path());
  const auto sink = opened();
  const Handover handover = sink->deliver(lines(0, 2));
  EXPECT_EQ(handover.taken, 0U);
  EXPECT_THAT(handover.problem, HasSubstr("can't be opened"));
  std::filesystem::remove(path());
  deliver(*sink, lines(0, 2));
  EXPECT_EQ(content(), text_of(lines(0, 2)));
}

TEST(SyslogMessage, HasHeaderAndDataOfRfc5424) {
  SyslogSinkSettings settings;
  settings.hostname = "node a";
  EXPECT_EQ(syslog_message(settings, lines(7, 8, "text ]\"")[0]),
            "<84>1 2025-11-21T20:57:59.123456Z node-a curfew - violation_opened "
            "[curfew@32473 id=\"curfew/main/a/1/7\" stream=\"curfew/main/a/1\" seq=\"7\"] text ]\" 7");
}

TEST(HttpBody, IsWhatTheReceiverTakes) {
  HttpSinkSettings settings;
  settings.hostname = "a";
  std::vector<ExportLine> two = lines(1, 3);
  for (ExportLine& line : two) line.text = "{\"n\":" + line.id.substr(line.id.size() - 1) + "}";
  EXPECT_EQ(http_body(settings, two), "{\"n\":1}\n{\"n\":2}\n");
  settings.body = HttpBody::Array;
  EXPECT_EQ(http_body(settings, two), "[{\"n\":1},\n{\"n\":2}]");
  settings.body = HttpBody::Bulk;
  settings.index = "logs-curfew";
  EXPECT_EQ(http_body(settings, std::span(two).first(1)),
            "{\"create\":{\"_index\":\"logs-curfew\",\"_id\":\"curfew/main/a/1/1\"}}\n{\"n\":1}\n");
  settings.body = HttpBody::Hec;
  EXPECT_EQ(http_body(settings, std::span(two).first(1)),
            "{\"time\":1763758679.123,\"host\":\"a\",\"source\":\"curfew\",\"sourcetype\":\"curfew\","
            "\"fields\":{\"event_id\":\"curfew/main/a/1/1\"},\"event\":{\"n\":1}}");
  EXPECT_THAT(http_body(settings, lines(1, 2, "CEF:0|")), HasSubstr("\"event\":\"CEF:0| 1\"}"));
}

TEST(BulkAnswer, SaysWhatBecameOfEach) {
  using enum BulkFate;
  const auto fates = parse_bulk_answer(
      R"({"took":3,"errors":true,"items":[{"create":{"status":201}},{"create":{"status":409}},)"
      R"({"create":{"status":400,"error":{}}},{"create":{"status":429}}]})");
  ASSERT_TRUE(fates);
  EXPECT_THAT(*fates, testing::ElementsAre(Taken, Taken, Refused, Again));
  for (const char* text : {"", "[]", "{}", R"({"items":[{"index":{"status":201}}]})", R"({"items":[1]})"})
    EXPECT_FALSE(parse_bulk_answer(text)) << text;
}

TEST(ExportKinds, AreNamedByKindOrByRow) {
  const ExportRow& sign_in = export_row(model::EntryKind::Observation, "sign_in");
  const ExportRow& tick = export_row(model::EntryKind::Tick, "");
  EXPECT_TRUE(is_wanted(sign_in, {}));
  EXPECT_FALSE(is_wanted(tick, {}));
  EXPECT_TRUE(is_wanted(tick, {"all"}));
  EXPECT_TRUE(is_wanted(tick, {"default", "tick"}));
  EXPECT_TRUE(is_wanted(sign_in, {"observation.sign_in"}));
  EXPECT_TRUE(is_wanted(sign_in, {"observation"}));
  EXPECT_FALSE(is_wanted(sign_in, {"observation.sign_out"}));
}

}  // namespace
}  // namespace curfew::outlet
