// A connector's acts and proofs by digest: how the clear id is found, and what is said when it can't be.
#include "plugins/forms/stores/sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "curfew/plugin/digest.hpp"

namespace curfew::forms {
namespace {

using plugin::Action;
using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Identifier;
using plugin::Liveness;
using plugin::Step;
using plugin::Time;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

const plugin::KeyedDigest digest("the key of the test");

// An application in a map, which can be told what to be able to do.
struct Application {
  std::map<std::string, std::string> sessions;  // id; person
  Abilities can{.lists = true, .cancels = true, .ends = true, .ends_subjects = false, .proves = true};
  plugin::Duration settles{};
  int failures = 0;  // of the next calls
  int lists = 0;
  std::vector<std::string> ended;
  bool names_people = true;
};

class FakeStore final : public Store {
 public:
  explicit FakeStore(Application& application) : app_(application) {}
  [[nodiscard]] Abilities abilities() const noexcept override { return app_.can; }
  [[nodiscard]] plugin::Duration settles_after() const noexcept override { return app_.settles; }
  void list(const std::function<void(const StoredSession&)>& each, Time /*deadline*/) override {
    fail();
    ++app_.lists;
    for (const auto& [id, person] : app_.sessions)
      each({.name = {id, app_.names_people ? person : ""},
            .started_at = {},
            .last_activity_at = {},
            .expires_at = {}});
  }
  Answer cancel(const SessionName& /*session*/, Time /*deadline*/) override {
    fail();
    return {Code::Ok, "paused"};
  }
  Answer end(const SessionName& session, Time /*deadline*/) override {
    fail();
    app_.ended.push_back(session.id);
    return {app_.sessions.erase(session.id) > 0 ? Code::Ok : Code::NotFound, {}};
  }
  Answer end_subject(const std::string& subject, Time /*deadline*/) override {
    fail();
    const auto gone = std::erase_if(app_.sessions, [&](const auto& one) { return one.second == subject; });
    return {gone > 0 ? Code::Ok : Code::NotFound, subject};
  }
  Found prove(const SessionName& session, Time /*deadline*/) override {
    try {
      fail();
    } catch (const Failure& failure) {
      return {Liveness::Unknown, failure.what()};
    }
    return {app_.sessions.contains(session.id) ? Liveness::Alive : Liveness::Dead, {}};
  }

 private:
  void fail() {
    if (app_.failures > 0) {
      --app_.failures;
      throw Failure(Code::Unavailable, "the application is away");
    }
  }
  Application& app_;
};

class SessionsTest : public testing::Test {
 protected:
  Sessions& sessions() {
    if (!sessions_)
      sessions_ = std::make_unique<Sessions>(
          std::make_unique<FakeStore>(app_), [](std::string_view id) { return digest(id); }, "user",
          SessionsOptions{.most_ids = most_ids_, .first_pause = 1ms});
    return *sessions_;
  }
  Answer act(Step step, const std::string& id, std::vector<Identifier> names = {}) {
    Action action;
    action.step = step;
    action.session = digest(id);
    action.identifiers = std::move(names);
    action.deadline = std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()) + 5s;
    return sessions().act(action);
  }
  Liveness prove(const std::string& id) {
    plugin::Probe probe;
    probe.session = digest(id);
    return sessions().prove(probe);
  }
  std::string unknown(const std::string& id) {
    try {
      (void)prove(id);
      return "known";
    } catch (const Failure& failure) {
      return failure.what();
    }
  }

  Application app_{.sessions = {{"a1", "alice"}, {"a2", "alice"}, {"b1", "bob"}}, .ended = {}};
  std::size_t most_ids_ = 1000;
  std::unique_ptr<Sessions> sessions_;
};

TEST_F(SessionsTest, AnIdThatWasNeverSeenIsFoundByListing) {
  EXPECT_EQ(prove("b1"), Liveness::Alive);
  EXPECT_EQ(act(Step::SignOutSession, "b1").code, Code::Ok);
  EXPECT_THAT(app_.ended, ElementsAre("b1"));
  EXPECT_EQ(prove("b1"), Liveness::Dead);
  EXPECT_EQ(app_.lists, 1);
}

TEST_F(SessionsTest, WhatAWholeListDoesNotHaveIsDead) {
  EXPECT_EQ(prove("never"), Liveness::Dead);
  EXPECT_EQ(act(Step::SignOutSession, "never").code, Code::NotFound);
}

TEST_F(SessionsTest, WhatNobodyCanFindIsNeitherDeadNorEnded) {
  app_.can.lists = false;
  EXPECT_THAT(unknown("b1"), HasSubstr("isn't known here"));
  EXPECT_EQ(act(Step::SignOutSession, "b1").code, Code::Failed);
  sessions().seen("b1", "bob");
  EXPECT_EQ(prove("b1"), Liveness::Alive);
  EXPECT_EQ(act(Step::SignOutSession, "b1").code, Code::Ok);
}

TEST_F(SessionsTest, AListThatFailsProvesNothing) {
  app_.failures = 1;
  EXPECT_THAT(unknown("never"), HasSubstr("away"));
}

TEST_F(SessionsTest, AnActIsTriedAgainUntilItsTriesAreOver) {
  sessions().seen("b1", "bob");
  app_.failures = 3;
  EXPECT_EQ(act(Step::SignOutSession, "b1").code, Code::Ok);
  app_.failures = 4;
  const Answer answer = act(Step::SignOutSession, "b1");
  EXPECT_EQ(answer.code, Code::Unavailable);
  EXPECT_THAT(answer.text, HasSubstr("away"));
}

TEST_F(SessionsTest, WhatMayStillBeCachedIsNotDeadYet) {
  app_.settles = 60ms;
  sessions().seen("b1", "bob");
  EXPECT_EQ(act(Step::SignOutSession, "b1").code, Code::Ok);
  EXPECT_THAT(unknown("b1"), HasSubstr("settles_after"));
  const auto begun = std::chrono::steady_clock::now();
  while (unknown("b1") != "known") ASSERT_LT(std::chrono::steady_clock::now() - begun, 10s);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 50ms);
  EXPECT_EQ(prove("b1"), Liveness::Dead);
}

