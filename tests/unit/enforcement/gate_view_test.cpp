#include "core/enforcement/gate_view.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace curfew::enforcement {
namespace {

using model::ActivityClass;
using model::GateEntry;
using model::Refusal;
using model::SessionDigest;
using model::Standing;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time day{Duration{1'700'000'000'000'000}};
Time at(std::int64_t second) { return day + seconds(second); }

SessionDigest session(std::uint32_t number) {
  SessionDigest digest;
  for (std::size_t i = 0; i < 4; ++i)
    digest.bytes[i] = digest.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  digest.bytes[5] = 1;
  return digest;
}

GateEntry live(std::uint32_t number) {
  GateEntry entry;
  entry.source = "crm";
  entry.session = session(number);
  entry.last_person_at = at(0);
  return entry;
}
GateEntry idle(std::uint32_t number, Duration limit, Duration warning = Duration{0}) {
  GateEntry entry = live(number);
  entry.idle_limit = limit;
  entry.idle_warning = warning;
  return entry;
}
GateEntry refused(std::uint32_t number, Refusal why) {
  GateEntry entry = live(number);
  entry.standing = Standing::Refused;
  entry.refusal = why;
  return entry;
}

struct View {
  GateView view{{"crm"}};
  void apply(const GateEntry& entry) { view.apply({&entry, 1}); }
  Decision person(std::uint32_t number, std::int64_t second) {
    return view.decide("crm", session(number), at(second), ActivityClass::Person);
  }
  Decision machine(std::uint32_t number, std::int64_t second) {
    return view.decide("crm", session(number), at(second), ActivityClass::Machine);
  }
  std::vector<GateActivity> taken;
  Time take(std::int64_t second) {
    taken.clear();
    return view.take_activity(at(second), seconds(10), taken);
  }
};

TEST(GateView, ASessionWithoutAnEntryIsUnknown) {
  View v;
  EXPECT_EQ(v.person(1, 0).verdict, GateVerdict::Unknown);
  v.apply(live(1));
  EXPECT_EQ(v.person(1, 0).verdict, GateVerdict::Pass);
  EXPECT_EQ(v.view.decide("other", session(1), at(0), ActivityClass::Person).verdict, GateVerdict::Unknown);
}

TEST(GateView, EntriesOfSourcesThatItDoesNotGuardAreLeftOut) {
  View v;
  GateEntry entry = live(1);
  entry.source = "erp";
  v.apply(entry);
  EXPECT_EQ(v.view.counts().live, 0U);
}

TEST(GateView, ARefusedSessionPassesOnlyWhenAnEntrySaysSo) {
  View v;
  v.apply(live(1));
  v.apply(refused(1, Refusal::TooManySessions));
  EXPECT_EQ(v.person(1, 1).verdict, GateVerdict::Refuse);
  EXPECT_EQ(v.person(1, 2).refusal, Refusal::TooManySessions);
  EXPECT_TRUE(v.view.refuses("crm", session(1)));
  EXPECT_EQ(v.view.counts().refused, 1U);
  v.apply(live(1));
  EXPECT_EQ(v.person(1, 3).verdict, GateVerdict::Pass);
  EXPECT_EQ(v.view.counts().refused, 0U);
}

TEST(GateView, AForgottenSessionIsUnknown) {
  View v;
  v.apply(refused(1, Refusal::SignedOut));
  GateEntry gone = live(1);
  gone.standing = Standing::Forgotten;
  v.apply(gone);
  v.apply(gone);
  EXPECT_EQ(v.person(1, 0).verdict, GateVerdict::Unknown);
  EXPECT_EQ(v.view.counts().live, 0U);
  EXPECT_EQ(v.view.counts().refused, 0U);
}

TEST(GateView, AnAbsoluteLimitRefusesByItself) {
  View v;
  GateEntry entry = live(1);
  entry.refuse_at = at(100);
  entry.warn_at = at(70);
  v.apply(entry);
  EXPECT_EQ(v.person(1, 69).verdict, GateVerdict::Pass);
  const Decision warned = v.person(1, 80);
  EXPECT_EQ(warned.verdict, GateVerdict::Warn);
  EXPECT_EQ(warned.seconds_left, 20);
  EXPECT_EQ(v.person(1, 100).verdict, GateVerdict::Refuse);
  EXPECT_EQ(v.person(1, 101).refusal, Refusal::SessionTimeout);
}

TEST(GateView, ItsOwnRequestsOfAPersonMoveTheIdleLimit) {
  View v;
  v.apply(idle(1, seconds(60)));
  EXPECT_EQ(v.person(1, 59).verdict, GateVerdict::Pass);
  EXPECT_EQ(v.person(1, 118).verdict, GateVerdict::Pass);
  EXPECT_EQ(v.person(1, 178).verdict, GateVerdict::Refuse);
  EXPECT_EQ(v.person(1, 179).refusal, Refusal::IdleTimeout);
}

TEST(GateView, MachinesDoNotKeepASessionFromBeingIdle) {
  View v;
  v.apply(idle(1, seconds(60), seconds(20)));
  EXPECT_EQ(v.machine(1, 39).verdict, GateVerdict::Pass);
  const Decision warned = v.machine(1, 50);
  EXPECT_EQ(warned.verdict, GateVerdict::Warn);
  EXPECT_EQ(warned.seconds_left, 10);
  EXPECT_EQ(v.machine(1, 60).refusal, Refusal::IdleTimeout);
}

TEST(GateView, TheNearestWarningCounts) {
  View v;
  GateEntry entry = idle(1, seconds(60), seconds(30));
  entry.refuse_at = at(45);
  entry.warn_at = at(5);
  v.apply(entry);
  EXPECT_EQ(v.view.look("crm", session(1), at(40)).seconds_left, 5);
}

TEST(GateView, LookingIsNoActivity) {
  View v;
  v.apply(idle(1, seconds(60)));
  EXPECT_EQ(v.view.look("crm", session(1), at(59)).verdict, GateVerdict::Pass);
  EXPECT_EQ(v.view.look("crm", session(1), at(60)).verdict, GateVerdict::Refuse);
  v.take(70);
  EXPECT_TRUE(v.taken.empty());
}

TEST(GateView, WhatADeadlineRefusedStaysRefusedUntilAnEntryLeavesItTime) {
  View v;
  v.apply(idle(1, seconds(60)));
  EXPECT_EQ(v.person(1, 61).verdict, GateVerdict::Refuse);
  // Its own request did not count, nor does a clock that was set back.
  EXPECT_EQ(v.person(1, 10).verdict, GateVerdict::Refuse);
  v.apply(idle(1, seconds(60)));  // says nothing new
  EXPECT_EQ(v.person(1, 62).verdict, GateVerdict::Refuse);
  GateEntry later = idle(1, seconds(60));
  later.last_person_at = at(30);  // another source had seen the person
  v.apply(later);
  EXPECT_EQ(v.person(1, 63).verdict, GateVerdict::Pass);
}

TEST(GateView, AnEntryWithAnOlderLastActivityDoesNotTakeItsOwnBack) {
  View v;
  v.apply(idle(1, seconds(60)));
  EXPECT_EQ(v.person(1, 50).verdict, GateVerdict::Pass);
  v.apply(idle(1, seconds(60)));
  EXPECT_EQ(v.person(1, 100).verdict, GateVerdict::Pass);
}

TEST(GateView, DeadlinesRestWhileTheClockIsNotTrusted) {
  View v;
  v.apply(idle(1, seconds(60)));
  EXPECT_EQ(v.view.decide("crm", session(1), at(90'000), ActivityClass::Machine, false).verdict,
            GateVerdict::Pass);
  v.apply(refused(2, Refusal::Administrator));
  EXPECT_EQ(v.view.decide("crm", session(2), at(90'000), ActivityClass::Machine, false).verdict,
            GateVerdict::Refuse);
}

TEST(GateView, ActivityIsHandedOutOnceInAQuantumWithItsCount) {
  View v;
  v.apply(live(1));
  v.person(1, 1);
  EXPECT_EQ(v.take(2), at(2));
  ASSERT_EQ(v.taken.size(), 1U);
  EXPECT_EQ(v.taken[0].count, 1U);
  EXPECT_EQ(v.taken[0].last_at, at(1));
  for (int second = 3; second <= 6; ++second) v.person(1, second);
  // Held back, so nothing after the first of them is complete.
  EXPECT_EQ(v.take(7), at(3) - Duration(1));
  EXPECT_TRUE(v.taken.empty());
  EXPECT_EQ(v.take(12), at(12));
  ASSERT_EQ(v.taken.size(), 1U);
  EXPECT_EQ(v.taken[0].count, 4U);
  EXPECT_EQ(v.taken[0].last_at, at(6));
  EXPECT_EQ(v.take(40), at(40));
  EXPECT_TRUE(v.taken.empty());
  EXPECT_EQ(v.view.counts().active, 0U);
}

TEST(GateView, PersonAndMachineAreHandedOutApart) {
  View v;
  v.apply(live(1));
  v.person(1, 1);
  v.machine(1, 2);
  v.machine(1, 3);
  v.take(4);
  ASSERT_EQ(v.taken.size(), 2U);
  EXPECT_EQ(v.taken[0].activity_class, ActivityClass::Person);
  EXPECT_EQ(v.taken[0].count, 1U);
  EXPECT_EQ(v.taken[1].activity_class, ActivityClass::Machine);
  EXPECT_EQ(v.taken[1].count, 2U);
}

TEST(GateView, WhatAnEntryRefusedIsHandedOutAsRefused) {
  View v;
  v.apply(refused(1, Refusal::Administrator));
  v.person(1, 1);
  v.take(2);
  ASSERT_EQ(v.taken.size(), 1U);
  EXPECT_TRUE(v.taken[0].refused);
}

TEST(GateView, ClientsThatPresentARefusedSessionAreToldApart) {
  View v;
  v.apply(refused(1, Refusal::SignedOut));
  const auto present = [&](const std::string& address, const char* user_agent, int second) {
    return v.view.decide("crm", session(1), at(second), ActivityClass::Person, true, {address, user_agent});
  };
  EXPECT_EQ(present("192.0.2.1", "old browser", 1).verdict, GateVerdict::Refuse);
  present("192.0.2.1", "old browser", 2);
  present("192.0.2.9", "curl", 2);
  v.take(3);
  ASSERT_EQ(v.taken.size(), 2U);
  if (v.taken[0].user_agent == "curl") std::swap(v.taken[0], v.taken[1]);
  EXPECT_EQ(v.taken[0].count, 2U);
  EXPECT_EQ(v.taken[0].address, "192.0.2.1");
  EXPECT_EQ(v.taken[1].count, 1U);
  EXPECT_EQ(v.taken[1].user_agent, "curl");
  for (const GateActivity& activity : v.taken) EXPECT_TRUE(activity.refused);
  // A crowd of them takes no more memory, and none is left uncounted.
  for (int i = 0; i < 5'000; ++i) present("10.0.0." + std::to_string(i), "curl", 20);
  v.take(21);
  EXPECT_LE(v.taken.size(), 1'100U);
  std::uint64_t counted = 0;
  for (const GateActivity& activity : v.taken) counted += activity.count;
  EXPECT_EQ(counted, 5'000U);
}

TEST(GateView, WhatADeadlineRefusedIsNoActivity) {
  View v;
  v.apply(idle(1, seconds(60)));
  v.person(1, 61);
  v.take(62);
  EXPECT_TRUE(v.taken.empty());
}

TEST(GateView, ActivityNotedAfterTheSweepCountsAsLaterThanIt) {
  View v;
  v.apply(live(1));
  const Time complete = v.take(10);
  v.person(1, 9);  // its time was read before
  v.take(11);
  ASSERT_EQ(v.taken.size(), 1U);
  EXPECT_GT(v.taken[0].last_at, complete);
}

TEST(GateView, NothingIsLostOrCountedTwiceByManyThreads) {
  View v;
  constexpr std::uint32_t sessions = 64;
  constexpr int rounds = 2'000;
  for (std::uint32_t i = 0; i < sessions; ++i) v.apply(live(i + 1));
  std::atomic<int> running{4};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) v.person(static_cast<std::uint32_t>(i) % sessions + 1, i / 10);
      --running;
    });
  }
  std::uint64_t counted = 0;
  std::int64_t second = 0;
  const auto sweep = [&] {
    v.take(second += 10);
    for (const GateActivity& activity : v.taken) counted += activity.count;
  };
  while (running > 0) {
    sweep();
    v.apply(live(static_cast<std::uint32_t>(second) % sessions + 1));
  }
  for (std::thread& thread : threads) thread.join();
  sweep();
  sweep();
  EXPECT_EQ(counted, 4U * rounds);
}

}  // namespace
}  // namespace curfew::enforcement
