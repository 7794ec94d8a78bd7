// Curfew's sign-outs at a real OpenID provider by its operator's own API, through the real daemon. What
// Curfew says is compared with what the provider shows to the application and to the browser afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/integration/openid/provider_server.hpp"

namespace curfew::openid_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string after_a_second = "rule: session_timeout\n    limit: 1s";

class AtAProvider : public testing::Test {
 protected:
  void SetUp() override {
    if (!ProviderServer::why_not().empty()) GTEST_SKIP() << ProviderServer::why_not();
    told_port_ = support::free_port();
    told_ = std::make_unique<RelyingParty>(
        "desk", "http://127.0.0.1:" + std::to_string(told_port_) + "/open/sso/back-channel-logout");
    provider_ = std::make_unique<ProviderServer>(std::vector<const RelyingParty*>{&crm_, &shop_, told_.get()},
                                                 token_seconds);
  }

  static constexpr int token_seconds = 8;

  json settings(const std::string& access_token_lifespan = "0s") {
    std::ofstream(daemon_.folder() / "secret") << "the-secret-of-curfew\n";
    const json calls{
        {"url", provider_->admin_url()},
        {"scope", "sessions"},
        {"access_token_lifespan", access_token_lifespan},
        {"sessions",
         {{"all", {{"path", "/sessions?limit=2&after={page}"}}},
          {"of_subject", {{"path", "/people/{subject}/sessions?limit=2&after={page}"}}},
          {"rows", "/sessions"},
          {"session", "/id"},
          {"subject", "/person"},
          {"started_at", "/signed_in"},
          {"last_activity_at", "/seen"},
          {"client_sessions", "/sids"},
          {"next", "/next"}}},
        {"grants",
         {{"all", {{"path", "/grants?limit=2&after={page}"}}},
          {"of_subject", {{"path", "/people/{subject}/grants?limit=2&after={page}"}}},
          {"rows", "/grants"},
          {"session", "/session"},
          {"subject", "/person"},
          {"client", "/client"},
          {"next", "/next"}}},
        {"undelivered",
         {{"of_subject", {{"path", "/people/{subject}/logouts"}}},
          {"rows", "/undelivered"},
          {"session", "/session"},
          {"subject", "/subject"},
          {"client", "/client"}}},
        {"cancel_session", {{{"method", "DELETE"}, {"path", "/sessions/{session}?grants=keep"}}}},
        {"sign_out_session", {{{"method", "DELETE"}, {"path", "/sessions/{session}"}}}},
        {"revoke_tokens", {{{"method", "DELETE"}, {"path", "/people/{subject}/grants"}}}},
        {"sign_out_subject", {{{"method", "DELETE"}, {"path", "/people/{subject}"}}}},
        {"send_again", {{{"method", "POST"}, {"path", "/sessions/{session}/logouts"}}}}};
    return {{"provider", "oidc"},
            {"url", provider_->url()},
            {"client_id", "curfew"},
            {"client_secret_file", (daemon_.folder() / "secret").string()},
            {"poll_every", "200ms"},
            {"arrival_delay", "1s"},
            {"clock_skew", "1s"},
            {"back_channel_logout", {{"audiences", {"desk"}}}},
            {"oidc", {{"administration", calls}}}};
  }
  // `rule`: YAML of a policy below name, mode and scope. Empty: none.
  void begin(const json& settings, const std::string& rule = {}, const std::string& ladder = {}) {
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    lateness: 1s\n    may_teach: [\"*\"]\n"
        "    open_paths: [/back-channel-logout]\n    settings: " +
        settings.dump() + "\n" +
        (rule.empty()
             ? std::string{}
             : "policies:\n  - name: limit\n    mode: enforce\n    scope: {sources: [sso]}\n"
               "    except: {subjects: [\"oidc_subject:" +
                   provider_->url() + "#heidi\"]}\n    " + rule + "\n    ladder: " + ladder +
                   "\nsafety: {most_sign_outs_per_minute: 100, protected_accounts: [\"user:admin\"]}\n"));
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::string listeners = "listeners: {operator: {";
    text.replace(text.find(listeners), listeners.size(),
                 "listeners: {sources: {port: " + std::to_string(told_port_) + "}, operator: {");
    std::ofstream(daemon_.config()) << text;
    daemon_.start();
    ASSERT_TRUE(daemon_.until([&] { return source()["coverage"].is_object(); })) << daemon_.log();
  }
  [[nodiscard]] json source() const {
    const json all = daemon_.get("/api/v1/sources")["sources"];
    for (const json& one : all) {
      if (one["name"] == "sso") return one;
    }
    return json::object();
  }
  [[nodiscard]] json sessions(const std::string& question = {}) const {
    return daemon_.get("/api/v1/sessions?source=sso" + question)["sessions"];
  }
  [[nodiscard]] json sign_outs() const { return daemon_.get("/api/v1/sign-outs")["sign_outs"]; }
  // The first that is concluded, while `meanwhile` goes on.
  json concluded(const std::function<void()>& meanwhile = [] {}) {
    json found;
    EXPECT_TRUE(daemon_.until([&] {
      meanwhile();
      for (const json& row : sign_outs()) {
        if (found.is_null() && !row["concluded_at"].is_null()) found = row;
      }
      return !found.is_null();
    })) << sign_outs().dump(2)
        << daemon_.log();
    return found;
  }
  static std::vector<std::string> verdicts(const json& row) {
    std::vector<std::string> all;
    if (!row.is_object()) return all;
    for (const json& step : row["trail"]) all.push_back(step.value("verdict", "none"));
    return all;
  }
  [[nodiscard]] std::uint64_t counted(const std::string& type) const {
    const std::string page = daemon_.request("GET", "/metrics").body;
    const std::string line = "curfew_observations_total{source=\"sso\",type=\"" + type + "\"} ";
    const std::size_t at = page.find(line);
    return at == std::string::npos ? 0 : std::stoull(page.substr(at + line.size()));
  }
  // As an application and a browser see it: nothing is left.
  void expect_over(Browser& browser, const RelyingParty& party, const Tokens& tokens) {
    EXPECT_EQ(provider_->refresh(party, tokens).error, "invalid_grant");
    EXPECT_EQ(provider_->user_info(tokens), 401);
    EXPECT_FALSE(provider_->is_active(party, tokens));
    EXPECT_EQ(browser.come_back(party), "login_required");
  }
  // All leaves of the ledger.
  [[nodiscard]] std::string recorded() const {
    std::istringstream checkpoint(daemon_.request("GET", "/api/v1/ledger/checkpoint").body);
    std::string origin, all;
    std::size_t size = 0;
    std::getline(checkpoint, origin);
    checkpoint >> size;
    for (std::size_t first = 0; first < size; first += 256) {
      std::string tile = std::to_string(first / 256);
      tile.insert(0, 3 - tile.size(), '0');
      if (size - first < 256) tile += ".p/" + std::to_string(size - first);
      all += daemon_.request("GET", "/api/v1/ledger/streams/1/tile/entries/" + tile).body;
    }
    return all;
  }
  // How often the provider tried in vain to tell a relying party.
  [[nodiscard]] std::size_t counted_attempts() const {
    const std::string log = provider_->log();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("the logout was not taken by", at)) != std::string::npos; ++at)
      ++count;
    return count;
  }

  RelyingParty crm_{"crm"}, shop_{"shop"};
  int told_port_ = 0;
  std::unique_ptr<RelyingParty> told_;
  std::unique_ptr<ProviderServer> provider_;
  app_test::ScriptedDaemon daemon_;
};

