#include <gtest/gtest.h>

#include "core/policy/concurrency.hpp"
#include "core/policy/failures.hpp"

namespace curfew::policy {
namespace {

Time at(int second) { return Time{std::chrono::seconds(1'000'000 + second)}; }

TEST(Overlap, CountsWhoLivedAtTheStartOfTheNewest) {
  const std::vector<Interval> group{{1, 1, model::Ref{7}, at(0), at(5)},
                                    {2, 2, model::Ref{7}, at(1), Time{}},
                                    {3, 3, model::Ref{8}, at(2), Time{}},
                                    {4, 4, model::Ref{7}, at(5), Time{}},
                                    {5, 5, model::Ref{7}, at(6), Time{}}};
  const Overlap found = overlap(group, group[3]);
  EXPECT_EQ(found.sessions, (std::vector<model::SessionNumber>{2, 3, 4})) << "an end frees the place at once";
  EXPECT_EQ(found.count, 3U);
  EXPECT_EQ(found.of_same_identifier, 2U);
}

TEST(Failures, AreCountedInTheirWindowAndForgotten) {
  Failures failures;
  failures.add(model::Ref{7}, at(1), at(2), 2);
  failures.add(model::Ref{7}, at(5), at(5), 1);
  EXPECT_EQ(failures.count(model::Ref{7}, at(0), at(5)), 3U);
  EXPECT_EQ(failures.count(model::Ref{7}, at(2), at(5)), 1U);
  EXPECT_EQ(failures.count(model::Ref{8}, at(0), at(9)), 0U);
  failures.forget_before(at(3));
  EXPECT_EQ(failures.count(model::Ref{7}, at(0), at(5)), 1U);
}

}  // namespace
}  // namespace curfew::policy
