// Sign-outs at a real Keycloak. What Curfew says is compared with what Keycloak shows to the application and
// the browser afterwards, and with what the tokens say that they still hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/integration/keycloak/keycloak_server.hpp"

namespace curfew::keycloak_test {
namespace {

using nlohmann::json;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Ne;

constexpr auto token_lifespan = std::chrono::seconds(8);  // realm.json

class Keycloak : public testing::Test {
 protected:
  void SetUp() override {
    keycloak_ = KeycloakServer::shared();
    if (keycloak_ == nullptr) GTEST_SKIP() << KeycloakServer::why_not();
  }

  json settings(const std::string& realm = "corp") {
    std::ofstream(daemon_.folder() / "secret") << "the-secret-of-curfew\n";
    return {{"provider", "keycloak"}, {"url", keycloak_->url()},
            {"client_id", "curfew"},  {"client_secret_file", (daemon_.folder() / "secret").string()},
            {"poll_every", "200ms"},  {"arrival_delay", "1s"},
            {"clock_skew", "1s"},     {"keycloak", {{"realm", realm}}}};
  }
  // `rule`: YAML of a policy below name, mode and scope. Empty: none.
  void begin(const json& settings, const std::string& rule = {}, const std::string& ladder = {}) {
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    lateness: 1s\n    may_teach: [\"*\"]\n    settings: " +
        settings.dump() + "\n" +
        (rule.empty() ? std::string{}
                      : "policies:\n  - name: limit\n    mode: enforce\n    scope: {sources: [sso]}\n"
                        "    except: {subjects: [\"user:heidi\"]}\n    " +
                            rule + "\n    ladder: " + ladder +
                            "\nsafety: {most_sign_outs_per_minute: 100, protected_accounts: "
                            "[\"user:admin\"]}\n"));
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
  static std::chrono::system_clock::time_point time_of(const json& text) {
    return base::parse_rfc3339(text.get<std::string>()).value();
  }
  [[nodiscard]] std::uint64_t counted(const std::string& type) const {
    const std::string page = daemon_.request("GET", "/metrics").body;
    const std::string line = "curfew_observations_total{source=\"sso\",type=\"" + type + "\"} ";
    const std::size_t at = page.find(line);
    return at == std::string::npos ? 0 : std::stoull(page.substr(at + line.size()));
  }

  const KeycloakServer* keycloak_ = nullptr;
  app_test::ScriptedDaemon daemon_;
};

const std::string after_a_second = "rule: session_timeout\n    limit: 1s";

TEST_F(Keycloak, ASessionIsProvenDeadOnlyWhenItsLastAccessTokenIsOver) {
  begin(settings(), after_a_second, "[{action: sign_out_session, prove_within: 40s}]");
  const Tokens heidi = keycloak_->sign_in("heidi");
  Tokens alice = keycloak_->sign_in("alice");
  ASSERT_EQ(alice.status, 200);
  auto last_expiry = alice.expiry();
  bool refused = false;
  const json row = concluded([&] {
    if (refused) return;
    const Tokens next = keycloak_->refresh(alice);
    refused = next.status != 200;
    if (refused) {
      EXPECT_EQ(next.status, 400);
      EXPECT_EQ(keycloak_->user_info(alice), 401);
      return;
    }
    alice = next;
    last_expiry = std::max(last_expiry, alice.expiry());
  });
  EXPECT_TRUE(refused);
  EXPECT_THAT(verdicts(row), ElementsAre("proven")) << row.dump(2);
  // Until then, whoever only looks at the token would have let it pass.
  EXPECT_GE(time_of(row["concluded_at"]), last_expiry);
  EXPECT_GE(time_of(row["concluded_at"]) - time_of(row["ordered_at"]), token_lifespan);
  RecordProperty("order_to_proof_ms",
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                    time_of(row["concluded_at"]) - time_of(row["ordered_at"]))
                                    .count()));
  EXPECT_FALSE(keycloak_->is_active(alice));
  EXPECT_EQ(keycloak_->refresh(heidi).status, 200);
}

TEST_F(Keycloak, AnOfflineSessionOutlivesACancelAndNotTheSignOut) {
  begin(settings(), after_a_second,
        "[{action: cancel_session, prove_within: 3s}, {action: sign_out_session, prove_within: 40s}]");
  Tokens bob = keycloak_->sign_in("bob", "openid offline_access");
  ASSERT_EQ(bob.status, 200);
  bool was_cancelled = false;
  const json row = concluded([&] {
    const Tokens next = keycloak_->refresh(bob);
    if (next.status == 200) bob = next;
    const json all = sign_outs();
    if (was_cancelled || all.empty() || verdicts(all[0]).front() != "still_alive") return;
    was_cancelled = true;
  });
  EXPECT_TRUE(was_cancelled);
  EXPECT_THAT(verdicts(row), ElementsAre("still_alive", "proven")) << row.dump(2);
  EXPECT_EQ(keycloak_->refresh(bob).status, 400);
  EXPECT_FALSE(keycloak_->is_active(bob));
}

// Keycloak's not-before of the person: what was issued before renews nothing, also where its session is
// listed.
TEST_F(Keycloak, RevokedTokensAreTakenNowhereAndNewOnesAre) {
  begin(settings(), "rule: session_timeout\n    limit: 3s",
        "[{action: revoke_tokens, prove_within: 4s}, {action: sign_out_subject, prove_within: 40s}]");
  const Tokens bob = keycloak_->sign_in("bob", "openid offline_access");
  ASSERT_EQ(keycloak_->user_info(bob), 200);
  ASSERT_TRUE(daemon_.until([&] { return keycloak_->user_info(bob) == 401; })) << daemon_.log();
  const Reply listed = keycloak_->admin("GET", "/users/" + keycloak_->user_id("bob"));
  EXPECT_GT(json::parse(listed.body).value("notBefore", 0), 0) << listed.body;
  EXPECT_EQ(keycloak_->refresh(bob).status, 400);
  EXPECT_FALSE(keycloak_->is_active(bob));
  const json row = concluded();
  EXPECT_THAT(verdicts(row), ElementsAre("still_alive", "proven")) << row.dump(2);
  const Tokens again = keycloak_->sign_in("bob", "openid offline_access");
  EXPECT_EQ(keycloak_->user_info(again), 200);
  EXPECT_EQ(keycloak_->refresh(again).status, 200);
}

TEST_F(Keycloak, APersonIsSignedOutOfAllSessionsOfflineOnesToo) {
  begin(settings(), "rule: concurrent_sessions\n    most: 1\n    evict: oldest",
        "[{action: sign_out_subject, prove_within: 40s}]");
  const Tokens desk = keycloak_->sign_in("carol", "openid offline_access");
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").size() == 1; }));
  const Tokens phone = keycloak_->sign_in("carol");
  const json row = concluded();
  EXPECT_EQ(row["outcome"], "proven") << row.dump(2);
  EXPECT_EQ(keycloak_->refresh(desk).status, 400);
  EXPECT_EQ(keycloak_->refresh(phone).status, 400);
}

TEST_F(Keycloak, ADisabledAccountComesBackInItsTimeAndItsSessionsDoNot) {
  json all = settings();
  const std::filesystem::path journal = daemon_.folder() / "changes" / "journal";
  std::filesystem::create_directory(journal.parent_path());
  std::filesystem::permissions(journal.parent_path(), std::filesystem::perms::all);  // the daemon is not us
  all["journal"] = journal.string();
  begin(all, after_a_second, "[{action: disable_account, prove_within: 30s, revert_after: 15s}]");
  Tokens dave = keycloak_->sign_in("dave", "openid offline_access");
  ASSERT_EQ(dave.status, 200);
  const std::string id = keycloak_->user_id("dave");
  const auto enabled = [&] {
    return keycloak_->admin("GET", "/users/" + id).json().at("enabled").get<bool>();
  };
  ASSERT_TRUE(daemon_.until([&] { return !enabled(); })) << daemon_.log();
  EXPECT_EQ(keycloak_->sign_in("dave").status, 400);
  const json row = concluded();
  EXPECT_EQ(row["outcome"], "proven") << row.dump(2);
  ASSERT_TRUE(daemon_.until([&] { return enabled(); })) << sign_outs().dump(2) << daemon_.log();
  EXPECT_EQ(keycloak_->refresh(dave).status, 400);
  EXPECT_EQ(keycloak_->admin("GET", "/users/" + id).json().at("email"), "dave@corp.test");  // as it was
  // What others have switched off stays off: the journal has nothing of it.
  EXPECT_EQ(json::parse(std::ifstream(journal))["entries"].size(), 0U);
}

TEST_F(Keycloak, ABrowserIsSignedInByItsPageOnceAndComesBackSilentlyUntilItIsSignedOut) {
  begin(settings(), "rule: session_timeout\n    limit: 6s",
        "[{action: sign_out_session, prove_within: 40s}]");
  Browser browser(keycloak_->port());
  ASSERT_FALSE(browser.sign_in("erin").empty());
  EXPECT_FALSE(browser.come_back("blog")["code"].empty());  // single sign-on
  // What is counted is committed a moment later.
  ASSERT_TRUE(daemon_.until([&] { return counted("sign_in") == 2 && !sessions().empty(); }));
  const json seen = sessions();
  ASSERT_EQ(seen.size(), 1U) << seen.dump(2);
  EXPECT_EQ(seen[0]["interactivity"], "interactive");
  EXPECT_EQ(seen[0]["application"], "shop");
  EXPECT_EQ(seen[0]["auth_method"], "oidc");
  const json row = concluded();
  EXPECT_EQ(row["outcome"], "proven") << row.dump(2);
  EXPECT_EQ(browser.come_back("blog")["error"], "login_required");
}

TEST_F(Keycloak, WrongPasswordsAreSeenOneByOne) {
  begin(settings(), "rule: failed_sign_ins\n    most: 4\n    window: 5m", "[{action: sign_out_subject}]");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(keycloak_->sign_in("frank", "openid", "wrong").status, 401);
  EXPECT_EQ(keycloak_->sign_in("frank").status, 200);
  ASSERT_TRUE(daemon_.until([&] { return !daemon_.get("/api/v1/violations")["violations"].empty(); }))
      << daemon_.log();
  EXPECT_EQ(counted("sign_in_failed"), 5U);
  EXPECT_EQ(counted("sign_in"), 1U);
}

TEST_F(Keycloak, NothingIsLostOrToldTwiceAcrossAKill) {
  begin(settings());
  constexpr std::uint64_t each = 12;
  const auto sign_in = [&] {
    for (std::uint64_t i = 0; i < each; ++i) EXPECT_EQ(keycloak_->sign_in("grace").status, 200);
  };
  sign_in();
  ASSERT_TRUE(daemon_.until([&] { return sessions().size() == each; }));
  daemon_.stop(SIGKILL);
  sign_in();
  EXPECT_EQ(keycloak_->sign_in("grace", "openid", "wrong").status, 401);
  daemon_.start();
  sign_in();
  ASSERT_TRUE(daemon_.until([&] { return sessions("&limit=1000").size() == 3 * each; })) << daemon_.log();
  // What was told before the kill is not told again, and the failure is told once.
  EXPECT_EQ(counted("sign_in"), 2 * each);
  EXPECT_EQ(counted("sign_in_failed"), 1U);
  EXPECT_EQ(source()["refused"], 0U);
}

TEST_F(Keycloak, WhatAnAdministratorDoesIsSeen) {
  begin(settings());
  const Tokens tokens = keycloak_->sign_in("frank");
  ASSERT_EQ(tokens.status, 200);
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").size() == 1; }));
  EXPECT_EQ(keycloak_->admin("DELETE", "/sessions/" + tokens.session).status, 204);
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").empty(); })) << sessions().dump(2);
  const json ended = sessions();
  EXPECT_EQ(ended[0]["end_reason"], "forced");
  EXPECT_EQ(ended[0]["end_certainty"], "inferred");  // an offline form may live
  const std::string id = keycloak_->user_id("frank");
  EXPECT_EQ(keycloak_->admin("PUT", "/users/" + id, {{"enabled", false}}).status, 204);
  EXPECT_EQ(keycloak_->admin("PUT", "/users/" + id, {{"enabled", true}}).status, 204);
  EXPECT_EQ(keycloak_
                ->admin("PUT", "/users/" + id + "/reset-password",
                        {{"type", "password"}, {"value", "frank-password"}, {"temporary", false}})
                .status,
            204);
  EXPECT_TRUE(daemon_.until([&] {
    return counted("account_disabled") == 1 && counted("account_enabled") == 1 &&
           counted("credential_changed") == 1;
  })) << daemon_.request("GET", "/metrics").body;
}

TEST_F(Keycloak, ASignOutByThePersonEndsTheSession) {
  begin(settings());
  const Tokens tokens = keycloak_->sign_in("frank");
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").size() == 1; }));
  EXPECT_EQ(keycloak_->sign_out(tokens).status, 204);
  ASSERT_TRUE(daemon_.until([&] { return sessions("&live=true").empty(); }));
  EXPECT_EQ(sessions()[0]["end_reason"], "signed_out");
  EXPECT_EQ(sessions()[0]["end_certainty"], "stated");
}

TEST_F(Keycloak, ARealmThatSavesNoEventsIsSaidToShowNothing) {
  daemon_.script("");
  daemon_.configure("  - name: sso\n    connector: oauth\n    settings: " + settings("quiet").dump() + "\n");
  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] {
    return source().value("text", "").find("does not save events of the realm 'quiet'") != std::string::npos;
  })) << source().dump(2);
  EXPECT_THAT(source().value("text", ""), HasSubstr("switch on eventsEnabled"));
}

TEST_F(Keycloak, AWrongSecretIsSaidAndNotShown) {
  json wrong = settings();
  std::ofstream(daemon_.folder() / "secret") << "another-secret\n";
  daemon_.script("");
  daemon_.configure("  - name: sso\n    connector: oauth\n    settings: " + wrong.dump() + "\n");
  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] {
    return source().value("text", "").find("refuses the client 'curfew'") != std::string::npos;
  })) << source().dump(2);
  EXPECT_THAT(daemon_.log(), testing::Not(HasSubstr("another-secret")));
}

}  // namespace
}  // namespace curfew::keycloak_test
