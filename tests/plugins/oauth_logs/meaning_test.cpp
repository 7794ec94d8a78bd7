// What becomes of what the logs say: whose it is, which session, and how it ended.
#include "tests/plugins/oauth_logs/log_tester.hpp"

namespace curfew::oauth::logs {
namespace {

using plugin::EndReason;
using plugin::Interactivity;
using plugin::Type;

const std::string fixtures = CURFEW_SOURCE_DIR "/tests/fixtures/provider_logs/";

TEST(Okta, ASessionByItsIdAndItsEndByAnAdministrator) {
  const Logs logs = read_files({fixtures + "okta.ndjson"});
  EXPECT_EQ(logs.story("okta:idx-one"), "reauthenticated sign_in activity revoked");
  EXPECT_EQ(logs.story("okta:idx-nine"), "sign_out");
  const Sighting start = logs.of(Type::SignIn).at(0);
  EXPECT_EQ(start.user_name, "alice@corp.test");
  EXPECT_EQ(name_in(start, "okta_user"), "00u1");
  EXPECT_EQ(start.address, "192.0.2.10");
  EXPECT_EQ(start.user_agent, "Firefox/140.0");
  EXPECT_EQ(files::format_time(start.at), "2026-03-02T08:00:01.000000Z");
  EXPECT_EQ(start.key, "okta/6f0a0002");
  EXPECT_EQ(logs.of(Type::Activity).at(0).application, "Wiki");
  EXPECT_TRUE(logs.of(Type::Reauthenticated).at(0).fresh_credentials);
  const Sighting failed = logs.of(Type::SignInFailed).at(0);
  EXPECT_EQ(failed.failure, "INVALID_CREDENTIALS");
  EXPECT_EQ(failed.session, "") << "unknown is no session";
  EXPECT_EQ(logs.of(Type::Revoked).at(0).end_reason, EndReason::Forced);
  EXPECT_EQ(logs.of(Type::SignOut).at(0).address, "") << "null is no address";
  EXPECT_EQ(logs.sum.filtered.at("okta: policy.evaluate_sign_on: ALLOW"), 1U);
  EXPECT_EQ(logs.sum.places.at(0).second, "okta: user.session.start has no time that can be read");
}

TEST(Auth0, ASessionByItsId) {
  const Logs logs = read_files({fixtures + "auth0.json"});
  EXPECT_EQ(logs.story("auth0:ses-one"), "sign_in sign_out");
  const std::vector<Sighting> failed = logs.of(Type::SignInFailed);
  EXPECT_EQ(failed.at(0).failure, "bad_password:fp");
  EXPECT_EQ(failed.at(0).user_name, "bob@corp.test");
  EXPECT_EQ(failed.at(1).failure, "other:f");
  EXPECT_EQ(logs.of(Type::CredentialChanged).at(0).session, "");
  EXPECT_EQ(logs.sum.filtered.at("auth0: seacft: without a session"), 1U);
}

// Credentials count as given where the record shows that they were.
TEST(Freshness, IsShownByTheRecord) {
  const auto okta = [](const std::string& more) {
    return read_text(
               R"({"uuid":"u","published":"2026-03-02T08:00:00Z","eventType":"user.session.start","outcome":{"result":)"
               R"("SUCCESS"},"actor":{"id":"00u1"},)" +
               more + "}")
        .sightings.at(0);
  };
  const std::string by_page = R"("debugContext":{"debugData":{"requestUri":"/idp/idx/identify"}})";
  EXPECT_TRUE(okta(R"("authenticationContext":{"externalSessionId":"s","credentialType":null},)" + by_page)
                  .fresh_credentials);
  EXPECT_TRUE(okta(R"("authenticationContext":{"externalSessionId":"s","credentialType":"PASSWORD"})")
                  .fresh_credentials);
  EXPECT_FALSE(okta(R"("authenticationContext":{"externalSessionId":"s","credentialType":"IWA"},)" + by_page)
                   .fresh_credentials);
  EXPECT_FALSE(
      okta(R"("authenticationContext":{"externalSessionId":"s","authenticationProvider":"FEDERATION"},)" +
           by_page)
          .fresh_credentials);
  EXPECT_FALSE(okta(R"("authenticationContext":{"externalSessionId":"s"})").fresh_credentials)
      << "nothing is said";
  const auto auth0 = [](const std::string& strategy, const std::string& prompt) {
    return read_text(
               R"({"log_id":"1","date":"2026-03-02T08:00:00Z","type":"s","user_id":"auth0|1","strategy_type":")" +
               strategy + R"(","details":{"session_id":"x","prompts":[{"name":")" + prompt + R"("}]}})")
        .sightings.at(0);
  };
  EXPECT_TRUE(auth0("database", "prompt-authenticate").fresh_credentials);
  EXPECT_EQ(auth0("database", "prompt-authenticate").interactivity, Interactivity::Interactive);
  EXPECT_FALSE(auth0("database", "login").fresh_credentials);
  EXPECT_FALSE(auth0("social", "prompt-authenticate").fresh_credentials);
}

