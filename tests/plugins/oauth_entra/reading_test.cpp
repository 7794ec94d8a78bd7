// Each sign-in of the logs is told once, in order, whatever happens between the pages, however late it comes,
// and whichever of Graph's ways to fail it takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "plugins/oauth/providers/entra/sign_in_reader.hpp"
#include "tests/plugins/oauth_entra/entra_maker.hpp"

namespace curfew::entra_test {
namespace {

using nlohmann::json;
using oauth::Batch;
using oauth::Sighting;
using plugin::Code;
using plugin::Type;
using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;

class Reading : public testing::Test {
 protected:
  ~Reading() override { EXPECT_THAT(graph_.complaints(), IsEmpty()); }
  // The record's id.
  std::string sign_in(const std::string& user, const FakeGraph::SignIn& how = {}) {
    (void)graph_.sign_in(user, how);
    return graph_.last_record();
  }
  FakeGraph graph_;
};

TEST_F(Reading, TellsEachSignInOnceInOrder) {
  for (const auto order : {FakeGraph::Order::Newest, FakeGraph::Order::Oldest, FakeGraph::Order::Shuffled}) {
    FakeGraph graph;
    graph.set([&](FakeGraph& it) { it.order = order; });
    const Made one = made(graph);
    std::vector<std::string> expected;
    for (int i = 0; i < 35; ++i) {
      (void)graph.sign_in("alice", {.ago = 40s - i * 1s});
      expected.push_back(graph.last_record());
    }
    EXPECT_EQ(keys_in(all_of(one)), expected);
    EXPECT_THAT(all_of(one).sightings, IsEmpty());
    (void)graph.sign_in("bob", {});
    EXPECT_THAT(keys_in(all_of(one)), ElementsAre(graph.last_record()));
    EXPECT_THAT(graph.complaints(), IsEmpty());
  }
}

TEST_F(Reading, AsksForWhatTheSettingsSay) {
  (void)graph_.sign_in("alice", {});
  const std::string session = graph_.sign_in("bob", {});
  EXPECT_TRUE(graph_.refresh(session, {}));
  graph_.pass(2s);
  EXPECT_THAT(all_of(made(graph_)).sightings, SizeIs(3));
  EXPECT_EQ(graph_.asked("/v1.0/auditLogs"), 0U);
  const Made interactive = made(graph_, {{"entra", {{"signins", "interactive"}}}});
  const Batch batch = all_of(interactive);
  EXPECT_THAT(batch.sightings, SizeIs(2));
  EXPECT_THAT(batch.sightings[1].session, testing::StartsWith("sign-in:"));
  EXPECT_GT(graph_.asked("/v1.0/auditLogs"), 0U);
  EXPECT_THAT(interactive->coverage(), HasSubstr("sign-ins: one browser or device may have several"));
}

TEST_F(Reading, TellsWhoIsAPersonAndCountsWhatIsLeftOut) {
  const Made one = made(graph_, {{"service_accounts", {"bob@*"}}});
  (void)sign_in("alice");
  (void)sign_in("bob");
  graph_.fail_sign_in("alice", 50140, {});
  graph_.fail_sign_in("alice", 50126, {});
  const Batch batch = all_of(one);
  ASSERT_THAT(batch.sightings, SizeIs(3));
  EXPECT_EQ(batch.sightings[0].account_type, plugin::AccountType::Human);
  EXPECT_EQ(batch.sightings[1].account_type, plugin::AccountType::Service);
  EXPECT_EQ(batch.sightings[2].failure, "bad_password:50126");
  EXPECT_EQ(batch.read, 4U);
  EXPECT_EQ(batch.filtered, 1U);
  EXPECT_THAT(one->coverage(), HasSubstr("\"interrupts_left_out\":1"));
}

TEST_F(Reading, TellsWhatComesLate) {
  const Made one = made(graph_);
  const std::string late = sign_in("alice", {.ago = 5s, .late = 20s});
  const std::string soon = sign_in("bob");
  EXPECT_THAT(keys_in(all_of(one)), ElementsAre(soon));
  graph_.pass(30s);
  EXPECT_THAT(keys_in(all_of(one)), ElementsAre(late));
  EXPECT_THAT(keys_in(all_of(one)), IsEmpty());
}

TEST_F(Reading, LosesNothingWhilePagesTurn) {
  const Made one = made(graph_);
  std::set<std::string> expected;
  for (int i = 0; i < 40; ++i) expected.insert(sign_in("alice", {.ago = 50s - i * 1s}));
  for (const char* page : {"9177f2e3_10", "9177f2e3_20", "9177f2e3_30"}) {
    graph_.before(page, [&] {
      for (int i = 0; i < 7; ++i) expected.insert(sign_in("bob", {.ago = 20s}));
    });
  }
  std::vector<std::string> told = keys_in(all_of(one));
  for (const std::string& key : keys_in(all_of(one))) told.push_back(key);
  EXPECT_EQ(told.size(), expected.size());
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()), expected);
}

