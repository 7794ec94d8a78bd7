// What is done to people of an authentik installation, how it is undone, and when a session counts as dead:
// not before no token of it can work any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/plugins/oauth_authentik/maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::authentik_test {
namespace {

using nlohmann::json;
using plugin::Answer;
using plugin::Code;
using plugin::Step;
using support::ProviderUnderTest;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class Steps : public testing::Test {
 protected:
  ~Steps() override { EXPECT_THAT(authentik_.complaints(), IsEmpty()); }
  [[nodiscard]] std::string handle(const std::string& user, const std::string& session) const {
    return authentik_.id_of(user) + "/" + session;
  }
  std::string proof(const ProviderUnderTest& one, const std::string& session,
                    const std::string& user = "alice") {
    return one.proof(handle(user, session), session);
  }
  void pass(const ProviderUnderTest& one, plugin::Duration time) {
    authentik_.pass(time);
    one.pass(time);
  }
  [[nodiscard]] bool is_active(const std::string& user) {
    bool is = false;
    authentik_.set([&] { is = authentik_.is_active.at(user); });
    return is;
  }
  [[nodiscard]] bool is_in_group(const std::string& user) {
    bool is = false;
    authentik_.set([&] { is = authentik_.groups.at(user).contains(group); });
    return is;
  }
  FakeAuthentik authentik_;
};

TEST_F(Steps, EndOneSessionOrAllOfAPerson) {
  const ProviderUnderTest one = made(authentik_);
  const std::string a = authentik_.sign_in("alice", {.refresh_token = true}), b = authentik_.sign_in("alice"),
                    c = authentik_.sign_in("bob", {.refresh_token = true});
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", b), b).code, Code::Ok);
  authentik_.pass(2h);  // access tokens are over
  EXPECT_FALSE(authentik_.lives(b));
  EXPECT_TRUE(authentik_.lives(a));
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", b), b).code, Code::NotFound);
  EXPECT_EQ(one.act(Step::RevokeTokens, handle("alice", a), a).code, Code::Ok);
  EXPECT_EQ(authentik_.tokens_of("alice"), 0U);
  EXPECT_TRUE(authentik_.lives(a)) << "the browser is signed in";
  const Answer all = one.act(Step::SignOutSubject, handle("alice", a), a);
  EXPECT_EQ(all.code, Code::Ok);
  EXPECT_THAT(all.text, HasSubstr("access tokens from before are accepted until they expire"));
  EXPECT_FALSE(authentik_.lives(a));
  EXPECT_TRUE(authentik_.lives(c));
  EXPECT_EQ(authentik_.tokens_of("bob"), 2U);
  for (const Step step : {Step::Notify, Step::SignOutSession, Step::SuspendAccess})
    EXPECT_EQ(one.act(step, handle("alice", a), a).code, Code::Unsupported);
  for (const Step step : {Step::CancelSession, Step::RevokeTokens, Step::SignOutSubject})
    EXPECT_EQ(one.act(step, handle("alice", a), a, {}, true).code, Code::Unsupported);
}

// More than a page of each.
TEST_F(Steps, EndAllThereIs) {
  const ProviderUnderTest one = made(authentik_);
  authentik_.set([&] { authentik_.largest_page = 3; });
  std::string session;
  for (int i = 0; i < 10; ++i) session = authentik_.sign_in("alice", {.refresh_token = true});
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
  EXPECT_EQ(authentik_.tokens_of("alice"), 0U);
  pass(one, 2h);
  EXPECT_FALSE(authentik_.lives(session));
}

TEST_F(Steps, FindAPersonByTheIdAlone) {
  const ProviderUnderTest one = made(authentik_);
  const std::string session = authentik_.sign_in("bob");
  EXPECT_EQ(one.act(Step::SignOutSubject, "", "x", {}, false,
                    {{"authentik_login", "alice"}, {"authentik_user", "5"}})
                .code,
            Code::Ok);
  pass(one, 2h);
  EXPECT_FALSE(authentik_.lives(session));
  for (const char* none : {"", "bob", "../5", "5/"})
    EXPECT_EQ(one.act(Step::SignOutSubject, "", "x", {}, false, {{"authentik_user", none}}).code,
              Code::NotFound);
  EXPECT_EQ(one.act(Step::SignOutSubject, "", "x", {}, false, {{"authentik_user", "77"}}).code,
            Code::NotFound);
}

TEST_F(Steps, DeactivateAndUndoWhatTheyDid) {
  const support::TemporaryDirectory folder;
  const json more{{"journal", (folder.path() / "journal").string()}};
  const std::string session = authentik_.sign_in("alice", {.refresh_token = true});
  {
    const ProviderUnderTest one = made(authentik_, more);
    EXPECT_EQ(one.act(Step::BlockSignIn, handle("alice", session), session).code, Code::Refused);
    authentik_.next_answer({.only_for = "PATCH", .lost = true});
    const Answer answer = one.act(Step::BlockSignIn, handle("alice", session), session, 1h);
    EXPECT_EQ(answer.code, Code::Ok) << answer.text;
    EXPECT_FALSE(is_active("alice"));
    EXPECT_EQ(authentik_.tokens_of("alice"), 0U);
  }
  const ProviderUnderTest again = made(authentik_, more);
  EXPECT_EQ(again.act(Step::BlockSignIn, handle("alice", session), session, 1h, true).code, Code::Ok);
  EXPECT_TRUE(is_active("alice"));
  EXPECT_EQ(again.act(Step::BlockSignIn, handle("alice", session), session, 1h, true).code, Code::NotFound);
  // Not by this source: it stays so.
  authentik_.set([&] { authentik_.is_active["bob"] = false; });
  EXPECT_EQ(again.act(Step::DisableAccount, handle("bob", session), "x").code, Code::NotFound);
  EXPECT_EQ(again.act(Step::DisableAccount, handle("bob", session), "x", {}, true).code, Code::NotFound);
  EXPECT_FALSE(is_active("bob"));
  EXPECT_EQ(made(authentik_).act(Step::DisableAccount, handle("alice", session), "x").code,
            Code::Unsupported);
}

TEST_F(Steps, TakePeopleOutOfAGroupForATime) {
  const support::TemporaryDirectory folder;
  const json more{{"journal", (folder.path() / "journal").string()},
                  {"authentik", {{"suspend_access", {{"group", group}}}}}};
  const std::string session = authentik_.sign_in("alice");
  {
    const ProviderUnderTest one = made(authentik_, more);
    authentik_.next_answer({.only_for = "remove_user", .lost = true});
    EXPECT_EQ(one.act(Step::SuspendAccess, handle("alice", session), session, 1h).code, Code::Ok);
    EXPECT_FALSE(is_in_group("alice"));
    EXPECT_TRUE(is_in_group("bob"));
  }
  const ProviderUnderTest again = made(authentik_, more);
  EXPECT_EQ(again.act(Step::SuspendAccess, handle("alice", session), session, 1h, true).code, Code::Ok);
  EXPECT_TRUE(is_in_group("alice"));
  authentik_.set([&] { authentik_.groups["bob"].clear(); });
  EXPECT_EQ(again.act(Step::SuspendAccess, handle("bob", session), "x", 1h).code, Code::NotFound);
  EXPECT_EQ(again.act(Step::SuspendAccess, handle("bob", session), "x", 1h, true).code, Code::NotFound);
  EXPECT_FALSE(is_in_group("bob"));
}

TEST_F(Steps, ASessionIsAliveUntilItsLastTokenIsOver) {
  const ProviderUnderTest one = made(authentik_);
  const std::string session = authentik_.sign_in("alice", {.refresh_token = true}),
                    other = authentik_.sign_in("bob");
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::CancelSession, handle("alice", session), session).code, Code::Ok);
  pass(one, 2h);
  EXPECT_TRUE(authentik_.lives(session));  // by its refresh token
  EXPECT_EQ(proof(one, session), "alive");
  ASSERT_TRUE(authentik_.refresh(session));
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
  EXPECT_TRUE(authentik_.lives(session));  // by the access token of the last moment
  EXPECT_EQ(proof(one, session), "alive");
  pass(one, 61min);
  EXPECT_FALSE(authentik_.lives(session));
  EXPECT_EQ(proof(one, session), "dead");
  EXPECT_EQ(proof(one, other, "bob"), "alive");
}