TEST(Failures, AreCodesAndNeverSentences) {
  const Logs logs = read_text(
      R"({"uuid":"u","published":"2026-03-02T08:00:00Z","eventType":"user.session.start","outcome":{"result":"FAILURE",)"
      R"("reason":"alice@corp.test is locked"},"actor":{"id":"00u1","alternateId":"alice@corp.test"}})");
  EXPECT_EQ(logs.sightings.at(0).failure, "other");
}

// No id of a session: one person at one address is one, and that it has ended is concluded.
TEST(Authentik, ASessionByPersonAndClient) {
  const Logs logs = read_files({fixtures + "authentik.json"});
  EXPECT_EQ(logs.story("authentik/4/192.0.2.10"), "sign_in sign_out?");
  const Sighting failed = logs.of(Type::SignInFailed).at(0);
  EXPECT_EQ(name_in(failed, "authentik_login"), "bob");
  EXPECT_EQ(name_in(failed, "authentik_user"), "") << "the record's user is the anonymous one";
  EXPECT_EQ(failed.session, "");
}

TEST(BusinessCentral, AStoppedSessionIsKnownByItsNumberInItsEnvironment) {
  const Logs logs = read_files({fixtures + "business_central.ndjson"});
  EXPECT_EQ(logs.story("business_central:Production/448999"), "revoked");
  EXPECT_EQ(logs.story("business_central:Production/449000"), "") << "stopping it failed";
  EXPECT_EQ(logs.of(Type::Revoked).at(0).end_reason, EndReason::Forced);
  EXPECT_EQ(person(logs.of(Type::Revoked).at(0)), "") << "whose it was isn't said";
  const Sighting start = logs.of(Type::SignIn).at(0);
  EXPECT_EQ(start.session, "");
  EXPECT_EQ(start.application, "WebClient");
  EXPECT_EQ(name_in(start, "business_central_telemetry"), "7c5e0f6a-0000-4000-8000-000000000001");
  EXPECT_EQ(logs.of(Type::SignInFailed).at(0).failure, "not_authorized") << "the dimensions stand in a text";
  EXPECT_EQ(logs.sum.filtered.at("business_central: RT0029: False"), 1U);
  EXPECT_EQ(logs.sum.filtered.at("business_central: RT0008"), 1U);
}

TEST(Keycloak, LinesAreReadAsTheEventsThatTheyHold) {
  const Logs logs = read_files({fixtures + "keycloak.log"});
  EXPECT_EQ(logs.story("keycloak:kc-one"), "sign_in sign_out revoked?");
  const Sighting start = logs.of(Type::SignIn).at(0);
  EXPECT_EQ(name_in(start, "keycloak_login"), "corp/alice");
  EXPECT_EQ(name_in(start, "keycloak_user"), "3b0c6a4e-0000-4000-8000-000000000001");
  EXPECT_EQ(start.application, "shop");
  EXPECT_EQ(start.interactivity, Interactivity::Interactive);
  EXPECT_TRUE(start.fresh_credentials);
  EXPECT_EQ(start.auth_method, plugin::AuthMethod::Oidc);
  EXPECT_EQ(logs.of(Type::SignInFailed).at(0).failure, "user_not_found");
  EXPECT_EQ(logs.sum.continued_lines, 2U) << "the stack below an error is no record";
  EXPECT_EQ(logs.sum.filtered.at("keycloak: org.keycloak.services"), 1U);
}

