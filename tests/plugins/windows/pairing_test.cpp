#include "plugins/windows/pairing.hpp"

#include <gtest/gtest.h>

#include "tests/plugins/windows/event_maker.hpp"

namespace curfew::windows {
namespace {

using plugin::EndReason;
using plugin::Type;

TEST(Pairing, ALogonAndItsLogoffAreOneSession) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x100).logoff(at(600), "WS1", "alice", 2, 0x100).run();
  ASSERT_EQ(play.findings.size(), 2U);
  EXPECT_EQ(play.findings[0].type, Type::SignIn);
  EXPECT_EQ(play.findings[1].type, Type::SignOut);
  EXPECT_EQ(play.findings[1].at, at(600));
  EXPECT_EQ(play.findings[1].end_reason, EndReason::SignedOut);
  EXPECT_EQ(play.findings[0].session, play.findings[1].session);
  EXPECT_EQ(play.findings[0].account, "CORP\\alice");
  EXPECT_EQ(play.findings[0].application, "windows-console");
  EXPECT_EQ(play.findings[0].device, "WS1");
  EXPECT_TRUE(play.findings[0].fresh);
  EXPECT_EQ(play.live, 0U);
}

TEST(Pairing, WellKnownLogonIdsAreNoSessions) {
  Play play;
  play.logon(at(0), "WS1", "SYSTEM", 5, 0x3e7, {.sid = "S-1-5-18"}).logon(at(1), "WS1", "x", 2, 0x3e4).run();
  EXPECT_TRUE(play.findings.empty());
  EXPECT_EQ(play.sessions(), 0U);
}

TEST(Pairing, TwinsThatNameEachOtherAreOnePrivilegedSession) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x100, {.linked = 0x101, .elevated = true})
      .logon(at(0.001), "WS1", "alice", 2, 0x101, {.linked = 0x100})
      .sign_out(at(600), "WS1", "alice", 0x101)
      .logoff(at(601), "WS1", "alice", 2, 0x101)
      .logoff(at(602), "WS1", "alice", 2, 0x100)
      .run();
  EXPECT_EQ(play.sessions(), 1U);
  EXPECT_EQ(play.joined("uac_twin"), 1U);
  ASSERT_EQ(play.findings.size(), 2U) << "logoffs after the sign-out end nothing";
  EXPECT_TRUE(play.findings[0].privileged);
  EXPECT_EQ(play.findings[1].at, at(600));
}

TEST(Pairing, TheLimitedTwinMayComeFirst) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x101, {.linked = 0x100})
      .logon(at(0.001), "WS1", "alice", 2, 0x100, {.linked = 0x101, .elevated = true})
      .run();
  EXPECT_EQ(play.sessions(), 1U);
  ASSERT_EQ(play.of(Type::SignIn).size(), 1U);
  EXPECT_TRUE(play.of(Type::SignIn)[0].privileged);
}

// Before event version 2 nothing names the twin.
TEST(Pairing, OldTwinsAreToldByTheSecondAndByPrivileges) {
  Play play;
  play.logon(at(0), "WS1", "fsir", 2, 0x2610b, {.version = 0})
      .logon(at(0), "WS1", "fsir", 2, 0x26159, {.version = 0})
      .privileges(at(0), "WS1", "fsir", 0x2610b)
      .sign_out(at(900), "WS1", "fsir", 0x26159)
      .run();
  EXPECT_EQ(play.sessions(), 1U);
  EXPECT_EQ(play.joined("uac_twin"), 1U);
  ASSERT_EQ(play.findings.size(), 2U);
  EXPECT_TRUE(play.findings[0].privileged);
  EXPECT_EQ(play.findings[1].end_reason, EndReason::SignedOut);
}

TEST(Pairing, TwoOldLogonsWithoutPrivilegesAreTwoSessions) {
  Play play;
  play.logon(at(0), "WS1", "fsir", 2, 0x1, {.version = 0})
      .logon(at(0), "WS1", "fsir", 2, 0x2, {.version = 0})
      .run();
  EXPECT_EQ(play.sessions(), 2U);
}

