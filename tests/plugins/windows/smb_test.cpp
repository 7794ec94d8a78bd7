// SMB sessions one by one: what the server lists, what full_audit says, and how one is ended.
#include <gmock/gmock.h>

#include <thread>

#include "curfew/plugin/connector.hpp"
#include "plugins/windows/settings.hpp"
#include "plugins/windows/smb/full_audit_reader.hpp"
#include "plugins/windows/smb/smb_sessions.hpp"
#include "plugins/windows/smb/watch.hpp"
#include "tests/plugins/windows/event_maker.hpp"

namespace curfew::windows {
namespace {

using plugin::EndReason;
using plugin::Type;
using testing::HasSubstr;
using testing::Not;

struct Told final : PairingSink {
  void found(Finding&& finding) override { findings.push_back(std::move(finding)); }
  void judged(std::uint32_t /*input*/, Fate /*fate*/, std::string_view reason) override {
    ++reasons[std::string(reason)];
  }
  std::vector<Finding> findings;
  std::map<std::string, int> reasons;
};

class SmbPairing : public testing::Test {
 protected:
  static PairingSettings settings() {
    PairingSettings out;
    out.settle = std::chrono::seconds(1);
    out.smb = true;
    return out;
  }
  void sign_in(double seconds, std::string_view name, const std::string& endpoint, std::string_view id) {
    WindowsEvent event;
    event.time = at(seconds);
    event.origin = Origin::Samba;
    event.channel = "samba-audit";
    event.provider = "Authorization";
    event.event_id = 4624;
    event.computer = "DC1";
    event.set(Field::Service, "SMB2");
    event.set(Field::AuthenticationPackageName, "krb5");
    event.set(Field::LogonType, "3");
    event.set(Field::RemoteEndpoint, endpoint);
    event.set(Field::IpAddress, clean_address(endpoint));
    event.set(Field::TargetUserName, name);
    event.set(Field::TargetDomainName, "CORP");
    event.set(Field::TargetUserSid, "S-1-5-21-1-2-3-1001");
    event.set(Field::SessionId, id);
    pairing_.add(std::move(event));
  }
  void share(double seconds, std::string_view operation, std::string_view process) {
    WindowsEvent event;
    event.time = at(seconds);
    event.origin = Origin::Samba;
    event.channel = "samba-shares";
    event.provider = full_audit_provider;
    event.computer = "samba";
    event.set(Field::TargetUserName, "bob");
    event.set(Field::IpAddress, "10.0.0.7");
    event.set(Field::Service, operation);
    event.set(Field::Process, process);
    pairing_.add(std::move(event));
  }
  void listed(double seconds, std::vector<ListedSmb> sessions, double took = 0) {
    pairing_.add_listing({at(seconds), at(seconds + took), std::move(sessions)});
  }
  std::vector<Finding> ends(double until) {
    pairing_.advance(at(until + 1));
    std::vector<Finding> all;
    for (const Finding& finding : told_.findings) {
      if (finding.type == Type::SignOut) all.push_back(finding);
    }
    return all;
  }
  static ListedSmb one(std::uint64_t pid, const std::string& endpoint) {
    return {.process = {.pid = pid, .unique_id = pid * 7}, .uid = 1, .endpoint = endpoint};
  }

  Told told_;
  Pairing pairing_{settings(), told_};
};

const std::string first = "ipv4:10.0.0.7:50001";
const std::string second = "ipv4:10.0.0.7:50002";

TEST_F(SmbPairing, TwoConnectionsOfOnePersonAreTwoSessions) {
  sign_in(0, "bob", first, "id-1");
  sign_in(1, "bob", second, "id-2");
  EXPECT_TRUE(ends(3).empty());
  EXPECT_EQ(told_.findings.size(), 2U);
  EXPECT_NE(told_.findings[0].session, told_.findings[1].session);
}

TEST_F(SmbPairing, OneThatWasListedAndIsNotAnyMoreEndedByThen) {
  sign_in(0, "bob", first, "id-1");
  sign_in(1, "bob", second, "id-2");
  listed(5, {one(11, first), one(12, second)});
  listed(10, {one(12, second)});
  const auto all = ends(20);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].end_reason, EndReason::Vanished);
  EXPECT_FALSE(all[0].end_inferred);
  EXPECT_EQ(all[0].at, at(10));
  EXPECT_THAT(all[0].session, HasSubstr("id-1"));
}

