// SIGKILL at named and at random moments of sign-outs. The source keeps a file of its own of what it was told
// to do: each act in it must have an intent that was committed before it, no act may be repeated, and what a
// killed daemon left in doubt is looked at. 10 kills; CURFEW_KILLS for more.
#include <Poco/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "core/base/error.hpp"
#include "tests/integration/acts/trail.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::acts_test {
namespace {

using app_test::Ended;
using testing::IsEmpty;

constexpr std::array points{"app.before_act",    "app.after_act",       "anywhere",
                            "app.before_commit", "store.before_commit", "store.after_commit",
                            "app.after_commit",  "app.after_take"};
constexpr int sessions_a_life = 9;

const char* const policies = R"(
policies:
  - name: one-second
    rule: session_timeout
    limit: 1s
    mode: enforce
    scope: {account_types: [human]}
    ladder: [{action: sign_out_session, prove_within: 1s}, {action: sign_out_subject, prove_within: 1s}]
safety: {most_sign_outs_per_minute: 100000, protected_accounts: ["upn:admin@corp.test"]}
)";

// Sessions that are over their limit at once. The source only claims to end every third one: for these the
// ladder's second step is due. The last one is out of scope and lives on: what a look is compared with.
std::string script_of(int life) {
  std::string script;
  for (int i = 0; i <= sessions_a_life; ++i) {
    const std::string name = std::to_string(life) + "-" + std::to_string(i);
    const bool is_control = i == sessions_a_life;
    script += R"({"at":"-)" + std::to_string(20'000 - life) + R"(s","type":"sign_in","session":")" + name +
              R"(","identifiers":{"upn":")" + name + R"(@corp.test"},"account_type":")" +
              (is_control ? "service" : "human") + "\"}\n";
    if (i % 3 == 2)
      script += R"({"on":"sign_out_session","session":")" + name +
                R"(","answer":"lie"})"
                "\n";
  }
  return script;
}

class Acts : public testing::Test {
 protected:
  Acts() : database_(cluster_.fresh_database()) {
    track_commits();
    daemon_.configure("database: {url: \"" + database_.application.conninfo + "\"}" + policies);
  }

  // The server then knows when each transaction was committed.
  void track_commits() {
    auto& server = cluster_.server();
    store::ServerConnection(server.owner("postgres")).execute("ALTER SYSTEM SET track_commit_timestamp = on");
    ::kill(server.postmaster(), SIGINT);
    ASSERT_TRUE(daemon_.until([&] { return server.revive(); }));
    ASSERT_TRUE(daemon_.until([&] {
      try {
        store::ServerConnection connection(database_.owner);
        return connection.query("SHOW track_commit_timestamp", {}).text(0, 0) == "on";
      } catch (const Error&) {
        return false;  // not up yet
      }
    }));
  }

  std::int64_t number(const std::string& sql) {
    store::ServerConnection connection(database_.owner);
    return connection.query(sql, {}).number(0, 0);
  }
  [[nodiscard]] std::vector<Act> acts() const { return read_acts(daemon_.folder() / "acts"); }
  bool all_is_concluded(int lives) {
    return number("SELECT count(*) FROM curfew.sign_out WHERE concluded_at <> 0") == lives * sessions_a_life;
  }

  // The ledger as a dead daemon leaves it: the server has let go of its last transaction.
  std::vector<Entry> ledger_left_behind() {
    store::ServerConnection connection(database_.owner);
    EXPECT_TRUE(daemon_.until([&] {
      return connection
                 .query(
                     "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
                     "pg_backend_pid()",
                     {})
                 .number(0, 0) == 0;
    }));
    return read_trail(connection);
  }

  // One life, to its death; where it died.
  std::string live_and_die(const std::string& point, std::mt19937& random) {
    const bool by_name = point != "anywhere";
    const int count = std::uniform_int_distribution(1, point.ends_with("_act") ? 6 : 20)(random);
    const std::size_t before = acts().size();
    const std::map<std::string, std::string> armed{
        {"CURFEW_KILL_POINT", point + ":" + std::to_string(count)}};
    if (!daemon_.try_start(by_name ? armed : std::map<std::string, std::string>{})) {
      ADD_FAILURE() << "neither ready nor ended\n" << daemon_.log();
      return "nowhere";
    }
    const auto after = static_cast<std::size_t>(std::uniform_int_distribution(0, sessions_a_life)(random));
    EXPECT_TRUE(daemon_.until([&] {
      if (daemon_.has_ended() || all_is_concluded(lives_)) return true;
      return !by_name && acts().size() >= before + after;
    }));
    const bool by_itself = daemon_.has_ended();
    const Ended ended = daemon_.stop(SIGKILL);
    EXPECT_EQ(ended.signal, SIGKILL) << ended.err;
    return by_itself || !by_name ? point : "at rest";
  }

