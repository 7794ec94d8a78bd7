// The step `notify` in a ladder of the running daemon.
#include <gmock/gmock.h>

#include "tests/integration/app/program.hpp"
#include "tests/support/mail_server.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const char* const one_person =
    R"({"at":"-2h","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human"})"
    "\n";

std::string notifying(const support::WebhookReceiver& hook, const support::MailServer& mail) {
  return R"(
policies:
  - name: one-hour
    rule: session_timeout
    limit: 1h
    mode: enforce
    ladder:
      - {action: notify, at: oncall, required: false, prove_within: 1s}
      - {action: notify, at: person, required: false, together: true, prove_within: 1s}
      - {action: sign_out_session, prove_within: 2s}
safety: {most_sign_outs_per_minute: 10, protected_accounts: ["upn:admin@corp.test"]}
notifications:
  - {name: oncall, kind: webhook, url: ")" +
         hook.url() + R"("}
  - {name: person, kind: email, server: 127.0.0.1, tls: none, from: curfew@corp.test, to: ["{{name:upn}}"], port: )" +
         std::to_string(mail.port()) + "}\n";
}

bool is_concluded(const ScriptedDaemon& daemon) {
  const json rows = daemon.get("/api/v1/sign-outs")["sign_outs"];
  return !rows.empty() && !rows[0]["concluded_at"].is_null();
}

TEST(NotifyStep, TellsTheTeamAndThePersonAndThenSignsOut) {
  support::WebhookReceiver hook;
  support::MailServer mail;
  ScriptedDaemon daemon;
  daemon.script(one_person);
  daemon.configure(notifying(hook, mail));
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return is_concluded(daemon); })) << daemon.log();
  const json row = daemon.get("/api/v1/sign-outs/1");
  EXPECT_EQ(row["outcome"], "proven") << row.dump(1);
  EXPECT_EQ(row["trail"][0]["answer"], "accepted");
  EXPECT_EQ(row["trail"][0]["verdict"], "delivered");
  EXPECT_EQ(row["trail"][1]["answer"], "accepted");
  ASSERT_EQ(hook.taken().size(), 1U);
  EXPECT_EQ(json::parse(hook.taken()[0].body)["names"][0]["value"], "alice@corp.test");
  ASSERT_EQ(mail.taken().size(), 1U);
  EXPECT_EQ(mail.taken()[0].to, std::vector<std::string>{"alice@corp.test"});
  EXPECT_THAT(
      daemon.request("GET", "/metrics").body,
      HasSubstr(R"(curfew_sign_out_steps_total{action="notify",answer="accepted",source="oncall"} 1)"));
  EXPECT_EQ(daemon.stop().code, 0);
  const Ended replayed = run_curfew({"replay", "--config", daemon.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
}

TEST(NotifyStep, ThatFailsIsRecordedAndHoldsNothingUp) {
  support::WebhookReceiver hook;
  hook.then({.status = 404, .body = "alice@corp.test"});
  support::MailServer mail;
  mail.fail_next("RCPT", "550 <alice@corp.test> no such user");
  ScriptedDaemon daemon;
  daemon.script(one_person);
  daemon.configure(notifying(hook, mail));
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return is_concluded(daemon); })) << daemon.log();
  const json row = daemon.get("/api/v1/sign-outs/1");
  EXPECT_EQ(row["outcome"], "proven") << row.dump(1);
  EXPECT_EQ(row["trail"][0]["verdict"], "failed");
  EXPECT_EQ(row["trail"][1]["verdict"], "failed");
  EXPECT_THAT(row.dump(), Not(HasSubstr("alice")));
  EXPECT_EQ(daemon.stop().code, 0);
}

}  // namespace
}  // namespace curfew::app_test
