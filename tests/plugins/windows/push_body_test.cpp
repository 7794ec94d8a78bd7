// What senders put into a request, and what they are answered.
#include "plugins/windows/push/push_body.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <nlohmann/json.hpp>
#include <string>

#include "plugins/windows/push/push_http.hpp"

namespace curfew::windows {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 3, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 128, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

// As Winlogbeat 8 writes it.
std::string winlogbeat(int record) {
  return json{{"@timestamp", "2026-01-05T08:00:00.000Z"},
              {"winlog",
               {{"event_id", "4624"},
                {"channel", "Security"},
                {"computer_name", "WS1"},
                {"record_id", record},
                {"provider_name", "Microsoft-Windows-Security-Auditing"},
                {"event_data", {{"TargetUserName", "alice"}, {"TargetLogonId", "0x1"}, {"LogonType", "2"}}}}}}
      .dump();
}
const std::string create = R"({"create":{"_index":"winlogbeat-8.17.0"}})";

plugin::HttpAnswer ask(std::string_view method, std::string_view path, std::string_view body,
                       const std::vector<Verdict>& verdicts, std::string_view query = {},
                       std::vector<plugin::Header> headers = {}) {
  plugin::HttpRequest request{method, path, query, body, std::move(headers)};
  return answer_push(request, [&](std::vector<PushedRecord>&& records) {
    EXPECT_EQ(records.size(), verdicts.size());
    return verdicts;
  });
}

TEST(PushBody, AnActionAndItsRecordAreOneItem) {
  const auto items = read_bulk(
      create + "\n" + winlogbeat(1) + "\n" + R"({"index":{"_id":"7"}})" + "\n" + winlogbeat(2) + "\n",
      "logs");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].action, "create");
  EXPECT_EQ(items[0].index, "winlogbeat-8.17.0");
  ASSERT_TRUE(items[0].records.at(0).event);
  EXPECT_EQ(items[0].records[0].event->record_id, 1U);
  EXPECT_EQ(items[1].action, "index");
  EXPECT_EQ(items[1].index, "logs");
  EXPECT_EQ(items[1].id, "7");
}

TEST(PushBody, ABrokenRecordIsItsOwnItem) {
  const auto items =
      read_bulk(create + "\n{\"broken\n" + create + "\n" + winlogbeat(2) + "\n" + create + "\n7\n", "x");
  ASSERT_EQ(items.size(), 3U);
  EXPECT_FALSE(items[0].records.at(0).event);
  EXPECT_EQ(items[0].records[0].place, "line 2");
  EXPECT_TRUE(items[1].records.at(0).event);
  EXPECT_THAT(items[2].records.at(0).why, HasSubstr("not a JSON object"));
}

TEST(PushBody, ABrokenActionIsToldWithItsLine) {
  for (const std::string& body : {std::string("{\"create\"\n{}\n"), std::string("{\"drop\":{}}\n{}\n"),
                                  std::string("{}\n{}\n"), create, std::string("\n \n")}) {
    try {
      (void)read_bulk(body, "x");
      ADD_FAILURE() << body;
    } catch (const BadBody& bad) {
      EXPECT_EQ(bad.status(), 400U);
      if (body.size() > 5) {
        EXPECT_THAT(bad.what(), HasSubstr("line 1")) << body;
      }
    }
  }
}

TEST(PushBody, MoreItemsThanAnAnswerHoldsAreTooMany) {
  std::string body;
  for (std::size_t i = 0; i <= most_bulk_items; ++i) body += create + "\n{}\n";
  try {
    (void)read_bulk(body, "x");
    ADD_FAILURE();
  } catch (const BadBody& bad) {
    EXPECT_EQ(bad.status(), 413U);
    EXPECT_THAT(bad.what(), HasSubstr("bulk_max_size"));
  }
}

