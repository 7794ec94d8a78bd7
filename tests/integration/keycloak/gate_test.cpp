// Access tokens of a real Keycloak at a gate: signed out, a session's token is refused there at once, while
// Keycloak's word for the session is still that it lives, as long as that token does.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/integration/keycloak/keycloak_server.hpp"

namespace curfew::keycloak_test {
namespace {

using nlohmann::json;

class KeycloakAtAGate : public testing::Test {
 protected:
  struct Answer {
    int status = 0;
    std::string reason;
  };
  void SetUp() override {
    keycloak_ = KeycloakServer::shared();
    if (keycloak_ == nullptr) GTEST_SKIP() << KeycloakServer::why_not();
    std::ofstream(daemon_.folder() / "secret") << "the-secret-of-curfew\n";
    gate_ = support::free_port();
    const json settings{{"provider", "keycloak"},
                        {"url", keycloak_->url()},
                        {"client_id", "curfew"},
                        {"client_secret_file", (daemon_.folder() / "secret").string()},
                        {"poll_every", "200ms"},
                        {"arrival_delay", "1s"},
                        {"clock_skew", "1s"},
                        {"gate_tokens", {{"audiences", {"account"}}, {"clock_skew", "1s"}}},
                        {"keycloak", {{"realm", "corp"}}}};
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    lateness: 1s\n    may_teach: [\"*\"]\n    settings: " +
        settings.dump() + "\ngates:\n  - {name: front, guards: sso, unknown: deny, listener: {port: " +
        std::to_string(gate_) + "}}\npolicies: []\n");
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
  [[nodiscard]] Answer check(const std::string& bearer) const {
    Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(gate_));
    Poco::Net::HTTPRequest request("GET", "/check", Poco::Net::HTTPMessage::HTTP_1_1);
    request.set("Authorization", "Bearer " + bearer);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string text;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
    return {static_cast<int>(response.getStatus()), response.get("X-Curfew-Reason", "")};
  }
  // The token lives for seconds only: a fresh one whenever it may have run out.
  void refresh(Tokens& tokens) const {
    if (tokens.expiry() > std::chrono::system_clock::now() + std::chrono::seconds(6)) return;
    tokens = keycloak_->refresh(tokens);
    ASSERT_EQ(tokens.status, 200);
  }

  const KeycloakServer* keycloak_ = nullptr;
  app_test::ScriptedDaemon daemon_;
  int gate_ = 0;
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

}  // namespace
}  // namespace curfew::keycloak_test