TEST(Keycloak, LinesWithoutAZoneAreOfTheZoneThatIsGiven) {
  const std::string line =
      "2026-03-02 08:00:05,250 DEBUG [org.keycloak.events] (t) type=LOGIN, realmId=corp, userId=u, "
      "code_id=c-1, ipAddress=192.0.2.10\n";
  const Logs logs = read_text(line, std::chrono::hours(-5));
  EXPECT_EQ(files::format_time(logs.sightings.at(0).at), "2026-03-02T13:00:05.250000Z");
  EXPECT_EQ(logs.sightings.at(0).session, "keycloak:c-1") << "the code's id is the session's";
}

TEST(Keycloak, JsonOfTheApiAndOfTheConsole) {
  const Logs logs = read_files({fixtures + "keycloak.json", fixtures + "keycloak_console.ndjson"});
  EXPECT_EQ(logs.story("keycloak:kc-two"), "sign_in token_refreshed sign_out");
  EXPECT_EQ(logs.story("keycloak:kc-three"), "sign_in");
  const Sighting& third =
      *std::find_if(logs.sightings.begin(), logs.sightings.end(),
                    [](const Sighting& one) { return one.session == "keycloak:kc-three"; });
  EXPECT_EQ(third.user_name, "carol@corp.test");
  EXPECT_EQ(files::format_time(third.at), "2026-03-02T09:00:00.000000Z");
  EXPECT_EQ(logs.of(Type::CredentialChanged).size(), 1U);
}

TEST(Entra, ARecordOfGraphs) {
  const Logs logs = read_files({fixtures + "entra_graph.json"});
  EXPECT_EQ(logs.story("entra:ses-e1"), "sign_in");
  const std::vector<Sighting> starts = logs.of(Type::SignIn);
  EXPECT_EQ(starts.at(1).session, "") << "without sessionId it isn't said which";
  EXPECT_EQ(name_in(starts.at(0), "entra_object"), "26be570a-0000-4000-8000-000000000001");
  EXPECT_EQ(logs.of(Type::SignInFailed).at(0).failure, "bad_password:50126");
  EXPECT_EQ(logs.sum.filtered.at("entra: sign-in: an interrupt"), 1U);
}

TEST(Entra, TheEnvelopeOfDiagnosticSettings) {
  const Logs logs = read_files({fixtures + "entra_hub.ndjson"});
  EXPECT_EQ(logs.story("entra:ses-h1"), "sign_in token_refreshed revoked");
  EXPECT_EQ(files::format_time(logs.of(Type::TokenRefreshed).at(0).at), "2026-03-02T09:01:00.000000Z")
      << "the envelope's time, where the record has none";
  const Sighting failed = logs.of(Type::SignInFailed).at(0);
  EXPECT_EQ(failed.failure, "account_disabled:50057") << "the code as the envelope's text";
  EXPECT_EQ(failed.address, "192.0.2.66") << "the envelope's address";
  EXPECT_EQ(logs.of(Type::AccountDisabled).at(0).user_name, "bob@corp.test");
  EXPECT_EQ(logs.sum.filtered.at("entra: ManagedIdentitySignInLogs"), 1U);
  EXPECT_EQ(logs.sum.places.at(0).second, "entra: no time that can be read");
}

// As from a hub; here the activity stands in the record alone.
TEST(Entra, AnAuditOfTheDirectoryEndsWhatThePersonHad) {
  const auto envelope = [](const std::string& category, const std::string& properties) {
    return R"({"time":"2026-03-02T09:30:00Z","category":")" + category + R"(","properties":{"id":"r-1",)" +
           properties + "}}\n";
  };
  const Logs logs = read_text(
      envelope("SignInLogs",
               R"("createdDateTime":"2026-03-02T09:00:00Z","userId":"26be570a-0000-4000-8000-000000000001",)"
               R"("appId":"a","sessionId":"ses-r","status":{"errorCode":0})") +
      envelope("AuditLogs",
               R"("activityDisplayName":"Revoke sign-in sessions","result":"success",)"
               R"("targetResources":[{"type":"User","id":"26be570a-0000-4000-8000-000000000001"}])"));
  EXPECT_EQ(logs.story("entra:ses-r"), "sign_in revoked?");
}

TEST(Entra, ColumnsOfLogAnalytics) {
  const Sighting seen = read_files({fixtures + "entra_log_analytics.json"}).sightings.at(0);
  EXPECT_EQ(seen.user_name, "dave@corp.test");
  EXPECT_EQ(seen.address, "192.0.2.40");
  EXPECT_TRUE(seen.fresh_credentials) << "the steps stand in a text";
  EXPECT_EQ(seen.factors, 2U);
}

