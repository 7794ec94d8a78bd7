// Each event that Keycloak keeps is told once, in order, whatever happens between the pages, and what can't
// be read any more is told as a gap.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/plugins/oauth/provider_maker.hpp"

namespace curfew::oauth_test {
namespace {

using nlohmann::json;
using oauth::Batch;
using oauth::Sighting;
using plugin::Failure;
using plugin::Type;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::size_t gaps_in(const Batch& batch) {
  return static_cast<std::size_t>(std::count_if(batch.sightings.begin(), batch.sightings.end(),
                                                [](const Sighting& one) { return one.type == Type::Gap; }));
}

std::string complaint(const Made& made) {
  try {
    (void)all_of(made);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return {};
}

class Events : public testing::Test {
 protected:
  ~Events() override { EXPECT_THAT(keycloak_.complaints(), IsEmpty()); }
  FakeKeycloak keycloak_;
};

TEST_F(Events, AreToldOnceAndInOrder) {
  const Made made = oauth_test::made(keycloak_, {{"keycloak", {{"page_size", 3}}}});
  std::vector<std::string> expected;
  for (int i = 0; i < 10; ++i) expected.push_back(keycloak_.sign_in("alice", {}));
  EXPECT_EQ(sessions_in(all_of(made)), expected);
  EXPECT_THAT(all_of(made).sightings, IsEmpty());
  const std::string one_more = keycloak_.sign_in("bob", {});
  EXPECT_THAT(sessions_in(all_of(made)), ElementsAre(one_more));
}

TEST_F(Events, OfASignInSayWhoFromWhereAndHow) {
  const Made made = oauth_test::made(keycloak_, {{"service_accounts", {"batch-*"}}});
  const std::string session = keycloak_.sign_in("alice", {});
  const Batch batch = all_of(made);
  ASSERT_THAT(batch.sightings, SizeIs(1));
  const Sighting& seen = batch.sightings[0];
  EXPECT_EQ(seen.type, Type::SignIn);
  EXPECT_EQ(seen.subject, keycloak_.url() + "/realms/corp#id-of-alice");
  EXPECT_EQ(seen.user_name, "alice");
  EXPECT_EQ(seen.handle, session + "/id-of-alice");
  EXPECT_EQ(seen.address, "192.0.2.7");
  EXPECT_EQ(seen.application, "shop");
  EXPECT_EQ(seen.account_type, plugin::AccountType::Human);
  EXPECT_EQ(seen.auth_method, plugin::AuthMethod::Oidc);
  EXPECT_EQ(seen.interactivity, plugin::Interactivity::Interactive);
  EXPECT_TRUE(seen.fresh_credentials);
  (void)keycloak_.sign_in("alice", {.silent = true});
  const Batch again = all_of(made);
  ASSERT_THAT(again.sightings, SizeIs(1));
  EXPECT_EQ(again.sightings[0].interactivity, plugin::Interactivity::Silent);
  EXPECT_FALSE(again.sightings[0].fresh_credentials);
}

// Stored late, with an older time than what was read already.
TEST_F(Events, ThatArriveLateAreTold) {
  const Made made = oauth_test::made(keycloak_);
  (void)keycloak_.sign_in("alice", {});
  EXPECT_THAT(all_of(made).sightings, SizeIs(1));
  const std::string late = keycloak_.sign_in("bob", {.at = FakeKeycloak::now() - 4000});
  EXPECT_THAT(sessions_in(all_of(made)), ElementsAre(late));
}

TEST_F(Events, ThatComeWhilePagesTurnAreNeitherLostNorTwice) {
  const Made made = oauth_test::made(keycloak_, {{"keycloak", {{"page_size", 4}}}});
  std::set<std::string> expected;
  for (int i = 0; i < 20; ++i) expected.insert(keycloak_.sign_in("alice", {}));
  // One, four (a whole page) and six more, each before a later page is read.
  for (const auto& [page, count] :
       {std::pair("first=4&", 1), std::pair("first=8&", 4), std::pair("first=12&", 6)}) {
    keycloak_.before(page, [&, count = count] {
      for (int i = 0; i < count; ++i) expected.insert(keycloak_.sign_in("bob", {}));
    });
  }
  std::vector<std::string> told = sessions_in(all_of(made));
  for (const std::string& one : sessions_in(all_of(made))) told.push_back(one);
  EXPECT_EQ(told.size(), expected.size());
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()), expected);
}

TEST_F(Events, EqualInAllThatTheySayAreStillTwo) {
  const Made made = oauth_test::made(keycloak_);
  const std::int64_t at = FakeKeycloak::now();
  for (int i = 0; i < 3; ++i) keycloak_.fail_sign_in("alice", at);
  const Batch batch = all_of(made);
  ASSERT_THAT(batch.sightings, SizeIs(3));
  std::set<std::string> keys;
  for (const Sighting& one : batch.sightings) keys.insert(one.key);
  EXPECT_THAT(keys, SizeIs(3));
  EXPECT_THAT(all_of(made).sightings, IsEmpty());
}

TEST_F(Events, WithIdsOfTheirOwnAreKnownByThem) {
  keycloak_.set([](FakeKeycloak& it) { it.ids_of_events = true; });
  const Made made = oauth_test::made(keycloak_);
  (void)keycloak_.sign_in("alice", {});
  const Batch batch = all_of(made);
  ASSERT_THAT(batch.sightings, SizeIs(1));
  EXPECT_THAT(batch.sightings[0].key, testing::StartsWith("event-"));
}

TEST_F(Events, GoOnAcrossARestart) {
  std::string cursor;
  {
    const Made made = oauth_test::made(keycloak_);
    for (int i = 0; i < 5; ++i) (void)keycloak_.sign_in("alice", {});
    cursor = all_of(made).cursor;
  }
  EXPECT_LE(cursor.size(), 4096U);
  const std::string meanwhile = keycloak_.sign_in("bob", {});
  const Made made = oauth_test::made(keycloak_, json::object(), cursor);
  EXPECT_THAT(sessions_in(all_of(made)), ElementsAre(meanwhile));
}

// More within the overlap than a cursor holds: they come again under the same keys, which the host knows.
TEST_F(Events, ThatACursorCantHoldComeAgainUnderTheSameKeys) {
  std::string cursor;
  std::set<std::string> keys;
  {
    const Made made = oauth_test::made(keycloak_);
    for (int i = 0; i < 300; ++i) (void)keycloak_.sign_in("alice", {});
    const Batch batch = all_of(made);
    for (const Sighting& one : batch.sightings) keys.insert(one.key);
    cursor = batch.cursor;
  }
  ASSERT_LE(cursor.size(), 4096U);
  ASSERT_THAT(keys, SizeIs(300));
  const Made made = oauth_test::made(keycloak_, json::object(), cursor);
  for (const Sighting& one : all_of(made).sightings) EXPECT_THAT(keys, Contains(one.key));
}

TEST_F(Events, FromBeforeTheFirstStartAreNotTold) {
  (void)keycloak_.sign_in("alice", {.at = FakeKeycloak::now() - 7'200'000});
  const std::string recent = keycloak_.sign_in("alice", {.at = FakeKeycloak::now() - 60'000});
  EXPECT_THAT(sessions_in(all_of(oauth_test::made(keycloak_))), ElementsAre(recent));
}

TEST_F(Events, AreObservedUpToTheDelayWithWhichTheyMayArrive) {
  const Made made = oauth_test::made(keycloak_);
  const plugin::Time before = wall_clock();
  const Batch batch = all_of(made);
  EXPECT_LE(batch.observed_until, wall_clock() - std::chrono::seconds(10));
  EXPECT_GE(batch.observed_until, before - std::chrono::seconds(13));
}

TEST_F(Events, ThatAreNotSavedAreAskedForLoudly) {
  keycloak_.set([](FakeKeycloak& it) { it.events_enabled = false; });
  const Made made = oauth_test::made(keycloak_);
  EXPECT_THAT(complaint(made), HasSubstr("does not save events of the realm 'corp'"));
  keycloak_.set([](FakeKeycloak& it) { it.events_enabled = true; });
  (void)keycloak_.sign_in("alice", {});
  EXPECT_THAT(all_of(made).sightings, SizeIs(1));  // nothing was read before: no gap
}

TEST_F(Events, ThatWereNotSavedForATimeAreAGapEvenAcrossARestart) {
  std::string cursor;
  {
    const Made made = oauth_test::made(keycloak_);
    (void)keycloak_.sign_in("alice", {});
    cursor = all_of(made).cursor;
  }
  keycloak_.set([](FakeKeycloak& it) { it.events_enabled = false; });
  {
    const Made made = oauth_test::made(keycloak_, json::object(), cursor);
    cursor = all_of(made).cursor;  // what must be kept
    EXPECT_THAT(complaint(made), HasSubstr("does not save events"));
  }
  keycloak_.set([](FakeKeycloak& it) { it.events_enabled = true; });
  const Made made = oauth_test::made(keycloak_, json::object(), cursor);
  EXPECT_EQ(gaps_in(all_of(made)), 1U);
  EXPECT_EQ(gaps_in(all_of(made)), 0U);
}

TEST_F(Events, ThatSomebodyClearedAreAGap) {
  const Made made = oauth_test::made(keycloak_);
  (void)keycloak_.sign_in("alice", {});
  EXPECT_EQ(gaps_in(all_of(made)), 0U);
  keycloak_.clear_events();
  const std::string after = keycloak_.sign_in("bob", {});
  const Batch batch = all_of(made);
  EXPECT_EQ(gaps_in(batch), 1U);
  EXPECT_THAT(sessions_in(batch), Contains(after));
  EXPECT_EQ(gaps_in(all_of(made)), 0U);
}

TEST_F(Events, ThatExpiredUnreadAreAGap) {
  std::string cursor;
  {
    const Made made = oauth_test::made(keycloak_);
    (void)keycloak_.sign_in("alice", {});
    cursor = all_of(made).cursor;
  }
  // As if it had been stopped for an hour.
  json earlier = json::parse(cursor);
  earlier["polled"] = earlier["polled"].get<std::int64_t>() - 3'600'000;
  keycloak_.set([](FakeKeycloak& it) { it.events_expiration = 600; });
  const Made made = oauth_test::made(keycloak_, json::object(), earlier.dump());
  EXPECT_EQ(gaps_in(all_of(made)), 1U);
  EXPECT_EQ(gaps_in(all_of(made)), 0U);
}

// That nothing happens for longer than events are kept is no gap.
TEST_F(Events, OfAQuietRealmExpireWithoutAGap) {
  keycloak_.set([](FakeKeycloak& it) { it.events_expiration = 600; });
  const std::int64_t long_ago = FakeKeycloak::now() - 1'800'000;
  (void)keycloak_.sign_in("alice", {.at = long_ago});
  const Made made = oauth_test::made(keycloak_);
  (void)all_of(made);
  keycloak_.clear_events();
  EXPECT_EQ(gaps_in(all_of(made)), 0U);
}

TEST_F(Events, OfACutAnswerAreReadAgain) {
  const Made made = oauth_test::made(keycloak_);
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) expected.push_back(keycloak_.sign_in("alice", {}));
  // Whole by its length, and no whole JSON.
  keycloak_.next_answer(
      {.status = 200, .body = R"([{"time":1,"type":"LOGIN"},{"ti)", .only_for = "/events?"});
  EXPECT_THAT(complaint(made), HasSubstr("no whole JSON array: cut or damaged"));
  EXPECT_EQ(sessions_in(all_of(made)), expected);
  // The connection ends within the answer: asked again at once.
  const std::string next = keycloak_.sign_in("alice", {});
  keycloak_.next_answer({.status = 200, .cut_after = 40, .only_for = "/events?"});
  EXPECT_THAT(sessions_in(all_of(made)), ElementsAre(next));
}

TEST_F(Events, AreWaitedForWhenKeycloakAsksTo) {
  const Made made = oauth_test::made(keycloak_);
  const std::string session = keycloak_.sign_in("alice", {});
  keycloak_.next_answer(
      {.status = 429, .body = "{}", .headers = "Retry-After: 1\r\n", .only_for = "/events?"});
  EXPECT_THAT(sessions_in(all_of(made)), ElementsAre(session));
  keycloak_.next_answer(
      {.status = 503, .body = "{}", .headers = "Retry-After: 600\r\n", .only_for = "/events?"});
  EXPECT_THAT(complaint(made), HasSubstr("asked for no more calls for 600 s (throttled)"));
}

TEST_F(Events, ThatCantBeReadAreCounted) {
  const Made made = oauth_test::made(keycloak_);
  const std::string session = keycloak_.sign_in("alice", {});
  keycloak_.add_event({{"time", "soon"}, {"type", "LOGIN"}});
  const Batch batch = all_of(made);
  EXPECT_THAT(sessions_in(batch), ElementsAre(session));
  EXPECT_EQ(batch.read, 2U);
  EXPECT_EQ(batch.unreadable, 1U);
}

TEST_F(Events, OfAClockThatIsAheadKeepItsTimeAndAWarningSaysSo) {
  keycloak_.set([](FakeKeycloak& it) { it.clock_ahead = 120; });
  const Made made = oauth_test::made(keycloak_);
  const std::int64_t at = FakeKeycloak::now() + 120'000;
  (void)keycloak_.sign_in("alice", {.at = at});
  const Batch batch = all_of(made);
  ASSERT_THAT(batch.sightings, SizeIs(1));
  EXPECT_EQ(batch.sightings[0].at.time_since_epoch().count(), at * 1000);
  EXPECT_THAT(*made.log, Contains(HasSubstr("clock is ahead of ours by 1")));
  EXPECT_GT(batch.observed_until, wall_clock() + std::chrono::seconds(90));
}

TEST_F(Events, OfAdministratorsSayWhatTheyDid) {
  const Made made = oauth_test::made(keycloak_);
  const auto event = [&](const std::string& operation, const std::string& resource, const std::string& path,
                         const std::string& representation, const std::string& client = "uuid-console") {
    keycloak_.add_admin_event({{"time", FakeKeycloak::now()},
                               {"operationType", operation},
                               {"resourceType", resource},
                               {"resourcePath", path},
                               {"representation", representation},
                               {"authDetails", {{"clientId", client}}}});
  };
  event("UPDATE", "USER", "users/id-of-alice", R"({"enabled":false})");
  event("UPDATE", "USER", "users/id-of-alice", R"({"firstName":"A"})");
  event("ACTION", "USER", "users/id-of-alice/reset-password", "");
  event("DELETE", "USER_SESSION", "sessions/s1", R"({"offline":false})");
  event("DELETE", "USER_SESSION", "sessions/s2", R"({"offline":true})");
  event("DELETE", "USER_SESSION", "sessions/s3", R"({"offline":false})", "uuid-curfew");
  event("ACTION", "USER", "users/id-of-bob/logout", "");
  event("DELETE", "USER", "users/id-of-bob", "");
  const Batch batch = all_of(made);
  std::vector<std::pair<Type, std::string>> told;
  for (const Sighting& one : batch.sightings)
    told.emplace_back(one.type,
                      one.session + one.subject.substr(std::min(one.subject.find('#'), one.subject.size())));
  EXPECT_THAT(told, ElementsAre(std::pair(Type::AccountDisabled, "#id-of-alice"),
                                std::pair(Type::CredentialChanged, "#id-of-alice"),
                                std::pair(Type::Revoked, "s1"), std::pair(Type::Revoked, "#id-of-bob"),
                                std::pair(Type::AccountDisabled, "#id-of-bob")));
  EXPECT_EQ(batch.filtered, 3U);
}

TEST_F(Events, NeedARoleThatTheErrorNames) {
  keycloak_.set([](FakeKeycloak& it) { it.roles.erase("view-events"); });
  EXPECT_THAT(complaint(oauth_test::made(keycloak_)), HasSubstr("lacks a role: grant view-events"));
}

TEST_F(Events, AreReadWithoutTheRolesThatOnlyProofsNeed) {
  keycloak_.set([](FakeKeycloak& it) { it.roles = {"view-events", "manage-users"}; });
  const Made made = oauth_test::made(keycloak_);
  const std::string session = keycloak_.sign_in("alice", {});
  EXPECT_THAT(sessions_in(all_of(made)), ElementsAre(session));
  EXPECT_THAT(*made.log, Contains(HasSubstr("grant the client's service account view-realm")));
}

}  // namespace
}  // namespace curfew::oauth_test
