// What a record of the sign-in logs means: who, how, in which session, and what is no failure.
#include "plugins/oauth/providers/entra/sign_ins.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "plugins/oauth/providers/entra/error_codes.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::entra_test {
namespace {

using namespace oauth::entra;
using nlohmann::json;
using oauth::Sighting;
using plugin::Failure;
using plugin::Interactivity;
using plugin::Type;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

// Of the documentation's example, as v1.0 has it.
json v1() {
  return json::parse(R"({
    "id": "66ea54eb-6301-4ee5-be62-ff5a759b0100", "createdDateTime": "2020-03-13T19:15:41.6195833Z",
    "userDisplayName": "Test Contoso", "userPrincipalName": "testaccount1@contoso.com",
    "userId": "26be570a-ae82-4189-b4e2-a37c6808512d", "appId": "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
    "appDisplayName": "Graph explorer", "ipAddress": "131.107.159.37", "clientAppUsed": "Browser",
    "correlationId": "d79f5bee-5860-4832-928f-3133e22ae912", "isInteractive": true,
    "status": {"errorCode": 0, "failureReason": null, "additionalDetails": null},
    "deviceDetail": {"deviceId": "", "displayName": null}})");
}

json step(const char* method, const char* requirement, bool succeeded = true,
          const char* at = "2020-03-13T19:15:40Z", const char* detail = "") {
  return {{"authenticationStepDateTime", at},
          {"authenticationMethod", method},
          {"succeeded", succeeded},
          {"authenticationStepResultDetail", detail},
          {"authenticationStepRequirement", requirement}};
}

json beta(const json& more = json::object()) {
  json row = v1();
  row.merge_patch({{"sessionId", "004a0f26-0000-4000-8000-000000000001"},
                   {"signInEventTypes", {"interactiveUser"}},
                   {"authenticationProtocol", "oAuth2"},
                   {"authenticationRequirement", "singleFactorAuthentication"},
                   {"authenticationDetails", json::array({step("Password", "Primary authentication")})},
                   {"userAgent", "Mozilla/5.0"}});
  row.merge_patch(more);
  return row;
}

SignInPage page_of(const json& rows) { return read_sign_ins(json{{"value", rows}}.dump()); }

SignInRecord one(const json& row) {
  SignInPage page = page_of(json::array({row}));
  EXPECT_THAT(page.records, SizeIs(1)) << row;
  return page.records.empty() ? SignInRecord{} : std::move(page.records[0]);
}

Sighting seen(const json& row) {
  SignInRecord record = one(row);
  EXPECT_TRUE(record.sighting.has_value()) << row;
  return record.sighting.value_or(Sighting{});
}

json with_code(std::int64_t code) { return beta({{"status", {{"errorCode", code}}}}); }

TEST(SignIns, OfV1SayWhoWhereAndInWhat) {
  const Sighting it = seen(v1());
  EXPECT_EQ(it.type, Type::SignIn);
  EXPECT_EQ(it.key, "66ea54eb-6301-4ee5-be62-ff5a759b0100");
  EXPECT_EQ(it.at, plugin::Time(1584126941619583us));
  EXPECT_EQ(it.subject, "26be570a-ae82-4189-b4e2-a37c6808512d");
  EXPECT_EQ(it.user_name, "testaccount1@contoso.com");
  EXPECT_EQ(it.address, "131.107.159.37");
  EXPECT_EQ(it.application, "Graph explorer");
  EXPECT_EQ(it.device, "");
  EXPECT_EQ(it.interactivity, Interactivity::Interactive);
  EXPECT_FALSE(it.fresh_credentials);  // the record does not show it
  EXPECT_EQ(it.factors, 0U);
}

TEST(SignIns, OfV1AreASessionEach) {
  const SignInRecord first = one(v1());
  EXPECT_FALSE(first.has_session_id);
  json interrupted = v1();
  interrupted["id"] = "another";
  EXPECT_EQ(one(interrupted).session, first.session);  // the same sign-in, another page of it
  for (const auto& [key, value] :
       {std::pair("correlationId", "d79f5bee-5860-4832-928f-3133e22ae913"),
        std::pair("userId", "26be570a-ae82-4189-b4e2-a37c6808512e"), std::pair("appId", "another")}) {
    json other = v1();
    other[key] = value;
    EXPECT_NE(one(other).session, first.session) << key;
  }
  json without = v1();
  without.erase("correlationId");
  EXPECT_THAT(one(without).session, testing::EndsWith("66ea54eb-6301-4ee5-be62-ff5a759b0100"));
}