TEST_F(AtAProvider, ASessionIsSignedOutAndProvenAsTheApplicationAndTheBrowserSeeIt) {
  begin(settings(), after_a_second, "[{action: sign_out_session, prove_within: 30s}]");
  Browser heidi(*provider_, "heidi"), alice(*provider_, "alice");
  const Tokens other = heidi.sign_in(crm_);
  const Tokens tokens = alice.sign_in(crm_);
  ASSERT_EQ(tokens.status, 200) << tokens.error << provider_->log();
  const json row = concluded();
  EXPECT_THAT(verdicts(row), ElementsAre("proven")) << row.dump(2) << daemon_.log();
  const auto took = base::parse_rfc3339(row["concluded_at"].get<std::string>()).value() -
                    base::parse_rfc3339(row["ordered_at"].get<std::string>()).value();
  RecordProperty("order_to_proof_ms",
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  expect_over(alice, crm_, tokens);
  ASSERT_EQ(crm_.logouts().size(), 1U);
  EXPECT_EQ(crm_.logouts()[0]["sub"], "alice");
  EXPECT_EQ(provider_->user_info(other), 200);
  EXPECT_EQ(heidi.come_back(crm_), "");
}

TEST_F(AtAProvider, OfflineAccessOutlivesACancelAndNotTheSignOut) {
  begin(settings(), after_a_second,
        "[{action: cancel_session, prove_within: 2s}, {action: sign_out_session, prove_within: 30s}]");
  Browser alice(*provider_, "alice");
  Tokens tokens = alice.sign_in(crm_, "openid offline_access");
  ASSERT_EQ(tokens.status, 200) << tokens.error;
  bool lived_without_its_session = false;
  const json row = concluded([&] {
    if (lived_without_its_session || alice.come_back(crm_) != "login_required") return;
    const Tokens next = provider_->refresh(crm_, tokens);
    if (next.status != 200) return;
    tokens = next;
    lived_without_its_session = true;
  });
  EXPECT_TRUE(lived_without_its_session) << "a cancel leaves the tokens";
  EXPECT_THAT(verdicts(row), ElementsAre("still_alive", "proven")) << row.dump(2) << daemon_.log();
  expect_over(alice, crm_, tokens);
}

TEST_F(AtAProvider, RevokedTokensLeaveTheBrowserSignedInAndTheLadderGoesOn) {
  begin(settings(), after_a_second,
        "[{action: revoke_tokens, prove_within: 2s}, {action: sign_out_session, prove_within: 30s}]");
  Browser alice(*provider_, "alice");
  const Tokens tokens = alice.sign_in(crm_, "openid offline_access");
  ASSERT_EQ(tokens.status, 200) << tokens.error;
  bool was_still_signed_in = false;
  const json row = concluded([&] {
    if (provider_->user_info(tokens) == 401)
      was_still_signed_in |= alice.come_back(crm_) == "consent_required";
  });
  EXPECT_TRUE(was_still_signed_in);
  EXPECT_THAT(verdicts(row), ElementsAre("still_alive", "proven")) << row.dump(2) << daemon_.log();
  expect_over(alice, crm_, tokens);
}

TEST_F(AtAProvider, APersonIsSignedOutOfAllSessions) {
  begin(settings(), "rule: concurrent_sessions\n    most: 1\n    evict: oldest",
        "[{action: sign_out_subject, prove_within: 30s}]");
  Browser desk(*provider_, "carol"), phone(*provider_, "carol");
  const Tokens at_desk = desk.sign_in(crm_, "openid offline_access");
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").size() == 1; })) << daemon_.log();
  const Tokens at_phone = phone.sign_in(shop_);
  const json row = concluded();
  EXPECT_EQ(row["outcome"], "proven") << row.dump(2) << daemon_.log();
  expect_over(desk, crm_, at_desk);
  expect_over(phone, shop_, at_phone);
  EXPECT_EQ(crm_.logouts().size(), 1U);
  EXPECT_EQ(shop_.logouts().size(), 1U);
}

TEST_F(AtAProvider, ARelyingPartyThatWasDownIsToldUntilItTakesTheLogout) {
  begin(settings(), after_a_second, "[{action: sign_out_session, prove_within: 50s}]");
  Browser alice(*provider_, "alice");
  const Tokens tokens = alice.sign_in(crm_, "openid offline_access");
  (void)alice.sign_in(shop_);
  crm_.go_down();
  // The provider's own session is over, and the relying party's is not: nothing is proved.
  ASSERT_TRUE(daemon_.until([&] { return provider_->user_info(tokens) == 401; })) << daemon_.log();
  ASSERT_TRUE(daemon_.until([&] { return counted_attempts() >= 2; })) << provider_->log();
  ASSERT_EQ(sign_outs().size(), 1U);
  EXPECT_TRUE(sign_outs()[0]["concluded_at"].is_null()) << sign_outs().dump(2);
  crm_.come_up();
  const json row = concluded();
  EXPECT_THAT(verdicts(row), ElementsAre("proven")) << recorded() << provider_->log();
  EXPECT_EQ(crm_.logouts().size(), 1U);
  EXPECT_EQ(shop_.logouts().size(), 1U) << "who took it is not told again";
  expect_over(alice, crm_, tokens);
  const std::string ledger = recorded();
  EXPECT_NE(ledger.find("the logout was not taken by crm; it is sent again"), std::string::npos)
      << ledger.size();
}

TEST_F(AtAProvider, ARelyingPartyThatStaysDownIsNoProof) {
  begin(settings(), after_a_second, "[{action: sign_out_session, prove_within: 3s}]");
  Browser alice(*provider_, "alice");
  (void)alice.sign_in(crm_);
  crm_.go_down();
  const json row = concluded();
  EXPECT_THAT(verdicts(row), ElementsAre("still_alive")) << row.dump(2);
  EXPECT_EQ(alice.come_back(crm_), "login_required");
}

TEST_F(AtAProvider, WhatWasOrderedBeforeAKillIsSentAgainAfterIt) {
  begin(settings(), after_a_second, "[{action: sign_out_session, prove_within: 50s}]");
  Browser alice(*provider_, "alice");
  (void)alice.sign_in(crm_);
  crm_.go_down();
  // Before a reading could remember the order: only its probes know of it.
  ASSERT_TRUE(daemon_.until([&] { return counted_attempts() >= 2; })) << provider_->log();
  daemon_.stop(SIGKILL);
  crm_.come_up();
  daemon_.start();
  const json row = concluded();
  EXPECT_EQ(row["outcome"], "proven") << recorded() << provider_->log();
  EXPECT_EQ(crm_.logouts().size(), 1U);
}

// A token that says all by itself is believed by who does not ask.
TEST_F(AtAProvider, NothingIsProvenBeforeTheLastJwtIsOver) {
  begin(settings(std::to_string(token_seconds) + "s"), after_a_second,
        "[{action: sign_out_session, prove_within: 40s}]");
  Browser alice(*provider_, "alice");
  const Tokens tokens = alice.sign_in(crm_, "openid offline_access", "urn:api");
  const json claims = claims_of(tokens.access);
  ASSERT_TRUE(claims.is_object()) << tokens.error;
  const json row = concluded();
  EXPECT_THAT(verdicts(row), ElementsAre("proven")) << row.dump(2) << daemon_.log();
  const auto expiry = std::chrono::sys_seconds(std::chrono::seconds(claims["exp"].get<std::int64_t>()));
  EXPECT_GE(base::parse_rfc3339(row["concluded_at"].get<std::string>()).value(), expiry);
  EXPECT_EQ(provider_->refresh(crm_, tokens).status, 400);
}

TEST_F(AtAProvider, ItsOwnLogoutEndsTheSessionThatTheApplicationKnowsByAnotherName) {
  begin(settings());
  Browser alice(*provider_, "alice"), bob(*provider_, "bob");
  const Tokens tokens = alice.sign_in(*told_);
  (void)bob.sign_in(*told_);
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").size() == 2; })) << daemon_.log();
  EXPECT_EQ(claims_of(tokens.id)["sid"].is_string(), true);
  EXPECT_NE(claims_of(tokens.id)["sid"], provider_->session_of("alice"));
  alice.sign_out(tokens);
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").size() == 1; })) << daemon_.log();
  EXPECT_EQ(counted("sign_out"), 1U) << provider_->log();
  EXPECT_EQ(sessions().size(), 2U) << "no session of another name came to be";
}

TEST_F(AtAProvider, SessionsAreToldOnceThroughThrottlingDamageAndAKill) {
  begin(settings());
  std::vector<std::unique_ptr<Browser>> browsers;
  const auto sign_in = [&](int count) {
    for (int i = 0; i < count; ++i) {
      browsers.push_back(std::make_unique<Browser>(*provider_, "p" + std::to_string(browsers.size())));
      EXPECT_EQ(browsers.back()->sign_in(crm_).status, 200);
    }
  };
  sign_in(5);
  ASSERT_TRUE(daemon_.until([&] { return counted("sign_in") == 5; })) << daemon_.log();
  provider_->answer_wrong({{"times", 2}, {"status", 429}, {"headers", {{"retry-after", "1"}}}});
  sign_in(2);
  ASSERT_TRUE(daemon_.until([&] { return counted("sign_in") == 7; })) << daemon_.log();
  provider_->answer_wrong(
      {{"times", 3}, {"headers", {{"content-length", "16"}}}, {"body", "{\"sessions\":[{\"i"}});
  ASSERT_TRUE(daemon_.until([&] {
    return source().value("text", "").find("is no whole JSON") != std::string::npos ||
           daemon_.log().find("is no whole JSON") != std::string::npos;
  })) << source().dump(2);
  sign_in(1);
  ASSERT_TRUE(daemon_.until([&] { return counted("sign_in") == 8; })) << daemon_.log();
  daemon_.stop(SIGKILL);
  sign_in(2);
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true&limit=100").size() == 10; })) << daemon_.log();
  // Told again is only what was not durable, or so recent that the last reading may have missed it: under the
  // key that it had.
  EXPECT_GE(counted("sign_in"), 2U);
  EXPECT_EQ(sessions("&limit=100").size(), 10U);
  EXPECT_EQ(source()["refused"], 0U);
}

TEST_F(AtAProvider, AWrongSecretIsSaidAndNotShown) {
  const json wrong = settings();
  std::ofstream(daemon_.folder() / "secret") << "another-secret\n";
  daemon_.script("");
  daemon_.configure(
      "  - name: sso\n    connector: oauth\n    open_paths: [/back-channel-logout]\n    settings: " +
      wrong.dump() + "\n");
  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] {
    return source().value("text", "").find("refuses the client 'curfew'") != std::string::npos;
  })) << source().dump(2);
  EXPECT_THAT(daemon_.log(), testing::Not(HasSubstr("another-secret")));
}

}  // namespace
}  // namespace curfew::openid_test
