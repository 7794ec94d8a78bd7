// How each result is reached, and each way in which it must not be.
#include "core/report/control_result.hpp"

#include <gmock/gmock.h>

#include "compliance_sample.hpp"

namespace curfew::report {
namespace {

using model::Rule;
using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

struct Story {
  std::vector<model::SessionRow> rows;
  std::vector<Breach> breaches;
  std::map<model::SessionNumber, SessionTrack> tracks;
};

ControlResult told(const Control& control, const ComplianceFacts& facts, const Story& story) {
  ControlTally tally(some_framework(), control, facts);
  for (const model::SessionRow& row : story.rows) {
    std::vector<const Breach*> own;
    for (const Breach& breach : story.breaches) {
      if (breach.violation.session == row.number) own.push_back(&breach);
    }
    const auto track = story.tracks.find(row.number);
    tally.see(row, own, track == story.tracks.end() ? nullptr : &track->second);
  }
  return tally.conclude();
}

std::string all(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += sentence + "\n";
  return text;
}

Breach breach_of(Rule rule, const model::SessionRow& row, Duration after) {
  Breach breach;
  breach.violation.number = 5;
  breach.violation.policy = "the-policy";
  breach.violation.rule = rule;
  breach.violation.session = row.number;
  breach.violation.breached_at = row.started_at + after;
  return breach;
}

// ---- policies ----

class PolicyKept : public testing::Test {
 protected:
  PolicyKept() { control_.tolerance = minutes(5); }
  Control control_ = control_of(Check::PolicyKept, {Rule::SessionTimeout});
  ComplianceFacts facts_ = quiet_month(Rule::SessionTimeout, hours(12));
  Story story_{.rows = {session_of(hours(2), 1), session_of(hours(8), 2)}};