TEST(PushBody, GzipIsUnpackedWithinItsBound) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(unpacked(gzip(text), "gzip"), text);
  EXPECT_EQ(unpacked(gzip("a") + gzip("b"), "GZIP"), "ab") << "several members";
  EXPECT_EQ(unpacked(text, ""), text);
  const auto status = [](std::string_view body, std::string_view encoding) {
    try {
      (void)unpacked(body, encoding, 50'000);
    } catch (const BadBody& bad) {
      return bad.status();
    }
    return 0U;
  };
  EXPECT_EQ(status(gzip(text), "gzip"), 413U);
  EXPECT_EQ(status(gzip(text).substr(0, 60), "gzip"), 400U) << "cut off";
  EXPECT_EQ(status("plain", "gzip"), 400U);
  EXPECT_EQ(status("", "gzip"), 400U);
  EXPECT_EQ(status("x", "zstd"), 415U);
}

TEST(PushBody, NxlogSendsARecordOrLinesOrAnArrayAndCollectorsXml) {
  const auto nxlog = [](int record) {
    return json{{"EventID", 4624},
                {"Channel", "Security"},
                {"Hostname", "WS1"},
                {"RecordNumber", record},
                {"EventTime", "2026-01-05T08:00:00.000000Z"},
                {"TargetUserName", "alice"},
                {"LogonType", "2"},
                {"TargetLogonId", "0x1"}}
        .dump();
  };
  const std::string xml =
      "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>4624</EventID>"
      "<TimeCreated SystemTime='2026-01-05T08:00:00.0Z'/><EventRecordID>1</EventRecordID>"
      "<Channel>Security</Channel><Computer>WS1</Computer></System><EventData>"
      "<Data Name='TargetUserName'>alice</Data></EventData></Event>";
  for (const std::string& body : {nxlog(1) + "\n" + nxlog(2) + "\n", "[" + nxlog(1) + "," + nxlog(2) + "]",
                                  "<Events>" + xml + xml + "</Events>", xml + xml, nxlog(1) + "\n" + xml}) {
    const auto records = read_records(body);
    ASSERT_EQ(records.size(), 2U) << body;
    for (const PushedRecord& record : records) {
      ASSERT_TRUE(record.event) << record.why;
      EXPECT_EQ(record.event->event_id, 4624U);
      EXPECT_EQ(record.event->get(Field::TargetUserName), "alice");
    }
  }
  EXPECT_EQ(read_records(nxlog(1)).size(), 1U);
  const auto some = read_records(nxlog(1) + "\n{\"EventID\":\n" + nxlog(2));
  ASSERT_EQ(some.size(), 3U);
  EXPECT_FALSE(some[1].event);
  EXPECT_TRUE(some[2].event) << "one that can't be read takes no other with it";
  for (const char* body : {"", "a,b,c\n1,2,3\n", "ElfFile\0abc"})
    EXPECT_THROW((void)read_records(body), BadBody) << body;
}

TEST(PushHttp, GreetsAsElasticsearchInTheVersionOfTheBeat) {
  const auto version = [](std::string_view agent) {
    const auto answer = ask("GET", "/", "", {}, "", {{"user-agent", agent}});
    EXPECT_EQ(answer.status, 200U);
    EXPECT_THAT(answer.headers, testing::Contains(testing::Pair("X-Elastic-Product", "Elasticsearch")));
    EXPECT_EQ(json::parse(answer.body)["tagline"], "You Know, for Search");
    return json::parse(answer.body)["version"]["number"].get<std::string>();
  };
  EXPECT_EQ(version("Elastic-winlogbeat/9.1.2 (windows; amd64; 1ef; 2026-01-01)"), "9.1.2");
  EXPECT_EQ(version("Filebeat/7.17.9"), "7.17.9");
  for (const char* other :
       {"", "curl/7.88.1", "Winlogbeat/8", "Winlogbeat/1.2.3.4", "beat/1..2", "beat/\"1.2.3"})
    EXPECT_EQ(version(other), "8.17.0") << other;
  EXPECT_EQ(json::parse(ask("GET", "/_license", "", {}).body)["license"]["status"], "active");
}

