// A gate that guards a source of the oauth connector: the keys come from the issuer itself, by its discovery
// document, and follow it when it changes them; a logout that the issuer sends refuses the session's access
// token, and a sign-out by an operator does; the tokens have not expired.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/openid_issuer.hpp"
#include "tests/support/server_process.hpp"

namespace curfew {
namespace {

using nlohmann::json;
using support::SigningKey;

class GuardedByTokens : public testing::Test {
 protected:
  GuardedByTokens() {
    issuer_.use({SigningKey::rsa("k1")});
    sources_ = support::free_port();
    gate_ = support::free_port();
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    ingest: true\n    lateness: 0s\n"
        "    open_paths: [/back-channel-logout]\n"
        "    settings: {provider: oidc, url: \"" +
        issuer_.url() +
        "\", back_channel_logout: {audiences: [crm]}, gate_tokens: {audiences: [orders]}}\n"
        "gates:\n  - {name: front, guards: sso, unknown: deny, listener: {port: " +
        std::to_string(gate_) + "}}\npolicies: []\n");
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::string listeners = "listeners: {operator: {";
    text.replace(text.find(listeners), listeners.size(),
                 "listeners: {sources: {port: " + std::to_string(sources_) + "}, operator: {");
    std::ofstream(daemon_.config()) << text;
    daemon_.start();
  }

  void sign_in(const std::string& session, const std::string& person) {
    const auto reply = daemon_.request(
        "POST", "/api/v1/ingest/sso",
        json{{"type", "sign_in"},
             {"occurred_at", base::format_rfc3339(base::wall_clock_now() - std::chrono::seconds(5))},
             {"key", "in " + session},
             {"session", {{"id", session}}},
             {"identifiers", {{{"namespace", "oidc_subject"}, {"value", issuer_.url() + "#" + person}}}},
             {"application", "crm"}}
            .dump());
    ASSERT_EQ(reply.status, 202) << reply.body;
  }
  static std::int64_t now() { return base::to_micros(base::wall_clock_now()) / 1'000'000; }
  [[nodiscard]] std::string token(const SigningKey& key, const json& more) const {
    json claims{{"iss", issuer_.url()}, {"aud", "orders"}, {"iat", now()}, {"exp", now() + 1'800}};
    claims.update(more);
    return key.sign({{"alg", "RS256"}, {"kid", "k1"}, {"typ", "at+jwt"}}, claims);
  }
  [[nodiscard]] static int ask(int port, const std::string& method, const std::string& path,
                               const std::string& bearer, const std::string& form = {}) {
    Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port));
    Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
    if (!bearer.empty()) request.set("Authorization", "Bearer " + bearer);
    if (!form.empty()) {
      request.setContentType("application/x-www-form-urlencoded");
      request.setContentLength(static_cast<std::streamsize>(form.size()));
    }
    session.sendRequest(request) << form;
    Poco::Net::HTTPResponse response;
    std::string text;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
    return static_cast<int>(response.getStatus());
  }
  [[nodiscard]] int check(const std::string& bearer) const { return ask(gate_, "GET", "/check", bearer); }

  support::OpenIdIssuer issuer_;
  app_test::ScriptedDaemon daemon_;
  int sources_ = 0, gate_ = 0;
};

TEST_F(GuardedByTokens, ALogoutOfTheIssuersRefusesTheSessionsTokenBeforeItExpires) {
  sign_in("s1", "alice");
  sign_in("s2", "bob");
  const std::string alices = token(issuer_.key(0), {{"sid", "s1"}, {"sub", "alice"}});
  const std::string bobs = token(issuer_.key(0), {{"sid", "s2"}, {"sub", "bob"}});
  ASSERT_TRUE(daemon_.until([&] { return check(alices) == 200 && check(bobs) == 200; })) << daemon_.log();
  json logout{{"iss", issuer_.url()},
              {"aud", "crm"},
              {"iat", now()},
              {"exp", now() + 120},
              {"jti", "1"},
              {"sub", "alice"},
              {"sid", "s1"},
              {"events", {{"http://schemas.openid.net/event/backchannel-logout", json::object()}}}};
  const std::string sent =
      issuer_.key(0).sign({{"alg", "RS256"}, {"kid", "k1"}, {"typ", "logout+jwt"}}, logout);
  EXPECT_EQ(ask(sources_, "POST", "/open/sso/back-channel-logout", {}, "logout_token=" + sent), 200);
  EXPECT_TRUE(daemon_.until([&] { return check(alices) == 401; })) << daemon_.log();
  EXPECT_EQ(check(bobs), 200);
  logout["aud"] = "orders";
  EXPECT_EQ(check(issuer_.key(0).sign({{"alg", "RS256"}, {"kid", "k1"}, {"typ", "logout+jwt"}}, logout)), 401)
      << "a logout token is no access token";
  ASSERT_EQ(daemon_.stop(SIGKILL).signal, SIGKILL);
  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] { return check(bobs) == 200; })) << daemon_.log();
  EXPECT_EQ(check(alices), 401);
}

TEST_F(GuardedByTokens, TheIssuersKeysAreFollowedAndAStrangersTokensAskItSeldom) {
  sign_in("s1", "alice");
  const SigningKey first = issuer_.key(0);
  const SigningKey second = SigningKey::rsa("k1");  // by the same id
  const json claims{{"sid", "s1"}, {"sub", "alice"}};
  ASSERT_TRUE(daemon_.until([&] { return check(token(first, claims)) == 200; })) << daemon_.log();
  const int asked = issuer_.asked();
  const std::int64_t began = now();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(check(token(second, claims)), 401);
  EXPECT_LE(issuer_.asked() - asked, 2 + static_cast<int>(now() - began) / 5);
  issuer_.use({second});
  EXPECT_TRUE(daemon_.until([&] { return check(token(second, claims)) == 200; })) << daemon_.log();
  EXPECT_EQ(check(token(first, claims)), 401);
  // While it can't be asked, the last keys stay.
  issuer_.be_down(true);
  EXPECT_EQ(check(token(first, claims)), 401);
  EXPECT_EQ(check(token(second, claims)), 200);
}

}  // namespace
}  // namespace curfew
