// A gate before an application that takes opaque tokens of a real OpenID provider, which alone can judge
// them: the provider is asked while the request waits. What the gate says is compared with what the provider
// shows to the application and to the browser.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/integration/app/program.hpp"
#include "tests/integration/openid/provider_server.hpp"

namespace curfew::openid_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class OpaqueTokens : public testing::Test {
 protected:
  struct Answer {
    int status = 0;
    std::string reason;
    std::string sign_out;
  };

  void SetUp() override {
    if (!ProviderServer::why_not().empty()) GTEST_SKIP() << ProviderServer::why_not();
    provider_ = std::make_unique<ProviderServer>(std::vector<const RelyingParty*>{&crm_});
    gate_ = support::free_port();
  }

  void begin(const json& introspection, const std::string& unknown = "deny") {
    std::ofstream(daemon_.folder() / "secret") << "the-secret-of-curfew\n";
    const json calls{
        {"url", provider_->admin_url()},
        {"scope", "sessions"},
        {"access_token_lifespan", "0s"},
        {"sessions",
         {{"all", {{"path", "/sessions?after={page}"}}},
          {"of_subject", {{"path", "/people/{subject}/sessions?after={page}"}}},
          {"rows", "/sessions"},
          {"session", "/id"},
          {"subject", "/person"},
          {"started_at", "/signed_in"},
          {"client_sessions", "/sids"},
          {"next", "/next"}}},
        {"cancel_session", {{{"method", "DELETE"}, {"path", "/sessions/{session}?grants=keep"}}}},
        {"revoke_tokens", {{{"method", "DELETE"}, {"path", "/people/{subject}/grants"}}}},
        {"sign_out_session", {{{"method", "DELETE"}, {"path", "/sessions/{session}"}}}}};
    const json settings{
        {"provider", "oidc"},
        {"url", provider_->url()},
        {"client_id", "curfew"},
        {"client_secret_file", (daemon_.folder() / "secret").string()},
        {"poll_every", "200ms"},
        {"arrival_delay", "1s"},
        {"clock_skew", "1s"},
        {"introspection", introspection},
        {"rp_initiated_logout", {{"client_id", "crm"}, {"post_logout_redirect_uri", RelyingParty::back()}}},
        {"oidc", {{"administration", calls}}}};
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    lateness: 1s\n    may_teach: [\"*\"]\n    settings: " +
        settings.dump() + "\ngates:\n  - {name: front, guards: sso, unknown: " + unknown +
        ", ask_within: 5s, listener: {port: " + std::to_string(gate_) + "}}\npolicies: []\n");
    daemon_.start();
  }
  [[nodiscard]] Answer check(const std::string& bearer) const {
    Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(gate_));
    Poco::Net::HTTPRequest request("GET", "/check", Poco::Net::HTTPMessage::HTTP_1_1);
    request.set("Authorization", "Bearer " + bearer);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string text;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
    return {static_cast<int>(response.getStatus()), response.get("X-Curfew-Reason", ""),
            response.get("X-Curfew-Sign-Out", "")};
  }
  void order(const std::string& person, const std::string& step) {
    const auto ordered = app_test::run_curfew(
        {"sign-out", "--user", "oidc_subject:" + provider_->url() + "#" + person, "--reason", "left",
         "--step", step, "--prove-within", "30s", "--config", daemon_.config()});
    ASSERT_EQ(ordered.code, 0) << ordered.out << ordered.err;
  }
  [[nodiscard]] std::uint64_t counted(const std::string& line) const {
    const std::string page = daemon_.request("GET", "/metrics").body;
    const std::size_t at = page.find(line + " ");
    return at == std::string::npos ? 0 : std::stoull(page.substr(at + line.size() + 1));
  }

  RelyingParty crm_{"crm"};
  std::unique_ptr<ProviderServer> provider_;
  app_test::ScriptedDaemon daemon_;
  int gate_ = 0;
};

TEST_F(OpaqueTokens, PassWhileTheProviderCallsThemActiveAndAreRefusedFromTheOrderOn) {
  begin({{"clients", {"crm"}}, {"keep", "1s"}});
  Browser alice(*provider_, "alice"), heidi(*provider_, "heidi");
  const Tokens tokens = alice.sign_in(crm_);
  const Tokens other = heidi.sign_in(crm_);
  ASSERT_EQ(tokens.status, 200) << tokens.error << provider_->log();
  ASSERT_EQ(std::count(tokens.access.begin(), tokens.access.end(), '.'), 0) << "it says nothing by itself";
  ASSERT_TRUE(daemon_.until([&] {
    return check(tokens.access).status == 200 && check(other.access).status == 200;
  })) << daemon_.log();
  EXPECT_EQ(check("somebody-made-this-up").status, 401);
  EXPECT_EQ(check(tokens.refresh).status, 401) << "active, and opens nothing";

  order("alice", "sign_out_session");
  Answer refused;
  ASSERT_TRUE(daemon_.until([&] { return (refused = check(tokens.access)).status == 401; })) << daemon_.log();
  EXPECT_EQ(refused.reason, "administrator");
  ASSERT_TRUE(daemon_.until([&] {
    return daemon_.get("/api/v1/sign-outs")["sign_outs"][0]["outcome"] == "proven";
  })) << daemon_.get("/api/v1/sign-outs").dump(2);
  EXPECT_FALSE(provider_->is_active(crm_, tokens));
  EXPECT_EQ(provider_->user_info(tokens), 401);
  // The provider's own word, once what it had said before is too old.
  ASSERT_TRUE(daemon_.until([&] { return check(tokens.access).reason == "expired"; })) << daemon_.log();
  EXPECT_GE(counted("curfew_token_introspections_total{source=\"sso\",state=\"inactive\"}"), 2U);
  EXPECT_EQ(check(other.access).status, 200) << "others pass";
  for (const std::string& secret : {tokens.access, tokens.refresh, std::string("the-secret-of-curfew")})
    EXPECT_THAT(daemon_.log(), Not(HasSubstr(secret)));
}