TEST(Pairing, AnElevationLivesOnWhenItsUnusedTokenLogsOffAtOnce) {
  Play play;
  play.logon(at(0), "WS1", "admin", 2, 0x1, {.linked = 0x2, .elevated = true, .process = "CredPro "})
      .logon(at(0.001), "WS1", "admin", 2, 0x2, {.linked = 0x1, .process = "CredPro "})
      .logoff(at(0.003), "WS1", "admin", 2, 0x2)
      .logoff(at(120), "WS1", "admin", 2, 0x1)
      .run();
  ASSERT_EQ(play.findings.size(), 2U);
  EXPECT_EQ(play.findings[0].application, "windows-elevation");
  EXPECT_EQ(play.findings[1].at, at(120));
}

TEST(Pairing, OneLogoffEndsTwinsWhenItComesLate) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x1, {.linked = 0x2, .elevated = true})
      .logon(at(0.001), "WS1", "alice", 2, 0x2, {.linked = 0x1})
      .logoff(at(3600), "WS1", "alice", 2, 0x1)
      .run();
  ASSERT_EQ(play.of(Type::SignOut).size(), 1U);
  EXPECT_EQ(play.live, 0U);
}

TEST(Pairing, AnUnlockIsNoSignInAndItsLogoffNoSignOut) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x1)
      .add(at(100), "WS1", 4800, {{Field::TargetLogonId, "0x1"}, {Field::TargetUserName, "alice"}})
      .logon(at(200), "WS1", "alice", 7, 0x2)
      .logoff(at(200.01), "WS1", "alice", 7, 0x2)
      .add(at(200.02), "WS1", 4801, {{Field::TargetLogonId, "0x1"}, {Field::TargetUserName, "alice"}})
      .run();
  EXPECT_EQ(play.sessions(), 1U);
  EXPECT_EQ(play.joined("unlock"), 1U);
  EXPECT_EQ(play.of(Type::Locked).size(), 1U);
  EXPECT_GE(play.of(Type::Unlocked).size(), 1U);
  EXPECT_TRUE(play.of(Type::SignOut).empty());
  for (const Finding& finding : play.findings) EXPECT_EQ(finding.session, play.findings[0].session);
}

TEST(Pairing, AnUnlockOfASessionFromBeforeTheLogIsAccountedFor) {
  Play play;
  play.logon(at(0), "WS1", "alice", 7, 0x2).run();
  EXPECT_EQ(play.joined("unlock_of_unseen_session"), 1U);
  EXPECT_EQ(play.sessions(), 0U);
}

TEST(Pairing, RdpIsOneSessionWithItsNetworkLegItsDisconnectAndReconnect) {
  Play play;
  play.logon(at(0), "TS1", "dave", 3, 0x1, {.address = "10.0.0.9"})
      .logon(at(0.7), "TS1", "dave", 10, 0x2, {.address = "10.0.0.9"})
      .remote(at(1000), 4779, "TS1", "dave", 0x2, "10.0.0.9")
      .logon(at(2000), "TS1", "dave", 3, 0x3, {.address = "10.0.0.9"})
      .remote(at(2000.5), 4778, "TS1", "dave", 0x2, "10.0.0.9")
      .logon(at(2001), "TS1", "dave", 7, 0x4, {.address = "10.0.0.9"})
      .sign_out(at(3000), "TS1", "dave", 0x2)
      .run();
  EXPECT_EQ(play.sessions(), 1U);
  EXPECT_EQ(play.joined("rdp_network_leg"), 2U);
  EXPECT_EQ(play.joined("unlock"), 1U);
  ASSERT_EQ(play.of(Type::Reconnected).size(), 1U);
  EXPECT_EQ(play.of(Type::Reconnected)[0].device, "LAPTOP");
  EXPECT_EQ(play.of(Type::Disconnected).size(), 1U);
  EXPECT_EQ(play.of(Type::SignIn)[0].application, "windows-rdp");
}

TEST(Pairing, AReconnectWithoutItsLogonShowsTheSession) {
  Play play;
  play.remote(at(0), 4778, "TS1", "dave", 0x2, "10.0.0.9").sign_out(at(60), "TS1", "dave", 0x2).run();
  EXPECT_EQ(play.other("session_without_logon"), 1U);
  ASSERT_EQ(play.findings.size(), 2U);
  EXPECT_EQ(play.findings[0].session, play.findings[1].session);
}

