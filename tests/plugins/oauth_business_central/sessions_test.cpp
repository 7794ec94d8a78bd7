// What an environment's lists of sessions tell: each beginning and end once, across faults and restarts, and
// never what isn't known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/oauth/providers/business_central/sessions.hpp"
#include "tests/plugins/oauth_business_central/maker.hpp"

namespace curfew::business_central_test {
namespace {

using nlohmann::json;
using oauth::Batch;
using oauth::Sighting;
using plugin::Type;
using support::ProviderUnderTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;

class Sessions : public testing::Test {
 protected:
  ~Sessions() override { EXPECT_THAT(it_.complaints(), IsEmpty()); }
  FakeBusinessCentral it_;
};

TEST_F(Sessions, BeginAndEndOnce) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t alice = it_.sign_in("ALICE");
  const Batch first = one.all();
  ASSERT_THAT(first.sightings, SizeIs(1));
  const Sighting& began = first.sightings[0];
  EXPECT_EQ(began.type, Type::SignIn);
  EXPECT_EQ(began.session, it_.id_of(alice));
  EXPECT_EQ(began.handle, it_.handle_of(alice));
  EXPECT_EQ(began.user_name, "ALICE");
  EXPECT_EQ(began.application, "Dynamics 365 Business Central");
  EXPECT_FALSE(began.fresh_credentials);
  EXPECT_EQ(began.interactivity, plugin::Interactivity::Unknown);
  EXPECT_FALSE(began.machine);
  EXPECT_EQ(began.account_type, plugin::AccountType::Human);
  EXPECT_THAT(one.all().sightings, IsEmpty());
  it_.close(alice);
  const Batch second = one.all();
  ASSERT_THAT(second.sightings, SizeIs(1));
  EXPECT_EQ(second.sightings[0].type, Type::SignOut);
  EXPECT_EQ(second.sightings[0].session, began.session);
  EXPECT_TRUE(second.sightings[0].end_inferred);
  EXPECT_THAT(one.all().sightings, IsEmpty());
}

TEST_F(Sessions, AreKnownAgainAfterARestart) {
  std::vector<oauth::Memory> memories;
  const std::int64_t alice = it_.sign_in("ALICE"), bob = it_.sign_in("BOB");
  std::string key;
  {
    const ProviderUnderTest one = made(it_);
    const Batch batch = one.all();
    EXPECT_THAT(batch.sightings, SizeIs(2));
    memories = batch.memories;
    for (const oauth::Memory& one_memory : memories) {
      EXPECT_LE(one_memory.key.size(), 256U);
      EXPECT_THAT(one_memory.key + one_memory.value, Not(HasSubstr("ALICE")));
    }
  }
  it_.close(bob);
  const std::int64_t carol = it_.sign_in("CAROL");
  const ProviderUnderTest again = made(it_, json::object(), memories);
  const Batch batch = again.all();
  ASSERT_THAT(batch.sightings, SizeIs(2));
  std::set<std::string> told;
  for (const Sighting& seen : batch.sightings)
    told.insert((seen.type == Type::SignIn ? "on " : "off ") + seen.session);
  EXPECT_THAT(told, ElementsAre("off " + it_.id_of(bob), "on " + it_.id_of(carol)));
  EXPECT_TRUE(it_.lives(alice));
}

// The batch did not become durable: what it told is told again, under the same keys.
TEST_F(Sessions, ARestartWithoutMemoriesTellsTheSameKeys) {
  (void)it_.sign_in("ALICE");
  EXPECT_EQ(support::keys_in(made(it_).all()), support::keys_in(made(it_).all()));
}

TEST_F(Sessions, ANumberThatComesAgainIsAnotherSession) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t alice = it_.sign_in("ALICE");
  (void)one.all();
  it_.set([&] { it_.sessions[0].began += 1s; });
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(2));
  EXPECT_NE(batch.sightings[0].session, batch.sightings[1].session);
  EXPECT_TRUE(it_.lives(alice));
}

