// What is done to a person of the tenant, how it is undone, and when a session counts as dead: not before no
// token of it can work any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <random>

#include "plugins/oauth/providers/entra/sign_ins.hpp"
#include "plugins/oauth/timestamps.hpp"
#include "tests/plugins/oauth_entra/entra_maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using plugin::Action;
using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using plugin::Step;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class Steps : public testing::Test {
 protected:
  ~Steps() override { EXPECT_THAT(graph_.complaints(), IsEmpty()); }

  [[nodiscard]] std::string id_of(const std::string& user) {
    std::string id;
    graph_.set([&](FakeGraph& it) { id = it.people.at(user).id; });
    return id;
  }
  [[nodiscard]] std::string handle_of(const std::string& user, const std::string& session) {
    return oauth::entra::handle_of(id_of(user), session);
  }
  Action action(Step step, const std::string& user, const std::string& session = "a session") {
    Action action;
    action.step = step;
    action.session = digest_of(session);
    handles_.push_back(handle_of(user, session));
    action.handle = handles_.back();
    action.deadline = wall_clock() + 10s;
    return action;
  }
  static Action revert(Action order) {
    order.revert = true;
    return order;
  }
  Liveness liveness(const Made& one, const std::string& user, const std::string& session) {
    const std::string handle = handle_of(user, session);
    return one->prove(
        {.identifiers = {}, .session = digest_of(session), .handle = handle, .deadline = wall_clock() + 10s});
  }
  std::string why_unknown(const Made& one, const std::string& user, const std::string& session) {
    try {
      return liveness(one, user, session) == Liveness::Alive ? "alive" : "dead";
    } catch (const Failure& failure) {
      return failure.what();
    }
  }
  [[nodiscard]] bool is_revoked(const std::string& user) {
    bool is = false;
    graph_.set([&](FakeGraph& it) { is = it.people.at(user).valid_from.has_value(); });
    return is;
  }

  FakeGraph graph_;
  std::list<std::string> handles_;
};

TEST_F(Steps, RevokeAllTokensOfThePersonAndNobodyElses) {
  const Made one = made(graph_);
  for (const Step step : {Step::RevokeTokens, Step::SignOutSubject}) {
    graph_.set([](FakeGraph& it) { it.people["alice"].valid_from.reset(); });
    const Answer answer = one->act(action(step, "alice"));
    EXPECT_EQ(answer.code, Code::Ok);
    EXPECT_THAT(answer.text, HasSubstr("access tokens from before live until they expire"));
    EXPECT_TRUE(is_revoked("alice"));
    EXPECT_FALSE(is_revoked("bob"));
    EXPECT_EQ(one->act(revert(action(step, "alice"))).code, Code::Unsupported);
  }
}

TEST_F(Steps, TakeAnyGoodStatusForDone) {
  const Made one = made(graph_);
  for (const int status : {200, 202, 204}) {
    graph_.set([&](FakeGraph& it) { it.revoke_status = status; });
    EXPECT_EQ(one->act(action(Step::RevokeTokens, "alice")).code, Code::Ok) << status;
  }
  graph_.next_answer({.status = 200, .body = R"({"value":false})", .only_for = "revokeSignInSessions"});
  EXPECT_EQ(one->act(action(Step::RevokeTokens, "alice")).code, Code::Failed);
}

TEST_F(Steps, FindAPersonByTheObjectIdAlone) {
  const Made one = made(graph_);
  Action order = action(Step::RevokeTokens, "alice");
  order.handle = {};
  const std::string bob = id_of("bob");
  order.identifiers = {{"upn", "alice@corp.test"}, {"entra_object", bob}};
  EXPECT_EQ(one->act(order).code, Code::Ok);
  EXPECT_TRUE(is_revoked("bob"));
  EXPECT_FALSE(is_revoked("alice"));
  for (const char* none : {"", "alice@corp.test", "' or 1 eq 1", "../groups"}) {
    order.identifiers = {{"entra_object", none}};
    EXPECT_EQ(one->act(order).code, Code::NotFound) << none;
  }
  order.identifiers = {{"entra_object", "77777777-0000-4000-8000-000000000001"}};
  EXPECT_EQ(one->act(order).code, Code::NotFound);
}

