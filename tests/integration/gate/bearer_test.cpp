// Access tokens at the gate of a running daemon, through nginx as shipped: a session's token passes until the
// session is signed out, and is refused from then on, across restarts, though it has not expired; so are its
// person's other tokens once the person is signed out altogether; keys are rotated meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "running_gate.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/gate_nginx.hpp"
#include "tests/support/openid_issuer.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::api {
namespace {

using app_test::run_curfew;
using app_test::ScriptedDaemon;
using nlohmann::json;
using support::SigningKey;

const std::string issuer = "https://login.corp.test";
const char* const people = R"(
{"at":"-3h","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test","oidc_subject":"https://login.corp.test#a-1"},"account_type":"human"}
{"at":"-2h","type":"sign_in","session":"s2","identifiers":{"upn":"bob@corp.test","oidc_subject":"https://login.corp.test#b-2"},"account_type":"human"}
{"at":"-1h","type":"sign_in","session":"s3","identifiers":{"upn":"alice@corp.test"},"account_type":"human"}
)";

class BearerAtADaemon : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(support::GateNginx::program))
      GTEST_SKIP() << "nginx is not installed: Debian's nginx-light has it";
  }
  void start() {
    gate_ = support::free_port();
    publish({key_});
    daemon_.script(people);
    daemon_.configure(
        "gates:\n  - {name: front, guards: crm, listener: {port: " + std::to_string(gate_) +
            "}, unknown: deny, activity_quantum: 1s}\npolicies: []\n",
        "gate_keys: " + keys_file() +
            ", gate: {credentials: [{in: bearer, token: true}], tokens: {issuer: \"" + issuer +
            "\", audiences: [orders], algorithms: [RS256, ES256], subject_namespace: oidc_subject, "
            "subject_prefix: \"" +
            issuer + "#\"}}");
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::string lateness = "    lateness: 0s\n";
    text.insert(text.find(lateness) + lateness.size(), "    may_teach: [\"*\"]\n");
    std::ofstream(daemon_.config()) << text;
    daemon_.start();
    application_.use({key_});
    nginx_.emplace(daemon_.folder(),
                   support::GateNginxPlaces{.gate = gate_, .application = port_of(application_.url())});
    ASSERT_TRUE(daemon_.until([&] {
      return get(gate_, "/healthz").status == 200 && daemon_.get("/api/v1/sessions")["sessions"].size() == 3;
    })) << daemon_.log();
  }
  void restart() {
    EXPECT_EQ(daemon_.stop(SIGKILL).signal, SIGKILL);
    daemon_.start();
    ASSERT_TRUE(daemon_.until([&] { return get(gate_, "/healthz").status == 200; })) << daemon_.log();
  }
  static int port_of(const std::string& url) { return std::stoi(url.substr(url.rfind(':') + 1)); }
  [[nodiscard]] std::string keys_file() const { return (daemon_.folder() / "jwks.json").string(); }
  void publish(const std::vector<SigningKey>& keys) const {
    json set{{"keys", json::array()}};
    for (const SigningKey& key : keys) set["keys"].push_back(key.published());
    const std::string made = keys_file() + ".new";
    std::ofstream(made) << set;
    std::filesystem::rename(made, keys_file());
  }
  static std::int64_t seconds_now() { return base::to_micros(base::wall_clock_now()) / 1'000'000; }
  [[nodiscard]] static std::string token(const SigningKey& key, const std::string& session,
                                         const std::string& subject, std::int64_t issued_at = seconds_now()) {
    json claims{{"iss", issuer},    {"aud", "orders"},         {"sub", subject},
                {"iat", issued_at}, {"exp", issued_at + 1800}, {"jti", session + subject}};
    if (!session.empty()) claims["sid"] = session;
    return key.sign({{"alg", "RS256"}, {"kid", "k1"}, {"typ", "at+jwt"}}, claims);
  }
  [[nodiscard]] Got ask(const std::string& bearer) const {
    return get(nginx_->port(), "/.well-known/openid-configuration", {{"Authorization", "Bearer " + bearer}});
  }
  [[nodiscard]] bool passes(const std::string& bearer) const {
    const Got got = ask(bearer);
    return got.status == 200 && got.body.find("jwks_uri") != std::string::npos;
  }
  // By who presents a token: 401, the challenge, once, and nothing of the application.
  [[nodiscard]] testing::AssertionResult is_refused(const std::string& bearer) const {
    const Got got = ask(bearer);
    if (got.status == 401 && got.headers.count("www-authenticate") == 1 &&
        got.header("www-authenticate") == "Bearer error=\"invalid_token\"" &&
        got.body.find("jwks_uri") == std::string::npos)
      return testing::AssertionSuccess();
    std::string all = std::to_string(got.status) + "\n";
    for (const auto& [name, value] : got.headers) all += name + ": " + value + "\n";
    return testing::AssertionFailure() << all << got.body;
  }
  [[nodiscard]] int sign_out(const std::vector<std::string>& whom) const {
    std::vector<std::string> arguments{"sign-out"};
    arguments.insert(arguments.end(), whom.begin(), whom.end());
    for (const char* more : {"--reason", "left", "--wait", "--config"}) arguments.emplace_back(more);
    arguments.push_back(daemon_.config());
    return run_curfew(arguments).code;
  }

  ScriptedDaemon daemon_;
  SigningKey key_ = SigningKey::rsa("k1");
  support::OpenIdIssuer application_;  // answers, which is all that is asked of it
  std::optional<support::GateNginx> nginx_;
  int gate_ = 0;
};