TEST(PushHttp, EachItemHasItsOwnResult) {
  const std::string body = create + "\n" + winlogbeat(1) + "\n" + create + "\n{\"a\":1}\n" +
                           R"({"delete":{"_id":"1"}})" + "\n" + create + "\n" + winlogbeat(3) + "\n" +
                           create + "\n" + winlogbeat(1) + "\n";
  const auto answer =
      ask("POST", "/_bulk", body, {Verdict::Taken, Verdict::Unreadable, Verdict::Busy, Verdict::Repeat});
  EXPECT_EQ(answer.status, 200U);
  const json reply = json::parse(answer.body);
  EXPECT_TRUE(reply["errors"].get<bool>());
  const auto status = [&](std::size_t i, const char* action) {
    return reply["items"][i][action]["status"].get<int>();
  };
  ASSERT_EQ(reply["items"].size(), 5U);
  EXPECT_EQ(status(0, "create"), 201);
  EXPECT_EQ(status(1, "create"), 400);
  EXPECT_THAT(reply["items"][1]["create"]["error"]["reason"].get<std::string>(), HasSubstr("no event id"));
  EXPECT_EQ(status(2, "delete"), 400);
  EXPECT_EQ(status(3, "create"), 429);
  EXPECT_EQ(status(4, "create"), 201) << "what was taken before is taken";
}

TEST(PushHttp, OnlyWhatTheFilterWantsIsAnswered) {
  const auto answer = ask("POST", "/logs/_bulk", create + "\n" + winlogbeat(1) + "\n", {Verdict::Taken},
                          "pretty=false&filter_path=errors%2Citems.*.error,items.*.status");
  EXPECT_EQ(answer.body, R"({"errors":false,"items":[{"create":{"status":201}}]})");
  EXPECT_TRUE(is_wanted("", "took"));
  EXPECT_TRUE(is_wanted("items", "items.create.status"));
  EXPECT_TRUE(is_wanted("**", "took"));
  EXPECT_TRUE(is_wanted("-took", "took"));
  EXPECT_FALSE(is_wanted("items.*.status", "items.create._id"));
  EXPECT_TRUE(is_wanted("items.*._*", "items.create._id"));
}

TEST(PushHttp, PushedBackAsAWholeIs429ForABeatAnd503ForNxlog) {
  const auto bulk = ask("POST", "/_bulk", create + "\n" + winlogbeat(1) + "\n", {Verdict::Busy});
  EXPECT_EQ(bulk.status, 429U);
  EXPECT_THAT(bulk.headers, testing::Contains(testing::Key("Retry-After")));
  const auto records = ask("POST", "/records", winlogbeat(1), {Verdict::Busy});
  EXPECT_EQ(records.status, 503U);
  EXPECT_THAT(records.headers, testing::Contains(testing::Key("Retry-After")));
}

TEST(PushHttp, RecordsAreCountedInTheAnswer) {
  const auto answer = ask("POST", "/records", winlogbeat(1) + "\n{\"a\":1}\n" + winlogbeat(1),
                          {Verdict::Taken, Verdict::Unreadable, Verdict::Repeat});
  EXPECT_EQ(answer.status, 200U);
  const json reply = json::parse(answer.body);
  EXPECT_EQ(reply["taken"], 1);
  EXPECT_EQ(reply["repeated"], 1);
  EXPECT_EQ(reply["unreadable"], 1);
  EXPECT_EQ(reply["places"][0]["place"], "line 2");
}

TEST(PushHttp, WhatIsNotThereSaysWhatToDo) {
  const auto told = [](const plugin::HttpAnswer& answer) {
    return std::to_string(answer.status) + " " +
           json::parse(answer.body)["error"]["reason"].get<std::string>();
  };
  EXPECT_THAT(told(ask("HEAD", "/_index_template/winlogbeat", "", {})),
              testing::AllOf(HasSubstr("404"), HasSubstr("setup.template.enabled")));
  EXPECT_THAT(told(ask("PUT", "/_ilm/policy/winlogbeat", "{}", {})), HasSubstr("404"));
  EXPECT_THAT(told(ask("GET", "/_bulk", "", {})), HasSubstr("405"));
  EXPECT_THAT(told(ask("POST", "/records", "a,b\n1,2\n", {})),
              testing::AllOf(HasSubstr("415"), HasSubstr("to_json()")));
  EXPECT_THAT(told(ask("POST", "/", "{}", {})), HasSubstr("405"));
  EXPECT_THAT(told(ask("POST", "/a/b/_bulk", "{}", {})), HasSubstr("404"));
}

}  // namespace
}  // namespace curfew::windows