TEST(Pairing, NetworkLogonsOfOneWindowAreOneSession) {
  Play play;
  for (int i = 0; i < 20; ++i) {
    const auto id = static_cast<std::uint64_t>(0x100 + i);
    play.logon(at(i * 30.0), "FS1", "alice", 3, id, {.address = "10.0.0.7"});
    if (i % 3 != 0) play.logoff(at(i * 30.0 + 10), "FS1", "alice", 3, id);
  }
  play.logon(at(2000), "FS1", "alice", 3, 0x900, {.address = "10.0.0.7"}).run();
  EXPECT_EQ(play.sessions(), 2U);
  EXPECT_EQ(play.joined("network_repeat"), 19U);
  ASSERT_EQ(play.of(Type::SignOut).size(), 1U);
  EXPECT_EQ(play.of(Type::SignOut)[0].end_reason, EndReason::Vanished) << "some logoffs never came";
  EXPECT_TRUE(play.of(Type::SignOut)[0].end_inferred);
}

TEST(Pairing, ANetworkSessionWhoseLogoffsAllCameSignedOut) {
  Play play;
  play.logon(at(0), "FS1", "alice", 3, 0x1, {.address = "10.0.0.7"})
      .logoff(at(20), "FS1", "alice", 3, 0x1)
      .logon(at(5000), "FS1", "bob", 3, 0x2, {.address = "10.0.0.8"})
      .run();
  ASSERT_EQ(play.of(Type::SignOut).size(), 1U);
  EXPECT_EQ(play.of(Type::SignOut)[0].end_reason, EndReason::SignedOut);
  EXPECT_FALSE(play.of(Type::SignOut)[0].end_inferred) << "each logon's logoff is in the records";
  EXPECT_EQ(play.of(Type::SignOut)[0].at, at(20)) << "the window's end is no sign of life";
}

struct Noise {
  const char* name;
  const char* sid;
  std::uint32_t type;
  const char* reason;
};
class PairingNoise : public testing::TestWithParam<Noise> {};
TEST_P(PairingNoise, IsLeftOutAndCounted) {
  Play play;
  play.logon(at(0), "WS1", GetParam().name, GetParam().type, 0x1, {.sid = GetParam().sid}).run();
  EXPECT_EQ(play.filtered(GetParam().reason), 1U);
  EXPECT_EQ(play.sessions(), 0U);
  EXPECT_TRUE(play.findings.empty());
}
INSTANTIATE_TEST_SUITE_P(Kinds, PairingNoise,
                         testing::Values(Noise{"ANONYMOUS LOGON", "S-1-5-7", 3, "anonymous"},
                                         Noise{"DWM-2", "S-1-5-90-0-2", 2, "desktop_service"},
                                         Noise{"UMFD-0", "S-1-5-96-0-0", 2, "desktop_service"},
                                         Noise{"DWM-7", "", 2, "desktop_service"},
                                         Noise{"WS1$", "S-1-5-18", 3, "computer_account"},
                                         Noise{"MSSQLSERVER", "S-1-5-80-1-2-3-4-5", 5, "service"},
                                         Noise{"backup", "S-1-5-21-1-2-3-1111", 5, "service"},
                                         Noise{"DefaultAppPool", "S-1-5-82-1", 4, "service"}));

TEST(Pairing, MachinesHaveSessionsWhenAskedFor) {
  Play play;
  PairingSettings settings;
  settings.keep_machines = true;
  play.logon(at(0), "DC1", "WS1$", 3, 0x1, {.address = "10.0.0.3"}).run(settings);
  ASSERT_EQ(play.findings.size(), 1U);
  EXPECT_EQ(play.findings[0].account_type, plugin::AccountType::Computer);
}

TEST(Pairing, ABootEndsWhatTheLastOneLeft) {
  Play play;
  play.add(at(0), "WS1", 4608, {})
      .logon(at(10), "WS1", "alice", 2, 0x1)
      .add(at(500), "WS1", 4648, {})
      .add(at(600), "WS1", 4672, {{Field::SubjectUserName, "alice"}, {Field::SubjectLogonId, "0x9"}})
      .add(at(9000), "WS1", 4608, {})
      .logon(at(9010), "WS1", "alice", 2, 0x1)
      .run();
  EXPECT_EQ(play.sessions(), 2U);
  ASSERT_EQ(play.of(Type::SignOut).size(), 1U);
  EXPECT_EQ(play.of(Type::SignOut)[0].end_reason, EndReason::Reboot);
  EXPECT_TRUE(play.of(Type::SignOut)[0].end_inferred) << "no record states it";
  EXPECT_EQ(play.of(Type::SignOut)[0].at, at(600)) << "the last record before the crash";
  const auto sign_ins = play.of(Type::SignIn);
  EXPECT_NE(sign_ins[0].session, sign_ins[1].session) << "logon ids come again after a boot";
}