TEST_F(Steps, RefuseExternalPeopleWithTheReason) {
  support::TemporaryDirectory folder;
  graph_.set([](FakeGraph& it) {
    it.people["carol"].type = nullptr;
    it.people["carol"].name = "carol_other.test#EXT#@corp.test";
  });
  const Made one = made(graph_, {{"journal", (folder.path() / "journal").string()},
                                 {"entra", {{"suspend_access", {{"group", FakeGraph::group}}}}}});
  for (const char* who : {"guest", "carol"}) {
    for (const Step step : {Step::RevokeTokens, Step::SignOutSubject, Step::SuspendAccess, Step::BlockSignIn,
                            Step::DisableAccount}) {
      Action order = action(step, who);
      order.revert_after = 1h;
      const Answer answer = one->act(order);
      EXPECT_EQ(answer.code, Code::Refused);
      EXPECT_THAT(answer.text, HasSubstr("external user (guest): sign-ins are their home tenant's"));
    }
    EXPECT_THAT(why_unknown(one, who, "s"), HasSubstr("external user"));
    EXPECT_FALSE(is_revoked(who));
  }
  EXPECT_EQ(graph_.asked("POST"), graph_.asked("/oauth2/v2.0/token"));
  EXPECT_EQ(graph_.asked("PATCH"), 0U);
}

TEST_F(Steps, CantEndOneSessionAndSaySo) {
  const Made one = made(graph_);
  for (const Step step : {Step::CancelSession, Step::SignOutSession}) {
    const Answer answer = one->act(action(step, "alice"));
    EXPECT_EQ(answer.code, Code::Unsupported);
    EXPECT_THAT(answer.text, HasSubstr("can't end one session, only all of a person's"));
  }
  EXPECT_EQ(one->act(action(Step::Notify, "alice")).code, Code::Unsupported);
}

TEST_F(Steps, SayWhichPermissionIsMissing) {
  const Made one = made(graph_);
  graph_.set([](FakeGraph& it) { it.permissions.erase("User.RevokeSessions.All"); });
  const Answer answer = one->act(action(Step::RevokeTokens, "alice"));
  EXPECT_EQ(answer.code, Code::Refused);
  EXPECT_THAT(answer.text, HasSubstr("403 (Authorization_RequestDenied)"));
  EXPECT_THAT(answer.text, HasSubstr("grant the application permission User.RevokeSessions.All"));
  EXPECT_THAT(answer.text, Not(HasSubstr("alice")));
}

TEST_F(Steps, ListNothing) {
  EXPECT_THROW(made(graph_)->list([](const oauth::LiveSession&) { return true; }, wall_clock() + 5s),
               Failure);
  EXPECT_THAT(made(graph_)->coverage(), HasSubstr("\"lists_sessions\":false"));
}

class Proofs : public Steps {
 protected:
  std::string sign_in(const std::string& user = "alice", plugin::Duration ago = 20min) {
    return graph_.sign_in(user, {.ago = ago});
  }
  void revoke(const Made& one, const std::string& user = "alice") {
    ASSERT_EQ(one->act(action(Step::RevokeTokens, user)).code, Code::Ok);
  }
};

TEST_F(Proofs, ASessionIsAliveUntilTheLastAccessTokenIsOver) {
  const Made one = made(graph_);
  const std::string session = sign_in(), other = sign_in("bob");
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
  revoke(one);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
  graph_.pass(94min);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
  graph_.pass(2min);
  EXPECT_FALSE(graph_.lives(session));
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Dead);
  EXPECT_EQ(liveness(one, "bob", other), Liveness::Alive);
}

TEST_F(Proofs, AProofOutlivesTheProcess) {
  const std::string session = sign_in();
  revoke(made(graph_));
  graph_.pass(96min);
  EXPECT_EQ(liveness(made(graph_), "alice", session), Liveness::Dead);
}

