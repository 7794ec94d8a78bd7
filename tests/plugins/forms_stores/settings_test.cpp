// What the setting `store` may say, and how a mistake is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plugins/forms/stores/store.hpp"
#include "plugins/forms/stores/store_schema.hpp"

namespace curfew::forms {
namespace {

using testing::HasSubstr;

std::string wrong_in(const std::string& json) {
  try {
    (void)make_store(json);
    return "nothing";
  } catch (const plugin::Failure& failure) {
    EXPECT_EQ(failure.code(), plugin::Code::Invalid);
    return failure.what();
  }
}

TEST(StoreSettings, AMistakeIsToldWithItsSetting) {
  const std::string near = R"("host":"/run/db","database":"crm","user":"curfew")";
  const std::string far = R"("host":"db.corp.test","database":"crm","user":"curfew","preset":"django")";
  const auto sql = [&](const std::string& rest) {
    return R"({"kind":"postgresql",)" + near + "," + rest + "}";
  };
  const auto http = [](const std::string& rest) {
    return R"({"kind":"http","url":"https://crm.corp.test",)" + rest + "}";
  };
  const auto calls = [&](const std::string& rest) { return http(R"("calls":{)" + rest + "}"); };
  const std::string done = R"("done":{"status":[200]})";
  struct Case {
    std::string json, text;
  };
  const Case cases[] = {
      {"[]", "store must be a mapping"},
      {"{", "store must be a mapping"},
      {R"({"kind":"oracle"})", "store.kind must be postgresql, mariadb, lemonldap or http"},
      {sql(R"("preset":"rails")"), "neither mod_session_dbd nor django"},
      {sql(R"("preset":"django","table":"a; DROP TABLE b")"), "is no table's name"},
      {sql(R"("prove":"SELECT 1 FROM s WHERE id = '{session}'")"), "stands within quotes"},
      {sql(R"("prove":"SELECT 1 FROM s WHERE id = {id}")"), "only {session} and {subject}"},
      {sql(R"("prove":"SELECT 1 FROM s")"), "does not say {session}"},
      {sql(R"("prove":"DELETE FROM s WHERE id = {session}")"), "must be a SELECT"},
      {sql(R"("list":"SELECT id FROM s WHERE id = {session}")"), "lists all sessions"},
      {sql(R"("delete":"DELETE FROM s")"), "store.delete does not say {session}"},
      {sql(R"("delete":"DELETE FROM s WHERE id = {session}","delete_subject":"DELETE FROM s")"),
       "about everyone"},
      {sql(R"("prove":"SELECT 1 FROM s WHERE id = {session} AND a = 'x")"), "a quote is not closed"},
      {sql(R"("settles_after":"soon","preset":"django")"), "store.settles_after must be a duration"},
      {sql(R"("preset":"django","delete":"")"), "store.delete is empty"},
      {sql(R"("table":"s")"), "store.table is for a preset"},
      {sql(R"("preset":"django","calls":{})"), "store.calls means nothing here"},
      {R"({"kind":"postgresql","database":"crm","user":"curfew","preset":"django"})",
       "store.host is missing"},
      {R"({"kind":"mariadb",)" + far + R"(,"tls":"off"})", "in the clear"},
      {R"({"kind":"mariadb",)" + far + R"(,"tls":"maybe"})", "store.tls must be verify or off"},
      {R"({"kind":"http","url":"ftp://crm","calls":{}})", "must be https://"},
      {R"({"kind":"http","url":"http://crm.corp.test","calls":{}})", "in the clear"},
      {R"({"kind":"http","url":"https://u:p@crm.corp.test","calls":{}})",
       "secrets have settings of their own"},
      {http(R"("calls":{"list":{"path":"/x","id":"/id"}},"ca_file":"/nowhere.pem")"),
       "store.ca_file: /nowhere.pem can't be read"},
      {calls(R"("sign_out_session":{"path":"/x",)" + done + "}"), "does not say {session}"},
      {calls(R"("sign_out_session":{"path":"/x/{session}"})"), "which answer means that it was done?"},
      {calls(R"("sign_out_session":{"path":"x/{session}",)" + done + "}"), "must begin with /"},
      {calls(R"("sign_out_session":{"path":"/x/{session}?key={secret}",)" + done + "}"), "a path is in logs"},
      {calls(R"("sign_out_session":{"path":"/x/{session}","headers":{"Authorization":"{secret}"},)" + done +
             "}"),
       "there is no secret"},
      {calls(R"("sign_out_session":{"path":"/{session}","method":"LOOK",)" + done + "}"),
       "must be GET, POST"},
      {calls(R"("sign_out_session":{"path":"/{session}","body":"<id/>","content_type":"text/xml",)" + done +
             "}"),
       "must be application/json"},
      {calls(R"("prove":{"path":"/{session}","alive":{"status":[200]}})"), "which one dead"},
      {calls(R"("prove":{"path":"/{session}","alive":{"status":[200]},"dead":{"status":[403]}})"),
       "says that the call failed"},
      {calls(R"("prove":{"path":"/{session}","alive":{"status":[200]},"dead":{}})"), "says nothing"},
      {calls(R"("prove":{"path":"/{session}","alive":{"status":["200"]},"dead":{"status":[404]}})"),
       "a list of numbers"},
      {calls(R"("prove":{"path":"/{session}","alive":{"json":{"active":true}},"dead":{"status":[404]}})"),
       "must be a JSON pointer"},
      {R"({"kind":"lemonldap","url":"https://auth.corp.test"})", "store.settles_after is missing"},
      {R"({"kind":"lemonldap","url":"https://auth.corp.test","settles_after":"15s","headers":{"Authorization":"{secret}"}})",
       "there is none"},
  };
  for (const Case& one : cases) EXPECT_THAT(wrong_in(one.json), HasSubstr(one.text)) << one.json;
}

TEST(StoreSettings, ServersBeyondThisMachineAreVerifiedUnlessSomebodySaysNo) {
  const std::string far = R"("host":"db.corp.test","database":"crm","user":"curfew","preset":"django")";
  EXPECT_EQ(wrong_in(R"({"kind":"postgresql",)" + far + "}"), "nothing");
  EXPECT_EQ(wrong_in(R"({"kind":"postgresql",)" + far + R"(,"tls":"off","plain_beyond_loopback":true})"),
            "nothing");
  EXPECT_EQ(wrong_in(R"({"kind":"lemonldap","url":"https://auth.corp.test","settles_after":"15s"})"),
            "nothing");
}

TEST(StoreSettings, TheSchemaIsJsonAndKnowsEachSetting) {
  const auto schema = nlohmann::json::parse(store_schema);
  for (const char* key : {"kind",
                          "preset",
                          "table",
                          "host",
                          "port",
                          "database",
                          "user",
                          "password",
                          "tls",
                          "plain_beyond_loopback",
                          "ca_file",
                          "certificate_file",
                          "key_file",
                          "statement_timeout",
                          "connect_timeout",
                          "settles_after",
                          "list",
                          "delete",
                          "delete_subject",
                          "cancel",
                          "prove",
                          "url",
                          "secret",
                          "headers",
                          "calls"})
    EXPECT_TRUE(schema["properties"].contains(key)) << key;
}

}  // namespace
}  // namespace curfew::forms
