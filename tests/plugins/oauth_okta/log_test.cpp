// Each record of Okta's log is told once, in order, whichever of its ways to fail it takes, across restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/oauth/events/event_reader.hpp"
#include "plugins/oauth/events/vendors.hpp"
#include "plugins/oauth/providers/okta/log_events.hpp"
#include "tests/plugins/oauth_okta/maker.hpp"

namespace curfew::okta_test {
namespace {

using nlohmann::json;
using oauth::Batch;
using oauth::Sighting;
using plugin::Interactivity;
using plugin::Type;
using support::keys_in;
using support::ProviderUnderTest;
using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;

class Log : public testing::Test {
 protected:
  ~Log() override { EXPECT_THAT(okta_.complaints(), IsEmpty()); }
  std::string sign_in(const std::string& user, const SignIn& how = {}) {
    (void)okta_.sign_in(user, how);
    return okta_.last_record();
  }
  FakeOkta okta_;
};

TEST_F(Log, SaysWhoSignedInHow) {
  const ProviderUnderTest one = made(okta_);
  const std::string session = okta_.sign_in("alice");
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(1));
  const Sighting& seen = batch.sightings[0];
  EXPECT_EQ(seen.type, Type::SignIn);
  EXPECT_EQ(seen.key, okta_.last_record());
  EXPECT_EQ(seen.session, session);
  EXPECT_EQ(seen.handle, "00ualice/" + session);
  EXPECT_EQ(seen.subject, "00ualice");
  EXPECT_EQ(one->name_space_of_subjects(), "okta_user");
  EXPECT_THAT(seen.names,
              ElementsAre(oauth::SightingName{"oidc_subject", "https://corp.okta.test#00ualice"}));
  EXPECT_EQ(seen.user_name, "alice@corp.test");
  EXPECT_EQ(seen.address, "192.0.2.7");
  EXPECT_EQ(seen.user_agent, "Mozilla/5.0");
  EXPECT_TRUE(seen.fresh_credentials);
  EXPECT_EQ(seen.interactivity, Interactivity::Interactive);
  EXPECT_EQ(seen.account_type, plugin::AccountType::Human);
  EXPECT_EQ(one->issuer(), "https://corp.okta.test");
}

TEST_F(Log, CredentialsThatOktaDidNotSeeAreNotFresh) {
  const ProviderUnderTest one = made(okta_);
  (void)sign_in("alice", {.credential = "PASSWORD"});
  (void)sign_in("alice", {.credential = "IWA"});
  (void)sign_in("alice", {.credential = "ASSERTION"});
  (void)sign_in("alice", {.request = "/sso/idps/0oa1"});
  (void)sign_in("alice", {.request = "/login/agentlessDsso"});
  std::vector<bool> fresh;
  std::vector<Interactivity> how;
  const Batch batch = one.all();
  for (const Sighting& seen : batch.sightings) {
    fresh.push_back(seen.fresh_credentials);
    how.push_back(seen.interactivity);
  }
  EXPECT_THAT(fresh, ElementsAre(true, false, false, false, false));
  EXPECT_THAT(how, ElementsAre(Interactivity::Interactive, Interactivity::Silent, Interactivity::Unknown,
                               Interactivity::Unknown, Interactivity::Unknown));
}

TEST_F(Log, SaysWhatElseHappens) {
  const ProviderUnderTest one = made(okta_);
  const std::string session = okta_.sign_in("alice");
  json sso = okta_.record("alice", "user.authentication.sso", session);
  sso["target"] = {{{"type", "AppInstance"}, {"displayName", "Shop"}}, {{"type", "AppUser"}}};
  okta_.add_record(sso);
  okta_.add_record(okta_.record("alice", "user.authentication.auth_via_mfa", session));
  okta_.fail_sign_in("bob", "INVALID_CREDENTIALS");
  okta_.fail_sign_in("bob", "of alice@corp.test");
  okta_.add_record(okta_.record("alice", "user.session.expire", session));
  okta_.sign_out(session);
  for (const char* event : {"user.session.clear", "user.account.update_password", "user.lifecycle.suspend",
                            "user.lifecycle.unsuspend"}) {
    json about = okta_.record("admin", event, "unknown");
    about["target"] = {{{"type", "User"}, {"id", "00ualice"}, {"alternateId", "alice@corp.test"}}};
    okta_.add_record(about);
  }
  okta_.add_record(okta_.record("alice", "system.api_token.create", session));
  const Batch batch = one.all();
  std::vector<Type> types;
  for (const Sighting& seen : batch.sightings) types.push_back(seen.type);
  ASSERT_THAT(types, ElementsAre(Type::SignIn, Type::Activity, Type::Reauthenticated, Type::SignInFailed,
                                 Type::SignInFailed, Type::Expired, Type::SignOut, Type::Revoked,
                                 Type::CredentialChanged, Type::AccountDisabled, Type::AccountEnabled));
  EXPECT_EQ(batch.sightings[1].application, "Shop");
  EXPECT_TRUE(batch.sightings[2].fresh_credentials);
  EXPECT_EQ(batch.sightings[3].failure, "INVALID_CREDENTIALS");
  EXPECT_THAT(batch.sightings[3].session, IsEmpty());
  EXPECT_EQ(batch.sightings[4].failure, "other");
  EXPECT_TRUE(batch.sightings[7].end_inferred);
  for (std::size_t i = 7; i < 11; ++i) {
    EXPECT_EQ(batch.sightings[i].subject, "00ualice");
    EXPECT_THAT(batch.sightings[i].session, IsEmpty());
  }
}

TEST_F(Log, IsToldOncePageByPage) {
  const ProviderUnderTest one = made(okta_, {{"okta", {{"page_size", 3}}}});
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) expected.push_back(sign_in("alice"));
  okta_.before("after=6", [&] { expected.push_back(sign_in("bob")); });
  okta_.before("after=12", [&] { expected.push_back(sign_in("bob")); });
  EXPECT_EQ(keys_in(one.all()), expected);
  EXPECT_THAT(one.all().sightings, IsEmpty());
  expected = {sign_in("bob")};
  EXPECT_EQ(keys_in(one.all()), expected);
}