TEST_F(Proofs, LongerTokensTakeLonger) {
  const Made one = made(graph_, {{"clock_skew", "10m"}, {"entra", {{"access_token_lifetime", "28h"}}}});
  const std::string session = sign_in();
  revoke(one);
  graph_.pass(28h + 14min);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
  graph_.pass(2min);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Dead);
}

TEST_F(Proofs, ASessionThatWasGivenTokensAfterTheRevocationIsAlive) {
  const Made one = made(graph_);
  // Begun before it, completed after it, for all that the log says.
  const std::string during = sign_in("alice", 1min);
  const std::string before = sign_in();
  revoke(one);
  graph_.pass(30min);
  const std::string after = sign_in("alice", 1min);
  graph_.pass(96min);
  EXPECT_EQ(liveness(one, "alice", before), Liveness::Dead);
  EXPECT_EQ(liveness(one, "alice", after), Liveness::Alive);
  EXPECT_EQ(liveness(one, "alice", during), Liveness::Alive);
  revoke(one);
  graph_.pass(96min);
  EXPECT_EQ(liveness(one, "alice", after), Liveness::Dead);
  EXPECT_EQ(liveness(one, "alice", during), Liveness::Dead);
}

TEST_F(Proofs, AClientThatIsStillGivenTokensIsAlive) {
  const Made one = made(graph_);
  const std::string session = sign_in();
  graph_.set([](FakeGraph& it) { it.revocation_takes = 20min; });  // longer than the settings say
  revoke(one);
  graph_.pass(10min);
  EXPECT_TRUE(graph_.refresh(session, {}));
  graph_.pass(86min);
  EXPECT_TRUE(graph_.lives(session));
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
}

TEST_F(Proofs, AClientThatWasGivenATokenWhileItTookEffectIsDeadWhenThatIsOver) {
  const Made one = made(graph_);
  const std::string session = sign_in();
  revoke(one);
  graph_.pass(2min);
  EXPECT_TRUE(graph_.refresh(session, {}));
  graph_.pass(30min);
  EXPECT_FALSE(graph_.refresh(session, {}));
  graph_.pass(61min);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
  graph_.pass(3min);
  EXPECT_FALSE(graph_.lives(session));
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Dead);
}

TEST_F(Proofs, ADisabledAccountProvesNothingByItself) {
  const Made one = made(graph_);
  const std::string session = sign_in();
  graph_.set([](FakeGraph& it) { it.people["alice"].enabled = false; });
  graph_.pass(10h);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);  // it may be enabled again
}

TEST_F(Proofs, ARevocationOfLongAgoProvesNothing) {
  const Made one = made(graph_);
  revoke(one);
  graph_.pass(8 * 24h);
  const std::string session = sign_in("alice", 1h);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
}

TEST_F(Proofs, WithoutSessionIdsEachSignInIsProved) {
  const Made one = made(graph_, {{"entra", {{"signins", "interactive"}}}});
  (void)sign_in();
  const oauth::Batch batch = all_of(one);
  ASSERT_EQ(batch.sightings.size(), 1U);
  const std::string session = batch.sightings[0].session;
  EXPECT_EQ(batch.sightings[0].handle, handle_of("alice", session));
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Alive);
  revoke(one);
  graph_.pass(50min);
  (void)sign_in("alice", 1min);
  graph_.pass(46min);
  EXPECT_EQ(liveness(one, "alice", session), Liveness::Dead);
  graph_.pass(30s);
  const oauth::Batch later =
      all_of(made(graph_, {{"history", "2h"}, {"entra", {{"signins", "interactive"}}}}));
  EXPECT_EQ(liveness(one, "alice", later.sightings.back().session), Liveness::Alive);
}

