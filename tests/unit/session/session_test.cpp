#include "core/session/session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/session/session_table.hpp"

namespace curfew::session {
namespace {

using model::ObservationType;

model::Facts facts(ObservationType type, int second) {
  model::Facts facts;
  facts.type = type;
  facts.occurred_at = Time{std::chrono::seconds(1'000'000 + second)};
  return facts;
}

TEST(Session, IsTheSameInWhateverOrderItsObservationsCome) {
  std::vector<model::Facts> told{facts(ObservationType::SignIn, 10), facts(ObservationType::Activity, 20),
                                 facts(ObservationType::Locked, 30), facts(ObservationType::Unlocked, 40),
                                 facts(ObservationType::SignOut, 50)};
  std::vector<int> order{0, 1, 2, 3, 4};
  do {
    Session session;
    for (const int i : order) (void)take(session, told[static_cast<std::size_t>(i)]);
    EXPECT_EQ(session.started_at, told[0].occurred_at);
    EXPECT_TRUE(session.start_seen);
    EXPECT_EQ(session.last_person_at, told[3].occurred_at);
    EXPECT_EQ(session.state, model::SessionState::Ended);
    EXPECT_EQ(session.ended_at, told[4].occurred_at);
    EXPECT_EQ(session.end_reason, model::EndReason::SignedOut);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Session, AStatedEndIsNotTakenBackByActivity) {
  Session session;
  (void)take(session, facts(ObservationType::SignIn, 1));
  (void)take(session, facts(ObservationType::SignOut, 2));
  const Change change = take(session, facts(ObservationType::Activity, 3));
  EXPECT_TRUE(change.after_end);
  EXPECT_FALSE(change.reopened);
  EXPECT_FALSE(session.lives());
}

struct Told {
  const char* name;
  std::vector<model::Facts> what;
  bool lives;
  model::EndReason reason;
  model::Certainty certainty;
  int ended;
};

model::Facts end(int second, model::EndReason reason, model::Certainty certainty) {
  model::Facts end = facts(ObservationType::SignOut, second);
  end.end_reason = reason;
  end.end_certainty = certainty;
  return end;
}

TEST(Session, AnInferredEndIsBelievedUntilSomethingSaysOtherwiseInWhateverOrderItIsTold) {
  using model::Certainty;
  using model::EndReason;
  const auto reboot = end(20, EndReason::Reboot, Certainty::Inferred);
  const auto later_reboot = end(25, EndReason::Reboot, Certainty::Inferred);
  const auto vanished = end(15, EndReason::Vanished, Certainty::Inferred);
  const auto stated = end(40, EndReason::SignedOut, Certainty::Stated);
  const auto sign_in = facts(ObservationType::SignIn, 10);
  const std::vector<Told> cases{
      {"alone", {sign_in, reboot}, false, EndReason::Reboot, Certainty::Inferred, 20},
      {"activity later",
       {sign_in, reboot, facts(ObservationType::Activity, 30)},
       true,
       EndReason::Unknown,
       Certainty::Inferred,
       0},
      {"activity then",
       {sign_in, reboot, facts(ObservationType::Activity, 20)},
       false,
       EndReason::Reboot,
       Certainty::Inferred,
       20},
      {"a statement", {sign_in, reboot, stated}, false, EndReason::SignedOut, Certainty::Stated, 40},
      {"a boot knows more", {sign_in, vanished, reboot}, false, EndReason::Reboot, Certainty::Inferred, 20},
      {"the earlier one", {sign_in, later_reboot, reboot}, false, EndReason::Reboot, Certainty::Inferred, 20},
      {"unseen before", {reboot}, false, EndReason::Reboot, Certainty::Inferred, 20}};
  for (const Told& one : cases) {
    std::vector<std::size_t> order(one.what.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    do {
      Session session;
      for (const std::size_t i : order) EXPECT_FALSE(take(session, one.what[i]).after_end) << one.name;
      EXPECT_EQ(session.lives(), one.lives) << one.name;
      EXPECT_EQ(session.end_reason, one.reason) << one.name;
      if (one.lives) continue;
      EXPECT_EQ(session.end_certainty, one.certainty) << one.name;
      EXPECT_EQ(session.ended_at, facts(ObservationType::SignOut, one.ended).occurred_at) << one.name;
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST(SessionTable, ForgetsADroppedSessionAndReusesItsPlace) {
  SessionTable table;
  const model::Symbol source{1};
  model::SessionDigest digest;
  std::vector<Slot> slots;
  for (std::uint8_t i = 0; i < 200; ++i) {
    digest.bytes[0] = i;
    slots.push_back(table.add(source, digest));
  }
  digest.bytes[0] = 7;
  EXPECT_EQ(table.find(source, digest), slots[7]);
  EXPECT_EQ(table.at(slots[7]).number, 8U);
  table.drop(slots[7]);
  EXPECT_EQ(table.find(source, digest), no_slot);
  EXPECT_EQ(table.find(model::SessionNumber{8}), no_slot);
  const Slot again = table.add(source, digest);
  EXPECT_EQ(again, slots[7]);
  EXPECT_EQ(table.at(again).number, 201U);
}

}  // namespace
}  // namespace curfew::session
