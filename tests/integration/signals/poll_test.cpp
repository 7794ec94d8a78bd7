// Streams that their receiver makes itself, and polls.
#include <gmock/gmock.h>

#include "tests/integration/signals/signals_daemon.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::signals_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const char* const managed = "{name: crm, token: crm, audience: [https://crm.test], names: [email]}";
const char* const other = "cfw_test-token-of-the-integration-tests";

std::string id_of(const SignalsDaemon& daemon) { return daemon.stream()["stream_id"]; }

TEST(PolledSignals, StayUntilTheyAreAcknowledgedAlsoAcrossAKill) {
  SignalsDaemon daemon;
  daemon.configure(managed);
  daemon.start();
  ASSERT_EQ(daemon.ask("POST", "/signals/stream", "{}").status, 201);
  daemon.sign_out(1);
  std::vector<Told> told;
  ASSERT_TRUE(daemon.program().until([&] {
    told = daemon.poll();
    return told.size() == 1;
  })) << daemon.program().log();
  EXPECT_EQ(told[0].claims["sub_id"]["user"]["email"], "alice@corp.test");
  const std::string first = told[0].id;
  daemon.kill();
  daemon.start();
  told = daemon.poll();
  ASSERT_EQ(told.size(), 1U) << "it was not acknowledged";
  EXPECT_EQ(told[0].id, first);
  EXPECT_TRUE(daemon.poll(json{{"ack", {first}}, {"maxEvents", 0}}.dump()).empty());
  daemon.kill();
  daemon.start();
  daemon.sign_out(2);
  ASSERT_TRUE(daemon.program().until([&] {
    told = daemon.poll();
    return !told.empty();
  })) << daemon.program().log();
  ASSERT_EQ(told.size(), 1U) << "what was acknowledged came again";
  EXPECT_NE(told[0].id, first);
  EXPECT_TRUE(
      daemon
          .poll(json{{"setErrs", {{told[0].id, {{"err", "invalid_request"}}}}}, {"returnImmediately", true}}
                    .dump())
          .empty());
  EXPECT_EQ(daemon.metric(R"(curfew_outlet_delivered_total{outcome="refused",outlet="signals/crm"})"), 1);
}

TEST(PolledSignals, APollWaitsForSomething) {
  SignalsDaemon daemon;
  daemon.configure(managed);
  daemon.start();
  ASSERT_EQ(daemon.ask("POST", "/signals/stream", "{}").status, 201);
  const std::string id = id_of(daemon);
  ASSERT_EQ(daemon.ask("POST", "/signals/verify", json{{"stream_id", id}, {"state", "now"}}.dump()).status,
            204);
  const std::vector<Told> told = daemon.poll("{}");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].claims["sub_id"], (json{{"format", "opaque"}, {"id", id}}));
  EXPECT_EQ(told[0].claims["events"][verification_type]["state"], "now");
  const app_test::Reply again = daemon.ask("POST", "/signals/verify", json{{"stream_id", id}}.dump());
  EXPECT_EQ(again.status, 429);
  EXPECT_EQ(again.retry_after, "10");
}

