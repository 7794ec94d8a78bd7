// What authentik's events and sessions tell together: each once, whichever of the API's ways to fail it
// takes, across restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/plugins/oauth_authentik/maker.hpp"

namespace curfew::authentik_test {
namespace {

using nlohmann::json;
using oauth::Batch;
using oauth::Sighting;
using plugin::EndReason;
using plugin::Interactivity;
using plugin::Type;
using support::keys_in;
using support::ProviderUnderTest;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;

class Log : public testing::Test {
 protected:
  ~Log() override { EXPECT_THAT(authentik_.complaints(), IsEmpty()); }
  std::string sign_in(const std::string& user, const SignIn& how = {}) {
    (void)authentik_.sign_in(user, how);
    return authentik_.last_event();
  }
  FakeAuthentik authentik_;
};

TEST_F(Log, SaysWhoSignedInHow) {
  const ProviderUnderTest one = made(authentik_);
  const std::string session = authentik_.sign_in("alice");
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(1));
  const Sighting& seen = batch.sightings[0];
  EXPECT_EQ(seen.type, Type::SignIn);
  EXPECT_EQ(seen.key, authentik_.last_event());
  EXPECT_EQ(seen.session, session);
  EXPECT_EQ(seen.handle, "4/" + session);
  EXPECT_EQ(seen.subject, "4");
  EXPECT_EQ(one->name_space_of_subjects(), "authentik_user");
  EXPECT_EQ(seen.user_name, "alice");
  EXPECT_EQ(one->name_space_of_logins(), "authentik_login");
  EXPECT_EQ(seen.address, "192.0.2.7");
  EXPECT_EQ(seen.user_agent, "Mozilla/5.0");
  EXPECT_TRUE(seen.fresh_credentials);
  EXPECT_EQ(seen.interactivity, Interactivity::Interactive);
  EXPECT_TRUE(batch.caught_up);
  EXPECT_THAT(one.all().sightings, IsEmpty());
}

// Several of one person's are told apart by address and browser.
TEST_F(Log, FindsTheSessionOfEachSignIn) {
  const ProviderUnderTest one = made(authentik_);
  (void)one.all();
  const std::string a = authentik_.sign_in("alice", {.address = "192.0.2.8"});
  const std::string b = authentik_.sign_in("alice", {.agent = "curl/8", .method = "token"});
  const std::string c = authentik_.sign_in("bob");
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(3));
  std::map<std::string, const Sighting*> by_session;
  for (const Sighting& seen : batch.sightings) by_session[seen.session] = &seen;
  EXPECT_EQ(by_session.at(a)->address, "192.0.2.8");
  EXPECT_EQ(by_session.at(b)->user_agent, "curl/8");
  EXPECT_FALSE(by_session.at(b)->fresh_credentials);
  EXPECT_EQ(by_session.at(c)->subject, "5");
}

TEST_F(Log, ASessionWithoutAnEventIsToldWhenItIsListed) {
  const std::string old = authentik_.sign_in("bob", {.with_event = false});
  const ProviderUnderTest one = made(authentik_);
  EXPECT_THAT(one.all().sightings, IsEmpty());
  const Batch lives = one.all();
  ASSERT_THAT(lives.sightings, SizeIs(1));
  EXPECT_EQ(lives.sightings[0].type, Type::Activity);
  EXPECT_TRUE(lives.sightings[0].machine);
  EXPECT_EQ(lives.sightings[0].session, old);
  const std::string fresh = authentik_.sign_in("alice", {.with_event = false});
  EXPECT_THAT(one.all().sightings, IsEmpty());
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(1));
  EXPECT_EQ(batch.sightings[0].type, Type::SignIn);
  EXPECT_EQ(batch.sightings[0].key, "in/" + fresh);
  EXPECT_FALSE(batch.sightings[0].fresh_credentials);
  EXPECT_THAT(one.all().sightings, IsEmpty());
}

