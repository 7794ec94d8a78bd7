// A daemon as Winlogbeat and NXLog meet it.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/time.hpp"
#include "tests/integration/push/pushed_daemon.hpp"

namespace curfew::push_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Push : public testing::Test {
 protected:
  // Just now, as who pushes does.
  std::string record(int number, int id, const char* logon, const char* user = "alice") {
    const Time at = begin_ + std::chrono::milliseconds(number);
    return json{{"@timestamp", base::format_rfc3339(at)},
                {"winlog",
                 {{"event_id", std::to_string(id)},
                  {"channel", "Security"},
                  {"computer_name", "WS1.corp.test"},
                  {"record_id", number},
                  {"version", 2},
                  {"provider_name", "Microsoft-Windows-Security-Auditing"},
                  {"event_data",
                   {{"TargetUserName", user},
                    {"TargetDomainName", "CORP"},
                    {"TargetLogonId", logon},
                    {"LogonType", "2"}}}}}}
        .dump();
  }
  static std::string bulk(const std::vector<std::string>& records) {
    std::string body;
    for (const std::string& one : records)
      body += "{\"create\":{\"_index\":\"winlogbeat-8.17.0\"}}\n" + one + "\n";
    return body;
  }
  [[nodiscard]] bool until_sessions(std::size_t count) {
    return daemon_.program().until([&] { return daemon_.sessions().size() == count; });
  }
  [[nodiscard]] bool until_ended(std::size_t count) {
    return daemon_.program().until([&] {
      std::size_t ended = 0;
      for (const SeenSession& session : daemon_.sessions())
        ended += session.text.find("signed_out") != std::string::npos;
      return ended == count;
    });
  }

  PushedDaemon daemon_{cluster().fresh_database(), "arrival_delay: 1s, settle: 1s"};
  const Time begin_ = base::wall_clock_now() - std::chrono::seconds(2);
};

TEST_F(Push, AWinlogbeatIsGreetedSendsAndIsToldOfEachRecord) {
  daemon_.start();
  const std::map<std::string, std::string> beat{{"Authorization", PushedDaemon::api_key()},
                                                {"User-Agent", "Elastic-winlogbeat/8.17.0 (windows; amd64)"},
                                                {"Accept", "application/json"}};
  const PushReply greeting = daemon_.push("GET", "", "", beat);
  EXPECT_EQ(greeting.status, 200) << greeting.body;
  EXPECT_EQ(greeting.headers.at("X-Elastic-Product"), "Elasticsearch");
  EXPECT_EQ(json::parse(greeting.body)["version"]["number"], "8.17.0");
  EXPECT_EQ(daemon_.push("GET", "/_license?human=false", "", beat).status, 200);
  const PushReply reply =
      daemon_.push("POST", "/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status",
                   bulk({record(1, 4624, "0x10"), "{\"no\":1}", record(2, 4624, "0x20", "bob")}), beat);
  EXPECT_EQ(reply.status, 200) << reply.body;
  const json items = json::parse(reply.body)["items"];
  EXPECT_EQ(items[0]["create"]["status"], 201);
  EXPECT_EQ(items[1]["create"]["status"], 400);
  EXPECT_EQ(items[2]["create"]["status"], 201);
  EXPECT_TRUE(until_sessions(2)) << daemon_.program().log();
  EXPECT_EQ(daemon_.push("POST", "/_bulk", bulk({record(3, 4647, "0x10")}), beat).status, 200);
  EXPECT_TRUE(until_ended(1)) << daemon_.program().log();
  EXPECT_TRUE(daemon_.wait_until_judged());
}