TEST_F(Steps, AfterARestartTheTimeGoesOn) {
  const std::string session = authentik_.sign_in("alice"), control = authentik_.sign_in("bob");
  oauth::Batch before;
  {
    const ProviderUnderTest one = made(authentik_);
    EXPECT_EQ(proof(one, session), "alive");
    EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
    EXPECT_EQ(proof(one, session), "alive");
    before = one.all();
  }
  const ProviderUnderTest again = made(authentik_, json::object(), before.cursor, before.memories);
  const ProviderUnderTest without = made(authentik_, json::object(), before.cursor);
  EXPECT_EQ(proof(again, session), "alive");
  again.pass(40min);
  without.pass(40min);
  EXPECT_EQ(proof(again, session), "alive");
  EXPECT_EQ(proof(without, session), "alive");
  again.pass(21min);
  without.pass(21min);
  EXPECT_EQ(proof(again, session), "dead");
  EXPECT_EQ(proof(without, session), "alive") << "begun anew 21 minutes ago";
  EXPECT_EQ(proof(again, control, "bob"), "alive");
}

// That nothing is found is believed where another session is, or this one was.
TEST_F(Steps, NeedAControl) {
  const ProviderUnderTest one = made(authentik_, {{"authentik", {{"access_token_lifetime", "0s"}}}});
  const std::string never = "00000000-0000-4000-8000-000000000000";
  EXPECT_THAT(proof(one, never), HasSubstr("has found no session yet"));
  const std::string other = authentik_.sign_in("bob");
  EXPECT_EQ(proof(one, never), "dead");
  EXPECT_EQ(proof(one, other, "bob"), "alive");
}

