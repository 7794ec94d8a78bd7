// What is done to people of an Auth0 tenant, how it is undone, and when a session counts as dead: not before
// no token of it can work any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/plugins/oauth_auth0/maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::auth0_test {
namespace {

using nlohmann::json;
using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Step;
using support::ProviderUnderTest;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class Steps : public testing::Test {
 protected:
  Steps() {
    auth0_.set([&] { auth0_.access_tokens_live = 2h; });
  }
  ~Steps() override { EXPECT_THAT(auth0_.complaints(), IsEmpty()); }
  static std::string handle(const std::string& user, const std::string& session) {
    return session + "/auth0|" + user;
  }
  std::string proof(const ProviderUnderTest& one, const std::string& session,
                    const std::string& user = "alice") {
    return one.proof(handle(user, session), session);
  }
  void pass(const ProviderUnderTest& one, plugin::Duration time) {
    auth0_.pass(time);
    one.pass(time);
  }
  [[nodiscard]] bool is_blocked(const std::string& user) {
    bool is = false;
    auth0_.set([&] { is = auth0_.people.at(user).value("blocked", false); });
    return is;
  }
  FakeAuth0 auth0_;
};

TEST_F(Steps, EndASessionItsTokensOrAllOfAPerson) {
  const ProviderUnderTest one = made(auth0_);
  const std::string a = auth0_.sign_in("alice", {.refresh_token = true}),
                    b = auth0_.sign_in("alice", {.refresh_token = true}), c = auth0_.sign_in("alice"),
                    d = auth0_.sign_in("bob");
  auth0_.pass(3h);  // access tokens are over
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", a), a).code, Code::Ok);
  EXPECT_TRUE(auth0_.lives(a));
  EXPECT_EQ(one.act(Step::SignOutSession, handle("alice", a), a).code, Code::Ok);
  EXPECT_FALSE(auth0_.lives(a));
  EXPECT_EQ(one.act(Step::SignOutSession, handle("alice", a), a).code, Code::NotFound);
  EXPECT_EQ(one.act(Step::RevokeTokens, handle("alice", b), b).code, Code::Ok);
  EXPECT_TRUE(auth0_.lives(b));
  EXPECT_TRUE(auth0_.lives(c));
  const Answer all = one.act(Step::SignOutSubject, handle("alice", b), b);
  EXPECT_EQ(all.code, Code::Ok);
  EXPECT_THAT(all.text, HasSubstr("access tokens from before are accepted until they expire"));
  EXPECT_FALSE(auth0_.lives(b));
  EXPECT_FALSE(auth0_.lives(c));
  EXPECT_TRUE(auth0_.lives(d));
  for (const Step step : {Step::Notify, Step::SuspendAccess})
    EXPECT_EQ(one.act(step, handle("alice", a), a).code, Code::Unsupported);
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", a), a, {}, true).code, Code::Unsupported);
}

TEST_F(Steps, FindAPersonByTheIdAlone) {
  const ProviderUnderTest one = made(auth0_);
  const std::string session = auth0_.sign_in("bob");
  auth0_.pass(3h);
  EXPECT_EQ(one.act(Step::SignOutSubject, "", "x", {}, false,
                    {{"upn", "alice@corp.test"}, {"oidc_subject", "https://corp.auth0.test/#auth0|bob"}})
                .code,
            Code::Ok);
  EXPECT_FALSE(auth0_.lives(session));
  for (const char* none : {"", "auth0|bob", "https://other.test/#auth0|bob", "https://corp.auth0.test/#bob"})
    EXPECT_EQ(one.act(Step::SignOutSubject, "", "x", {}, false, {{"oidc_subject", none}}).code,
              Code::NotFound);
  EXPECT_EQ(one.act(Step::SignOutSession, "", "x").code, Code::NotFound);
}

TEST_F(Steps, FindWhatIsOnLaterPages) {
  auth0_.set([&] { auth0_.most_of_list = 2; });
  const ProviderUnderTest one = made(auth0_);
  std::vector<std::string> sessions;
  for (int i = 0; i < 9; ++i) sessions.push_back(auth0_.sign_in("alice", {.refresh_token = true}));
  for (const std::string& session : sessions) EXPECT_EQ(proof(one, session), "alive");
  auth0_.pass(3h);
  EXPECT_EQ(one.act(Step::SignOutSession, handle("alice", sessions[7]), sessions[7]).code, Code::Ok);
  EXPECT_FALSE(auth0_.lives(sessions[7]));
  EXPECT_TRUE(auth0_.lives(sessions[8]));
}

TEST_F(Steps, BlockAndUndoWhatTheyDid) {
  support::TemporaryDirectory folder;
  const json more{{"journal", (folder.path() / "journal").string()}};
  const std::string session = auth0_.sign_in("alice", {.refresh_token = true});
  auth0_.pass(3h);
  {
    const ProviderUnderTest one = made(auth0_, more);
    EXPECT_EQ(one.act(Step::BlockSignIn, handle("alice", session), session).code, Code::Refused);
    auth0_.next_answer({.only_for = "PATCH", .lost = true});
    EXPECT_EQ(one.act(Step::BlockSignIn, handle("alice", session), session, 1h).code, Code::Ok);
    EXPECT_TRUE(is_blocked("alice"));
    EXPECT_FALSE(auth0_.lives(session));
  }
  const ProviderUnderTest again = made(auth0_, more);
  EXPECT_EQ(again.act(Step::BlockSignIn, handle("alice", session), session, 1h, true).code, Code::Ok);
  EXPECT_FALSE(is_blocked("alice"));
  // Not by this source: it stays so.
  auth0_.set([&] { auth0_.people["bob"]["blocked"] = true; });
  EXPECT_EQ(again.act(Step::DisableAccount, handle("bob", "1"), "x").code, Code::NotFound);
  EXPECT_EQ(again.act(Step::DisableAccount, handle("bob", "1"), "x", {}, true).code, Code::NotFound);
  EXPECT_TRUE(is_blocked("bob"));
  EXPECT_EQ(made(auth0_).act(Step::DisableAccount, handle("alice", "1"), "x").code, Code::Unsupported);
}

TEST_F(Steps, ASessionIsAliveUntilItsLastTokenIsOver) {
  const ProviderUnderTest one = made(auth0_);
  auth0_.set([&] { auth0_.ends_take = 30s; });
  const std::string session = auth0_.sign_in("alice", {.refresh_token = true}), other = auth0_.sign_in("bob");
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", session), session).code, Code::Ok);
  pass(one, 3h);
  EXPECT_TRUE(auth0_.lives(session));  // by its refresh token
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::SignOutSession, handle("alice", session), session).code, Code::Ok);
  EXPECT_EQ(proof(one, session), "alive");  // accepted, and not done yet
  pass(one, 1min);
  EXPECT_EQ(proof(one, session), "alive");
  pass(one, 119min);
  EXPECT_EQ(proof(one, session), "alive");
  pass(one, 2min);
  EXPECT_EQ(proof(one, session), "dead");
  EXPECT_EQ(proof(one, other, "bob"), "alive");
}

