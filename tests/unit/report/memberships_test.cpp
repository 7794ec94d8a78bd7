// Who was in which group when: what is sure, what may be, and what nobody told.
#include "core/report/memberships.hpp"

#include <gtest/gtest.h>

#include "compliance_sample.hpp"
#include "core/report/session_judgement.hpp"

namespace curfew::report {
namespace {

using model::Ref;
using std::chrono::hours;
using std::chrono::minutes;

const Ref alice{1}, alice_sid{2}, bob{3};

model::Policy for_groups(std::vector<std::string> groups, std::vector<std::string> except = {}) {
  model::Policy policy;
  policy.scope.groups = std::move(groups);
  policy.except.groups = std::move(except);
  return policy;
}

class Told : public testing::Test {
 protected:
  Time day_ = at("2026-11-10T00:00:00Z");
  Time from_ = day_ + hours(9);
  Time to_ = day_ + hours(17);
  Memberships who_{at("2026-11-01T00:00:00Z")};

  Cover cover(const model::Policy& policy, Ref subject) const {
    const Applies applies = who_.applies(policy, subject, from_, to_);
    if (fill(applies.surely, from_, to_)) return Cover::Yes;
    return fill(applies.maybe, from_, to_) ? Cover::Unknown : Cover::No;
  }
};

TEST_F(Told, AMemberIsCoveredAndAnotherIsNot) {
  who_.tell("clerks", day_, {alice});
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::Yes);
  EXPECT_EQ(cover(for_groups({"clerks"}), bob), Cover::No);
  EXPECT_EQ(cover(for_groups({}, {"clerks"}), alice), Cover::No) << "exempt";
  EXPECT_EQ(cover(for_groups({}, {"clerks"}), bob), Cover::Yes);
  EXPECT_EQ(cover(for_groups({"clerks"}), Ref{}), Cover::No) << "nobody known is in no group";
}

TEST_F(Told, WhatNobodyToldIsUnknown) {
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::Unknown);
  EXPECT_EQ(cover(for_groups({}, {"clerks"}), alice), Cover::Unknown);
  who_.tell("clerks", day_ + hours(12), {alice});
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::Unknown) << "not before noon";
  const Applies applies = who_.applies(for_groups({"clerks"}), alice, from_, to_);
  EXPECT_EQ(applies.surely, (Spans{{day_ + hours(12), to_}}));
  EXPECT_EQ(cover(for_groups({"clerks", "managers"}), bob), Cover::Unknown) << "of one group nobody told";
}

TEST_F(Told, WhoLeavesIsCoveredUntilThen) {
  who_.tell("clerks", day_, {alice, bob});
  who_.tell("clerks", day_ + hours(12), {bob});
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::No);
  EXPECT_EQ(who_.applies(for_groups({"clerks"}), alice, from_, to_).surely,
            (Spans{{from_, day_ + hours(12)}}));
  EXPECT_EQ(cover(for_groups({"clerks"}), bob), Cover::Yes);
  EXPECT_EQ(who_.applies(for_groups({}, {"clerks"}), alice, from_, to_).surely,
            (Spans{{day_ + hours(12), to_}}));
}

TEST_F(Told, WhoGoesFromOneGroupToAnotherIsCoveredByBoth) {
  who_.tell("clerks", day_, {alice});
  who_.tell("managers", day_, {});
  who_.tell("managers", day_ + hours(12), {alice});
  who_.tell("clerks", day_ + hours(12), {});
  EXPECT_EQ(cover(for_groups({"clerks", "managers"}), alice), Cover::Yes);
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::No);
}

TEST_F(Told, AnyNameOfAPersonCountsOnceItIsLinked) {
  who_.tell("clerks", day_, {alice_sid});
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::No);
  who_.link(day_ + hours(1), alice, alice_sid);
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::Yes);
  who_.link(day_ + hours(12), alice, bob);
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::Unknown) << "who it was in the morning is not known";
  who_.split(day_ + hours(13), bob);
  EXPECT_EQ(cover(for_groups({"clerks"}), alice_sid), Cover::Unknown);
  to_ = day_ + hours(24);
  from_ = day_ + hours(14);
  EXPECT_EQ(cover(for_groups({"clerks"}), alice_sid), Cover::Yes) << "of its own since";
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::No);
}

TEST_F(Told, TheSignInThatShowsTwoNamesMakesTheLinkItself) {
  who_.tell("clerks", day_, {alice_sid});
  who_.link(from_ + minutes(1), alice, alice_sid);
  EXPECT_EQ(cover(for_groups({"clerks"}), alice), Cover::Yes);
}

TEST_F(Told, PeopleAreNamedByReference) {
  model::Policy policy;
  policy.scope.subjects = {"ref:" + model::to_text(alice)};
  EXPECT_EQ(cover(policy, alice), Cover::Yes);
  EXPECT_EQ(cover(policy, bob), Cover::No);
  policy.except.subjects = policy.scope.subjects;
  EXPECT_EQ(cover(policy, alice), Cover::No);
}

TEST_F(Told, BeyondTheBoundNothingIsKnown) {
  Memberships small({}, 2);
  small.tell("clerks", day_, {alice, alice_sid, bob});
  EXPECT_TRUE(small.cut());
  EXPECT_TRUE(small.applies(for_groups({"clerks"}), alice, from_, to_).surely.empty());
  EXPECT_TRUE(fill(small.applies(for_groups({"clerks"}), alice, from_, to_).maybe, from_, to_));
}

TEST_F(Told, WhatEndedBeforeThePeriodTakesNoRoom) {
  Memberships small(day_, 2);
  small.tell("clerks", day_ - hours(48), {alice, bob});
  small.tell("clerks", day_ - hours(24), {});
  small.tell("clerks", day_, {alice, bob});
  EXPECT_FALSE(small.cut());
}

TEST_F(Told, TheNewestListsNameGroups) {
  who_.tell("clerks", day_, {alice_sid, bob});
  who_.tell("managers", day_, {bob});
  who_.tell("managers", day_ + hours(1), {});
  who_.link(day_ + hours(1), alice, alice_sid);
  who_.settle();
  EXPECT_EQ(who_.groups_of(alice), std::vector<std::string>{"clerks"});
  EXPECT_EQ(who_.groups_of(bob), std::vector<std::string>{"clerks"});
  EXPECT_TRUE(who_.groups_of(Ref{9}).empty());
}

TEST(Spans, AreMergedCutAndTakenAway) {
  const auto t = [](int minute) { return Time{} + minutes(minute); };
  EXPECT_EQ(merged({{t(5), t(9)}, {t(1), t(3)}, {t(3), t(4)}, {t(7), t(8)}, {t(2), t(2)}}),
            (Spans{{t(1), t(4)}, {t(5), t(9)}}));
  EXPECT_EQ(both({{t(1), t(4)}, {t(6), t(9)}}, {{t(3), t(7)}}), (Spans{{t(3), t(4)}, {t(6), t(7)}}));
  EXPECT_EQ(without({t(1), t(9)}, {{t(0), t(2)}, {t(4), t(5)}, {t(8), t(12)}}),
            (Spans{{t(2), t(4)}, {t(5), t(8)}}));
  EXPECT_TRUE(fill({{t(0), t(9)}}, t(1), t(9)));
  EXPECT_FALSE(fill({{t(0), t(4)}, {t(5), t(9)}}, t(1), t(9)));
}

}  // namespace
}  // namespace curfew::report