TEST(Pairing, AnIdThatIsGivenTwiceMeansABootThatNobodyRecorded) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x1)
      .logoff(at(10), "WS1", "alice", 2, 0x1)
      .logon(at(9000), "WS1", "alice", 2, 0x1)
      .run();
  const auto sign_ins = play.of(Type::SignIn);
  ASSERT_EQ(sign_ins.size(), 2U);
  EXPECT_NE(sign_ins[0].session, sign_ins[1].session);
}

TEST(Pairing, AShutdownEndsSessionsWithoutLogoff) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x1).add(at(50), "WS1", 1100, {}).add(at(90), "WS1", 4608, {}).run();
  ASSERT_EQ(play.of(Type::SignOut).size(), 1U);
  EXPECT_EQ(play.of(Type::SignOut)[0].at, at(50));
  EXPECT_TRUE(play.of(Type::Gap).empty()) << "an orderly shutdown hides nothing";
}

TEST(Pairing, ASessionThatShowsItselfAfterAConcludedEndGoesOnUnderItsId) {
  Play play;
  play.add(at(0), "WS1", 4608, {}).logon(at(10), "WS1", "alice", 2, 0x1).add(at(50), "WS1", 1100, {});
  play.remote(at(300), 4779, "WS1", "alice", 0x1, "10.0.0.9").run();
  ASSERT_EQ(play.of(Type::SignOut).size(), 1U);
  EXPECT_TRUE(play.of(Type::SignOut)[0].end_inferred);
  ASSERT_EQ(play.of(Type::Disconnected).size(), 1U);
  EXPECT_EQ(play.of(Type::Disconnected)[0].session, play.of(Type::SignIn)[0].session);
}

TEST(Pairing, ALogServiceThatStopsWithoutABootIsAGap) {
  Play play;
  play.add(at(0), "WS1", 1100, {}).logon(at(300), "WS1", "alice", 2, 0x1).run();
  ASSERT_EQ(play.of(Type::Gap).size(), 1U);
  EXPECT_EQ(play.of(Type::Gap)[0].application, "log-service-stopped");
}

TEST(Pairing, AClearedLogIsAGap) {
  Play play;
  play.add(at(0), "WS1", 1102, {{Field::SubjectUserName, "mallory"}}).run();
  ASSERT_EQ(play.of(Type::Gap).size(), 1U);
  EXPECT_EQ(play.of(Type::Gap)[0].application, "log-cleared");
}

struct FailureCase {
  std::uint32_t event_id;
  const char* status;
  const char* sub_status;
  const char* failure;
};
class PairingFailures : public testing::TestWithParam<FailureCase> {};
TEST_P(PairingFailures, HaveStableCodes) {
  const FailureCase& one = GetParam();
  Play play;
  play.add(
          at(0), "DC1", one.event_id,
          {{Field::TargetUserName, "alice"}, {Field::Status, one.status}, {Field::SubStatus, one.sub_status}})
      .run();
  ASSERT_EQ(play.findings.size(), 1U);
  EXPECT_EQ(play.findings[0].type, Type::SignInFailed);
  EXPECT_EQ(play.findings[0].failure, one.failure);
}
INSTANTIATE_TEST_SUITE_P(Codes, PairingFailures,
                         testing::Values(FailureCase{4625, "0xc000006d", "0xc000006a", "bad_password"},
                                         FailureCase{4625, "0xC000006D", "0xC0000064", "no_such_user"},
                                         FailureCase{4625, "0xc0000234", "0x0", "locked_out"},
                                         FailureCase{4625, "0xc000006e", "0xc0000072", "disabled"},
                                         FailureCase{4625, "0xc0000bad", "0x0", "status_0xc0000bad"},
                                         FailureCase{4771, "0x18", "", "bad_password"},
                                         FailureCase{4771, "0x12", "", "disabled"},
                                         FailureCase{4768, "0x6", "", "no_such_user"},
                                         FailureCase{4776, "0xc000006a", "", "bad_password"},
                                         FailureCase{4740, "", "", "locked_out"}));

