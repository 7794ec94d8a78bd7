// Events that are pushed: each proven sign-out once, also when the receiver or the daemon was down in
// between.
#include <gmock/gmock.h>

#include <set>

#include "core/base/time.hpp"

#include "tests/integration/signals/signals_daemon.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::signals_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::string pushed_to(const support::WebhookReceiver& receiver, const std::string& more = {}) {
  return "{name: crm, token: crm, audience: [https://crm.test], delivery: push, push_url: \"" +
         receiver.url("/events") + "\"" + (more.empty() ? "" : ", " + more) + "}";
}

constexpr const char* delivered =
    R"(curfew_outlet_delivered_total{outcome="delivered",outlet="signals/crm"})";

TEST(PushedSignals, AProvenSignOutIsToldWithWhatTheReceiverMayKnow) {
  support::WebhookReceiver receiver;
  SignalsDaemon daemon;
  daemon.configure(pushed_to(receiver, "names: [email], session_handle: true, reason: true"));
  daemon.start();
  daemon.sign_out(1);
  ASSERT_TRUE(daemon.program().until([&] { return daemon.metric(delivered) == 1; }))
      << daemon.program().log();
  ASSERT_EQ(receiver.taken().size(), 1U);
  const support::Received got = receiver.taken()[0];
  EXPECT_EQ(got.path, "/events");
  EXPECT_EQ(got.headers.at("content-type"), "application/secevent+jwt");
  EXPECT_FALSE(got.headers.contains("authorization"));
  const Told told = daemon.verified(got.body);
  EXPECT_EQ(told.claims["aud"], "https://crm.test");
  EXPECT_EQ(told.claims["txn"], "test/sign-out/1");
  EXPECT_EQ(told.claims["sub_id"]["user"], (json{{"format", "email"}, {"email", "alice@corp.test"}}));
  EXPECT_EQ(told.claims["sub_id"]["session"], (json{{"format", "opaque"}, {"id", "s1"}}));
  const json& event = told.claims["events"][revoked_type];
  EXPECT_EQ(event["initiating_entity"], "admin");
  EXPECT_EQ(event["reason_admin"]["en"], "left the company");
  const json order = daemon.program().get("/api/v1/sign-outs/1");
  const Time concluded = base::parse_rfc3339(order["concluded_at"].get<std::string>()).value();
  EXPECT_EQ(event["event_timestamp"], base::to_micros(concluded) / 1'000'000);
  EXPECT_EQ(daemon.metric("curfew_ledger_entries_total{kind=\"access\"}"), 1) << "who was told whom";
  EXPECT_THAT(daemon.program().log(), Not(HasSubstr("alice")));
}

TEST(PushedSignals, WithoutLeaveAReferenceStandsForThePersonAndNobodyIsNamed) {
  support::WebhookReceiver receiver;
  SignalsDaemon daemon;
  daemon.configure(pushed_to(receiver));
  daemon.start();
  daemon.sign_out(2);
  ASSERT_TRUE(daemon.program().until([&] { return daemon.metric(delivered) == 1; }))
      << daemon.program().log();
  const Told told = daemon.verified(receiver.taken()[0].body);
  const json session = daemon.program().get("/api/v1/sessions/2");
  EXPECT_EQ(told.claims["sub_id"]["user"]["id"], session["subject"]);
  EXPECT_EQ(told.claims["sub_id"]["session"]["id"], session["session"]);
  EXPECT_THAT(told.claims.dump(), Not(HasSubstr("bob")));
  EXPECT_FALSE(told.claims["events"][revoked_type].contains("reason_admin"));
  EXPECT_LE(daemon.metric("curfew_ledger_entries_total{kind=\"access\"}"), 0);
}