TEST_F(SessionsTest, WhatComesBackBeginsToSettleAnew) {
  app_.settles = 60ms;
  sessions().seen("b1", "bob");
  app_.sessions.erase("b1");
  EXPECT_THAT(unknown("b1"), HasSubstr("settles_after"));
  app_.sessions["b1"] = "bob";
  EXPECT_EQ(prove("b1"), Liveness::Alive);
  app_.sessions.erase("b1");
  EXPECT_THAT(unknown("b1"), HasSubstr("settles_after"));
}

TEST_F(SessionsTest, APersonsSessionsAreEndedOneByOneWhereTheStoreNamesThem) {
  const Answer answer = act(Step::SignOutSubject, "a1", {{"user", "ALICE"}, {"upn", "bob"}});
  EXPECT_EQ(answer.code, Code::Ok);
  EXPECT_THAT(app_.ended, UnorderedElementsAre("a1", "a2"));
}

TEST_F(SessionsTest, APersonsSessionsAreJoinedThroughTheLogWhereItDoesNot) {
  app_.names_people = false;
  sessions().seen("a1", "alice");
  sessions().seen("a2", "alice");
  sessions().seen("a2", "");  // a line that doesn't say who
  sessions().seen("b1", "bob");
  EXPECT_EQ(act(Step::SignOutSubject, "a1", {{"user", "alice"}}).code, Code::Ok);
  EXPECT_THAT(app_.ended, UnorderedElementsAre("a1", "a2"));
}

TEST_F(SessionsTest, TheOrderedSessionEndsEvenIfNobodyKnowsWhoseItIs) {
  app_.names_people = false;
  EXPECT_EQ(act(Step::SignOutSubject, "b1").code, Code::Ok);
  EXPECT_THAT(app_.ended, ElementsAre("b1"));
}

TEST_F(SessionsTest, OneCallEndsAllWhereTheStoreHasIt) {
  app_.can.ends_subjects = true;
  EXPECT_EQ(act(Step::SignOutSubject, "a1", {{"user", "alice"}}).code, Code::Ok);
  EXPECT_EQ(app_.sessions.size(), 1U);
  EXPECT_EQ(act(Step::SignOutSubject, "a1", {{"upn", "alice"}}).code, Code::Failed);
}

TEST_F(SessionsTest, StepsThatItDoesNotHaveAreSaidToBeUnsupported) {
  EXPECT_EQ(act(Step::DisableAccount, "a1").code, Code::Unsupported);
  EXPECT_EQ(act(Step::CancelSession, "a1").code, Code::Ok);
  EXPECT_THAT(app_.ended, IsEmpty());
}

TEST_F(SessionsTest, OnlyTheLatestIdsAreKept) {
  most_ids_ = 10;
  app_.can.lists = false;
  for (int i = 0; i < 20; ++i) sessions().seen("s" + std::to_string(i), "somebody");
  EXPECT_THAT(unknown("s9"), HasSubstr("isn't known here"));
  EXPECT_EQ(prove("s10"), Liveness::Dead);
  EXPECT_EQ(prove("s19"), Liveness::Dead);
}

TEST_F(SessionsTest, ListsOnlySessionsWhosePersonIsKnown) {
  app_.names_people = false;
  sessions().seen("b1", "bob");
  struct Listed {
    std::vector<std::string> people;
    int handles = 0;
  } listed;
  curfew_host host{};
  host.context = &listed;
  host.list = [](void* context, const curfew_listed_session* session) -> std::int32_t {
    auto& out = *static_cast<Listed*>(context);
    const curfew_identifier& name = session->identifiers[0];
    out.people.push_back(std::string(name.name_space.data, name.name_space.size) + ":" +
                         std::string(name.value.data, name.value.size));
    out.handles += session->handle.size > 0 ? 1 : 0;
    return CURFEW_OK;
  };
  sessions().list(plugin::SessionList(host));
  EXPECT_THAT(listed.people, ElementsAre("user:bob"));
  EXPECT_EQ(listed.handles, 0);  // a credential is no handle
}

}  // namespace
}  // namespace curfew::forms
