// A provider tells the daemon of its logouts: one session, and all that a person has there; once, through a
// restart.
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

class ToldOfLogouts : public testing::Test {
 protected:
  ToldOfLogouts() {
    issuer_.use({SigningKey::rsa("k1")});
    port_ = support::free_port();
    daemon_.script("");
    daemon_.configure(
        "  - name: sso\n    connector: oauth\n    ingest: true\n    lateness: 0s\n"
        "    open_paths: [/back-channel-logout]\n"
        "    settings: {provider: oidc, url: \"" +
        issuer_.url() + "\", back_channel_logout: {audiences: [crm]}}\n");
    std::ifstream in(daemon_.config());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::string listeners = "listeners: {operator: {";
    text.replace(text.find(listeners), listeners.size(),
                 "listeners: {sources: {port: " + std::to_string(port_) + "}, operator: {");
    std::ofstream(daemon_.config()) << text;
    daemon_.start();
  }

  // As an agent at the application tells of it.
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
  [[nodiscard]] std::string logout(const std::string& id, const json& whose) const {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    json claims{{"iss", issuer_.url()},
                {"aud", "crm"},
                {"iat", now},
                {"exp", now + 120},
                {"jti", id},
                {"events", {{"http://schemas.openid.net/event/backchannel-logout", json::object()}}}};
    claims.update(whose);
    return issuer_.key(0).sign({{"alg", "RS256"}, {"kid", "k1"}, {"typ", "logout+jwt"}}, claims);
  }
  // The answer's status; as a provider posts it, without any token of ours.
  [[nodiscard]] int post(const std::string& token) const {
    Poco::Net::HTTPClientSession session("127.0.0.1", static_cast<Poco::UInt16>(port_));
    Poco::Net::HTTPRequest request("POST", "/open/sso/back-channel-logout", Poco::Net::HTTPMessage::HTTP_1_1);
    const std::string body = "logout_token=" + token;
    request.setContentType("application/x-www-form-urlencoded");
    request.setContentLength(static_cast<std::streamsize>(body.size()));
    session.sendRequest(request) << body;
    Poco::Net::HTTPResponse response;
    std::string text;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
    return static_cast<int>(response.getStatus());
  }
  [[nodiscard]] std::size_t live() const {
    return daemon_.get("/api/v1/sessions?live=true&source=sso")["sessions"].size();
  }

  support::OpenIdIssuer issuer_;
  app_test::ScriptedDaemon daemon_;
  int port_ = 0;
};

TEST_F(ToldOfLogouts, EndsTheSessionOrAllOfThePersonOnce) {
  sign_in("s1", "alice");
  sign_in("s2", "alice");
  sign_in("s3", "alice");
  sign_in("s4", "bob");
  ASSERT_TRUE(daemon_.until([&] { return live() == 4; }));

  const std::string of_one = logout("1", {{"sub", "alice"}, {"sid", "s1"}});
  EXPECT_EQ(post(of_one), 200);
  ASSERT_TRUE(daemon_.until([&] { return live() == 3; }));
  EXPECT_EQ(post(of_one), 400) << "replayed";
  EXPECT_EQ(post(of_one.substr(0, of_one.size() - 8)), 400);

  const std::string of_all = logout("2", {{"sub", "alice"}});
  EXPECT_EQ(post(of_all), 200);
  ASSERT_TRUE(daemon_.until([&] { return live() == 1; }));
  const json page = daemon_.get("/api/v1/sessions?source=sso");
  for (const json& session : page["sessions"]) {
    if (session["state"] == "ended") {
      EXPECT_EQ(session["end_reason"], "signed_out");
      EXPECT_EQ(session["end_certainty"], "stated");
    }
  }

  // Who comes back is not thrown out by who recorded the logout and sends it again.
  ASSERT_EQ(daemon_.stop().code, 0);
  daemon_.start();
  sign_in("s5", "alice");
  ASSERT_TRUE(daemon_.until([&] { return live() == 2; }));
  EXPECT_EQ(post(of_all), 400);
  EXPECT_EQ(post(logout("3", {{"sub", "bob"}})), 200);
  ASSERT_TRUE(daemon_.until([&] { return live() == 1; }));
}

}  // namespace
}  // namespace curfew