TEST(PushedSignals, AReceiverThatIsDownGetsEachEventLaterUnderTheSameId) {
  support::WebhookReceiver receiver;
  receiver.then({.status = 503});
  receiver.then({.status = 204, .body = {}, .hang = false, .break_off = true});
  receiver.then({.status = 400, .body = R"({"err":"authentication_failed"})"});
  SignalsDaemon daemon;
  daemon.configure(pushed_to(receiver));
  daemon.start();
  daemon.sign_out(1);
  daemon.sign_out(2);
  ASSERT_TRUE(daemon.program().until([&] { return daemon.metric(delivered) == 2; }))
      << daemon.program().log();
  const auto taken = receiver.taken();
  ASSERT_EQ(taken.size(), 5U);
  const Told first = daemon.verified(taken[0].body);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(daemon.verified(taken[i].body).id, first.id) << i;
  EXPECT_NE(daemon.verified(taken[4].body).id, first.id);
  EXPECT_EQ(daemon.metric(R"(curfew_outlet_failures_total{outlet="signals/crm"})"), 3);
  EXPECT_EQ(daemon.metric(R"(curfew_outlet_waiting{outlet="signals/crm"})"), 0);
  EXPECT_THAT(daemon.program().log(), HasSubstr("takes no events (HTTP 503)"));
  EXPECT_THAT(daemon.program().log(), HasSubstr("takes events again"));
}

TEST(PushedSignals, OneThatIsRefusedForGoodIsCountedAndHoldsNothingUp) {
  support::WebhookReceiver receiver;
  receiver.then({.status = 400, .body = R"({"err":"invalid_request","description":"alice"})"});
  SignalsDaemon daemon;
  daemon.configure(pushed_to(receiver));
  daemon.start();
  daemon.sign_out(1);
  daemon.sign_out(2);
  ASSERT_TRUE(daemon.program().until([&] { return daemon.metric(delivered) == 1; }))
      << daemon.program().log();
  EXPECT_EQ(daemon.metric(R"(curfew_outlet_delivered_total{outcome="refused",outlet="signals/crm"})"), 1);
  EXPECT_EQ(receiver.taken().size(), 2U);
  EXPECT_THAT(daemon.program().log(), HasSubstr("for good: HTTP 400 invalid_request"));
}

// Killed when the receiver has it and the cursor has not moved: it comes again, and is known by its id.
TEST(PushedSignals, AKillLosesNothingAndWhatComesTwiceHasOneId) {
  support::WebhookReceiver receiver;
  SignalsDaemon daemon;
  daemon.configure(pushed_to(receiver));
  daemon.start({{"CURFEW_KILL_POINT", "outlet.after_push:1"}});
  EXPECT_ANY_THROW(daemon.sign_out(1); while (!daemon.program().has_ended()) daemon.sign_out(2));
  ASSERT_TRUE(daemon.program().until([&] { return daemon.program().has_ended(); }));
  ASSERT_EQ(receiver.taken().size(), 1U);
  daemon.start({{"CURFEW_KILL_POINT", "outlet.before_push:2"}});
  // The first goes out again; before the next one it is killed once more.
  ASSERT_TRUE(daemon.program().until([&] { return receiver.taken().size() == 2; })) << daemon.program().log();
  EXPECT_ANY_THROW(daemon.sign_out(2); while (!daemon.program().has_ended()) daemon.sign_out(3));
  ASSERT_TRUE(daemon.program().until([&] { return daemon.program().has_ended(); }));
  daemon.start();
  ASSERT_TRUE(daemon.program().until([&] { return receiver.taken().size() >= 3; })) << daemon.program().log();
  std::vector<std::string> ids;
  std::set<std::string> orders;
  const auto taken = receiver.taken();
  for (const support::Received& got : taken) {
    const Told told = daemon.verified(got.body);
    ids.push_back(told.id);
    orders.insert(told.claims["txn"]);
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[1], ids[2]);
  EXPECT_TRUE(orders.contains("test/sign-out/1"));
}

}  // namespace
}  // namespace curfew::signals_test
