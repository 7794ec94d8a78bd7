// Stores in PostgreSQL and MariaDB: what they list, end and prove, and what they don't claim when the
// database is down, slow, cut off, garbled, behind, or hides rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/plugins/forms_stores/databases.hpp"

namespace curfew::forms_test {
namespace {

using forms::Found;
using forms::make_store;
using forms::SessionName;
using forms::Store;
using forms::StoredSession;
using plugin::Code;
using plugin::Failure;
using plugin::Liveness;
using support::Answers;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class SqlStore : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    database_ = fresh(GetParam());
    if (!database_) GTEST_SKIP() << "mariadb-server is not installed";
    database_->fill();
  }
  std::unique_ptr<Store> store() { return store(database_->table_settings()); }
  static std::unique_ptr<Store> store(const nlohmann::json& settings) { return make_store(settings.dump()); }
  static Liveness lives(Store& store, const std::string& id) {
    return store.prove({.id = id, .subject = {}}, in(5s)).liveness;
  }
  static std::vector<StoredSession> listed(Store& store) {
    std::vector<StoredSession> all;
    store.list([&](const StoredSession& session) { all.push_back(session); }, in(5s));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name.id < b.name.id; });
    return all;
  }
  std::string left() { return database_->ask("SELECT concat('', count(*)) FROM app_session"); }

  std::unique_ptr<Database> database_;
};

TEST_P(SqlStore, ListsWhoIsSignedInSinceWhen) {
  const auto all = listed(*store());
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].name.id, "a1");
  EXPECT_EQ(all[0].name.subject, "alice");
  EXPECT_EQ(all[0].started_at.time_since_epoch().count(), 1795290000500000);
  EXPECT_EQ(all[0].last_activity_at.time_since_epoch().count(), 1795290100000000);
  EXPECT_EQ(all[1].last_activity_at, plugin::Time{});
  EXPECT_EQ(all[2].name.subject, "bob");
}

TEST_P(SqlStore, AnEndedSessionIsDeadAndItsNeighboursLive) {
  const auto sessions = store();
  EXPECT_EQ(lives(*sessions, "a1"), Liveness::Alive);
  EXPECT_EQ(sessions->end({.id = "a1", .subject = {}}, in(5s)).code, Code::Ok);
  EXPECT_EQ(lives(*sessions, "a1"), Liveness::Dead);
  EXPECT_EQ(lives(*sessions, "a2"), Liveness::Alive);
  EXPECT_EQ(lives(*sessions, "b1"), Liveness::Alive);
  EXPECT_EQ(sessions->end({.id = "a1", .subject = {}}, in(5s)).code, Code::NotFound);
}

TEST_P(SqlStore, AllOfAPersonsSessionsEndAtOnce) {
  const auto sessions = store();
  EXPECT_EQ(sessions->end_subject("alice", in(5s)).code, Code::Ok);
  EXPECT_EQ(lives(*sessions, "a2"), Liveness::Dead);
  EXPECT_EQ(lives(*sessions, "b1"), Liveness::Alive);
  EXPECT_EQ(sessions->end_subject("alice", in(5s)).code, Code::NotFound);
}

TEST_P(SqlStore, AnIdIsNeverPartOfAStatement) {
  const auto sessions = store();
  for (const std::string id :
       {"' OR '1'='1", "a1' --", "a1; DROP TABLE app_session", "\\", "{session}", "$1", "?"}) {
    EXPECT_EQ(lives(*sessions, id), Liveness::Dead) << id;
    EXPECT_EQ(sessions->end({.id = id, .subject = {}}, in(5s)).code, Code::NotFound) << id;
  }
  EXPECT_EQ(left(), "3");
}

TEST_P(SqlStore, ADatabaseThatIsAwayProvesNothing) {
  const auto sessions = store();
  EXPECT_EQ(lives(*sessions, "gone"), Liveness::Dead);
  database_->proxy().answers(Answers::Cut, 0);
  const Found found = sessions->prove({.id = "gone", .subject = {}}, in(5s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, Not(testing::IsEmpty()));
  try {
    (void)sessions->end({.id = "a1", .subject = {}}, in(5s));
    FAIL() << "nobody was there to end it";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::Unavailable);
  }
  EXPECT_THROW(listed(*sessions), Failure);
  database_->proxy().answers(Answers::Pass);
  EXPECT_EQ(lives(*sessions, "gone"), Liveness::Dead);
  EXPECT_EQ(lives(*sessions, "a1"), Liveness::Alive);
}

