#include "core/model/credential_rules.hpp"

#include <gtest/gtest.h>

namespace curfew::model {
namespace {

std::string fault_of(const std::string& json) {
  std::string why;
  const auto rules = parse_credential_rules(json, why);
  EXPECT_EQ(rules.has_value(), why.empty()) << json;
  return why;
}

TEST(CredentialRules, AreReadAsTheyAreWritten) {
  std::string why;
  const auto rules = parse_credential_rules(
      R"({"credentials":[{"in":"cookie","name":"sid","transform":["url_decode","before:.","after:s:","unquote"]},
          {"in":"header","name":"X-Session"},{"in":"bearer","transform":["lower"]}],"clear_cookies":["sid"]})",
      why);
  ASSERT_TRUE(rules) << why;
  const CredentialRules wanted{.credentials = {{CredentialPlace::Cookie,
                                                "sid",
                                                {{TransformKind::UrlDecode, ""},
                                                 {TransformKind::Before, "."},
                                                 {TransformKind::After, "s:"},
                                                 {TransformKind::Unquote, ""}}},
                                               {CredentialPlace::Header, "x-session", {}},
                                               {CredentialPlace::Bearer, "", {{TransformKind::Lower, ""}}}},
                               .clear_cookies = {"sid"}};
  EXPECT_EQ(*rules, wanted);
}

TEST(CredentialRules, AFaultIsNamedWithItsPlace) {
  const std::pair<const char*, const char*> faults[]{
      {"{", "gate rules are not valid JSON"},
      {"[]", "gate rules are not a JSON object"},
      {"{}", "credentials is empty: the gate could not tell any session"},
      {R"({"cookies":[]})",
       "cookies is unknown; gate rules have credentials, clear_cookies, tokens, introspection and "
       "provider_sign_out"},
      {R"({"credentials":{}})", "credentials is not a list"},
      {R"({"credentials":[1]})", "credentials[0] is not an object"},
      {R"({"credentials":[{"name":"sid"}]})",
       "credentials[0] lacks 'in': must be one of cookie, header, bearer"},
      {R"({"credentials":[{"in":"cookie"}]})", "credentials[0] lacks 'name'"},
      {R"({"credentials":[{"in":"bearer","name":"x"}]})",
       "credentials[0] is a bearer token, which has no 'name'"},
      {R"({"credentials":[{"in":"cookie","name":"a b"}]})",
       "credentials[0].name is no name that a cookie or header can have"},
      {R"({"credentials":[{"in":"cookie","name":""}]})", "credentials[0].name is empty"},
      {R"({"credentials":[{"in":"cookie","name":"a","path":"/"}]})",
       "credentials[0].path is unknown; a credential has in, name, transform and token"},
      {R"({"credentials":[{"in":"cookie","name":"a","transform":["before"]}]})",
       "credentials[0].transform[0] needs a marker, as in before:."},
      {R"({"credentials":[{"in":"cookie","name":"a","transform":["lower:x"]}]})",
       "credentials[0].transform[0] takes no marker: write lower"},
      {R"({"credentials":[{"in":"cookie","name":"a"}],"clear_cookies":["a; path=/"]})",
       "clear_cookies[0] is no name that a cookie can have"},
      {R"({"credentials":[{"in":"bearer"}],"credentials":[{"in":"bearer"}]})", "credentials stands twice"},
      {R"({"credentials":[{"in":"cookie","name":"a","name":"b"}]})", "credentials[0].name stands twice"},
  };
  for (const auto& [json, fault] : faults) EXPECT_EQ(fault_of(json), fault);
}

