// The settings of Auth0: what is wrong with them, by name; what the connector can with which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/app/configuration.hpp"
#include "core/app/connectors.hpp"
#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/auth0/auth0.hpp"
#include "tests/support/temporary_directory.hpp"

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

// What stands in the documentation can be used as it is.
TEST(Documentation, ItsConfigurationIsValid) {
  std::ifstream page(std::string(CURFEW_SOURCE_DIR) + "/docs/connectors/auth0.md");
  std::string yaml;
  for (std::string line; std::getline(page, line) && (yaml.empty() || line.starts_with("    "));) {
    if (line.starts_with("    ")) yaml += line.substr(4) + "\n";
  }
  ASSERT_THAT(yaml, HasSubstr("provider: auth0"));
  const support::TemporaryDirectory folder;
  std::ofstream(folder.path() / "secret") << "s\n";
  const std::string given = "/etc/curfew/auth0.secret";
  for (std::size_t at = yaml.find(given); at != std::string::npos; at = yaml.find(given))
    yaml.replace(at, given.size(), (folder.path() / "secret").string());
  const app::Settings settings = app::parse_configuration("c.yaml", yaml);
  EXPECT_NO_THROW(app::check_sources(settings, app::describe_connectors(settings)));
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check =
      connector::check_plugin(std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least.dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::auth0_test