TEST_F(OpaqueTokens, OneThatOutlivesItsSessionIsRevokedAtTheProvider) {
  begin({{"clients", {"crm"}}, {"keep", "1s"}, {"revoke", true}});
  Browser alice(*provider_, "alice");
  const Tokens tokens = alice.sign_in(crm_, "openid offline_access");
  ASSERT_EQ(tokens.status, 200) << tokens.error;
  ASSERT_TRUE(daemon_.until([&] { return check(tokens.access).status == 200; })) << daemon_.log();
  // The session ends, and what was granted for offline access does not.
  order("alice", "cancel_session");
  ASSERT_TRUE(daemon_.until([&] { return check(tokens.access).status == 401; })) << daemon_.log();
  ASSERT_TRUE(daemon_.until([&] {
    (void)check(tokens.access);
    return provider_->user_info(tokens) == 401;
  })) << daemon_.log();
  EXPECT_EQ(counted("curfew_token_revocations_total{answer=\"accepted\",source=\"sso\"}"), 1U);
  ASSERT_TRUE(daemon_.until([&] {
    return counted("curfew_observations_total{source=\"front\",type=\"sign_in_failed\"}") >= 1;
  })) << "what was done was recorded before";
  ASSERT_TRUE(daemon_.until([&] { return check(tokens.access).reason == "expired"; })) << daemon_.log();
}

// The provider's list has the session under a name of its own, and has it no more once it was cancelled.
TEST_F(OpaqueTokens, AKillForgetsNotWhichSessionATokenIsOf) {
  begin({{"clients", {"crm"}}, {"keep", "1s"}}, "ask");
  Browser alice(*provider_, "alice");
  const Tokens tokens = alice.sign_in(crm_, "openid offline_access");
  ASSERT_EQ(tokens.status, 200) << tokens.error;
  ASSERT_TRUE(daemon_.until([&] {
    (void)check(tokens.access);
    return counted("curfew_gate_decisions_total{decision=\"pass\",gate=\"front\"}") > 0;
  })) << "whose it is becomes known with a reading\n"
      << daemon_.log();
  order("alice", "cancel_session");
  Answer refused;
  ASSERT_TRUE(daemon_.until([&] { return (refused = check(tokens.access)).status == 401; })) << daemon_.log();
  EXPECT_EQ(refused.reason, "administrator");
  ASSERT_TRUE(daemon_.until([&] {
    return daemon_.get("/api/v1/sign-outs")["sign_outs"][0]["outcome"] == "proven";
  })) << daemon_.get("/api/v1/sign-outs").dump(2);
  EXPECT_TRUE(provider_->admin("GET", "/people/alice/sessions").json()["sessions"].empty());

  ASSERT_EQ(daemon_.stop(SIGKILL).signal, SIGKILL);
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return (refused = check(tokens.access)).status != 403; })) << daemon_.log();
  EXPECT_EQ(refused.status, 401) << "as before, and not unknown";
  EXPECT_EQ(refused.reason, "administrator");
  EXPECT_TRUE(provider_->is_active(crm_, tokens));
}

TEST_F(OpaqueTokens, TheLinkOfARefusalEndsTheProvidersOwnSession) {
  begin({{"keep", "1s"}});
  Browser alice(*provider_, "alice");
  const Tokens tokens = alice.sign_in(crm_);
  ASSERT_TRUE(daemon_.until([&] { return check(tokens.access).status == 200; })) << daemon_.log();
  // Tokens alone: the browser stays signed in at the provider.
  order("alice", "revoke_tokens");
  Answer refused;
  ASSERT_TRUE(daemon_.until([&] {
    refused = check(tokens.access);
    return refused.status == 401 && !refused.sign_out.empty();
  })) << daemon_.log();
  ASSERT_TRUE(daemon_.until([&] { return alice.come_back(crm_) == "consent_required"; })) << daemon_.log();
  EXPECT_THAT(refused.sign_out, Not(HasSubstr("alice")));
  alice.sign_out_by(refused.sign_out);
  EXPECT_EQ(alice.come_back(crm_), "login_required");
}

TEST_F(OpaqueTokens, AWrongSecretIsSaidAndNotShownAndNobodyPasses) {
  std::ofstream(daemon_.folder() / "wrong") << "another-secret\n";
  begin({{"client_id", "curfew"}, {"client_secret_file", (daemon_.folder() / "wrong").string()}});
  Browser alice(*provider_, "alice");
  const Tokens tokens = alice.sign_in(crm_);
  ASSERT_TRUE(daemon_.until([&] {
    return check(tokens.access).status == 403 &&
           daemon_.log().find("refuses the client 'curfew'") != std::string::npos;
  })) << daemon_.log();
  EXPECT_THAT(daemon_.log(), Not(HasSubstr("another-secret")));
  EXPECT_THAT(daemon_.log(), Not(HasSubstr(tokens.access)));
}

}  // namespace
}  // namespace curfew::openid_test
