// Sessions are ended in both their forms, and counted as dead only when nothing of them can be left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/plugins/oauth/provider_maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::oauth_test {
namespace {

using nlohmann::json;
using plugin::Action;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class Sessions : public testing::Test {
 protected:
  ~Sessions() override { EXPECT_THAT(keycloak_.complaints(), IsEmpty()); }

  // Every application asks Keycloak: nothing outlives a session.
  Made caught_up(const json& more = json::object()) {
    json settings{{"keycloak", {{"access_token_lifespan", "0s"}}}};
    settings.merge_patch(more);
    return reading_lifespans(settings);
  }
  Made reading_lifespans(const json& more = json::object()) {
    Made one = made(keycloak_, more);
    (void)all_of(one);
    return one;
  }
  static Action action(Step step, const std::string& session, const std::string& handle) {
    Action action;
    action.step = step;
    action.session = digest_of(session);
    action.handle = handle;
    action.deadline = wall_clock() + 10s;
    return action;
  }
  static Liveness liveness(const Made& one, const std::string& session,
                           const std::string& user = "id-of-alice") {
    const std::string handle = session + "/" + user;
    return one->prove(
        {.identifiers = {}, .session = digest_of(session), .handle = handle, .deadline = wall_clock() + 10s});
  }
  static std::string why_unknown(const Made& one, const std::string& session) {
    try {
      return liveness(one, session) == Liveness::Alive ? "alive" : "dead";
    } catch (const Failure& failure) {
      return failure.what();
    }
  }

  FakeKeycloak keycloak_;
};

TEST_F(Sessions, ACancelLeavesTheOfflineFormAndTheSessionAlive) {
  const Made one = caught_up();
  const std::string session = keycloak_.sign_in("alice", {.offline = true});
  const std::string handle = session + "/id-of-alice";
  EXPECT_EQ(one->act(action(Step::CancelSession, session, handle)).code, Code::Ok);
  EXPECT_EQ(liveness(one, session), Liveness::Alive);
  EXPECT_EQ(one->act(action(Step::SignOutSession, session, handle)).code, Code::Ok);
  EXPECT_EQ(liveness(one, session), Liveness::Dead);
  EXPECT_EQ(one->act(action(Step::SignOutSession, session, handle)).code, Code::NotFound);
}

TEST_F(Sessions, ALivingOneIsAliveBesideADeadOne) {
  const Made one = caught_up();
  const std::string living = keycloak_.sign_in("alice", {});
  const std::string dead = keycloak_.sign_in("alice", {});
  keycloak_.sign_out(dead);
  EXPECT_EQ(liveness(one, living), Liveness::Alive);
  EXPECT_EQ(liveness(one, dead), Liveness::Dead);
}

// Until it expires, who doesn't ask Keycloak takes the last access token.
TEST_F(Sessions, OneIsAliveAsLongAsAnAccessTokenOfItMayBe) {
  keycloak_.set([](FakeKeycloak& it) { it.realm["accessTokenLifespan"] = 1; });
  const Made one = reading_lifespans({{"clock_skew", "1s"}});
  const std::string session = keycloak_.sign_in("alice", {});
  keycloak_.sign_out(session);
  const auto since = std::chrono::steady_clock::now();
  EXPECT_EQ(liveness(one, session), Liveness::Alive);
  while (liveness(one, session) == Liveness::Alive) {
    ASSERT_LT(std::chrono::steady_clock::now() - since, 30s);
  }
  EXPECT_GE(std::chrono::steady_clock::now() - since, 2s);
  EXPECT_EQ(liveness(one, session), Liveness::Dead);
}

TEST_F(Sessions, TheLongestTokenOfAnyClientCounts) {
  keycloak_.set([](FakeKeycloak& it) {
    it.realm["accessTokenLifespan"] = 60;
    for (int i = 0; i < 250; ++i)
      it.clients.push_back({{"id", "c" + std::to_string(i)}, {"clientId", "c" + std::to_string(i)}});
    it.clients[251]["attributes"]["access.token.lifespan"] = "1800";
  });
  EXPECT_THAT(reading_lifespans()->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":1800"));
  keycloak_.set([](FakeKeycloak& it) { it.clients[20]["implicitFlowEnabled"] = true; });
  EXPECT_THAT(reading_lifespans()->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":1800"));
  keycloak_.set([](FakeKeycloak& it) { it.realm["accessTokenLifespanForImplicitFlow"] = 3600; });
  EXPECT_THAT(reading_lifespans()->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":3600"));
  EXPECT_THAT(caught_up()->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":0"));
}