TEST_F(Sessions, ThatBeganLongAgoAreOnlySeen) {
  const std::int64_t alice = it_.sign_in("ALICE");
  it_.set([&] { it_.sessions[0].began -= 3h; });
  const Batch batch = made(it_).all();
  ASSERT_THAT(batch.sightings, SizeIs(1));
  EXPECT_EQ(batch.sightings[0].type, Type::Activity);
  EXPECT_TRUE(batch.sightings[0].machine);
  EXPECT_EQ(made(it_, {{"history", "4h"}}).all().sightings[0].type, Type::SignIn);
  EXPECT_TRUE(it_.lives(alice));
}

TEST_F(Sessions, OfClientsWithoutAPersonAreMachines) {
  for (const char* client : {"Background", "ODataV4", "SOAP", "ChildSession", "Something new"}) {
    (void)it_.sign_in("JOB");
    it_.set([&] { it_.sessions.back().client = client; });
  }
  const Batch batch = made(it_, {{"service_accounts", {"JOB"}}}).all();
  EXPECT_THAT(batch.sightings, SizeIs(5));
  for (const Sighting& seen : batch.sightings) {
    EXPECT_TRUE(seen.machine);
    EXPECT_EQ(seen.account_type, plugin::AccountType::Service);
  }
}

// One that can't be read may be any that is missing: nobody is told to be gone.
TEST_F(Sessions, ThatCantBeReadEndNobodys) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t alice = it_.sign_in("ALICE");
  (void)one.all();
  it_.close(alice);
  for (const char* row : {R"({"sessionId":"x","userId":"A","logOnDate":"2026-01-01T00:00:00Z"})",
                          R"({"sessionId":7,"userId":"A","logOnDate":"soon"})", R"({"sessionId":7})", "3"}) {
    it_.set([&] { it_.rows = {json::parse(row)}; });
    const Batch batch = one.all();
    EXPECT_THAT(batch.sightings, IsEmpty()) << row;
    EXPECT_EQ(batch.unreadable, 1U);
  }
  it_.set([&] { it_.rows.clear(); });
  EXPECT_THAT(one.all().sightings, SizeIs(1));
}

TEST_F(Sessions, AnAnswerThatIsCutLosesNothing) {
  const ProviderUnderTest one = made(it_);
  const std::int64_t alice = it_.sign_in("ALICE");
  (void)one.all();
  it_.close(alice);
  (void)it_.sign_in("BOB");
  for (const std::size_t at : {1U, 10U, 40U})
    for (int i = 0; i < 3; ++i) it_.next_answer({.cut_after = at, .only_for = "/sessions"});
  for (int i = 0; i < 3; ++i) EXPECT_THAT(one.complaint(), Not(IsEmpty()));
  for (const char* body : {R"({"value":[{"sessionId":)", "{}", "[]", "", "<html>"}) {
    it_.next_answer({.status = 200, .body = body, .only_for = "/sessions"});
    EXPECT_THAT(one.complaint(), HasSubstr("no whole JSON object"));
  }
  EXPECT_THAT(one.all().sightings, SizeIs(2));
  EXPECT_THAT(one.all().sightings, IsEmpty());
}

TEST_F(Sessions, ThousandsOfThemAreTold) {
  for (int i = 0; i < 3000; ++i) (void)it_.sign_in("USER" + std::to_string(i));
  const ProviderUnderTest one = made(it_);
  EXPECT_THAT(one.all().sightings, SizeIs(3000));
  std::size_t listed = 0;
  one->list([&](const oauth::LiveSession&) { return ++listed < 2000; }, support::wall_clock() + 5s);
  EXPECT_EQ(listed, 2000U);
}

TEST_F(Sessions, AreListedWithWhoseTheyAre) {
  const std::int64_t alice = it_.sign_in("ALICE");
  std::vector<oauth::LiveSession> live;
  made(it_)->list(
      [&](const oauth::LiveSession& session) {
        live.push_back(session);
        return true;
      },
      support::wall_clock() + 5s);
  ASSERT_THAT(live, SizeIs(1));
  EXPECT_EQ(live[0].id, it_.id_of(alice));
  EXPECT_EQ(live[0].handle, it_.handle_of(alice));
  EXPECT_EQ(live[0].user_name, "ALICE");
  EXPECT_EQ(live[0].last_activity_at, plugin::Time{});
}

