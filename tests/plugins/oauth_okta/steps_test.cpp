// What is done to people of an Okta organization, how it is undone, and when a session counts as dead: not
// before no token of it can work any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/plugins/oauth_okta/maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::okta_test {
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
  ~Steps() override { EXPECT_THAT(okta_.complaints(), IsEmpty()); }
  static std::string handle(const std::string& user, const std::string& session) {
    return "00u" + user + "/" + session;
  }
  std::string proof(const ProviderUnderTest& one, const std::string& session,
                    const std::string& user = "alice") {
    return one.proof(handle(user, session), session);
  }
  void pass(const ProviderUnderTest& one, plugin::Duration time) {
    okta_.pass(time);
    one.pass(time);
  }
  [[nodiscard]] std::string status(const std::string& user) {
    std::string is;
    okta_.set([&] { is = okta_.status.at(user); });
    return is;
  }
  FakeOkta okta_;
};

TEST_F(Steps, EndOneSessionOrAllOfAPerson) {
  const ProviderUnderTest one = made(okta_);
  const std::string a = okta_.sign_in("alice"), b = okta_.sign_in("alice"), c = okta_.sign_in("bob");
  okta_.pass(2h);  // access tokens are over
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", a), a).code, Code::Ok);
  EXPECT_FALSE(okta_.lives(a));
  EXPECT_TRUE(okta_.lives(b));
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", a), a).code, Code::NotFound);
  const Answer all = one.act(Step::SignOutSubject, handle("alice", a), a);
  EXPECT_EQ(all.code, Code::Ok);
  EXPECT_THAT(all.text, HasSubstr("access tokens from before are accepted until they expire"));
  EXPECT_FALSE(okta_.lives(b));
  EXPECT_TRUE(okta_.lives(c));
  for (const Step step : {Step::Notify, Step::SignOutSession, Step::RevokeTokens, Step::SuspendAccess})
    EXPECT_EQ(one.act(step, handle("alice", a), a).code, Code::Unsupported);
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", a), a, {}, true).code, Code::Unsupported);
}

TEST_F(Steps, FindAPersonByTheIdAlone) {
  const ProviderUnderTest one = made(okta_);
  const std::string session = okta_.sign_in("bob");
  okta_.pass(2h);
  EXPECT_EQ(one.act(Step::SignOutSubject, "", "x", {}, false,
                    {{"upn", "alice@corp.test"}, {"oidc_subject", "https://corp.okta.test#00ubob"}})
                .code,
            Code::Ok);
  EXPECT_FALSE(okta_.lives(session));
  for (const char* none : {"", "00ubob", "https://other.test#00ubob", "https://corp.okta.test#../x"})
    EXPECT_EQ(one.act(Step::SignOutSubject, "", "x", {}, false, {{"oidc_subject", none}}).code,
              Code::NotFound);
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("nobody", "1"), "x").code, Code::NotFound);
}

TEST_F(Steps, SuspendAndUndoWhatTheyDid) {
  support::TemporaryDirectory folder;
  const json more{{"journal", (folder.path() / "journal").string()}};
  const std::string session = okta_.sign_in("alice");
  okta_.pass(2h);
  {
    const ProviderUnderTest one = made(okta_, more);
    EXPECT_EQ(one.act(Step::BlockSignIn, handle("alice", session), session).code, Code::Refused);
    okta_.next_answer({.only_for = "/lifecycle/suspend", .lost = true});
    const Answer answer = one.act(Step::BlockSignIn, handle("alice", session), session, 1h);
    EXPECT_EQ(answer.code, Code::Ok) << answer.text;
    EXPECT_EQ(status("alice"), "SUSPENDED");
    EXPECT_FALSE(okta_.lives(session));
  }
  const ProviderUnderTest again = made(okta_, more);
  EXPECT_EQ(again.act(Step::BlockSignIn, handle("alice", session), session, 1h, true).code, Code::Ok);
  EXPECT_EQ(status("alice"), "ACTIVE");
  EXPECT_EQ(again.act(Step::BlockSignIn, handle("alice", session), session, 1h, true).code, Code::NotFound);
  // Not by this source: it stays so.
  okta_.set([&] { okta_.status["bob"] = "SUSPENDED"; });
  EXPECT_EQ(again.act(Step::DisableAccount, handle("bob", "1"), "x").code, Code::NotFound);
  EXPECT_EQ(again.act(Step::DisableAccount, handle("bob", "1"), "x", {}, true).code, Code::NotFound);
  EXPECT_EQ(status("bob"), "SUSPENDED");
  // Only an active account can be suspended.
  okta_.set([&] { okta_.status["bob"] = "LOCKED_OUT"; });
  const Answer refused = again.act(Step::DisableAccount, handle("bob", "1"), "x");
  EXPECT_EQ(refused.code, Code::Refused);
  EXPECT_EQ(made(okta_).act(Step::DisableAccount, handle("alice", "1"), "x").code, Code::Unsupported);
}