TEST_F(BearerAtADaemon, ASignedOutSessionsTokenIsRefusedAtOnceAndAfterARestartThoughItHasNotExpired) {
  start();
  const std::string alices = token(key_, "s1", "a-1");
  const std::string bobs = token(key_, "s2", "b-2");
  ASSERT_TRUE(daemon_.until([&] { return passes(alices) && passes(bobs); })) << daemon_.log();
  EXPECT_TRUE(daemon_.until([&] {
    return daemon_.request("GET", "/metrics")
               .body.find("curfew_observations_total{source=\"front\",type=\"activity\"}") !=
           std::string::npos;
  })) << "a token's request is its session's activity";
  const std::string session = daemon_.get("/api/v1/sessions/1")["session"];
  ASSERT_EQ(sign_out({"--session", "1"}), 0) << session << daemon_.log();
  EXPECT_TRUE(is_refused(alices));
  EXPECT_TRUE(passes(bobs));
  EXPECT_TRUE(passes(token(key_, "s3", "a-1"))) << "one session was signed out, not the person";
  restart();
  ASSERT_TRUE(daemon_.until([&] { return passes(bobs); })) << daemon_.log();
  EXPECT_TRUE(is_refused(alices));
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(BearerAtADaemon, APersonWhoIsSignedOutAltogetherIsRefusedByTokensOfNoKnownSession) {
  start();
  // Of a session that Curfew has not heard of.
  const std::string elsewhere = token(key_, "s9", "a-1");
  const std::string bobs = token(key_, "s2", "b-2");
  const std::string strangers = token(key_, "s9", "c-3");
  ASSERT_TRUE(daemon_.until([&] { return passes(bobs); })) << daemon_.log();
  EXPECT_TRUE(ask(elsewhere).status == 401 && ask(elsewhere).header("x-curfew-reason") == "unknown");
  const std::int64_t before = seconds_now();
  ASSERT_EQ(sign_out({"--user", "alice@corp.test", "--step", "sign_out_subject"}), 0) << daemon_.log();
  EXPECT_EQ(ask(elsewhere).header("x-curfew-reason"), "administrator");
  EXPECT_EQ(ask(strangers).header("x-curfew-reason"), "unknown");
  EXPECT_TRUE(passes(bobs));
  restart();
  ASSERT_TRUE(daemon_.until([&] { return passes(bobs); })) << daemon_.log();
  EXPECT_EQ(ask(elsewhere).header("x-curfew-reason"), "administrator");
  EXPECT_EQ(ask(token(key_, "s9", "a-1", before + 29)).header("x-curfew-reason"), "administrator");
  EXPECT_EQ(daemon_.stop().code, 0);
}

TEST_F(BearerAtADaemon, KeysAreRotatedAndReplacedWhileItRuns) {
  start();
  const SigningKey next = SigningKey::rsa("k1");
  const std::string old_token = token(key_, "s2", "b-2");
  const std::string new_token = token(next, "s2", "b-2");
  ASSERT_TRUE(daemon_.until([&] { return passes(old_token); })) << daemon_.log();
  EXPECT_TRUE(is_refused(new_token));
  publish({next});
  EXPECT_TRUE(daemon_.until([&] { return passes(new_token); })) << daemon_.log();
  EXPECT_TRUE(is_refused(old_token)) << "its key is the issuer's no more";
  EXPECT_EQ(daemon_.stop().code, 0);
}

// The issuer can't be asked after the restart: the keys of before it count, until it gives others.
TEST_F(BearerAtADaemon, TokensAreJudgedByTheKeysOfBeforeARestartWhileTheIssuerIsAway) {
  start();
  const SigningKey next = SigningKey::rsa("k1");
  const std::string old_token = token(key_, "s2", "b-2");
  const std::string new_token = token(next, "s2", "b-2");
  const std::string forged = token(SigningKey::rsa("k1"), "s2", "b-2");
  ASSERT_TRUE(daemon_.until([&] { return passes(old_token); })) << daemon_.log();
  std::filesystem::remove(keys_file());
  restart();
  ASSERT_TRUE(daemon_.until([&] { return passes(old_token); })) << daemon_.log();
  EXPECT_TRUE(is_refused(forged));
  EXPECT_TRUE(is_refused(new_token));
  publish({next});
  EXPECT_TRUE(daemon_.until([&] { return passes(new_token); })) << daemon_.log();
  EXPECT_TRUE(is_refused(old_token)) << "its key is the issuer's no more";
  // What was kept is the newest.
  std::filesystem::remove(keys_file());
  restart();
  EXPECT_TRUE(daemon_.until([&] { return passes(new_token); })) << daemon_.log();
  EXPECT_TRUE(is_refused(old_token));
  EXPECT_EQ(daemon_.stop().code, 0);
}

}  // namespace
}  // namespace curfew::api