// The same names, in the same order, as connector and audit give them on.
TEST_F(Log, NamesPeopleAsARecordedLogDoes) {
  json record = okta_.record("alice", "user.session.start", "102s");
  for (const char* login : {"alice", "alice@corp.test"}) {
    record["actor"]["alternateId"] = login;
    const std::string text = record.dump();
    simdjson::dom::parser parser;
    const Sighting recorded =
        oauth::events::read_event(oauth::events::okta_events(), parser.parse(text).value()).sighting;
    const Sighting live = oauth::okta::read_log("[" + text + "]", "https://corp.okta.test").sightings.at(0);
    std::vector<oauth::SightingName> of_log = recorded.names, of_api;
    if (!recorded.user_name.empty()) of_log.insert(of_log.begin(), {"upn", recorded.user_name});
    const bool is_upn = live.user_name.find('@') != std::string::npos;
    const ProviderUnderTest one = made(okta_);
    of_api.push_back({is_upn ? "upn" : std::string(one->name_space_of_logins()), live.user_name});
    of_api.push_back({std::string(one->name_space_of_subjects()), live.subject});
    EXPECT_EQ(of_log, of_api);
    EXPECT_THAT(live.names,
                ElementsAre(oauth::SightingName{"oidc_subject", "https://corp.okta.test#00ualice"}));
  }
}

// Okta orders them by when they were stored, so none that is late is passed over.
TEST_F(Log, TellsWhatIsStoredLate) {
  const ProviderUnderTest one = made(okta_);
  const std::string soon = sign_in("alice");
  EXPECT_THAT(keys_in(one.all()), ElementsAre(soon));
  const std::string late = sign_in("bob", {.ago = 20min});
  EXPECT_THAT(keys_in(one.all()), ElementsAre(late));
}

TEST_F(Log, GoesOnAcrossARestart) {
  std::string cursor;
  {
    const ProviderUnderTest one = made(okta_);
    for (int i = 0; i < 5; ++i) (void)sign_in("alice");
    cursor = one.all().cursor;
  }
  EXPECT_LE(cursor.size(), 4096U);
  const std::string meanwhile = sign_in("bob");
  const ProviderUnderTest again = made(okta_, json::object(), cursor);
  EXPECT_THAT(keys_in(again.all()), ElementsAre(meanwhile));
  EXPECT_THROW((void)made(okta_, json::object(), "{}"), plugin::Failure);
}

TEST_F(Log, ReadsAsFarBackAsTheHistory) {
  (void)sign_in("alice");
  okta_.pass(2h);
  const std::string recent = sign_in("alice");
  const ProviderUnderTest one = made(okta_);
  one.pass(2h);
  EXPECT_THAT(keys_in(one.all()), ElementsAre(recent));
}

// A place that Okta has forgotten: read again from the last reading on, under the same keys.
TEST_F(Log, IsFoundAgainWhereAPlaceIsForgotten) {
  const ProviderUnderTest one = made(okta_);
  const std::string known = sign_in("alice");
  (void)one.all();
  okta_.set([&] { okta_.forgets_places = true; });
  const std::string fresh = sign_in("bob");
  EXPECT_THAT(keys_in(one.all()), ElementsAre(known, fresh));
  EXPECT_THAT(one.log(), Contains(HasSubstr("does not know any more where its log goes on")));
}