TEST_F(Steps, AnAnswerThatIsNotWholeProvesNothing) {
  const ProviderUnderTest one = made(auth0_, {{"auth0", {{"access_token_lifetime", "0s"}}}});
  const std::string session = auth0_.sign_in("alice", {.refresh_token = true});
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::SignOutSession, handle("alice", session), session).code, Code::Ok);
  const std::vector<support::FakeApi::Answer> answers{
      {.status = 200, .body = R"({"sessions":[{"id)"},
      {.status = 200, .body = "{}"},
      {.status = 200, .body = "[]"},
      {.status = 200, .body = R"({"sessions":[{}],"tokens":[{}]})"},
      {.status = 200, .body = R"({"sessions":[],"tokens":[],"next":7})"},
      {.status = 404, .body = "<html>"},
      {.status = 404, .body = R"({"errorCode":"x"})"},
      {.status = 403, .body = "{}"},
      {.status = 302, .body = "x"},
      {.status = 204, .body = {}}};
  for (const char* path : {"/sessions?", "/refresh-tokens?"}) {
    for (support::FakeApi::Answer wrong : answers) {
      wrong.only_for = path;
      auth0_.next_answer(wrong);
      EXPECT_THAT(proof(one, session), Not(AnyOf("dead", "alive"))) << path << wrong.body;
    }
  }
  EXPECT_THAT(one.proof("", session), HasSubstr("its handle was erased"));
  EXPECT_EQ(proof(one, session), "dead");
}

