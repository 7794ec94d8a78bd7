#include "plugins/forms/logs/merger.hpp"

#include <gtest/gtest.h>

#include <set>

#include "plugins/forms/logs/line_keys.hpp"
#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

class Merging : public testing::Test {
 protected:
  Mark mark(int seconds, const char* session = "s", Meaning means = Meaning::Activity) {
    Mark one;
    one.time = at("2026-11-21T20:00:00Z") + std::chrono::seconds(seconds);
    one.means = means;
    one.session = test_digest(session);
    one.key = test_digest(std::string(session) + std::to_string(seconds) + std::to_string(++number));
    one.auth_method = plugin::AuthMethod::Form;
    return one;
  }
  std::string told() const { return story(findings); }

  int number = 0;
  std::vector<Finding> findings;
  Merger merger{std::chrono::seconds(10), files::Duration{},
                [this](Finding&& finding) { findings.push_back(std::move(finding)); }};
};

TEST_F(Merging, TheFirstActivityIsToldAtOnceAndTheOthersOfItsQuantumTogether) {
  for (const int second : {1, 2, 3, 9}) merger.add(mark(second));
  EXPECT_EQ(told(), "activity");
  EXPECT_EQ(findings[0].at, mark(1).time);
  merger.close(mark(10).time);
  EXPECT_EQ(told(), "activity activity*3");
  EXPECT_EQ(findings[1].at, mark(9).time) << "the last one's time";
}

TEST_F(Merging, SteadyActivityIsOneObservationAQuantum) {
  for (int second = 0; second < 100; ++second) {
    merger.close(mark(second).time);
    merger.add(mark(second));
  }
  merger.finish();
  std::uint32_t sum = 0;
  for (const Finding& finding : findings) sum += finding.count;
  EXPECT_EQ(sum, 100U) << "nothing is lost";
  EXPECT_EQ(findings.size(), 11U);
}

TEST_F(Merging, TheFirstAfterAnIdleTimeHasItsOwnTime) {
  merger.add(mark(5));
  merger.close(mark(904).time);
  merger.add(mark(904));
  merger.add(mark(908));
  EXPECT_EQ(findings.back().at, mark(904).time) << "else it would look as if nobody acted for longer";
}

TEST_F(Merging, PersonsMachinesAndSessionsAreApart) {
  merger.add(mark(1, "a"));
  merger.add(mark(2, "a", Meaning::MachineActivity));
  merger.add(mark(3, "b"));
  EXPECT_EQ(told(), "activity machine activity");
}

TEST_F(Merging, ANameThatOneLineHasIsTheWholeQuantums) {
  merger.add(mark(1));
  merger.add(mark(2));
  Mark named = mark(3);
  named.user = "bob";
  merger.add(std::move(named));
  merger.add(mark(4));
  merger.close(mark(20).time);
  EXPECT_EQ(findings.back().user, "bob");
  EXPECT_EQ(findings.back().count, 3U);
}

TEST_F(Merging, WhatComesAfterItsQuantumWasClosedIsToldByItself) {
  merger.add(mark(1));
  merger.close(mark(30).time);
  merger.add(mark(5));
  merger.add(mark(6));
  EXPECT_EQ(told(), "activity activity activity");
  EXPECT_TRUE(findings[1].key.starts_with("line/"));
}

TEST_F(Merging, KeysAreThoseOfTheLinesWheneverTheyAreRead) {
  const std::vector<int> seconds{1, 2, 9, 11, 12, 25, 300};
  const auto keys_from = [&](std::size_t first) {
    std::set<std::string> keys;
    Merger one(std::chrono::seconds(10), files::Duration{},
               [&](Finding&& finding) { EXPECT_TRUE(keys.insert(finding.key).second); });
    for (std::size_t i = first; i < seconds.size(); ++i) {
      one.close(mark(seconds[i]).time);
      one.add(mark(seconds[i]));
    }
    one.finish();
    return keys;
  };
  const std::set<std::string> all = keys_from(0);
  // From a quantum that follows a silent one, as after a restart.
  for (const std::string& key : keys_from(6)) EXPECT_TRUE(all.contains(key)) << key;
}

TEST_F(Merging, ARefusalHasTheSessionAndNobodysName) {
  Mark refused = mark(1, "s", Meaning::Refused);
  refused.user = "carol";
  refused.failure = "session_refused";
  merger.add(std::move(refused));
  ASSERT_EQ(told(), "refused");
  EXPECT_EQ(findings[0].type, plugin::Type::SignInFailed);
  EXPECT_EQ(findings[0].session, test_digest("s"));
  EXPECT_EQ(findings[0].user, "");
  EXPECT_EQ(findings[0].failure, "session_refused");
}

