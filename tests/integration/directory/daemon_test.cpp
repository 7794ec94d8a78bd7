// The whole daemon with a directory: an account is disabled for a time, and let in again, whatever happens to
// the daemon meanwhile; and what the loader says of policies that a source can't carry out.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <vector>

#include "tests/integration/directory/directory_daemon.hpp"

namespace curfew::directory_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

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

// What a session rests on is known after a restart too.
TEST_F(DirectoryDaemon, ItIsProvenByTheTicketThoughTheDaemonWasKilledMeanwhile) {
  person("pella");
  begin({{"ticket_lifetime", "15s"}, {"clock_skew", "0s"}},
        "[{action: disable_account, revert_after: 3m, prove_within: 90s}]", {});
  start();
  open_a_share("pella");
  ASSERT_TRUE(until_control("pella", "514")) << daemon_.log();
  EXPECT_EQ(daemon_.stop(SIGKILL).signal, SIGKILL);
  start();
  EXPECT_EQ(sign_outs()[0]["outcome"], "pending") << sign_outs().dump(2);
  ASSERT_TRUE(until_outcome("proven")) << sign_outs().dump(2) << daemon_.log();
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