TEST_F(Sessions, ClocksThatDifferAreSaid) {
  it_.pass(10min);
  const ProviderUnderTest one = made(it_);
  const std::int64_t alice = it_.sign_in("ALICE");
  const Batch batch = one.all();
  ASSERT_THAT(batch.sightings, SizeIs(1));
  EXPECT_THAT(one.log(), testing::Contains(HasSubstr("clock is ahead of ours by")));
  EXPECT_THAT(one->coverage(), testing::ContainsRegex("\"clock_ahead_seconds\":(59[0-9]|600)"));
  EXPECT_TRUE(it_.lives(alice));
}

class Faults : public Sessions {};

TEST_F(Faults, AreSaidWithWhatToDo) {
  it_.set([&] { it_.authorized = false; });
  const std::string denied = made(it_).complaint();
  EXPECT_THAT(denied,
              HasSubstr("403: the application 'curfew' lacks a permission: grant it "
                        "AdminCenter.ReadWrite.All, and authorize the application in the admin center"));
  EXPECT_THAT(denied, Not(HasSubstr("ALICE")));
  it_.set([&] { it_.authorized = true; });
  EXPECT_THAT(made(it_, {{"business_central", {{"environment", "Sandbox"}}}}).complaint(),
              HasSubstr("environment right?"));
}

TEST_F(Faults, AnExpiredSecretIsSaidAndNotAskedAboutAgain) {
  it_.set([&] { it_.secret = "another"; });
  const ProviderUnderTest one = made(it_);
  const std::string said = one.complaint();
  EXPECT_THAT(said, HasSubstr("refuses the client 'curfew' (401, invalid_client): is client_secret right and "
                              "not expired"));
  EXPECT_THAT(said, Not(HasSubstr("right\"")));
  EXPECT_EQ(one.complaint(), said);
  EXPECT_EQ(it_.asked("/oauth2/v2.0/token"), 1U);
}

TEST_F(Faults, ARefusedTokenIsFetchedAnewOnce) {
  const ProviderUnderTest one = made(it_);
  (void)one.all();
  it_.pass(2h);  // on its clock alone
  EXPECT_TRUE(one.all().caught_up);
  EXPECT_EQ(it_.asked("/oauth2/v2.0/token"), 2U);
  it_.next_answer({.status = 401, .body = "{}", .only_for = "/sessions"});
  it_.next_answer({.status = 401, .body = "{}", .only_for = "/sessions"});
  EXPECT_THAT(one.complaint(), HasSubstr("are scope, tenant and url of the same cloud?"));
}

TEST_F(Faults, ThrottlingIsWaitedForAndLosesNothing) {
  const ProviderUnderTest one = made(it_);
  (void)it_.sign_in("ALICE");
  it_.next_answer({.status = 429, .body = "{}", .only_for = "/sessions"});
  it_.next_answer({.status = 429, .body = "{}", .headers = "Retry-After: 1\r\n", .only_for = "/sessions"});
  EXPECT_THAT(one.all().sightings, SizeIs(1));
  EXPECT_THAT(one->coverage(), HasSubstr("\"throttled\":2"));
  it_.next_answer({.status = 429, .body = "{}", .headers = "Retry-After: 900\r\n", .only_for = "/sessions"});
  EXPECT_THAT(one.complaint(), HasSubstr("asked for no more calls for 900 s (throttled)"));
  EXPECT_THAT(one.complaint(), HasSubstr("(throttled)"));
  // Orders do not wait for it.
  EXPECT_NO_THROW(one->list([](const oauth::LiveSession&) { return true; }, support::wall_clock() + 5s));
}

}  // namespace
}  // namespace curfew::business_central_test
