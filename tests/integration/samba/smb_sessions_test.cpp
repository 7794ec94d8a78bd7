// SMB sessions of a real Samba server in the daemon: each one seen, its end seen, and one ended by itself.
#include <gmock/gmock.h>
#include <signal.h>

#include <set>

#include "tests/integration/samba/samba_daemon.hpp"
#include "tests/support/smb_client.hpp"

namespace curfew::samba_test {
namespace {

using nlohmann::json;
using support::SambaDomain;
using support::SmbClient;
using testing::HasSubstr;

const char* const no_policies =
    "  - {name: long, mode: observe, rule: session_timeout, limit: 12h, scope: {sources: [dc]}}\n";

const char* const one_at_a_time =
    "  - name: one\n    mode: enforce\n    rule: concurrent_sessions\n    most: 1\n    evict: oldest\n"
    "    scope: {sources: [dc], applications: [samba-smb2]}\n    ladder: [{action: sign_out_session}]\n";

std::uint64_t process_of_only_session() {
  const auto listed = controller().run({"smbstatus", "-s", controller().smb_conf(), "--json"});
  const json parsed = json::parse(listed.output.substr(listed.output.find('{')));
  EXPECT_EQ(parsed["sessions"].size(), 1U) << listed.output;
  return std::stoull(parsed["sessions"].begin().value()["server_id"]["pid"].get<std::string>());
}

class Smb : public OnController {};

TEST_F(Smb, EachConnectionIsASessionUntilItsClientLeaves) {
  controller().user("anna");
  SambaDaemon daemon;
  daemon.begin(no_policies);
  const auto cache = controller().folder() / "anna.cache";
  ASSERT_EQ(controller().kinit("anna", SambaDomain::password, cache).code, 0);
  SmbClient by_password(controller(), "anna");
  SmbClient by_ticket(controller(), support::Ticket{cache});
  ASSERT_TRUE(daemon.until_live(2)) << daemon.told();
  std::set<std::string> methods;
  std::set<std::string> people;
  for (const json& row : daemon.live()) {
    methods.insert(row["auth_method"].get<std::string>());
    people.insert(row["subject"].get<std::string>());
    EXPECT_TRUE(row["start_seen"].get<bool>());
  }
  EXPECT_EQ(methods, (std::set<std::string>{"kerberos", "ntlm"}));
  EXPECT_EQ(people.size(), 1U);

  by_password.leave();
  ASSERT_TRUE(daemon.until_live(1)) << daemon.told();
  for (const json& row : daemon.sessions()) {
    if (row["state"] != "ended") {
      EXPECT_EQ(row["auth_method"], "kerberos");
      continue;
    }
    EXPECT_EQ(row["auth_method"], "ntlm");
    EXPECT_EQ(row["end_reason"], "signed_out");
    EXPECT_EQ(row["end_certainty"], "stated");
  }
  EXPECT_TRUE(by_ticket.sees_files());
}

TEST_F(Smb, AViolationEndsOneSessionAndLeavesTheOtherOfTheSamePerson) {
  controller().user("berta");
  SambaDaemon daemon;
  daemon.begin(one_at_a_time);
  SmbClient first(controller(), "berta");
  ASSERT_TRUE(daemon.until_live(1)) << daemon.told();
  ASSERT_TRUE(first.sees_files());
  SmbClient second(controller(), "berta");
  const json row = daemon.first_concluded();
  ASSERT_FALSE(row.is_null()) << daemon.told() << daemon.sign_outs().dump(1);
  EXPECT_EQ(row["outcome"], "proven") << row.dump(1);
  // What the clients themselves get.
  EXPECT_FALSE(first.sees_files());
  EXPECT_TRUE(second.sees_files());
  ASSERT_TRUE(daemon.until_live(1)) << daemon.told();
  EXPECT_TRUE(second.sees_files());
  EXPECT_EQ(daemon.sign_outs().size(), 1U);
}

// Not a step of Curfew's, as it hits whoever shares the address; an administrator may do it.
TEST_F(Smb, AnAddressThatIsPutOutLosesAllItsSessions) {
  controller().user("cilla");
  controller().user("conny");
  SambaDaemon daemon;
  daemon.begin(no_policies);
  SmbClient one(controller(), "cilla");
  SmbClient other(controller(), "conny");
  ASSERT_TRUE(daemon.until_live(2)) << daemon.told();
  const auto said =
      controller().run({"smbcontrol", "-s", controller().smb_conf(), "smbd", "kill-client-ip", "127.0.0.1"});
  EXPECT_EQ(said.code, 0) << said.output;
  EXPECT_TRUE(daemon.until_live(0)) << daemon.told();
  EXPECT_FALSE(one.sees_files());
  EXPECT_FALSE(other.sees_files());
}

TEST_F(Smb, AProcessThatDiedSaysNoReason) {
  controller().user("carla");
  SambaDaemon daemon;
  daemon.begin(no_policies);
  SmbClient client(controller(), "carla");
  ASSERT_TRUE(daemon.until_live(1)) << daemon.told();
  ASSERT_EQ(::kill(static_cast<pid_t>(process_of_only_session()), SIGKILL), 0);
  EXPECT_FALSE(client.sees_files());
  ASSERT_TRUE(daemon.until_live(0)) << daemon.told();
  const json row = daemon.sessions().at(0);
  EXPECT_EQ(row["end_reason"], "vanished");
}

TEST_F(Smb, WhatEndedWhileTheDaemonWasDownIsSeenAfterItsStart) {
  controller().user("dora");
  SambaDaemon daemon;
  daemon.begin(no_policies);
  SmbClient stays(controller(), "dora");
  SmbClient leaves(controller(), "dora");
  ASSERT_TRUE(daemon.until_live(2)) << daemon.told();
  (void)daemon.daemon().stop(SIGTERM);
  leaves.leave();
  daemon.daemon().start();
  ASSERT_TRUE(daemon.until_live(1)) << daemon.told();
  EXPECT_EQ(daemon.sessions().size(), 2U);
  EXPECT_TRUE(stays.sees_files());
}

TEST_F(Smb, WithoutAListNothingIsProvenAndNothingEnds) {
  controller().user("emma");
  SambaDaemon daemon;
  // A server that is not the one of the log: it has no such sessions, and says so.
  daemon.begin(one_at_a_time, {{"smbstatus", {"/bin/echo", R"({"sessions": {}})", "#"}},
                               {"smbcontrol", "/bin/false"},
                               {"every", "500ms"}});
  SmbClient first(controller(), "emma");
  SmbClient second(controller(), "emma");
  ASSERT_TRUE(daemon.daemon().until([&] { return daemon.sign_outs().size() == 1; })) << daemon.told();
  EXPECT_TRUE(first.sees_files());
  EXPECT_TRUE(second.sees_files());
  EXPECT_NE(daemon.sign_outs()[0]["outcome"], "proven");
}

}  // namespace
}  // namespace curfew::samba_test
