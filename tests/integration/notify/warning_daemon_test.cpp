// Warnings of a coming limit, told to people by the running daemon; and notifications at a reload.
#include <gmock/gmock.h>

#include <fstream>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/mail_server.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// A policy whose warnings go to `channels`, and a source that is pushed to.
std::string warning_of(const std::string& rule, const std::string& limits, const std::string& channels) {
  return R"(  - {name: pushed, ingest: true, lateness: 0s}
policies:
  - name: limit
    rule: )" +
         rule +
         R"(
    mode: enforce
    accept: unenforceable
    warn_by: [)" +
         channels + "]\n    " + limits + R"(
    ladder:
      - {action: sign_out_session, prove_within: 2s}
safety: {most_sign_outs_per_minute: 10, protected_accounts: ["upn:admin@corp.test"]}
)";
}

std::string hook_named(const std::string& name, const support::WebhookReceiver& hook,
                       const std::string& more = {}) {
  return "  - {name: " + name + ", kind: webhook, url: \"" + hook.url() + "\"" + more + "}\n";
}

void push(const ScriptedDaemon& daemon, const std::string& session, const std::string& type,
          std::chrono::seconds ago) {
  const json body{{"key", session + type + std::to_string(ago.count())},
                  {"type", type},
                  {"session", {{"id", session}}},
                  {"occurred_at", base::format_rfc3339(base::wall_clock_now() - ago)},
                  {"account_type", "human"},
                  {"identifiers", json::array({{{"namespace", "upn"}, {"value", session + "@corp.test"}}})}};
  const Reply reply = daemon.request("POST", "/api/v1/ingest/pushed", body.dump());
  ASSERT_EQ(reply.status, 202) << reply.body;
}

bool shows(const ScriptedDaemon& daemon, const std::string& line) {
  return daemon.request("GET", "/metrics").body.find(line) != std::string::npos;
}

// Lines of quoted-printable that are too long go on behind a "=".
std::string unfolded(std::string text) {
  for (std::size_t at = text.find("=\n"); at != std::string::npos; at = text.find("=\n", at))
    text.erase(at, 2);
  return text;
}

constexpr auto minutes_ago = [](int count) { return std::chrono::seconds(std::chrono::minutes(count)); };