TEST_P(SqlStore, ADatabaseThatSaysNothingIsLeftAtTheDeadline) {
  const auto sessions = store();
  EXPECT_EQ(lives(*sessions, "gone"), Liveness::Dead);
  database_->proxy().answers(Answers::Slow);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(sessions->prove({.id = "gone", .subject = {}}, in(500ms)).liveness, Liveness::Unknown);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
  database_->proxy().answers(Answers::Pass);
  EXPECT_EQ(lives(*sessions, "gone"), Liveness::Dead);
}

TEST_P(SqlStore, ADatabaseThatIsSlowFromTheFirstByteIsLeftAtTheDeadlineToo) {
  database_->proxy().answers(Answers::Slow);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(store()->prove({.id = "gone", .subject = {}}, in(500ms)).liveness, Liveness::Unknown);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
}

TEST_P(SqlStore, AStatementThatTakesTooLongProvesNothing) {
  auto settings = database_->table_settings();
  settings["prove"] =
      "WITH slow AS (" + database_->sleeping(30) + ") SELECT 1 FROM slow, app_session WHERE id = {session}";
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(store(settings)->prove({.id = "gone", .subject = {}}, in(10s)).liveness, Liveness::Unknown);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_P(SqlStore, GarbageProvesNothing) {
  for (const bool from_the_start : {true, false}) {
    const auto sessions = store();
    database_->proxy().answers(Answers::Pass);
    if (!from_the_start) {
      EXPECT_EQ(lives(*sessions, "gone"), Liveness::Dead);
    }
    database_->proxy().answers(Answers::Garbage);
    EXPECT_EQ(sessions->prove({.id = "gone", .subject = {}}, in(3s)).liveness, Liveness::Unknown);
    EXPECT_THROW(listed(*sessions), Failure);
  }
}

// Cut after each byte of connecting and answering: never dead for who lives, nor alive for who doesn't, and
// no list with a part missing.
TEST_P(SqlStore, AnAnswerCutAnywhereProvesNothing) {
  database_->proxy().answers(Answers::Pass);
  EXPECT_EQ(lives(*store(), "a1"), Liveness::Alive);
  const std::size_t whole = database_->proxy().passed();
  ASSERT_GT(whole, 50U);
  std::size_t unknown = 0;
  // To connect takes most of the bytes; in the answer itself each counts.
  for (std::size_t bytes = 0; bytes <= whole; bytes += bytes + 120 < whole ? 9 : 1) {
    database_->proxy().answers(Answers::Cut, bytes);
    const Liveness living = lives(*store(), "a1");
    EXPECT_NE(living, Liveness::Dead) << "cut after " << bytes;
    unknown += living == Liveness::Unknown ? 1 : 0;
    database_->proxy().answers(Answers::Cut, bytes);
    EXPECT_NE(lives(*store(), "gone"), Liveness::Alive) << "cut after " << bytes;
  }
  EXPECT_GT(unknown, 50U);
}

TEST_P(SqlStore, AListCutAnywhereIsNoList) {
  const auto sessions = store();
  ASSERT_EQ(lives(*sessions, "a1"), Liveness::Alive);
  database_->proxy().answers(Answers::Pass);
  ASSERT_EQ(listed(*sessions).size(), 3U);
  const std::size_t whole = database_->proxy().passed();
  for (std::size_t bytes = 0; bytes <= whole; ++bytes) {
    database_->proxy().answers(Answers::Pass);
    ASSERT_EQ(lives(*sessions, "a1"), Liveness::Alive);  // a kept connection
    database_->proxy().answers(Answers::Cut, bytes);
    try {
      EXPECT_EQ(listed(*sessions).size(), 3U) << "cut after " << bytes;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::Unavailable) << failure.what();
    }
  }
}

TEST_P(SqlStore, AServerThatOnlyFollowsAnotherProvesNothing) {
  database_->be_read_only(true);
  const Found found = store()->prove({.id = "gone", .subject = {}}, in(5s));
  database_->be_read_only(false);
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, HasSubstr("read-"));
}

