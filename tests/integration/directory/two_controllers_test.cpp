// Two controllers of one domain, between which nothing goes before the test says so: what one of them does
// not know yet is neither proven nor undone there.
#include <gmock/gmock.h>

#include "tests/integration/directory/directory_daemon.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::directory_test {
namespace {

using nlohmann::json;
using plugin::Liveness;
using testing::AllOf;
using testing::HasSubstr;

// Skipped, and said why, where no mount namespace is possible: two controllers want a /run/samba each.
class TwoControllers : public DirectoryDaemon {
 protected:
  void SetUp() override {
    DirectoryDaemon::SetUp();
    if (IsSkipped()) return;
    (void)second();
  }
  void TearDown() override {
    if (!IsSkipped() && is_first_down_) domain().start();
  }

  static SambaDomain& second() {
    static SambaDomain controller(domain(), CURFEW_SECOND_ADDRESS);
    return controller;
  }
  void person_at_both(const std::string& name) {
    person(name);
    second().replicate_from(domain());
    ASSERT_TRUE(lets_in_at(second(), name));
  }
  [[nodiscard]] bool lets_in_at(SambaDomain& controller, const std::string& name) {
    return controller.kinit(name, SambaDomain::password, folder() / "cache").code == 0;
  }
  [[nodiscard]] std::string control_at(SambaDomain& controller, const std::string& name) {
    return attribute(dn_of(name), "userAccountControl", controller);
  }
  [[nodiscard]] static json both(const json& more = json::object()) {
    json all{{"servers", {domain().ldaps(), second().ldaps()}}};
    all.merge_patch(more);
    return all;
  }
  // How often the source answered that the session may go on.
  [[nodiscard]] int alive_looks() const {
    const std::string all = daemon_.request("GET", "/metrics").body;
    const std::string wanted = R"(curfew_probes_total{liveness="alive",source="corp-ad"} )";
    const std::size_t at = all.find(wanted);
    return at == std::string::npos ? 0 : std::stoi(all.substr(at + wanted.size()));
  }
  void take_first_down() {
    domain().stop();
    is_first_down_ = true;
  }
  void bring_first_up() {
    domain().start();
    is_first_down_ = false;
  }