TEST_F(Sessions, WithoutKnowingHowLongTokensLiveNothingIsProved) {
  keycloak_.set([](FakeKeycloak& it) { it.roles.erase("view-realm"); });
  const Made one = reading_lifespans();
  const std::string session = keycloak_.sign_in("alice", {});
  EXPECT_EQ(liveness(one, session), Liveness::Alive);
  keycloak_.sign_out(session);
  EXPECT_THAT(why_unknown(one, session), HasSubstr("how long access tokens from before are accepted"));
  const Made told = caught_up();
  EXPECT_EQ(liveness(told, session), Liveness::Dead);
}

// Whatever is no whole answer of Keycloak says nothing about a session.
TEST_F(Sessions, AnAnswerThatIsNotWholeProvesNothing) {
  const Made one = caught_up();
  const std::string session = keycloak_.sign_in("alice", {});
  keycloak_.sign_out(session);
  const std::vector<FakeKeycloak::Answer> answers{
      {.status = 200, .body = R"([{"id":"other")"},
      {.status = 200, .body = "{}"},
      {.status = 200, .body = R"([{"username":"alice"}])"},
      {.status = 404, .body = "<html>no such page</html>"},
      {.status = 404, .body = R"({"error":"Realm not found."})"},
      {.status = 403, .body = "{}"},
      {.status = 302, .body = "x"},
  };
  for (const char* path : {"/sessions", "/consents"}) {
    for (FakeKeycloak::Answer wrong : answers) {
      wrong.only_for = path;
      keycloak_.next_answer(wrong);
      EXPECT_THAT(why_unknown(one, session), Not(testing::AnyOf("dead", "alive")))
          << path << " " << wrong.body;
    }
  }
  for (int i = 0; i < 3; ++i) keycloak_.next_answer({.status = 500, .body = "x", .only_for = "/sessions"});
  EXPECT_THAT(why_unknown(one, session), HasSubstr("it answered 500"));
  EXPECT_EQ(liveness(one, session), Liveness::Dead);
}

TEST_F(Sessions, AHandleThatWasErasedIsFoundByItsDigestWhileItLives) {
  const Made one = caught_up();
  const std::string session = keycloak_.sign_in("alice", {});
  const std::string subject = keycloak_.url() + "/realms/corp#id-of-alice";
  Action order = action(Step::SignOutSession, session, "");
  order.identifiers = {{"user", "alice"}, {"oidc_subject", subject}};
  EXPECT_EQ(one->act(order).code, Code::Ok);
  EXPECT_EQ(one->act(order).code, Code::NotFound);
  EXPECT_THROW(
      (void)one->prove(
          {.identifiers = {}, .session = digest_of(session), .handle = {}, .deadline = wall_clock() + 5s}),
      Failure);
}

TEST_F(Sessions, OfAPersonAreAllEndedAndNobodyElses) {
  const Made one = caught_up();
  const std::string desk = keycloak_.sign_in("alice", {.offline = true});
  const std::string phone = keycloak_.sign_in("alice", {});
  const std::string other = keycloak_.sign_in("bob", {.offline = true});
  EXPECT_EQ(one->act(action(Step::SignOutSubject, desk, desk + "/id-of-alice")).code, Code::Ok);
  EXPECT_EQ(liveness(one, desk), Liveness::Dead);
  EXPECT_EQ(liveness(one, phone), Liveness::Dead);
  EXPECT_EQ(liveness(one, other, "id-of-bob"), Liveness::Alive);
}

