#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/model/facts.hpp"
#include "core/model/input.hpp"
#include "core/model/policy.hpp"

namespace curfew::model {
namespace {

TEST(PolicySet, IsReadBackAsItWasWritten) {
  PolicySet set;
  set.version = "2026-11";
  SourcePolicy& source = set.sources.emplace_back();
  source.name = "crm \"forms\"";
  source.connector = "forms";
  source.lateness = Duration{7};
  source.vanished_after = Duration{8};
  source.acts_through = {"corp-ad", "gate"};
  source.may_teach = {"upn"};
  source.shows_activity_of = {"entra"};
  source.can = {Action::Notify, Action::DisableAccount};
  source.can_prove = true;
  source.shows_activity = false;
  Policy& policy = set.policies.emplace_back();
  policy.name = "müde";
  policy.rule = Rule::ConcurrentSessions;
  policy.mode = PolicyMode::Enforce;
  policy.scope = {{"a"},
                  {"b"},
                  {"ref:00"},
                  {"g"},
                  {AccountType::Human},
                  {NetworkClass::Public},
                  {Interactivity::Interactive}};
  policy.except.groups = {"admins"};
  policy.limit = Duration{1};
  policy.warn_before = Duration{2};
  policy.warn_by = {"oncall", "person"};
  policy.most = 3;
  policy.window = Duration{4};
  policy.per = Per::Device;
  policy.evict = Evict::All;
  policy.changes = {AccountChangeKind::CredentialChanged};
  policy.bind = {Bond::UserAgent, Bond::Network};
  policy.zone = "Europe/Berlin";
  policy.hours = {{{Weekday::Monday, Weekday::Sunday}, "08:00", "18:00"}, {{}, "22:00", "02:00"}};
  policy.offsets = {{Time{Duration{-5}}, Duration{3'600'000'000}}, {Time{Duration{7}}, Duration{-1}}};
  policy.hold = true;
  policy.controls = {"nist-800-53:ac-12"};
  policy.ladder = {{Action::BlockSignIn, "ad", false, true, Duration{5}, Duration{6}}};
  policy.most_sign_outs_per_minute = 9;
  policy.accept_unenforceable = true;
  set.safety = {1, 2, {"ref:01"}};
  set.clock_jump = Duration{10};
  const std::string text = to_json(set);
  EXPECT_EQ(policy_set_from_json(text), set);
  EXPECT_EQ(to_json(policy_set_from_json(text)), text);
}

TEST(PolicySet, WithAnUnknownOrWrongFieldIsCorruptAndNamesIt) {
  for (const char* text :
       {R"({"versoin":""})", R"({"policies":[{"limit":"1h"}]})", R"({"policies":{}})", "[]", "{"}) {
    EXPECT_THROW((void)policy_set_from_json(text), Error) << text;
  }
  try {
    (void)policy_set_from_json(R"({"versoin":""})");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_NE(std::string(error.what()).find("versoin"), std::string::npos);
  }
}

TEST(Facts, AreReadBackAsTheyWereWritten) {
  Symbols symbols;
  Facts facts;
  facts.type = ObservationType::SignIn;
  facts.account_type = AccountType::Service;
  facts.activity_class = ActivityClass::Machine;
  facts.network = NetworkClass::Private;
  facts.interactivity = Interactivity::Silent;
  facts.auth_method = AuthMethod::Kerberos;
  facts.end_reason = EndReason::Reboot;
  facts.end_certainty = Certainty::Inferred;
  facts.fresh_credentials = facts.privileged = true;
  facts.factors = 2;
  facts.identifier_count = 2;
  facts.identifiers[0] = {symbols.intern("upn"), Ref{1}};
  facts.identifiers[1] = {symbols.intern("sid"), Ref{0xFFFF'FFFF'FFFF'FFFF}};
  facts.application = symbols.intern("sales \"x\"");
  facts.failure = symbols.intern("bad_password");
  facts.count = 9;
  facts.expires_at = base::from_micros(5);
  facts.linked_session.bytes[3] = 4;
  facts.device = Ref{2};
  facts.address = Ref{3};
  facts.user_agent = Ref{4};
  Symbols others;
  others.intern("another");
  const Facts back = facts_from_json(to_json(facts, symbols), others);
  EXPECT_EQ(to_json(back, others), to_json(facts, symbols));
  EXPECT_EQ(facts_from_json(to_json(facts, symbols), symbols), facts);
}

TEST(Ref, HasSixteenDigitsOrNone) {
  EXPECT_EQ(to_text(Ref{0xAB}), "00000000000000ab");
  EXPECT_EQ(parse_ref("00000000000000ab"), Ref{0xAB});
  EXPECT_EQ(to_text(Ref{}), "");
  EXPECT_EQ(parse_ref("AB"), std::nullopt);
  EXPECT_EQ(parse_ref("00000000000000AB"), std::nullopt);
}

template <typename E>
void names_are_distinct_and_parse() {
  for (std::size_t i = 0; i < Names<E>::all.size(); ++i) {
    const auto value = static_cast<E>(i);
    EXPECT_FALSE(name_of(value).empty());
    EXPECT_EQ(parse<E>(name_of(value)), value);
  }
  EXPECT_TRUE(name_of(static_cast<E>(Names<E>::all.size())).empty());
  EXPECT_EQ(parse<E>("no such name"), std::nullopt);
}

TEST(Vocabulary, EachNameIsItsOwn) {
  names_are_distinct_and_parse<ObservationType>();
  names_are_distinct_and_parse<EndReason>();
  names_are_distinct_and_parse<AuthMethod>();
  names_are_distinct_and_parse<Action>();
  names_are_distinct_and_parse<Outcome>();
  names_are_distinct_and_parse<AnswerCode>();
  names_are_distinct_and_parse<EntryKind>();
  names_are_distinct_and_parse<Rule>();
  names_are_distinct_and_parse<Verb>();
}

TEST(Symbols, GiveOneNumberForOneText) {
  Symbols symbols;
  const Symbol one = symbols.intern("one");
  EXPECT_EQ(symbols.intern("one"), one);
  EXPECT_NE(symbols.intern("two"), one);
  EXPECT_EQ(symbols.text(one), "one");
  EXPECT_FALSE(symbols.find("three"));
  EXPECT_FALSE(symbols.intern(""));
}

}  // namespace
}  // namespace curfew::model
