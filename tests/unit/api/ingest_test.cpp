#include "core/api/ingest.hpp"

#include <gmock/gmock.h>

#include "core/api/http.hpp"

namespace curfew::api {
namespace {

using ::testing::HasSubstr;

const DigestSession digest = [](std::string_view id) {
  return model::SessionDigest{base::keyed_digest("source key", id)};
};

std::vector<model::Observation> parse(const std::string& body, BodyForm form = BodyForm::Document,
                                      const IngestLimits& limits = {}) {
  return parse_observations(body, form, digest, limits);
}

// What it is refused with; status 0: it is taken.
Problem refusal(const std::string& body, BodyForm form = BodyForm::Document,
                const IngestLimits& limits = {}) {
  try {
    (void)parse(body, form, limits);
  } catch (const Problem& problem) {
    return problem;
  }
  return {0, "taken", "taken"};
}

std::string with(const std::string& more) {
  return R"({"type":"sign_in","occurred_at":"2026-11-21T08:00:00Z","key":"k")" +
         (more.empty() ? "" : "," + more) + "}";
}

TEST(IngestJson, ReadsEveryField) {
  const auto all = parse(
      R"({"type":"sign_in_failed","occurred_at":"2026-11-21T08:00:00.25+01:00","key":"k1","session":{"id":"s-1"},
          "linked_session":{"digest":"000102030405060708090a0b0c0d0e0f"},"handle":"0x1f2e",
          "identifiers":[{"namespace":"upn","value":"alice@corp.test"},{"namespace":"windows_sid","value":"S-1-5-21-1"}],
          "account_type":"human","activity_class":"machine","auth_method":"kerberos","interactivity":"silent",
          "fresh_credentials":true,"privileged":true,"factors":2,"count":3,"expires_at":"2026-11-22T08:00:00Z",
          "device":"WS-1","address":"2001:db8::7","user_agent":"Firefox","application":"crm","failure":"bad_password"})");
  ASSERT_EQ(all.size(), 1U);
  const model::Observation& it = all[0];
  EXPECT_EQ(it.type, model::ObservationType::SignInFailed);
  EXPECT_EQ(base::format_rfc3339(it.occurred_at), "2026-11-21T07:00:00.250000Z");
  EXPECT_EQ(it.key, "k1");
  EXPECT_EQ(it.session, digest("s-1"));
  EXPECT_EQ(model::to_text(it.linked_session), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(it.handle, "0x1f2e");
  ASSERT_EQ(it.identifiers.size(), 2U);
  EXPECT_EQ(it.identifiers[1].name_space, "windows_sid");
  EXPECT_EQ(it.identifiers[1].value, "S-1-5-21-1");
  EXPECT_EQ(it.account_type, model::AccountType::Human);
  EXPECT_EQ(it.activity_class, model::ActivityClass::Machine);
  EXPECT_EQ(it.auth_method, model::AuthMethod::Kerberos);
  EXPECT_EQ(it.interactivity, model::Interactivity::Silent);
  EXPECT_TRUE(it.fresh_credentials);
  EXPECT_TRUE(it.privileged);
  EXPECT_EQ(it.factors, 2);
  EXPECT_EQ(it.count, 3U);
  EXPECT_EQ(base::format_rfc3339(it.expires_at), "2026-11-22T08:00:00.000000Z");
  EXPECT_EQ(it.device, "WS-1");
  EXPECT_EQ(it.address, "2001:db8::7");
  EXPECT_EQ(it.user_agent, "Firefox");
  EXPECT_EQ(it.application, "crm");
  EXPECT_EQ(it.failure, "bad_password");
}

TEST(IngestJson, WhatIsLeftOutOrNullIsUnknown) {
  const auto all = parse(with(R"("device":null)"));
  EXPECT_FALSE(all[0].session);
  EXPECT_EQ(all[0].count, 1U);
  EXPECT_EQ(all[0].account_type, model::AccountType::Unknown);
  EXPECT_TRUE(all[0].device.empty());
}

TEST(IngestJson, AnEndMayBeInferred) {
  const std::string head =
      R"({"type":"sign_out","occurred_at":"2026-11-21T08:00:00Z","key":"k","session":{"id":"s"})";
  EXPECT_EQ(parse(head + "}")[0].end_certainty, model::Certainty::Stated);
  const auto inferred = parse(head + R"(,"end_reason":"vanished","end_certainty":"inferred"})");
  EXPECT_EQ(inferred[0].end_certainty, model::Certainty::Inferred);
  EXPECT_EQ(inferred[0].end_reason, model::EndReason::Vanished);
}

TEST(IngestJson, EachWrongFieldIsRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {R"("sesion":{"id":"x"})", "did you mean 'session'"},
      {R"("device":"a","device":"b")", "'device' is given twice"},
      {R"("device":7)", "'device' must be a text"},
      {R"("device":"a\u0000b")", "'device' must be UTF-8"},
      {R"("device":")" + std::string(2049, 'x') + "\"", "'device' must have at most 2048"},
      {R"("session":{"id":"a","digest":"000102030405060708090a0b0c0d0e0f"})",
       "'session' must have exactly one"},
      {R"("session":{})", "'session' must have exactly one"},
      {R"("session":"abc")", "'session' must be an object"},
      {R"("session":{"digest":"00"})", "32 lower-case hex"},
      {R"("session":{"digest":"00000000000000000000000000000000"})", "32 lower-case hex"},
      {R"("identifiers":[{"namespace":"upn"}])", "'value' is required"},
      {R"("identifiers":[{"namespace":"a","value":"b"},{"namespace":"a","value":"b"},{"namespace":"a","value":"b"},)"
       R"({"namespace":"a","value":"b"},{"namespace":"a","value":"b"}])",
       "more than 4"},
      {R"("auth_method":"kerberoz")", "did you mean 'kerberos'"},
      {R"("factors":256)", "'factors' must be a whole number from 0 to 255"},
      {R"("factors":1.5)", "'factors' must be a whole number"},
      {R"("count":0)", "'count' must be at least 1"},
      {R"("count":4294967296)", "'count' must be a whole number"},
      {R"("privileged":"yes")", "'privileged' must be true or false"},
      {R"("address":"10.0.0.7:443")", "'address' must be an IPv4 or IPv6"},
      {R"("expires_at":"2026-11-22")", "'expires_at' must be a time"},
      {R"("expires_at":"2026-11-22T08:00:00")", "'expires_at' must be a time with its zone"},
      {R"("expires_at":"2300-01-01T00:00:00Z")", "from 1990 to 2200"},
      {R"("end_reason":"forced")", "'end_reason' belongs to"},
      {R"("end_certainty":"inferred")", "'end_certainty' belongs to"},
      {R"("failure":"bad_password")", "'failure' belongs to"}};
  for (const auto& [field, text] : wrong) {
    const Problem problem = refusal(with(field));
    EXPECT_EQ(problem.status, 400) << field;
    EXPECT_THAT(problem.detail, HasSubstr(text)) << field;
  }
}