TEST(Office365, SignInsWithEntrasCodes) {
  const Logs logs = read_files({fixtures + "office365.json"});
  EXPECT_EQ(logs.story("office365:ses-o1"), "sign_in");
  EXPECT_EQ(logs.of(Type::SignIn).at(0).address, "192.0.2.10");
  EXPECT_EQ(logs.of(Type::SignIn).at(0).user_agent, "Firefox/140.0");
  const Sighting failed = logs.of(Type::SignInFailed).at(0);
  EXPECT_EQ(failed.failure, "bad_password:50126");
  EXPECT_EQ(failed.address, "2001:db8::66");
  EXPECT_EQ(logs.sum.filtered.at("office365: UserLoginFailed: an interrupt"), 1U);
  EXPECT_EQ(logs.of(Type::CredentialChanged).at(0).user_name, "bob@corp.test")
      << "whose it is, not who did it";
}

TEST(Google, EachEventOfARecord) {
  const Logs logs = read_files({fixtures + "google.json"});
  EXPECT_EQ(logs.story("google_workspace/11/192.0.2.10"), "sign_in sign_out?");
  EXPECT_EQ(logs.of(Type::SignInFailed).at(0).failure, "login_failure_invalid_password");
  EXPECT_EQ(logs.of(Type::AccountDisabled).at(0).user_name, "bob@corp.test");
  EXPECT_EQ(logs.sum.filtered.at("google_workspace: login_verification"), 1U);
}

TEST(Others, ByTheirTables) {
  const Logs logs = read_files({fixtures + "others.ndjson", fixtures + "duo.json", fixtures + "pulse.log"});
  EXPECT_EQ(logs.story("forgerock:am-one"), "sign_in expired");
  EXPECT_EQ(logs.story("salesforce:sf-one"), "sign_in expired");
  EXPECT_EQ(logs.story("1password:1p-ses"), "sign_in");
  EXPECT_EQ(logs.story("cyberark:psm-one"), "sign_in sign_out");
  EXPECT_EQ(logs.story("pulse:sid01"), "sign_in expired");
  for (const Sighting& one : logs.of(Type::Expired)) {
    if (one.session == "forgerock:am-one" || one.session == "pulse:sid01") {
      EXPECT_EQ(one.end_reason, EndReason::IdleTimeout);
    }
  }
  std::vector<std::string> failures;
  for (const Sighting& one : logs.of(Type::SignInFailed)) failures.push_back(one.failure);
  EXPECT_EQ(failures, (std::vector<std::string>{"bad_password", "fraud", "LOGIN_ERROR_INVALID_PASSWORD"}));
  EXPECT_EQ(logs.sum.filtered.at("of no provider that is known here"), 1U);
  EXPECT_EQ(logs.sum.filtered.at("pulse: User"), 1U) << "no name in what is counted";
}

// An end of all that a person has at one vendor leaves the others' sessions alone.
TEST(AllOfAPerson, IsAllAtThatVendor) {
  const Logs logs =
      read_files({fixtures + "okta.ndjson", fixtures + "auth0.json", fixtures + "entra_graph.json"});
  EXPECT_EQ(logs.of(Type::Revoked).size(), 1U);
  EXPECT_EQ(logs.story("auth0:ses-one"), "sign_in sign_out");
  EXPECT_EQ(logs.story("entra:ses-e1"), "sign_in");
}

TEST(AllOfAPerson, WithoutASessionThatWasSeenNothingIsTold) {
  const Logs logs = read_text(
      R"({"uuid":"x","published":"2026-03-02T09:00:00Z","eventType":"user.session.clear","outcome":{"result":"SUCCESS"},)"
      R"("actor":{"id":"00u9"},"target":[{"type":"User","id":"00u1","alternateId":"alice@corp.test"}]})");
  EXPECT_TRUE(logs.sightings.empty());
  EXPECT_EQ(logs.sum.told.at("revoked"), 1U);
}

TEST(Coverage, SaysWhatALogDoesNotShow) {
  const Logs logs = read_files({fixtures + "authentik.json", fixtures + "business_central.ndjson"});
  EXPECT_NE(logs.coverage.find("\"not_shown\":{\"authentik\":\"session ids"), std::string::npos)
      << logs.coverage;
  EXPECT_NE(logs.coverage.find("\"business_central\":\"who had a stopped session"), std::string::npos);
}

}  // namespace
}  // namespace curfew::oauth::logs