TEST(SignIns, OfBetaAreOfEntrasSession) {
  const Sighting it = seen(beta());
  EXPECT_EQ(it.session, "004a0f26-0000-4000-8000-000000000001");
  EXPECT_EQ(it.handle, "26be570a-ae82-4189-b4e2-a37c6808512d/004a0f26-0000-4000-8000-000000000001");
  EXPECT_EQ(it.user_agent, "Mozilla/5.0");
  EXPECT_EQ(it.auth_method, plugin::AuthMethod::Oidc);
  EXPECT_EQ(seen(beta({{"authenticationProtocol", "saml20"}})).auth_method, plugin::AuthMethod::Saml);
  EXPECT_EQ(seen(beta({{"authenticationProtocol", "ropc"}})).auth_method, plugin::AuthMethod::Password);
  EXPECT_EQ(seen(beta({{"authenticationProtocol", "none"}})).auth_method, plugin::AuthMethod::Unknown);
  EXPECT_EQ(seen(beta({{"deviceDetail", {{"deviceId", "d"}}}})).device, "d");
  EXPECT_EQ(seen(beta({{"appDisplayName", ""}})).application, "de8bc8b5-d9f9-48b1-a8ad-b748da725064");
}

struct Given {
  json steps;
  bool fresh;
  Interactivity how;
};

TEST(SignIns, ShowFreshCredentialsOnlyWhereAStepWasDoneNow) {
  const char* const first = "Primary authentication";
  const char* const second = "Multifactor authentication";
  const std::vector<Given> cases{
      {json::array({step("Password", first)}), true, Interactivity::Interactive},
      {json::array({step("Password", first), step("SMS", second)}), true, Interactivity::Interactive},
      // A cookie for the password, and the second factor now.
      {json::array({step("Previously satisfied", first), step("SMS", second)}), true,
       Interactivity::Interactive},
      {json::array({step("Previously satisfied", first)}), false, Interactivity::Silent},
      {json::array({step("Satisfied by token", first), step("Previously satisfied", second)}), false,
       Interactivity::Silent},
      {json::array({step("Password", first, false)}), false, Interactivity::Interactive},
      {json::array({step("Password", first, true, "2020-03-13T18:15:40Z")}), false, Interactivity::Silent},
      {json::array({step("Password", first, true, "")}), false, Interactivity::Silent},
      {json::array({step("", first)}), false, Interactivity::Silent},
      {json::array({step("Mobile app notification", second, true, "2020-03-13T19:15:40Z",
                         "MFA requirement satisfied by claim in the token")}),
       false, Interactivity::Silent},
      {json::array(), false, Interactivity::Interactive},
  };
  for (const Given& it : cases) {
    const Sighting is = seen(beta({{"authenticationDetails", it.steps}}));
    EXPECT_EQ(is.fresh_credentials, it.fresh) << it.steps;
    EXPECT_EQ(is.interactivity, it.how) << it.steps;
  }
}

TEST(SignIns, CountFactors) {
  EXPECT_EQ(seen(beta()).factors, 1U);
  const json both{step("Password", "Primary authentication"), step("SMS", "Multi-factor authentication")};
  EXPECT_EQ(seen(beta({{"authenticationDetails", both}})).factors, 2U);
  EXPECT_EQ(seen(beta({{"authenticationRequirement", "multiFactorAuthentication"}})).factors, 2U);
  EXPECT_EQ(seen(beta({{"authenticationDetails", json::array()}})).factors, 0U);
}

TEST(SignIns, ThatNobodyTookPartInAreTokensRefreshed) {
  for (const json& more : {json{{"signInEventTypes", {"nonInteractiveUser"}}, {"isInteractive", false}},
                           json{{"signInEventTypes", nullptr}, {"isInteractive", false}}}) {
    const Sighting it = seen(beta(more));
    EXPECT_EQ(it.type, Type::TokenRefreshed);
    EXPECT_TRUE(it.machine);
    EXPECT_FALSE(it.fresh_credentials);
    EXPECT_EQ(it.session, "004a0f26-0000-4000-8000-000000000001");
  }
}