TEST_F(SmbPairing, ItsLastShareTellsWhenAndTheListThat) {
  sign_in(0, "bob", first, "id-1");
  share(0.1, "connect", "11");
  share(0.2, "connect", "11");
  listed(2, {one(11, first)});
  share(3, "disconnect", "11");
  listed(4, {one(11, first)});
  EXPECT_TRUE(ends(5).empty());
  share(6, "disconnect", "11");
  listed(7, {});
  const auto all = ends(9);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].end_reason, EndReason::SignedOut);
  EXPECT_FALSE(all[0].end_inferred);
  EXPECT_EQ(all[0].at, at(6));
}

TEST_F(SmbPairing, WhatLeftWhileTheServerWasAskedIsJudgedBeforeItsAnswer) {
  sign_in(0, "bob", first, "id-1");
  share(0.1, "connect", "11");
  listed(2, {one(11, first)});
  listed(5, {}, 0.8);
  share(5.5, "disconnect", "11");
  const auto all = ends(9);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].end_reason, EndReason::SignedOut);
  EXPECT_EQ(all[0].at, at(5.5));
}

TEST_F(SmbPairing, AProcessThatLingersAfterItsLastShareEndedWithIt) {
  sign_in(0, "bob", first, "id-1");
  share(0.1, "connect", "11");
  share(3, "disconnect", "11");
  listed(6, {one(11, first)});
  listed(9, {});
  const auto all = ends(20);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].end_reason, EndReason::SignedOut);
  EXPECT_EQ(all[0].at, at(3));
}

TEST_F(SmbPairing, WithoutAnAuditedShareASessionThatIsListedLives) {
  sign_in(0, "bob", first, "id-1");
  share(0.1, "connect", "11");
  share(3, "disconnect", "11");
  listed(10, {one(11, first)});
  listed(100, {one(11, first)});
  EXPECT_TRUE(ends(110).empty());
  listed(200, {});
  const auto all = ends(210);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].end_reason, EndReason::Vanished);
}

TEST_F(SmbPairing, NoListOfAMomentBeforeEndsASession) {
  sign_in(10, "bob", first, "id-1");
  listed(9, {});
  listed(10.5, {});
  EXPECT_TRUE(ends(20).empty());
}

TEST_F(SmbPairing, OneThatNoListShowedEndsAsAConclusionAtTheSecondWithoutIt) {
  sign_in(0, "bob", first, "id-1");
  listed(5, {});
  EXPECT_TRUE(ends(6).empty());
  listed(10, {});
  const auto all = ends(11);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].end_inferred);
}

TEST_F(SmbPairing, AnEndpointThatAnotherProcessHasNowIsNotTheSession) {
  sign_in(0, "bob", first, "id-1");
  listed(5, {one(11, first)});
  listed(10, {one(99, first)});
  EXPECT_EQ(ends(20).size(), 1U);
}

TEST_F(SmbPairing, ARenewedTicketIsNoOtherSession) {
  sign_in(0, "bob", first, "id-1");
  listed(5, {one(11, first)});
  sign_in(600, "bob", first, "id-2");
  EXPECT_TRUE(ends(700).empty());
  EXPECT_EQ(told_.findings.size(), 1U);
  EXPECT_EQ(told_.reasons["smb_reauthentication"], 1);
}

TEST_F(SmbPairing, ARestartKeepsWhatWasListed) {
  sign_in(0, "bob", first, "id-1");
  listed(5, {one(11, first)});
  EXPECT_TRUE(ends(6).empty());
  Told told;
  Pairing after(settings(), told);
  for (const auto& [key, value] : pairing_.take_changes()) after.restore(key, value);
  const auto known = after.take_smb_changes();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0].endpoint, first);
  EXPECT_EQ(known[0].process.pid, 11U);
  EXPECT_TRUE(known[0].listed);
  after.add_listing({at(1000), {}});
  after.advance(at(1010));
  ASSERT_EQ(told.findings.size(), 1U);
  EXPECT_EQ(told.findings[0].type, Type::SignOut);
  EXPECT_EQ(told.findings[0].session, told_.findings[0].session);
}

struct Lines final : RecordSink {
  void event(WindowsEvent&& event) override { events.push_back(std::move(event)); }
  void recovered(WindowsEvent&& /*event*/) override {}
  void recovered_torn() override {}
  void unreadable(std::string_view /*place*/, std::string_view why, std::uint64_t /*records*/) override {
    complaints.emplace_back(why);
  }
  void other_line() override { ++others; }
  std::vector<WindowsEvent> events;
  std::vector<std::string> complaints;
  int others = 0;
};

