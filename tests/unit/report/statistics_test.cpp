#include "core/report/statistics.hpp"

#include <gtest/gtest.h>

namespace curfew::report {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Time noon = base::parse_rfc3339("2026-11-20T12:00:00Z").value();

model::SessionRow session(model::SessionNumber number, Time start, Time end) {
  model::SessionRow row;
  row.number = number;
  row.source = "crm-forms";
  row.subject = model::Ref{number};
  row.started_at = start;
  row.ended_at = end;
  if (end != Time{}) row.state = model::SessionState::Ended;
  return row;
}

SessionStatistics of(const std::vector<model::SessionRow>& rows, Time until) {
  SessionStatistics statistics;
  for (const auto& row : rows) statistics.add(row);
  statistics.finish(until);
  return statistics;
}

TEST(SessionStatistics, ASessionThatReplacesAnotherWasNeverBesideIt) {
  const auto statistics =
      of({session(1, noon, noon + hours(1)), session(2, noon + hours(1), noon + hours(2))}, noon + hours(2));
  EXPECT_EQ(statistics.most_at_once().sessions, 1U);
}

TEST(SessionStatistics, CountsWhoLivedAtOnce) {
  const auto statistics = of({session(1, noon, noon + hours(3)), session(2, noon + hours(1), noon + hours(2)),
                              session(3, noon + minutes(90), noon + hours(4))},
                             noon + hours(4));
  EXPECT_EQ(statistics.most_at_once().sessions, 3U);
  EXPECT_EQ(statistics.most_at_once().at, noon + minutes(90));
}

TEST(SessionStatistics, ASessionWithoutLengthIsCountedAndBesideNobody) {
  const auto statistics = of({session(1, noon, noon), session(2, noon, noon - minutes(1))}, noon + hours(1));
  EXPECT_EQ(statistics.total(), 2U);
  EXPECT_EQ(statistics.most_at_once().sessions, 0U);
  std::uint64_t starts = 0;
  for (const auto& level : statistics.levels(96)) {
    starts += level.starts;
    EXPECT_EQ(level.most, 0U);
  }
  EXPECT_EQ(starts, 2U);
}

TEST(SessionStatistics, AnOpenSessionLivesUntilTheEnd) {
  const auto statistics = of({session(1, noon, Time{})}, noon + hours(5));
  EXPECT_EQ(statistics.live(), 1U);
  EXPECT_EQ(statistics.levels(96).back().most, 1U);
}

TEST(SessionStatistics, TheLongestComeFirstOpenOnesAmongThem) {
  std::vector<model::SessionRow> rows;
  for (model::SessionNumber n = 1; n <= 100; ++n)
    rows.push_back(session(n, noon, noon + minutes(static_cast<int>(n))));
  rows.push_back(session(101, noon - hours(1), Time{}));
  const auto statistics = of(rows, noon + hours(2));
  const auto& longest = statistics.longest();
  ASSERT_EQ(longest.size(), SessionStatistics::most_longest);
  EXPECT_EQ(longest[0].number, 101U);
  for (std::size_t i = 1; i < longest.size(); ++i) EXPECT_EQ(longest[i].number, 101 - i);
}

TEST(SessionStatistics, StepsAreFewWhateverTheSpan) {
  for (const Duration span : {Duration{0}, Duration(minutes(1)), Duration(hours(30)),
                              Duration(hours(24 * 400)), Duration(hours(24 * 365 * 200))}) {
    const auto statistics = of({session(1, noon, noon + span)}, noon + span);
    const auto levels = statistics.levels(96);
    EXPECT_GE(levels.size(), 1U) << span.count();
    EXPECT_LE(levels.size(), 97U) << span.count();
    EXPECT_LE(levels.front().from, noon);
    EXPECT_GT(levels.back().from + statistics.step(96), noon + span);
  }
}

TEST(SessionStatistics, WithoutSessionsThereIsNothing) {
  const auto statistics = of({}, Time{});
  EXPECT_EQ(statistics.total(), 0U);
  EXPECT_TRUE(statistics.levels(96).empty());
  EXPECT_TRUE(statistics.longest().empty());
}

TEST(FailureStatistics, TheMostFrequentComeFirst) {
  FailureStatistics failures;
  failures.add(model::Ref{1}, "a", "bad_password", noon);
  failures.add(model::Ref{2}, "a", "bad_password", noon, 5);
  failures.add(model::Ref{2}, "a", "", noon - hours(1));
  const auto top = failures.top(10);
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].subject, model::Ref{2});
  EXPECT_EQ(top[0].count, 6U);
  EXPECT_EQ(top[0].first_at, noon - hours(1));
  EXPECT_EQ(top[0].failures.at("unspecified"), 1U);
  EXPECT_EQ(failures.total(), 7U);
}

TEST(FailureStatistics, PastTheBoundOthersAreCountedTogether) {
  FailureStatistics failures;
  for (std::uint64_t n = 1; n <= FailureStatistics::most_subjects + 50; ++n) {
    failures.add(model::Ref{n}, "a", "no_such_account", noon);
  }
  EXPECT_EQ(failures.total(), FailureStatistics::most_subjects + 50);
  EXPECT_EQ(failures.top(1).front().count, 50U);
  EXPECT_FALSE(failures.top(1).front().subject);
}

}  // namespace
}  // namespace curfew::report
