// Each record of an Auth0 tenant's log is told once, in order, whichever of its ways to fail it takes, across
// restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/plugins/oauth_auth0/maker.hpp"

namespace curfew::auth0_test {
namespace {

using nlohmann::json;
using oauth::Batch;
using oauth::Sighting;
using plugin::Interactivity;
using plugin::Type;
using support::keys_in;
using support::ProviderUnderTest;
using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;

class Log : public testing::Test {
 protected:
  ~Log() override { EXPECT_THAT(auth0_.complaints(), IsEmpty()); }
  std::string sign_in(const std::string& user, const SignIn& how = {}) {
    (void)auth0_.sign_in(user, how);
    return auth0_.last_record();
  }
  FakeAuth0 auth0_;
};

TEST_F(Log, SaysWhoSignedInHow) {
  const ProviderUnderTest one = made(auth0_);
  const std::string session = auth0_.sign_in("alice");
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(1));
  const Sighting& seen = batch.sightings[0];
  EXPECT_EQ(seen.type, Type::SignIn);
  EXPECT_EQ(seen.key, auth0_.last_record());
  EXPECT_EQ(seen.session, session);
  EXPECT_EQ(seen.handle, session + "/auth0|alice");
  EXPECT_EQ(seen.subject, "auth0|alice");
  EXPECT_EQ(one->name_space_of_subjects(), "auth0_user");
  EXPECT_THAT(seen.names,
              ElementsAre(oauth::SightingName{"oidc_subject", "https://corp.auth0.test/#auth0|alice"}));
  EXPECT_EQ(seen.user_name, "alice@corp.test");
  EXPECT_EQ(seen.application, "Shop");
  EXPECT_TRUE(seen.fresh_credentials);
  EXPECT_EQ(seen.interactivity, Interactivity::Interactive);
}

TEST_F(Log, CredentialsThatAuth0DidNotSeeAreNotFresh) {
  const ProviderUnderTest one = made(auth0_);
  (void)sign_in("alice");
  (void)sign_in("alice", {.strategy = "social"});
  (void)sign_in("alice", {.strategy = "enterprise"});
  (void)sign_in("alice", {.prompted = false});
  std::vector<bool> fresh;
  const Batch batch = one.all();
  for (const Sighting& seen : batch.sightings) fresh.push_back(seen.fresh_credentials);
  EXPECT_THAT(fresh, ElementsAre(true, false, false, false));
}

TEST_F(Log, SaysWhatElseHappens) {
  const ProviderUnderTest one = made(auth0_);
  const std::string session = auth0_.sign_in("alice");
  for (const char* type : {"ssa", "sertft", "fp", "fu", "f", "limit_wc", "scp", "slo", "sapi", "fsa"})
    auth0_.add_record(auth0_.record("alice", type, session));
  const Batch batch = one.all();
  std::vector<Type> types;
  std::vector<std::string> failures;
  for (const Sighting& seen : batch.sightings) {
    types.push_back(seen.type);
    if (seen.type == Type::SignInFailed) failures.push_back(seen.failure);
    EXPECT_EQ(seen.machine, seen.type == Type::Activity || seen.type == Type::TokenRefreshed);
  }
  EXPECT_THAT(types, ElementsAre(Type::SignIn, Type::Activity, Type::TokenRefreshed, Type::SignInFailed,
                                 Type::SignInFailed, Type::SignInFailed, Type::SignInFailed,
                                 Type::CredentialChanged, Type::SignOut));
  EXPECT_THAT(failures, ElementsAre("bad_password:fp", "unknown_user:fu", "other:f", "locked:limit_wc"));
  EXPECT_EQ(batch.filtered, 2U);
}

TEST_F(Log, IsToldOncePageByPage) {
  for (const bool says_next : {true, false}) {
    FakeAuth0 auth0;
    auth0.set([&] { auth0.says_next = says_next; });
    const ProviderUnderTest one = made(auth0, {{"auth0", {{"page_size", 3}}}});
    std::vector<std::string> expected;
    const auto add = [&](const char* user) {
      (void)auth0.sign_in(user);
      expected.push_back(auth0.last_record());
    };
    for (int i = 0; i < 20; ++i) add("alice");
    auth0.before("from=9001000006", [&] { add("bob"); });
    EXPECT_EQ(keys_in(one.all()), expected);
    EXPECT_THAT(one.all().sightings, IsEmpty());
    expected.clear();
    add("bob");
    EXPECT_EQ(keys_in(one.all()), expected);
    EXPECT_THAT(auth0.complaints(), IsEmpty());
  }
}

TEST_F(Log, BeginsWithWhatIsNewWithoutAHistory) {
  (void)sign_in("alice");
  const ProviderUnderTest one = made(auth0_, {{"history", "0s"}});
  EXPECT_THAT(one.all().sightings, IsEmpty());
  const std::string fresh = sign_in("bob");
  EXPECT_THAT(keys_in(one.all()), ElementsAre(fresh));
}

TEST_F(Log, AnEmptyLogIsNoFault) {
  const ProviderUnderTest one = made(auth0_, {{"history", "0s"}});
  const Batch batch = one.all();
  EXPECT_TRUE(batch.caught_up);
  const std::string first = sign_in("alice");
  EXPECT_THAT(keys_in(one.all()), ElementsAre(first));
  const ProviderUnderTest again = made(auth0_, {{"history", "0s"}}, batch.cursor);
  EXPECT_THAT(keys_in(again.all()), ElementsAre(first));
}

TEST_F(Log, GoesOnAcrossARestart) {
  std::string cursor;
  {
    const ProviderUnderTest one = made(auth0_);
    for (int i = 0; i < 5; ++i) (void)sign_in("alice");
    cursor = one.all().cursor;
  }
  EXPECT_LE(cursor.size(), 4096U);
  const std::string meanwhile = sign_in("bob");
  EXPECT_THAT(keys_in(made(auth0_, json::object(), cursor).all()), ElementsAre(meanwhile));
  EXPECT_THROW((void)made(auth0_, json::object(), "{}"), plugin::Failure);
}

TEST_F(Log, ReadsAsFarBackAsTheHistory) {
  (void)sign_in("alice", {.ago = 2h});
  const std::string recent = sign_in("alice", {.ago = 50min});
  EXPECT_THAT(keys_in(made(auth0_).all()), ElementsAre(recent));
}

TEST_F(Log, RecordsAGapWhereItsPlaceIsGone) {
  const ProviderUnderTest one = made(auth0_);
  (void)sign_in("alice");
  (void)one.all();
  auth0_.set([&] { auth0_.kept_from = 1; });
  const std::string now = sign_in("bob");
  auth0_.next_answer({.status = 500, .body = {}, .only_for = "per_page"});
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(2));
  EXPECT_EQ(batch.sightings[0].type, Type::Gap);
  EXPECT_EQ(batch.sightings[1].key, now);
  EXPECT_THAT(one.log(), Contains(HasSubstr("does not know any more where its log goes on")));
  EXPECT_THAT(one->coverage(), HasSubstr("\"gaps\":1"));
  EXPECT_THAT(one.all().sightings, IsEmpty());
}