const std::string heading =
    "[2026/11/22 10:08:52.748975,  1] ../../source3/modules/vfs_full_audit.c:643(do_log)";

TEST(FullAudit, ADisconnectHasItsHeadingsTimeAndItsProcess) {
  Lines lines;
  FullAuditReader reader;
  EXPECT_TRUE(reader.line(heading, "line 1", lines));
  EXPECT_TRUE(
      reader.line(R"(CORP\bob|CORP|10.0.0.7|10.0.0.7|data|31737|disconnect|ok|data)", "line 2", lines));
  ASSERT_EQ(lines.events.size(), 1U);
  const WindowsEvent& event = lines.events[0];
  EXPECT_EQ(event.get(Field::TargetUserName), "bob");
  EXPECT_EQ(event.get(Field::Process), "31737");
  EXPECT_EQ(event.get(Field::Service), "disconnect");
  EXPECT_EQ(event.time.time_since_epoch() % std::chrono::seconds(1), std::chrono::microseconds(748975));
}

TEST(FullAudit, WhatItCannotReadIsCountedAndOtherProgramsLinesAreLeft) {
  Lines lines;
  FullAuditReader reader;
  EXPECT_FALSE(reader.line("[2026/11/22 10:08:52,  1] ../../lib/util/debug.c:915(x)", "line 1", lines));
  EXPECT_FALSE(reader.line("debug_lookup_classname: Unknown classname[full_audit]", "line 2", lines));
  EXPECT_TRUE(reader.line(heading, "line 3", lines));
  EXPECT_TRUE(reader.line("bob|connect|ok|data", "line 4", lines));
  EXPECT_TRUE(reader.line(R"(CORP\bob|CORP|10.0.0.7|pc|data|31737|connect|ok|data)", "line 5", lines));
  EXPECT_TRUE(reader.line(heading, "line 6", lines));
  EXPECT_TRUE(reader.line(R"(CORP\bob|CORP|10.0.0.7|pc|data|31737|mkdirat|ok|new)", "line 7", lines));
  // No process: it would seem to be any session whose process is not known.
  for (const char* process : {"0", "99999999999999999999", "-1", ""}) {
    EXPECT_TRUE(reader.line(heading, "line 8", lines));
    EXPECT_TRUE(reader.line(std::string(R"(CORP\bob|CORP|10.0.0.7|pc|data|)") + process + "|connect|ok|data",
                            "line 9", lines));
  }
  EXPECT_TRUE(lines.events.empty());
  ASSERT_EQ(lines.complaints.size(), 6U);
  EXPECT_THAT(lines.complaints[0], HasSubstr("prefix"));
  EXPECT_THAT(lines.complaints[2], HasSubstr("prefix"));
  EXPECT_THAT(lines.complaints[1], HasSubstr("heading"));
  EXPECT_EQ(lines.others, 1);
}

TEST(Listing, IsTakenWholeOrNotAtAll) {
  std::string why;
  const auto good = read_listing(
      R"({"sessions": {"1": {"server_id": {"pid": "31737", "unique_id": "13811025272843256891"}, "uid": 3000015,
          "hostname": "ipv4:127.0.0.1:46498"}}})",
      why);
  ASSERT_TRUE(good);
  ASSERT_EQ(good->sessions.size(), 1U);
  EXPECT_EQ(good->sessions[0].process.pid, 31737U);
  EXPECT_EQ(good->sessions[0].process.unique_id, 13811025272843256891U);
  EXPECT_EQ(good->sessions[0].endpoint, "ipv4:127.0.0.1:46498");
  // What root alone may see is missing from this one, and that is no empty list.
  EXPECT_FALSE(read_listing(R"({"version": "4.17.12-Debian"})", why));
  EXPECT_THAT(why, HasSubstr("sessions"));
  EXPECT_FALSE(read_listing("smbstatus only works as root!", why));
  EXPECT_FALSE(read_listing(R"({"sessions": {"1": {"uid": 1}}})", why));
}

plugin::SessionDigest digest(std::uint8_t byte) {
  plugin::SessionDigest out{};
  out.bytes[0] = byte;
  return out;
}

