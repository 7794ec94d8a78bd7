// What the audits of AD FS mean: sign-ons, tokens, refusals, ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/windows/adfs/audit_record.hpp"
#include "plugins/windows/adfs/requests.hpp"
#include "plugins/windows/adfs/sign_ons.hpp"
#include "plugins/windows/push/pushed_live.hpp"
#include "plugins/windows/recorded.hpp"
#include "plugins/windows/settings.hpp"
#include "tests/plugins/windows/event_maker.hpp"

namespace curfew::windows {
namespace {

using plugin::AuthMethod;
using plugin::EndReason;
using plugin::Interactivity;
using plugin::Type;
using std::chrono::hours;

const std::string fixtures = std::string(CURFEW_SOURCE_DIR) + "/tests/fixtures/windows/adfs/";

struct Told {
  std::string activity = "a1";
  std::string user = "CORP\\alice";
  std::string relying_party = "https://crm.corp.test/";
  std::string address = "203.0.113.9";
  std::string agent = "Firefox";
  std::string primary = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
  std::string protocol = "WSFederation";
  std::string endpoint = "/adfs/ls/";
  std::string device;
  std::string failure;
  std::string computer = "ADFS1";
};

std::uint64_t next_record = 0;

WindowsEvent audit(double seconds, std::uint32_t id, const Told& told = {}) {
  WindowsEvent event;
  event.time = at(seconds);
  event.computer = told.computer;
  event.channel = "Security";
  event.provider = "AD FS Auditing";
  event.event_id = id;
  event.record_id = ++next_record;
  event.set(Field::ActivityId, told.activity);
  adfs::set_person(event, told.user);
  event.set(Field::RelyingParty, told.relying_party);
  event.set(Field::IpAddress, told.address);
  event.set(Field::UserAgent, told.agent);
  event.set(Field::PrimaryAuth, id == 1202 ? "" : told.primary);
  event.set(Field::AuthProtocol, told.protocol);
  event.set(Field::Endpoint, told.endpoint);
  event.set(Field::DeviceId, told.device);
  event.set(Field::FailureType, told.failure);
  return event;
}

class Federation : public testing::Test, private PairingSink {
 protected:
  void run(std::vector<WindowsEvent> events, PairingSettings settings = {}) {
    Pairing pairing(settings, *this);
    for (WindowsEvent& event : events) pairing.add(std::move(event));
    pairing.finish();
    live_ = pairing.live();
  }
  [[nodiscard]] std::vector<Finding> of(Type type) const {
    std::vector<Finding> some;
    for (const Finding& finding : findings_) {
      if (finding.type == type) some.push_back(finding);
    }
    return some;
  }

  std::vector<Finding> findings_;
  std::map<std::string, int> fates_;
  std::size_t live_ = 0;