TEST_F(Log, SaysWhatElseHappens) {
  const ProviderUnderTest one = made(authentik_);
  const std::string session = authentik_.sign_in("alice");
  (void)one.all();
  authentik_.authorize(session, "Wiki");
  authentik_.fail_sign_in("bob");
  (void)authentik_.add_event("alice", "password_set");
  for (const char* action : {"user_write", "suspicious_request", "impersonation_started", "secret_view"})
    (void)authentik_.add_event("alice", action);
  authentik_.sign_out(session);
  const Batch batch = one.all();
  std::vector<Type> types;
  for (const Sighting& seen : batch.sightings) types.push_back(seen.type);
  ASSERT_THAT(types, UnorderedElementsAreArray({Type::SignInFailed, Type::CredentialChanged, Type::SignOut}));
  for (const Sighting& seen : batch.sightings) {
    if (seen.type == Type::SignInFailed) {
      EXPECT_EQ(seen.user_name, "bob");
      EXPECT_EQ(seen.failure, "refused");
      EXPECT_THAT(seen.session, IsEmpty());
    }
    if (seen.type != Type::SignOut) continue;
    EXPECT_EQ(seen.session, session);
    EXPECT_EQ(seen.end_reason, EndReason::SignedOut);
    EXPECT_FALSE(seen.end_inferred);
  }
  const std::string other = authentik_.sign_in("bob");
  (void)one.all();
  authentik_.authorize(other, "Wiki");
  const Batch opened = one.all();
  ASSERT_THAT(opened.sightings, SizeIs(1));
  EXPECT_EQ(opened.sightings[0].type, Type::Activity);
  EXPECT_EQ(opened.sightings[0].session, other);
  EXPECT_EQ(opened.sightings[0].application, "Wiki");
}

TEST_F(Log, ASessionThatIsGoneWithoutAWordHasEnded) {
  const ProviderUnderTest one = made(authentik_);
  const std::string gone = authentik_.sign_in("alice"), expired = authentik_.sign_in("bob");
  (void)one.all();
  authentik_.forget_session(gone);
  EXPECT_THAT(one.all().sightings, IsEmpty()) << "a page that shifts may hide it once";
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(1));
  EXPECT_EQ(batch.sightings[0].type, Type::Expired);
  EXPECT_EQ(batch.sightings[0].session, gone);
  EXPECT_EQ(batch.sightings[0].end_reason, EndReason::Vanished);
  EXPECT_TRUE(batch.sightings[0].end_inferred);
  authentik_.pass(25h);
  one.pass(25h);
  authentik_.forget_session(expired);
  (void)one.all();
  const Batch later = one.all();
  ASSERT_THAT(later.sightings, SizeIs(1));
  EXPECT_EQ(later.sightings[0].end_reason, EndReason::Expired);
}

TEST_F(Log, IsToldOncePageByPageThoughPagesShift) {
  const ProviderUnderTest one = made(authentik_, {{"authentik", {{"page_size", 3}}}});
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i)
    expected.push_back(sign_in("alice", {.agent = "browser " + std::to_string(i)}));
  for (const char* page : {"created&page=3&", "created&page=5&", "uuid&page=2&"})
    authentik_.before(page, [&, page] { expected.push_back(sign_in("bob", {.agent = page})); });
  std::vector<std::string> told;
  for (int i = 0; i < 3; ++i) {
    const Batch batch = one.all();
    for (const Sighting& seen : batch.sightings) told.push_back(seen.key);
  }
  EXPECT_THAT(told, UnorderedElementsAreArray(expected));
}

// Smaller pages than were asked for, and many of them.
TEST_F(Log, NothingIsLostInManySmallPages) {
  authentik_.set([&] { authentik_.largest_page = 7; });
  std::vector<std::string> expected;
  for (int i = 0; i < 150; ++i) expected.push_back(sign_in("alice", {.agent = std::to_string(i)}));
  const ProviderUnderTest one = made(authentik_);
  EXPECT_THAT(keys_in(one.all()), UnorderedElementsAreArray(expected));
}

