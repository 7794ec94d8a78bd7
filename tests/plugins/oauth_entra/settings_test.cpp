// Settings: what is wrong is said by name; what the schema promises, the code keeps.
#include "plugins/oauth/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "curfew/plugin/abi.h"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/entra/entra.hpp"
#include "plugins/oauth/providers/entra/hub_settings.hpp"
#include "tests/support/documented_configuration.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const char* const group = "99999999-0000-0000-0000-000000000001";

const json least{{"provider", "entra"},
                 {"url", "https://graph.microsoft.com"},
                 {"client_id", "curfew"},
                 {"client_secret", "s"},
                 {"entra", {{"tenant", "corp.test"}}}};

const std::string of_namespace =
    "Endpoint=sb://corp.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=a-secret-key=";

json with(const json& more) {
  json settings = least;
  settings.merge_patch(more);
  return settings;
}

std::string complaint(const json& more) {
  try {
    (void)oauth::entra::make_entra(oauth::read_settings(with(more).dump()), {});
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(complaint(json::object()), "");
  const json suspension{{"suspend_access", {{"group", group}}}};
  EXPECT_EQ(complaint({{"journal", "/j"}, {"entra", suspension}}), "");
  const std::vector<std::pair<json, const char*>> cases{
      {{{"entra", nullptr}}, "entra is missing"},
      {{{"entra", {{"tenant", nullptr}}}}, "entra.tenant is missing"},
      {{{"entra", {{"tenant", "a/b"}}}}, "entra.tenant must be the tenant's id or a domain of it"},
      {{{"entra", {{"authority", "http://login.test"}}}}, "entra.authority must be https://"},
      {{{"entra", {{"signins", "some"}}}}, "entra.signins must be interactive or all"},
      {{{"entra", {{"page_size", 9}}}}, "entra.page_size must be from 10 to 1000"},
      {{{"entra", {{"page_size", 1001}}}}, "entra.page_size must be from 10 to 1000"},
      {{{"entra", {{"settle", "2h"}}}}, "entra.settle may be 60m at most"},
      {{{"entra", {{"access_token_lifetime", "30h"}}}}, "entra.access_token_lifetime may be 1680m at most"},
      {{{"entra", {{"revocation_delay", "90m"}}}}, "entra.revocation_delay may be 60m at most"},
      {{{"entra", {{"tenants", "x"}}}}, "entra.tenants means nothing here"},
      {{{"entra", {{"suspend_access", {{"group", "staff"}}}}}},
       "entra.suspend_access.group must be a group's object id"},
      {{{"entra", {{"suspend_access", {{"licence", "x"}}}}}},
       "entra.suspend_access.licence must be a licence's skuId"},
      {{{"entra", {{"suspend_access", {{"licence", group}, {"group", group}}}}}},
       "entra.suspend_access must have a group or a licence, and not both"},
      {{{"entra", {{"suspend_access", {{"role", "x"}}}}}}, "entra.suspend_access.role means nothing here"},
      {{{"client_certificate_file", "/c.pem"}}, "client_secret and client_certificate_file are both given"},
      {{{"client_secret", nullptr}, {"client_key_file", "/c.key"}}, "client_certificate_file is missing"},
      {{{"client_secret", nullptr},
        {"client_certificate_file", "/c.pem"},
        {"client_authentication", "client_secret_post"}},
       "client_authentication must be private_key_jwt"},
      {{{"entra", {{"audits", "yes"}}}}, "entra.audits must be true or false"},
      {{{"entra", {{"event_hub", json::object()}}}}, "entra.event_hub.connection_string is missing"},
      {{{"entra", {{"event_hub", {{"connection_string", "SharedAccessKey=x"}}}}}},
       "entra.event_hub.connection_string is no connection string"},
      {{{"entra", {{"event_hub", {{"connection_string", of_namespace}}}}}}, "entra.event_hub.hub is missing"},
      {{{"entra", {{"event_hub", {{"connection_string", of_namespace + ";EntityPath=a"}, {"hub", "b"}}}}}},
       "entra.event_hub.hub is 'b', and the connection string is of the hub 'a'"},
      {{{"entra", {{"event_hub", {{"connection_string", of_namespace}, {"hub", "a/b"}}}}}},
       "entra.event_hub.hub must be the name of an event hub"},
      {{{"entra", {{"event_hub", {{"connection_string", of_namespace}, {"hub", "a"}, {"bootstrap", "x"}}}}}},
       "entra.event_hub.bootstrap must be host:port"},
      {{{"entra", {{"event_hub", {{"hub", "a"}, {"bootstrap", "plaintext://hub.corp.test:9092"}}}}}},
       "entra.event_hub.bootstrap may be plaintext:// on this machine only"},
      {{{"entra", {{"event_hub", {{"connection_string", of_namespace}, {"hub", "a"}, {"group", "x"}}}}}},
       "entra.event_hub.group means nothing here"},
      {{{"entra",
         {{"signins", "interactive"}, {"event_hub", {{"connection_string", of_namespace}, {"hub", "a"}}}}}},
       "entra.signins must be all with event_hub"},
      {{{"entra", suspension}}, "journal is missing"},
      {{{"url", "https://graph.microsoft.com/v1.0/"}}, "url must be without Graph's version"},
      {{{"client_secret", nullptr}}, "client_secret is missing"},
      {{{"arrival_delay", "7h"}}, "arrival_delay must be from"},
      {{{"keycloak", {{"realm", "x"}}}}, "keycloak means nothing here"},
      {{{"back_channel_logout", {{"audiences", {"a"}}}}}, "Microsoft Entra sends none"},
  };
  for (const auto& [more, said] : cases) {
    const std::string text = complaint(more);
    EXPECT_THAT(text, HasSubstr(said)) << more;
    EXPECT_THAT(text, testing::Not(HasSubstr("a-secret-key")));
  }
}

TEST(Settings, OfAHubAreWhatEventHubsNeeds) {
  const auto hub = [](const json& given) {
    return oauth::entra::hub_settings(web::Setting(given, "entra.event_hub"));
  };
  const auto whole = hub({{"connection_string", of_namespace + ";EntityPath=logs"}});
  EXPECT_EQ(whole.servers, "corp.servicebus.windows.net:9093");
  EXPECT_EQ(whole.topic, "logs");
  EXPECT_EQ(whole.user, "$ConnectionString");
  EXPECT_EQ(whole.password, of_namespace + ";EntityPath=logs");
  EXPECT_EQ(whole.group, "curfew");
  EXPECT_TRUE(whole.tls);
  const auto near =
      hub({{"bootstrap", "plaintext://127.0.0.1:9092"}, {"hub", "logs"}, {"consumer_group", "$Default"}});
  EXPECT_EQ(near.servers, "127.0.0.1:9092");
  EXPECT_EQ(near.group, "$Default");
  EXPECT_TRUE(near.user.empty());
  EXPECT_FALSE(near.tls);
}

TEST(Settings, HaveEntrasOwnDefaults) {
  const oauth::OauthSettings settings = oauth::read_settings(least.dump());
  EXPECT_EQ(settings.poll_every, 1min);
  EXPECT_EQ(settings.arrival_delay, 30min);
  EXPECT_EQ(settings.client.authentication, oauth::ClientAuthentication::Post);
  const std::unique_ptr<oauth::Provider> entra = oauth::entra::make_entra(settings, {});
  EXPECT_EQ(entra->issuer(), "https://login.microsoftonline.com/corp.test/v2.0");
  EXPECT_EQ(entra->name_space_of_subjects(), "entra_object");
  EXPECT_THAT(entra->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":5730"));
}

TEST(Capabilities, AreWhatGraphCan) {
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
  EXPECT_THAT(bare.can, ElementsAre(model::Action::RevokeTokens, model::Action::SignOutSubject));
  EXPECT_TRUE(bare.proves);
  EXPECT_FALSE(bare.lists);
  const json more{{"journal", "/j"}, {"entra", {{"suspend_access", {{"group", group}}}}}};
  EXPECT_THAT(
      connector::with_settings(plugin, with(more).dump()).can,
      ElementsAre(model::Action::RevokeTokens, model::Action::SignOutSubject, model::Action::SuspendAccess,
                  model::Action::BlockSignIn, model::Action::DisableAccount));
}

TEST(Documentation, ItsConfigurationIsValid) {
  EXPECT_THAT(support::documented_configuration("entra.md", "/etc/curfew/entra.secret"),
              HasSubstr("provider: entra"));
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check =
      connector::check_plugin(std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least.dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::entra_test
