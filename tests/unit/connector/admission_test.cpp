#include "core/connector/admission.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <thread>

#include "core/base/error.hpp"

namespace curfew::connector {
namespace {

using namespace std::chrono_literals;

const Time start = base::parse_rfc3339("2026-11-21T08:00:00Z").value();

model::Observation observed(std::string key, Time at = start) {
  model::Observation o;
  o.type = model::ObservationType::SignIn;
  o.occurred_at = at;
  o.key = std::move(key);
  return o;
}

class AdmissionTest : public testing::Test {
 protected:
  Admission make(AdmissionSettings settings = {}, Duration window = 1h) {
    Admission admission(std::move(settings), symbols);
    admission.add_source("ad", window);
    admission.add_source("crm", window);
    return admission;
  }
  static Admitted taken(Admission& admission, const model::Observation& o, std::string_view source = "ad") {
    auto result = admission.admit(source, o, start);
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
      ADD_FAILURE() << "refused as " << name_of(*refusal);
      return {};
    }
    return std::get<Admitted>(std::move(result));
  }
  static std::optional<Refusal> refusal(Admission& admission, const model::Observation& o,
                                        std::string_view source = "ad", Time now = start) {
    const auto result = admission.admit(source, o, now);
    if (const auto* found = std::get_if<Refusal>(&result)) return *found;
    return std::nullopt;
  }
  model::Symbols symbols;
};

TEST_F(AdmissionTest, APersonalValueIsIntroducedOnceAndKeepsItsReference) {
  Admission admission = make();
  auto first = observed("1");
  first.identifiers = {{"upn", "alice@corp.test"}};
  first.device = "WS01";
  first.user_agent = "Browser 1";
  const Admitted a = taken(admission, first);
  EXPECT_EQ(a.introduced.size(), 3U);
  first.key = "2";
  const Admitted b = taken(admission, first, "crm");
  EXPECT_TRUE(b.introduced.empty());
  EXPECT_EQ(a.facts.identifiers, b.facts.identifiers);
  EXPECT_EQ(a.facts.device, b.facts.device);
  EXPECT_NE(a.facts.device, a.facts.user_agent);
  EXPECT_EQ(admission.find(model::PersonalKind::Identifier, "upn", "ALICE@corp.test"),
            a.facts.identifiers[0].value);
}

TEST_F(AdmissionTest, NoPersonalValueIsLeftInTheFacts) {
  Admission admission = make();
  auto o = observed("1");
  o.identifiers = {{"upn", "alice@corp.test"}, {"windows_sid", "S-1-5-21-1-2-3-1104"}};
  o.device = "ws01";
  o.address = "10.1.2.3";
  o.user_agent = "Browser";
  o.handle = "handle-7";
  o.session.bytes[0] = 1;
  const Admitted a = taken(admission, o);
  const std::string text = model::to_json(a.facts, symbols);
  for (const char* secret : {"alice", "S-1-5-21", "ws01", "10.1.2.3", "Browser", "handle-7"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << text;
  }
  EXPECT_EQ(a.introduced.size(), 6U);
}

TEST_F(AdmissionTest, AHandleIsFoundByTheDigestOfItsSession) {
  Admission admission = make();
  auto o = observed("1");
  o.handle = "0x3e7a1";
  o.session.bytes[3] = 9;
  const Admitted a = taken(admission, o);
  ASSERT_EQ(a.introduced.size(), 1U);
  EXPECT_EQ(a.introduced[0].kind, model::PersonalKind::Handle);
  EXPECT_EQ(a.introduced[0].name_space, model::to_text(o.session));
  EXPECT_EQ(a.introduced[0].value, "0x3e7a1");
}

TEST_F(AdmissionTest, TheSameAccountInThreeSpellingsIsOneIdentifier) {
  AdmissionSettings settings;
  settings.links.domains = {{"CORP", "corp.test"}};
  settings.links.aliases = {{"email:a.smith@corp.test", "windows_account:CORP\\alice"}};
  Admission admission = make(settings);
  auto o = observed("1");
  o.identifiers = {
      {"windows_account", "corp\\ALICE"}, {"upn", "Alice@Corp.Test"}, {"email", "A.Smith@corp.test"}};
  const Admitted a = taken(admission, o);
  EXPECT_EQ(a.facts.identifier_count, 1);
  ASSERT_EQ(a.introduced.size(), 1U);
  EXPECT_EQ(a.introduced[0].name_space, "upn");
  EXPECT_EQ(a.introduced[0].value, "alice@corp.test");
}

TEST_F(AdmissionTest, BlanksAroundAnAccountsNameAreNotPartOfIt) {
  AdmissionSettings settings;
  settings.links.domains = {{"CORP", "corp.test"}};
  Admission admission = make(settings);
  auto o = observed("1");
  o.identifiers = {{"windows_account", "CORP \\\n alice"}, {"windows_account", "CORP\\ "}};
  const Admitted a = taken(admission, o);
  ASSERT_EQ(a.introduced.size(), 1U);
  EXPECT_EQ(a.introduced[0].value, "alice@corp.test");
}

TEST_F(AdmissionTest, AliasesInACircleAreAConfigurationError) {
  AdmissionSettings settings;
  settings.links.aliases = {{"upn:a@x", "upn:b@x"}, {"upn:b@x", "upn:a@x"}};
  EXPECT_THROW(Admission(settings, symbols), Error);
}

TEST_F(AdmissionTest, ARepeatIsRecognisedPerSource) {
  Admission admission = make();
  taken(admission, observed("7"));
  EXPECT_EQ(refusal(admission, observed("7")), Refusal::Repeat);
  taken(admission, observed("7"), "crm");
}

TEST_F(AdmissionTest, OlderThanTheWindowIsTooLateAndInsideItIsNot) {
  Admission admission = make();
  taken(admission, observed("new", start));
  taken(admission, observed("edge", start - 1h));
  EXPECT_EQ(refusal(admission, observed("old", start - 1h - 1us)), Refusal::TooLate);
  EXPECT_EQ(refusal(admission, observed("edge", start - 1h)), Refusal::Repeat);
}

TEST_F(AdmissionTest, WithAnUnboundedWindowFilesMayComeInAnyOrder) {
  Admission admission = make({}, Duration::max());
  taken(admission, observed("new", start));
  const auto old = taken(admission, observed("old", base::earliest_time));
  EXPECT_GT(old.key_expires_at, start);
  EXPECT_EQ(refusal(admission, observed("new", start)), Refusal::Repeat);
}

TEST_F(AdmissionTest, AForgottenKeyMayComeAgainAndIntroducesItsValuesAgain) {
  Admission admission = make();
  auto o = observed("1");
  o.device = "ws01";
  const Admitted a = taken(admission, o);
  admission.forget("ad", a.key);
  const Admitted b = taken(admission, o);
  EXPECT_EQ(b.introduced.size(), 1U);
  EXPECT_EQ(a.key, b.key);
}

TEST_F(AdmissionTest, AfterARestartStoredKeysAndReferencesAreKnown) {
  AdmissionSettings settings;
  settings.key_secret = "secret of the installation";
  Admission before = make(settings);
  auto o = observed("1");
  o.device = "ws01";
  const Admitted a = taken(before, o);

  Admission after = make(settings);
  for (const auto& value : a.introduced) after.know_reference(value);
  EXPECT_TRUE(after.know_keys("ad", std::array{Admission::KnownKey{a.key, a.key_expires_at}}));
  EXPECT_FALSE(after.know_keys("gone", std::array{Admission::KnownKey{a.key, a.key_expires_at}}));
  EXPECT_EQ(refusal(after, o), Refusal::Repeat);
  o.key = "2";
  const Admitted b = taken(after, o);
  EXPECT_TRUE(b.introduced.empty());
  EXPECT_EQ(b.facts.device, a.facts.device);
}

TEST_F(AdmissionTest, ABrokenClockAheadIsInvalid) {
  Admission admission = make();
  EXPECT_EQ(refusal(admission, observed("1", start + 25h)), Refusal::Invalid);
  EXPECT_EQ(refusal(admission, observed("2", base::earliest_time - 1us)), Refusal::Invalid);
  EXPECT_EQ(refusal(admission, observed("")), Refusal::Invalid);
  taken(admission, observed("3", start + 23h));
}

TEST_F(AdmissionTest, WhatCannotFitALeafIsTooLarge) {
  Admission admission = make();
  auto o = observed("1");
  o.application = std::string(12'000, '\1');
  EXPECT_EQ(refusal(admission, o), Refusal::TooLarge);
  o.application = std::string(12'000, 'x');
  taken(admission, o);
}

TEST_F(AdmissionTest, AFloodOfWordsIsRefusedAndOtherSourcesGoOn) {
  Admission admission = make();
  std::size_t refused = 0;
  for (int i = 0; i < 70'000; ++i) {
    auto o = observed(std::to_string(i));
    o.application = "app-" + std::to_string(i);
    if (refusal(admission, o) == Refusal::Invalid) ++refused;
  }
  EXPECT_GT(refused, 4'000U);
  taken(admission, observed("still"), "crm");
}

struct AddressCase {
  const char* given;
  const char* canonical;
  model::NetworkClass network;
};
class AddressTest : public testing::TestWithParam<AddressCase> {};

TEST_P(AddressTest, IsClassedAndHasOneSpelling) {
  AdmissionSettings settings;
  settings.private_networks = {"203.0.113.0/25", "2001:db8:7::/48"};
  model::Symbols symbols;
  Admission admission(settings, symbols);
  admission.add_source("ad", 1h);
  auto o = observed("1");
  o.address = GetParam().given;
  const auto result = admission.admit("ad", o, start);
  const auto& a = std::get<Admitted>(result);
  EXPECT_EQ(model::name_of(a.facts.network), model::name_of(GetParam().network));
  EXPECT_EQ(a.introduced.empty() ? "" : a.introduced[0].value, GetParam().canonical);
}

using model::NetworkClass;
INSTANTIATE_TEST_SUITE_P(
    Addresses, AddressTest,
    testing::Values(AddressCase{"10.1.2.3", "10.1.2.3", NetworkClass::Private},
                    AddressCase{"::ffff:10.1.2.3", "10.1.2.3", NetworkClass::Private},
                    AddressCase{"172.16.0.1", "172.16.0.1", NetworkClass::Private},
                    AddressCase{"172.32.0.1", "172.32.0.1", NetworkClass::Public},
                    AddressCase{"192.168.7.7", "192.168.7.7", NetworkClass::Private},
                    AddressCase{"169.254.1.1", "169.254.1.1", NetworkClass::Private},
                    AddressCase{"127.0.0.1", "127.0.0.1", NetworkClass::Local},
                    AddressCase{"::1", "::1", NetworkClass::Local},
                    AddressCase{"fe80::1%eth0", "fe80::1", NetworkClass::Private},
                    AddressCase{"FD00:0:0::7", "fd00::7", NetworkClass::Private},
                    AddressCase{"2001:DB8:0:0::1", "2001:db8::1", NetworkClass::Public},
                    AddressCase{"2001:db8:7:1::1", "2001:db8:7:1::1", NetworkClass::Private},
                    AddressCase{"203.0.113.127", "203.0.113.127", NetworkClass::Private},
                    AddressCase{"203.0.113.128", "203.0.113.128", NetworkClass::Public},
                    AddressCase{"8.8.8.8", "8.8.8.8", NetworkClass::Public},
                    AddressCase{"0.0.0.0", "", NetworkClass::Unknown},
                    AddressCase{"LOCAL", "", NetworkClass::Local},
                    AddressCase{"-", "", NetworkClass::Unknown},
                    AddressCase{"not an address", "not an address", NetworkClass::Unknown}));

TEST_F(AdmissionTest, ANetworkThatCannotBeReadIsAConfigurationError) {
  for (const char* wrong : {"10.0.0.0/33", "10.0.0/8", "2001:db8::/129", "x", "10.0.0.0/"}) {
    AdmissionSettings settings;
    settings.private_networks = {wrong};
    EXPECT_THROW(Admission(settings, symbols), Error) << wrong;
  }
}

TEST_F(AdmissionTest, ThreadsThatMeetTheSameValuesAgreeAndIntroduceEachOnce) {
  Admission admission = make();
  constexpr std::size_t thread_count = 4;
  constexpr int values = 2'000;
  std::vector<std::vector<model::PersonalValue>> introduced(thread_count);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < thread_count; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < values; ++i) {
        auto o = observed(std::to_string(t) + "/" + std::to_string(i));
        o.device = "ws" + std::to_string(i);
        auto result = admission.admit(t % 2 == 0 ? "ad" : "crm", o, start);
        for (auto& value : std::get<Admitted>(result).introduced) introduced[t].push_back(value);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> names;
  std::set<std::uint64_t> refs;
  for (const auto& list : introduced) {
    for (const auto& value : list) {
      EXPECT_TRUE(names.insert(value.value).second) << value.value << " was introduced twice";
      EXPECT_TRUE(refs.insert(value.ref.bits).second);
    }
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(values));
}

}  // namespace
}  // namespace curfew::connector