class SmbActs : public testing::Test {
 protected:
  static SmbSettings answering(const std::string& sessions) {
    SmbSettings settings;
    settings.smbstatus = {"/bin/sh", "-c", "echo '{\"sessions\": {" + sessions + "}}'", "sh"};
    settings.smbcontrol = {"/bin/echo"};
    return settings;
  }
  static std::string line(const std::string& id, int pid, int uid, const std::string& endpoint) {
    return "\"" + id + R"(": {"server_id": {"pid": ")" + std::to_string(pid) +
           R"(", "unique_id": "5"}, "uid": )" + std::to_string(uid) + R"(, "hostname": ")" + endpoint + "\"}";
  }
  static plugin::Action end_of(std::uint8_t session) {
    plugin::Action action;
    action.step = plugin::Step::SignOutSession;
    action.session = digest(session);
    return action;
  }
  static plugin::Probe probe_of(std::uint8_t session) {
    plugin::Probe probe;
    probe.session = digest(session);
    return probe;
  }
};

TEST_F(SmbActs, EndsTheProcessOfTheSessionsOwnEndpoint) {
  SmbSessions sessions(answering(line("1", 11, 1, first) + "," + line("2", 12, 1, second)));
  sessions.know(digest(2), {"s2", second, {}, false, false});
  EXPECT_EQ(sessions.prove(probe_of(2)), plugin::Liveness::Alive);
  const plugin::Answer answer = sessions.act(end_of(2));
  EXPECT_EQ(answer.code, plugin::Code::Ok);
  EXPECT_THAT(answer.text, HasSubstr("smbcontrol 12 shutdown: exit code 0: 12 shutdown"));
}

TEST_F(SmbActs, EndsAllThatAPersonHasByAnyOfTheirNames) {
  SmbSessions sessions(answering(line("1", 11, 1, first) + "," + line("2", 12, 1, second) + "," +
                                 line("3", 13, 2, "ipv4:10.0.0.9:1")));
  const Account bob{"S-1-5-21-1-1104", "bob", "CORP", "bob@CORP.TEST"};
  sessions.know(digest(1), {"s1", first, {}, false, false, bob});
  sessions.know(digest(2), {"s2", second, {}, false, false, bob});
  sessions.know(digest(3),
                {"s3", "ipv4:10.0.0.9:1", {}, false, false, {"S-1-5-21-1-1105", "eve", "CORP", {}}});
  plugin::Action action;
  action.step = plugin::Step::SignOutSubject;
  action.session = digest(9);  // somewhere else
  for (const plugin::Identifier name :
       {plugin::Identifier{"windows_sid", "S-1-5-21-1-1104"},
        plugin::Identifier{"windows_account", "corp\\BOB"}, plugin::Identifier{"upn", "bob@corp.test"}}) {
    action.identifiers = {{"user", "bob"}, name};
    const plugin::Answer answer = sessions.act(action);
    EXPECT_EQ(answer.code, plugin::Code::Ok) << name.name_space << ": " << answer.text;
    EXPECT_THAT(answer.text, HasSubstr("smbcontrol 11 shutdown: exit code 0"));
    EXPECT_THAT(answer.text, HasSubstr("smbcontrol 12 shutdown: exit code 0"));
    EXPECT_THAT(answer.text, Not(HasSubstr("13 shutdown")));
  }
  action.identifiers = {{"user", "bob"}, {"upn", "nobody@corp.test"}};
  EXPECT_EQ(sessions.act(action).code, plugin::Code::NotFound);
}

TEST_F(SmbActs, OfSeveralProcessesOneThatIsSharedIsRefusedAndTheOthersEnd) {
  SmbSessions sessions(
      answering(line("1", 11, 1, first) + "," + line("2", 11, 2, first) + "," + line("3", 12, 1, second)));
  const Account bob{"S-1-5-21-1-1104", "bob", "CORP", {}};
  sessions.know(digest(1), {"s1", first, {}, false, false, bob});
  sessions.know(digest(2), {"s2", second, {}, false, false, bob});
  plugin::Action action;
  action.step = plugin::Step::SignOutSubject;
  action.identifiers = {{"windows_sid", "S-1-5-21-1-1104"}};
  const plugin::Answer answer = sessions.act(action);
  EXPECT_EQ(answer.code, plugin::Code::Refused);
  EXPECT_THAT(answer.text, HasSubstr("carries sessions of other accounts too"));
  EXPECT_THAT(answer.text, HasSubstr("smbcontrol 12 shutdown: exit code 0"));
}

TEST_F(SmbActs, RefusesAProcessThatCarriesOthersToo) {
  SmbSessions sessions(answering(line("1", 11, 1, first) + "," + line("2", 11, 2, first)));
  sessions.know(digest(1), {"s1", first, {}, false, false});
  EXPECT_EQ(sessions.act(end_of(1)).code, plugin::Code::Refused);
}

TEST_F(SmbActs, OnlyWhatWasThereCanBeSaidToBeGone) {
  SmbSessions sessions(answering(""));
  sessions.know(digest(1), {"s1", first, {}, false, false});
  sessions.know(digest(2), {"s2", second, {12, 5}, true, false});
  EXPECT_THROW((void)sessions.prove(probe_of(1)), plugin::Failure);
  EXPECT_EQ(sessions.prove(probe_of(2)), plugin::Liveness::Dead);
  EXPECT_THROW((void)sessions.prove(probe_of(3)), plugin::Failure);
  EXPECT_EQ(sessions.act(end_of(2)).code, plugin::Code::NotFound);
  EXPECT_EQ(sessions.act(end_of(3)).code, plugin::Code::Unsupported);
}

TEST_F(SmbActs, AnEndpointThatIsGivenAgainIsNotEnded) {
  SmbSessions sessions(answering(line("9", 99, 1, first)));
  sessions.know(digest(1), {"s1", first, {11, 5}, true, false});
  EXPECT_EQ(sessions.act(end_of(1)).code, plugin::Code::NotFound);
  EXPECT_EQ(sessions.prove(probe_of(1)), plugin::Liveness::Dead);
}

TEST_F(SmbActs, AServerThatSaysNothingProvesNothing) {
  SmbSettings settings = answering("");
  settings.smbstatus = {"/bin/false"};
  SmbSessions sessions(settings);
  sessions.know(digest(1), {"s1", first, {11, 5}, true, false});
  EXPECT_THROW((void)sessions.prove(probe_of(1)), plugin::Failure);
  EXPECT_EQ(sessions.act(end_of(1)).code, plugin::Code::Unavailable);
}

TEST_F(SmbActs, SaysWhatTheServersCommandWrote) {
  SmbSettings settings = answering("");
  settings.smbstatus = {"/bin/ls", "/nowhere"};
  SmbSessions sessions(settings);
  sessions.know(digest(1), {"s1", first, {11, 5}, true, false});
  EXPECT_THAT(sessions.act(end_of(1)).text, HasSubstr("/bin/ls: exit code 2: /bin/ls: "));
}

TEST_F(SmbActs, AHangingServerHoldsUpNoStop) {
  SmbSettings settings = answering("");
  settings.smbstatus = {"/bin/sh", "-c", "exec sleep 100", "sh"};
  settings.time_limit = std::chrono::seconds(60);
  SmbSessions sessions(settings);
  sessions.know(digest(1), {"s1", first, {11, 5}, true, false});
  const auto from = std::chrono::steady_clock::now();
  plugin::Answer answer;
  std::thread acting([&] { answer = sessions.act(end_of(1)); });
  SmbWatch watch(settings, [] {});
  watch.start();
  watch.stop();
  sessions.stop();
  acting.join();
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(30));
  EXPECT_EQ(answer.code, plugin::Code::Unavailable);
  EXPECT_THAT(answer.text, HasSubstr("as the source stops"));
}

TEST(SmbSettings, NameAnAbsolutePath) {
  EXPECT_FALSE(read_settings(R"({"inputs": ["/x"]})").smb);
  const auto good = read_settings(
      R"({"inputs": ["/x"], "smb": {"smbstatus": "/usr/bin/smbstatus", "smbcontrol": ["/usr/bin/ssh", "dc1", "smbcontrol"], "every": "2s"}})");
  ASSERT_TRUE(good.smb);
  EXPECT_EQ(good.smb->smbcontrol.size(), 3U);
  EXPECT_TRUE(good.live.pairing.smb);
  EXPECT_THROW((void)read_settings(R"({"inputs": ["/x"], "smb": {"smbstatus": "smbstatus"}})"),
               std::invalid_argument);
  EXPECT_THROW((void)read_settings(R"({"inputs": ["/x"], "smb": {"smbcontrol": "/usr/bin/smbcontrol"}})"),
               std::invalid_argument);
  EXPECT_THROW((void)read_settings(
                   R"({"inputs": ["/x"], "smb": {"smbstatus": "/usr/bin/smbstatus", "every": "1ms"}})"),
               std::invalid_argument);
}

}  // namespace
}  // namespace curfew::windows