TEST(StreamManagement, IsForItsReceiverAlone) {
  SignalsDaemon daemon;
  daemon.configure(managed);
  daemon.start();
  for (const char* path : {"/signals/stream", "/signals/status?stream_id=x"}) {
    EXPECT_EQ(daemon.ask("GET", path, {}, "").status, 401) << path;
    EXPECT_EQ(daemon.ask("GET", path, {}, other).status, 403) << path;
  }
  EXPECT_EQ(daemon.get("/signals/stream"), json::array());
  const app_test::Reply made = daemon.ask("POST", "/signals/stream", R"({"description":"ours"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const json stream = json::parse(made.body);
  EXPECT_EQ(stream["iss"], daemon.issuer());
  EXPECT_EQ(stream["aud"], json::array({"https://crm.test"}));
  EXPECT_EQ(stream["delivery"]["method"], "urn:ietf:rfc:8936");
  EXPECT_EQ(stream["events_delivered"], json::array({revoked_type}));
  EXPECT_EQ(daemon.get("/signals/stream?stream_id=" + id_of(daemon)), stream);
  EXPECT_EQ(daemon.ask("POST", "/signals/stream", "{}").status, 409);
  EXPECT_EQ(daemon.ask("GET", "/signals/stream?stream_id=another").status, 404);
  EXPECT_EQ(daemon.ask("POST", "/signals/poll/another", "{}").status, 404);
  EXPECT_EQ(daemon.ask("PATCH", "/signals/stream", "{").status, 400);
  EXPECT_EQ(
      daemon.ask("PATCH", "/signals/stream", json{{"stream_id", id_of(daemon)}, {"iss", "x"}}.dump()).status,
      400);
  EXPECT_EQ(daemon.ask("DELETE", "/signals/stream?stream_id=" + id_of(daemon)).status, 204);
  EXPECT_EQ(daemon.get("/signals/stream"), json::array());
}

TEST(StreamManagement, APausedStreamHoldsADisabledOneDoesNot) {
  SignalsDaemon daemon;
  daemon.configure(managed);
  daemon.start();
  ASSERT_EQ(daemon.ask("POST", "/signals/stream", "{}").status, 201);
  const std::string id = id_of(daemon);
  const auto set = [&](const char* status) {
    return daemon.ask("POST", "/signals/status", json{{"stream_id", id}, {"status", status}}.dump()).status;
  };
  ASSERT_EQ(set("paused"), 200);
  daemon.sign_out(1);
  EXPECT_TRUE(daemon.poll().empty());
  EXPECT_EQ(daemon.get("/signals/status?stream_id=" + id)["status"], "paused");
  ASSERT_EQ(set("enabled"), 200);
  ASSERT_TRUE(daemon.program().until([&] { return daemon.poll().size() == 1; })) << daemon.program().log();
  ASSERT_EQ(set("disabled"), 200);
  EXPECT_TRUE(daemon.poll().empty());
  EXPECT_EQ(daemon.metric(R"(curfew_outlet_delivered_total{outcome="dropped",outlet="signals/crm"})"), 1);
  daemon.sign_out(2);
  // At once: it may not have been looked at yet.
  ASSERT_EQ(set("enabled"), 200);
  daemon.sign_out(3);
  std::vector<Told> told;
  ASSERT_TRUE(daemon.program().until([&] { return !(told = daemon.poll()).empty(); }));
  EXPECT_EQ(told[0].claims["sub_id"]["user"]["email"], "carol@corp.test") << "what was proven since";
}

TEST(StreamManagement, PushesGoOnlyWhereTheConfigurationAllows) {
  support::WebhookReceiver receiver;
  SignalsDaemon daemon;
  daemon.configure("{name: crm, token: crm, audience: [https://crm.test], push_to: [\"" +
                   receiver.url("/in/") + "\"]}");
  daemon.start();
  const auto made = [&](const std::string& url) {
    return daemon
        .ask("POST", "/signals/stream",
             json{{"delivery",
                   {{"method", "urn:ietf:rfc:8935"},
                    {"endpoint_url", url},
                    {"authorization_header", "Bearer of-the-receiver"}}}}
                 .dump())
        .status;
  };
  EXPECT_EQ(made("http://crm.test/in/a"), 400);
  EXPECT_EQ(made("https://elsewhere.test/in/a"), 403);
  EXPECT_EQ(made(receiver.url("/in/../a")), 403);
  ASSERT_EQ(made(receiver.url("/in/a")), 201);
  EXPECT_THAT(daemon.ask("GET", "/signals/stream").body, Not(HasSubstr("of-the-receiver")));
  daemon.sign_out(1);
  ASSERT_TRUE(daemon.program().until([&] { return receiver.taken().size() == 1; })) << daemon.program().log();
  EXPECT_EQ(receiver.taken()[0].headers.at("authorization"), "Bearer of-the-receiver");
  EXPECT_EQ(receiver.taken()[0].path, "/in/a");
  EXPECT_EQ(daemon.ask("POST", "/signals/poll/" + id_of(daemon), "{}").status, 404);
}

}  // namespace
}  // namespace curfew::signals_test