TEST_P(SqlStore, ErrorsNameTheSettingAndNeverTheId) {
  auto settings = database_->table_settings();
  settings["prove"] = "SELECT 1 FROM no_such_table WHERE id = {session}";
  Found found = store(settings)->prove({.id = "secret-cookie", .subject = {}}, in(5s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, HasSubstr("store.prove"));
  EXPECT_THAT(found.text, Not(HasSubstr("secret-cookie")));
  settings["prove"] = GetParam() == Kind::Postgresql
                          ? "SELECT 1 FROM app_session WHERE started = {session}::text::int"
                          : "SELECT 1 FROM app_session WHERE id = JSON_ARRAY_APPEND({session}, "
                            "CONVERT({session} USING nonsense))";
  found = store(settings)->prove({.id = "secret-cookie", .subject = {}}, in(5s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, Not(HasSubstr("secret-cookie")));
  settings["password"] = "a wrong password";
  found = store(settings)->prove({.id = "secret-cookie", .subject = {}}, in(5s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, HasSubstr("check host, user, password"));
  EXPECT_THAT(found.text, Not(HasSubstr("a wrong password")));
}

TEST_P(SqlStore, OneUserWithoutTheRightToLookProvesNothing) {
  database_->run("REVOKE SELECT ON app_session FROM looker");
  EXPECT_EQ(lives(*store(), "gone"), Liveness::Unknown);
}

TEST_P(SqlStore, ManyAskAtOnce) {
  const auto sessions = store();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 12; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        if (lives(*sessions, "a1") == Liveness::Alive && lives(*sessions, "gone") == Liveness::Dead) ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 240);
}

TEST_P(SqlStore, ThePresetForApacheNeverReadsThePassword) {
  const bool is_postgresql = GetParam() == Kind::Postgresql;
  const std::string key = is_postgresql ? "key" : "`key`";
  database_->run("CREATE TABLE session (" + key +
                 " varchar(64) PRIMARY KEY, value text, expiry bigint NOT NULL)");
  database_->run(
      "INSERT INTO session VALUES ('for-ever', 'realm-user=carol&realm-pw=F0rm-pw', 0), ('today', "
      "'realm-pw=F0rm-pw', 4102444800000000), ('over', 'realm-pw=F0rm-pw', 1795295463651593)");
  // The database itself would refuse to show it.
  database_->run("GRANT SELECT (" + key + ", expiry), DELETE ON session TO looker");
  auto settings = database_->settings();
  settings["preset"] = "mod_session_dbd";
  const auto sessions = store(settings);
  const auto all = listed(*sessions);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name.id, "for-ever");
  EXPECT_EQ(all[0].name.subject, "");
  EXPECT_EQ(all[1].expires_at.time_since_epoch().count(), 4102444800000000);
  EXPECT_EQ(lives(*sessions, "for-ever"), Liveness::Alive);
  EXPECT_EQ(lives(*sessions, "over"), Liveness::Dead);
  EXPECT_EQ(sessions->end({.id = "today", .subject = {}}, in(5s)).code, Code::Ok);
  EXPECT_EQ(lives(*sessions, "today"), Liveness::Dead);
  EXPECT_EQ(database_->ask("SELECT concat('', count(*)) FROM session"), "2");
  for (const std::string query :
       {"SELECT * FROM session WHERE key = {session}", "SELECT Value FROM session WHERE key = {session}",
        "SELECT s.* FROM session s WHERE key = {session}"}) {
    settings["prove"] = query;
    EXPECT_THROW(store(settings), Failure) << query;
  }
}

TEST_P(SqlStore, ThePresetForDjangoKnowsSessionsAndNotWhoseTheyAre) {
  database_->run(
      "CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, "
      "expire_date " +
      std::string(GetParam() == Kind::Postgresql ? "timestamptz" : "datetime(6)") + " NOT NULL)");
  database_->run(
      "INSERT INTO django_session VALUES ('lives', 'signed', '2100-01-01 00:00:00'), ('over', 'signed', "
      "'2020-01-01 00:00:00')");
  database_->run("GRANT SELECT (session_key, expire_date), DELETE ON django_session TO looker");
  auto settings = database_->settings();
  settings["preset"] = "django";
  const auto sessions = store(settings);
  const auto all = listed(*sessions);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name.id, "lives");
  EXPECT_EQ(all[0].name.subject, "");
  EXPECT_EQ(lives(*sessions, "lives"), Liveness::Alive);
  EXPECT_EQ(lives(*sessions, "over"), Liveness::Dead);
  EXPECT_EQ(sessions->end({.id = "lives", .subject = {}}, in(5s)).code, Code::Ok);
  EXPECT_EQ(lives(*sessions, "lives"), Liveness::Dead);
}

INSTANTIATE_TEST_SUITE_P(Databases, SqlStore, testing::Values(Kind::Postgresql, Kind::Mariadb),
                         [](const auto& one) {
                           return one.param == Kind::Postgresql ? "Postgresql" : "Mariadb";
                         });

TEST(SqlStoreOnPostgresql, ARowThatARuleHidesIsNotARowThatIsGone) {
  const auto database = fresh(Kind::Postgresql);
  database->fill();
  database->run(
      "ALTER TABLE app_session ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON app_session USING (person = "
      "'bob')");
  const auto store = make_store(database->table_settings().dump());
  const Found found = store->prove({.id = "a1", .subject = {}}, in(5s));
  EXPECT_EQ(found.liveness, Liveness::Unknown);
  EXPECT_THAT(found.text, HasSubstr("row-level security"));
}

}  // namespace
}  // namespace curfew::forms_test