TEST(WarningNotice, TellsTheTeamAndThePersonOnceWithTheDeadline) {
  support::WebhookReceiver hook;
  support::MailServer mail;
  ScriptedDaemon daemon;
  daemon.script("");
  daemon.configure(warning_of("session_timeout", "limit: 1h\n    warn_before: 5m", "oncall, person") +
                   "notifications:\n" + hook_named("oncall", hook) +
                   "  - {name: person, kind: email, server: 127.0.0.1, tls: none, from: curfew@corp.test, "
                   "to: [\"{{name:upn}}\"], port: " +
                   std::to_string(mail.port()) + "}\n");
  daemon.start();
  push(daemon, "alice", "sign_in", minutes_ago(56));
  push(daemon, "bob", "sign_in", minutes_ago(10));
  ASSERT_TRUE(daemon.until([&] {
    return shows(daemon, R"(curfew_warning_notices_total{channel="oncall",outcome="accepted"} 1)") &&
           shows(daemon, R"(curfew_warning_notices_total{channel="person",outcome="accepted"} 1)");
  })) << daemon.log();
  EXPECT_TRUE(shows(daemon, R"(curfew_warnings_total{rule="session_timeout"} 1)"));
  EXPECT_TRUE(shows(daemon, R"(curfew_warnings_total{rule="inactivity_timeout"} 0)"));
  ASSERT_EQ(hook.taken().size(), 1U);
  const json told = json::parse(hook.taken()[0].body);
  EXPECT_EQ(told["kind"], "warning");
  EXPECT_EQ(told["reason"], "limit");
  EXPECT_EQ(told["source"], "pushed");
  EXPECT_EQ(told["names"][0]["value"], "alice@corp.test");
  EXPECT_TRUE(told["sign_out"].is_null());
  const Time deadline = base::parse_rfc3339(told["deadline"].get<std::string>()).value();
  EXPECT_GT(deadline, base::wall_clock_now());
  ASSERT_EQ(mail.taken().size(), 1U);
  EXPECT_EQ(mail.taken()[0].to, std::vector<std::string>{"alice@corp.test"});
  EXPECT_THAT(mail.taken()[0].text, HasSubstr("ends soon"));
  EXPECT_THAT(unfolded(mail.taken()[0].text), HasSubstr("ends at " + told["deadline"].get<std::string>()));

  // A restart tells nobody again, and what was decided is what replay decides.
  EXPECT_EQ(daemon.stop(SIGKILL).signal, SIGKILL);
  daemon.start();
  push(daemon, "carol", "sign_in", minutes_ago(56));
  ASSERT_TRUE(daemon.until([&] {
    return shows(daemon, R"(curfew_warning_notices_total{channel="oncall",outcome="accepted"} 1)");
  })) << daemon.log();
  ASSERT_EQ(hook.taken().size(), 2U);
  EXPECT_EQ(json::parse(hook.taken()[1].body)["names"][0]["value"], "carol@corp.test");
  EXPECT_EQ(daemon.stop().code, 0);
  const Ended replayed = run_curfew({"replay", "--config", daemon.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
  const Ended verified = run_curfew({"verify", "--config", daemon.config()});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

TEST(WarningNotice, IsWithdrawnFromWhoIsActiveBeforeItIsDelivered) {
  support::WebhookReceiver hook;
  for (int i = 0; i < 5; ++i) hook.then({.status = 503});
  ScriptedDaemon daemon;
  daemon.script("");
  daemon.configure(warning_of("inactivity_timeout", "limit: 10m\n    warn_before: 5m", "oncall") +
                   "notifications:\n" + hook_named("oncall", hook, ", attempts: 5"));
  daemon.start();
  push(daemon, "alice", "sign_in", minutes_ago(6));
  // Newer input shows that nothing of alice is on its way.
  push(daemon, "bob", "sign_in", std::chrono::seconds(0));
  ASSERT_TRUE(daemon.until([&] { return !hook.taken().empty(); })) << daemon.log();
  push(daemon, "alice", "activity", std::chrono::seconds(0));
  ASSERT_TRUE(daemon.until([&] {
    return shows(daemon, R"(curfew_warning_notices_total{channel="oncall",outcome="withdrawn"} 1)");
  })) << daemon.log();
  EXPECT_LT(hook.taken().size(), 5U);
  EXPECT_TRUE(
      daemon.until([&] { return shows(daemon, R"(curfew_ledger_entries_total{kind="notified"} 1)"); }));
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(WarningNotice, ThatFailsIsRecordedAndHoldsNothingUp) {
  support::WebhookReceiver hook;
  hook.then({.status = 404, .body = "alice@corp.test"});
  ScriptedDaemon daemon;
  daemon.script("");
  daemon.configure(warning_of("session_timeout", "limit: 1h\n    warn_before: 5m", "oncall") +
                   "notifications:\n" + hook_named("oncall", hook));
  daemon.start();
  push(daemon, "alice", "sign_in", minutes_ago(56));
  ASSERT_TRUE(daemon.until([&] {
    return shows(daemon, R"(curfew_warning_notices_total{channel="oncall",outcome="refused"} 1)");
  })) << daemon.log();
  EXPECT_EQ(daemon.stop().code, 0);
}

TEST(Reload, TakesNotificationsOverAndAWrongOneLeavesTheOldOnesWorking) {
  support::WebhookReceiver old_hook;
  support::WebhookReceiver new_hook;
  ScriptedDaemon daemon;
  daemon.script("");
  const std::string policy = warning_of("session_timeout", "limit: 1h\n    warn_before: 5m", "oncall");
  daemon.configure(policy + "notifications:\n" + hook_named("oncall", old_hook));
  daemon.start();

  // A placeholder of no meaning, and a secret that is not there: each is said with its place.
  daemon.configure(policy + "notifications:\n" + hook_named("oncall", new_hook, ", body: '{{sesion}}'"));
  ::kill(daemon.process(), SIGHUP);
  ASSERT_TRUE(daemon.until([&] { return daemon.log().find("{{session}}") != std::string::npos; }))
      << daemon.log();
  daemon.configure(policy + "notifications:\n" + hook_named("oncall", new_hook, ", secret_file: /nowhere"));
  ::kill(daemon.process(), SIGHUP);
  ASSERT_TRUE(daemon.until([&] { return daemon.log().find("/nowhere") != std::string::npos; }))
      << daemon.log();
  daemon.configure(policy);
  ::kill(daemon.process(), SIGHUP);
  ASSERT_TRUE(daemon.until([&] { return daemon.log().find("no notification named") != std::string::npos; }))
      << daemon.log();
  push(daemon, "alice", "sign_in", minutes_ago(56));
  ASSERT_TRUE(daemon.until([&] { return old_hook.taken().size() == 1; })) << daemon.log();
  EXPECT_TRUE(new_hook.taken().empty());

  daemon.configure(policy + "notifications:\n" + hook_named("oncall", new_hook) +
                   hook_named("another", old_hook));
  ::kill(daemon.process(), SIGHUP);
  ASSERT_TRUE(daemon.until([&] { return daemon.log().find("configuration reloaded") != std::string::npos; }))
      << daemon.log();
  EXPECT_THAT(daemon.log(), Not(HasSubstr("after a restart")));
  push(daemon, "bob", "sign_in", minutes_ago(56));
  ASSERT_TRUE(daemon.until([&] { return new_hook.taken().size() == 1; })) << daemon.log();
  EXPECT_EQ(json::parse(new_hook.taken()[0].body)["names"][0]["value"], "bob@corp.test");
  EXPECT_EQ(old_hook.taken().size(), 1U);
  EXPECT_EQ(daemon.stop().code, 0);
}

}  // namespace
}  // namespace curfew::app_test