TEST(Pairing, OneAttemptIsToldOnceThoughTwoRecordsTellIt) {
  Play play;
  play.add(at(0), "FS1", 4776, {{Field::TargetUserName, "alice"}, {Field::Status, "0xc000006a"}})
      .add(
          at(0.01), "FS1", 4625,
          {{Field::TargetUserName, "alice"}, {Field::Status, "0xc000006d"}, {Field::SubStatus, "0xc000006a"}})
      .run();
  EXPECT_EQ(play.of(Type::SignInFailed).size(), 1U);
  EXPECT_EQ(play.other("same_attempt"), 1U);
}

TEST(Pairing, AGrantedTicketIsNoFailure) {
  Play play;
  play.add(at(0), "DC1", 4768, {{Field::TargetUserName, "alice"}, {Field::Status, "0x0"}}).run();
  EXPECT_TRUE(play.findings.empty());
}

TEST(Pairing, AccountChangesTellWhom) {
  const std::pair<std::uint32_t, Type> changes[] = {{4722, Type::AccountEnabled},
                                                    {4723, Type::CredentialChanged},
                                                    {4724, Type::CredentialChanged},
                                                    {4725, Type::AccountDisabled},
                                                    {4726, Type::AccountDisabled}};
  for (const auto& [id, type] : changes) {
    Play play;
    play.add(at(0), "DC1", id,
             {{Field::TargetUserName, "bob"},
              {Field::TargetDomainName, "CORP"},
              {Field::TargetSid, "S-1-5-21-9"}})
        .run();
    ASSERT_EQ(play.findings.size(), 1U) << id;
    EXPECT_EQ(play.findings[0].type, type) << id;
    EXPECT_EQ(play.findings[0].sid, "S-1-5-21-9");
    EXPECT_EQ(play.findings[0].account, "CORP\\bob");
  }
}

TEST(Pairing, LogonIdsOfTwoComputersAreTwoSessions) {
  Play play;
  play.logon(at(0), "WS1", "alice", 2, 0x1)
      .logon(at(1), "WS2", "bob", 2, 0x1)
      .logoff(at(100), "ws1", "alice", 2, 0x1)
      .run();
  ASSERT_EQ(play.of(Type::SignOut).size(), 1U);
  EXPECT_EQ(play.of(Type::SignOut)[0].account, "CORP\\alice") << "a computer's name may change its case";
  EXPECT_EQ(play.live, 1U);
}

TEST(Pairing, RecordsOutOfOrderWithinTheWaitAreJudgedInOrder) {
  Play play;
  play.logoff(at(2), "WS1", "alice", 2, 0x1).logon(at(0), "WS1", "alice", 2, 0x1).run();
  ASSERT_EQ(play.findings.size(), 2U);
  EXPECT_EQ(play.findings[0].type, Type::SignIn);
}

TEST(Pairing, WhatLivesSurvivesARestart) {
  struct Sink final : PairingSink {
    void found(Finding&& finding) override { findings.push_back(std::move(finding)); }
    void judged(std::uint32_t, Fate, std::string_view) override {}
    std::vector<Finding> findings;
  } before, after;
  const auto event = [](double seconds, std::uint32_t id, std::uint64_t logon, const char* type) {
    WindowsEvent made;
    made.time = at(seconds);
    made.computer = "WS1";
    made.channel = "Security";
    made.event_id = id;
    made.record_id = static_cast<std::uint64_t>(seconds) + 1;
    made.set(Field::TargetUserName, "alice");
    made.set(Field::TargetLogonId, hex(logon));
    made.set(Field::LogonType, type);
    return made;
  };
  Pairing first({}, before);
  first.add(event(0, 4624, 0x1, "2"));
  first.finish();
  Pairing second({}, after);
  for (const auto& [key, value] : first.take_changes()) second.restore(key, value);
  EXPECT_EQ(second.live(), 1U);
  second.add(event(50, 4624, 0x2, "7"));
  second.add(event(100, 4634, 0x1, "2"));
  second.finish();
  ASSERT_EQ(after.findings.size(), 2U);
  EXPECT_EQ(after.findings[0].type, Type::Unlocked);
  EXPECT_EQ(after.findings[1].type, Type::SignOut);
  EXPECT_EQ(after.findings[1].session, before.findings.at(0).session);
  const auto gone = second.take_changes();
  EXPECT_TRUE(std::any_of(gone.begin(), gone.end(), [](const auto& entry) { return entry.second.empty(); }));
}

}  // namespace
}  // namespace curfew::windows