TEST(SignIns, OfServicesAreLeftOut) {
  for (const char* type : {"servicePrincipal", "managedIdentity"}) {
    EXPECT_FALSE(one(beta({{"signInEventTypes", json::array({type})}, {"userId", ""}})).sighting.has_value());
  }
}

TEST(SignIns, ThatFailedSayWhy) {
  const std::vector<std::pair<std::int64_t, const char*>> cases{{50126, "bad_password:50126"},
                                                                {50034, "unknown_user:50034"},
                                                                {50053, "locked:50053"},
                                                                {50057, "account_disabled:50057"},
                                                                {53003, "policy:53003"},
                                                                {500121, "second_factor_failed:500121"},
                                                                {50105, "not_assigned:50105"},
                                                                {80012, "outside_hours:80012"},
                                                                {700016, "other:700016"},
                                                                {99999999, "other:99999999"},
                                                                {-1, "other:-1"}};
  for (const auto& [code, text] : cases) {
    const Sighting it = seen(with_code(code));
    EXPECT_EQ(it.type, Type::SignInFailed);
    EXPECT_EQ(it.failure, text);
    // With a session it would count as a proof that the session's own token was refused.
    EXPECT_EQ(it.session, "");
    EXPECT_EQ(it.handle, "");
    EXPECT_FALSE(it.fresh_credentials);
  }
}

// A page in between is none, nor is a token that is over: it comes after each sign-out.
TEST(SignIns, ThatWereOnlyInterruptedAreNoFailures) {
  for (const std::int64_t code :
       {16000, 50055, 50058, 50072, 50074, 50076, 50079, 50097, 50125, 50140, 50199, 65001}) {
    const SignInRecord record = one(with_code(code));
    EXPECT_TRUE(record.is_interrupt) << code;
    EXPECT_FALSE(record.succeeded) << code;
    EXPECT_FALSE(record.sighting.has_value()) << code;
  }
  for (const std::int64_t code : {50173, 50133, 70043, 700082}) {
    const SignInRecord record = one(with_code(code));
    EXPECT_FALSE(record.is_interrupt) << code;
    EXPECT_FALSE(record.sighting.has_value()) << code;
  }
}

TEST(SignIns, OfNobodyKnownKeepTheNameOnlyIfItIsOne) {
  json row = with_code(50034);
  row["userId"] = "00000000-0000-0000-0000-000000000000";
  EXPECT_EQ(seen(row).subject, "");
  EXPECT_EQ(seen(row).user_name, "testaccount1@contoso.com");
  row["userPrincipalName"] = "hunter2";  // as typed
  EXPECT_EQ(seen(row).user_name, "");
  row["ipAddress"] = nullptr;
  EXPECT_FALSE(one(row).sighting.has_value());
}

TEST(SignIns, ThatCantBeReadAreKnownAgain) {
  const std::vector<json> broken{{{"createdDateTime", "yesterday"}},
                                 {{"createdDateTime", nullptr}},
                                 {{"id", nullptr}},
                                 {{"id", ""}},
                                 {{"id", std::string(200, 'x')}},
                                 {{"status", nullptr}},
                                 {{"userId", nullptr}},
                                 {{"userId", "not an id"}},
                                 {{"status", {{"errorCode", "0"}}}}};
  json rows = json::array();
  for (const json& change : broken) rows.push_back(beta(change));
  rows.push_back("text");
  const SignInPage page = page_of(rows);
  EXPECT_THAT(page.records, IsEmpty());
  EXPECT_EQ(page.rows, rows.size());
  EXPECT_EQ(page.unreadable, page_of(rows).unreadable);
  EXPECT_EQ(std::set<std::string>(page.unreadable.begin(), page.unreadable.end()).size(), rows.size());
}

TEST(SignIns, OfLongTextsAreCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 1000; ++i) name += "ü";
  const std::string is = seen(beta({{"appDisplayName", "x" + name}})).application;
  EXPECT_LE(is.size(), 512U);
  EXPECT_EQ(is, "x" + name.substr(0, is.size() - 1));
  EXPECT_EQ(is.size() % 2, 1U);
}

