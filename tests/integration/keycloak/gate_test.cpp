// Access tokens of a real Keycloak at a gate: signed out, a session's token is refused there at once, while
// Keycloak's word for the session is still that it lives, as long as that token does. Judged by its keys, and
// by what it says when it is asked about each token.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/integration/keycloak/keycloak_server.hpp"

namespace curfew::keycloak_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class KeycloakAtAGate : public testing::Test {
 protected:
  struct Answer {
    int status = 0;
    std::string reason;
    std::string challenge;
  };
  void SetUp() override {
    keycloak_ = KeycloakServer::shared();
    if (keycloak_ == nullptr) GTEST_SKIP() << KeycloakServer::why_not();
    begin();
  }
  // How tokens are judged.
  [[nodiscard]] virtual json judged() const {
    return {{"gate_tokens", {{"audiences", {"account"}}, {"clock_skew", "1s"}}}};
  }
  void begin() {
    std::ofstream(daemon_.folder() / "secret") << "the-secret-of-curfew\n";
    gate_ = support::free_port();
    open_gate_ = support::free_port();
    json settings{{"provider", "keycloak"}, {"url", keycloak_->url()},
                  {"client_id", "curfew"},  {"client_secret_file", (daemon_.folder() / "secret").string()},
                  {"poll_every", "200ms"},  {"arrival_delay", "1s"},
                  {"clock_skew", "1s"},     {"keycloak", {{"realm", "corp"}}}};
    settings.update(judged());
    const json front{{"name", "front"},
                     {"guards", "sso"},
                     {"unknown", "deny"},
                     {"ask_within", "10s"},
                     {"listener", {{"port", gate_}}}};
    json open = front;
    open.update({{"name", "open"}, {"fail", "open"}, {"listener", {{"port", open_gate_}}}});
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    lateness: 1s\n    may_teach: [\"*\"]\n    settings: " +
        settings.dump() + "\ngates: " + json{front, open}.dump() + "\npolicies: []\n");
    daemon_.start();
    // What was before its first reading is not told: a sign-in must come after it.
    ASSERT_TRUE(daemon_.until([&] {
      const json all = daemon_.get("/api/v1/sources")["sources"];
      for (const json& one : all) {
        if (one["name"] == "sso") return one["coverage"].is_object();
      }
      return false;
    })) << daemon_.log();
  }
  [[nodiscard]] Answer check(const std::string& bearer) const { return ask(gate_, "/check", bearer); }
  [[nodiscard]] static Answer ask(int port, const std::string& path, const std::string& bearer) {
    Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
    Poco::Net::HTTPRequest request("GET", path, Poco::Net::HTTPMessage::HTTP_1_1);
    if (!bearer.empty()) request.set("Authorization", "Bearer " + bearer);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string text;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
    return {static_cast<int>(response.getStatus()), response.get("X-Curfew-Reason", ""),
            response.get("WWW-Authenticate", "")};
  }
  // The token lives for seconds only: a fresh one whenever it may have run out.
  void refresh(Tokens& tokens) const {
    if (tokens.expiry() > std::chrono::system_clock::now() + std::chrono::seconds(6)) return;
    tokens = keycloak_->refresh(tokens);
    ASSERT_EQ(tokens.status, 200);
  }
  [[nodiscard]] bool until_it_passes(Tokens& tokens) const {
    return daemon_.until([&] {
      refresh(tokens);
      return check(tokens.access).status == 200;
    });
  }
  [[nodiscard]] std::uint64_t counted(const std::string& line) const {
    const std::string page = daemon_.request("GET", "/metrics").body;
    const std::size_t at = page.find(line + " ");
    return at == std::string::npos ? 0 : std::stoull(page.substr(at + line.size() + 1));
  }

  const KeycloakServer* keycloak_ = nullptr;
  app_test::ScriptedDaemon daemon_;
  int gate_ = 0;
  int open_gate_ = 0;  // fails open
};

TEST_F(KeycloakAtAGate, ASignedOutSessionsTokenIsRefusedWhileItStillLives) {
  Tokens alice = keycloak_->sign_in("alice");
  Tokens heidi = keycloak_->sign_in("heidi");
  ASSERT_EQ(alice.status, 200);
  ASSERT_EQ(heidi.status, 200);
  ASSERT_TRUE(daemon_.until([&] {
    refresh(alice);
    refresh(heidi);
    return check(alice.access).status == 200 && check(heidi.access).status == 200;
  })) << daemon_.log();
  refresh(alice);
  ASSERT_EQ(check(alice.access).status, 200);
  const auto ordered = app_test::run_curfew({"sign-out", "--user", "user:alice", "--reason", "left",
                                             "--prove-within", "40s", "--config", daemon_.config()});
  ASSERT_EQ(ordered.code, 0) << ordered.out << ordered.err;
  Answer refused;
  ASSERT_TRUE(daemon_.until([&] { return (refused = check(alice.access)).status == 401; }));
  const auto at = std::chrono::system_clock::now();
  EXPECT_EQ(refused.reason, "administrator");
  EXPECT_LT(at, alice.expiry()) << "it has not expired: it is denied";
  const json row = daemon_.get("/api/v1/sign-outs")["sign_outs"][0];
  EXPECT_TRUE(row["concluded_at"].is_null()) << "nothing is proven yet: " << row.dump(2);
  refresh(heidi);
  EXPECT_EQ(check(heidi.access).status, 200) << "others pass";
  EXPECT_TRUE(daemon_.until([&] {
    return daemon_.get("/api/v1/sign-outs")["sign_outs"][0]["outcome"] == "proven";
  })) << daemon_.get("/api/v1/sign-outs").dump(2);
}

