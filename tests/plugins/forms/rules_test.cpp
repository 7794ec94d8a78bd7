#include "plugins/forms/logs/rules.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "tests/plugins/forms/log_tester.hpp"

namespace curfew::forms {
namespace {

using nlohmann::json;

json rule(const char* means, json when = json::object()) {
  return {{"means", means}, {"when", std::move(when)}};
}

// A vector: compilers differ in what a JSON value in braces is, the value or a list of it.
Rules rules_of(const std::vector<json>& rules, json session = {{"cookie", "sid"}}) {
  const json settings{
      {"inputs", {"x"}}, {"format", {{"kind", "nginx"}}}, {"session", session}, {"rules", json(rules)}};
  return Rules(read_settings(settings.dump()).rules);
}

LogLine line_of(std::string_view method, std::string_view path, int status) {
  LogLine line;
  line.time = at("2026-11-21T20:11:03Z");
  line.method = method;
  line.path = path;
  line.status = status;
  return line;
}

TEST(RulesTest, TheFirstThatFitsCounts) {
  const Rules rules =
      rules_of({rule("ignore", {{"path", "/static/*"}}), rule("sign_out", {{"path", "/logout"}}),
                rule("activity", {{"status", {"2xx", 304}}})});
  LogLine line = line_of("GET", "/static/a.css", 200);
  line.cookies = "sid=1";
  EXPECT_EQ(rules.judge(line).means, Meaning::Ignore);
  EXPECT_EQ(rules.judge(line).because, "ignore");
  line.path = "/logout";
  EXPECT_EQ(rules.judge(line).means, Meaning::SignOut);
  line.path = "/home";
  EXPECT_EQ(rules.judge(line).means, Meaning::Activity);
  line.status = 304;
  EXPECT_EQ(rules.judge(line).means, Meaning::Activity);
  line.status = 500;
  EXPECT_EQ(rules.judge(line).because, "no_rule");
}

TEST(RulesTest, ASignInIsOfTheSessionThatTheAnswerGives) {
  const Rules rules = rules_of({rule("sign_in", {{"method", "POST"}})});
  LogLine line = line_of("POST", "/login", 302);
  line.user = "alice";
  line.cookies = "sid=before";
  line.set_cookies = "sid=after; HttpOnly";
  EXPECT_EQ(rules.judge(line).session, "after") << "the id changes at the sign-in";
  EXPECT_EQ(rules.judge(line).user, "alice");
  line.set_cookies = {};
  EXPECT_EQ(rules.judge(line).session, "before") << "or stays";
}

TEST(RulesTest, ASignInMaySayWhenItsSessionEndsByItself) {
  const json settings{{"inputs", {"x"}},
                      {"format", {{"kind", "nginx"}}},
                      {"session", {{"cookie", "sid"}}},
                      {"expires", {{{"query", "until"}}}},
                      {"rules", {rule("sign_in", {{"method", "POST"}}), rule("activity")}}};
  const Rules rules(read_settings(settings.dump()).rules);
  LogLine line = line_of("POST", "/login", 302);
  line.set_cookies = "sid=1";
  line.cookies = "sid=1";
  line.query = "until=1795327582";
  EXPECT_EQ(rules.judge(line).expires_at, at("2026-11-22T06:06:22Z"));
  line.method = "GET";
  EXPECT_EQ(rules.judge(line).expires_at, Time{}) << "the sign-in alone opens it";
  line.method = "POST";
  for (const char* none : {"", "until=", "until=0", "until=-1", "until=1695327582", "until=soon",
                           "until=1795327582s", "until=9223372036854775807", "until=99999999999999999999"}) {
    line.query = none;
    EXPECT_EQ(rules.judge(line).expires_at, Time{}) << none;
  }
}

TEST(RulesTest, AnEndIsOfTheSessionThatTheRequestHadAndOfNoOther) {
  const Rules rules = rules_of({rule("sign_out", {{"path", "/logout"}}), rule("activity")});
  LogLine line = line_of("GET", "/logout", 302);
  line.set_cookies = "sid=new-and-anonymous";
  EXPECT_EQ(rules.judge(line).means, Meaning::Ignore);
  EXPECT_EQ(rules.judge(line).because, "without_session");
  line.path = "/home";
  EXPECT_EQ(rules.judge(line).because, "without_session")
      << "what is given to a visitor is no session of a person";
}

TEST(RulesTest, AFailedSignInHasNoSession) {
  const Rules rules = rules_of({rule("sign_in_failed", {{"status", 401}})});
  LogLine line = line_of("POST", "/login", 401);
  line.cookies = "sid=anonymous";
  line.user = "mallory";
  const Judgement judged = rules.judge(line);
  EXPECT_EQ(judged.session, "") << "it would say that the session's own credential was refused";
  EXPECT_EQ(judged.user, "mallory");
  EXPECT_EQ(judged.failure, "credentials_refused");
}

TEST(RulesTest, ConditionsLookAtEverythingThatALineHas) {
  const Rules rules = rules_of({{{"means", "refused"},
                                 {"when",
                                  {{"method", {"GET", "HEAD"}},
                                   {"path", "/app/*"},
                                   {"query", "*x=1*"},
                                   {"location", "*/login*"},
                                   {"user_agent", "Mozilla/*"},
                                   {"host", "crm.*"},
                                   {"status", "300-399"},
                                   {"fields", {{"up", "302"}}},
                                   {"path_regex", "^/app/[a-z]+$"},
                                   {"session", {"presented", "removed"}},
                                   {"user", "absent"}}},
                                 {"unless", {{"query", "*silent*"}}}}});
  const auto fitting = [] {
    LogLine line = line_of("HEAD", "/app/home", 302);
    line.query = "a=2&x=1";
    line.location = "https://sso/login?x";
    line.user_agent = "Mozilla/5.0";
    line.host = "crm.corp.test";
    line.fields.push_back({"up", "302"});
    line.cookies = "sid=1";
    line.set_cookies = "sid=; Max-Age=0";
    return line;
  };
  EXPECT_EQ(rules.judge(fitting()).means, Meaning::Refused);
  const auto not_with = [&](auto change) {
    LogLine line = fitting();
    change(line);
    return rules.judge(line).means == Meaning::Ignore;
  };
  EXPECT_TRUE(not_with([](LogLine& l) { l.method = "POST"; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.path = "/app/Home"; })) << "the regular expression";
  EXPECT_TRUE(not_with([](LogLine& l) { l.path = "/other/home"; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.query = "x=2"; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.query = "x=1&silent"; })) << "unless";
  EXPECT_TRUE(not_with([](LogLine& l) { l.location = "/home"; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.user_agent = "curl"; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.host = "shop.corp.test"; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.status = 200; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.fields.clear(); }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.cookies = {}; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.set_cookies = {}; }));
  EXPECT_TRUE(not_with([](LogLine& l) { l.user = "alice"; }));
}

TEST(RulesTest, IdsAreFoundInFieldsQueriesAndByCaptures) {
  const Rules rules =
      rules_of({{{"means", "revoked"},
                 {"when", {{"method", "DELETE"}}},
                 {"session_from", {{{"field", "path"}, {"capture", "^/sessions/([0-9a-f]{8})$"}}}}},
                {{"means", "activity"}}},
               {{"presented",
                 {{{"query", "session"}},
                  {{"field", "auth"}, {"capture", "Session (.*)"}, {"transform", {"unquote"}}}}}});
  LogLine line = line_of("DELETE", "/sessions/0a1b2c3d", 204);
  EXPECT_EQ(rules.judge(line).session, "0a1b2c3d");
  line.path = "/sessions/zzz";
  EXPECT_EQ(rules.judge(line).because, "without_session");
  line = line_of("GET", "/", 200);
  line.query = "a=1&session=x%2By";
  EXPECT_EQ(rules.judge(line).session, "x+y");
  line.query = {};
  line.fields.push_back({"auth", "Session \"quoted\""});
  EXPECT_EQ(rules.judge(line).session, "quoted");
}

TEST(RulesTest, ACookieThatTheLogCutIsNoSession) {
  const Rules rules = rules_of({rule("activity")}, {{"presented", {{{"field", "cs(cookie)"}}}}});
  LogLine line = line_of("GET", "/", 200);
  line.fields.push_back({"cs(cookie)", "..."});
  EXPECT_EQ(rules.judge(line).because, "without_session");
}

TEST(RulesTest, PatternsAreLinearInWhatTheyAreHeldAgainst) {
  EXPECT_TRUE(fits("*.css", "/a/b.css", false));
  EXPECT_FALSE(fits("*.css", "/a/b.css?x", false));
  EXPECT_TRUE(fits("/A*z", "/abcZ", true));
  EXPECT_FALSE(fits("/A*z", "/abcZ", false));
  EXPECT_TRUE(fits("a*b*c", "aXbYbZc", false));
  EXPECT_TRUE(fits("*", "", false));
  EXPECT_FALSE(fits("", "x", false));
  // What makes backtracking matchers take for ever.
  std::string pattern, text(100'000, 'a');
  for (int i = 0; i < 200; ++i) pattern += "a*";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(fits(pattern + "b", text, false));
  const Rules rules = rules_of({rule("activity", {{"path_regex", "^(a+)+$"}})});
  text += "!";
  LogLine line = line_of("GET", text, 200);
  EXPECT_EQ(rules.judge(line).means, Meaning::Ignore);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(RulesTest, WhatCanNotBeMeantIsRefusedWithItsPlace) {
  const auto refused = [](const json& rules) {
    try {
      rules_of(rules);
    } catch (const std::invalid_argument& failure) {
      return std::string(failure.what());
    }
    return std::string("taken");
  };
  EXPECT_NE(refused(json::array({rule("sign_on")})).find("rules[0].means"), std::string::npos);
  EXPECT_NE(refused(json::array({rule("activity", {{"status", "many"}})})).find("rules[0].when.status"),
            std::string::npos);
  EXPECT_NE(refused(json::array({rule("activity", {{"path_regex", "("}})})).find("regular expression"),
            std::string::npos);
  EXPECT_NE(refused(json::array({rule("activity", {{"path_regex", "((a{100}){100}){100}"}})}))
                .find("regular expression"),
            std::string::npos)
      << "too large";
  EXPECT_NE(refused(json::array({rule("activity", {{"session", "sometimes"}})})).find("session"),
            std::string::npos);
  EXPECT_NE(refused(json::array({rule("activity", {{"pth", "/x"}})})).find("rules[0].when.pth"),
            std::string::npos);
  EXPECT_NE(refused(json::array({{{"means", "activity"}, {"ends_session", true}}})).find("ends_session"),
            std::string::npos);
  EXPECT_NE(refused(json::array()).find("no rules"), std::string::npos);
}

TEST(SettingsTest, APresetIsWhatTheSettingsDoNotSay) {
  const FormsSettings settings = read_settings(json{
      {"preset", "apache_mod_auth_form"},
      {"inputs", {"a.log"}},
      {"session", {{"cookie", "mine"}}},
      {"rules",
       {rule("ignore", {{"path", "/health"}})}}}.dump());
  EXPECT_EQ(settings.format.kind, "apache");
  ASSERT_GT(settings.rules.rules.size(), 3U);
  EXPECT_EQ(settings.rules.rules[0].means, "ignore") << "own rules come first";
  EXPECT_EQ(settings.rules.presented.at(0).name, "mine");
  EXPECT_EQ(json::parse(settings.gate_rules),
            (json{{"credentials", {{{"in", "cookie"}, {"name", "mine"}}}}, {"clear_cookies", {"mine"}}}));
  EXPECT_THROW((void)read_settings(R"({"preset":"sap","inputs":["x"]})"), std::invalid_argument);
}

TEST(SettingsTest, EachPresetCompiles) {
  for (const char* name :
       {"dynamics_crm_onprem", "apache_mod_auth_form", "apache_mod_auth_gssapi", "lemonldap"}) {
    const FormsSettings settings = read_settings(json{{"preset", name}, {"inputs", {"x"}}}.dump());
    EXPECT_NO_THROW((void)make_format(settings.format)) << name;
    EXPECT_NO_THROW(Rules{settings.rules}) << name;
    EXPECT_FALSE(settings.gate_rules.empty()) << name;
  }
}

TEST(SettingsTest, NamesAreToldApartByHowTheyLook) {
  const json base{{"inputs", {"x"}}, {"format", {{"kind", "nginx"}}}, {"rules", {rule("activity")}}};
  FormsSettings settings = read_settings(base.dump());
  EXPECT_EQ(name_space_of(settings, "CORP\\alice"), "windows_account");
  EXPECT_EQ(name_space_of(settings, "alice@corp.test"), "upn");
  EXPECT_EQ(name_space_of(settings, "alice"), "user");
  json with_store = base;
  with_store["store"] = {{"kind", "lemonldap"}};
  settings = read_settings(with_store.dump());
  EXPECT_EQ(name_space_of(settings, "alice@corp.test"), "user") << "as the store's own names";
  json named = base;
  named["user"] = {{"namespace", "crm"}};
  EXPECT_EQ(name_space_of(read_settings(named.dump()), "alice"), "crm");
}

TEST(SettingsTest, WhoSignsInIsAPersonUnlessTheSettingsSayOtherwise) {
  const FormsSettings settings = read_settings(json{
      {"inputs", {"x"}},
      {"format", {{"kind", "nginx"}}},
      {"rules", {rule("activity")}},
      {"service_accounts",
       {"svc-*", "CORP\\backup"}}}.dump());
  EXPECT_EQ(account_type_of(settings, "alice"), plugin::AccountType::Human);
  EXPECT_EQ(account_type_of(settings, "svc-import"), plugin::AccountType::Service);
  EXPECT_EQ(account_type_of(settings, "corp\\Backup"), plugin::AccountType::Service);
  EXPECT_EQ(account_type_of(settings, ""), plugin::AccountType::Unknown);
}

TEST(SettingsTest, WrongOnesAreNamed) {
  const auto refused = [](const json& settings) {
    try {
      (void)read_settings(settings.dump());
    } catch (const std::invalid_argument& failure) {
      return std::string(failure.what());
    }
    return std::string("taken");
  };
  EXPECT_NE(refused(json::object()).find("neither inputs"), std::string::npos);
  EXPECT_NE(refused({{"inputs", {"x"}}, {"rulez", 1}}).find("rulez"), std::string::npos);
  EXPECT_NE(refused({{"inputs", {"x"}}, {"activity_quantum", "soon"}}).find("activity_quantum"),
            std::string::npos);
  EXPECT_NE(refused({{"inputs", {"x"}}, {"format", {{"time_zone", "CET"}}}}).find("time_zone"),
            std::string::npos);
  EXPECT_NE(refused({{"inputs", {"x"}}, {"session", {{"presented", {{{"cookie", "a"}, {"field", "b"}}}}}}})
                .find("both"),
            std::string::npos);
}

}  // namespace
}  // namespace curfew::forms