TEST(SignIns, OfAPageThatIsCutAreAnError) {
  const std::string whole =
      json{{"value", json::array({beta(), v1()})}, {"@odata.nextLink", "https://x.test/y"}}.dump();
  EXPECT_EQ(read_sign_ins(whole).next, "https://x.test/y");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW((void)read_sign_ins(whole.substr(0, size)), Failure) << size;
  for (const char* wrong : {"[]", "{}", R"({"value":null})", R"({"value":{}})",
                            R"({"value":[],"@odata.nextLink":7})", R"({"value":[],"@odata.nextLink":""})"})
    EXPECT_THROW((void)read_sign_ins(wrong), Failure) << wrong;
}

TEST(Handles, SayWhoseTheyAre) {
  const std::string user = "26be570a-ae82-4189-b4e2-a37c6808512d";
  const Handle handle = read_handle(handle_of(user, "a/b"));
  EXPECT_EQ(handle.user, user);
  EXPECT_EQ(handle.session, "a/b");
  for (const char* wrong : {"", "/", "alice/session", "26be570a-ae82-4189-b4e2-a37c6808512d",
                            "26be570a-ae82-4189-b4e2-a37c6808512d' or 1 eq 1/x"})
    EXPECT_EQ(read_handle(wrong).user, "") << wrong;
}

TEST(Times, AreReadInAllTheirForms) {
  const plugin::Time at(1584126941619583us);
  EXPECT_EQ(oauth::iso_time("2020-03-13T19:15:41.619583Z"), at);
  EXPECT_EQ(oauth::iso_time("2020-03-13T19:15:41.6195839999Z"), at);
  EXPECT_EQ(oauth::iso_time("2020-03-13T14:15:41.619583-05:00"), at);
  EXPECT_EQ(oauth::iso_time("2020-03-13T21:15:41.6195833+02:00"), at);
  EXPECT_EQ(oauth::iso_time("2020-03-13T19:15:41Z"), plugin::Time(1584126941s));
  EXPECT_EQ(oauth::iso_time("2020-03-13T19:15:41.5Z"), plugin::Time(1584126941500ms));
  EXPECT_EQ(oauth::to_iso_time(at), "2020-03-13T19:15:41.619583Z");
  EXPECT_EQ(oauth::iso_time("2024-02-29T00:00:00Z"), plugin::Time(1709164800s));
  for (const char* wrong :
       {"", "2020-03-13", "2020-03-13T19:15:41", "2020-03-13T19:15:41.Z", "2020-02-30T19:15:41Z",
        "2023-02-29T00:00:00Z", "2020-13-13T19:15:41Z", "1999-03-13T19:15:41Z", "2020-03-13T24:15:41Z",
        "2020-03-13 19:15:41Z", "2020-03-13T19:15:41.1234567890123Z", "2020-03-13T19:15:41+25:00",
        "2020-03-13T19:15:41Zx", "-020-03-13T19:15:41Z"})
    EXPECT_FALSE(oauth::iso_time(wrong).has_value()) << wrong;
}

TEST(Recordings, OfOthersAreRead) {
  const std::filesystem::path folder = CURFEW_SOURCE_DIR "/../shared/data/vendor-logs/azure/signinlogs";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "../shared/data is absent: recordings by others were not read";
  const auto in = [&](const char* name) {
    std::ifstream file(folder / name);
    json rows = json::array();
    for (std::string line; std::getline(file, line);)
      if (!line.empty()) rows.push_back(json::parse(line).at("properties"));
    return page_of(rows);
  };
  const SignInPage silent = in("test-non-interactive-user-signin.log");
  ASSERT_THAT(silent.records, SizeIs(testing::Ge(1U)));
  EXPECT_EQ(silent.records[0].sighting.value_or(Sighting{}).type, Type::TokenRefreshed);
  const SignInPage interrupted = in("test-signinlogs-raw.log");
  EXPECT_THAT(interrupted.unreadable, IsEmpty());
  ASSERT_THAT(interrupted.records, SizeIs(testing::Ge(2U)));
  EXPECT_TRUE(interrupted.records[0].is_interrupt);
  EXPECT_EQ(interrupted.records[0].at, oauth::iso_time("2019-10-18T09:45:48.072989Z"));
}

}  // namespace
}  // namespace curfew::entra_test