TEST_F(Log, TellsWhatIsStoredLate) {
  const ProviderUnderTest one = made(authentik_);
  const std::string soon = authentik_.add_event("alice", "password_set");
  EXPECT_THAT(keys_in(one.all()), ElementsAre(soon));
  const std::string late = authentik_.add_event("bob", "password_set", json::object(), 5s);
  EXPECT_THAT(keys_in(one.all()), ElementsAre(late));
}

TEST_F(Log, GoesOnAcrossARestart) {
  std::string session, other;
  Batch before;
  {
    const ProviderUnderTest one = made(authentik_);
    session = authentik_.sign_in("alice");
    other = authentik_.sign_in("bob");
    before = one.all();
    ASSERT_THAT(before.sightings, SizeIs(2));
  }
  EXPECT_LE(before.cursor.size(), 4096U);
  for (const oauth::Memory& one : before.memories) EXPECT_LE(one.key.size(), 256U);
  authentik_.sign_out(session);
  const std::string out = authentik_.last_event(), meanwhile = sign_in("bob", {.address = "192.0.2.9"});
  const ProviderUnderTest again = made(authentik_, json::object(), before.cursor, before.memories);
  const Batch batch = again.all();
  EXPECT_THAT(keys_in(batch), ElementsAre(out, meanwhile));
  EXPECT_EQ(batch.sightings[0].session, session);
  authentik_.forget_session(other);
  (void)again.all();
  const Batch later = again.all();
  ASSERT_THAT(later.sightings, SizeIs(1));
  EXPECT_EQ(later.sightings[0].session, other);
  EXPECT_THROW((void)made(authentik_, json::object(), "{}"), plugin::Failure);
  EXPECT_THAT(made(authentik_, json::object(), R"({"next":"x","polled":1})").complaint(),
              HasSubstr("the stored cursor can't be read"));
}

// One that was there before the source is no sign-in after a restart either.
TEST_F(Log, WhatWaitsForItsEventIsKnownThroughARestart) {
  const std::string old = authentik_.sign_in("alice", {.with_event = false});
  const Batch first = made(authentik_).all();
  EXPECT_THAT(first.sightings, IsEmpty());
  const ProviderUnderTest again = made(authentik_, json::object(), first.cursor, first.memories);
  std::vector<Type> types;
  for (int i = 0; i < 3; ++i) {
    const Batch batch = again.all();
    for (const Sighting& seen : batch.sightings) types.push_back(seen.type);
  }
  EXPECT_THAT(types, ElementsAre(Type::Activity));
}

TEST_F(Log, RecordsAGapWhereEventsWereDeleted) {
  const ProviderUnderTest one = made(authentik_);
  (void)sign_in("alice");
  (void)one.all();
  authentik_.set([&] { authentik_.kept_from = 1; });
  const std::string now = sign_in("bob");
  const Batch batch = one.all();
  EXPECT_THAT(keys_in(batch), Contains(now));
  EXPECT_TRUE(std::any_of(batch.sightings.begin(), batch.sightings.end(),
                          [](const Sighting& seen) { return seen.type == Type::Gap; }));
  EXPECT_THAT(one->coverage(), HasSubstr("\"gaps\":1"));
  EXPECT_THAT(one.all().sightings, IsEmpty());
}

