// The settings of Auth0: what is wrong with them, by name; what the connector can with which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/auth0/auth0.hpp"
#include "tests/support/documented_configuration.hpp"

namespace curfew::auth0_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const json least{{"provider", "auth0"},
                 {"url", "https://corp.eu.auth0.test"},
                 {"client_id", "curfew"},
                 {"client_secret", "s"}};

json with(const json& more) {
  json settings = least;
  settings.merge_patch(more);
  return settings;
}

std::string complaint(const json& more) {
  try {
    (void)oauth::auth0::make_auth0(oauth::read_settings(with(more).dump()), {});
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(complaint(json::object()), "");
  const std::vector<std::pair<json, const char*>> cases{
      {{{"client_secret", nullptr}}, "client_secret is missing"},
      {{{"client_id", nullptr}}, "client_id is missing"},
      {{{"auth0", {{"page_size", 0}}}}, "auth0.page_size must be from 1 to 100"},
      {{{"auth0", {{"page_size", 101}}}}, "auth0.page_size must be from 1 to 100"},
      {{{"auth0", {{"domain", "x"}}}}, "auth0.domain means nothing here"},
      {{{"okta", {{"api_token", "x"}}}}, "okta means nothing here"},
      {{{"url", "http://corp.auth0.test"}}, "url"},
  };
  for (const auto& [more, said] : cases) EXPECT_THAT(complaint(more), HasSubstr(said)) << more;
}

TEST(Settings, HaveDefaultsOfTheirOwn) {
  const oauth::OauthSettings settings = oauth::read_settings(least.dump());
  EXPECT_EQ(settings.poll_every, 30s);
  EXPECT_EQ(settings.client.authentication, oauth::ClientAuthentication::Post);
  const std::unique_ptr<oauth::Provider> auth0 = oauth::auth0::make_auth0(settings, {});
  EXPECT_EQ(auth0->issuer(), "https://corp.eu.auth0.test/");
  EXPECT_THAT(auth0->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":86430"));
}

TEST(Capabilities, AreWhatAuth0Can) {
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
  EXPECT_THAT(bare.can, ElementsAre(model::Action::CancelSession, model::Action::SignOutSession,
                                    model::Action::RevokeTokens, model::Action::SignOutSubject));
  EXPECT_FALSE(bare.lists);
  EXPECT_TRUE(bare.proves);
  EXPECT_THAT(
      connector::with_settings(plugin, with({{"journal", "/j"}}).dump()).can,
      ElementsAre(model::Action::CancelSession, model::Action::SignOutSession, model::Action::RevokeTokens,
                  model::Action::SignOutSubject, model::Action::BlockSignIn, model::Action::DisableAccount));
}

TEST(Documentation, ItsConfigurationIsValid) {
  EXPECT_THAT(support::documented_configuration("auth0.md", "/etc/curfew/auth0.secret"),
              HasSubstr("provider: auth0"));
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check =
      connector::check_plugin(std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least.dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::auth0_test