// Whatever is no whole answer of Graph says nothing about a session.
TEST_F(Proofs, AnAnswerThatIsNotWholeProvesNothing) {
  const Made one = made(graph_);
  const std::string session = sign_in();
  revoke(one);
  graph_.pass(96min);
  const std::string id = id_of("alice");
  const std::vector<FakeGraph::Answer> answers{
      {.status = 200, .body = R"({"id":"x","userPrinc)"},
      {.status = 200, .body = "{}"},
      {.status = 200, .body = json{{"id", id}, {"userPrincipalName", "a@b"}}.dump()},
      {.status = 200,
       .body = json{{"id", id},
                    {"userPrincipalName", "a@b"},
                    {"accountEnabled", true},
                    {"signInSessionsValidFromDateTime", "soon"}}
                   .dump()},
      {.status = 404, .body = "<html>no such page</html>"},
      {.status = 403, .body = "{}"},
      {.status = 302, .body = "x"},
  };
  for (FakeGraph::Answer wrong : answers) {
    for (const char* path : {"GET /graph/v1.0/users", "/auditLogs"}) {
      wrong.only_for = path;
      graph_.next_answer(wrong);
      EXPECT_THAT(why_unknown(one, "alice", session), Not(AnyOf("dead", "alive")))
          << path << " " << wrong.body;
    }
  }
  // One that can't be read might be the one.
  json broken = graph_.record("alice", 0, {.ago = 1min});
  broken.erase("status");
  graph_.add_record(broken);
  EXPECT_THAT(why_unknown(one, "alice", session), HasSubstr("a sign-in of the person can't be read"));
}

TEST_F(Proofs, OfWhoIsNotKnownAreNone) {
  const Made one = made(graph_);
  EXPECT_THROW((void)one->prove({.identifiers = {}, .session = digest_of("s"), .handle = {}, .deadline = {}}),
               Failure);
  const std::string session = sign_in();
  const std::string handle = handle_of("alice", session);
  graph_.set([](FakeGraph& it) { it.people.erase("alice"); });
  EXPECT_THROW((void)one->prove({.identifiers = {}, .session = {}, .handle = handle, .deadline = {}}),
               Failure);
}

// Against what the tenant itself knows: what is called dead has no token that works, nor can have one.
TEST_F(Proofs, OfARandomHistoryAreTrue) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  const Made one = made(graph_, {{"entra", {{"page_size", 1000}}}});
  std::vector<std::pair<std::string, std::string>> sessions;  // of whom
  std::set<std::string> dead;
  for (int i = 0; i < 200; ++i) {
    const std::string who = up_to(1) == 0 ? "alice" : "bob";
    switch (up_to(9)) {
      case 0:
      case 1:
        sessions.emplace_back(who, graph_.sign_in(who, {.ago = std::chrono::seconds(up_to(200))}));
        break;
      case 2:
        revoke(one, who);
        break;
      case 3:
        graph_.set([&](FakeGraph& it) { it.people[who].enabled = !it.people[who].enabled; });
        break;
      case 4:
      case 5:
        if (!sessions.empty()) {
          const auto which = static_cast<std::size_t>(up_to(static_cast<int>(sessions.size()) - 1));
          (void)graph_.refresh(sessions[which].second, {});
        }
        break;
      default:
        graph_.pass(std::chrono::minutes(up_to(40)));
    }
    // Of the younger ones; all of them would take long.
    for (std::size_t k = sessions.size() - std::min<std::size_t>(sessions.size(), 4); k < sessions.size();
         ++k) {
      const auto& session = sessions[k];
      if (liveness(one, session.first, session.second) != Liveness::Dead) continue;
      dead.insert(session.second);
      ASSERT_FALSE(graph_.lives(session.second)) << "step " << i;
    }
  }
  EXPECT_FALSE(dead.empty());
}

class AccountSteps : public Steps {
 protected:
  [[nodiscard]] json more() const { return {{"journal", (folder_.path() / "journal").string()}}; }
  Action disable(const std::string& session = "a session", plugin::Duration for_how_long = 1h) {
    Action order = action(Step::DisableAccount, "alice", session);
    order.revert_after = for_how_long;
    return order;
  }
  [[nodiscard]] bool enabled() {
    bool is = false;
    graph_.set([&](FakeGraph& it) { is = it.people["alice"].enabled; });
    return is;
  }
  support::TemporaryDirectory folder_;
};

