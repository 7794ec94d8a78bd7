// The settings of Business Central: what is wrong with them, by name; what the connector can with which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/business_central/business_central.hpp"
#include "tests/support/documented_configuration.hpp"

namespace curfew::business_central_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const json least{{"provider", "business_central"},
                 {"url", "https://api.businesscentral.dynamics.com"},
                 {"client_id", "curfew"},
                 {"client_secret", "s"},
                 {"business_central", {{"tenant", "corp.test"}, {"environment", "Production"}}}};

json with(const json& more) {
  json settings = least;
  settings.merge_patch(more);
  return settings;
}

std::string complaint(const json& more) {
  try {
    (void)oauth::business_central::make_business_central(oauth::read_settings(with(more).dump()), {});
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(complaint(json::object()), "");
  EXPECT_EQ(complaint({{"business_central", {{"sign_ins", json::object()}}}}), "");
  const auto own = [](const json& more) { return json{{"business_central", more}}; };
  const std::vector<std::pair<json, const char*>> cases{
      {{{"business_central", nullptr}}, "business_central is missing"},
      {own({{"tenant", nullptr}}), "business_central.tenant is missing"},
      {own({{"tenant", "a/b"}}), "business_central.tenant must be the tenant's id or a domain of it"},
      {own({{"environment", nullptr}}), "business_central.environment is missing"},
      {own({{"environment", "../x"}}), "business_central.environment must be an environment's name"},
      {own({{"application_family", "a b"}}), "business_central.application_family must be a name"},
      {own({{"api_version", "2.29"}}), "business_central.api_version must be a version as v2.29"},
      {own({{"authority", "http://login.test"}}), "business_central.authority must be https://"},
      {own({{"user_suffix", "@corp.test"}}), "business_central.user_suffix must be a domain"},
      {own({{"environments", "x"}}), "business_central.environments means nothing here"},
      {own({{"sign_ins", {{"url", "http://graph.test"}}}}), "business_central.sign_ins.url must be https://"},
      {own({{"sign_ins", {{"application_id", "x"}}}}),
       "business_central.sign_ins.application_id must be an application's id"},
      {own({{"sign_ins", {{"arrival_delay", "7h"}}}}),
       "business_central.sign_ins.arrival_delay must be from"},
      {{{"journal", "/j"}}, "journal means nothing here: accounts are Entra's"},
      {{{"client_secret", nullptr}}, "client_secret is missing"},
      {{{"back_channel_logout", {{"audiences", {"a"}}}}}, "Microsoft Entra sends none"},
      {{{"provider", "business"}}, "provider must be keycloak, entra, business_central"},
  };
  for (const auto& [more, said] : cases) EXPECT_THAT(complaint(more), HasSubstr(said)) << more;
}

TEST(Settings, HaveDefaultsOfTheirOwn) {
  const oauth::OauthSettings settings = oauth::read_settings(least.dump());
  EXPECT_EQ(settings.poll_every, 30s);
  EXPECT_EQ(settings.client.authentication, oauth::ClientAuthentication::Post);
  EXPECT_EQ(oauth::business_central::make_business_central(settings, {})->issuer(),
            "https://login.microsoftonline.com/corp.test/v2.0");
}

TEST(Capabilities, AreToListAndCancelAndToProveWithTheSignInLogsAlone) {
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
  EXPECT_THAT(bare.can, ElementsAre(model::Action::CancelSession));
  EXPECT_TRUE(bare.lists);
  EXPECT_FALSE(bare.proves);
  const json more{{"business_central", {{"sign_ins", {{"arrival_delay", "30m"}}}}}};
  EXPECT_TRUE(connector::with_settings(plugin, with(more).dump()).proves);
}

TEST(Documentation, ItsConfigurationIsValid) {
  EXPECT_THAT(support::documented_configuration("business-central.md", "/etc/curfew/entra.secret"),
              HasSubstr("provider: business_central"));
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check =
      connector::check_plugin(std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least.dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::business_central_test