TEST_F(Steps, ATokenThatIsNoSuperusersProvesNothing) {
  const ProviderUnderTest one = made(authentik_, {{"authentik", {{"access_token_lifetime", "0s"}}}});
  const std::string session = authentik_.sign_in("alice", {.refresh_token = true});
  EXPECT_EQ(proof(one, session), "alive");
  authentik_.set([&] { authentik_.is_superuser = false; });
  EXPECT_THAT(proof(one, session), HasSubstr("the API token is no superuser's"));
  authentik_.set([&] { authentik_.is_superuser = true; });
  EXPECT_EQ(proof(one, session), "alive");
}

TEST_F(Steps, AnAnswerThatIsNotWholeProvesNothing) {
  const ProviderUnderTest one = made(authentik_, {{"authentik", {{"access_token_lifetime", "0s"}}}});
  const std::string session = authentik_.sign_in("alice", {.refresh_token = true});
  EXPECT_EQ(proof(one, session), "alive");
  EXPECT_EQ(one.act(Step::SignOutSubject, handle("alice", session), session).code, Code::Ok);
  const std::vector<support::FakeApi::Answer> answers{{.status = 200, .body = R"({"results":[{"id)"},
                                                      {.status = 200, .body = "3"},
                                                      {.status = 404, .body = "<html>"},
                                                      {.status = 404, .body = R"({"error":"x"})"},
                                                      {.status = 403, .body = "{}"},
                                                      {.status = 302, .body = "x"},
                                                      {.status = 200, .body = R"([{"a":"b"}])"},
                                                      {.status = 204, .body = {}}};
  for (const char* path : {"GET /api/v3/core/authenticated_sessions/", "GET /api/v3/oauth2/refresh_tokens/",
                           "GET /api/v3/oauth2/access_tokens/", "GET /api/v3/core/users/me/"}) {
    for (support::FakeApi::Answer wrong : answers) {
      wrong.only_for = path;
      authentik_.next_answer(wrong);
      EXPECT_THAT(proof(one, session), Not(AnyOf("dead", "alive"))) << path << wrong.body;
    }
  }
  json others{{"pagination", {{"next", 0}}},
              {"results", {{{"pk", 1}, {"user", {{"pk", 5}}}, {"is_expired", false}}}}};
  authentik_.next_answer({.status = 200, .body = others.dump(), .only_for = "/refresh_tokens"});
  EXPECT_THAT(proof(one, session), HasSubstr("it lists another's"));
  authentik_.next_answer(
      {.status = 200, .body = R"({"uuid":")" + session + R"(","user":5})", .only_for = "/authenticated"});
  EXPECT_THAT(proof(one, session), HasSubstr("another person's by now"));
  EXPECT_THAT(one.proof("", session), HasSubstr("its handle was erased"));
  EXPECT_EQ(proof(one, session), "dead");
}