TEST_F(AccountSteps, DisableWithTheirTokensAndEnableAgainWithoutThem) {
  EXPECT_EQ(made(graph_, more())->act(disable()).code, Code::Ok);
  EXPECT_FALSE(enabled());
  EXPECT_TRUE(is_revoked("alice"));
  const Made later = made(graph_, more());  // the journal knows it
  EXPECT_EQ(later->act(revert(disable())).code, Code::Ok);
  EXPECT_TRUE(enabled());
  EXPECT_EQ(later->act(revert(disable())).code, Code::NotFound);
}

TEST_F(AccountSteps, LeaveWhatOthersDisabled) {
  const Made one = made(graph_, more());
  graph_.set([](FakeGraph& it) { it.people["alice"].enabled = false; });
  EXPECT_EQ(one->act(disable()).code, Code::NotFound);
  EXPECT_EQ(one->act(revert(disable())).code, Code::NotFound);
  EXPECT_FALSE(enabled());
  EXPECT_TRUE(is_revoked("alice"));  // the tokens were ended all the same
}

TEST_F(AccountSteps, LeaveWhatOthersEnabled) {
  const Made one = made(graph_, more());
  EXPECT_EQ(one->act(disable()).code, Code::Ok);
  graph_.set([](FakeGraph& it) { it.people["alice"].enabled = true; });
  EXPECT_THAT(one->act(revert(disable())).text, HasSubstr("somebody has undone it already"));
  EXPECT_EQ(graph_.asked("PATCH"), 1U);
}

TEST_F(AccountSteps, EnableWhenTheLastOfTwoOrdersIsOver) {
  const Made one = made(graph_, more());
  EXPECT_EQ(one->act(disable("first")).code, Code::Ok);
  EXPECT_EQ(one->act(disable("second")).code, Code::Ok);
  EXPECT_EQ(one->act(revert(disable("first"))).code, Code::Ok);
  EXPECT_FALSE(enabled());
  EXPECT_EQ(one->act(revert(disable("second"))).code, Code::Ok);
  EXPECT_TRUE(enabled());
}

TEST_F(AccountSteps, NeedAJournal) {
  const Made one = made(graph_);
  EXPECT_EQ(one->act(disable()).code, Code::Unsupported);
  EXPECT_TRUE(enabled());
}

TEST_F(AccountSteps, BlockForATimeOnly) {
  const Made one = made(graph_, more());
  Action order = disable("s", 0s);
  order.step = Step::BlockSignIn;
  EXPECT_EQ(one->act(order).code, Code::Refused);
  order.revert_after = 1h;
  EXPECT_EQ(one->act(order).code, Code::Ok);
  EXPECT_FALSE(enabled());
  EXPECT_EQ(one->act(revert(order)).code, Code::Ok);
  EXPECT_TRUE(enabled());
}

TEST_F(AccountSteps, UndoWhatWasDoneWithoutAnAnswer) {
  {
    const Made one = made(graph_, more());
    for (int i = 0; i < 3; ++i) graph_.next_answer({.only_for = "PATCH", .lost = true});
    EXPECT_EQ(one->act(disable()).code, Code::Unavailable);
    EXPECT_FALSE(enabled());
  }
  EXPECT_EQ(made(graph_, more())->act(revert(disable())).code, Code::Ok);
  EXPECT_TRUE(enabled());
}

TEST_F(AccountSteps, UndoNothingThatWasNotDone) {
  const Made one = made(graph_, more());
  graph_.set([](FakeGraph& it) { it.permissions.erase("User.EnableDisableAccount.All"); });
  const Answer answer = one->act(disable());
  EXPECT_EQ(answer.code, Code::Refused);
  EXPECT_THAT(answer.text, HasSubstr("grant the application permission User.EnableDisableAccount.All"));
  EXPECT_EQ(one->act(revert(disable())).code, Code::NotFound);
  EXPECT_TRUE(enabled());
}

