// The claims, field by field, beside what CAEP's own examples have.
#include "core/outlet/security_event.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace curfew::outlet {
namespace {

using nlohmann::json;
using testing::IsEmpty;

const Time proven = base::parse_rfc3339("2026-11-22T10:00:00.75Z").value();
const Time told = base::parse_rfc3339("2026-11-22T10:00:02.25Z").value();

Revocation revocation() {
  return {.id = "00112233445566778899aabbccddeeff",
          .transaction = "corp/sign-out/7",
          .proven_at = proven,
          .by_policy = true,
          .reason = "office-day",
          .subject = "00000000000000a1",
          .names = {{"upn", "alice@corp.test"},
                    {"email", "alice@corp.test"},
                    {"oidc_subject", "https://idp.test#99beb27c"},
                    {"windows_sid", "S-1-5-21-1"},
                    {"phone", "+4930123456"}},
          .session = "0x1f2e"};
}
Telling telling(std::vector<std::string> formats = {}) {
  return {.issuer = "https://curfew.test", .audiences = {"https://crm.test"}, .formats = std::move(formats)};
}
json claims(const Telling& to, const Revocation& of = revocation()) {
  return json::parse(revocation_claims(of, to, told));
}

TEST(SecurityEvent, OfAProvenSignOutIsThis) {
  Telling to = telling({"email"});
  to.with_reason = true;
  EXPECT_EQ(
      revocation_claims(revocation(), to, told),
      R"({"iss":"https://curfew.test","jti":"00112233445566778899aabbccddeeff","iat":1795341602,)"
      R"("aud":"https://crm.test","txn":"corp/sign-out/7","sub_id":{"format":"complex",)"
      R"("user":{"format":"email","email":"alice@corp.test"},)"
      R"("session":{"format":"opaque","id":"0x1f2e"}},)"
      R"("events":{"https://schemas.openid.net/secevent/caep/event-type/session-revoked":)"
      R"({"event_timestamp":1795341600,"initiating_entity":"policy","reason_admin":{"en":"office-day"}}}})");
}

TEST(SecurityEvent, HasNoNameThatTheReceiverMayNotKnow) {
  const json bare = claims(telling());
  EXPECT_EQ(bare["sub_id"]["user"], (json{{"format", "opaque"}, {"id", "00000000000000a1"}}));
  EXPECT_EQ(bare.dump().find("alice"), std::string::npos);
  EXPECT_FALSE(bare["events"].begin().value().contains("reason_admin"));
  const json account = claims(telling({"account"}))["sub_id"]["user"];
  EXPECT_EQ(account, (json{{"format", "account"}, {"uri", "acct:alice@corp.test"}}));
  const json pair = claims(telling({"iss_sub", "phone_number"}))["sub_id"]["user"];
  EXPECT_EQ(pair["format"], "aliases");
  EXPECT_EQ(pair["identifiers"],
            (json::array({{{"format", "iss_sub"}, {"iss", "https://idp.test"}, {"sub", "99beb27c"}},
                          {{"format", "phone_number"}, {"phone_number", "+4930123456"}}})));
}

TEST(SecurityEvent, AboutAPersonNamesNoSession) {
  Telling to = telling({"email"});
  to.of_person = true;
  to.audiences.emplace_back("https://crm.test/mobile");
  const json all = claims(to);
  EXPECT_FALSE(all["sub_id"].contains("session"));
  EXPECT_TRUE(all["sub_id"].contains("user"));
  EXPECT_EQ(all["aud"], (json{"https://crm.test", "https://crm.test/mobile"}));
}

TEST(SecurityEvent, AnOperatorsOrderIsAnAdministrators) {
  Revocation by_hand = revocation();
  by_hand.by_policy = false;
  by_hand.reason = "device \"stolen\"";
  Telling to = telling();
  to.with_reason = true;
  to.reason_language = "de";
  const json event = claims(to, by_hand)["events"].begin().value();
  EXPECT_EQ(event["initiating_entity"], "admin");
  EXPECT_EQ(event["reason_admin"], (json{{"de", "device \"stolen\""}}));
}

TEST(SecurityEvent, AboutNobodyIsNone) {
  Revocation nobody = revocation();
  nobody.subject.clear();
  EXPECT_TRUE(can_be_told(nobody, telling()));
  EXPECT_FALSE(claims(telling(), nobody)["sub_id"].contains("user"));
  Telling person = telling();
  person.of_person = true;
  EXPECT_FALSE(can_be_told(nobody, person));
  nobody.session.clear();
  EXPECT_FALSE(can_be_told(nobody, telling()));
}

TEST(SubjectIdentifiers, OddNamesAreLeftOutOrEscaped) {
  const std::vector<std::string> all{"iss_sub", "email", "account"};
  EXPECT_THAT(
      subject_identifiers({{"oidc_subject", "no-hash"}, {"oidc_subject", "#x"}, {"oidc_subject", "x#"}}, all),
      IsEmpty());
  EXPECT_THAT(subject_identifiers({{"email", "nobody"}, {"email", "@corp.test"}}, all), IsEmpty());
  const auto odd = subject_identifiers({{"upn", "a b#\xC3\xA9@corp.test"}}, all);
  ASSERT_EQ(odd.size(), 1U);
  EXPECT_EQ(json::parse(odd[0])["uri"], "acct:a%20b%23%C3%A9@corp.test");
  std::vector<model::NamedValue> many;
  for (int i = 0; i < 20; ++i) many.push_back({"email", "a" + std::to_string(i) + "@corp.test"});
  EXPECT_EQ(subject_identifiers(many, all).size(), 8U);
}

TEST(NamesTold, AreThoseOfTheSubjectIdentifiers) {
  const std::vector<std::string> formats{"email", "phone_number"};
  const auto names = names_told(revocation().names, formats);
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[0].name_space + "=" + names[0].value, "email=alice@corp.test");
  EXPECT_EQ(names[1].name_space + "=" + names[1].value, "phone=+4930123456");
  EXPECT_EQ(subject_identifiers(revocation().names, formats).size(), 2U);
  EXPECT_TRUE(names_told(revocation().names, {}).empty());
}

