// What people order: of one session, a person, a device, a source, or whoever a question means.
#include <gmock/gmock.h>

#include "tests/unit/engine/machine.hpp"

namespace curfew::engine::testing {
namespace {

using model::EntryKind;
using model::ObservationType;
using model::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Office : Machine {
  explicit Office(model::Safety safety = {}) {
    model::PolicySet set;
    set.sources = {source("crm"), source("mail"), source("idp")};
    set.sources[0].acts_through = {"idp"};
    set.sources[1].acts_through = {"idp"};
    set.safety = std::move(safety);
    configure(0, set);
  }
  void sign_in(double time, std::uint8_t session, std::uint64_t person, std::string_view from = "crm",
               std::string_view application = "sales", std::uint64_t device = 0) {
    model::Facts what = facts(ObservationType::SignIn, session, time, person, from);
    what.application = symbols.intern(application);
    what.device = ref(device);
    see(time, what);
  }
  void act(double time, std::uint8_t session, std::string_view from = "crm") {
    see(time, facts(ObservationType::Activity, session, time, 0, from));
  }
  // Everything up to then has been told.
  void told(double time) {
    for (const char* name : {"crm", "mail", "idp"}) heard(time, time, name);
  }
  const model::Effects& order(double time, model::CommandInput command) {
    if (command.by.empty()) command.by = "anna";
    if (command.reason.empty()) command.reason = "laptop was stolen";
    return apply(at(time), std::move(command));
  }
  [[nodiscard]] std::vector<model::SessionNumber> sessions_ordered() const {
    std::vector<model::SessionNumber> numbers;
    for (const model::OrderNumber number : effects.commanded)
      numbers.push_back(engine.sign_out(number).session);
    return numbers;
  }
};

model::CommandInput asking(model::Selection selection) {
  model::CommandInput command;
  command.selection = std::move(selection);
  return command;
}

TEST(SignOutCommand, EndsEveryoneIdleForTooLongAtASource) {
  Office m;
  m.sign_in(0, 1, 7);
  m.sign_in(10, 2, 8);
  m.sign_in(20, 3, 9, "mail");
  m.act(3'000, 2);
  m.told(4'000);
  m.order(4'001, asking({.sources = {"crm"}, .idle_over = std::chrono::hours(1)}));
  EXPECT_THAT(m.sessions_ordered(), ElementsAre(1U));
  EXPECT_THAT(m.effects.refused, IsEmpty());
  EXPECT_THAT(m.facts_of(EntryKind::Command).back(),
              HasSubstr(R"("selection":{"sources":["crm"],"idle_over":)"));
}

TEST(SignOutCommand, LeavesWhomNobodyCanCallIdle) {
  Office m;
  m.sign_in(0, 1, 7);
  m.sign_in(1, 2, 8, "mail");
  m.heard(4'000, 4'000, "mail");  // and of crm nothing is known since the sign-in
  m.order(4'001, asking({.idle_over = std::chrono::hours(1)}));
  EXPECT_THAT(m.sessions_ordered(), ElementsAre(2U));
  const model::Preview preview =
      m.engine.preview(asking({.sources = {"crm"}, .idle_over = std::chrono::hours(1)}));
  EXPECT_EQ(preview.sessions, 0U);
  EXPECT_EQ(preview.not_judged, 1U);
  EXPECT_THAT(preview.not_judged_at, ElementsAre("crm"));
  EXPECT_THAT(preview.refused, HasSubstr("of 1 nobody can say yet"));
}

TEST(SignOutCommand, OrdersInTheOrderOfSessionNumbers) {
  Office m;
  for (std::uint8_t i = 1; i <= 9; ++i) m.sign_in(i, i, i);
  m.order(20, asking({.sources = {"crm"}}));
  EXPECT_THAT(m.sessions_ordered(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(SignOutCommand, EndsWhatRunsOnADeviceOrInAnApplication) {
  Office m;
  m.sign_in(1, 1, 7, "crm", "sales", 501);
  m.sign_in(2, 2, 8, "mail", "inbox", 501);
  m.sign_in(3, 3, 9, "mail", "inbox", 502);
  m.sign_in(4, 4, 9, "mail", "calendar", 502);
  m.order(5, asking({.device = ref(501)}));
  EXPECT_THAT(m.sessions_ordered(), ElementsAre(1U, 2U));
  m.order(6, asking({.applications = {"inbox"}}));
  EXPECT_THAT(m.sessions_ordered(), ElementsAre(2U, 3U)) << "the first one's sign-out goes on, and is told";
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 3U);
}

TEST(SignOutCommand, OfAPersonAtOneSourceLeavesTheOtherSessions) {
  Office m;
  m.sign_in(1, 1, 7);
  m.sign_in(2, 2, 7, "mail");
  model::CommandInput command = asking({.sources = {"mail"}});
  command.subject = ref(7);
  m.order(3, command);
  EXPECT_THAT(m.sessions_ordered(), ElementsAre(2U));
}

TEST(SignOutCommand, ThatAsksNothingIsRefused) {
  Office m;
  m.sign_in(1, 1, 7);
  m.order(2, model::CommandInput{});
  EXPECT_THAT(m.effects.commanded, IsEmpty());
  EXPECT_THAT(m.effects.refused, HasSubstr("nobody"));
  EXPECT_THAT(m.facts_of(EntryKind::Alert).back(), HasSubstr("sign_out: it says nobody"));
}

TEST(SignOutCommand, ThatHitsMoreThanItWasMeantToIsRefusedAsAWhole) {
  Office m;
  for (std::uint8_t i = 1; i <= 3; ++i) m.sign_in(i, i, i);
  model::CommandInput command = asking({.sources = {"crm"}});
  command.at_most = 2;
  m.order(5, command);
  EXPECT_THAT(m.effects.commanded, IsEmpty());
  EXPECT_THAT(m.effects.refused, HasSubstr("3 sessions, more than 2"));
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 0U);
}

TEST(SignOutCommand, ThatHitsManyWaitsForASecondPerson) {
  Office m({.most_sign_outs_per_minute = 0, .approve_above = 2, .protected_accounts = {}});
  for (std::uint8_t i = 1; i <= 3; ++i) m.sign_in(i, i, i);
  m.order(5, asking({.sources = {"crm"}}));
  EXPECT_EQ(m.engine.sign_out(1).held_because, "approval");
  EXPECT_TRUE(m.effects.probes.empty());
  m.apply(at(6),
          model::CommandInput{.verb = model::Verb::Release, .by = "anna", .reason = "yes", .order = 1});
  EXPECT_THAT(m.effects.refused, HasSubstr("second person"));
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::Held);
  m.apply(at(7), model::CommandInput{.verb = model::Verb::Release, .by = "ben", .reason = "yes", .order = 1});
  EXPECT_EQ(m.engine.sign_out(1).outcome, Outcome::Pending);
  EXPECT_EQ(m.effects.probes.size(), 1U);
}

TEST(SignOutCommand, AskedAgainWhileItWaitsMakesNoOther) {
  Office m({.most_sign_outs_per_minute = 0, .approve_above = 1, .protected_accounts = {}});
  for (std::uint8_t i = 1; i <= 2; ++i) m.sign_in(i, i, i);
  m.order(5, asking({.sources = {"crm"}}));
  m.order(6, asking({.sources = {"crm"}}));
  EXPECT_THAT(m.effects.commanded, ElementsAre(1U, 2U));
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), 2U);
}

TEST(SignOutCommand, BeyondTheCapWaits) {
  Office m({.most_sign_outs_per_minute = 2, .approve_above = 0, .protected_accounts = {}});
  for (std::uint8_t i = 1; i <= 3; ++i) m.sign_in(i, i, i);
  m.order(5, asking({.sources = {"crm"}}));
  EXPECT_EQ(m.engine.sign_out(2).outcome, Outcome::Pending);
  EXPECT_EQ(m.engine.sign_out(3).held_because, "cap");
}

TEST(SignOutPreview, SaysWhomItHitsWhatItEndsBesidesAndWhatWouldBeHeld) {
  model::Safety safety{
      .most_sign_outs_per_minute = 2, .approve_above = 0, .protected_accounts = {"ref:" + to_text(ref(9))}};
  Office m(safety);
  m.sign_in(1, 1, 7);
  m.sign_in(2, 2, 8);
  m.sign_in(3, 3, 9);
  m.sign_in(4, 4, 10, "crm", "stock");
  m.sign_in(5, 5, 7, "mail", "inbox");
  m.sign_in(6, 6, 7, "mail", "inbox");
  m.sign_in(7, 7, 11, "mail", "inbox");
  model::CommandInput command = asking({.sources = {"crm"}});
  command.ladder.resize(1);
  command.ladder[0].action = model::Action::SignOutSubject;
  command.ladder[0].at = "idp";
  const std::size_t entries = m.ledger.size();
  const model::Preview preview = m.engine.preview(command);
  EXPECT_EQ(m.ledger.size(), entries) << "it changes nothing";
  EXPECT_EQ(preview.sessions, 4U);
  EXPECT_EQ(preview.people, 4U);
  EXPECT_EQ(preview.at_once, 2U);
  ASSERT_EQ(preview.groups.size(), 2U);
  EXPECT_EQ(preview.groups[0].application, "sales");
  EXPECT_EQ(preview.groups[0].sessions, 3U);
  ASSERT_EQ(preview.held.size(), 2U);
  EXPECT_EQ(preview.held[0].because, "cap");
  EXPECT_EQ(preview.held[1].because, "protected account");
  ASSERT_EQ(preview.also.size(), 1U);
  EXPECT_EQ(preview.also[0].source, "mail");
  EXPECT_EQ(preview.also[0].sessions, 2U);
  EXPECT_EQ(preview.also[0].people, 1U);
  // And what it says is what happens.
  m.order(10, command);
  EXPECT_EQ(m.effects.commanded.size(), 4U);
  std::size_t held = 0;
  for (const model::OrderNumber number : m.effects.commanded)
    held += m.engine.sign_out(number).outcome == Outcome::Held;
  EXPECT_EQ(held, 2U);
  EXPECT_EQ(m.engine.preview(command).running, 4U) << "held ones of an operator wait already";
}

model::PolicySet wild(std::uint32_t most) {
  model::PolicySet set;
  set.sources = {source("crm")};
  set.policies = {policy("wild", model::Rule::SessionTimeout)};
  set.policies[0].limit = seconds(60);
  set.policies[0].mode = model::PolicyMode::Enforce;
  set.policies[0].ladder.resize(1);
  set.policies[0].most_sign_outs_per_minute = most;
  set.safety.most_sign_outs_per_minute = 1'000;
  return set;
}

struct Wild : Machine {
  static constexpr std::uint32_t sessions = 10'000;
  explicit Wild(std::uint32_t most) {
    configure(0, wild(most));
    for (std::uint32_t i = 1; i <= sessions; ++i) {
      model::Facts what = facts(ObservationType::SignIn, 1, 0, 1'000 + i);
      what.session.bytes[1] = static_cast<std::uint8_t>(i);
      what.session.bytes[2] = static_cast<std::uint8_t>(i >> 8U);
      see(0, what);
    }
    tick(61);
  }
};

TEST(APolicyGoneWild, StopsAtItsCapOverTenThousandSessions) {
  Wild m(25);
  EXPECT_EQ(m.count(EntryKind::SignOutOrdered), Wild::sessions);
  EXPECT_EQ(m.effects.probes.size(), 25U) << "only so many begin";
  EXPECT_EQ(m.engine.counts().open_orders, 25U);
  EXPECT_EQ(m.engine.counts().held_orders, Wild::sessions - 25);
  // A minute later nothing goes on by itself: what is held waits for somebody.
  m.tick(200);
  EXPECT_EQ(m.engine.counts().held_orders, Wild::sessions - 25);
}

TEST(APolicyGoneWild, IsDismissedWithOneCommand) {
  Wild m(25);
  m.apply(at(70),
          model::CommandInput{
              .verb = model::Verb::Dismiss, .by = "anna", .reason = "wrong limit", .held_of = "wild"});
  EXPECT_EQ(m.effects.commanded.size(), Wild::sessions - 25);
  EXPECT_EQ(m.engine.counts().held_orders, 0U);
  EXPECT_EQ(m.engine.sign_out(Wild::sessions).held_because, "dismissed");
  m.apply(at(71), model::CommandInput{
                      .verb = model::Verb::Dismiss, .by = "anna", .reason = "again", .held_of = "wild"});
  EXPECT_THAT(m.effects.refused, HasSubstr("no sign-out of policy 'wild' is held"));
}

TEST(APolicyGoneWild, LeavesNothingHeldOfASessionThatSomebodyOrders) {
  Wild m(25);
  const model::SignOutRow held = m.engine.sign_out(26);
  ASSERT_EQ(held.held_because, "cap");
  m.apply(at(70), model::CommandInput{.by = "anna", .reason = "it is mine", .session = held.session});
  ASSERT_EQ(m.effects.commanded, std::vector<model::OrderNumber>{Wild::sessions + 1});
  EXPECT_EQ(m.engine.sign_out(26).held_because, "replaced");
  EXPECT_EQ(m.engine.counts().held_orders, Wild::sessions - 26);
}

TEST(APolicyGoneWild, IsReleasedNoFasterThanItsCap) {
  Wild m(25);
  const model::CommandInput release{
      .verb = model::Verb::Release, .by = "anna", .reason = "they must go", .held_of = "wild"};
  m.apply(at(70), release);
  EXPECT_THAT(m.effects.refused, HasSubstr("the caps admit none now"));
  m.apply(at(122), release);
  EXPECT_EQ(m.effects.commanded.size(), 25U);
  EXPECT_EQ(m.effects.commanded.front(), 26U);
  EXPECT_EQ(m.engine.counts().held_orders, Wild::sessions - 50);
}

}  // namespace
}  // namespace curfew::engine::testing