// Killed after the answer, before anything was judged: nothing is lost, and who asks again makes no second
// session.
TEST_F(Push, WhatWasAnsweredOutlivesAKillAndMayComeAgain) {
  daemon_.start();
  const std::string body = bulk({record(1, 4624, "0x10"), record(2, 4624, "0x20", "bob")});
  ASSERT_EQ(daemon_.push("POST", "/_bulk", body).status, 200);
  daemon_.kill();
  daemon_.start();
  const PushReply again = daemon_.push("POST", "/_bulk", body);
  EXPECT_FALSE(json::parse(again.body)["errors"].get<bool>()) << again.body;
  ASSERT_TRUE(until_sessions(2)) << daemon_.program().log();
  ASSERT_TRUE(daemon_.wait_until_judged());
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(json::parse(daemon_.push("POST", "/records", record(1, 4624, "0x10")).body)["repeated"], 1);
  EXPECT_EQ(
      daemon_.push("POST", "/_bulk", bulk({record(3, 4647, "0x10"), record(4, 4647, "0x20", "bob")})).status,
      200);
  EXPECT_TRUE(until_ended(2)) << daemon_.program().log();
  EXPECT_EQ(daemon_.sessions().size(), 2U);
}

TEST_F(Push, OnlyItsTokenPushes) {
  daemon_.start();
  const auto status = [&](const std::string& authorization) {
    return daemon_.push("POST", "/records", record(1, 4688, "0x1"), {{"Authorization", authorization}})
        .status;
  };
  EXPECT_EQ(status(PushedDaemon::basic()), 200);
  EXPECT_EQ(status(PushedDaemon::api_key()), 200);
  EXPECT_EQ(status("Bearer cfw_another"), 401);
  EXPECT_EQ(status("Basic d2hvOmV2ZXI="), 401);
}

TEST_F(Push, WhatCannotBeTakenSaysWhy) {
  daemon_.start();
  const PushReply table = daemon_.push("POST", "/records", "EventID,User\n4624,alice\n");
  EXPECT_EQ(table.status, 415);
  EXPECT_THAT(table.body, HasSubstr("to_json()"));
  EXPECT_EQ(daemon_.push("POST", "/_bulk", "x", {{"Content-Encoding", "gzip"}}).status, 400);
  // One byte more than is taken, and so much more that no buffer holds it: the sender is told, not reset.
  for (const std::size_t length : {(std::size_t{16} << 20U) + 1, std::size_t{96} << 20U})
    EXPECT_EQ(daemon_.push("POST", "/records", std::string(length, ' ')).status, 413) << length;
  EXPECT_THAT(daemon_.push("PUT", "/_index_template/winlogbeat", "{}").body,
              HasSubstr("setup.template.enabled"));
}

// A counterpart that we did not write: Debian's, or the one of the Python that CURFEW_TEST_PYTHON names.
TEST_F(Push, ElasticsearchsOwnClientUnderstandsTheAnswers) {
  const char* const named = std::getenv("CURFEW_TEST_PYTHON");
  const std::string python = named != nullptr ? named : "/usr/bin/python3";
  if (std::system((python + " -c 'import elasticsearch' 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << python << " has no package elasticsearch";
  daemon_.start();
  const auto folder = daemon_.program().folder();
  std::ofstream(folder / "records") << record(1, 4624, "0x10") << "\n{\"no\": \"event\"}\n"
                                    << record(2, 4624, "0x20", "bob") << "\n";
  const std::string script =
      std::string(CURFEW_SOURCE_DIR) + "/tests/integration/push/elasticsearch_client.py";
  ASSERT_EQ(std::system((python + " " + script + " " + daemon_.url() + " " + PushedDaemon::token() + " < " +
                         (folder / "records").string() + " > " + (folder / "told").string())
                            .c_str()),
            0);
  std::ifstream in(folder / "told");
  const json told = json::parse(in);
  EXPECT_EQ(told["taken"], 2) << told;
  EXPECT_EQ(told["refused"], json::parse("[400]")) << told;
  EXPECT_TRUE(until_sessions(2)) << daemon_.program().log();
}

}  // namespace
}  // namespace curfew::push_test