TEST(SecurityEvent, OfVerificationNamesStreamAndState) {
  const json with = json::parse(verification_claims("id", "stream", "a \"state\"", telling(), told));
  EXPECT_EQ(with["sub_id"], (json{{"format", "opaque"}, {"id", "stream"}}));
  EXPECT_EQ(with["events"][std::string(verification_type)], (json{{"state", "a \"state\""}}));
  const json without = json::parse(verification_claims("id", "stream", std::nullopt, telling(), told));
  EXPECT_EQ(without["events"][std::string(verification_type)], json::object());
}

// What the specification's examples hold, ours hold in the same place and type; what is ours alone is txn.
TEST(SecurityEvent, IsOfTheFormThatCaepShows) {
  const std::filesystem::path examples = CURFEW_SOURCE_DIR "/../shared/data/ssf-caep";
  if (!std::filesystem::exists(examples))
    GTEST_SKIP() << "../shared/data is absent: the specifications' examples were not read";
  const auto example = [&](const char* name) {
    std::ifstream in(examples / name);
    return json::parse(in);
  };
  Telling to = telling({"iss_sub"});
  to.with_reason = true;
  const json ours = claims(to);
  const json theirs = example("openid-caep-1_0-set-04.json");
  for (const auto& [name, value] : theirs.items()) {
    ASSERT_TRUE(ours.contains(name)) << name;
    EXPECT_EQ(ours[name].type(), value.type()) << name;
  }
  for (const auto& [name, value] : ours.items()) EXPECT_TRUE(theirs.contains(name)) << name;
  for (const char* member : {"user", "session"}) {
    for (const auto& [name, value] : theirs["sub_id"][member].items())
      EXPECT_EQ(ours["sub_id"][member].value(name, json()).type(), value.type()) << member << " " << name;
  }
  const json& event = ours["events"][std::string(session_revoked_type)];
  const json& shown = theirs["events"][std::string(session_revoked_type)];
  for (const auto& [name, value] : event.items()) {
    ASSERT_TRUE(shown.contains(name)) << name;
    EXPECT_EQ(value.type(), shown[name].type()) << name;
  }
  const json asked = json::parse(verification_claims("id", "stream", "state", telling(), told));
  const json verified = example("openid-sharedsignals-framework-1_0-set-37.json");
  for (const auto& [name, value] : verified.items()) EXPECT_EQ(asked[name].type(), value.type()) << name;
  EXPECT_EQ(asked["events"].begin().key(), verified["events"].begin().key());
}

}  // namespace
}  // namespace curfew::outlet
