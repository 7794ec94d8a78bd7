// How logs are written: JSON in its ways, lines, packed, cut and damaged.

#include "plugins/oauth/logs/record_reader.hpp"
#include "tests/plugins/oauth_logs/log_tester.hpp"

namespace curfew::oauth::logs {
namespace {

std::string event(int number) {
  return R"({"uuid":")" + std::to_string(number) +
         R"(","published":"2026-03-02T08:00:00Z","eventType":"user.session.start","outcome":{"result":"SUCCESS"},)"
         R"("actor":{"id":"00u1","alternateId":"alice@corp.test"},"authenticationContext":{"externalSessionId":"s)" +
         std::to_string(number) + R"("}})";
}

TEST(Writing, IsToldByTheFirstBytes) {
  EXPECT_EQ(recognise("").writing, Writing::Empty);
  EXPECT_EQ(recognise(" \r\n").writing, Writing::Empty);
  EXPECT_EQ(recognise("{\"a\":1}\n{\"a\":2}\n").writing, Writing::JsonLines);
  EXPECT_EQ(recognise("\xef\xbb\xbf{\"a\":1}").writing, Writing::JsonLines);
  EXPECT_EQ(recognise("{\"a\":\n{\"a\":2}\n").writing, Writing::JsonLines) << "the first line is damaged";
  EXPECT_EQ(recognise("{\n  \"a\": 1\n}\n").writing, Writing::JsonDocuments);
  EXPECT_EQ(recognise("[\n {\"a\":1}]").writing, Writing::JsonDocuments);
  EXPECT_EQ(recognise("<5>1 2026 HOST {\"a\":1}\n").writing, Writing::JsonLines);
  EXPECT_EQ(recognise("name,time\n1,2\n").writing, Writing::Unknown);
  EXPECT_EQ(recognise(std::string_view("{\0}", 3)).writing, Writing::Unknown);
  EXPECT_EQ(recognise("2026-03-02 08:00:00,100 INFO  [org.x] (main) hello").lines, LineKind::Keycloak);
}

TEST(Writing, OneRecordIsTheSameInEachWay) {
  const std::string one = event(1), two = event(2);
  for (const std::string& text :
       {one + "\n" + two + "\n", one + "\r\n\r\n" + two, "[" + one + "," + two + "]",
        "[\n" + one + "\n,\n" + two + "\n]\n", "{\n\"value\": [" + one + "," + two + "]\n}",
        "{\"records\":[" + one + "," + two + "]}",
        "{\n\"a\":1,\"response\":{\"items\":[" + one + "," + two + "]}}", "[" + one + "]\n[" + two + "]",
        "{\"events\":[{\"json\":" + one + "},{\"json\":" + two + "}]}",
        "<5>1 HOST " + one + "\nHOST " + two}) {
    const Logs logs = read_text(text);
    EXPECT_EQ(logs.sightings.size(), 2U) << text;
    EXPECT_EQ(logs.sum.records_total, 2U) << text;
    EXPECT_EQ(logs.sightings.at(0).key, "okta/1");
  }
}

TEST(Damage, IsCountedAndTheRestIsRead) {
  const std::string one = event(1), two = event(2);
  struct Case {
    std::string text;
    std::size_t told;
    std::uint64_t unreadable;
  };
  for (const Case& damaged :
       {Case{one + "\n{\"cut\":\n" + two + "\n", 2, 1}, Case{"[" + one + ",{\"a\":}," + two + "]", 2, 1},
        Case{"[" + one + "," + two, 2, 1}, Case{"[" + one + "," + two.substr(0, 40), 1, 1},
        Case{"[" + one + ",1,\"a\",true]", 1, 3}, Case{"{\"cut\":\n" + one + "\n", 1, 1},
        Case{one + "\nnot json\n" + two, 2, 1}, Case{"{\n\"a\": [1", 0, 1}}) {
    const Logs logs = read_text(damaged.text);
    EXPECT_EQ(logs.sightings.size(), damaged.told) << damaged.text;
    EXPECT_EQ(logs.sum.unreadable, damaged.unreadable) << damaged.text << logs.coverage;
  }
}

TEST(Damage, EnvelopesHaveAnEnd) {
  std::string text = event(1);
  for (int i = 0; i < 40; ++i) text = "{\"payload\":" + text + "}";
  const Logs logs = read_text(text);
  EXPECT_TRUE(logs.sightings.empty());
  EXPECT_EQ(logs.sum.unreadable, 1U);
  EXPECT_EQ(read_text(std::string(5000, '[') + std::string(5000, ']')).sum.unreadable, 1U)
      << "deeper than is read";
}

TEST(Damage, AnInputThatIsNotThereIsAnError) {
  EXPECT_THROW(read_files({"/nowhere/log"}), std::runtime_error);
}

TEST(Counts, NamesOutOfRecordsAreBounded) {
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text += R"({"uuid":"u","published":"2026-03-02T08:00:00Z","eventType":"made.up.)" + std::to_string(i) +
            R"(","actor":{}})" + std::string("\n");
  const Logs logs = read_text(text);
  EXPECT_EQ(logs.sum.filtered_total(), 2000U);
  EXPECT_LE(logs.sum.filtered.size(), 501U);
}

TEST(Texts, AreCleanAndBounded) {
  const Logs logs = read_text(
      R"({"uuid":"u","published":"2026-03-02T08:00:00Z","eventType":"user.session.start","outcome":{"result":"SUCCESS"},)"
      R"("actor":{"id":"i","alternateId":"a\u0000b\nc@corp.test"},"client":{"userAgent":{"rawUserAgent":")" +
      std::string(3000, 'x') + R"("}},"authenticationContext":{"externalSessionId":"s"}})");
  const Sighting& seen = logs.sightings.at(0);
  EXPECT_EQ(seen.user_agent.size(), 512U);
  EXPECT_EQ(seen.user_name.find('\n'), std::string::npos);
  EXPECT_TRUE(plugin::is_clean_utf8(seen.user_name));
}

}  // namespace
}  // namespace curfew::oauth::logs