TEST_F(Sessions, ARevocationIsKeycloaksNotBeforeAndLeavesTheOfflineFormAlive) {
  const Made one = caught_up();
  const std::string desk = keycloak_.sign_in("alice", {.offline = true});
  const std::string phone = keycloak_.sign_in("alice", {});
  const std::string other = keycloak_.sign_in("bob", {});
  const std::string handle = desk + "/id-of-alice";
  const Action order = action(Step::RevokeTokens, desk, handle);
  const plugin::Answer answer = one->act(order);
  EXPECT_EQ(answer.code, Code::Ok);
  EXPECT_THAT(answer.text, HasSubstr("takes none of the person's tokens from before"));
  EXPECT_EQ(liveness(one, desk), Liveness::Alive) << "it stands in Keycloak's list";
  EXPECT_EQ(liveness(one, phone), Liveness::Dead);
  EXPECT_EQ(liveness(one, other, "id-of-bob"), Liveness::Alive);
  Action revert = order;
  revert.revert = true;
  EXPECT_EQ(one->act(revert).code, Code::Unsupported);
  EXPECT_EQ(one->act(action(Step::RevokeTokens, "s", "s/id-of-nobody")).code, Code::NotFound);
  EXPECT_EQ(one->act(action(Step::RevokeTokens, "s", "")).code, Code::NotFound);
}

TEST_F(Sessions, ARevocationThatKeycloakDidNotKeepIsNone) {
  const Made one = caught_up();
  const std::string session = keycloak_.sign_in("alice", {});
  const std::string handle = session + "/id-of-alice";
  const Action order = action(Step::RevokeTokens, session, handle);
  keycloak_.set([](FakeKeycloak& it) { it.keeps_not_before = false; });
  EXPECT_EQ(one->act(order).code, Code::Failed);
  keycloak_.set([](FakeKeycloak& it) {
    it.keeps_not_before = true;
    it.clock_ahead = 3600;
  });
  EXPECT_EQ(one->act(order).code, Code::Ok) << "it is compared by Keycloak's own clock";
}

TEST_F(Sessions, OfAnotherRealmsPersonAreNotTouched) {
  const Made one = caught_up();
  Action order = action(Step::SignOutSubject, "s", "");
  order.identifiers = {{"oidc_subject", "https://other.test/realms/corp#id-of-alice"}};
  EXPECT_EQ(one->act(order).code, Code::NotFound);
  EXPECT_EQ(keycloak_.asked("/logout"), 0U);
}

TEST_F(Sessions, AreListedWholeAndOnce) {
  const Made one = caught_up();
  std::set<std::string> expected;
  for (int i = 0; i < 450; ++i) expected.insert(keycloak_.sign_in("alice", {.offline = i % 2 == 0}));
  std::vector<std::string> listed;
  one->list(
      [&](const oauth::LiveSession& session) {
        EXPECT_EQ(session.handle, session.id + "/id-of-alice");
        EXPECT_EQ(session.subject, keycloak_.url() + "/realms/corp#id-of-alice");
        listed.push_back(session.id);
        return true;
      },
      wall_clock() + 20s);
  EXPECT_EQ(listed.size(), expected.size());
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), expected);
}

