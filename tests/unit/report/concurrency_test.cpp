// The most sessions at once, when, and for how long above the limit; against sets of sessions laid by hand.
#include "core/report/concurrency.hpp"

#include <gtest/gtest.h>

#include "compliance_sample.hpp"

namespace curfew::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class AtOnce : public testing::Test {
 protected:
  ComplianceFacts facts_ = quiet_month(model::Rule::ConcurrentSessions, {}, 2);
  std::vector<model::SessionRow> rows_;

  model::Policy& policy() { return facts_.versions[0].set.policies[0]; }
  // Of one person, from so many hours after nine.
  model::SessionRow& add(int from, int to, std::uint64_t person = 1) {
    model::SessionRow row = session_of(hours(to - from), rows_.size() + 1);
    row.subject = model::Ref{person};
    row.started_at += hours(from);
    row.ended_at += hours(from);
    rows_.push_back(row);
    return rows_.back();
  }
  ConcurrencyReality reality(std::size_t most = ConcurrencySweep::default_most) const {
    ConcurrencySweep sweep(facts_, most);
    for (const model::SessionRow& row : rows_) sweep.see(row);
    return sweep.conclude();
  }
};

TEST_F(AtOnce, TheMostIsFoundWithItsTimeAndHowLongItWasAboveTheLimit) {
  add(0, 4);
  add(1, 3);
  add(2, 6);  // three at once from 11 to 12
  add(5, 7);
  add(0, 8, 2);
  const ConcurrencyReality got = reality();
  ASSERT_EQ(got.limits.size(), 1U);
  const ConcurrencyLimit& limit = got.limits[0];
  EXPECT_EQ(limit.policy, "the-policy");
  EXPECT_EQ(limit.limit, 2U);
  EXPECT_EQ(limit.counted, 2U);
  EXPECT_EQ(limit.over, 1U);
  EXPECT_EQ(limit.most, 3U);
  EXPECT_EQ(limit.above, hours(1));
  EXPECT_EQ(limit.by_most[0], 1U);
  EXPECT_EQ(limit.by_most[2], 1U);
  ASSERT_EQ(got.peaks.size(), 1U);
  EXPECT_EQ(got.peaks[0].subject, model::Ref{1});
  EXPECT_EQ(got.peaks[0].most, 3U);
  EXPECT_EQ(got.peaks[0].at, at("2026-11-10T11:00:00Z"));
  EXPECT_EQ(got.peaks[0].above, hours(1));
}

TEST_F(AtOnce, OneThatEndsWhenAnotherBeginsIsNotOnWithIt) {
  policy().most = 1;
  add(0, 2);
  add(2, 4);
  EXPECT_EQ(reality().limits[0].most, 1U);
  EXPECT_EQ(reality().limits[0].over, 0U);
}

TEST_F(AtOnce, AnUncertainEndCountsUpToTheLastSignOfLife) {
  policy().most = 1;
  model::SessionRow& vanished = add(0, 8);
  vanished.end_reason = model::EndReason::Vanished;
  vanished.end_certainty = model::Certainty::Inferred;
  vanished.last_person_activity_at = vanished.started_at + hours(1);
  add(2, 4);
  EXPECT_EQ(reality().limits[0].most, 1U);
  rows_[0].last_person_activity_at = rows_[0].started_at + hours(3);
  EXPECT_EQ(reality().limits[0].above, hours(1));
}

TEST_F(AtOnce, ALiveSessionCountsToThePeriodsEnd) {
  policy().most = 1;
  add(0, 1).ended_at = {};
  add(2, 3).ended_at = {};
  EXPECT_EQ(reality().limits[0].above, facts_.period.to - at("2026-11-10T11:00:00Z"));
}

TEST_F(AtOnce, WhatThePolicyCountsApartIsCountedApart) {
  policy().most = 1;
  policy().per = model::Per::Application;
  add(0, 4);
  add(1, 3).application = "erp";
  EXPECT_EQ(reality().limits[0].over, 0U);
  EXPECT_EQ(reality().limits[0].counted, 2U);
  add(2, 3).application = "erp";
  ASSERT_EQ(reality().peaks.size(), 1U);
  EXPECT_EQ(reality().peaks[0].at_what, "erp");
  policy().per = model::Per::Device;
  for (model::SessionRow& row : rows_) row.device = model::Ref{77};
  EXPECT_EQ(reality().limits[0].most, 3U);
  EXPECT_EQ(reality().peaks[0].device, model::Ref{77});
  EXPECT_FALSE(reality().peaks[0].subject);
}

TEST_F(AtOnce, WhomThePolicyIsNotForIsNotCounted) {
  policy().scope.groups = {"clerks"};
  Memberships who;
  who.tell("clerks", facts_.period.from, {model::Ref{1}});
  facts_.memberships.emplace("hq/one", who);
  add(0, 4);
  add(0, 4, 2);
  EXPECT_EQ(reality().limits[0].counted, 1U);
}

TEST_F(AtOnce, WithoutALimitPeopleAreCountedAndNobodyIsAbove) {
  facts_.versions[0].set.policies.clear();
  add(0, 4);
  add(1, 3);
  add(0, 1).account_type = model::AccountType::Service;
  const ConcurrencyReality got = reality();
  ASSERT_EQ(got.limits.size(), 1U);
  EXPECT_EQ(got.limits[0].policy, "");
  EXPECT_EQ(got.limits[0].most, 2U);
  EXPECT_EQ(got.limits[0].over, 0U);
  EXPECT_TRUE(got.peaks.empty());
}

TEST_F(AtOnce, TheBoundIsSaid) {
  add(0, 4);
  add(1, 3);
  EXPECT_FALSE(reality().cut);
  EXPECT_TRUE(reality(1).cut);
}

// Against minute by minute counting.
TEST_F(AtOnce, AgreesWithCountingEachMinute) {
  std::uint64_t seed = 20261110;
  const auto next = [&](std::uint64_t below) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (seed >> 33) % below;
  };
  policy().most = 3;
  for (int i = 0; i < 300; ++i) {
    const int from = static_cast<int>(next(600));
    model::SessionRow& row = add(0, 0, 1 + next(5));
    row.started_at += minutes(from);
    row.ended_at = row.started_at + minutes(1 + next(60));
  }
  Duration above{0};
  std::uint32_t most = 0;
  for (std::uint64_t person = 1; person <= 5; ++person) {
    for (int minute = 0; minute < 700; ++minute) {
      const Time now = at("2026-11-10T09:00:00Z") + minutes(minute);
      std::uint32_t count = 0;
      for (const model::SessionRow& row : rows_)
        count += row.subject.bits == person && row.started_at <= now && now < row.ended_at ? 1U : 0U;
      most = std::max(most, count);
      if (count > 3) above += minutes(1);
    }
  }
  EXPECT_GT(above, Duration{0});
  EXPECT_EQ(reality().limits[0].above, above);
  EXPECT_EQ(reality().limits[0].most, most);
}

}  // namespace
}  // namespace curfew::report
