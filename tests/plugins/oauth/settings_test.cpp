// Settings: what is wrong is said by name; what the schema promises, the code keeps.
#include "plugins/oauth/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "curfew/plugin/abi.h"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/keycloak/keycloak.hpp"
#include "tests/support/documented_configuration.hpp"

namespace curfew::oauth {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const json least{{"provider", "keycloak"},
                 {"url", "https://sso.corp.test"},
                 {"client_id", "curfew"},
                 {"client_secret", "s"},
                 {"keycloak", {{"realm", "corp"}}}};

std::string complaint(const json& more) {
  json settings = least;
  settings.merge_patch(more);
  try {
    (void)keycloak::make_keycloak(read_settings(settings.dump()), {});
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(complaint(json::object()), "");
  const std::vector<std::pair<json, const char*>> cases{
      {{{"provider", "dex"}}, "provider must be keycloak"},
      {{{"url", "sso.corp.test"}}, "url must be https://"},
      {{{"url", "http://sso.corp.test"}}, "in the clear"},
      {{{"client_id", nullptr}}, "client_id is missing"},
      {{{"client_secret", nullptr}}, "client_secret is missing"},
      {{{"client_authentication", "private_key_jwt"}}, "client_authentication must be"},
      {{{"poll_every", "1ms"}}, "poll_every must be from"},
      {{{"history", "48h"}}, "history"},
      {{{"call_timeout", "20s"}}, "call_timeout"},
      {{{"service_accounts", "x"}}, "service_accounts must be a list"},
      {{{"keycloak", nullptr}}, "keycloak is missing"},
      {{{"keycloak", {{"realm", nullptr}}}}, "keycloak.realm is missing"},
      {{{"keycloak", {{"page_size", 0}}}}, "keycloak.page_size must be"},
      {{{"keycloak", {{"realms", "x"}}}}, "keycloak.realms means nothing here"},
      {{{"relm", "x"}}, "relm means nothing here"},
  };
  for (const auto& [more, said] : cases) EXPECT_THAT(complaint(more), HasSubstr(said)) << more;
}

TEST(Settings, SayWhoIsAPersonAndInWhichNamespace) {
  json more = least;
  more["service_accounts"] = {"svc-*", "robot"};
  const OauthSettings settings = read_settings(more.dump());
  EXPECT_EQ(account_type_of(settings, "svc-backup"), plugin::AccountType::Service);
  EXPECT_EQ(account_type_of(settings, "robot"), plugin::AccountType::Service);
  EXPECT_EQ(account_type_of(settings, "robots"), plugin::AccountType::Human);
  EXPECT_EQ(account_type_of(settings, ""), plugin::AccountType::Unknown);
  EXPECT_EQ(name_space_of(settings, "alice"), "user");
  EXPECT_EQ(name_space_of(settings, "alice@corp.test"), "upn");
}

TEST(Capabilities, OfAccountsNeedAJournal) {
  connector::PluginInfo plugin;
  plugin.config_schema = std::string(config_schema);
  plugin.can = {model::Action::CancelSession, model::Action::SignOutSession, model::Action::SignOutSubject,
                model::Action::BlockSignIn, model::Action::DisableAccount};
  plugin.capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_LIST_SESSIONS | CURFEW_CAN_PROVE |
                        CURFEW_CAN_CANCEL_SESSION | CURFEW_CAN_SIGN_OUT_SESSION |
                        CURFEW_CAN_SIGN_OUT_SUBJECT | CURFEW_CAN_BLOCK_SIGN_IN | CURFEW_CAN_DISABLE_ACCOUNT;
  json settings = least;
  EXPECT_THAT(connector::with_settings(plugin, settings.dump()).can,
              Not(Contains(model::Action::DisableAccount)));
  EXPECT_THAT(connector::with_settings(plugin, settings.dump()).can, Contains(model::Action::SignOutSubject));
  settings["journal"] = "/var/lib/curfew/sso.journal";
  EXPECT_THAT(connector::with_settings(plugin, settings.dump()).can, Contains(model::Action::DisableAccount));
}

TEST(Capabilities, OfTheSchemaAreWithoutFault) {
  EXPECT_TRUE(connector::faults_of_conditions(config_schema, ~std::uint64_t{0}).empty());
}

TEST(Documentation, ItsConfigurationIsValid) {
  EXPECT_THAT(support::documented_configuration("oauth.md", "/etc/curfew/keycloak.secret"),
              HasSubstr("connector: oauth"));
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check =
      connector::check_plugin(std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least.dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::oauth