TEST_F(Merging, ARefusalThatEndsTheSessionIsProofFirstAndThenAConclusion) {
  for (const int second : {1, 2, 3}) {
    Mark refused = mark(second, "s", Meaning::Refused);
    refused.ends_session = true;
    merger.add(std::move(refused));
  }
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].type, plugin::Type::SignInFailed);
  EXPECT_EQ(findings[1].type, plugin::Type::Expired);
  EXPECT_TRUE(findings[1].end_inferred);
  EXPECT_NE(findings[0].key, findings[1].key);
  merger.finish();
  EXPECT_EQ(findings.size(), 4U);
  EXPECT_EQ(findings[2].count, 2U);
}

TEST_F(Merging, WhereServersCacheSessionsARefusalIsToldOnceItHasSettled) {
  Merger slow{std::chrono::seconds(10), std::chrono::seconds(15),
              [this](Finding&& finding) { findings.push_back(std::move(finding)); }};
  slow.add(mark(0, "s", Meaning::Refused));
  slow.add(mark(1));  // by another server
  slow.add(mark(2, "s", Meaning::Refused));
  slow.add(mark(12, "s", Meaning::Refused));
  slow.add(mark(13, "other", Meaning::Refused));
  EXPECT_EQ(told(), "activity");
  EXPECT_EQ(slow.unsettled(), 4U);
  slow.add(mark(17, "s", Meaning::Refused));
  EXPECT_EQ(told(), "activity refused");
  EXPECT_EQ(findings[1].session, test_digest("s"));
}

TEST_F(Merging, ASignInByAFormIsFreshAndByATicketIsNot) {
  merger.add(mark(1, "a", Meaning::SignIn));
  Mark ticket = mark(2, "b", Meaning::SignIn);
  ticket.auth_method = plugin::AuthMethod::Negotiate;
  merger.add(std::move(ticket));
  EXPECT_TRUE(findings[0].fresh_credentials);
  EXPECT_EQ(findings[0].interactivity, plugin::Interactivity::Interactive);
  EXPECT_FALSE(findings[1].fresh_credentials);
  EXPECT_EQ(findings[1].interactivity, plugin::Interactivity::Silent);
}

TEST(Marks, SortByTimeAndComeBackAsTheyWere) {
  Mark mark;
  mark.time = at("2026-11-21T20:00:00Z");
  mark.means = Meaning::Refused;
  mark.session = test_digest("s");
  mark.key = test_digest("k");
  mark.auth_method = plugin::AuthMethod::Saml;
  mark.ends_session = true;
  mark.user = "u";
  mark.address = "a";
  mark.user_agent = "ua";
  mark.failure = "f";
  const Mark same = decode(encode(mark));
  EXPECT_EQ(same.time, mark.time);
  EXPECT_EQ(same.means, mark.means);
  EXPECT_EQ(same.session, mark.session);
  EXPECT_EQ(same.key, mark.key);
  EXPECT_EQ(same.auth_method, mark.auth_method);
  EXPECT_TRUE(same.ends_session);
  EXPECT_EQ(same.user + same.address + same.user_agent + same.failure, "uauaf");
  Mark later = mark;
  later.time += std::chrono::microseconds(1);
  EXPECT_LT(encode(mark), encode(later));
  mark.time = at("1969-01-01T00:00:00Z");
  EXPECT_LT(encode(mark), encode(later));
}

TEST(Keys, EqualLinesOfOneSecondAreTwo) {
  LineKeys keys(test_digest);
  keys.see("#Software: x");
  keys.see("first line");
  const auto one = keys.of("POST /login 401");
  const auto two = keys.of("POST /login 401");
  EXPECT_FALSE(one == two);
  LineKeys again(test_digest);
  again.begin("#Software: x\nfirst line\nPOST /login 401\n");
  EXPECT_EQ(again.of("POST /login 401"), one) << "read again, it is the same";
  EXPECT_EQ(again.of("POST /login 401"), two);
  LineKeys other(test_digest);
  other.begin("another file\n");
  EXPECT_FALSE(other.of("POST /login 401") == one) << "a line of another file is another line";
}

}  // namespace
}  // namespace curfew::forms