TEST_F(Reading, GoesOnAcrossARestart) {
  std::string cursor;
  {
    const Made one = made(graph_);
    for (int i = 0; i < 15; ++i) (void)sign_in("alice");
    cursor = all_of(one).cursor;
  }
  const std::string meanwhile = sign_in("bob");
  const Made again = made(graph_, json::object(), cursor);
  EXPECT_THAT(keys_in(all_of(again)), ElementsAre(meanwhile));
  EXPECT_THAT(all_of(again).sightings, IsEmpty());
}

// More within the overlap than a cursor holds: they come again under the same keys, which the host knows.
TEST_F(Reading, TellsUnderTheSameKeysWhatACursorCantHold) {
  std::set<std::string> keys;
  std::string cursor;
  {
    const Made one = made(graph_, {{"entra", {{"page_size", 1000}}}});
    for (int i = 0; i < 300; ++i) (void)sign_in("alice");
    const Batch batch = all_of(one);
    for (const std::string& key : keys_in(batch)) keys.insert(key);
    cursor = batch.cursor;
  }
  EXPECT_LE(cursor.size(), 4096U);
  EXPECT_THAT(keys, SizeIs(300));
  const Made again = made(graph_, json::object(), cursor);
  const Batch batch = all_of(again);
  EXPECT_LT(batch.sightings.size(), 300U);
  for (const Sighting& seen : batch.sightings) EXPECT_THAT(keys, Contains(seen.key));
}

TEST_F(Reading, ReadsAsFarBackAsTheHistory) {
  (void)sign_in("alice", {.ago = 2h});
  const std::string recent = sign_in("alice", {.ago = 50min});
  EXPECT_THAT(keys_in(all_of(made(graph_))), ElementsAre(recent));
}

TEST_F(Reading, CatchesUpSpanBySpan) {
  std::string cursor;
  {
    const Made one = made(graph_);
    (void)sign_in("alice");
    cursor = all_of(one).cursor;
  }
  // As if it had been stopped for two days.
  std::vector<std::string> expected;
  graph_.pass(48h);
  for (int i = 0; i < 47; ++i) expected.push_back(sign_in("alice", {.ago = 47h - i * 1h}));
  const Made again = made(graph_, json::object(), cursor);
  EXPECT_EQ(keys_in(all_of(again)), expected);
}

TEST_F(Reading, RecordsAGapWhereEntraKeepsNothingAnyMore) {
  std::string cursor;
  {
    const Made one = made(graph_);
    (void)sign_in("alice");
    cursor = all_of(one).cursor;
  }
  graph_.pass(31 * 24h);
  const std::string now = sign_in("alice");
  const Made again = made(graph_, json::object(), cursor);
  const Batch batch = all_of(again);
  ASSERT_THAT(batch.sightings, SizeIs(2));
  EXPECT_EQ(batch.sightings[0].type, Type::Gap);
  EXPECT_EQ(batch.sightings[1].key, now);
  EXPECT_THAT(all_of(again).sightings, IsEmpty());
}

TEST_F(Reading, LeavesWhatIsYoungerThanItsTimeToSettle) {
  const Made one = made(graph_, {{"entra", {{"settle", "5m"}}}});
  const std::string old = sign_in("alice", {.ago = 6min});
  const std::string young = sign_in("alice", {.ago = 1min});
  const Batch batch = all_of(one);
  EXPECT_THAT(keys_in(batch), ElementsAre(old));
  graph_.pass(5min);
  (void)all_of(one);
  EXPECT_LE(batch.observed_until, wall_clock() - 5min);
}