// It is the probe that proves: a stated end would not wait for the tokens.
TEST_F(Sessions, ASignOutWhileAnOrderRunsIsNoStatedEnd) {
  const Made one = caught_up();
  const std::string ordered = keycloak_.sign_in("alice", {.offline = true});
  const std::string free = keycloak_.sign_in("bob", {});
  (void)all_of(one);
  (void)one->act(action(Step::CancelSession, "none", "none/id-of-alice"));
  (void)one->act(action(Step::CancelSession, ordered, ordered + "/id-of-alice"));
  keycloak_.sign_out(ordered);
  keycloak_.sign_out(free);
  const oauth::Batch batch = all_of(one);
  ASSERT_EQ(batch.sightings.size(), 2U);
  EXPECT_TRUE(batch.sightings[0].end_inferred);
  EXPECT_FALSE(batch.sightings[1].end_inferred);
}

// Whoever else asks has ordered nothing: a gate, or who compares.
TEST_F(Sessions, AQuestionIsNoOrder) {
  const Made one = caught_up();
  const std::string session = keycloak_.sign_in("alice", {.offline = true});
  (void)all_of(one);
  ASSERT_EQ(liveness(one, session), Liveness::Alive);
  keycloak_.sign_out(session);
  const oauth::Batch batch = all_of(one);
  ASSERT_EQ(batch.sightings.size(), 1U);
  EXPECT_FALSE(batch.sightings[0].end_inferred);
  EXPECT_THAT(batch.memories, IsEmpty());
}

// After a restart the first probe tells that there is an order.
TEST_F(Sessions, ASignOutIsNoStatedEndEitherWhereTheOrderIsOlderThanTheProcess) {
  const Made one = caught_up();
  const std::string ordered = keycloak_.sign_in("alice", {.offline = true});
  (void)all_of(one);
  const std::string handle = ordered + "/id-of-alice";
  ASSERT_EQ(one->prove({.identifiers = {},
                        .session = digest_of(ordered),
                        .handle = handle,
                        .deadline = wall_clock() + 10s,
                        .ordered_at = wall_clock() - 1min}),
            Liveness::Alive);
  keycloak_.sign_out(ordered);
  const oauth::Batch batch = all_of(one);
  ASSERT_EQ(batch.sightings.size(), 1U);
  EXPECT_TRUE(batch.sightings[0].end_inferred);
}

// What a killed process had ordered, and had not yet had remembered, nobody knows.
TEST_F(Sessions, ASignOutWhileNobodyReadIsNoStatedEnd) {
  const std::string before = keycloak_.sign_in("alice", {});
  oauth::Batch read;
  {
    const Made one = made(keycloak_);
    keycloak_.sign_out(before);
    read = all_of(one);
    EXPECT_FALSE(read.sightings.back().end_inferred);
  }
  const std::string meanwhile = keycloak_.sign_in("bob", {});
  keycloak_.sign_out(meanwhile);
  const Made later = made(keycloak_, json::object(), read.cursor);
  const oauth::Batch batch = all_of(later);
  ASSERT_EQ(batch.sightings.size(), 2U);
  EXPECT_EQ(batch.sightings[1].type, plugin::Type::SignOut);
  EXPECT_TRUE(batch.sightings[1].end_inferred);
}

TEST_F(Sessions, AnOrderIsRememberedWithTheNextReading) {
  const Made one = caught_up();
  const std::string ordered = keycloak_.sign_in("alice", {.offline = true});
  (void)one->act(action(Step::CancelSession, ordered, ordered + "/id-of-alice"));
  (void)liveness(one, ordered);
  const oauth::Batch batch = one->since(wall_clock() + 1s);
  ASSERT_EQ(batch.memories.size(), 1U);
  EXPECT_THAT(batch.memories[0].key, testing::StartsWith("order/"));
  EXPECT_GT(batch.memories[0].until, wall_clock() + 47h);
  EXPECT_THAT(one->since(wall_clock() + 1s).memories, IsEmpty());
}