 private:
  bool is_first_down_ = false;
};

TEST_F(TwoControllers, TheSecondServesWhileTheFirstIsDown) {
  person_at_both("sanna");
  Directory directory(settings(both()), "corp-ad");
  directory.start();
  const Names sanna{{"upn", "sanna@corp.test"}};
  take_first_down();
  const auto done = ask(directory, {.names = sanna});
  ASSERT_EQ(done.code, Code::Ok) << done.text;
  EXPECT_EQ(control_at(second(), "sanna"), "514");
  EXPECT_FALSE(lets_in_at(second(), "sanna"));
  bring_first_up();
  EXPECT_TRUE(lets_in("sanna")) << "what this test is about: the first has not heard of it";

  domain().replicate_from(second());
  EXPECT_FALSE(lets_in("sanna"));
  // The first one undoes what the second did.
  const auto undone = ask(directory, {.names = sanna, .revert = true});
  EXPECT_EQ(undone.code, Code::Ok) << undone.text;
  EXPECT_TRUE(lets_in("sanna"));
  second().replicate_from(domain());
  EXPECT_TRUE(lets_in_at(second(), "sanna"));
}

TEST_F(TwoControllers, WhereNoneCanBeAskedEachHasItsReason) {
  person_at_both("signe");
  Directory directory(settings(both({{"timeout", "2s"}})), "corp-ad");
  directory.start();
  take_first_down();
  second().stop();
  const auto answer =
      ask(directory, {.names = {{"upn", "signe@corp.test"}}, .patience = std::chrono::seconds(3)});
  second().start();
  EXPECT_EQ(answer.code, Code::Unavailable);
  EXPECT_THAT(answer.text, AllOf(HasSubstr(domain().ldaps() + ":"), HasSubstr(second().ldaps() + ":")));
  EXPECT_EQ(control_at(second(), "signe"), "512");
}

TEST_F(TwoControllers, ADisabledAccountIsProvenWhenEachRefusesItAndNotBefore) {
  person_at_both("sonja");
  Directory directory(settings(both({{"ticket_lifetime", "2s"}, {"clock_skew", "0s"}})), "corp-ad");
  directory.start();
  plugin::Probe probe;
  probe.session.bytes[0] = 7;
  directory.rests_on_ticket(probe.session, sid_of("sonja"));
  ASSERT_EQ(ask(directory, {.names = {{"upn", "sonja@corp.test"}}}).code, Code::Ok);
  EXPECT_FALSE(lets_in("sonja"));
  ASSERT_TRUE(lets_in_at(second(), "sonja"));
  const auto differing = directory.prove(probe);
  EXPECT_EQ(differing.liveness, Liveness::Alive);
  EXPECT_THAT(differing.text, AllOf(HasSubstr("enabled at " + second().ldaps()),
                                    HasSubstr("disabled at " + domain().ldaps())));

  second().stop();
  try {
    const auto proof = directory.prove(probe);
    ADD_FAILURE() << "it can't be known: " << proof.text;
  } catch (const plugin::Failure& failure) {
    EXPECT_THAT(failure.what(), AllOf(HasSubstr(second().ldaps() + ":"), HasSubstr("may still let it in")));
  }
  second().start();
  second().replicate_from(domain());
  EXPECT_FALSE(lets_in_at(second(), "sonja"));
  // The change is older than any ticket by itself, but the second gave some after it.
  const auto closed = directory.prove(probe);
  EXPECT_EQ(closed.liveness, Liveness::Alive) << closed.text;
  EXPECT_THAT(closed.text, HasSubstr("a ticket from before may be accepted for another"));
  EXPECT_TRUE(support::eventually([&] { return directory.prove(probe).liveness == Liveness::Dead; }));
  EXPECT_EQ(ask(directory, {.names = {{"upn", "sonja@corp.test"}}, .revert = true}).code, Code::Ok);
  second().replicate_from(domain());
}

TEST_F(TwoControllers, WhatHasNotArrivedIsUndoneWhereItWasDone) {
  person_at_both("stina");
  domain().change("dn: " + group + "\nchangetype: modify\nadd: member\nmember: " + dn_of("stina") + "\n");
  second().replicate_from(domain());
  Directory directory(settings(both()), "corp-ad");
  directory.start();
  const Names stina{{"upn", "stina@corp.test"}};
  ASSERT_EQ(ask(directory, {.names = stina}).code, Code::Ok);
  ASSERT_EQ(ask(directory, {.step = Step::SuspendAccess, .names = stina}).code, Code::Ok);
  take_first_down();
  // The second sees an enabled account and a member, and that nobody else has made them so.
  for (const Step step : {Step::DisableAccount, Step::SuspendAccess}) {
    const auto waits =
        ask(directory, {.step = step, .names = stina, .revert = true, .patience = std::chrono::seconds(4)});
    EXPECT_EQ(waits.code, Code::Unavailable) << waits.text;
    EXPECT_THAT(waits.text, HasSubstr("was not replicated"));
  }
  bring_first_up();
  for (const Step step : {Step::DisableAccount, Step::SuspendAccess}) {
    const auto undone = ask(directory, {.step = step, .names = stina, .revert = true});
    EXPECT_EQ(undone.code, Code::Ok) << undone.text;
  }
  second().replicate_from(domain());
  EXPECT_TRUE(lets_in_at(second(), "stina"));
  EXPECT_EQ(attribute(dn_of("stina"), "memberOf", second()), group);
  domain().change("dn: " + group + "\nchangetype: modify\ndelete: member\nmember: " + dn_of("stina") + "\n");
}

// A second order finds it enabled at the second controller, and disables it there for both.
TEST_F(TwoControllers, DisabledAtBothItIsEnabledWhenTheLastOrderIsOver) {
  person_at_both("svea");
  Directory directory(settings(both()), "corp-ad");
  directory.start();
  const Names svea{{"upn", "svea@corp.test"}};
  ASSERT_EQ(ask(directory, {.names = svea, .session = 1}).code, Code::Ok);
  take_first_down();
  ASSERT_EQ(ask(directory, {.names = svea, .session = 2}).code, Code::Ok);
  EXPECT_FALSE(lets_in_at(second(), "svea"));
  bring_first_up();
  domain().replicate_from(second());
  second().replicate_from(domain());
  const auto one = ask(directory, {.names = svea, .revert = true, .session = 2});
  EXPECT_EQ(one.code, Code::Ok) << one.text;
  EXPECT_THAT(one.text, HasSubstr("another sign-out"));
  EXPECT_FALSE(lets_in("svea"));
  const auto other = ask(directory, {.names = svea, .revert = true, .session = 1});
  EXPECT_EQ(other.code, Code::Ok) << other.text;
  EXPECT_TRUE(lets_in("svea"));
  second().replicate_from(domain());
  EXPECT_TRUE(lets_in_at(second(), "svea"));
}

TEST_F(TwoControllers, TheDaemonProvesNothingBeforeReplicationHasCome) {
  person_at_both("saga");
  begin(both({{"ticket_lifetime", "1s"}, {"clock_skew", "0s"}}),
        "[{action: disable_account, revert_after: 3m, prove_within: 2m}]", {});
  start();
  open_a_share("saga");
  ASSERT_TRUE(until_control("saga", "514")) << daemon_.log();
  ASSERT_TRUE(lets_in_at(second(), "saga"));
  // Looks past the moment at which the first alone would have proven it.
  const int before = alive_looks();
  ASSERT_TRUE(daemon_.until([&] { return alive_looks() >= before + 3; })) << sign_outs().dump(2);
  EXPECT_EQ(sign_outs()[0]["outcome"], "pending") << sign_outs().dump(2);
  second().replicate_from(domain());
  ASSERT_TRUE(until_outcome("proven")) << sign_outs().dump(2) << daemon_.log();
  EXPECT_FALSE(lets_in_at(second(), "saga"));
}

class TwoLogs : public TwoControllers, public testing::WithParamInterface<bool> {};

// As two inputs of one source, and as two sources.
TEST_P(TwoLogs, OfBothAreOnePresence) {
  const bool two_sources = GetParam();
  const std::string name = two_sources ? "sigrid" : "solveig";
  person_at_both(name);
  daemon_.script("");
  for (const SambaDomain* controller : {&domain(), &second()}) controller->empty_log("auth_json");
  const auto source = [](const std::string& named, const std::vector<std::string>& inputs) {
    return "  - name: " + named + "\n    connector: windows\n    lateness: 0s\n    settings: " +
           json{{"inputs", inputs}, {"arrival_delay", "1s"}, {"settle", "0s"}}.dump() + "\n";
  };
  const std::string first_log = domain().log("auth_json").string();
  const std::string second_log = second().log("auth_json").string();
  daemon_.configure(two_sources ? source("dc1", {first_log}) + source("dc2", {second_log})
                                : source("dcs", {first_log, second_log}));
  daemon_.start();
  open_a_share(name, domain());
  open_a_share(name, second());
  const json expected = two_sources ? json{"dc1", "dc2"} : json{"dcs"};
  EXPECT_TRUE(daemon_.until([&] {
    const json all = daemon_.get("/api/v1/presences?live=true")["presences"];
    return all.size() == 1 && all[0]["sources"] == expected && all[0]["live_sessions"].get<int>() == 2;
  })) << daemon_.get("/api/v1/presences?live=true").dump(1)
      << daemon_.get("/api/v1/sessions?limit=1000").dump(1);
}

INSTANTIATE_TEST_SUITE_P(Sources, TwoLogs, testing::Bool(), [](const auto& one) {
  return one.param ? std::string("OfTwoSources") : std::string("OfOneSource");
});

}  // namespace
}  // namespace curfew::directory_test