TEST_F(Reading, TellsHowFarItHasSeen) {
  const Made one = made(graph_);
  const plugin::Time before = wall_clock();
  const Batch batch = all_of(one);
  EXPECT_TRUE(batch.caught_up);
  EXPECT_LE(batch.observed_until, wall_clock() - 60s);
  EXPECT_GE(batch.observed_until, before - 63s);
}

TEST_F(Reading, FollowsNoLinkToAnotherHost) {
  for (const char* host :
       {"http://evil.test/graph", "http://127.0.0.1:1/graph", "https://graph.microsoft.com"}) {
    FakeGraph graph;
    for (int i = 0; i < 20; ++i) (void)graph.sign_in("alice", {});
    graph.set([&](FakeGraph& it) { it.next_link_host = host; });
    EXPECT_THAT(complaint(made(graph)), HasSubstr("@odata.nextLink leads to another host")) << host;
  }
  for (int i = 0; i < 20; ++i) (void)sign_in("alice");
  graph_.set([](FakeGraph& it) { it.next_link_host = it.authority(); });
  const Made one = made(graph_);
  EXPECT_THAT(complaint(one), HasSubstr("leads out of the configured url"));
  EXPECT_EQ(graph_.asked("/login/v1.0"), 0U);
  graph_.set([](FakeGraph& it) { it.next_link_host.clear(); });
  EXPECT_THAT(all_of(one).sightings, SizeIs(20));
}

TEST_F(Reading, EndsWherePagesGoRoundInACircle) {
  (void)sign_in("alice");
  graph_.set([](FakeGraph& it) { it.loops = true; });
  EXPECT_THAT(complaint(made(graph_)), HasSubstr("its pages lead back to one that was read"));
}

TEST_F(Reading, HalvesASpanThatHoldsTooMuch) {
  oauth::entra::GraphApi api({.server = {.url = graph_.url()},
                              .authority = {.url = graph_.authority()},
                              .token_path = "/" + std::string(FakeGraph::tenant) + "/oauth2/v2.0/token",
                              .credentials = {.id = "curfew",
                                              .secret = "right",
                                              .authentication = oauth::ClientAuthentication::Post,
                                              .scope = graph_.url() + "/.default"},
                              .terms = {}});
  const oauth::Ground ground{.source = "entra", .digest = digest_of, .now = wall_clock, .log = {}};
  oauth::entra::SignInReader reader(api, ground,
                                    {.log = oauth::entra::sign_in_log(true),
                                     .page = 10,
                                     .arrival_delay = 60s,
                                     .settle = 0s,
                                     .history = 1h,
                                     .most_kept = 25});
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) expected.push_back(sign_in("alice", {.ago = 3000s - i * 10s}));
  std::vector<std::string> told;
  for (bool caught_up = false; !caught_up;) {
    const Batch batch = reader.read(wall_clock() + 4s);
    EXPECT_LE(batch.sightings.size(), 25U);
    for (const std::string& key : keys_in(batch)) told.push_back(key);
    caught_up = batch.caught_up;
  }
  EXPECT_EQ(told, expected);
}

TEST_F(Reading, WaitsWhereGraphAsksTo) {
  const Made one = made(graph_);
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) expected.push_back(sign_in("alice", {.ago = 50s - i * 1s}));
  graph_.set([](FakeGraph& it) { it.throttle_every = 3; });  // with and without Retry-After
  EXPECT_THAT(keys_in(all_of(one)), ElementsAreArray(expected));
  EXPECT_THAT(one->coverage(), Not(HasSubstr("\"throttled\":0")));
  graph_.set([](FakeGraph& it) { it.throttle_every = 0; });
  const std::string next = sign_in("bob");
  graph_.next_answer({.status = 503, .body = "{}", .only_for = "/auditLogs"});
  EXPECT_THAT(keys_in(all_of(one)), ElementsAre(next));
}