  support::Cluster cluster_{true};
  support::Database database_;
  app_test::ScriptedDaemon daemon_;
  std::string script_;
  int lives_ = 0;
};

TEST_F(Acts, EachHasItsIntentCommittedBeforeAndIsDoneOnceHoweverOftenTheDaemonIsKilled) {
  const char* wanted = std::getenv("CURFEW_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 10;
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  std::map<std::string, int> hits;
  for (int i = 0; i < kills; ++i) {
    script_ += script_of(lives_++);
    daemon_.script(script_);
    const std::string where = live_and_die(points[static_cast<std::size_t>(i) % points.size()], random);
    ++hits[where];
    // Before anything else is started: what was done must be in the ledger as it is now.
    ASSERT_THAT(wrong_with(acts(), ledger_left_behind()), IsEmpty())
        << "killed " << where << ", life " << i << ", seed " << seed;
  }

  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] { return all_is_concluded(lives_); }));
  EXPECT_EQ(daemon_.stop().code, 0);
  const std::vector<Act> done = acts();
  const std::vector<Entry> ledger = ledger_left_behind();
  EXPECT_THAT(wrong_with(done, ledger), IsEmpty()) << "seed " << seed;
  EXPECT_THAT(left_unresolved(ledger), IsEmpty()) << "seed " << seed;
  // What the source really ended was found to be so, also by a daemon that did not do it.
  const auto ended =
      std::count_if(done.begin(), done.end(), [](const Act& act) { return act.ended_something; });
  EXPECT_GT(ended, lives_);
  EXPECT_EQ(number("SELECT count(*) FROM curfew.sign_out WHERE outcome = 'proven'"), ended)
      << "seed " << seed;
  for (const auto& [where, count] : hits) std::printf("killed %s: %d\n", where.c_str(), count);
  std::printf("%zu acts, %td ended a session; %zu intents were left in doubt\n", done.size(), ended,
              in_doubt(ledger));

  const Ended replayed = app_test::run_curfew({"replay", "--config", daemon_.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
}

// Its source has no other step to fall back on: what was not done must be done.
TEST_F(Acts, AStepThatADaemonMeantAndNeverDidIsDoneByTheNextOneAfterALook) {
  daemon_.configure("database: {url: \"" + database_.application.conninfo + "\"}" + R"(
policies:
  - name: one-second
    rule: session_timeout
    limit: 1s
    mode: enforce
    scope: {account_types: [human]}
    ladder: [{action: sign_out_session, prove_within: 2s}]
safety: {most_sign_outs_per_minute: 100, protected_accounts: ["upn:admin@corp.test"]}
)");
  daemon_.script(R"({"at":"-20s","type":"sign_in","session":"a","account_type":"human"}
{"at":"-20s","type":"sign_in","session":"b","account_type":"service"}
)");
  for (const char* point : {"app.before_act:1", "app.after_act:1"}) {
    SCOPED_TRACE(point);
    ASSERT_TRUE(daemon_.try_start({{"CURFEW_KILL_POINT", point}}));
    ASSERT_TRUE(daemon_.until([&] { return daemon_.has_ended(); }));
    EXPECT_EQ(daemon_.stop().signal, SIGKILL);
    const bool before = std::string(point).starts_with("app.before");
    EXPECT_EQ(acts().size(), before ? 0U : 1U);
    ASSERT_THAT(wrong_with(acts(), ledger_left_behind()), IsEmpty());
  }
  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] {
    return number("SELECT count(*) FROM curfew.sign_out WHERE concluded_at <> 0 AND outcome = 'proven'") == 1;
  })) << daemon_.get("/api/v1/sign-outs").dump(1);
  EXPECT_EQ(daemon_.stop().code, 0);
  // Not before the first look, and not again once the look had shown its effect.
  EXPECT_EQ(acts().size(), 1U);
  EXPECT_EQ(number("SELECT count(*) FROM curfew.entry WHERE kind = 'intent'"), 2);
  EXPECT_THAT(wrong_with(acts(), ledger_left_behind()), IsEmpty());
  EXPECT_THAT(left_unresolved(ledger_left_behind()), IsEmpty());
}

}  // namespace
}  // namespace curfew::acts_test
