// How long sessions went without activity and without fresh credentials.
#include "core/report/session_tracks.hpp"

#include <gtest/gtest.h>

#include "compliance_sample.hpp"

namespace curfew::report {
namespace {

using model::ObservationType;
using std::chrono::hours;
using std::chrono::minutes;

class SessionTracking : public testing::Test {
 protected:
  void see(ObservationType type, Duration after, bool fresh = false,
           model::ActivityClass by = model::ActivityClass::Person) {
    model::Facts facts;
    facts.type = type;
    facts.activity_class = by;
    facts.fresh_credentials = fresh;
    facts.session.bytes[0] = 1;
    facts.occurred_at = start_ + after;
    tracks_.see("crm", facts, {1, ++sequence_});
  }
  const SessionTrack* track() const {
    model::SessionDigest digest;
    digest.bytes[0] = 1;
    return tracks_.find("crm", digest);
  }
  Duration idle() const { return track() == nullptr ? Duration{0} : track()->idle; }

  SessionTracks tracks_{minutes(15), hours(12), 2};
  Time start_ = at("2026-11-10T09:00:00Z");
  std::uint64_t sequence_ = 0;
};

TEST_F(SessionTracking, TheLongestBreakThatSomebodyWentOnAfterIsKeptWithItsPlace) {
  see(ObservationType::SignIn, minutes(0), true);
  see(ObservationType::Activity, minutes(5));
  see(ObservationType::Activity, minutes(45));
  see(ObservationType::Activity, minutes(50));
  EXPECT_EQ(idle(), minutes(40));
  EXPECT_EQ(track()->idle_from, start_ + minutes(5));
  EXPECT_EQ(track()->place, (Place{1, 3}));
}

TEST_F(SessionTracking, WhoAuthenticatesAfterABreakKeepsTheRule) {
  see(ObservationType::SignIn, minutes(0), true);
  see(ObservationType::Unlocked, minutes(60));
  see(ObservationType::Reauthenticated, minutes(120));
  see(ObservationType::Activity, minutes(180), true);
  EXPECT_EQ(idle(), Duration{0});
  see(ObservationType::Reconnected, minutes(240));
  EXPECT_EQ(idle(), minutes(60)) << "a connection that comes back asks for nothing by itself";
}

TEST_F(SessionTracking, MachinesAreNoPersons) {
  see(ObservationType::SignIn, minutes(0), true);
  for (int minute = 1; minute < 60; ++minute) {
    see(ObservationType::Activity, minutes(minute), false, model::ActivityClass::Machine);
    see(ObservationType::TokenRefreshed, minutes(minute));
  }
  see(ObservationType::Activity, minutes(60));
  EXPECT_EQ(idle(), minutes(60));
}

TEST_F(SessionTracking, ARecordThatComesLateIntoABreakMakesItDoubtful) {
  see(ObservationType::SignIn, minutes(0), true);
  see(ObservationType::Activity, minutes(40));
  EXPECT_FALSE(track()->late);
  see(ObservationType::Activity, minutes(20));
  EXPECT_TRUE(track()->late);
}

TEST_F(SessionTracking, TimesBetweenFreshCredentialsAreMeasured) {
  see(ObservationType::SignIn, hours(0), true);
  see(ObservationType::Reauthenticated, hours(14));
  see(ObservationType::Reauthenticated, hours(16));
  EXPECT_EQ(track()->stale, hours(14));
  EXPECT_EQ(track()->last_fresh_at, start_ + hours(16));
  see(ObservationType::Reauthenticated, hours(7));
  EXPECT_EQ(track()->stale, Duration{0}) << "it was fresh in between after all";
}

TEST_F(SessionTracking, WhatEndedAndStoodOutByNothingIsForgotten) {
  see(ObservationType::SignIn, minutes(0), true);
  see(ObservationType::Activity, minutes(5));
  see(ObservationType::SignOut, minutes(6));
  EXPECT_EQ(track(), nullptr);
  see(ObservationType::SignIn, minutes(10), true);
  see(ObservationType::Activity, minutes(50));
  see(ObservationType::SignOut, minutes(51));
  EXPECT_EQ(idle(), minutes(40));
}

TEST_F(SessionTracking, PastTheBoundItSaysSo) {
  model::Facts facts;
  facts.type = ObservationType::SignIn;
  facts.occurred_at = start_;
  for (std::uint8_t session = 1; session <= 3; ++session) {
    EXPECT_FALSE(tracks_.cut());
    facts.session.bytes[0] = session;
    tracks_.see("crm", facts, {1, session});
  }
  EXPECT_TRUE(tracks_.cut());
  EXPECT_EQ(tracks_.size(), 2U);
}

}  // namespace
}  // namespace curfew::report