TEST(IngestJson, WhatIsRequiredIsMissed) {
  EXPECT_THAT(refusal(R"({"occurred_at":"2026-11-21T08:00:00Z","key":"k"})").detail,
              HasSubstr("'type' is required"));
  EXPECT_THAT(refusal(R"({"type":"sign_in","key":"k"})").detail, HasSubstr("'occurred_at' is required"));
  EXPECT_EQ(refusal(R"({"type":"sign_in","occurred_at":"","key":"k"})").status, 400);
  EXPECT_EQ(refusal(R"({"type":"","occurred_at":"2026-11-21T08:00:00Z","key":"k"})").status, 400);
  EXPECT_THAT(refusal(R"({"type":"sign_in","occurred_at":"2026-11-21T08:00:00Z"})").detail,
              HasSubstr("'key' is required"));
}

TEST(IngestJson, TheFirstWrongOneOfABatchIsPointedAt) {
  const Problem array =
      refusal("[" + with("") + "," + with("") + "," + with(R"("x":1)") + "," + with(R"("y":1)") + "]");
  EXPECT_EQ(array.index, 2);
  const Problem lines = refusal(with("") + "\n\n" + with("") + "\n{", BodyForm::Lines);
  EXPECT_EQ(lines.index, 2) << "blank lines are no observations";
}

TEST(IngestJson, SizesAndDepthAreBounded) {
  IngestLimits limits;
  limits.observations = 2;
  EXPECT_EQ(
      refusal("[" + with("") + "," + with("") + "," + with("") + "]", BodyForm::Document, limits).status,
      413);
  EXPECT_EQ(refusal(with("") + "\n" + with("") + "\n" + with(""), BodyForm::Lines, limits).status, 413);
  limits.observation_bytes = 100;
  EXPECT_EQ(refusal(with(R"("device":")" + std::string(200, 'x') + "\""), BodyForm::Lines, limits).status,
            413);
  const Problem deep = refusal(std::string(100'000, '[') + std::string(100'000, ']'));
  EXPECT_EQ(deep.status, 400);
  EXPECT_THAT(deep.detail, HasSubstr("deeper"));
}

TEST(IngestJson, NothingIsNoBatch) {
  EXPECT_EQ(refusal("").status, 400);
  EXPECT_EQ(refusal("[]").status, 400);
  EXPECT_EQ(refusal("\n \n", BodyForm::Lines).status, 400);
  EXPECT_EQ(refusal("null").status, 400);
  EXPECT_EQ(refusal("[1]").status, 400);
}

TEST(IngestJson, AGapMayHaveLostAnUnknownNumber) {
  EXPECT_EQ(parse(R"({"type":"gap","occurred_at":"2026-11-21T08:00:00Z","key":"k","count":0})")[0].count, 0U);
}

}  // namespace
}  // namespace curfew::api