TEST_F(Log, ThrottlingIsWaitedForAndLosesNothing) {
  const ProviderUnderTest one = made(authentik_, {{"authentik", {{"page_size", 2}}}});
  std::vector<std::string> expected;
  for (int i = 0; i < 6; ++i) expected.push_back(sign_in("alice", {.agent = std::to_string(i)}));
  authentik_.set([&] { authentik_.throttle_every = 3; });
  EXPECT_THAT(keys_in(one.all()), UnorderedElementsAreArray(expected));
  EXPECT_THAT(one->coverage(), Not(HasSubstr("\"throttled\":0")));
  authentik_.set([&] { authentik_.throttle_every = 0; });
  authentik_.next_answer(
      {.status = 429, .body = "{}", .headers = "Retry-After: 300\r\n", .only_for = "/events/"});
  EXPECT_THAT(one.complaint(), HasSubstr("asked for no more calls for"));
  // Orders do not wait for it.
  EXPECT_EQ(one.act(plugin::Step::SignOutSubject, "", "x", {}, false, {{"authentik_user", "4"}}).code,
            plugin::Code::Ok);
}

TEST_F(Log, FaultsLoseNothing) {
  const ProviderUnderTest one = made(authentik_);
  const std::string first = sign_in("alice");
  for (const char* part : {"/events/events", "/authenticated_sessions"}) {
    for (const std::size_t at : {1U, 7U, 100U})
      for (int i = 0; i < 3; ++i) authentik_.next_answer({.cut_after = at, .only_for = part});
    for (int i = 0; i < 3; ++i) EXPECT_THAT(one.complaint(), Not(IsEmpty()));
    for (const char* body : {R"({"results":[{"uuid)", "{}", "", "<html>", "[]", R"({"results":[]})",
                             R"({"results":[3],"pagination":{"next":"x"}})"}) {
      authentik_.next_answer({.status = 200, .body = body, .only_for = part});
      EXPECT_THAT(one.complaint(), HasSubstr("no whole JSON")) << body;
    }
    authentik_.next_answer({.status = 503, .body = {}, .only_for = part});
  }
  EXPECT_THAT(keys_in(one.all()), ElementsAre(first));
  authentik_.next_answer({.status = 401, .body = "{}", .only_for = "/events/"});
  EXPECT_THAT(one.complaint(), HasSubstr("401"));
  const std::size_t asked = authentik_.asked("/events/");
  EXPECT_THAT(one.complaint(), HasSubstr("it is asked again later"));
  EXPECT_EQ(authentik_.asked("/events/"), asked);
}

TEST_F(Log, ATokenThatIsNotTakenIsSaid) {
  const ProviderUnderTest one = made(authentik_);
  const std::string first = sign_in("alice");
  authentik_.set([&] { authentik_.token = "another"; });
  const std::string said = one.complaint();
  EXPECT_THAT(said, HasSubstr("403: the API token: is authentik.api_token right, not expired, and of a "
                              "superuser"));
  EXPECT_THAT(said, Not(HasSubstr("token-right")));
  authentik_.set([&] { authentik_.token = "token-right"; });
  EXPECT_THAT(keys_in(one.all()), ElementsAre(first));
}

TEST_F(Log, WhatCantBeReadIsCounted) {
  const ProviderUnderTest one = made(authentik_);
  const std::string good = sign_in("alice");
  authentik_.next_answer(
      {.status = 200,
       .body =
           R"({"pagination":{"next":0},"results":[3,{"pk":"1","action":"login"},{"pk":"2","action":"login","created":"soon"}]})",
       .only_for = "/events/events"});
  const Batch batch = one.all();
  EXPECT_THAT(batch.sightings, IsEmpty());
  EXPECT_EQ(batch.unreadable, 3U);
  EXPECT_EQ(batch.read, 3U);
  EXPECT_THAT(keys_in(one.all()), ElementsAre(good));
}

TEST_F(Log, ClocksThatDifferAreSaid) {
  authentik_.pass(10min);
  const ProviderUnderTest one = made(authentik_);
  const std::string event = sign_in("alice");
  const Batch batch = one.all();
  EXPECT_THAT(keys_in(batch), ElementsAre(event));
  EXPECT_THAT(one.log(), Contains(HasSubstr("clock is ahead of ours by")));
  EXPECT_LE(batch.observed_until, authentik_.now() - 10s);
}

}  // namespace
}  // namespace curfew::authentik_test