TEST_F(Steps, AnIdThatAuth0NeverListedProvesNothing) {
  const ProviderUnderTest one = made(auth0_, {{"auth0", {{"access_token_lifetime", "0s"}}}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(proof(one, "another"), HasSubstr("found no session yet by an id of its log"));
    pass(one, 25h);
  }
  EXPECT_EQ(proof(one, auth0_.sign_in("bob"), "bob"), "alive");
  EXPECT_EQ(proof(one, "another"), "dead");
}

// A stated end would be a proof, and would not wait for the tokens.
TEST_F(Steps, AnEndThatAnOrderLeftBehindIsOnlyConcluded) {
  const ProviderUnderTest one = made(auth0_);
  const std::string own = auth0_.sign_in("alice"), other = auth0_.sign_in("bob");
  EXPECT_EQ(one.proof(handle("alice", own), own, one.now()), "alive");
  EXPECT_EQ(proof(one, other, "bob"), "alive") << "who only asks has ordered nothing";
  auth0_.add_record(auth0_.record("alice", "slo", own));
  auth0_.add_record(auth0_.record("bob", "slo", other));
  const oauth::Batch batch = one.all();
  int ends = 0;
  for (const oauth::Sighting& seen : batch.sightings) {
    if (seen.type != plugin::Type::SignOut) continue;
    ++ends;
    EXPECT_EQ(seen.end_inferred, seen.session == own);
  }
  EXPECT_EQ(ends, 2);
}

TEST_F(Steps, OfSomebodyWhoIsDeletedNothingIsListed) {
  const ProviderUnderTest one = made(auth0_);
  const std::string session = auth0_.sign_in("alice");
  EXPECT_EQ(proof(one, session), "alive");
  auth0_.set([&] { auth0_.people.erase("alice"); });
  EXPECT_EQ(proof(one, session), "alive");
  pass(one, 3h);
  EXPECT_EQ(proof(one, session), "dead");
  EXPECT_THROW(one->list([](const oauth::LiveSession&) { return true; }, support::wall_clock() + 5s),
               Failure);
}

// Of the person, by an order of the process before.
TEST_F(Steps, WhatAnOrderMayHaveEndedIsKnownThroughARestart) {
  const std::string session = auth0_.sign_in("alice"), other = auth0_.sign_in("bob");
  oauth::Batch before;
  {
    const ProviderUnderTest one = made(auth0_);
    (void)one.all();
    EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
    before = one.all();
    ASSERT_EQ(before.memories.size(), 1U);
    EXPECT_LE(before.memories[0].key.size(), 256U);
  }
  const ProviderUnderTest again = made(auth0_, json::object(), before.cursor, before.memories);
  again.pass(1h);  // what ends now ends long after the restart
  auth0_.pass(1h);
  auth0_.add_record(auth0_.record("alice", "slo", session));
  auth0_.add_record(auth0_.record("bob", "slo", other));
  const oauth::Batch batch = again.all();
  int ends = 0;
  for (const oauth::Sighting& seen : batch.sightings) {
    if (seen.type != plugin::Type::SignOut) continue;
    ++ends;
    EXPECT_EQ(seen.end_inferred, seen.session == session);
  }
  EXPECT_EQ(ends, 2);
}

// Against what the tenant itself knows: what is called dead is accepted nowhere.
TEST_F(Steps, ProofsOfARandomHistoryAreTrue) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  const ProviderUnderTest one = made(auth0_);
  auth0_.set([&] { auth0_.ends_take = 20s; });
  std::vector<std::pair<std::string, std::string>> known;  // of whom
  int dead = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string user = up_to(1) == 0 ? "alice" : "bob";
    switch (up_to(5)) {
      case 0:
      case 1:
        known.emplace_back(user, auth0_.sign_in(user, {.refresh_token = up_to(1) == 0}));
        break;
      case 2:
        if (!known.empty()) {
          const auto& [who, session] =
              known[static_cast<std::size_t>(up_to(static_cast<int>(known.size()) - 1))];
          (void)one.act(up_to(1) == 0 ? Step::CancelSession : Step::SignOutSession, handle(who, session),
                        session);
        }
        break;
      case 3:
        (void)one.act(up_to(1) == 0 ? Step::SignOutSubject : Step::RevokeTokens, handle(user, "1"), "1");
        break;
      default:
        pass(one, std::chrono::minutes(up_to(90)));
    }
    for (std::size_t k = known.size() - std::min<std::size_t>(known.size(), 6); k < known.size(); ++k) {
      if (proof(one, known[k].second, known[k].first) != "dead") continue;
      ++dead;
      ASSERT_FALSE(auth0_.lives(known[k].second)) << "step " << i;
    }
  }
  EXPECT_GT(dead, 0);
}

}  // namespace
}  // namespace curfew::auth0_test