TEST(CredentialRules, SayHowSignedTokensAreJudged) {
  std::string why;
  const auto rules = parse_credential_rules(
      R"({"credentials":[{"in":"bearer","token":true}],"tokens":{"issuer":"https://i","audiences":["a","b"],)"
      R"("algorithms":["RS256"],"types":["AT+JWT"],"session_claims":["sid","session_state"],"subject_claim":"oid",)"
      R"("subject_namespace":"entra_object_id","subject_prefix":"x#","clock_skew_seconds":0,)"
      R"("longest_life_seconds":60}})",
      why);
  ASSERT_TRUE(rules) << why;
  EXPECT_TRUE(rules->credentials[0].token);
  ASSERT_TRUE(rules->tokens);
  EXPECT_EQ(*rules->tokens, (TokenRules{.issuer = "https://i",
                                        .audiences = {"a", "b"},
                                        .algorithms = {"RS256"},
                                        .types = {"at+jwt"},
                                        .session_claims = {"sid", "session_state"},
                                        .subject_claim = "oid",
                                        .subject_namespace = "entra_object_id",
                                        .subject_prefix = "x#",
                                        .clock_skew = std::chrono::seconds(0),
                                        .longest_life = std::chrono::seconds(60)}));
}

TEST(CredentialRules, AFaultOfTokensIsNamedWithItsPlace) {
  const auto fault = [](const std::string& tokens) {
    return fault_of(R"({"credentials":[{"in":"bearer","token":true}],"tokens":)" + tokens + "}");
  };
  EXPECT_EQ(fault("[]"), "tokens are not an object");
  EXPECT_EQ(fault("{}"), "tokens lack 'issuer'");
  EXPECT_EQ(fault(R"({"issuer":"i"})"), "tokens lack 'audiences': a token for anybody is for nobody");
  EXPECT_EQ(fault(R"({"issuer":"i","audiences":["a"]})"), "tokens lack 'algorithms'");
  EXPECT_EQ(fault(R"({"audiences":[]})"), "tokens.audiences is empty");
  EXPECT_EQ(fault(R"({"audiences":[1]})"), "tokens.audiences[0] is not a text");
  for (const char* algorithm : {"none", "HS256", "rs256", "EdDSA"})
    EXPECT_EQ(fault(R"({"algorithms":[")" + std::string(algorithm) + R"("]})"),
              "tokens.algorithms has '" + std::string(algorithm) +
                  "', by which no issuer's signature can be verified");
  EXPECT_EQ(fault(R"({"clock_skew_seconds":301})"),
            "tokens.clock_skew_seconds must be a number of seconds, at most 300");
  EXPECT_EQ(fault(R"({"longest_life_seconds":86401})"),
            "tokens.longest_life_seconds must be a number of seconds, at most 86400");
  EXPECT_EQ(fault(R"({"keys":[]})").substr(0, 25), "tokens.keys is unknown; t");
  EXPECT_EQ(fault_of(R"({"credentials":[{"in":"bearer","token":true}]})"),
            "tokens are missing: a credential is a token");
  EXPECT_EQ(fault_of(R"({"credentials":[{"in":"bearer","token":1}]})"),
            "credentials[0].token is neither true nor false");
  EXPECT_EQ(
      fault_of(
          R"({"credentials":[{"in":"bearer"}],"tokens":{"issuer":"i","audiences":["a"],"algorithms":["RS256"]}})"),
      "tokens are of no use: no credential is a token");
}

TEST(CredentialRules, AreBounded) {
  const std::string one = R"({"in":"cookie","name":"a"})";
  std::string many = one;
  for (std::size_t i = 0; i < max_credential_rules; ++i) many += "," + one;
  EXPECT_EQ(fault_of(R"({"credentials":[)" + many + "]}"), "credentials has more than 8 elements");
  EXPECT_EQ(fault_of(R"({"credentials":[{"in":"cookie","name":")" + std::string(129, 'a') + R"("}]})"),
            "credentials[0].name is longer than 128 bytes");
  EXPECT_EQ(fault_of(std::string(max_gate_rules_bytes + 1, ' ')), "gate rules are longer than 16384 bytes");
}

}  // namespace
}  // namespace curfew::model