class Accounts : public Sessions {
 protected:
  [[nodiscard]] json more() const { return {{"journal", (folder_.path() / "journal").string()}}; }
  Action disable(const std::string& session, plugin::Duration for_how_long = 1h) {
    handle_ = session + "/id-of-alice";
    Action order = action(Step::DisableAccount, session, handle_);
    order.revert_after = for_how_long;
    return order;
  }
  [[nodiscard]] bool enabled() {
    bool is = false;
    keycloak_.set([&](FakeKeycloak& it) { is = it.people["alice"].enabled; });
    return is;
  }
  void enable(bool is) {
    keycloak_.set([&](FakeKeycloak& it) { it.people["alice"].enabled = is; });
  }
  static Action revert(Action order) {
    order.revert = true;
    return order;
  }
  support::TemporaryDirectory folder_;
  std::string handle_;
};

TEST_F(Accounts, AreDisabledWithTheirSessionsAndEnabledAgainWithoutThem) {
  const std::string session = keycloak_.sign_in("alice", {.offline = true});
  {
    const Made one = caught_up(more());
    EXPECT_EQ(one->act(disable(session)).code, Code::Ok);
    EXPECT_FALSE(enabled());
    EXPECT_EQ(liveness(one, session), Liveness::Dead);
  }
  const Made later = caught_up(more());  // the journal knows it
  EXPECT_EQ(later->act(revert(disable(session))).code, Code::Ok);
  EXPECT_TRUE(enabled());
  EXPECT_EQ(liveness(later, session), Liveness::Dead);
  EXPECT_EQ(later->act(revert(disable(session))).code, Code::NotFound);
}

TEST_F(Accounts, ThatOthersDisabledStayDisabled) {
  const Made one = caught_up(more());
  const std::string session = keycloak_.sign_in("alice", {});
  enable(false);
  EXPECT_EQ(one->act(disable(session)).code, Code::NotFound);
  EXPECT_EQ(one->act(revert(disable(session))).code, Code::NotFound);
  EXPECT_FALSE(enabled());
  EXPECT_EQ(liveness(one, session), Liveness::Dead);  // its sessions were ended all the same
}

TEST_F(Accounts, ThatTwoOrdersDisabledAreEnabledByTheLast) {
  const Made one = caught_up(more());
  const std::string first = keycloak_.sign_in("alice", {}), second = keycloak_.sign_in("alice", {});
  EXPECT_EQ(one->act(disable(first)).code, Code::Ok);
  EXPECT_EQ(one->act(disable(second)).code, Code::Ok);
  EXPECT_EQ(one->act(revert(disable(first))).code, Code::Ok);
  EXPECT_FALSE(enabled());
  EXPECT_EQ(one->act(revert(disable(second))).code, Code::Ok);
  EXPECT_TRUE(enabled());
}

TEST_F(Accounts, AreNotTouchedWithoutAJournal) {
  const Made one = caught_up();
  const std::string session = keycloak_.sign_in("alice", {});
  EXPECT_EQ(one->act(disable(session)).code, Code::Unsupported);
  EXPECT_TRUE(enabled());
}

TEST_F(Accounts, AChangeWithoutAnAnswerIsUndoneInItsTime) {
  const Made one = caught_up(more());
  const std::string session = keycloak_.sign_in("alice", {});
  for (int i = 0; i < 3; ++i)
    keycloak_.next_answer({.status = 500, .body = "x", .only_for = "/users/id-of-alice"});
  // It was not even looked at: nothing is written down.
  EXPECT_EQ(one->act(disable(session)).code, Code::Unavailable);
  EXPECT_EQ(one->act(revert(disable(session))).code, Code::NotFound);
}

TEST_F(Accounts, ABlockIsForATimeOnly) {
  const Made one = caught_up(more());
  const std::string session = keycloak_.sign_in("alice", {});
  Action order = disable(session, 0s);
  order.step = Step::BlockSignIn;
  EXPECT_EQ(one->act(order).code, Code::Refused);
  order.revert_after = 1h;
  EXPECT_EQ(one->act(order).code, Code::Ok);
  EXPECT_FALSE(enabled());
}

}  // namespace
}  // namespace curfew::oauth_test
