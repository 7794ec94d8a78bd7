// What the schema says that settings give, and what a store made of them can do: the same.
#include "core/connector/capabilities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/app/configuration.hpp"
#include "core/app/connectors.hpp"
#include "core/base/error.hpp"
#include "curfew/plugin/abi.h"
#include "plugins/forms/config_schema.hpp"
#include "plugins/forms/stores/store.hpp"

namespace curfew::forms {
namespace {

using nlohmann::json;

connector::PluginInfo with(const json& settings) {
  connector::PluginInfo plugin;
  plugin.config_schema = std::string(config_schema);
  plugin.can = {model::Action::CancelSession, model::Action::SignOutSession, model::Action::SignOutSubject};
  plugin.capabilities = CURFEW_CAN_OBSERVE | CURFEW_CAN_SHOW_ACTIVITY | CURFEW_CAN_LIST_SESSIONS |
                        CURFEW_CAN_PROVE | CURFEW_CAN_CANCEL_SESSION | CURFEW_CAN_SIGN_OUT_SESSION |
                        CURFEW_CAN_SIGN_OUT_SUBJECT;
  return connector::with_settings(plugin, settings.dump());
}

bool can(const connector::PluginInfo& plugin, model::Action action) {
  return std::find(plugin.can.begin(), plugin.can.end(), action) != plugin.can.end();
}

TEST(Capabilities, AreThoseOfTheStoreThatTheSettingsMake) {
  const json database = {
      {"kind", "postgresql"}, {"host", "/run/db"}, {"database", "crm"}, {"user", "curfew"}};
  const json http = {{"kind", "http"}, {"url", "https://crm.corp.test"}};
  const json act = {{"path", "/{session}"}, {"done", {{"status", {200}}}}};
  const std::vector<std::pair<json, json>> cases{
      {database, {{"preset", "mod_session_dbd"}}},
      {database, {{"preset", "django"}, {"cancel", "UPDATE s SET p = 1 WHERE id = {session}"}}},
      {database, {{"list", "SELECT id AS session_id FROM s"}}},
      {database, {{"prove", "SELECT 1 FROM s WHERE id = {session}"}}},
      {database, {{"delete", "DELETE FROM s WHERE id = {session}"}}},
      {database,
       {{"prove", "SELECT 1 FROM s WHERE id = {session}"},
        {"delete_subject", "DELETE FROM s WHERE p = {subject}"}}},
      {http, {{"calls", {{"list", {{"path", "/"}, {"sessions", ""}, {"id", "/id"}}}}}}},
      {http, {{"calls", {{"cancel_session", act}}}}},
      {http, {{"calls", {{"sign_out_session", act}}}}},
      {http, {{"calls", {{"sign_out_subject", {{"path", "/{subject}"}, {"done", {{"status", {200}}}}}}}}}},
      {http,
       {{"calls",
         {{"prove",
           {{"path", "/{session}"}, {"alive", {{"status", {200}}}}, {"dead", {{"status", {404}}}}}}}}}},
      {{{"kind", "lemonldap"}, {"url", "https://auth.corp.test"}}, {{"settles_after", "15s"}}}};
  for (const auto& [kind, more] : cases) {
    json store = kind;
    store.update(more);
    const Abilities abilities = make_store(store.dump())->abilities();
    const connector::PluginInfo plugin = with({{"store", store}});
    EXPECT_EQ(plugin.lists, abilities.lists) << store;
    EXPECT_EQ(plugin.proves, abilities.proves) << store;
    EXPECT_EQ(can(plugin, model::Action::CancelSession), abilities.cancels) << store;
    EXPECT_EQ(can(plugin, model::Action::SignOutSession), abilities.ends) << store;
    EXPECT_EQ(can(plugin, model::Action::SignOutSubject), abilities.ends || abilities.ends_subjects) << store;
    EXPECT_FALSE(plugin.shows_activity) << "without a log";
  }
}

TEST(Capabilities, WithoutAStoreThereIsOnlyWhatTheLogShows) {
  const connector::PluginInfo plugin =
      with({{"inputs", {"/var/log/nginx/crm.log"}}, {"preset", "lemonldap"}});
  EXPECT_TRUE(plugin.shows_activity);
  EXPECT_TRUE(plugin.can.empty());
  EXPECT_FALSE(plugin.proves);
  EXPECT_FALSE(plugin.lists);
  EXPECT_EQ(plugin.capabilities, CURFEW_CAN_OBSERVE | CURFEW_CAN_SHOW_ACTIVITY);
}

// The connector itself, as the configuration's loader sees it.
TEST(Capabilities, AnEnforcingPolicyIsRefusedWhereNoStoreCanEndAndProve) {
  const auto check = [](const std::string& store) -> std::string {
    const std::string text =
        "sources:\n  - name: crm\n    connector: forms\n    settings: {preset: lemonldap, inputs: [/x.log]" +
        store +
        "}\npolicies:\n  - {name: quarter, rule: inactivity_timeout, limit: 15m, mode: enforce, ladder: "
        "[{action: sign_out_session}]}\nsafety: {most_sign_outs_per_minute: 10, protected_accounts: "
        "[\"user:admin\"]}\n";
    try {
      const app::Settings settings = app::parse_configuration("c.yaml", text);
      app::check_sources(settings, app::describe_connectors(settings));
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(check(""), testing::HasSubstr("of 'crm' can't sign_out_session with its settings"));
  EXPECT_THAT(check(", store: {kind: http, url: 'https://crm.corp.test', calls: {sign_out_session: {path: "
                    "'/{session}', done: {status: [200]}}}}"),
              testing::HasSubstr("can't prove with its settings that a session is dead"));
  EXPECT_EQ(check(", store: {kind: lemonldap, url: 'https://auth.corp.test', settles_after: 15s}"),
            "no error");
}

TEST(Capabilities, OfTheSchemaAreWithoutFault) {
  EXPECT_TRUE(connector::faults_of_conditions(config_schema, with({{"inputs", {"x"}}}).capabilities).size() ==
              5)
      << "the five that this source lacks, and no more";
  EXPECT_TRUE(connector::faults_of_conditions(config_schema, ~std::uint64_t{0}).empty());
}

}  // namespace
}  // namespace curfew::forms
