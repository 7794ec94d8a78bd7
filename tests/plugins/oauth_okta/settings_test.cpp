// The settings of Okta: what is wrong with them, by name; what the connector can with which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/okta/okta.hpp"
#include "tests/support/documented_configuration.hpp"

namespace curfew::okta_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const json least{
    {"provider", "okta"}, {"url", "https://corp.okta.test"}, {"okta", {{"api_token", "00secret"}}}};

json with(const json& more) {
  json settings = least;
  settings.merge_patch(more);
  return settings;
}

std::string complaint(const json& more) {
  try {
    (void)oauth::okta::make_okta(oauth::read_settings(with(more).dump()), {});
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(complaint(json::object()), "");
  const std::vector<std::pair<json, const char*>> cases{
      {{{"okta", nullptr}}, "okta is missing"},
      {{{"okta", {{"api_token", nullptr}}}}, "okta.api_token is missing"},
      {{{"okta", {{"page_size", 0}}}}, "okta.page_size must be from 1 to 1000"},
      {{{"okta", {{"page_size", 1001}}}}, "okta.page_size must be from 1 to 1000"},
      {{{"okta", {{"access_token_lifetime", "24h"}}}, {"clock_skew", "2h"}}, "clock_skew must be from"},
      {{{"okta", {{"token", "x"}}}}, "okta.token means nothing here"},
      {{{"keycloak", {{"realm", "x"}}}}, "keycloak means nothing here"},
      {{{"okta", {{"key_id", "k"}}}}, "okta.key_id is of an application: give client_id too"},
      {{{"client_id", "0oa"}}, "client_key_file is missing"},
      {{{"client_id", "0oa"}, {"client_key_file", "/k.pem"}}, "okta.api_token and client_id are both given"},
      {{{"client_id", "0oa"}, {"client_key_file", "/k.pem"}, {"okta", {{"api_token", nullptr}}}},
       "okta.key_id is missing"},
      {{{"client_id", "0oa"}, {"client_key_file", "/k.pem"}, {"client_secret", "x"}},
       "client_secret means nothing here"},
      {{{"client_id", "0oa"}, {"client_key_file", "/k.pem"}, {"client_authentication", "client_secret_post"}},
       "client_authentication must be private_key_jwt"},
      {{{"url", "http://corp.okta.test"}}, "url"},
  };
  for (const auto& [more, said] : cases) EXPECT_THAT(complaint(more), HasSubstr(said)) << more;
}

TEST(Settings, HaveDefaultsOfTheirOwn) {
  const oauth::OauthSettings settings = oauth::read_settings(least.dump());
  EXPECT_EQ(settings.poll_every, 10s);
  const std::unique_ptr<oauth::Provider> okta = oauth::okta::make_okta(settings, {});
  EXPECT_EQ(okta->issuer(), "https://corp.okta.test");
  EXPECT_THAT(okta->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":3630"));
}

TEST(Capabilities, AreWhatOktaCan) {
  connector::PluginInfo plugin;
  plugin.config_schema = std::string(oauth::config_schema);
  plugin.can = {model::Action::CancelSession,  model::Action::SignOutSession, model::Action::RevokeTokens,
                model::Action::SignOutSubject, model::Action::SuspendAccess,  model::Action::BlockSignIn,
                model::Action::DisableAccount};
  plugin.capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_LIST_SESSIONS | CURFEW_CAN_PROVE |
                        CURFEW_CAN_CANCEL_SESSION | CURFEW_CAN_SIGN_OUT_SESSION | CURFEW_CAN_REVOKE_TOKENS |
                        CURFEW_CAN_SIGN_OUT_SUBJECT | CURFEW_CAN_SUSPEND_ACCESS | CURFEW_CAN_BLOCK_SIGN_IN |
                        CURFEW_CAN_DISABLE_ACCOUNT;
  const connector::PluginInfo bare = connector::with_settings(plugin, least.dump());
  EXPECT_THAT(bare.can, ElementsAre(model::Action::CancelSession, model::Action::SignOutSubject));
  EXPECT_FALSE(bare.lists);
  EXPECT_TRUE(bare.proves);
  EXPECT_THAT(connector::with_settings(plugin, with({{"journal", "/j"}}).dump()).can,
              ElementsAre(model::Action::CancelSession, model::Action::SignOutSubject,
                          model::Action::BlockSignIn, model::Action::DisableAccount));
}

TEST(Documentation, ItsConfigurationIsValid) {
  EXPECT_THAT(support::documented_configuration("okta.md", "/etc/curfew/okta.token"),
              HasSubstr("provider: okta"));
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check =
      connector::check_plugin(std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least.dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::okta_test
