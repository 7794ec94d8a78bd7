#include "core/app/live_lines.hpp"

#include <gtest/gtest.h>

namespace curfew::app {
namespace {

const std::string row_head =
    R"({"number":7,"source":"crm","session":"aa11","subject":"00000000000000aa","start_seen":true,)"
    R"("started_at":"2026-11-22T06:41:00.500000Z",)";
const std::string live = row_head + R"("state":"active","ended_at":null})";
const std::string ended =
    row_head +
    R"("state":"ended","ended_at":"2026-11-22T06:42:00.750000Z","end_reason":"forced","end_certainty":"stated"})";

class LiveLinesTest : public testing::Test {
 protected:
  LiveLines lines(std::vector<std::string> sources = {}) const {
    return LiveLines({.sources = std::move(sources),
                      .since = *base::parse_rfc3339("2026-11-22T06:41:00Z"),
                      .name_of = [](const std::string& ref) { return ref.ends_with("aa") ? "alex" : ref; },
                      .source_of = [](std::uint64_t) { return std::string("crm"); }});
  }
};

TEST_F(LiveLinesTest, ASessionIsToldWhenItBeginsAndWhenItEnds) {
  LiveLines all = lines();
  EXPECT_EQ(all.take("session", live), "06:41:00.500  session 7     alex signed in at crm");
  EXPECT_EQ(all.take("session", live), "");  // its activity
  EXPECT_EQ(all.take("session", ended), "06:42:00.750  session 7     ended: forced (stated)");
  EXPECT_EQ(all.take("session", ended), "");
}

TEST_F(LiveLinesTest, WhoWasThereBeforeHasNotJustSignedIn) {
  LiveLines all = lines();
  std::string earlier = live;
  earlier.replace(earlier.find("06:41"), 5, "05:41");
  EXPECT_EQ(all.take("session", earlier), "");
  EXPECT_NE(all.take("session", ended), "");
}

TEST_F(LiveLinesTest, AnIdThatIsUsedAgainIsAnotherSession) {
  LiveLines all = lines();
  (void)all.take("session", live);
  (void)all.take("session", ended);
  std::string again = live;
  again.replace(again.find("\"number\":7"), 10, "\"number\":8");
  EXPECT_EQ(all.take("session", again), "06:41:00.500  session 8     alex signed in at crm");
}

TEST_F(LiveLinesTest, AnEndThatWasTakenBackIsTold) {
  LiveLines all = lines();
  (void)all.take("session", live);
  (void)all.take("session", ended);
  EXPECT_NE(all.take("session", live).find("goes on"), std::string::npos);
}

TEST_F(LiveLinesTest, AWarningSaysUntilWhenAndHowToStay) {
  EXPECT_EQ(
      lines().take("warned", R"({"kind":"warned","at":"2026-11-22T06:41:30.000000Z","source":"crm","facts":)"
                             R"({"policy":"idle","rule":"inactivity_timeout","session_number":7,)"
                             R"("deadline":1795329720000000}})"),
      "06:41:30.000  session 7     warned by idle: signed out at 06:42:00.000 unless it is used");
}

TEST_F(LiveLinesTest, AViolationIsToldOnceAndOnceMoreWhenItIsWithdrawn) {
  LiveLines all = lines();
  const std::string standing =
      R"({"number":3,"policy":"idle","rule":"inactivity_timeout","mode":"enforce","source":"crm","session":7,)"
      R"("breached_at":"2026-11-22T06:42:00.000000Z","detected_at":"2026-11-22T06:42:01.000000Z",)";
  EXPECT_EQ(all.take("violation", standing + R"("withdrawn_at":null,"evidence":{}})"),
            "06:42:01.000  session 7     violation 3 of idle: inactivity timeout at 06:42:00.000");
  EXPECT_EQ(all.take("violation", standing + R"("withdrawn_at":null,"evidence":{}})"), "");
  EXPECT_EQ(all.take("violation", standing + R"("withdrawn_at":"2026-11-22T06:43:00.000000Z"})"),
            "06:43:00.000  session 7     violation 3 of idle is withdrawn");
}

TEST_F(LiveLinesTest, EachStepOfASignOutIsTold) {
  EXPECT_EQ(lines().take("step", R"({"order":2,"kind":"answer","at":"2026-11-22T06:42:00.100000Z",)"
                                 R"("facts":{"order":2,"step":0,"code":"accepted"}})"),
            "06:42:00.100  sign-out 2    step 1 answer: accepted");
}

TEST_F(LiveLinesTest, ARefusalAtTheGateIsOfItsSession) {
  LiveLines some = lines({"crm"});
  const std::string refusal =
      R"({"kind":"observation","at":"2026-11-22T06:43:00.000000Z","source":"door","session":"aa11",)"
      R"("facts":{"type":"sign_in_failed","failure":"refused_by_gate","count":2}})";
  EXPECT_EQ(some.take("sign_in_failed", refusal), "");  // of nobody that it knows
  (void)some.take("session", live);
  EXPECT_EQ(some.take("sign_in_failed", refusal),
            "06:43:00.000  session 7     came back after its end, refused by door, 2 times");
}

TEST_F(LiveLinesTest, AFailedSignInIsTold) {
  EXPECT_EQ(lines().take("sign_in_failed",
                         R"({"kind":"observation","at":"2026-11-22T06:43:00.000000Z","source":"crm",)"
                         R"("facts":{"type":"sign_in_failed","ids":[["user","00000000000000aa"]]}})"),
            "06:43:00.000  crm           failed sign-in at crm as alex");
}

TEST_F(LiveLinesTest, OnlyTheSourcesThatWereAskedFor) {
  LiveLines other = lines({"mail"});
  EXPECT_EQ(other.take("session", live), "");
  EXPECT_EQ(other.take("session", ended), "");
  EXPECT_EQ(other.take("step", R"({"order":2,"kind":"answer","at":"2026-11-22T06:42:00.100000Z",)"
                               R"("facts":{"order":2,"step":0,"code":"accepted"}})"),
            "");
}

TEST_F(LiveLinesTest, WhatIsNoEventOfTheStreamIsNothing) {
  for (const char* event :
       {"session", "violation", "step", "warned", "sign_in_failed", "alert", "lost", "x"}) {
    EXPECT_NO_THROW((void)lines().take(event, "no JSON"));
    EXPECT_NO_THROW((void)lines().take(event, R"({"facts":[],"evidence":3,"number":"x","session":{}})"));
  }
}

}  // namespace
}  // namespace curfew::app