  ControlResult result() const { return told(control_, facts_, story_); }
  std::string because() const { return all(result().because); }
};

TEST_F(PolicyKept, IsSatisfiedWhenAllSessionsAreCoveredAndNoneBreached) {
  const ControlResult got = result();
  EXPECT_EQ(got.result, Result::Satisfied) << all(got.because);
  EXPECT_EQ(got.population, 2U);
  EXPECT_EQ(got.kept, 2U);
  ASSERT_EQ(got.policies.size(), 1U);
  EXPECT_THAT(got.policies[0], HasSubstr("the-policy (session timeout, 12 h, observe)"));
  EXPECT_THAT(got.policies[0], HasSubstr("version aabbccddeeff"));
}

TEST_F(PolicyKept, ABreachIsAnExceptionWithItsEvidence) {
  story_.rows[0].ended_at = story_.rows[0].started_at + hours(13);
  story_.breaches = {breach_of(Rule::SessionTimeout, story_.rows[0], hours(12))};
  const ControlResult got = result();
  EXPECT_EQ(got.result, Result::NotSatisfied);
  ASSERT_EQ(got.exceptions.size(), 1U);
  EXPECT_EQ(got.exceptions[0].violation, 5U);
  EXPECT_EQ(got.exceptions[0].session, 1U);
  EXPECT_EQ(got.exceptions[0].at, story_.rows[0].started_at + hours(12));
}

TEST_F(PolicyKept, ABreachThatWasEndedInTimeIsTheControlAtWork) {
  story_.rows[0].ended_at = story_.rows[0].started_at + hours(12) + minutes(3);
  story_.breaches = {breach_of(Rule::SessionTimeout, story_.rows[0], hours(12))};
  EXPECT_EQ(result().result, Result::Satisfied) << because();
  EXPECT_EQ(result().remedied, 1U);
}

TEST_F(PolicyKept, AProvenSignOutCountsAndAContainedOneDoesNot) {
  story_.rows[0].ended_at = story_.rows[0].started_at + hours(20);
  Breach breach = breach_of(Rule::SessionTimeout, story_.rows[0], hours(12));
  breach.sign_out.number = 9;
  breach.sign_out.outcome = model::Outcome::Proven;
  breach.sign_out.concluded_at = breach.violation.breached_at + minutes(1);
  story_.breaches = {breach};
  EXPECT_EQ(result().result, Result::Satisfied) << because();
  story_.breaches[0].sign_out.outcome = model::Outcome::Contained;
  EXPECT_EQ(result().result, Result::NotSatisfied);
  story_.breaches[0].sign_out.outcome = model::Outcome::Proven;
  story_.breaches[0].sign_out.concluded_at += hours(1);
  EXPECT_EQ(result().result, Result::NotSatisfied) << "proven too late";
}

TEST_F(PolicyKept, WithoutAPolicyTheOrganisationsLimitIsNotKnown) {
  facts_.versions[0].set.policies.clear();
  EXPECT_EQ(result().result, Result::NotTestable);
  EXPECT_THAT(because(), HasSubstr("no policy with such a rule"));
}

TEST_F(PolicyKept, APolicyLaxerThanTheControlsOwnNumberIsNone) {
  control_ = control_of(Check::PolicyKept, {Rule::FailedSignIns});
  control_.most = 10;
  facts_ = quiet_month(Rule::FailedSignIns, {}, 20);
  EXPECT_EQ(result().result, Result::NotTestable);
  facts_ = quiet_month(Rule::FailedSignIns, {}, 10);
  facts_.records.observed[static_cast<std::size_t>(model::ObservationType::SignInFailed)] = 4;
  EXPECT_EQ(result().result, Result::Satisfied) << because();
}

TEST_F(PolicyKept, APolicyThatCameInTheMiddleCoversOnlyWhatCameAfter) {
  facts_.versions[0].from = at("2026-11-10T12:00:00Z");  // in the life of both
  EXPECT_EQ(result().result, Result::NotTestable);
  story_.rows.push_back(session_of(hours(1), 3));
  story_.rows[2].started_at += hours(24);
  story_.rows[2].ended_at += hours(24);
  const ControlResult got = result();
  EXPECT_EQ(got.result, Result::NoData) << "one is proven, two are not";
  EXPECT_EQ(got.kept, 1U);
  EXPECT_EQ(got.doubts.at(Doubt::NoPolicy), 2U);
}

TEST_F(PolicyKept, LimitsThatChangeInThePeriodEachCountInTheirTime) {
  PolicyVersion later = facts_.versions[0];
  facts_.versions[0].to = later.from = at("2026-11-10T10:00:00Z");
  later.set.policies[0].limit = hours(6);
  facts_.versions.push_back(later);
  EXPECT_EQ(result().result, Result::Satisfied) << "the engine judged each by its own version: " << because();
  EXPECT_EQ(result().policies.size(), 2U);
  facts_.versions[1].set.policies.clear();
  EXPECT_EQ(result().result, Result::NotTestable) << "the second part of their lives had no limit";
}

TEST_F(PolicyKept, AScopeThatLeavesASessionOutDoesNotCoverIt) {
  facts_.versions[0].set.policies[0].scope.applications = {"erp"};
  EXPECT_EQ(result().result, Result::NotTestable);
}

TEST_F(PolicyKept, APolicyForAGroupCoversItsMembers) {
  facts_.versions[0].set.policies[0].scope.groups = {"clerks"};
  ControlResult got = result();
  EXPECT_EQ(got.result, Result::NoData) << "nobody told who is in it";
  EXPECT_EQ(got.doubts.at(Doubt::MembershipUnknown), 2U);
  EXPECT_THAT(because(), HasSubstr("whether its person was in them is not known"));

  Memberships who;
  who.tell("clerks", facts_.period.from, {model::Ref{1}, model::Ref{2}});
  facts_.memberships["hq/one"] = who;
  EXPECT_EQ(result().result, Result::Satisfied) << because();
  who.tell("clerks", facts_.period.from + hours(24), {model::Ref{1}});
  facts_.memberships["hq/one"] = who;
  got = result();
  EXPECT_EQ(got.result, Result::NoData) << "one of the two is covered";
  EXPECT_EQ(got.kept, 1U);
  EXPECT_EQ(got.doubts.at(Doubt::NoPolicy), 1U);
}

TEST_F(PolicyKept, TwoPoliciesForTwoGroupsCoverWhoGoesFromOneToTheOther) {
  model::Policy other = facts_.versions[0].set.policies[0];
  facts_.versions[0].set.policies[0].scope.groups = {"clerks"};
  other.scope.groups = {"managers"};
  facts_.versions[0].set.policies.push_back(other);
  Memberships who;
  const Time noon = at("2026-11-10T10:00:00Z");
  who.tell("clerks", facts_.period.from, {model::Ref{1}, model::Ref{2}});
  who.tell("managers", facts_.period.from, {});
  who.tell("managers", noon, {model::Ref{1}, model::Ref{2}});
  who.tell("clerks", noon, {});
  facts_.memberships["hq/one"] = who;
  EXPECT_EQ(result().result, Result::Satisfied) << because();
  facts_.versions[0].set.policies.pop_back();
  EXPECT_EQ(result().result, Result::NotTestable);
}

TEST_F(PolicyKept, WhoIsExemptByGroupIsNotCovered) {
  facts_.versions[0].set.policies[0].except.groups = {"keepers"};
  EXPECT_EQ(result().doubts.at(Doubt::MembershipUnknown), 2U) << "nobody told who is exempt";
  Memberships who;
  who.tell("keepers", facts_.period.from, {model::Ref{2}});
  facts_.memberships["hq/one"] = who;
  const ControlResult got = result();
  EXPECT_EQ(got.kept, 1U);
  EXPECT_EQ(got.doubts.at(Doubt::NoPolicy), 1U);
}

TEST_F(PolicyKept, ListsOfAnotherNodeSayNothing) {
  facts_.versions[0].set.policies[0].scope.groups = {"clerks"};
  Memberships who;
  who.tell("clerks", facts_.period.from, {model::Ref{1}, model::Ref{2}});
  facts_.memberships["elsewhere/one"] = who;
  EXPECT_EQ(result().doubts.at(Doubt::MembershipUnknown), 2U);
}

TEST_F(PolicyKept, EndsOfUnknownReasonProveNothing) {
  for (const auto& [reason, certainty] : {std::pair{model::EndReason::Unknown, model::Certainty::Stated},
                                          std::pair{model::EndReason::Vanished, model::Certainty::Inferred},
                                          std::pair{model::EndReason::SignedOut, model::Certainty::Inferred},
                                          std::pair{model::EndReason::Reboot, model::Certainty::Inferred}}) {
    story_.rows[1].end_reason = reason;
    story_.rows[1].end_certainty = certainty;
    const ControlResult got = result();
    EXPECT_EQ(got.result, Result::NoData) << model::name_of(reason);
    EXPECT_EQ(got.doubts.at(Doubt::EndUnknown), 1U);
  }
}

TEST_F(PolicyKept, NoSessionIsNoData) {
  story_.rows.clear();
  EXPECT_EQ(result().result, Result::NoData);
  story_.rows = {session_of(hours(1))};
  story_.rows[0].account_type = model::AccountType::Service;
  EXPECT_EQ(result().result, Result::NoData) << "no session of a person";
}

TEST_F(PolicyKept, MissingRecordsForbidSatisfied) {
  facts_.holes = {{.source = "crm",
                   .kind = HoleKind::RecordsMissing,
                   .from = at("2026-11-05T00:00:00Z"),
                   .to = at("2026-11-05T00:00:00Z")}};
  EXPECT_EQ(result().result, Result::NoData);
  EXPECT_THAT(because(), HasSubstr("A breach could be hidden there."));
  facts_.scope.sources = {"erp"};
  EXPECT_EQ(result().result, Result::Satisfied) << "it is another source's";
}

TEST_F(PolicyKept, MissingRecordsDoNotExcuseABreach) {
  facts_.holes = {{.source = "crm", .from = at("2026-11-05T00:00:00Z"), .to = at("2026-11-05T00:00:00Z")}};
  story_.rows[0].ended_at += hours(20);
  story_.breaches = {breach_of(Rule::SessionTimeout, story_.rows[0], hours(12))};
  EXPECT_EQ(result().result, Result::NotSatisfied);
}

TEST_F(PolicyKept, SilenceAtTheEndForbidsSatisfiedAndSilenceThatEndedDoesNot) {
  facts_.holes = {{.source = "crm",
                   .kind = HoleKind::Silent,
                   .from = at("2026-11-05T00:00:00Z"),
                   .to = at("2026-11-05T09:00:00Z")}};
  EXPECT_EQ(result().result, Result::Satisfied) << because();
  facts_.holes[0].to = Time{};
  EXPECT_EQ(result().result, Result::NoData);
  EXPECT_THAT(because(), HasSubstr("nothing was heard"));
}

TEST_F(PolicyKept, ATimeBeforeTheRecordsForbidsSatisfied) {
  facts_.recorded_from = at("2026-11-03T00:00:00Z");
  EXPECT_EQ(result().result, Result::NoData);
  EXPECT_THAT(because(), HasSubstr("The records begin at 2026-11-03"));
}

TEST_F(PolicyKept, MoreViolationsThanAreReadForbidSatisfied) {
  facts_.violations_cut = true;
  EXPECT_EQ(result().result, Result::NoData);
}

TEST_F(PolicyKept, InactivityAtASourceThatShowsNoneIsNotTestable) {
  control_ = control_of(Check::PolicyKept, {Rule::InactivityTimeout});
  facts_ = quiet_month(Rule::InactivityTimeout, minutes(15));
  EXPECT_EQ(result().result, Result::Satisfied) << because();
  facts_.versions[0].set.sources[0].shows_activity = false;
  EXPECT_EQ(result().result, Result::NotTestable);
  EXPECT_THAT(because(), HasSubstr("does not show activity"));
}

TEST_F(PolicyKept, SilenceOfASourceIsNoInactivity) {
  control_ = control_of(Check::PolicyKept, {Rule::InactivityTimeout});
  facts_ = quiet_month(Rule::InactivityTimeout, minutes(15));
  facts_.holes = {{.source = "crm",
                   .kind = HoleKind::Silent,
                   .from = at("2026-11-10T10:00:00Z"),
                   .to = at("2026-11-10T10:30:00Z")}};
  EXPECT_EQ(result().result, Result::NoData);
  EXPECT_EQ(result().doubts.at(Doubt::SourceSilent), 2U);
}

TEST_F(PolicyKept, WhatDidNotComeUpWasNotTested) {
  control_ = control_of(Check::PolicyKept, {Rule::DisabledAccountActivity});
  facts_ = quiet_month(Rule::DisabledAccountActivity, {});
  EXPECT_EQ(result().result, Result::NoData);
  EXPECT_THAT(because(), HasSubstr("no disabled account"));
  facts_.records.observed[static_cast<std::size_t>(model::ObservationType::AccountDisabled)] = 1;
  EXPECT_EQ(result().result, Result::Satisfied) << because();
}

TEST_F(PolicyKept, ExceptionsAreListedUpToABoundAndAllCounted) {
  story_ = {};
  for (model::SessionNumber number = 1; number <= most_exceptions + 50; ++number) {
    story_.rows.push_back(session_of(hours(20), number));
    story_.breaches.push_back(breach_of(Rule::SessionTimeout, story_.rows.back(), hours(12)));
  }
  const ControlResult got = result();
  EXPECT_EQ(got.broken, most_exceptions + 50);
  EXPECT_EQ(got.exceptions.size(), most_exceptions);
}

// ---- measured ----

struct Measured {
  const char* name;
  Check test;
  Duration limit;
  Duration length;
  Result result;
  void (*spoil)(model::SessionRow&, SessionTrack&, ComplianceFacts&);
};

class MeasuredTest : public testing::TestWithParam<Measured> {};

TEST_P(MeasuredTest, IsJudged) {
  const Measured& given = GetParam();
  Control control = control_of(given.test, {}, given.limit);
  control.tolerance = minutes(1);
  control.population = Population::MultiFactor;
  ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  Story story{.rows = {session_of(given.length)}};
  story.rows[0].factors = 2;
  given.spoil(story.rows[0], story.tracks[1], facts);
  const ControlResult got = told(control, facts, story);
  EXPECT_EQ(got.result, given.result) << all(got.because);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, MeasuredTest,
    testing::Values(
        Measured{"short_enough", Check::FreshCredentials, hours(12), hours(8), Result::Satisfied,
                 [](auto&, auto&, auto&) {}},
        Measured{"too_long", Check::FreshCredentials, hours(12), hours(13), Result::NotSatisfied,
                 [](auto&, auto&, auto&) {}},
        Measured{"within_the_tolerance", Check::FreshCredentials, hours(12), hours(12) + minutes(1),
                 Result::Satisfied, [](auto&, auto&, auto&) {}},
        Measured{"fresh_in_between", Check::FreshCredentials, hours(12), hours(20), Result::Satisfied,
                 [](auto& row, auto& track, auto&) { track.last_fresh_at = row.started_at + hours(10); }},
        Measured{"fresh_too_late", Check::FreshCredentials, hours(12), hours(20), Result::NotSatisfied,
                 [](auto& row, auto& track, auto&) {
                   track.last_fresh_at = row.started_at + hours(14);
                   track.stale = hours(14);
                   track.stale_from = row.started_at;
                 }},
        Measured{"long_and_factors_unknown", Check::FreshCredentials, hours(12), hours(13), Result::NoData,
                 [](auto& row, auto&, auto&) { row.factors = 0; }},
        Measured{"short_and_factors_unknown", Check::FreshCredentials, hours(12), hours(3), Result::Satisfied,
                 [](auto& row, auto&, auto&) { row.factors = 0; }},
        Measured{"one_factor_is_not_asked", Check::FreshCredentials, hours(12), hours(13), Result::NoData,
                 [](auto& row, auto&, auto&) { row.factors = 1; }},
        Measured{"vanished", Check::FreshCredentials, hours(12), hours(3), Result::NoData,
                 [](auto& row, auto&, auto&) {
                   row.end_reason = model::EndReason::Vanished;
                   row.end_certainty = model::Certainty::Inferred;
                 }},
        Measured{"vanished_after_it_was_too_long", Check::FreshCredentials, hours(12), hours(14),
                 Result::NotSatisfied,
                 [](auto& row, auto&, auto&) {
                   row.end_reason = model::EndReason::Vanished;
                   row.end_certainty = model::Certainty::Inferred;
                 }},
        Measured{"still_open", Check::FreshCredentials, hours(12), hours(3), Result::NotSatisfied,
                 [](auto& row, auto&, auto&) { row.ended_at = Time{}; }},
        Measured{"start_unseen", Check::FreshCredentials, hours(12), hours(3), Result::NoData,
                 [](auto& row, auto&, auto&) { row.start_seen = false; }},
        Measured{"went_on_after_a_break", Check::IdleTime, minutes(15), hours(3), Result::NotSatisfied,
                 [](auto& row, auto& track, auto&) {
                   track.idle = minutes(40);
                   track.idle_from = row.started_at + hours(1);
                 }},
        Measured{"no_long_break", Check::IdleTime, minutes(15), hours(3), Result::Satisfied,
                 [](auto&, auto& track, auto&) { track.idle = minutes(14); }},
        Measured{"break_at_a_blind_source", Check::IdleTime, minutes(15), hours(3), Result::NotTestable,
                 [](auto&, auto&, auto& facts) { facts.versions[0].set.sources[0].shows_activity = false; }},
        Measured{"break_while_the_source_was_silent", Check::IdleTime, minutes(15), hours(3), Result::NoData,
                 [](auto& row, auto& track, auto& facts) {
                   track.idle = minutes(40);
                   facts.holes = {{.source = "crm",
                                   .kind = HoleKind::Silent,
                                   .from = row.started_at + hours(1),
                                   .to = row.started_at + hours(2)}};
                 }},
        Measured{"break_told_out_of_order", Check::IdleTime, minutes(15), hours(3), Result::NoData,
                 [](auto&, auto& track, auto&) {
                   track.idle = minutes(40);
                   track.late = true;
                 }},
        Measured{"vanished_in_a_break", Check::IdleTime, minutes(15), hours(3), Result::NoData,
                 [](auto& row, auto&, auto&) {
                   row.end_reason = model::EndReason::Vanished;
                   row.end_certainty = model::Certainty::Inferred;
                 }},
        Measured{"shorter_than_any_break", Check::IdleTime, minutes(15), minutes(10), Result::Satisfied,
                 [](auto&, auto&, auto& facts) { facts.versions[0].set.sources[0].shows_activity = false; }}),
    [](const auto& given) { return std::string(given.param.name); });

TEST(ControlResults, SessionsThatWereNotFollowedProveNothing) {
  Control control = control_of(Check::IdleTime, {}, minutes(15));
  ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  const Story story{.rows = {session_of(hours(3))}};
  EXPECT_EQ(told(control, facts, story).result, Result::Satisfied);
  facts.tracks_cut = true;
  EXPECT_EQ(told(control, facts, story).result, Result::NoData);
}

// ---- whole systems ----

TEST(ControlResults, ALedgerIsIntactOnlyWhereItWasVerified) {
  const Control control = control_of(Check::LedgerIntact);
  ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  EXPECT_EQ(told(control, facts, {}).result, Result::NotTestable);
  facts.ledger = LedgerFinding{true, "It agrees.", {"The tail."}};
  EXPECT_EQ(told(control, facts, {}).result, Result::Satisfied);
  EXPECT_THAT(told(control, facts, {}).because, testing::ElementsAre("It agrees.", "The tail."));
  facts.ledger->intact = false;
  EXPECT_EQ(told(control, facts, {}).result, Result::NotSatisfied);
}

TEST(ControlResults, AYoungLedgerShowsNoRetention) {
  const Control control = control_of(Check::Retention, {}, hours(24 * 90));
  ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  EXPECT_EQ(told(control, facts, {}).result, Result::NoData);
  facts.recorded_from = facts.generated_at - hours(24 * 91);
  EXPECT_EQ(told(control, facts, {}).result, Result::Satisfied);
}

TEST(ControlResults, ARecordFromTheFutureIsFoundAndItsAbsenceProvesNothing) {
  Control control = control_of(Check::ClocksAhead);
  control.tolerance = std::chrono::seconds(2);
  ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  EXPECT_EQ(told(control, facts, {}).result, Result::NoData);
  facts.records.observed[0] = 10;
  EXPECT_EQ(told(control, facts, {}).result, Result::NotTestable);
  facts.records.ahead = {{.source = "crm", .ahead = std::chrono::seconds(2)}};
  EXPECT_EQ(told(control, facts, {}).result, Result::NotTestable);
  facts.records.ahead[0].ahead = minutes(2);
  EXPECT_EQ(told(control, facts, {}).result, Result::NotSatisfied);
}

TEST(ControlResults, LossesMustBeNoticedInTimeAndEnd) {
  Control control = control_of(Check::FailuresNoticed, {}, hours(1));
  ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  EXPECT_EQ(told(control, facts, {}).result, Result::NoData) << "nothing was lost, nothing was tested";
  Hole hole{.source = "crm",
            .kind = HoleKind::Silent,
            .from = at("2026-11-05T00:00:00Z"),
            .to = at("2026-11-05T09:00:00Z"),
            .noticed_at = at("2026-11-05T00:10:00Z")};
  facts.holes = {hole};
  EXPECT_EQ(told(control, facts, {}).result, Result::Satisfied);
  facts.holes[0].noticed_at += hours(2);
  EXPECT_EQ(told(control, facts, {}).result, Result::NotSatisfied);
  facts.holes = {hole};
  facts.holes[0].to = Time{};
  EXPECT_EQ(told(control, facts, {}).result, Result::NotSatisfied);
}

TEST(ControlResults, RecordsThatLackSomethingAreCounted) {
  const Control control = control_of(Check::RecordContent);
  ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  EXPECT_EQ(told(control, facts, {}).result, Result::NoData);
  facts.records.sign_ins = 10;
  EXPECT_EQ(told(control, facts, {}).result, Result::Satisfied);
  facts.records.without_origin = 1;
  facts.records.lacking = {{.place = {1, 9}, .source = "crm"}};
  const ControlResult got = told(control, facts, {});
  EXPECT_EQ(got.result, Result::NotSatisfied);
  EXPECT_EQ(got.exceptions.at(0).place, (Place{1, 9}));
}

TEST(ControlResults, AccountsOfUnknownKindProveNothing) {
  const ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  Story story{.rows = {session_of(hours(1))}};
  EXPECT_EQ(told(control_of(Check::SharedAccounts), facts, story).result, Result::Satisfied);
  EXPECT_EQ(told(control_of(Check::ServiceAccountsInteractive), facts, story).result, Result::NoData);
  story.rows[0].account_type = model::AccountType::Unknown;
  EXPECT_EQ(told(control_of(Check::SharedAccounts), facts, story).result, Result::NoData);
  EXPECT_EQ(told(control_of(Check::ServiceAccountsInteractive), facts, story).result, Result::NoData);
  story.rows[0].account_type = model::AccountType::Shared;
  EXPECT_EQ(told(control_of(Check::SharedAccounts), facts, story).result, Result::NotSatisfied);
  story.rows[0].account_type = model::AccountType::Service;
  story.rows[0].interactivity = model::Interactivity::Interactive;
  EXPECT_EQ(told(control_of(Check::ServiceAccountsInteractive), facts, story).result, Result::NotSatisfied);
  story.rows[0].interactivity = model::Interactivity::Silent;
  EXPECT_EQ(told(control_of(Check::ServiceAccountsInteractive), facts, story).result, Result::Satisfied);
}

TEST(ControlResults, AnApplicationThatNobodySignsOutOfIsNotCalledWithoutLogout) {
  const ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  Story story{.rows = {session_of(hours(1), 1), session_of(hours(1), 2)}};
  const Control control = control_of(Check::SignOutUsed);
  EXPECT_EQ(told(control, facts, story).result, Result::Satisfied);
  story.rows[1].application = "erp";
  story.rows[1].end_reason = model::EndReason::Expired;
  const ControlResult got = told(control, facts, story);
  EXPECT_EQ(got.result, Result::NoData);
  EXPECT_THAT(all(got.because), HasSubstr("Nobody signed out of erp"));
  EXPECT_EQ(told(control, facts, {}).result, Result::NoData);
}

TEST(ControlResults, SignOutsCountByTheirProof) {
  using model::Outcome;
  const ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  const Control control = control_of(Check::SignOutsEffective);
  const auto of = [&](std::initializer_list<Outcome> outcomes) {
    ControlTally tally(some_framework(), control, facts);
    model::SignOutRow row;
    for (const Outcome outcome : outcomes) {
      row.outcome = outcome;
      ++row.number;
      tally.see(row);
    }
    return tally.conclude().result;
  };
  EXPECT_EQ(of({}), Result::NoData);
  EXPECT_EQ(of({Outcome::Proven, Outcome::Proven}), Result::Satisfied);
  EXPECT_EQ(of({Outcome::Proven, Outcome::Contained}), Result::NoData);
  EXPECT_EQ(of({Outcome::Proven, Outcome::Pending}), Result::NoData);
  EXPECT_EQ(of({Outcome::Proven, Outcome::StillAlive}), Result::NotSatisfied);
  EXPECT_EQ(of({Outcome::Unproven}), Result::NotSatisfied);
  EXPECT_EQ(of({Outcome::Mistaken, Outcome::Held}), Result::NoData);
}

TEST(ControlResults, EveryShippedControlEndsWithAReason) {
  const ComplianceFacts facts = quiet_month(Rule::SessionTimeout, hours(12));
  for (const Framework& framework : catalogue()) {
    for (const Control& control : framework.controls) {
      ControlTally tally(framework, control, facts);
      const ControlResult got = tally.conclude();
      EXPECT_NE(got.result, Result::Satisfied) << framework.id << ":" << control.id << " by nothing at all";
      EXPECT_NE(got.result, Result::NotSatisfied) << framework.id << ":" << control.id;
      EXPECT_FALSE(got.because.empty()) << framework.id << ":" << control.id;
      EXPECT_FALSE(got.tested.empty()) << framework.id << ":" << control.id;
    }
  }
}

}  // namespace
}  // namespace curfew::report