TEST_F(Log, RecordsAGapWhereOktaKeepsNothingAnyMore) {
  std::string cursor;
  {
    const ProviderUnderTest one = made(okta_);
    (void)sign_in("alice");
    cursor = one.all().cursor;
  }
  okta_.pass(92 * 24h);
  okta_.set([&] { okta_.kept_from = 1; });
  const std::string now = sign_in("alice");
  const ProviderUnderTest again = made(okta_, json::object(), cursor);
  again.pass(92 * 24h);
  okta_.next_answer({.status = 403, .body = "{}", .only_for = "/logs"});
  EXPECT_THAT(again.complaint(), HasSubstr("403"));
  const Batch batch = again.all();
  ASSERT_THAT(batch.sightings, SizeIs(2));
  EXPECT_THAT(std::vector<Type>({batch.sightings[0].type, batch.sightings[1].type}), Contains(Type::Gap));
  EXPECT_THAT(keys_in(batch), Contains(now));
  EXPECT_THAT(again->coverage(), HasSubstr("\"gaps\":1"));
  EXPECT_THAT(again.all().sightings, IsEmpty());
}

TEST_F(Log, FollowsNoLinkToAnotherHost) {
  (void)sign_in("alice");
  for (const char* host : {"http://evil.test", "https://corp.okta.test", "http://127.0.0.1:1"}) {
    okta_.set([&] { okta_.next_link_host = host; });
    EXPECT_THAT(made(okta_).complaint(), HasSubstr("leads to another host")) << host;
  }
  okta_.set([&] { okta_.next_link_host.clear(); });
  okta_.set([&] { okta_.says_next = false; });
  EXPECT_THAT(made(okta_).complaint(), HasSubstr("does not say where its log goes on"));
}

TEST_F(Log, ThrottlingIsWaitedForAndLosesNothing) {
  const ProviderUnderTest one = made(okta_, {{"okta", {{"page_size", 2}}}});
  std::vector<std::string> expected;
  for (int i = 0; i < 6; ++i) expected.push_back(sign_in("alice"));
  okta_.set([&] { okta_.throttle_every = 3; });  // by X-Rate-Limit-Reset
  EXPECT_THAT(keys_in(one.all()), ElementsAreArray(expected));
  EXPECT_THAT(one->coverage(), Not(HasSubstr("\"throttled\":0")));
  okta_.set([&] { okta_.throttle_every = 0; });
  const std::string reset = std::to_string(
      std::chrono::duration_cast<std::chrono::seconds>(okta_.now().time_since_epoch()).count() + 300);
  okta_.next_answer(
      {.status = 429, .body = "{}", .headers = "X-Rate-Limit-Reset: " + reset + "\r\n", .only_for = "/logs"});
  EXPECT_THAT(one.complaint(), HasSubstr("asked for no more calls for"));
  // Orders do not wait for it.
  EXPECT_EQ(one.act(plugin::Step::SignOutSubject, "00ualice/102x", "x").code, plugin::Code::Ok);
}

TEST_F(Log, FaultsLoseNothing) {
  const ProviderUnderTest one = made(okta_);
  const std::string first = sign_in("alice");
  for (const std::size_t at : {1U, 7U, 100U})
    for (int i = 0; i < 3; ++i) okta_.next_answer({.cut_after = at, .only_for = "/logs"});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(one.complaint(), Not(IsEmpty()));
  for (const char* body : {R"([{"uuid":)", "{}", "", "<html>"}) {
    okta_.next_answer({.status = 200, .body = body, .only_for = "/logs"});
    EXPECT_THAT(one.complaint(), HasSubstr("no whole JSON array"));
  }
  okta_.next_answer({.status = 503, .body = {}, .only_for = "/logs"});
  EXPECT_THAT(keys_in(one.all()), ElementsAre(first));
  okta_.set([&] { okta_.token = "another"; });
  const std::string said = one.complaint();
  EXPECT_THAT(said,
              HasSubstr("refuses the API token (401): is okta.api_token right, and not expired or revoked"));
  EXPECT_THAT(said, Not(HasSubstr("00right")));
  const std::size_t asked = okta_.asked("/logs");
  EXPECT_THAT(one.complaint(), HasSubstr("it is asked again later"));
  EXPECT_EQ(okta_.asked("/logs"), asked);
}

TEST_F(Log, WhatCantBeReadIsCounted) {
  const ProviderUnderTest one = made(okta_);
  for (const char* record : {R"({"eventType":"user.session.start"})", "3",
                             R"({"uuid":"1","published":"soon","eventType":"user.session.start"})"})
    okta_.add_record(json::parse(record));
  json nobody = okta_.record("alice", "user.session.start", "unknown");
  okta_.add_record(nobody);
  const std::string good = sign_in("alice");
  const Batch batch = one.all();
  EXPECT_THAT(keys_in(batch), ElementsAre(good));
  EXPECT_EQ(batch.unreadable, 4U);
  EXPECT_EQ(batch.read, 5U);
}

TEST_F(Log, ClocksThatDifferAreSaid) {
  okta_.pass(10min);
  const ProviderUnderTest one = made(okta_);
  const std::string record = sign_in("alice");
  const Batch batch = one.all();
  EXPECT_THAT(keys_in(batch), ElementsAre(record));
  EXPECT_THAT(one.log(), Contains(HasSubstr("clock is ahead of ours by")));
  EXPECT_LE(batch.observed_until, okta_.now() - 10s);
}

}  // namespace
}  // namespace curfew::okta_test
