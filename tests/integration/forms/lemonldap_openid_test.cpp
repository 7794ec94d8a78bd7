// LemonLDAP::NG as OpenID provider: what is left of the tokens of an application when the portal's session,
// which Curfew ends and proves, is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/forms/forms_daemon.hpp"
#include "tests/integration/forms/lemonldap_server.hpp"

namespace curfew::forms_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class LemonldapOpenId : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = LemonldapServer::why_not(); !why.empty()) GTEST_SKIP() << why;
    server_.start();
  }

  // The application asks for a code for who is at the browser.
  [[nodiscard]] Page authorize(Client& browser, const std::string& more) const {
    return browser.get(std::string("/oauth2/authorize?response_type=code&client_id=") +
                           LemonldapServer::client_id + "&redirect_uri=" + LemonldapServer::back + more,
                       LemonldapServer::portal_host);
  }
  // Version 2.16 doesn't answer login_required: it shows its page.
  void expect_asked_for_a_password(Client& browser) const {
    const Page page = authorize(browser, "&scope=openid&prompt=none");
    EXPECT_EQ(page.location, "");
    EXPECT_THAT(page.body, HasSubstr("name=\"password\""));
  }
  [[nodiscard]] Page ask(const std::string& endpoint, const std::string& form) const {
    Client shop(server_.port());
    return shop.post("/oauth2/" + endpoint,
                     form + "&client_id=" + LemonldapServer::client_id +
                         "&client_secret=" + LemonldapServer::client_secret,
                     LemonldapServer::portal_host);
  }
  struct Tokens {
    std::string access, refresh;
  };
  Tokens tokens_of(Client& browser, const std::string& scope) {
    const std::string location = authorize(browser, "&scope=" + scope).location;
    const std::size_t at = location.find("code=");
    EXPECT_NE(at, std::string::npos) << location;
    if (at == std::string::npos) return {};
    const std::string code = location.substr(at + 5, location.find('&', at) - at - 5);
    const Page page = ask("token", std::string("grant_type=authorization_code&redirect_uri=") +
                                       LemonldapServer::back + "&code=" + code);
    EXPECT_EQ(page.status, 200) << page.body;
    const json tokens = json::parse(page.body, nullptr, false);
    return {tokens.value("access_token", ""), tokens.value("refresh_token", "")};
  }
  [[nodiscard]] Page refresh(const Tokens& tokens) const {
    return ask("token", "grant_type=refresh_token&refresh_token=" + tokens.refresh);
  }
  [[nodiscard]] int user_info(const Tokens& tokens) const {
    return ask("userinfo", "access_token=" + tokens.access).status;
  }
  [[nodiscard]] bool is_active(const Tokens& tokens) const {
    return json::parse(ask("introspect", "token=" + tokens.access).body, nullptr, false)
        .value("active", false);
  }
  // Curfew signs dwho out of the portal; rtyler is there beside.
  void sign_out() {
    const json row = curfew_.first({"proven"});
    ASSERT_FALSE(row.is_null()) << curfew_.sign_outs().dump(2) << curfew_.daemon().log();
  }
  void begin() {
    curfew_.begin(server_.settings("13s"), "rule: session_timeout\n    limit: 5s",
                  "[{action: sign_out_session, prove_within: 60s}]");
  }

  FormsDaemon curfew_;
  LemonldapServer server_{curfew_.folder()};
};

TEST_F(LemonldapOpenId, TokensOfASessionEndWithIt) {
  begin();
  Client other = server_.signed_in("rtyler");
  Client dwho = server_.signed_in("dwho");
  const Tokens tokens = tokens_of(dwho, "openid");
  ASSERT_EQ(user_info(tokens), 200);
  EXPECT_TRUE(is_active(tokens));
  EXPECT_THAT(authorize(dwho, "&scope=openid&prompt=none").location, HasSubstr("code="));
  sign_out();
  EXPECT_EQ(user_info(tokens), 401);
  EXPECT_FALSE(is_active(tokens));
  const Page refused = refresh(tokens);
  EXPECT_EQ(refused.status, 400) << refused.body;
  expect_asked_for_a_password(dwho);
}

// The portal's own page says so too: what was granted for offline use is no part of the session.
TEST_F(LemonldapOpenId, AnOfflineGrantOutlivesTheSession) {
  begin();
  Client other = server_.signed_in("rtyler");
  Client dwho = server_.signed_in("dwho");
  const Tokens tokens = tokens_of(dwho, "openid%20offline_access");
  ASSERT_FALSE(tokens.refresh.empty());
  sign_out();
  const Page refreshed = refresh(tokens);
  EXPECT_EQ(refreshed.status, 200) << refreshed.body;
  expect_asked_for_a_password(dwho);
}

}  // namespace
}  // namespace curfew::forms_test