 private:
  void found(Finding&& finding) override { findings_.push_back(std::move(finding)); }
  void judged(std::uint32_t, Fate fate, std::string_view what) override {
    EXPECT_EQ(fate, Fate::Adfs);
    ++fates_[std::string(what)];
  }
};

TEST_F(Federation, CredentialsTokensAndASignOutAreOneSession) {
  run({audit(0, 1202), audit(1, 1200), audit(600, 1200, {.activity = "a2", .relying_party = "urn:wiki"}),
       audit(900, 1206, {.activity = "a3"})});
  ASSERT_EQ(findings_.size(), 4U);
  const Finding& begun = findings_[0];
  EXPECT_EQ(begun.type, Type::SignIn);
  EXPECT_TRUE(begun.fresh);
  EXPECT_EQ(begun.interactivity, Interactivity::Interactive);
  EXPECT_EQ(begun.method, AuthMethod::Form) << "told by the token that comes next";
  EXPECT_EQ(begun.application, "https://crm.corp.test/");
  EXPECT_EQ(begun.address, "203.0.113.9");
  EXPECT_EQ(begun.user_agent, "Firefox");
  EXPECT_EQ(begun.account, "CORP\\alice");
  EXPECT_EQ(begun.expires, at(0) + hours(8));
  EXPECT_EQ(begun.handle, "ADFS1/a1");
  EXPECT_EQ(findings_[1].type, Type::Activity);
  EXPECT_EQ(findings_[2].type, Type::Activity);
  EXPECT_EQ(findings_[2].application, "urn:wiki");
  EXPECT_EQ(findings_[3].type, Type::SignOut);
  EXPECT_EQ(findings_[3].end_reason, EndReason::SignedOut);
  EXPECT_FALSE(findings_[3].end_inferred);
  for (const Finding& finding : findings_) EXPECT_EQ(finding.session, begun.session);
  EXPECT_EQ(live_, 0U);
  EXPECT_EQ(fates_, (std::map<std::string, int>{{"sign_in", 1}, {"token", 2}, {"sign_out", 1}}));
}

TEST_F(Federation, TheTokenMayComeBeforeItsCredentials) {
  run({audit(0, 1200), audit(0, 1202), audit(60, 1202)});
  ASSERT_EQ(of(Type::SignIn).size(), 1U);
  EXPECT_TRUE(of(Type::SignIn)[0].fresh);
  ASSERT_EQ(of(Type::Reauthenticated).size(), 1U) << "the id comes again with the next form";
  EXPECT_EQ(of(Type::Reauthenticated)[0].at, at(60));
  EXPECT_EQ(fates_["detail"], 1);
}

TEST_F(Federation, ATokenAfterTheSignOutIsASilentSignIn) {
  run({audit(0, 1202), audit(600, 1206, {.activity = "a2"}), audit(660, 1200, {.activity = "a3"})});
  ASSERT_EQ(of(Type::SignIn).size(), 2U);
  const Finding silent = of(Type::SignIn)[1];
  EXPECT_FALSE(silent.fresh);
  EXPECT_EQ(silent.interactivity, Interactivity::Silent);
  EXPECT_EQ(silent.method, AuthMethod::Token) << "the browser's cookie";
  EXPECT_NE(silent.session, of(Type::SignIn)[0].session);
}

TEST_F(Federation, TheDesktopsSignInAsksNobody) {
  const Told bob{.user = "CORP\\bob", .primary = "urn:federation:authentication:windows"};
  run({audit(0, 1202, bob), audit(0, 1200, bob)});
  ASSERT_EQ(of(Type::SignIn).size(), 1U);
  EXPECT_EQ(of(Type::SignIn)[0].interactivity, Interactivity::Silent);
  EXPECT_EQ(of(Type::SignIn)[0].method, AuthMethod::Negotiate);
  EXPECT_FALSE(of(Type::SignIn)[0].fresh);
}

TEST_F(Federation, WhatRanOutBeginsAnew) {
  PairingSettings settings;
  settings.adfs.sso_lifetime = hours(2);
  run({audit(0, 1202), audit(7199, 1200, {.activity = "a2"}), audit(7201, 1200, {.activity = "a3"})},
      settings);
  ASSERT_EQ(of(Type::SignIn).size(), 2U);
  EXPECT_EQ(of(Type::SignIn)[0].expires, at(7200));
  EXPECT_EQ(of(Type::SignIn)[1].at, at(7201));
}

TEST_F(Federation, APersistentSignOnLivesLonger) {
  WindowsEvent claims = audit(1, 501, {.activity = "", .user = ""});
  claims.set(Field::InstanceId, "i1");
  claims.set(Field::PersistentSso, "true");
  WindowsEvent token = audit(1, 299, {.user = ""});
  token.set(Field::InstanceId, "i1");
  run({audit(0, 1202), audit(1, 1200), token, claims});
  ASSERT_EQ(of(Type::SignIn).size(), 1U);
  EXPECT_EQ(of(Type::SignIn)[0].expires, at(0) + hours(24));
  EXPECT_EQ(fates_["detail"], 2);
}

TEST_F(Federation, AnotherBrowserIsAnotherSession) {
  run({audit(0, 1202), audit(10, 1202, {.activity = "a2", .agent = "Edge"}),
       audit(20, 1206, {.activity = "a3", .agent = "Edge"})});
  ASSERT_EQ(of(Type::SignIn).size(), 2U);
  ASSERT_EQ(of(Type::SignOut).size(), 1U);
  EXPECT_EQ(of(Type::SignOut)[0].session, of(Type::SignIn)[1].session);
  EXPECT_EQ(live_, 1U);
}

TEST_F(Federation, ABrowserThatMovedGoesOnUnlessItWasAskedAgain) {
  run({audit(0, 1202), audit(60, 1200, {.activity = "a2", .address = "192.0.2.1"}),
       audit(120, 1202, {.activity = "a3", .address = "192.0.2.2"})});
  ASSERT_EQ(of(Type::SignIn).size(), 2U);
  ASSERT_EQ(of(Type::Activity).size(), 1U);
  EXPECT_EQ(of(Type::Activity)[0].session, of(Type::SignIn)[0].session);
  EXPECT_EQ(of(Type::Activity)[0].address, "192.0.2.1");
  EXPECT_EQ(of(Type::SignIn)[1].address, "192.0.2.2");
}

TEST_F(Federation, ARegisteredDeviceDecides) {
  run({audit(0, 1202, {.agent = "Edge/1", .device = "d1"}),
       audit(60, 1200, {.activity = "a2", .address = "192.0.2.1", .agent = "Edge/2", .device = "d1"}),
       audit(70, 1200, {.activity = "a3", .agent = "Edge/1", .device = "d2"})});
  EXPECT_EQ(of(Type::SignIn).size(), 2U);
  ASSERT_EQ(of(Type::Activity).size(), 1U);
  EXPECT_EQ(of(Type::Activity)[0].device, "d1");
}

TEST_F(Federation, AWrongPasswordIsToldOnceWithItsReason) {
  Told failed{.user = "alice@corp.test", .failure = "CredentialValidationError"};
  WindowsEvent words = audit(0, 411, failed);
  words.set(Field::ErrorCode, "The referenced account is currently locked out and may not be logged on to");
  run({words, audit(0, 1203, failed), audit(0.5, 1201, failed), audit(30, 1203, failed)});
  ASSERT_EQ(of(Type::SignInFailed).size(), 2U);
  EXPECT_EQ(of(Type::SignInFailed)[0].failure, "locked_out");
  EXPECT_EQ(of(Type::SignInFailed)[0].upn, "alice@corp.test");
  EXPECT_EQ(of(Type::SignInFailed)[0].account_type, plugin::AccountType::Human);
  EXPECT_EQ(of(Type::SignInFailed)[0].address, "203.0.113.9");
  EXPECT_EQ(fates_["same_attempt"], 1);
  EXPECT_EQ(fates_["detail"], 1);
}

TEST_F(Federation, AnOlderServersVerboseAuditsAreEnough) {
  WindowsEvent authenticated = audit(0, 412, {.user = ""});
  authenticated.set(Field::PrimaryAuth,
                    "http://schemas.microsoft.com/ws/2006/05/identitymodel/tokens/UserName");
  WindowsEvent token = audit(1, 299, {.user = "", .primary = ""});
  token.set(Field::InstanceId, "i1");
  WindowsEvent claims = audit(1, 501, {.activity = "", .user = "CORP\\alice", .primary = ""});
  claims.set(Field::InstanceId, "i1");
  Told failed{.activity = "a2", .user = "bob@corp.test"};
  WindowsEvent refused = audit(60, 411, failed);
  refused.set(Field::ErrorCode, "The user name or password is incorrect");
  run({authenticated, token, claims, refused});
  ASSERT_EQ(of(Type::SignIn).size(), 1U);
  EXPECT_EQ(of(Type::SignIn)[0].account, "CORP\\alice");
  EXPECT_TRUE(of(Type::SignIn)[0].fresh);
  ASSERT_EQ(of(Type::SignInFailed).size(), 1U);
  EXPECT_EQ(of(Type::SignInFailed)[0].failure, "bad_credential");
}

TEST_F(Federation, AProgramThatShowsItsPasswordEachTimeIsOneSilentSession) {
  const auto mail = [](std::string activity) {
    return Told{.activity = std::move(activity),
                .agent = "Mail",
                .primary = "urn:oasis:names:tc:SAML:1.0:am:password",
                .protocol = "WSTrust",
                .endpoint = "/adfs/services/trust/2005/usernamemixed"};
  };
  run({audit(0, 1202, mail("a1")), audit(0, 1200, mail("a1")), audit(1200, 1202, mail("a2")),
       audit(1200, 1200, mail("a2")), audit(1300, 1200, {.activity = "a3", .agent = "Mail"})});
  ASSERT_EQ(of(Type::SignIn).size(), 2U) << "a browser's sign-on is another";
  EXPECT_EQ(of(Type::SignIn)[0].interactivity, Interactivity::Silent);
  EXPECT_EQ(of(Type::SignIn)[0].method, AuthMethod::Password);
  EXPECT_EQ(of(Type::SignIn)[0].expires, at(0) + hours(1));
  EXPECT_EQ(of(Type::TokenRefreshed).size(), 2U);
  EXPECT_EQ(fates_["program_sign_in"], 1);
}

TEST_F(Federation, ASignOutThatNamesNobodyIsTheOnlyOneOfThatBrowser) {
  run({audit(0, 1202), audit(60, 1206, {.activity = "a2", .user = ""}), audit(61, 1206, {.activity = "a3"})});
  EXPECT_EQ(of(Type::SignOut).size(), 1U);
  EXPECT_EQ(fates_["sign_out_without_sign_in"], 1);
  next_record = 0;
  findings_.clear();
  run({audit(0, 1202), audit(1, 1202, {.activity = "a4", .user = "CORP\\bob"}),
       audit(60, 1206, {.activity = "a2", .user = ""})});
  EXPECT_TRUE(of(Type::SignOut).empty()) << "two people there: nobody knows who left";
}

TEST_F(Federation, ComputersAndRecordsThatNameNobodyAreCounted) {
  WindowsEvent damaged = audit(3, 1200);
  damaged.set(Field::Damage, "its XML ends too early");
  run({audit(0, 1200, {.user = "CORP\\WS1$"}), audit(1, 1200, {.activity = "a2", .user = ""}), damaged,
       audit(4, 1207, {.activity = "a5"}), audit(5, 1205, {.activity = "a6"}),
       audit(6, 1204, {.activity = "a7"})});
  EXPECT_EQ(fates_, (std::map<std::string, int>{{"computer_account", 1},
                                                {"nobody", 1},
                                                {"unreadable", 1},
                                                {"sign_out_refused", 1},
                                                {"password_change_refused", 1},
                                                {"password_change", 1}}));
  ASSERT_EQ(findings_.size(), 1U);
  EXPECT_EQ(findings_[0].type, Type::CredentialChanged);
}

TEST_F(Federation, NamesThatARequestTellsLeadToTheSameSession) {
  run({audit(0, 1202, {.user = "alice@corp.test"}), audit(1, 1200),
       audit(60, 1200, {.activity = "a2", .user = "alice@corp.test"}),
       audit(90, 1206, {.activity = "a3", .user = "CORP\\Alice"})});
  ASSERT_EQ(of(Type::SignIn).size(), 1U);
  EXPECT_EQ(of(Type::SignIn)[0].upn, "alice@corp.test");
  EXPECT_EQ(of(Type::SignIn)[0].account, "CORP\\alice");
  EXPECT_EQ(of(Type::SignOut).size(), 1U);
}

TEST(AdfsMemory, ASignOnOutlivesARestart) {
  struct Quiet final : PairingSink {
    void found(Finding&& finding) override { findings.push_back(std::move(finding)); }
    void judged(std::uint32_t, Fate, std::string_view) override {}
    std::vector<Finding> findings;
  } sink;
  Pairing before({}, sink);
  before.add(audit(0, 1202));
  before.finish();
  const auto kept = before.take_changes();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_TRUE(kept.begin()->first.starts_with("adfs/"));
  Pairing after({}, sink);
  for (const auto& [key, value] : kept) after.restore(key, value);
  EXPECT_TRUE(after.take_changes().empty());
  after.add(audit(60, 1206, {.activity = "a2"}));
  after.finish();
  ASSERT_EQ(sink.findings.size(), 2U);
  EXPECT_EQ(sink.findings[1].session, sink.findings[0].session);
  EXPECT_EQ(after.take_changes().begin()->second, "") << "gone";
  Pairing damaged({}, sink);
  for (std::size_t cut = 0; cut < kept.begin()->second.size(); ++cut)
    damaged.restore(kept.begin()->first, kept.begin()->second.substr(0, cut));
  EXPECT_EQ(damaged.live(), 0U);
}

TEST(AdfsMemory, RequestsAreForgottenInTimeAndNumber) {
  adfs::Requests requests;
  for (std::size_t i = 0; i < adfs::Requests::most + 10; ++i) {
    (void)requests.of(audit(static_cast<double>(i) / 1000, 403, {.activity = "a" + std::to_string(i)}));
    requests.forget_before(at(-1));
  }
  EXPECT_EQ(requests.size(), adfs::Requests::most);
  requests.of(audit(500, 403, {.activity = "a25"})).has_token = true;
  requests.forget_before(at(400));
  EXPECT_EQ(requests.size(), 1U) << "used since";
  requests.forget_before(at(501));
  EXPECT_EQ(requests.size(), 0U);
}

TEST(AdfsMemory, TooManySignOnsGiveUpTheOneThatEndsFirst) {
  adfs::SignOns sign_ons;
  for (std::size_t i = 0; i <= adfs::SignOns::most; ++i) {
    adfs::SignOn one;
    one.id = "adfs/" + std::to_string(i);
    one.person.name = "p" + std::to_string(i);
    one.client.address = "10.0.0.1";
    one.expires = at(1000 + static_cast<double>(i));
    (void)sign_ons.open(std::move(one));
  }
  EXPECT_EQ(sign_ons.size(), adfs::SignOns::most);
  Account first;
  first.name = "p0";
  EXPECT_EQ(sign_ons.newest(first, at(0)), nullptr);
  sign_ons.forget_before(at(1000 + static_cast<double>(adfs::SignOns::most) + 1));
  EXPECT_EQ(sign_ons.size(), 0U);
}

// The servers of a farm send when they do: a sign-on that began at one goes on at the other.
TEST(AdfsPushed, AFarmHasOneClock) {
  PushedLive live({}, std::chrono::seconds(30));
  const auto push = [&](std::vector<WindowsEvent> events, double now) {
    PushIntake intake({});
    std::vector<PushedRecord> records;
    for (WindowsEvent& one : events) records.push_back({std::move(one), {}, {}});
    (void)intake.take(std::move(records), [](std::string_view, std::string_view) { return true; });
    live.take(std::move(*intake.next()), at(now));
    live.advance(at(now));
  };
  push({audit(20, 1200, {.activity = "a2", .computer = "ADFS2"})}, 21);
  push({audit(0, 1202), audit(1, 1200)}, 25);
  push({}, 200);
  const std::vector<Finding> findings = live.take_findings();
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].type, Type::SignIn);
  EXPECT_TRUE(findings[0].fresh);
  EXPECT_EQ(findings[2].at, at(20));
  EXPECT_EQ(findings[2].type, Type::Activity);
  EXPECT_EQ(findings[2].session, findings[0].session);
  EXPECT_EQ(live.take_judged().records, 3U);
}