TEST_F(Steps, ListWhatLives) {
  const ProviderUnderTest one = made(authentik_, {{"authentik", {{"page_size", 1}}}});
  const std::string a = authentik_.sign_in("alice"), b = authentik_.sign_in("bob");
  std::vector<std::string> handles;
  one->list(
      [&](const oauth::LiveSession& live) {
        handles.push_back(live.handle);
        EXPECT_NE(live.last_activity_at, plugin::Time{});
        return true;
      },
      support::wall_clock() + 5s);
  EXPECT_THAT(handles, ElementsAre("4/" + a, "5/" + b));
}

// A stated end would be a proof, and would not wait for the tokens.
TEST_F(Steps, AnEndThatAnOrderLeftBehindIsOnlyConcluded) {
  const ProviderUnderTest one = made(authentik_);
  const std::string own = authentik_.sign_in("alice"), other = authentik_.sign_in("bob");
  (void)one.all();
  EXPECT_EQ(one.proof(handle("alice", own), own, one.now()), "alive");
  EXPECT_EQ(proof(one, other, "bob"), "alive") << "who only asks has ordered nothing";
  authentik_.sign_out(own);
  authentik_.sign_out(other);
  const oauth::Batch batch = one.all();
  ASSERT_EQ(batch.sightings.size(), 2U);
  for (const oauth::Sighting& seen : batch.sightings) EXPECT_EQ(seen.end_inferred, seen.session == own);
}

// Against what the installation itself knows: what is called dead is accepted nowhere.
TEST_F(Steps, ProofsOfARandomHistoryAreTrue) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  const ProviderUnderTest one = made(authentik_);
  std::vector<std::pair<std::string, std::string>> known;  // of whom
  const auto any = [&]() -> const std::pair<std::string, std::string>& {
    return known[static_cast<std::size_t>(up_to(static_cast<int>(known.size()) - 1))];
  };
  known.emplace_back("bob", authentik_.sign_in("bob"));
  int dead = 0;
  for (int i = 0; i < 120; ++i) {
    const std::string user = up_to(1) == 0 ? "alice" : "bob";
    switch (up_to(6)) {
      case 0:
      case 1:
        known.emplace_back(user, authentik_.sign_in(user, {.refresh_token = up_to(2) == 0}));
        break;
      case 2:
        (void)one.act(Step::CancelSession, handle(any().first, any().second), "1");
        break;
      case 3:
        (void)one.act(Step::SignOutSubject, handle(user, known.back().second), "1");
        break;
      case 4:
        (void)authentik_.refresh(any().second);
        break;
      default:
        pass(one, std::chrono::minutes(up_to(40)));
    }
    for (std::size_t k = known.size() - std::min<std::size_t>(known.size(), 4); k < known.size(); ++k) {
      if (proof(one, known[k].second, known[k].first) != "dead") continue;
      ++dead;
      ASSERT_FALSE(authentik_.lives(known[k].second)) << "step " << i;
    }
  }
  // Whatever came before: once all is ended, all is dead in its time.
  for (const char* user : {"alice", "bob"})
    EXPECT_EQ(one.act(Step::SignOutSubject, handle(user, known.back().second), "1").code, Code::Ok);
  for (const auto& [user, session] : known) (void)proof(one, session, user);
  pass(one, 61min);
  for (const auto& [user, session] : known) {
    EXPECT_EQ(proof(one, session, user), "dead");
    EXPECT_FALSE(authentik_.lives(session));
  }
  RecordProperty("dead_meanwhile", dead);
}

}  // namespace
}  // namespace curfew::authentik_test