TEST_F(Steps, ASessionIsAliveUntilItsLastTokenIsOver) {
  const ProviderUnderTest one = made(okta_);
  const std::string session = okta_.sign_in("alice", {.refresh_token = true}), other = okta_.sign_in("bob");
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", session), session).code, Code::Ok);
  EXPECT_EQ(proof(one, session), "alive");
  pass(one, 2h);
  EXPECT_TRUE(okta_.lives(session));  // by its refresh token
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
  EXPECT_EQ(proof(one, session), "alive") << "by an access token that it was renewed with at the last moment";
  pass(one, 61min);
  EXPECT_EQ(proof(one, session), "dead");
  EXPECT_EQ(proof(one, other, "bob"), "alive");
}

TEST_F(Steps, AfterARestartTheTimeGoesOn) {
  const std::string session = okta_.sign_in("alice"), control = okta_.sign_in("bob");
  oauth::Batch before;
  {
    const ProviderUnderTest one = made(okta_);
    EXPECT_EQ(proof(one, control, "bob"), "alive");
    EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
    EXPECT_EQ(proof(one, session), "alive");
    before = one.all();
  }
  const ProviderUnderTest again = made(okta_, json::object(), before.cursor, before.memories);
  pass(again, 59min);
  EXPECT_EQ(proof(again, session), "alive");
  pass(again, 2min);
  EXPECT_EQ(proof(again, session), "dead");
  EXPECT_EQ(proof(again, control, "bob"), "alive");
}

