// Settings of an operator's API: what is wrong is said by name, and what can be done hangs on what is
// described.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/app/configuration.hpp"
#include "core/app/connectors.hpp"
#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "curfew/plugin/abi.h"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/oidc/administration.hpp"
#include "tests/plugins/oauth_openid/administered.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::oauth_test {
namespace {

using model::Action;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

json least() {
  return {{"provider", "oidc"},
          {"url", "https://op.corp.test"},
          {"client_id", "curfew"},
          {"client_secret", "s"},
          {"oidc", {{"administration", administration_of("https://admin.corp.test")}}}};
}

std::string complaint(const json& more) {
  json settings = least();
  settings.merge_patch(more);
  try {
    (void)oauth::oidc::make_oidc(oauth::read_settings(settings.dump()), {});
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}
std::string complaint_about(const json& administration) {
  return complaint({{"oidc", {{"administration", administration}}}});
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(complaint(json::object()), "");
  const json call{{{"method", "DELETE"}, {"path", "/x"}}};
  const std::vector<std::pair<json, const char*>> cases{
      {{{"url", "ldap://admin"}}, "administration.url must be https://"},
      {{{"url", "http://admin.corp.test"}}, "administration.url must be https://"},
      {{{"url", "http://localhost.evil.test"}}, "administration.url must be https://"},
      {{{"access_token_lifespan", nullptr}}, "access_token_lifespan is missing"},
      {{{"sessions", nullptr}}, "administration.sessions is missing"},
      {{{"sessions", {{"of_subject", nullptr}}}}, "sessions.of_subject is missing"},
      {{{"undelivered", nullptr}}, "administration.undelivered is missing"},
      {{{"key", "k"}}, "exclude each other"},
      {{{"key", "two words"}}, "key has a character"},
      {{{"header", "X: y"}}, "header and scheme must be letters"},
      {{{"token_url", "http://op.corp.test/token"}}, "token_url must be https://"},
      {{{"sign_out_session", json::array()}}, "sign_out_session must be a list of 1 to 8 calls"},
      {{{"sign_out_session", {{{"path", "/x"}}}}}, "sign_out_session[0].method is missing"},
      {{{"sign_out_subject", {{{"method", "DELETE"}, {"path", "/{session}"}}}}},
       "{session} has no value here"},
      {{{"block_sign_in", call}}, "block_sign_in means nothing here"},
  };
  for (const auto& [more, said] : cases) EXPECT_THAT(complaint_about(more), HasSubstr(said)) << more;
  EXPECT_THAT(complaint({{"client_id", nullptr}, {"client_secret", nullptr}}), HasSubstr("client_id"));
  EXPECT_THAT(complaint({{"client_secret", nullptr}}), HasSubstr("client_secret is missing"));
  EXPECT_THAT(complaint({{"oidc", nullptr}}), HasSubstr("back_channel_logout is missing"));
  EXPECT_THAT(complaint({{"oidc", nullptr}, {"back_channel_logout", {{"audiences", {"crm"}}}}}),
              HasSubstr("client_id means nothing here"));
  EXPECT_THAT(complaint({{"journal", "/var/lib/curfew/j"}}), HasSubstr("no account is changed"));
}

TEST(Settings, SayWhatCanBeDone) {
  connector::PluginInfo plugin;
  plugin.config_schema = std::string(oauth::config_schema);
  plugin.can = {Action::CancelSession, Action::SignOutSession, Action::RevokeTokens, Action::SignOutSubject};
  plugin.capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_LIST_SESSIONS | CURFEW_CAN_PROVE |
                        CURFEW_CAN_CANCEL_SESSION | CURFEW_CAN_SIGN_OUT_SESSION | CURFEW_CAN_REVOKE_TOKENS |
                        CURFEW_CAN_SIGN_OUT_SUBJECT;
  const connector::PluginInfo all = connector::with_settings(plugin, least().dump());
  EXPECT_THAT(all.can,
              UnorderedElementsAre(Action::CancelSession, Action::SignOutSession, Action::SignOutSubject));
  EXPECT_TRUE(all.proves && all.lists);
  json only_told = least();
  only_told.erase("oidc");
  const connector::PluginInfo none = connector::with_settings(plugin, only_told.dump());
  EXPECT_THAT(none.can, IsEmpty());
  EXPECT_FALSE(none.proves || none.lists);
  json unlisted = least();
  unlisted["oidc"]["administration"]["sessions"].erase("all");
  EXPECT_FALSE(connector::with_settings(plugin, unlisted.dump()).lists);
  EXPECT_TRUE(connector::faults_of_conditions(oauth::config_schema, ~std::uint64_t{0}).empty());
}

// What stands in the documentation can be used as it is: each block that has a source.
TEST(Documentation, ItsConfigurationsAreValid) {
  std::ifstream page(std::string(CURFEW_SOURCE_DIR) + "/docs/connectors/openid.md");
  std::vector<std::string> blocks{""};
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("    "))
      blocks.back() += line.substr(4) + "\n";
    else if (!line.empty() && !blocks.back().empty())
      blocks.emplace_back();
  }
  const support::TemporaryDirectory folder;
  std::ofstream(folder.path() / "secret") << "s\n";
  int valid = 0;
  for (std::string& yaml : blocks) {
    if (!yaml.starts_with("sources:")) continue;
    const std::string given = "/etc/curfew/op.secret";
    for (std::size_t at; (at = yaml.find(given)) != std::string::npos;)
      yaml.replace(at, given.size(), (folder.path() / "secret").string());
    const app::Settings settings = app::parse_configuration("c.yaml", yaml);
    EXPECT_NO_THROW(app::check_sources(settings, app::describe_connectors(settings))) << yaml;
    ++valid;
  }
  EXPECT_EQ(valid, 2);
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check = connector::check_plugin(
      std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least().dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::oauth_test
