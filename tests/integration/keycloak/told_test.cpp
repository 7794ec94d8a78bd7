// A real Keycloak sends its logouts to the daemon, which knows the sessions from the application alone.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/integration/keycloak/keycloak_server.hpp"

namespace curfew::keycloak_test {
namespace {

using nlohmann::json;

class ToldByKeycloak : public testing::Test {
 protected:
  void SetUp() override {
    keycloak_ = KeycloakServer::shared();
    if (keycloak_ == nullptr) GTEST_SKIP() << KeycloakServer::why_not();
    port_ = support::free_port();
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    ingest: true\n    lateness: 0s\n"
        "    open_paths: [/back-channel-logout]\n"
        "    settings: {provider: oidc, url: \"" +
        issuer() + "\", back_channel_logout: {audiences: [shop]}}\n");
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::string listeners = "listeners: {operator: {";
    text.replace(text.find(listeners), listeners.size(),
                 "listeners: {sources: {port: " + std::to_string(port_) + "}, operator: {");
    std::ofstream(daemon_.config()) << text;
    daemon_.start();
  }
  // Keycloak is another tests' too: it stops sending.
  void TearDown() override {
    if (keycloak_ != nullptr) send_logouts_to("", true);
  }

  [[nodiscard]] std::string issuer() const { return keycloak_->url() + "/realms/corp"; }
  [[nodiscard]] std::string address() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/open/sso/back-channel-logout";
  }
  void send_logouts_to(const std::string& url, bool with_session) const {
    json shop = keycloak_->admin("GET", "/clients?clientId=shop").json().at(0);
    shop["attributes"]["backchannel.logout.url"] = url;
    shop["attributes"]["backchannel.logout.session.required"] = with_session ? "true" : "false";
    const Reply reply = keycloak_->admin("PUT", "/clients/" + shop.at("id").get<std::string>(), shop);
    ASSERT_EQ(reply.status, 204) << reply.body;
  }
  // As the application's agent tells of it.
  [[nodiscard]] Tokens sign_in(const std::string& user) const {
    Tokens tokens = keycloak_->sign_in(user);
    const auto reply = daemon_.request(
        "POST", "/api/v1/ingest/sso",
        json{{"type", "sign_in"},
             {"occurred_at", base::format_rfc3339(base::wall_clock_now() - std::chrono::seconds(2))},
             {"key", "in " + tokens.session},
             {"session", {{"id", tokens.session}}},
             {"identifiers",
              {{{"namespace", "oidc_subject"}, {"value", issuer() + "#" + keycloak_->user_id(user)}}}},
             {"application", "shop"}}
            .dump());
    EXPECT_EQ(reply.status, 202) << reply.body;
    return tokens;
  }
  [[nodiscard]] std::size_t live() const {
    return daemon_.get("/api/v1/sessions?live=true&source=sso")["sessions"].size();
  }
  [[nodiscard]] bool until_live(std::size_t count) const {
    return daemon_.until([&] { return live() == count; });
  }

  const KeycloakServer* keycloak_ = nullptr;
  app_test::ScriptedDaemon daemon_;
  int port_ = 0;
};

TEST_F(ToldByKeycloak, ALogoutEndsItsOwnSession) {
  send_logouts_to(address(), true);
  const Tokens desk = sign_in("alice");
  const Tokens phone = sign_in("alice");
  ASSERT_TRUE(until_live(2));
  EXPECT_EQ(keycloak_->sign_out(desk).status, 204);
  ASSERT_TRUE(until_live(1)) << daemon_.log();
  const json page = daemon_.get("/api/v1/sessions?source=sso");
  for (const json& session : page["sessions"]) {
    if (session["state"] != "ended") continue;
    EXPECT_EQ(session["end_reason"], "signed_out");
    EXPECT_EQ(session["end_certainty"], "stated");
  }
  EXPECT_EQ(keycloak_->refresh(phone).status, 200) << "the one that goes on";
}

// Measured (26.0.8): to an application that wants session ids it tells of one session, though all are ended.
TEST_F(ToldByKeycloak, AnAdministratorsLogoutIsToldOfOneSessionUnlessItIsToldOfThePerson) {
  const std::string log_out = "/users/" + keycloak_->user_id("alice") + "/logout";
  EXPECT_EQ(keycloak_->admin("POST", log_out).status, 204);  // what other tests left
  send_logouts_to(address(), true);
  const Tokens desk = sign_in("alice");
  const Tokens phone = sign_in("alice");
  (void)sign_in("bob");
  ASSERT_TRUE(until_live(3));
  EXPECT_EQ(keycloak_->admin("POST", log_out).status, 204);
  EXPECT_EQ(keycloak_->refresh(desk).status, 400);
  EXPECT_EQ(keycloak_->refresh(phone).status, 400);
  ASSERT_TRUE(until_live(2)) << daemon_.log();

  send_logouts_to(address(), false);
  (void)sign_in("alice");
  ASSERT_TRUE(until_live(3));
  EXPECT_EQ(keycloak_->admin("POST", log_out).status, 204);
  ASSERT_TRUE(until_live(1)) << daemon_.log();
}

TEST_F(ToldByKeycloak, ALogoutWithoutItsSessionEndsAllThatThePersonHas) {
  send_logouts_to(address(), false);
  const Tokens desk = sign_in("carol");
  (void)sign_in("carol");
  (void)sign_in("bob");
  ASSERT_TRUE(until_live(3));
  EXPECT_EQ(keycloak_->sign_out(desk).status, 204);
  ASSERT_TRUE(until_live(1)) << daemon_.log();
}

// Measured: Keycloak says to the person that all is well, and sends it once.
TEST_F(ToldByKeycloak, ALogoutThatNobodyTookIsNotSentAgain) {
  send_logouts_to(address(), true);
  const Tokens desk = sign_in("dave");
  ASSERT_TRUE(until_live(1));
  daemon_.stop();
  EXPECT_EQ(keycloak_->sign_out(desk).status, 204);
  daemon_.start();
  EXPECT_EQ(keycloak_->refresh(desk).status, 400);
  // The next one is a sign that nothing is on its way any more.
  const Tokens next = sign_in("dave");
  ASSERT_TRUE(until_live(2));
  EXPECT_EQ(keycloak_->sign_out(next).status, 204);
  ASSERT_TRUE(until_live(1)) << daemon_.log();
}

}  // namespace
}  // namespace curfew::keycloak_test