class AdfsDay : public testing::TestWithParam<const char*> {};

TEST_P(AdfsDay, IsToldTheSameInEachForm) {
  Recorded recorded({fixtures + GetParam()}, {});
  recorded.read();
  std::vector<Finding> findings;
  while (recorded.next(findings)) {
  }
  std::vector<std::string> told;
  for (const Finding& one : findings) {
    static const std::map<Type, std::string> names{{Type::SignIn, "sign-in"},
                                                   {Type::SignInFailed, "refused"},
                                                   {Type::Activity, "token"},
                                                   {Type::SignOut, "sign-out"},
                                                   {Type::CredentialChanged, "password"},
                                                   {Type::TokenRefreshed, "refreshed"}};
    const auto name = names.find(one.type);
    told.push_back(format_time(one.at).substr(11, 8) + " " + (name == names.end() ? "other" : name->second) +
                   " " + (one.account.empty() ? one.upn : one.account) + " " +
                   (one.type == Type::SignInFailed ? one.failure : one.application) +
                   (one.fresh ? " asked" : "") + (one.factors == 2 ? " two factors" : ""));
  }
  EXPECT_THAT(
      told,
      testing::ElementsAre(
          "08:00:20 refused alice@corp.test bad_credential", "08:00:40 sign-in CORP\\alice  asked",
          "08:00:41 token CORP\\alice https://crm.corp.test/", "08:30:00 token CORP\\alice urn:corp:wiki",
          "09:00:00 sign-in CORP\\bob ", "09:00:00 token CORP\\bob https://crm.corp.test/",
          "09:30:00 sign-in carol@corp.test urn:corp:wiki asked two factors",
          "09:30:01 refreshed carol@corp.test urn:corp:wiki two factors",
          "10:00:30 sign-in dave@corp.test urn:federation:mail",
          "10:00:30 refreshed dave@corp.test urn:federation:mail",
          "10:15:00 token carol@corp.test https://crm.corp.test/ two factors",
          "10:20:30 refreshed dave@corp.test urn:federation:mail",
          "11:00:00 refused CORP\\erin not_authorized", "11:11:00 password CORP\\erin ",
          "12:00:00 sign-out CORP\\alice ", "12:02:00 sign-in CORP\\alice https://crm.corp.test/",
          "18:00:00 refused mallory@corp.test bad_credential"));
  const InputCoverage sum = recorded.coverage().sum();
  EXPECT_EQ(sum.adfs.at("unreadable"), 1U) << "the one that is cut off";
  EXPECT_EQ(sum.adfs.at("sign_out_without_sign_in"), 1U);
  EXPECT_TRUE(sum.other.empty());
  EXPECT_EQ(sum.logons, 0U);
  std::uint64_t judged = 0;
  for (const auto& [what, count] : sum.adfs) judged += count;
  EXPECT_EQ(judged + 1, sum.records_total) << "each once, besides the 1102";
  EXPECT_TRUE(recorded.coverage().gaps().empty());
}

INSTANTIATE_TEST_SUITE_P(Files, AdfsDay,
                         testing::Values("forwarded.xml", "winlogbeat.ndjson", "nested.ndjson", "flat.ndjson",
                                         "adfs.evtx"),
                         [](const testing::TestParamInfo<const char*>& one) {
                           std::string name = one.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(AdfsSettings, LifetimesAreReadAndBounded) {
  const ConnectorSettings settings =
      read_settings(R"({"inputs":["/x"],"adfs":{"sso_lifetime":"12h","token_lifetime":"10m"}})");
  EXPECT_EQ(settings.recorded.pairing.adfs.sso_lifetime, hours(12));
  EXPECT_EQ(settings.live.pairing.adfs.token_lifetime, std::chrono::minutes(10));
  EXPECT_EQ(settings.live.pairing.adfs.persistent_lifetime, hours(24));
  EXPECT_THROW((void)read_settings(R"({"inputs":["/x"],"adfs":{"sso_lifetime":"10s"}})"),
               std::invalid_argument);
  EXPECT_THROW((void)read_settings(R"({"inputs":["/x"],"adfs":{"sso_lifetime":8}})"), std::invalid_argument);
}

}  // namespace
}  // namespace curfew::windows
