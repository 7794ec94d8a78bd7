// Sessions out of lists: each is told once, as what it is, and an end only when nothing can have hidden it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/plugins/oauth_openid/administered.hpp"

namespace curfew::oauth_test {
namespace {

using oauth::Batch;
using oauth::Sighting;
using plugin::Step;
using plugin::Time;
using plugin::Type;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

std::vector<std::string> told(const Batch& batch, Type type) {
  std::vector<std::string> all;
  for (const Sighting& one : batch.sightings) {
    if (one.type == type) all.push_back(one.session);
  }
  return all;
}

TEST(Reading, ASignInIsToldOnceWithItsTime) {
  FakeOperator api;
  const Administered one(api);
  EXPECT_THAT(one.read().sightings, IsEmpty());
  for (int i = 0; i < 7; ++i) api.sign_in("s-" + std::to_string(i), "alice", {.offline = i == 3});
  const Batch batch = one.read();
  ASSERT_EQ(batch.sightings.size(), 7U);
  const Sighting& first = batch.sightings[0];
  EXPECT_EQ(first.type, Type::SignIn);
  EXPECT_EQ(first.subject, api.url() + "#alice");
  EXPECT_EQ(first.user_name, "alice@corp.test");
  EXPECT_EQ(first.account_type, plugin::AccountType::Human);
  EXPECT_EQ(first.handle, R"(["s-0","alice"])");
  EXPECT_EQ(first.at.time_since_epoch() % 1s, 0s);
  EXPECT_LE(wall_clock() - first.at, 10s);
  EXPECT_EQ(first.key.find("s-0"), std::string::npos);
  EXPECT_TRUE(batch.caught_up);
  EXPECT_THAT(one.read().sightings, IsEmpty());
}

TEST(Reading, WhatWasThereBeforeOnlyLives) {
  FakeOperator api;
  api.sign_in("old", "alice", {.at = FakeOperator::now() - 7200});
  api.sign_in("recent", "alice", {.at = FakeOperator::now() - 600});
  api.sign_in("ahead", "alice", {.at = FakeOperator::now() + 3600});
  api.set([](FakeOperator& it) {
    it.sessions.push_back({{"id", "unsaid"}, {"person", "alice"}});
    it.sessions.push_back({{"id", "nobody"}});
    it.grants.push_back({{"session", "offline"}, {"person", "bob"}});
    it.grants.push_back({{"session", nullptr}, {"person", "robot"}});
  });
  const Administered one(api);
  const Batch batch = one.read();
  EXPECT_THAT(told(batch, Type::SignIn), ElementsAre("recent"));
  EXPECT_THAT(told(batch, Type::Activity), UnorderedElementsAre("old", "ahead", "unsaid", "offline"));
  for (const Sighting& seen : batch.sightings) EXPECT_EQ(seen.machine, seen.type == Type::Activity);
  EXPECT_EQ(batch.filtered, 2U);
  api.set([](FakeOperator& it) { it.sessions.push_back({{"id", "unsaid-2"}, {"person", "alice"}}); });
  const Batch next = one.read();
  EXPECT_THAT(told(next, Type::SignIn), ElementsAre("unsaid-2"));
  EXPECT_LE(next.sightings[0].at, wall_clock());
}

TEST(Reading, AfterARestartNobodySignsInAgain) {
  FakeOperator api;
  std::string cursor;
  {
    const Administered one(api);
    api.sign_in("s-1", "alice", {.at = FakeOperator::now() - 60});
    const Batch batch = one.read();
    EXPECT_THAT(told(batch, Type::SignIn), ElementsAre("s-1"));
    cursor = batch.cursor;
  }
  api.sign_in("s-2", "alice");
  const Administered again(api, nlohmann::json::object(), cursor);
  const Batch batch = again.read();
  EXPECT_THAT(told(batch, Type::SignIn), ElementsAre("s-2"));
  EXPECT_THAT(told(batch, Type::Activity), ElementsAre("s-1"));
}

TEST(Reading, AnEndIsToldWhenTwoReadingsMissIt) {
  FakeOperator api;
  const Administered one(api);
  api.sign_in("s-1", "alice", {.offline = true});
  api.sign_in("s-2", "alice");
  EXPECT_EQ(one.read().sightings.size(), 2U);
  api.end("s-1");
  api.end("s-2");
  EXPECT_THAT(one.read().sightings, IsEmpty());
  const Batch batch = one.read();
  ASSERT_THAT(told(batch, Type::Expired), ElementsAre("s-2")) << "s-1 has a grant";
  EXPECT_TRUE(batch.sightings[0].end_inferred);
  EXPECT_EQ(batch.sightings[0].end_reason, plugin::EndReason::Vanished);
  api.revoke("s-1");
  EXPECT_THAT(one.read().sightings, IsEmpty());
  EXPECT_THAT(told(one.read(), Type::Expired), ElementsAre("s-1"));
}

TEST(Reading, ThatFailsTellsNothingAndGoesOnAtItsPage) {
  FakeOperator api;
  const Administered one(api);
  for (int i = 0; i < 7; ++i) api.sign_in("s-" + std::to_string(i), "alice");
  EXPECT_EQ(one.read().sightings.size(), 7U);
  api.sign_in("s-7", "alice");
  for (int i = 0; i < 3; ++i) {
    api.next_answer({.body = R"({"rows":[)", .only_for = "/sessions?after=3"});
    EXPECT_THROW((void)one->since(Administered::soon()), plugin::Failure);
  }
  const std::size_t asked = api.asked("/api/sessions?after=");
  const Batch batch = one.read();
  EXPECT_THAT(told(batch, Type::SignIn), ElementsAre("s-7"));
  EXPECT_THAT(told(batch, Type::Expired), IsEmpty());
  EXPECT_EQ(api.asked("/api/sessions?after="), asked + 2) << "the pages at 3 and 6";
  api.next_answer({.body = R"({"rows":[],"next":"7"})", .only_for = "/sessions?after="}, 2);
  EXPECT_THROW((void)one->since(Administered::soon()), plugin::Failure) << "a list in a circle";
  EXPECT_THAT(one.read().sightings, IsEmpty());
}

TEST(Reading, GoesOnWhereItsTimeWasOver) {
  FakeOperator api;
  const Administered one(api);
  for (int i = 0; i < 7; ++i) api.sign_in("s-" + std::to_string(i), "alice");
  Batch batch = one->since(wall_clock());  // one page
  EXPECT_FALSE(batch.caught_up);
  EXPECT_EQ(batch.read, 3U);
  EXPECT_EQ(batch.cursor, "");
  EXPECT_THAT(batch.sightings, IsEmpty());
  EXPECT_EQ(one.read().sightings.size(), 7U);
  EXPECT_EQ(api.asked("/api/sessions?after=3"), 1U);
}

TEST(Reading, WhatAnOrderEndedIsNoNews) {
  FakeOperator api;
  const Administered one(api);
  api.sign_in("s-1", "alice");
  api.sign_in("s-2", "bob");
  (void)one.read();
  EXPECT_EQ(one.act(Step::SignOutSession, "s-1", "alice").code, plugin::Code::Ok);
  api.end("s-2");
  (void)one.read();
  const Batch batch = one.read();
  EXPECT_THAT(told(batch, Type::Expired), ElementsAre("s-2"));
  EXPECT_EQ(batch.filtered, 1U);
  EXPECT_LE(batch.filtered + batch.unreadable, batch.read) << "the host takes no other count";
}

TEST(Reading, WhereNotAllIsListedNoEndIsTold) {
  FakeOperator api;
  const Administered one(api, {{"grants", {{"all", nullptr}}}});
  api.sign_in("s-1", "alice");
  EXPECT_EQ(one.read().sightings.size(), 1U);
  api.end("s-1");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(one.read().sightings, IsEmpty());
  EXPECT_THAT(one->coverage(), testing::HasSubstr("\"ends_shown\":false"));
}

TEST(Reading, ALogoutOfAClientIsTheSessionsAndSaysNothingOfItsGrants) {
  FakeOperator api;
  const Administered one(api);
  api.sign_in("s-1", "alice", {.sid = "sid-of-crm"});
  (void)one.read();
  Sighting logout;
  logout.type = Type::SignOut;
  logout.session = "sid-of-crm";
  logout.subject = "alice";
  one->complete(logout);
  EXPECT_EQ(logout.session, "s-1");
  EXPECT_EQ(logout.subject, api.url() + "#alice");
  EXPECT_EQ(logout.handle, R"(["s-1","alice"])");
  EXPECT_TRUE(logout.end_inferred);
  // Where sessions are all that there is, the provider's word is its last.
  const Administered simple(api, {{"grants", nullptr}});
  (void)simple.read();
  Sighting stated;
  stated.type = Type::SignOut;
  stated.session = "sid-of-crm";
  stated.subject = "alice";
  simple->complete(stated);
  EXPECT_FALSE(stated.end_inferred);
}

// A provider may take a session off its list before it sends its logouts.
TEST(Reading, ALogoutThatComesAfterTheSessionIsGoneIsThatSessions) {
  FakeOperator api;
  const Administered one(api);
  (void)one.read();
  api.sign_in("s-1", "alice", {.sid = "sid-of-crm"});
  (void)one.read();
  api.end("s-1");
  std::vector<std::string> gone;
  for (int i = 0; i < 3; ++i) {
    for (const std::string& session : told(one.read(), Type::Expired)) gone.push_back(session);
  }
  EXPECT_THAT(gone, ElementsAre("s-1"));
  Sighting logout;
  logout.type = Type::SignOut;
  logout.session = "sid-of-crm";
  logout.subject = "alice";
  one->complete(logout);
  EXPECT_EQ(logout.session, "s-1");
}

TEST(Reading, ListsWhoIsSignedIn) {
  FakeOperator api;
  for (int i = 0; i < 7; ++i) api.sign_in("s-" + std::to_string(i), "alice");
  api.set([](FakeOperator& it) { it.sessions.push_back({{"id", "nobody"}}); });
  const Administered one(api);
  std::vector<std::string> all;
  one->list(
      [&](const oauth::LiveSession& session) {
        all.push_back(session.id);
        EXPECT_EQ(session.subject, api.url() + "#alice");
        return all.size() < 6;
      },
      Administered::soon());
  EXPECT_THAT(all, ElementsAre("s-0", "s-1", "s-2", "s-3", "s-4", "s-5"));
}

}  // namespace
}  // namespace curfew::oauth_test
