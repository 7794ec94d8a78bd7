#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::Bond;
using model::EntryKind;
using model::ObservationType;
using model::Rule;

struct Site : Machine {
  explicit Site(std::vector<Bond> bind = {Bond::Address}, bool enforce = false) {
    model::PolicySet set;
    set.sources = {source("crm"), source("door")};
    set.sources[1].connector = model::gate_connector;
    set.sources[1].shows_activity_of = {"crm"};
    set.policies = {policy("bound", Rule::SessionBinding)};
    set.policies[0].bind = std::move(bind);
    if (enforce) {
      set.policies[0].mode = model::PolicyMode::Enforce;
      set.policies[0].ladder.emplace_back();
    }
    configure(0, set);
  }
  // `address` 0: not told.
  void from(double time, ObservationType type, double occurred, std::uint64_t address, bool fresh = false,
            std::string_view told_by = "crm") {
    model::Facts what = facts(type, 1, occurred, type == ObservationType::SignIn ? 7 : 0, told_by);
    what.address = ref(address);
    what.fresh_credentials = fresh;
    see(time, what);
  }
  void act(double time, double occurred, std::uint64_t address) {
    from(time, ObservationType::Activity, occurred, address);
  }
  [[nodiscard]] std::size_t found() const { return count(EntryKind::ViolationOpened); }
  [[nodiscard]] std::size_t taken_back() const { return count(EntryKind::ViolationWithdrawn); }
};

std::string snapshot_of(const Engine& engine) {
  std::string bytes;
  engine.save([&](std::string_view chunk) { bytes += chunk; });
  return bytes;
}

TEST(SessionBinding, IsBrokenByTheFirstActivityFromElsewhereAndOnlyOnce) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.act(5, 5, 50);
  m.act(6, 6, 0);
  EXPECT_EQ(m.found(), 0U) << "what is not told says nothing";
  m.act(10, 10, 51);
  m.act(11, 11, 50);
  m.act(12, 12, 52);
  ASSERT_EQ(m.found(), 1U);
  const model::ViolationRow row = m.engine.violation(1);
  EXPECT_EQ(row.breached_at, at(10));
  for (const std::string& text :
       {std::string("\"bound\":\"address\""), "\"from\":\"" + to_text(ref(50)) + "\"",
        "\"to\":\"" + to_text(ref(51)) + "\"", std::string("\"told_by\":\"crm\""),
        std::string("\"measured\":9000000"), "\"bound_at\":" + std::to_string(base::to_micros(at(1)))})
    EXPECT_NE(row.evidence.find(text), std::string::npos) << text << " in " << row.evidence;
}

TEST(SessionBinding, LooksAtWhatThePolicyBinds) {
  Site m({Bond::Device, Bond::Network});
  model::Facts what = m.facts(ObservationType::SignIn, 1, 1, 7);
  what.address = ref(50);
  what.user_agent = ref(60);
  what.network = model::NetworkClass::Private;
  m.see(1, what);
  what.type = ObservationType::Activity;
  what.occurred_at = at(2);
  what.address = ref(51);
  what.user_agent = ref(61);
  m.see(2, what);
  EXPECT_EQ(m.found(), 0U) << "another address of the same network, another browser";
  what.occurred_at = at(3);
  what.network = model::NetworkClass::Public;
  m.see(3, what);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_NE(
      m.engine.violation(1).evidence.find("\"bound\":\"network\",\"from\":\"private\",\"to\":\"public\""),
      std::string::npos)
      << m.engine.violation(1).evidence;
}

TEST(SessionBinding, IsAnewWithFreshCredentials) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.from(10, ObservationType::Reauthenticated, 10, 51, true);
  m.act(11, 11, 51);
  EXPECT_EQ(m.found(), 0U);
  m.act(12, 12, 50);
  EXPECT_EQ(m.found(), 1U) << "where it was before is elsewhere now";
  // Credentials that tell no address: what is seen first after them binds.
  m.from(20, ObservationType::Reauthenticated, 20, 0, true);
  m.act(21, 21, 53);
  EXPECT_EQ(m.found(), 1U);
  EXPECT_EQ(m.taken_back(), 0U) << "they came after it";
  m.act(22, 22, 54);
  EXPECT_EQ(m.found(), 2U) << "once for each binding";
}

TEST(SessionBinding, WhatEachSourceSeesIsItsOwn) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50);
  m.from(2, ObservationType::Activity, 2, 90, false, "door");
  m.act(3, 3, 50);
  EXPECT_EQ(m.found(), 0U) << "the application sees a proxy, the gate sees the client";
  m.from(4, ObservationType::Activity, 4, 91, false, "door");
  ASSERT_EQ(m.found(), 1U);
  EXPECT_NE(m.engine.violation(1).evidence.find("\"told_by\":\"door\""), std::string::npos);
}

TEST(SessionBinding, SaysNothingOfWhereServersAre) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.from(2, ObservationType::TokenRefreshed, 2, 80);
  model::Facts info = m.facts(ObservationType::Activity, 1, 3);
  info.activity_class = model::ActivityClass::Machine;
  info.address = ref(81);
  m.see(3, info);
  EXPECT_EQ(m.found(), 0U);
  m.act(4, 4, 80);
  EXPECT_EQ(m.found(), 1U) << "a person who is there is elsewhere";
}