// What lived on by a refresh token is not known to be over since the last run.
TEST_F(Steps, ATimeThatHadNotBegunBeginsAfterTheRestart) {
  const std::string session = okta_.sign_in("alice", {.refresh_token = true});
  oauth::Batch before;
  {
    const ProviderUnderTest one = made(okta_);
    EXPECT_EQ(proof(one, session), "alive");
    EXPECT_EQ(one.act(Step::CancelSession, handle("alice", session), session).code, Code::Ok);
    EXPECT_EQ(proof(one, session), "alive");
    before = one.all();
  }
  const ProviderUnderTest again = made(okta_, json::object(), before.cursor, before.memories);
  pass(again, 2h);
  EXPECT_EQ(again.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
  EXPECT_EQ(proof(again, session), "alive");
  pass(again, 61min);
  EXPECT_EQ(proof(again, session), "dead");
}

TEST_F(Steps, WithoutMemoriesTheTimeBeginsAnewAfterARestart) {
  const std::string session = okta_.sign_in("alice"), control = okta_.sign_in("bob");
  EXPECT_EQ(made(okta_).act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
  const ProviderUnderTest one = made(okta_);
  EXPECT_EQ(proof(one, control, "bob"), "alive");
  EXPECT_EQ(proof(one, session), "alive");
  pass(one, 59min);
  EXPECT_EQ(proof(one, session), "alive");
  pass(one, 2min);
  EXPECT_EQ(proof(one, session), "dead");
  const ProviderUnderTest asked = made(okta_, {{"okta", {{"access_token_lifetime", "0s"}}}});
  EXPECT_EQ(proof(asked, control, "bob"), "alive");
  EXPECT_EQ(proof(asked, session), "dead");
}

// Okta calls the id of its log a proxy of the session's: where it finds none by it, it has said nothing.
TEST_F(Steps, AnIdThatOktaNeverFoundProvesNothing) {
  const ProviderUnderTest one = made(okta_, {{"okta", {{"access_token_lifetime", "0s"}}}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(proof(one, "102other"), HasSubstr("found no session yet by an id of its log"));
    pass(one, 25h);
  }
  EXPECT_EQ(proof(one, okta_.sign_in("bob"), "bob"), "alive");
  EXPECT_EQ(proof(one, "102other"), "dead");
}

// A stated end would be a proof, and would not wait for the tokens.
TEST_F(Steps, AnEndThatAnOrderLeftBehindIsOnlyConcluded) {
  const ProviderUnderTest one = made(okta_);
  const std::string own = okta_.sign_in("alice"), other = okta_.sign_in("bob");
  EXPECT_EQ(one.proof(handle("alice", own), own, one.now()), "alive");
  EXPECT_EQ(proof(one, other, "bob"), "alive") << "who only asks has ordered nothing";
  okta_.sign_out(own);
  okta_.sign_out(other);
  const oauth::Batch batch = one.all();
  int ends = 0;
  for (const oauth::Sighting& seen : batch.sightings) {
    if (seen.type != plugin::Type::SignOut) continue;
    ++ends;
    EXPECT_EQ(seen.end_inferred, seen.session == own);
  }
  EXPECT_EQ(ends, 2);
  oauth::Sighting logout;
  logout.type = plugin::Type::SignOut;
  logout.session = own;
  logout.subject = "00ualice";
  one->complete(logout);
  EXPECT_TRUE(logout.end_inferred);
  EXPECT_EQ(logout.subject, "00ualice");
  EXPECT_EQ(logout.names.at(0).value, "https://corp.okta.test#00ualice");
  EXPECT_EQ(logout.handle, handle("alice", own));
}

TEST_F(Steps, AnAnswerThatIsNotWholeProvesNothing) {
  const ProviderUnderTest one = made(okta_, {{"okta", {{"access_token_lifetime", "0s"}}}});
  const std::string session = okta_.sign_in("alice", {.refresh_token = true});
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
  const std::vector<support::FakeApi::Answer> answers{{.status = 200, .body = R"([{"id)"},
                                                      {.status = 200, .body = "3"},
                                                      {.status = 404, .body = "<html>"},
                                                      {.status = 404, .body = R"({"errorCode":"x"})"},
                                                      {.status = 403, .body = "{}"},
                                                      {.status = 302, .body = "x"},
                                                      {.status = 200, .body = R"([{"a":"b"}])"},
                                                      {.status = 204, .body = {}}};
  for (const char* path : {"GET /api/v1/sessions", "GET /api/v1/users/00ualice/clients"}) {
    for (support::FakeApi::Answer wrong : answers) {
      wrong.only_for = path;
      okta_.next_answer(wrong);
      EXPECT_THAT(proof(one, session), Not(AnyOf("dead", "alive"))) << path << wrong.body;
    }
  }
  okta_.next_answer(
      {.status = 200, .body = R"({"userId":"00ubob","status":"ACTIVE"})", .only_for = "/sessions"});
  EXPECT_THAT(proof(one, session), HasSubstr("another person's by now"));
  EXPECT_THAT(one.proof("", session), HasSubstr("its handle was erased"));
  EXPECT_EQ(proof(one, session), "dead");
}

TEST_F(Steps, ListNothing) {
  EXPECT_THROW(made(okta_)->list([](const oauth::LiveSession&) { return true; }, support::wall_clock() + 5s),
               Failure);
}

// Of the person, by an order of the process before.
TEST_F(Steps, WhatAnOrderMayHaveEndedIsKnownThroughARestart) {
  const std::string session = okta_.sign_in("alice"), other = okta_.sign_in("bob");
  oauth::Batch before;
  {
    const ProviderUnderTest one = made(okta_);
    (void)one.all();
    EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
    before = one.all();
    ASSERT_EQ(before.memories.size(), 1U);
    EXPECT_LE(before.memories[0].key.size(), 256U);
  }
  const ProviderUnderTest again = made(okta_, json::object(), before.cursor, before.memories);
  again.pass(1h);  // what ends now ends long after the restart
  okta_.pass(1h);
  okta_.sign_out(session);
  okta_.sign_out(other);
  const oauth::Batch batch = again.all();
  int ends = 0;
  for (const oauth::Sighting& seen : batch.sightings) {
    if (seen.type != plugin::Type::SignOut) continue;
    ++ends;
    EXPECT_EQ(seen.end_inferred, seen.session == session);
  }
  EXPECT_EQ(ends, 2);
}

// Against what the organization itself knows: what is called dead is accepted nowhere.
TEST_F(Steps, ProofsOfARandomHistoryAreTrue) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  const ProviderUnderTest one = made(okta_);
  std::vector<std::pair<std::string, std::string>> known;  // of whom
  int dead = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string user = up_to(1) == 0 ? "alice" : "bob";
    switch (up_to(5)) {
      case 0:
      case 1:
        known.emplace_back(user, okta_.sign_in(user, {.refresh_token = up_to(2) == 0}));
        break;
      case 2:
        if (!known.empty()) {
          const auto& [who, session] =
              known[static_cast<std::size_t>(up_to(static_cast<int>(known.size()) - 1))];
          (void)one.act(Step::CancelSession, handle(who, session), session);
        }
        break;
      case 3:
        (void)one.act(Step::SignOutSubject, handle(user, "1"), "1");
        break;
      default:
        pass(one, std::chrono::minutes(up_to(40)));
    }
    for (std::size_t k = known.size() - std::min<std::size_t>(known.size(), 6); k < known.size(); ++k) {
      if (proof(one, known[k].second, known[k].first) != "dead") continue;
      ++dead;
      ASSERT_FALSE(okta_.lives(known[k].second)) << "step " << i;
    }
  }
  EXPECT_GT(dead, 0);
}

}  // namespace
}  // namespace curfew::okta_test