TEST_F(Reading, LetsAnOrderPassWhileTheLogsAreThrottled) {
  const Made one = made(graph_);
  (void)all_of(one);
  graph_.next_answer(
      {.status = 429, .body = "{}", .headers = "Retry-After: 600\r\n", .only_for = "/auditLogs"});
  EXPECT_THAT(complaint(one), HasSubstr("asked for no more calls for 600 s (throttled)"));
  plugin::Action order;
  order.step = plugin::Step::RevokeTokens;
  order.identifiers = {{"entra_object", graph_.people["alice"].id}};
  order.deadline = wall_clock() + 5s;
  EXPECT_EQ(one->act(order).code, Code::Ok);
}

TEST_F(Reading, ReadsACutAnswerAgain) {
  const Made one = made(graph_);
  std::vector<std::string> expected;
  for (int i = 0; i < 25; ++i) expected.push_back(sign_in("alice", {.ago = 50s - i * 1s}));
  // Whole by its length, and no whole JSON.
  graph_.next_answer({.status = 200, .body = R"({"value":[{"id":"x","creat)", .only_for = "skiptoken"});
  EXPECT_THAT(complaint(one), HasSubstr("no whole JSON object: cut or damaged"));
  EXPECT_EQ(keys_in(all_of(one)), expected);
  // The connection ends within the answer: asked again at once.
  const std::string next = sign_in("alice");
  graph_.next_answer({.status = 200, .cut_after = 40, .only_for = "/auditLogs"});
  EXPECT_THAT(keys_in(all_of(one)), ElementsAre(next));
}

TEST_F(Reading, CountsOnceWhatCantBeRead) {
  const Made one = made(graph_);
  json broken = graph_.record("alice", 0, {});
  broken.erase("status");
  graph_.add_record(broken);
  const std::string good = sign_in("alice");
  const Batch batch = all_of(one);
  EXPECT_THAT(keys_in(batch), ElementsAre(good));
  EXPECT_EQ(batch.read, 2U);
  EXPECT_EQ(batch.unreadable, 1U);
  const Batch again = all_of(one);
  EXPECT_EQ(again.read, 0U);
  EXPECT_EQ(again.unreadable, 0U);
}

TEST_F(Reading, SaysWhichPermissionIsMissing) {
  graph_.set([](FakeGraph& it) { it.permissions.erase("AuditLog.Read.All"); });
  const std::string said = complaint(made(graph_));
  EXPECT_THAT(said, HasSubstr("403 (Authentication_MSGraphPermissionMissing)"));
  EXPECT_THAT(said, HasSubstr("grant the application permission AuditLog.Read.All and Directory.Read.All"));
  EXPECT_THAT(said, Not(HasSubstr("alice")));
}

TEST_F(Reading, SaysThatTheLicenceIsMissing) {
  graph_.set([](FakeGraph& it) { it.has_licence = false; });
  EXPECT_THAT(complaint(made(graph_)), HasSubstr("need a licence, Microsoft Entra ID P1 or P2"));
}

TEST_F(Reading, SaysThatTheSecretIsOver) {
  const Made one = made(graph_, {{"client_secret", "an-old-secret"}});
  for (int i = 0; i < 3; ++i) {
    const std::string said = complaint(one);
    EXPECT_THAT(said,
                HasSubstr("(401, invalid_client, AADSTS7000222): is client_secret right and not expired"));
    EXPECT_THAT(said, Not(HasSubstr("an-old-secret")));
  }
  EXPECT_EQ(graph_.asked("/oauth2/v2.0/token"), 1U);
}

TEST_F(Reading, SaysThatTheTenantIsWrong) {
  EXPECT_THAT(complaint(made(graph_, {{"entra", {{"tenant", "other.test"}}}})), HasSubstr("AADSTS90002"));
}

TEST_F(Reading, SaysThatTheScopeIsOfAnotherCloud) {
  EXPECT_THAT(complaint(made(graph_, {{"entra", {{"scope", "https://graph.microsoft.us/.default"}}}})),
              HasSubstr("invalid_scope"));
}

TEST_F(Reading, RenewsATokenThatWasRevokedOnce) {
  const Made one = made(graph_);
  (void)all_of(one);
  const std::size_t before = graph_.asked("/oauth2/v2.0/token");
  graph_.revoke_tokens();
  const std::string next = sign_in("alice");
  EXPECT_THAT(keys_in(all_of(one)), ElementsAre(next));
  EXPECT_EQ(graph_.asked("/oauth2/v2.0/token"), before + 1);
  for (int i = 0; i < 2; ++i)
    graph_.next_answer({.status = 401,
                        .body = R"({"error":{"code":"InvalidAuthenticationToken"}})",
                        .only_for = "/auditLogs"});
  const std::string said = complaint(one);
  EXPECT_THAT(said, HasSubstr("(401, InvalidAuthenticationToken)"));
  EXPECT_THAT(said, Not(HasSubstr("token-")));
}

// Graph's clock counts, whichever of the two is wrong.
TEST_F(Reading, KeepsGraphsTimeAndSaysThatTheClocksDiffer) {
  for (const plugin::Duration skew : {plugin::Duration(1h), plugin::Duration(-1h)}) {
    FakeGraph graph;
    graph.pass(skew);
    std::string cursor;
    for (int round = 0; round < 3; ++round) {
      const Made one = made(graph, json::object(), cursor);
      (void)graph.sign_in("alice", {});
      EXPECT_THAT(keys_in(all_of(one)), ElementsAre(graph.last_record()));
      EXPECT_THAT(*one.log, Contains(HasSubstr("Graph's clock is ahead of ours by")));
      (void)graph.sign_in("alice", {});
      const Batch batch = all_of(one);
      EXPECT_THAT(keys_in(batch), ElementsAre(graph.last_record()));
      cursor = batch.cursor;
    }
  }
}

TEST_F(Reading, RefusesACursorThatIsNotItsOwn) {
  for (const char* wrong : {"{}", "x", R"({"users":{}})", R"({"from":"a","polled":0,"known":[]})"})
    EXPECT_THROW((void)made(graph_, json::object(), wrong), plugin::Failure) << wrong;
}

// Whatever comes when, in any order of pages, with faults and restarts: each once.
TEST_F(Reading, TellsEachOfARandomHistoryOnce) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int history = 0; history < 6; ++history) {
    FakeGraph graph;
    graph.set([&](FakeGraph& it) { it.order = static_cast<FakeGraph::Order>(history % 3); });
    std::multiset<std::string> told;
    std::set<std::string> expected;
    std::string cursor;
    Made one = made(graph);
    const auto happen = [&] {
      for (int i = up_to(6); i > 0; --i) {
        const plugin::Duration ago = std::chrono::seconds(up_to(20)), late = std::chrono::seconds(up_to(30));
        const char* const who = up_to(1) == 0 ? "alice" : "bob";
        if (up_to(3) == 0)
          graph.fail_sign_in(who, 50126, {.ago = ago, .late = late});
        else
          (void)graph.sign_in(who, {.ago = ago, .late = late});
        expected.insert(graph.last_record());
      }
    };
    const auto read = [&] {
      try {
        for (bool caught_up = false; !caught_up;) {
          const Batch batch = one->since(wall_clock() + 4s);
          for (const std::string& key : keys_in(batch)) told.insert(key);
          if (!batch.cursor.empty()) cursor = batch.cursor;
          caught_up = batch.caught_up;
        }
      } catch (const plugin::Failure&) {
        // The next one reads it again.
      }
    };
    for (int round = 0; round < 15; ++round) {
      happen();
      graph.pass(std::chrono::milliseconds(up_to(15'000)));
      if (up_to(2) == 0) graph.before("skiptoken", happen);
      if (up_to(3) == 0) graph.next_answer({.status = 500, .body = "x", .only_for = "/auditLogs"});
      if (up_to(5) == 0)
        graph.next_answer({.status = 200, .body = R"({"value":[)", .only_for = "/auditLogs"});
      read();
      if (up_to(4) == 0) one = made(graph, json::object(), cursor);
    }
    graph.forget_before();
    graph.pass(61s);
    for (int i = 0; i < 4; ++i) read();
    for (const std::string& key : expected)
      EXPECT_EQ(told.count(key), 1U) << key << " of history " << history;
    EXPECT_EQ(told.size(), expected.size());
    EXPECT_THAT(graph.complaints(), IsEmpty());
  }
}

}  // namespace
}  // namespace curfew::entra_test
