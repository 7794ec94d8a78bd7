// The settings of authentik: what is wrong with them, by name; what the connector can with which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/connector/capabilities.hpp"
#include "core/connector/check.hpp"
#include "plugins/oauth/config_schema.hpp"
#include "plugins/oauth/providers/authentik/authentik.hpp"
#include "tests/support/documented_configuration.hpp"

namespace curfew::authentik_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

const json least{
    {"provider", "authentik"}, {"url", "https://sso.corp.test"}, {"authentik", {{"api_token", "secret"}}}};

json with(const json& more) {
  json settings = least;
  settings.merge_patch(more);
  return settings;
}

std::string complaint(const json& more) {
  try {
    (void)oauth::authentik::make_authentik(oauth::read_settings(with(more).dump()), {});
    return {};
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}

TEST(Settings, ThatAreWrongAreSaidByName) {
  EXPECT_EQ(complaint(json::object()), "");
  const std::vector<std::pair<json, const char*>> cases{
      {{{"authentik", nullptr}}, "authentik is missing"},
      {{{"authentik", {{"api_token", nullptr}}}}, "authentik.api_token is missing"},
      {{{"authentik", {{"page_size", 0}}}}, "authentik.page_size must be from 1 to 100"},
      {{{"authentik", {{"page_size", 101}}}}, "authentik.page_size must be from 1 to 100"},
      {{{"authentik", {{"access_token_lifetime", "25h"}}}}, "authentik.access_token_lifetime must be from"},
      {{{"authentik", {{"token", "x"}}}}, "authentik.token means nothing here"},
      {{{"authentik", {{"suspend_access", {{"group", "x"}}}}}}, "authentik.suspend_access.group must be"},
      {{{"authentik", {{"suspend_access", {{"group", "5b1f4f3e-0000-4000-8000-0000000000aa"}}}}}},
       "authentik.suspend_access needs a journal"},
      {{{"back_channel_logout", {{"audiences", {"x"}}}}}, "Give it a source with provider oidc"},
      {{{"gate_tokens", {{"audiences", {"x"}}}}}, "Give it a source with provider oidc"},
      {{{"url", "http://sso.corp.test"}}, "url"},
  };
  for (const auto& [more, said] : cases) EXPECT_THAT(complaint(more), HasSubstr(said)) << more;
}

TEST(Settings, HaveDefaultsOfTheirOwn) {
  const oauth::OauthSettings settings = oauth::read_settings(least.dump());
  EXPECT_EQ(settings.poll_every, 10s);
  const std::unique_ptr<oauth::Provider> authentik = oauth::authentik::make_authentik(settings, {});
  EXPECT_THAT(authentik->coverage(), HasSubstr("\"access_tokens_accepted_for_seconds\":3630"));
}

TEST(Capabilities, AreWhatAuthentikCan) {
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
  EXPECT_THAT(bare.can, ElementsAre(model::Action::CancelSession, model::Action::RevokeTokens,
                                    model::Action::SignOutSubject));
  EXPECT_TRUE(bare.lists);
  EXPECT_TRUE(bare.proves);
  EXPECT_THAT(
      connector::with_settings(
          plugin, with({{"journal", "/j"}, {"authentik", {{"suspend_access", {{"group", "x"}}}}}}).dump())
          .can,
      ElementsAre(model::Action::CancelSession, model::Action::RevokeTokens, model::Action::SignOutSubject,
                  model::Action::SuspendAccess, model::Action::BlockSignIn, model::Action::DisableAccount));
}

TEST(Documentation, ItsConfigurationIsValid) {
  EXPECT_THAT(support::documented_configuration("authentik.md", "/etc/curfew/authentik.token"),
              HasSubstr("provider: authentik"));
}

TEST(ConformanceKit, PassesTheConnectorWithSettings) {
  const connector::Check check =
      connector::check_plugin(std::string(CURFEW_BINARY_DIR) + "/lib/curfew/plugins/oauth.so", least.dump());
  EXPECT_THAT(check.faults, IsEmpty());
  EXPECT_THAT(check.notes, IsEmpty());
}

}  // namespace
}  // namespace curfew::authentik_test