class Suspension : public Steps {
 protected:
  Made with_group() {
    return made(graph_, {{"journal", (folder_.path() / "journal").string()},
                         {"entra", {{"suspend_access", {{"group", FakeGraph::group}}}}}});
  }
  Action suspend(const std::string& session = "a session", const std::string& user = "alice") {
    Action order = action(Step::SuspendAccess, user, session);
    order.revert_after = 1h;
    return order;
  }
  [[nodiscard]] bool is_member(const std::string& user = "alice") {
    bool is = false;
    graph_.set([&](FakeGraph& it) { is = it.members[FakeGraph::group].contains(it.people[user].id); });
    return is;
  }
  support::TemporaryDirectory folder_;
};

TEST_F(Suspension, TakesAMemberOutAndPutsThemBack) {
  EXPECT_EQ(with_group()->act(suspend()).code, Code::Ok);
  EXPECT_FALSE(is_member());
  const Made later = with_group();
  EXPECT_EQ(later->act(revert(suspend())).code, Code::Ok);
  EXPECT_TRUE(is_member());
  EXPECT_EQ(later->act(revert(suspend())).code, Code::NotFound);
}

TEST_F(Suspension, PutsNobodyInWhoWasNotIn) {
  const Made one = with_group();
  EXPECT_EQ(one->act(suspend("s", "bob")).code, Code::NotFound);
  EXPECT_EQ(one->act(revert(suspend("s", "bob"))).code, Code::NotFound);
  EXPECT_FALSE(is_member("bob"));
}

TEST_F(Suspension, SaysThatAMemberByAnotherGroupCantBeTakenOut) {
  graph_.set([](FakeGraph& it) {
    it.members["99999999-0000-0000-0000-000000000003"] = {it.people["bob"].id};
    it.members[FakeGraph::group].insert("99999999-0000-0000-0000-000000000003");
  });
  const Made one = with_group();
  EXPECT_EQ(one->act(suspend("s", "bob")).code, Code::Refused);
  EXPECT_EQ(one->act(revert(suspend("s", "bob"))).code, Code::NotFound);
  EXPECT_FALSE(is_member("bob"));
}

TEST_F(Suspension, PutsBackWhenTheLastOfTwoOrdersIsOver) {
  const Made one = with_group();
  EXPECT_EQ(one->act(suspend("first")).code, Code::Ok);
  EXPECT_EQ(one->act(suspend("second")).code, Code::Ok);
  EXPECT_EQ(one->act(revert(suspend("first"))).code, Code::Ok);
  EXPECT_FALSE(is_member());
  EXPECT_EQ(one->act(revert(suspend("second"))).code, Code::Ok);
  EXPECT_TRUE(is_member());
}

TEST_F(Suspension, PutsBackWhereAnswersGotLost) {
  const Made one = with_group();
  graph_.next_answer({.only_for = "DELETE", .lost = true});  // the second call finds no member
  EXPECT_EQ(one->act(suspend()).code, Code::Ok);
  EXPECT_FALSE(is_member());
  graph_.next_answer({.only_for = "members/$ref", .lost = true});  // the second call finds one
  EXPECT_EQ(one->act(revert(suspend())).code, Code::Ok);
  EXPECT_TRUE(is_member());
  for (int i = 0; i < 3; ++i) graph_.next_answer({.only_for = "DELETE", .lost = true});
  EXPECT_EQ(one->act(suspend()).code, Code::Unavailable);
  EXPECT_FALSE(is_member());
  EXPECT_EQ(with_group()->act(revert(suspend())).code, Code::Ok);
  EXPECT_TRUE(is_member());
}

TEST_F(Suspension, LeavesThePersonAlone) {
  const Made one = with_group();
  EXPECT_EQ(one->act(suspend()).code, Code::Ok);
  EXPECT_FALSE(is_revoked("alice"));
  bool exists = false;
  graph_.set([&](FakeGraph& it) { exists = it.people.contains("alice"); });
  EXPECT_TRUE(exists);
  EXPECT_EQ(made(graph_)->act(suspend()).code, Code::Unsupported);  // no group is configured
}

}  // namespace
}  // namespace curfew::entra_test