TEST_F(Log, ThrottlingIsWaitedForAndLosesNothing) {
  const ProviderUnderTest one = made(auth0_, {{"auth0", {{"page_size", 2}}}});
  std::vector<std::string> expected;
  for (int i = 0; i < 6; ++i) expected.push_back(sign_in("alice"));
  auth0_.set([&] { auth0_.throttle_every = 3; });  // by x-ratelimit-reset
  EXPECT_THAT(keys_in(one.all()), ElementsAreArray(expected));
  EXPECT_THAT(one->coverage(), Not(HasSubstr("\"throttled\":0")));
  auth0_.set([&] { auth0_.throttle_every = 0; });
  auth0_.next_answer({.status = 429, .body = "{}", .headers = "Retry-After: 300\r\n", .only_for = "/logs"});
  EXPECT_THAT(one.complaint(), HasSubstr("asked for no more calls for 300 s"));
  // Orders do not wait for it.
  EXPECT_EQ(one.act(plugin::Step::SignOutSubject, "sess_1/auth0|alice", "x").code, plugin::Code::Ok);
}

TEST_F(Log, FaultsLoseNothing) {
  const ProviderUnderTest one = made(auth0_);
  const std::string first = sign_in("alice");
  for (const std::size_t at : {1U, 7U, 100U})
    for (int i = 0; i < 3; ++i) auth0_.next_answer({.cut_after = at, .only_for = "/logs"});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(one.complaint(), Not(IsEmpty()));
  for (const char* body : {R"([{"log_id":)", "{}", "", "<html>"}) {
    auth0_.next_answer({.status = 200, .body = body, .only_for = "/logs"});
    EXPECT_THAT(one.complaint(), HasSubstr("no whole JSON array"));
  }
  EXPECT_THAT(keys_in(one.all()), ElementsAre(first));
  auth0_.set([&] { auth0_.scopes.erase("read:logs"); });
  EXPECT_THAT(one.complaint(), HasSubstr("lacks a permission of the Management API: grant read:logs"));
  auth0_.set([&] { auth0_.secret = "another"; });
  EXPECT_THAT(made(auth0_).complaint(),
              HasSubstr("refuses the client 'curfew' (401, invalid_client): is client_secret right"));
}

TEST_F(Log, WhatCantBeReadIsCounted) {
  const ProviderUnderTest one = made(auth0_);
  (void)sign_in("alice");
  (void)one.all();
  auth0_.add_record(json::parse(R"({"type":"s","date":"soon","user_id":"auth0|alice"})"));
  auth0_.add_record(json::parse(R"({"type":"s"})"));
  auth0_.add_record(json::parse("3"));
  auth0_.add_record(auth0_.record("alice", "s", ""));
  const std::string good = sign_in("alice");
  const Batch batch = one.all();
  EXPECT_THAT(keys_in(batch), ElementsAre(good));
  EXPECT_EQ(batch.unreadable, 4U);
}

TEST_F(Log, ClocksThatDifferAreSaid) {
  auth0_.pass(10min);
  const ProviderUnderTest one = made(auth0_);
  const std::string record = sign_in("alice");
  EXPECT_THAT(keys_in(one.all()), ElementsAre(record));
  EXPECT_THAT(one.log(), Contains(HasSubstr("clock is ahead of ours by")));
}

}  // namespace
}  // namespace curfew::auth0_test
