// The whole daemon with a directory: an account is disabled for a time, and let in again, whatever happens to
// the daemon meanwhile; and what the loader says of policies that a source can't carry out.
#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>

#include "tests/integration/app/program.hpp"
#include "tests/integration/directory/real_directory.hpp"

namespace curfew::directory_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class DirectoryDaemon : public RealDirectory {
 protected:
  // One source that reads the controller's log and acts on its directory; a policy about SMB sessions.
  void begin(const json& more, const std::string& ladder, const std::string& accept) {
    std::ofstream(daemon_.folder() / "password") << service_password << "\n";
    daemon_.script("");
    json directory = setting(more);
    directory["password_file"] = (daemon_.folder() / "password").string();
    directory["journal"] = (daemon_.folder() / "data" / "corp-ad.journal").string();
    const json settings{{"inputs", {domain().log("auth_json").string()}},
                        {"directory", directory},
                        {"arrival_delay", "1s"},
                        {"settle", "0s"}};
    daemon_.configure(
        "  - name: corp-ad\n    connector: windows\n    lateness: 0s\n    settings: " + settings.dump() +
        "\npolicies:\n  - name: limit\n    mode: enforce\n    rule: session_timeout\n    limit: 1s\n" +
        accept + "    scope: {sources: [corp-ad], applications: [samba-smb2]}\n    ladder: " + ladder +
        "\nsafety: {most_sign_outs_per_minute: 100, protected_accounts: [\"user:admin\"]}\n");
  }
  void start() { daemon_.start(domain().environment()); }
  // By Kerberos, as a person at a workstation of the domain.
  void open_a_share(const std::string& name) {
    ASSERT_TRUE(lets_in(name));
    const auto seen = domain().run({"smbclient", "//" + SambaDomain::host + "/data", "-I", domain().address(),
                                    "-N", "--use-kerberos=required", "-c", "ls"},
                                   {}, {{"KRB5CCNAME", "FILE:" + (folder() / "cache").string()}});
    ASSERT_EQ(seen.code, 0) << seen.output;
  }
  [[nodiscard]] json sign_outs() const { return daemon_.get("/api/v1/sign-outs")["sign_outs"]; }
  bool until_outcome(const std::string& outcome) {
    return daemon_.until([&] {
      const json all = sign_outs();
      return !all.empty() && all[0]["outcome"] == outcome;
    });
  }
  bool until_control(const std::string& name, const std::string& value) {
    return daemon_.until([&] { return attribute(dn_of(name), "userAccountControl") == value; });
  }
  app_test::ScriptedDaemon daemon_;
};

const std::string unproven = "    accept: [unenforceable]\n";

TEST_F(DirectoryDaemon, AnAccountDisabledForATimeIsEnabledThoughTheDaemonWasKilled) {
  person("olga");
  begin({}, "[{action: disable_account, revert_after: 15s, prove_within: 1s}]", unproven);
  start();
  open_a_share("olga");
  ASSERT_TRUE(until_control("olga", "514")) << daemon_.log();
  EXPECT_FALSE(lets_in("olga"));
  EXPECT_EQ(daemon_.stop(SIGKILL).signal, SIGKILL);
  EXPECT_EQ(attribute(dn_of("olga"), "userAccountControl"), "514");
  start();
  ASSERT_TRUE(until_control("olga", "512")) << daemon_.log();
  EXPECT_TRUE(lets_in("olga"));
  EXPECT_TRUE(daemon_.until([&] { return !sign_outs()[0]["reverted_at"].is_null(); })) << sign_outs().dump(2);
  // Nothing proves that the session is over: the account says nothing of it.
  EXPECT_NE(sign_outs()[0]["outcome"], "proven");
  std::ifstream journal(daemon_.folder() / "data" / "corp-ad.journal");
  EXPECT_EQ(json::parse(journal)["entries"].size(), 0U);
  EXPECT_THAT(daemon_.log(), Not(HasSubstr(service_password)));
}

TEST_F(DirectoryDaemon, ItIsProvenWhenTheLastTicketCanBeOver) {
  person("pia");
  begin({{"ticket_lifetime", "4s"}, {"clock_skew", "0s"}},
        "[{action: disable_account, revert_after: 1m, prove_within: 40s}]", {});
  start();
  const auto from = std::chrono::steady_clock::now();
  open_a_share("pia");
  ASSERT_TRUE(until_control("pia", "514")) << daemon_.log();
  ASSERT_TRUE(until_outcome("proven")) << sign_outs().dump(2) << daemon_.log();
  EXPECT_GE(std::chrono::steady_clock::now() - from, std::chrono::seconds(4));
}

TEST_F(DirectoryDaemon, APolicyThatTheSettingsCannotCarryOutIsRefusedAtLoad) {
  const auto complaint = [&](const json& more, const std::string& ladder, const std::string& accept) {
    begin(more, ladder, accept);
    const auto ended = app_test::run_curfew({"config", "check", daemon_.config()});
    return ended.code == 0 ? std::string{} : ended.err + ended.out;
  };
  const std::string disabling = "[{action: disable_account, revert_after: 5m}]";
  EXPECT_EQ(complaint({}, disabling, unproven), "");
  EXPECT_THAT(complaint({}, disabling, {}), HasSubstr("can't prove"));
  EXPECT_EQ(complaint({{"ticket_lifetime", "10h"}}, disabling, {}), "");
  const std::string leaving = "[{action: suspend_access, revert_after: 5m}]";
  EXPECT_EQ(complaint({{"ticket_lifetime", "10h"}}, leaving, {}), "");
  EXPECT_THAT(complaint({{"ticket_lifetime", "10h"}, {"suspend_group", nullptr}}, leaving, {}),
              HasSubstr("can't suspend_access"));
}

TEST_F(DirectoryDaemon, FromTheOrderToTheRefusalOfANewTicket) {
  person("rita");
  Directory directory(settings(), "corp-ad");
  directory.start();
  const Order order{.names = {{"upn", "rita@corp.test"}}};
  Order undo = order;
  undo.revert = true;
  for (int round = 0; round < 10; ++round) {
    ASSERT_TRUE(lets_in("rita"));
    const auto from = std::chrono::steady_clock::now();
    ASSERT_EQ(ask(directory, order).code, Code::Ok);
    const auto answered = std::chrono::steady_clock::now();
    ASSERT_FALSE(lets_in("rita"));
    const auto refused = std::chrono::steady_clock::now();
    const auto ms = [](auto time) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    };
    std::cout << "order to answer " << ms(answered - from) << " ms, to the refusal of kinit "
              << ms(refused - from) << " ms\n";
    ASSERT_EQ(ask(directory, undo).code, Code::Ok);
  }
}

}  // namespace
}  // namespace curfew::directory_test
