// The gate of a running daemon: it refuses what was signed out, across restarts, and tells what it saw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "running_gate.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::api {
namespace {

using app_test::run_curfew;
using app_test::ScriptedDaemon;
using nlohmann::json;
using testing::HasSubstr;

const char* const people = R"(
{"at":"-3h","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human"}
{"at":"-2h","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test"},"account_type":"human"}
)";

class GateOfADaemon : public testing::Test {
 protected:
  void start(const std::string& more = "policies: []\n", const std::string& gate = "",
             const std::string& script = people) {
    port_ = support::free_port();
    daemon_.script(script);
    daemon_.configure("gates:\n  - {name: front, guards: crm, listener: {port: " + std::to_string(port_) +
                      "}, activity_quantum: 1s" + gate + "}\n" + more);
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    text.insert(text.find("settings: {") + 11,
                "gate: {credentials: [{in: cookie, name: sid}], clear_cookies: [sid]}, ");
    std::ofstream(daemon_.config()) << text;
    daemon_.start();
    ASSERT_TRUE(daemon_.until([&] { return get(port_, "/healthz").status == 200; })) << daemon_.log();
  }
  [[nodiscard]] Got check(const std::string& session, const Headers& more = {}) const {
    Headers headers{{"Cookie", "sid=" + session}, {"X-Original-URI", "/"}};
    headers.insert(headers.end(), more.begin(), more.end());
    return get(port_, "/check", headers);
  }
  // Once the session is known, and until it is refused.
  [[nodiscard]] bool becomes(const std::string& session, int status) const {
    return daemon_.until([&] { return check(session).status == status; });
  }
  [[nodiscard]] bool knows(std::size_t sessions) const {
    return daemon_.until([&] { return daemon_.get("/api/v1/sessions")["sessions"].size() == sessions; });
  }

  ScriptedDaemon daemon_;
  int port_ = 0;
};

TEST_F(GateOfADaemon, ASignedOutSessionIsRefusedAtOnceAndAfterARestartAndTheOthersPass) {
  start("policies: []\n", ", unknown: deny");
  ASSERT_TRUE(knows(2)) << daemon_.log();
  ASSERT_TRUE(becomes("s1", 200));
  ASSERT_TRUE(becomes("s2", 200));
  EXPECT_EQ(check("nobody").status, 401);
  EXPECT_EQ(run_curfew({"sign-out", "--user", "alice@corp.test", "--reason", "left", "--wait", "--config",
                        daemon_.config()})
                .code,
            0);
  const Got refused = check("s1");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("x-curfew-reason"), "administrator");
  EXPECT_EQ(check("s2").status, 200);
  EXPECT_EQ(daemon_.stop(SIGKILL).signal, SIGKILL);
  EXPECT_EQ(check("s2").status, 0) << "nobody answers";
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return get(port_, "/healthz").status == 200; })) << daemon_.log();
  EXPECT_EQ(check("s1").status, 401);
  EXPECT_EQ(check("s2").status, 200);
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(GateOfADaemon, WhatALyingSourceLeavesAliveIsContained) {
  start("policies: []\n", "", std::string(people) + R"({"on":"sign_out_session","answer":"lie"})" + "\n");
  ASSERT_TRUE(knows(2)) << daemon_.log();
  ASSERT_TRUE(becomes("s1", 200));
  (void)run_curfew({"sign-out", "--user", "alice@corp.test", "--reason", "left", "--prove-within", "1s",
                    "--wait", "--config", daemon_.config()});
  EXPECT_EQ(check("s1").status, 401);
  EXPECT_TRUE(daemon_.until([&] {
    const json rows = daemon_.get("/api/v1/sign-outs")["sign_outs"];
    return rows.size() == 1 && (rows[0]["outcome"] == "contained" || rows[0]["outcome"] == "still_alive");
  })) << daemon_.get("/api/v1/sign-outs").dump();
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(GateOfADaemon, ActivityReachesTheSessionAndAReplayedCookieIsFound) {
  start("policies: [{name: after, rule: activity_after_end}]\n");
  ASSERT_TRUE(knows(2)) << daemon_.log();
  ASSERT_TRUE(becomes("s2", 200));
  const std::string before = daemon_.get("/api/v1/sessions/2")["last_person_activity_at"];
  ASSERT_TRUE(daemon_.until([&] {
    return daemon_.request("GET", "/metrics")
               .body.find("curfew_observations_total{source=\"front\",type=\"activity\"}") !=
           std::string::npos;
  })) << daemon_.request("GET", "/metrics").body;
  EXPECT_EQ(run_curfew({"sign-out", "--user", "bob@corp.test", "--reason", "left", "--wait", "--config",
                        daemon_.config()})
                .code,
            0);
  const json ended = daemon_.get("/api/v1/sessions/2");
  EXPECT_GT(ended["last_person_activity_at"], before)
      << "the gate's activity is the session's: " << ended.dump();
  EXPECT_TRUE(daemon_.until([&] {
    EXPECT_EQ(check("s2", {{"User-Agent", "curl"}, {"X-Real-IP", "192.0.2.66"}}).status, 401);
    return !daemon_.get("/api/v1/violations")["violations"].empty();
  })) << daemon_.log();
  const json found = daemon_.get("/api/v1/violations")["violations"][0];
  EXPECT_EQ(found["policy"], "after");
  EXPECT_EQ(found["evidence"]["refused"], true) << found.dump();
  EXPECT_EQ(daemon_.stop().code, 0);
}

}  // namespace
}  // namespace curfew::api