TEST(SessionBinding, CredentialsThatAreToldLateTakeItBack) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.act(10, 10, 51);
  ASSERT_EQ(m.found(), 1U);
  m.from(11, ObservationType::Reauthenticated, 9, 51, true);
  EXPECT_EQ(m.taken_back(), 1U);
  m.act(12, 12, 51);
  EXPECT_EQ(m.found(), 1U);
}

TEST(SessionBinding, CredentialsThatAreToldLateAndAreNotTheNewestTakeItBackToo) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.act(10, 10, 51);
  m.from(20, ObservationType::Reauthenticated, 20, 51, true);
  ASSERT_EQ(m.found(), 1U);
  EXPECT_EQ(m.taken_back(), 0U);
  m.from(21, ObservationType::Reauthenticated, 9, 51, true);
  EXPECT_EQ(m.taken_back(), 1U);
}

TEST(SessionBinding, StandsWhenItWasSeenWhereItWasAfterCredentialsThatAreToldLate) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.act(8, 8, 50);
  m.act(10, 10, 51);
  m.from(11, ObservationType::Reauthenticated, 5, 0, true);
  EXPECT_EQ(m.found(), 1U);
  EXPECT_EQ(m.taken_back(), 0U) << "at 8 it was still bound to 50";
}

TEST(SessionBinding, LateSightingsAreTakenInTheOrderOfTheirTime) {
  Site m;
  m.act(10, 10, 51);
  m.act(11, 11, 51);
  EXPECT_EQ(m.found(), 0U);
  m.from(12, ObservationType::SignIn, 1, 50, false);
  ASSERT_EQ(m.found(), 1U) << "it began elsewhere";
  EXPECT_EQ(m.engine.violation(1).breached_at, at(10));
}

TEST(SessionBinding, IsOfASessionThatLives) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50);
  m.see(5, ObservationType::SignOut, 1, 5);
  m.act(6, 6, 51);
  EXPECT_EQ(m.found(), 0U) << "that is activity after its end";
  Site late;
  late.from(1, ObservationType::SignIn, 1, 50);
  late.act(6, 6, 51);
  ASSERT_EQ(late.found(), 1U);
  late.see(7, ObservationType::SignOut, 1, 5);
  EXPECT_EQ(late.taken_back(), 1U);
}

TEST(SessionBinding, SignsOutAndTakesTheSignOutBack) {
  Site m({Bond::Address}, true);
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.act(10, 10, 51);
  ASSERT_EQ(m.count(EntryKind::SignOutOrdered), 1U);
  EXPECT_EQ(m.engine.sign_out(1).violation, 1U);
  m.from(11, ObservationType::Reauthenticated, 9, 51, true);
  EXPECT_NE(m.engine.sign_out(1).outcome, model::Outcome::Pending);
}

TEST(SessionBinding, IsRememberedAcrossARestart) {
  Site m;
  m.from(1, ObservationType::SignIn, 1, 50, true);
  m.engine = Engine::load(snapshot_of(m.engine), m.symbols);
  m.act(10, 10, 51);
  EXPECT_EQ(m.found(), 1U);
  m.engine = Engine::load(snapshot_of(m.engine), m.symbols);
  m.from(11, ObservationType::Reauthenticated, 9, 51, true);
  EXPECT_EQ(m.taken_back(), 1U);
}

// ---- a refresh of tokens after the end ----

struct Tokens : Machine {
  Tokens() {
    model::PolicySet set;
    set.sources = {source("crm")};
    set.policies = {policy("after", Rule::ActivityAfterEnd)};
    configure(0, set);
    model::Facts in = facts(ObservationType::SignIn, 1, 1, 7);
    in.address = ref(50);
    see(1, in);
  }
  void refresh(double time, double occurred, std::uint64_t address) {
    model::Facts what = facts(ObservationType::TokenRefreshed, 1, occurred);
    what.address = ref(address);
    see(time, what);
  }
  [[nodiscard]] std::string evidence() const { return engine.violation(1).evidence; }
};

TEST(ActivityAfterEnd, NamesARefreshOfTokensAlsoFromElsewhere) {
  Tokens same;
  same.see(10, ObservationType::SignOut, 1, 10);
  same.refresh(20, 20, 50);
  EXPECT_NE(same.evidence().find("\"cause\":\"token_refreshed\",\"sessions\""), std::string::npos)
      << same.evidence();
  // The application's server does it, not the person's browser.
  Tokens other;
  other.see(10, ObservationType::SignOut, 1, 10);
  other.refresh(20, 20, 51);
  EXPECT_NE(other.evidence().find("\"cause\":\"token_refreshed\",\"elsewhere\":\"another_address\""),
            std::string::npos)
      << other.evidence();
}

TEST(ActivityAfterEnd, NamesARefreshThatWasToldBeforeTheEnd) {
  Tokens m;
  m.refresh(20, 20, 50);
  m.engine = Engine::load(snapshot_of(m.engine), m.symbols);
  m.see(21, ObservationType::SignOut, 1, 10);
  EXPECT_NE(m.evidence().find("\"cause\":\"token_refreshed\""), std::string::npos) << m.evidence();
  // Somebody did something later than that: the refresh is not what shows it.
  Tokens person;
  person.refresh(20, 20, 50);
  person.see(22, ObservationType::Activity, 1, 22);
  person.see(23, ObservationType::SignOut, 1, 10);
  EXPECT_NE(person.evidence().find("\"cause\":\"unknown\""), std::string::npos) << person.evidence();
}

}  // namespace
}  // namespace curfew::engine::testing