// Asked about each token, by the source's own client.
class KeycloakIsAsked : public KeycloakAtAGate {
 protected:
  [[nodiscard]] json judged() const override {
    return {{"introspection", {{"clients", {"shop"}}, {"keep", "1s"}, {"clock_skew", "1s"}}}};
  }
  [[nodiscard]] std::uint64_t answers(const std::string& state) const {
    return counted("curfew_token_introspections_total{source=\"sso\",state=\"" + state + "\"}");
  }
};

TEST_F(KeycloakIsAsked, ATokenThatItCallsInactiveIsRefusedWhileItsSessionLives) {
  Tokens alice = keycloak_->sign_in("alice");
  ASSERT_EQ(alice.status, 200);
  ASSERT_TRUE(until_it_passes(alice)) << daemon_.log();
  EXPECT_GE(answers("active"), 1U);
  const std::uint64_t inactive = answers("inactive");
  const Answer invented = check("somebody-made-this-up");
  EXPECT_EQ(invented.status, 401);
  EXPECT_EQ(invented.reason, "expired");
  EXPECT_EQ(answers("inactive"), inactive + 1);
  EXPECT_EQ(check(alice.refresh).status, 401);
  EXPECT_EQ(answers("not_for_us"), 1U) << "active, and opens nothing";

  // The application gives its token back (RFC 7009), which nothing that Curfew reads tells.
  refresh(alice);
  ASSERT_EQ(check(alice.access).status, 200);
  ASSERT_EQ(keycloak_->revoke(alice), 200);
  EXPECT_FALSE(keycloak_->is_active(alice));
  Answer refused;
  ASSERT_TRUE(daemon_.until([&] { return (refused = check(alice.access)).status != 200; })) << daemon_.log();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.reason, "expired");
  EXPECT_EQ(refused.challenge, "Bearer error=\"invalid_token\"");
  EXPECT_GE(counted("curfew_gate_decisions_total{decision=\"refused_token\",gate=\"front\"}"), 3U);
  const Tokens next = keycloak_->refresh(alice);
  ASSERT_EQ(next.status, 200);
  EXPECT_EQ(check(next.access).status, 200) << "of the same session";
}

TEST_F(KeycloakIsAsked, WhatWasSignedOutIsRefusedThoughKeycloakCallsItActive) {
  Tokens bob = keycloak_->sign_in("bob", "openid offline_access");
  Tokens heidi = keycloak_->sign_in("heidi");
  ASSERT_EQ(bob.status, 200);
  ASSERT_EQ(heidi.status, 200);
  ASSERT_TRUE(until_it_passes(bob)) << daemon_.log();
  ASSERT_TRUE(until_it_passes(heidi)) << daemon_.log();
  // The offline session stays, and its tokens are renewed.
  const auto ordered = app_test::run_curfew({"sign-out", "--user", "user:bob", "--reason", "left", "--step",
                                             "cancel_session", "--config", daemon_.config()});
  ASSERT_EQ(ordered.code, 0) << ordered.out << ordered.err;
  ASSERT_TRUE(daemon_.until([&] { return check(bob.access).status == 401; })) << daemon_.log();
  const std::string online = "/users/" + keycloak_->user_id("bob") + "/sessions";
  ASSERT_TRUE(daemon_.until([&] {
    return keycloak_->admin("GET", online).body.find(bob.session) == std::string::npos;
  })) << daemon_.log();
  // Keycloak has not been asked about this one.
  bob = keycloak_->refresh(bob);
  ASSERT_EQ(bob.status, 200);
  const std::uint64_t asked = answers("active");
  const Answer refused = check(bob.access);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.reason, "administrator");
  EXPECT_EQ(answers("active"), asked + 1);
  EXPECT_EQ(keycloak_->user_info(bob), 200) << "it lives, but for the gate";
  EXPECT_TRUE(keycloak_->is_active(bob));
  EXPECT_TRUE(until_it_passes(heidi)) << "others pass";
  EXPECT_EQ(keycloak_->sign_out(bob).status, 204);
}

class KeycloakRefusesTheGatesClient : public KeycloakIsAsked {
 protected:
  [[nodiscard]] json judged() const override {
    const std::string secret = (daemon_.folder() / "wrong").string();
    std::ofstream(secret) << "another-secret\n";
    return {{"introspection", {{"client_id", "curfew"}, {"client_secret_file", secret}}}};
  }
};

TEST_F(KeycloakRefusesTheGatesClient, ThatIsSaidAndNotShownAndEachGateFailsAsItIsToldTo) {
  const Tokens alice = keycloak_->sign_in("alice");
  ASSERT_EQ(alice.status, 200);
  for (const int gate : {gate_, open_gate_})
    ASSERT_TRUE(daemon_.until([&] { return ask(gate, "/healthz", "").status == 200; })) << daemon_.log();
  const Answer closed = check(alice.access);
  EXPECT_EQ(closed.status, 403);
  EXPECT_EQ(closed.reason, "starting");
  EXPECT_EQ(ask(open_gate_, "/check", alice.access).status, 200);
  EXPECT_EQ(answers("active") + answers("inactive"), 0U);
  EXPECT_GE(answers("unknown"), 1U);
  EXPECT_EQ(counted("curfew_gate_decisions_total{decision=\"failed_closed\",gate=\"front\"}"), 1U);
  EXPECT_EQ(counted("curfew_gate_decisions_total{decision=\"failed_open\",gate=\"open\"}"), 1U);
  ASSERT_TRUE(daemon_.until([&] {
    return daemon_.log().find("refuses the client 'curfew' (401)") != std::string::npos;
  })) << daemon_.log();
  for (const std::string& secret : {std::string("another-secret"), alice.access})
    EXPECT_THAT(daemon_.log(), Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace curfew::keycloak_test
