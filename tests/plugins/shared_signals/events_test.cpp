// What a security event must say, and what becomes of it: everything that may be wrong with one, in turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "plugins/oauth/shared_signals/event_reader.hpp"
#include "plugins/oauth/shared_signals/poll_answer.hpp"
#include "plugins/oauth/shared_signals/stream_management.hpp"

namespace curfew::oauth::shared_signals {
namespace {

using nlohmann::json;
using plugin::EndReason;
using plugin::Interactivity;
using plugin::Time;
using plugin::Type;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* caep = "https://schemas.openid.net/secevent/caep/event-type/";
constexpr const char* risc = "https://schemas.openid.net/secevent/risc/event-type/";
constexpr const char* ssf = "https://schemas.openid.net/secevent/ssf/event-type/";
constexpr std::int64_t issued = 1'795'000'000;
const Time now{seconds(issued + 10)};

EventTerms terms() {
  return {.audiences = {"curfew", "curfew-web"},
          .naming = {.issuer = "https://idp.test", .user_namespace = [](std::string_view) { return "upn"; }}};
}

json event(const std::string& type, const json& subject, const json& payload = json::object()) {
  return {{"iss", "https://idp.test"},  {"aud", "curfew"}, {"iat", issued}, {"jti", "1"}, {"sub_id", subject},
          {"events", {{type, payload}}}};
}
const json alice{{"format", "iss_sub"}, {"iss", "https://idp.test"}, {"sub", "u-17"}};
const json session{{"format", "opaque"}, {"id", "s-4"}};

SecurityEvent read(const json& claims) { return read_security_event(claims, terms(), now); }

// The code, and what is wrong.
std::string refusal(const json& claims) {
  try {
    (void)read_event(read(claims), {});
    return "taken";
  } catch (const RefusedEvent& refused) {
    return std::string(code_of(refused.refusal())) + ": " + refused.what();
  }
}
std::string refusal_of(const json& changes, const std::vector<std::string>& without = {}) {
  json claims = event(std::string(caep) + "session-revoked", alice);
  if (changes.is_object()) claims.update(changes);
  for (const std::string& name : without) claims.erase(name);
  return refusal(claims);
}

Reading reading(const std::string& type, const json& subject, const json& payload = json::object(),
                const ReadingTerms& how = {}) {
  return read_event(read(event(type, subject, payload)), how);
}
std::string why(const Reading& of) { return of.sighting ? "told" : std::string(of.why); }

TEST(SecurityEvents, EachClaimIsLookedAt) {
  EXPECT_EQ(refusal_of({}), "taken");
  EXPECT_EQ(refusal_of({{"aud", {"other", "curfew-web"}}}), "taken");
  EXPECT_EQ(refusal_of({{"txn", "8675309"}, {"more", {1, 2}}}), "taken") << "what isn't known is passed over";
  EXPECT_EQ(refusal_of({{"iat", issued + 0.5}}), "taken");
  const std::vector<std::pair<std::string, std::string>> cases{
      {refusal_of({{"iss", "https://idp.test/"}}), "invalid_issuer: `iss`"},
      {refusal_of({}, {"iss"}), "invalid_issuer: `iss`"},
      {refusal_of({{"aud", "other"}}), "invalid_audience: `aud`"},
      {refusal_of({{"aud", json::array()}}), "invalid_audience: `aud`"},
      {refusal_of({}, {"aud"}), "invalid_request: `aud`"},
      {refusal_of({}, {"jti"}), "invalid_request: `jti`"},
      {refusal_of({{"jti", ""}}), "invalid_request: `jti`"},
      {refusal_of({{"jti", std::string(513, 'x')}}), "invalid_request: `jti`"},
      {refusal_of({}, {"iat"}), "invalid_request: `iat`"},
      {refusal_of({{"iat", "now"}}), "invalid_request: `iat`"},
      {refusal_of({{"iat", -1}}), "invalid_request: `iat`"},
      {refusal_of({{"iat", 1e300}}), "invalid_request: `iat`"},
      {refusal_of({{"iat", issued * 1000}}), "invalid_request: `iat`"},
      {refusal_of({{"iat", issued + 120}}), "lies in the future"},
      {refusal_of({{"iat", issued - 90'000}}), "too long ago"},
      {refusal_of({{"sub", "u-17"}}), "invalid_request: it has a `sub`"},
      {refusal_of({{"exp", issued + 60}}), "invalid_request: it has an `exp`"},
      {refusal_of({}, {"events"}), "invalid_request: `events`"},
      {refusal_of({{"events", json::object()}}), "exactly one event"},
      {refusal_of({{"events", {{"a", json::object()}, {"b", json::object()}}}}), "exactly one event"},
      {refusal_of({{"events", {{"a", 7}}}}), "its event is no JSON object"},
      {refusal_of({{"events", {{"", json::object()}}}}), "no URI"},
      {refusal_of({}, {"sub_id"}), "invalid_request: `sub_id` is missing"},
      {refusal_of({{"sub_id", "alice"}}), "`sub_id`"},
      {refusal(7), "no JSON object"}};
  for (const auto& [is, should] : cases) EXPECT_THAT(is, HasSubstr(should));
}

TEST(SecurityEvents, EachFormatOfASubjectIsRead) {
  const auto names = [](const json& subject) {
    std::vector<std::string> all;
    for (const SightingName& one : read_subject(subject, terms().naming, SubjectIs::Person).names)
      all.push_back(one.name_space + ":" + one.value);
    return all;
  };
  EXPECT_THAT(names(alice), ElementsAre("oidc_subject:https://idp.test#u-17"));
  EXPECT_THAT(names({{"format", "email"}, {"email", "alice@corp.test"}}),
              ElementsAre("email:alice@corp.test"));
  EXPECT_THAT(names({{"format", "account"}, {"uri", "acct:alice@corp.test"}}),
              ElementsAre("upn:alice@corp.test"));
  EXPECT_THAT(names({{"format", "phone_number"}, {"phone_number", "+1 (206) 555-0123"}}),
              ElementsAre("phone:+12065550123"));
  EXPECT_THAT(names({{"format", "opaque"}, {"id", "x1"}}), ElementsAre("ssf_opaque:https://idp.test#x1"));
  EXPECT_THAT(names({{"format", "did"}, {"url", "did:example:123"}}), ElementsAre("did:did:example:123"));
  EXPECT_THAT(names({{"format", "uri"}, {"uri", "https://u.test/7"}}), ElementsAre("uri:https://u.test/7"));
  EXPECT_THAT(names({{"format", "aliases"},
                     {"identifiers",
                      {{{"format", "email"}, {"email", "a@b.test"}},
                       alice,
                       {{"format", "email"}, {"email", "a@b.test"}}}}}),
              ElementsAre("oidc_subject:https://idp.test#u-17", "email:a@b.test"))
      << "who it is for good first, and each once";
  for (const json& nobody :
       {json{{"format", "jwt_id"}, {"iss", "i"}, {"jti", "j"}},
        json{{"format", "saml_assertion_id"}, {"issuer", "i"}, {"assertion_id", "a"}},
        json{{"format", "ip-addresses"}, {"ip-addresses", {"10.0.0.1"}}}, json{{"format", "catalog_item"}}})
    EXPECT_THAT(names(nobody), IsEmpty()) << nobody;
}

TEST(SecurityEvents, SubjectsThatAreBrokenAreRefused) {
  json nested{{"format", "aliases"}, {"identifiers", {{{"format", "aliases"}, {"identifiers", {alice}}}}}};
  json many{{"format", "aliases"}, {"identifiers", json::array()}};
  for (int i = 0; i < 17; ++i) many["identifiers"].push_back(alice);
  json crowded{{"format", "complex"}};
  for (int i = 0; i < 17; ++i) crowded["member" + std::to_string(i)] = alice;
  for (const json& bad : {json::object(),
                          json{{"format", 7}},
                          json{{"format", "email"}},
                          json{{"format", "email"}, {"email", "alice"}},
                          json{{"format", "email"}, {"email", "@corp.test"}},
                          json{{"format", "account"}, {"uri", "alice"}},
                          json{{"format", "iss_sub"}, {"iss", "i"}},
                          json{{"format", "phone_number"}, {"phone_number", "call me"}},
                          json{{"format", "did"}, {"uri", "did:x"}},
                          json{{"format", "did"}, {"url", "x"}},
                          json{{"format", "opaque"}, {"id", ""}},
                          json{{"format", "opaque"}, {"id", std::string(600, 'x')}},
                          json{{"format", "aliases"}},
                          json{{"format", "aliases"}, {"identifiers", json::array()}},
                          nested,
                          many,
                          json{{"format", "complex"}},
                          json{{"format", "complex"}, {"user", "alice"}},
                          json{{"format", "complex"}, {"user", {{"format", "complex"}, {"user", alice}}}},
                          crowded,
                          json{{"format", "ip-addresses"}, {"ip-addresses", {7}}},
                          json{{"subject_type", "email"}, {"email", "a@b.c"}}})
    EXPECT_THAT(refusal(event(std::string(caep) + "session-revoked", bad)), HasSubstr("invalid_request"))
        << bad;
}

TEST(SecurityEvents, ARevocationEndsTheSessionOrAllOfThePerson) {
  const std::string revoked = std::string(caep) + "session-revoked";
  const Reading of_one = reading(revoked, session);
  ASSERT_TRUE(of_one.sighting);
  EXPECT_EQ(of_one.sighting->type, Type::Revoked);
  EXPECT_EQ(of_one.sighting->session, "s-4");
  EXPECT_THAT(of_one.sighting->names, IsEmpty());
  EXPECT_EQ(of_one.sighting->end_reason, EndReason::Forced);
  EXPECT_EQ(of_one.sighting->at, Time{seconds(issued)} + microseconds(999'999));
  const Reading of_both = reading(revoked, {{"format", "complex"},
                                            {"user", alice},
                                            {"session", session},
                                            {"tenant", {{"format", "opaque"}, {"id", "t"}}}});
  ASSERT_TRUE(of_both.sighting);
  EXPECT_EQ(of_both.sighting->session, "s-4");
  EXPECT_EQ(of_both.sighting->names.size(), 1U);
  const Reading of_all = reading(revoked, alice, {{"initiating_entity", "user"}});
  ASSERT_TRUE(of_all.sighting);
  EXPECT_THAT(of_all.sighting->session, IsEmpty());
  EXPECT_EQ(of_all.sighting->end_reason, EndReason::SignedOut);
  EXPECT_EQ(why(reading(std::string(risc) + "sessions-revoked", alice)), "told");
  // Less than all of a person would end too much.
  for (const char* member : {"device", "application", "group", "org_unit", "robot"})
    EXPECT_EQ(why(reading(revoked, {{"format", "complex"}, {"user", alice}, {member, session}})),
              "part_of_a_person")
        << member;
  EXPECT_EQ(why(reading(revoked, {{"format", "complex"}, {"device", session}})), "nobody_known");
  EXPECT_EQ(why(reading(revoked, {{"format", "jwt_id"}, {"iss", "i"}, {"jti", "j"}})), "nobody_known");
  // A session that is named in a way that isn't known is not all of them.
  EXPECT_EQ(why(reading(revoked, {{"format", "complex"},
                                  {"user", alice},
                                  {"session", {{"format", "jwt_id"}, {"iss", "i"}, {"jti", "j"}}}})),
            "nobody_known");
}

TEST(SecurityEvents, EachTypeIsWhatItIsHere) {
  const auto type_of = [](const std::string& type, const json& payload = json::object()) {
    const Reading of = reading(type, alice, payload);
    return of.sighting ? static_cast<int>(of.sighting->type) : -1;
  };
  const std::string c = caep, r = risc;
  const json password{{"credential_type", "password"}, {"change_type", "update"}};
  EXPECT_EQ(type_of(c + "credential-change", password), static_cast<int>(Type::CredentialChanged));
  EXPECT_EQ(type_of(c + "session-established"), static_cast<int>(Type::SignIn));
  EXPECT_EQ(type_of(c + "session-presented"), static_cast<int>(Type::Activity));
  EXPECT_EQ(type_of(r + "account-disabled"), static_cast<int>(Type::AccountDisabled));
  EXPECT_EQ(type_of(r + "account-purged"), static_cast<int>(Type::AccountDisabled));
  EXPECT_EQ(type_of(r + "account-enabled"), static_cast<int>(Type::AccountEnabled));
  EXPECT_EQ(type_of(r + "sessions-revoked"), static_cast<int>(Type::Revoked));
  EXPECT_EQ(type_of(r + "credential-compromise", {{"credential_type", "password"}}),
            static_cast<int>(Type::CredentialChanged));
  EXPECT_EQ(type_of(r + "account-credential-change-required"), static_cast<int>(Type::CredentialChanged));
  for (const std::string& counted :
       {c + "token-claims-change", c + "assurance-level-change", c + "device-compliance-change",
        c + "risk-level-change", r + "opt-in", std::string("https://corp.test/event/lunch")})
    EXPECT_EQ(type_of(counted), -1) << counted;
  EXPECT_EQ(reading("https://corp.test/event/lunch", alice).label, "other");
  EXPECT_EQ(reading(c + "risk-level-change", alice).label, "caep/risk-level-change");
  // A further authenticator leaves those in use as they are.
  EXPECT_EQ(why(reading(c + "credential-change", alice,
                        {{"credential_type", "fido2-roaming"}, {"change_type", "create"}})),
            "additional_credential");
  EXPECT_EQ(
      type_of(c + "credential-change", {{"credential_type", "fido2-roaming"}, {"change_type", "delete"}}),
      static_cast<int>(Type::CredentialChanged));
  EXPECT_EQ(type_of(c + "credential-change", {{"credential_type", "pin"}, {"change_type", "create"}}),
            static_cast<int>(Type::CredentialChanged));
  for (const json& bad : {json::object(), json{{"credential_type", "password"}},
                          json{{"credential_type", "password"}, {"change_type", "lost"}}})
    EXPECT_THAT(refusal(event(c + "credential-change", alice, bad)), HasSubstr("invalid_request")) << bad;
}

TEST(SecurityEvents, ASignInIsInteractiveOnlyWhereItSaysSo) {
  const auto how = [](const json& payload) {
    return reading(std::string(caep) + "session-established", alice, payload).sighting.value().interactivity;
  };
  EXPECT_EQ(how(json::object()), Interactivity::Unknown);
  EXPECT_EQ(how({{"amr", {"pwd", "otp"}}}), Interactivity::Interactive);
  EXPECT_EQ(how({{"amr", {"wia"}}}), Interactivity::Silent);
  EXPECT_EQ(how({{"amr", {"wia", "otp"}}}), Interactivity::Interactive);
  EXPECT_EQ(how({{"amr", {"fed", "pwd"}}}), Interactivity::Unknown);
  EXPECT_EQ(how({{"amr", {"hwk"}}}), Interactivity::Unknown);
  EXPECT_EQ(how({{"amr", json::array()}}), Interactivity::Unknown);
  for (const json& bad : {json("pwd"), json{7}})
    EXPECT_THAT(refusal(event(std::string(caep) + "session-established", alice, {{"amr", bad}})),
                HasSubstr("`amr`"));
  const Reading named = reading(std::string(caep) + "session-established", alice, {{"ext_id", "e-9"}});
  EXPECT_EQ(named.sighting.value().session, "e-9");
  const Reading both =
      reading(std::string(caep) + "session-presented",
              {{"format", "complex"}, {"user", alice}, {"session", session}}, {{"ext_id", "e-9"}});
  EXPECT_EQ(both.sighting.value().session, "s-4") << "its own";
}

TEST(SecurityEvents, TenantsAndWhatMustBeUnderstood) {
  const std::string revoked = std::string(caep) + "session-revoked";
  const json ours{{"format", "complex"}, {"user", alice}, {"tenant", {{"format", "opaque"}, {"id", "t-1"}}}};
  EXPECT_EQ(why(reading(revoked, ours)), "told");
  EXPECT_EQ(why(reading(revoked, ours, json::object(),
                        {.tenants = {"t-1"}, .critical_members = {"tenant", "user"}})),
            "told");
  EXPECT_EQ(why(reading(revoked, ours, json::object(), {.tenants = {"t-2"}, .critical_members = {}})),
            "another_tenant");
  EXPECT_EQ(why(reading(revoked, ours, json::object(), {.tenants = {}, .critical_members = {"tenant"}})),
            "critical_member");
  EXPECT_EQ(
      why(reading(revoked, alice, json::object(), {.tenants = {"t-2"}, .critical_members = {"tenant"}})),
      "told")
      << "it names none";
}

TEST(SecurityEvents, TimesAreSecondsOrMillisecondsAndNotAfterTheToken) {
  const auto at = [](const json& payload, const json& more = json::object()) {
    json claims = event(std::string(risc) + "account-disabled", alice, payload);
    claims.update(more);
    const SecurityEvent read_one = read(claims);
    return std::pair(
        std::chrono::duration_cast<std::chrono::milliseconds>(read_one.occurred_at.time_since_epoch())
            .count(),
        read_one.has_odd_time);
  };
  EXPECT_EQ(at(json::object()), std::pair(issued * 1000, false));
  EXPECT_EQ(at({{"event_timestamp", issued - 60}}), std::pair((issued - 60) * 1000, false));
  EXPECT_EQ(at({{"event_timestamp", issued * 1000 - 60'001}}), std::pair(issued * 1000 - 60'001, false));
  EXPECT_EQ(at(json::object(), {{"toe", issued - 5}}), std::pair((issued - 5) * 1000, false));
  EXPECT_EQ(at({{"event_timestamp", issued - 60}}, {{"toe", issued - 5}}),
            std::pair((issued - 60) * 1000, false));
  EXPECT_EQ(at({{"event_timestamp", issued + 3600}}), std::pair(issued * 1000, true));
  for (const json& bad : {json("yesterday"), json(-1), json(0), json(1e300), json(nullptr)})
    EXPECT_THAT(refusal(event(std::string(risc) + "account-disabled", alice, {{"event_timestamp", bad}})),
                HasSubstr("`event_timestamp`"))
        << bad;
}

TEST(SecurityEvents, OfTheStreamSayWhichAndWhat) {
  const json stream{{"format", "opaque"}, {"id", "f67e"}};
  const Reading verification = reading(std::string(ssf) + "verification", stream, {{"state", "abc"}});
  EXPECT_EQ(verification.meaning, Meaning::Verification);
  EXPECT_EQ(verification.stream, "f67e");
  EXPECT_EQ(verification.state, "abc");
  EXPECT_THAT(reading(std::string(ssf) + "verification", stream).state, IsEmpty());
  EXPECT_EQ(reading(std::string(ssf) + "stream-updated", stream, {{"status", "paused"}}).status, "paused");
  EXPECT_THAT(refusal(event(std::string(ssf) + "stream-updated", stream)), HasSubstr("`status`"));
  EXPECT_THAT(refusal(event(std::string(ssf) + "stream-updated", stream, {{"status", "asleep"}})),
              HasSubstr("`status`"));
}

TEST(Polls, AreAskedAndReadStrictly) {
  const json asked = json::parse(poll_request(
      {.most = 7, .acknowledged = {"a", "b"}, .refused = {{"c", {Refusal::InvalidKey, "no key"}}}}));
  EXPECT_EQ(asked, (json{{"maxEvents", 7},
                         {"returnImmediately", true},
                         {"ack", {"a", "b"}},
                         {"setErrs", {{"c", {{"err", "invalid_key"}, {"description", "no key"}}}}}}));
  EXPECT_EQ(json::parse(poll_request({})), (json{{"maxEvents", 100}, {"returnImmediately", true}}));
  const PollAnswer answer = read_poll_answer(R"({"sets":{"a":"x.y.z","b":7},"moreAvailable":true,"more":1})");
  EXPECT_TRUE(answer.has_more);
  EXPECT_THAT(answer.sets, ElementsAre(std::pair("a", "x.y.z"), std::pair("b", "")));
  EXPECT_FALSE(read_poll_answer(R"({"sets":{}})").has_more);
  const std::string cut = R"({"sets":{"a":"x.y.z"},"moreAvailable":false})";
  for (std::size_t size = 0; size < cut.size(); ++size)
    EXPECT_THROW((void)read_poll_answer(cut.substr(0, size)), plugin::Failure) << size;
  const std::string deep = R"({"sets":{},"x":)" + std::string(40, '[') + std::string(40, ']') + "}";
  json many{{"sets", json::object()}};
  for (int i = 0; i < 5001; ++i) many["sets"][std::to_string(i)] = "";
  for (const std::string& bad :
       {std::string("[]"), std::string("{}"), std::string(R"({"sets":[]})"), deep, many.dump(),
        std::string(R"({"sets":{"":"x"}})"), R"({"sets":{")" + std::string(600, 'x') + R"(":"x"}})",
        std::string(R"({"sets":{},"moreAvailable":"yes"})")}) {
    try {
      (void)read_poll_answer(bad);
      ADD_FAILURE() << bad.substr(0, 40);
    } catch (const plugin::Failure& failure) {
      EXPECT_EQ(failure.code(), plugin::Code::Unavailable);
      EXPECT_THAT(failure.what(), HasSubstr("asked again"));
    }
  }
  EXPECT_TRUE(is_shallow(R"({"a":"[[[[","b":"\"[[["})", 1)) << "brackets in texts are none";
}

TEST(Transmitters, AreBelievedOnlyWhereTheyAreWhoTheySay) {
  const std::string issuer = "https://idp.test/t1";
  const auto fails = [&](const json& metadata) -> std::string {
    try {
      (void)read_metadata(metadata.dump(), issuer);
      return "read";
    } catch (const plugin::Failure& failure) {
      return failure.what();
    }
  };
  EXPECT_EQ(fails({{"issuer", issuer}, {"configuration_endpoint", "https://idp.test/s"}}), "read");
  EXPECT_EQ(fails({{"issuer", issuer}, {"configuration_endpoint", "http://127.0.0.1:9/s"}}), "read");
  EXPECT_THAT(fails({{"issuer", "https://idp.test"}}), HasSubstr("another issuer"));
  EXPECT_THAT(fails(json::object()), HasSubstr("another issuer"));
  for (const char* bad : {"http://idp.test/s", "ftp://idp.test", "https://", "https://u:p@idp.test/s", "x"})
    EXPECT_THAT(fails({{"issuer", issuer}, {"verification_endpoint", bad}}), HasSubstr("neither https"))
        << bad;
  EXPECT_THROW((void)read_metadata("{", issuer), plugin::Failure);
  EXPECT_EQ(metadata_url("https://idp.test"), "https://idp.test/.well-known/ssf-configuration");
  EXPECT_EQ(metadata_url("https://idp.test/"), "https://idp.test/.well-known/ssf-configuration");
  EXPECT_EQ(metadata_url("https://idp.test/a/b/"), "https://idp.test/.well-known/ssf-configuration/a/b");
  const json stream{
      {"stream_id", "s"}, {"iss", issuer}, {"aud", {"curfew"}}, {"min_verification_interval", 60}};
  EXPECT_EQ(read_streams(stream.dump(), issuer).at(0).least_verification_interval, seconds(60));
  EXPECT_EQ(read_streams(json{stream, stream}.dump(), issuer).size(), 2U);
  EXPECT_TRUE(read_streams("[]", issuer).empty());
  EXPECT_THROW((void)read_streams(stream.dump(), "https://idp.test"), plugin::Failure);
  EXPECT_THROW((void)read_streams(R"({"iss":"https://idp.test/t1"})", issuer), plugin::Failure);
  EXPECT_EQ(read_status(R"({"stream_id":"s","status":"paused"})", "s"), "paused");
  EXPECT_THROW((void)read_status(R"({"stream_id":"other","status":"enabled"})", "s"), plugin::Failure);
  EXPECT_THROW((void)read_status(R"({"stream_id":"s","status":"asleep"})", "s"), plugin::Failure);
}

}  // namespace
}  // namespace curfew::oauth::shared_signals
