// The gate in the whole daemon: what a reverse proxy is told of a session, before, while and after it is
// signed out.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/NullStream.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>

#include "tests/integration/app/program.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const char* const two_people = R"(
{"at":"-20m","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human"}
{"at":"-1m","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test"},"account_type":"human"}
)";

class GateInTheDaemon : public testing::Test {
 protected:
  void configure(const std::string& policies) {
    daemon_.configure(
        "gates: [{name: door, guards: crm, listener: {port: " + std::to_string(port_) +
            "}, activity_quantum: 1s, unknown: deny, machine_paths: [/poll/*]}]\n"
            "safety: {most_sign_outs_per_minute: 10, protected_accounts: [\"upn:admin@corp.test\"]}\n" +
            policies,
        "gate: {credentials: [{in: cookie, name: sid}], clear_cookies: [sid]}");
  }

  // What the proxy is answered for a request of somebody with this cookie; 0: nobody answers.
  [[nodiscard]] int ask(const std::string& cookie, const std::string& path = "/invoices",
                        const std::string& user_agent = "browser") const {
    try {
      Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port_));
      session.setTimeout(Poco::Timespan(10, 0));
      Poco::Net::HTTPRequest request("GET", "/check", "HTTP/1.1");
      request.set("Cookie", "theme=dark; sid=" + cookie);
      request.set("X-Original-URI", path);
      request.set("X-Real-IP", "192.0.2.7");
      request.set("User-Agent", user_agent);
      session.sendRequest(request);
      Poco::Net::HTTPResponse response;
      Poco::NullOutputStream nowhere;
      Poco::StreamCopier::copyStream(session.receiveResponse(response), nowhere);
      return response.getStatus();
    } catch (const Poco::Exception&) {
      return 0;
    }
  }
  [[nodiscard]] bool comes_to(const std::string& cookie, int status) const {
    return daemon_.until([&] { return ask(cookie) == status; });
  }
  ScriptedDaemon daemon_;
  const int port_ = support::free_port();
};

TEST_F(GateInTheDaemon, RefusesWhoIsSignedOutAndStillDoesAfterARestart) {
  daemon_.script(two_people);
  configure(R"(policies:
  - name: ten-minutes
    rule: session_timeout
    limit: 10m
    mode: enforce
    ladder: [{action: sign_out_session, prove_within: 5s}]
)");
  daemon_.start();
  EXPECT_TRUE(comes_to("s2", 200)) << daemon_.log();
  EXPECT_TRUE(comes_to("s1", 401)) << daemon_.log();
  EXPECT_EQ(ask("a stranger's"), 401) << "unknown: deny";
  ASSERT_TRUE(daemon_.until([&] {
    const json rows = daemon_.get("/api/v1/sign-outs")["sign_outs"];
    return !rows.empty() && rows[0]["outcome"] == "proven";
  })) << daemon_.get("/api/v1/sign-outs").dump(1);
  // Killed, not stopped: what was durable must do.
  daemon_.stop(SIGKILL);
  daemon_.start();
  EXPECT_TRUE(comes_to("s2", 200)) << daemon_.log();
  EXPECT_EQ(ask("s1"), 401);
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(GateInTheDaemon, TheOrderOfAnOperatorBitesAtOnceAndContainsWhatNobodyCanProve) {
  daemon_.script(std::string(two_people) + R"({"on":"sign_out_session","answer":"refuse"})" + "\n");
  configure("policies: []\n");
  daemon_.start();
  ASSERT_TRUE(comes_to("s1", 200)) << daemon_.log();
  const Reply ordered = daemon_.request(
      "POST", "/api/v1/sign-outs",
      R"({"session":1,"reason":"left the company","ladder":[{"action":"sign_out_session"}]})");
  ASSERT_EQ(ordered.status, 202) << ordered.body;
  // The answer says that the order is durable, and from then on the gate refuses.
  EXPECT_EQ(ask("s1"), 401);
  EXPECT_TRUE(daemon_.until([&] {
    return daemon_.get("/api/v1/sign-outs")["sign_outs"][0]["outcome"] == "contained";
  })) << daemon_.get("/api/v1/sign-outs").dump(1);
  EXPECT_EQ(ask("s1"), 401);
  EXPECT_EQ(ask("s2"), 200);
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(GateInTheDaemon, WhatItSeesIsActivityOfThePersonOrOfTheMachine) {
  daemon_.script(two_people);
  configure("policies: []\n");
  daemon_.start();
  ASSERT_TRUE(comes_to("s2", 200)) << daemon_.log();
  const auto activities = [&](std::uint64_t number) {
    const json rows = daemon_.get("/api/v1/sessions")["sessions"];
    for (const json& row : rows) {
      if (row["number"] == number) return row;
    }
    return json{};
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask("s1", "/poll/inbox"), 200);
  EXPECT_EQ(daemon_.stop().code, 0) << "what was seen is handed on first";
  daemon_.start();
  const json person = activities(2);
  const json machine = activities(1);
  EXPECT_GE(person["activities"], 1) << person.dump(1);
  EXPECT_EQ(machine["activities"], 5) << machine.dump(1);
  EXPECT_GT(person["last_person_activity_at"], person["started_at"]);
  EXPECT_EQ(machine["last_person_activity_at"], machine["started_at"]) << "polling is nobody at the keyboard";
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(GateInTheDaemon, ACookieThatComesBackAfterTheSignOutIsFoundWithItsCause) {
  daemon_.script(std::string(two_people) + R"({"at":"-1s","type":"sign_out","session":"s1"})" + "\n");
  configure("policies: [{name: after-end, rule: activity_after_end}]\n");
  daemon_.start();
  ASSERT_TRUE(comes_to("s2", 200)) << daemon_.log();
  ASSERT_TRUE(comes_to("s1", 401)) << daemon_.log();
  EXPECT_EQ(ask("s1", "/invoices", "somebody else's program"), 401);
  ASSERT_TRUE(daemon_.until([&] { return !daemon_.get("/api/v1/violations")["violations"].empty(); }))
      << daemon_.log();
  const json violation = daemon_.get("/api/v1/violations")["violations"][0];
  EXPECT_EQ(violation["policy"], "after-end");
  EXPECT_THAT(violation.dump(), HasSubstr("refused"));
  EXPECT_TRUE(daemon_.get("/api/v1/sign-outs")["sign_outs"].empty());
  EXPECT_EQ(daemon_.stop().code, 0);
}

}  // namespace
}  // namespace curfew::app_test
