// The database goes away under a running daemon: before a COMMIT, between COMMIT and answer, with its server,
// for a while; and it refuses. What was acknowledged is stored, once, and the daemon goes on by itself when
// it can.
#include <Poco/Exception.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "core/base/time.hpp"
#include "core/store/cluster_files.hpp"
#include "core/store/migrations.hpp"
#include "core/store/server_connection.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/database_proxy.hpp"
#include "tests/support/webhook_receiver.hpp"

namespace curfew::app_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using support::Cut;
using testing::HasSubstr;

class Away : public testing::Test {
 protected:
  // A daemon whose database is reached with this connection string; empty: the embedded one.
  void start(const std::string& conninfo, const std::string& more = {}) {
    daemon_.script("");
    daemon_.configure(
        "    ingest: true\n" +
        (conninfo.empty() ? std::string{} : "database: {url: \"" + readable(conninfo) + "\"}\n") + more);
    daemon_.start();
  }
  // With a password file of the daemon's own user: started by root, it is not ours.
  std::string readable(const std::string& conninfo) {
    const std::string key = "passfile='";
    const auto begin = conninfo.find(key) + key.size();
    const std::string original = conninfo.substr(begin, conninfo.find('\'', begin) - begin);
    const std::string copy = (daemon_.folder() / "database.pgpass").string();
    fs::copy_file(original, copy, fs::copy_options::overwrite_existing);
    fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write);
    if (const auto user = store::system_identity("curfew")) {
      EXPECT_EQ(chown(copy.c_str(), user->user, user->group), 0);
    }
    return at(conninfo, original, copy);
  }
  // Through the proxy, to a database of its own.
  void start_behind_proxy(const std::string& more = {}) {
    auto& server = support::Cluster::instance().server();
    proxy_.emplace(folder_.path(), server.socket_directory());
    start(at(database_.application.conninfo, server.socket_directory().string(), folder_.path().string()),
          more);
  }
  static std::string at(std::string conninfo, const std::string& from, const std::string& to) {
    return conninfo.replace(conninfo.find(from), from.size(), to);
  }

  Reply push(const std::string& id) {
    const json body{{"type", "sign_in"},
                    {"key", id},
                    {"session", {{"id", id}}},
                    {"account_type", "service"},
                    {"occurred_at", base::format_rfc3339(base::wall_clock_now())},
                    {"application", id}};
    return daemon_.request("POST", "/api/v1/ingest/crm", body.dump());
  }
  std::string next() { return "pushed-" + std::to_string(count_++); }
  // As a client does: the same observation again until it is taken.
  void push_until_taken(const std::string& id) {
    EXPECT_TRUE(daemon_.until([&] {
      if (daemon_.has_ended()) {
        ADD_FAILURE() << "the daemon ended:\n" << daemon_.log();
        return true;
      }
      const Reply reply = push(id);
      if (reply.status == 202) return true;
      EXPECT_EQ(reply.status, 503) << reply.body;
      EXPECT_FALSE(reply.retry_after.empty());
      return false;
    })) << id;
    acknowledged_.insert(id);
  }
  bool is_ready() { return daemon_.request("GET", "/readyz").status == 200; }
  double metric(const std::string& name) {
    const std::string page = daemon_.request("GET", "/metrics").body;
    const auto line = page.find("\n" + name + " ");
    if (line == std::string::npos) throw std::runtime_error("no metric " + name);
    return std::stod(page.substr(line + name.size() + 2));
  }

  // Each acknowledged observation is one session, and the ledger verifies.
  void expect_all_once() {
    std::multiset<std::string> stored;
    std::string after;
    while (true) {
      const json page = daemon_.get("/api/v1/sessions?limit=1000" + (after.empty() ? "" : "&after=" + after));
      for (const json& row : page["sessions"]) stored.insert(row["application"].get<std::string>());
      if (!page["next"].is_string()) break;
      after = page["next"].get<std::string>();
    }
    for (const std::string& id : acknowledged_) EXPECT_EQ(stored.count(id), 1U) << id;
    EXPECT_EQ(stored.size(), acknowledged_.size());
    EXPECT_EQ(daemon_.stop().code, 0) << daemon_.log();
    const Ended verified = run_curfew(
        {"verify", "--config", daemon_.config(), "--checkpoint", (daemon_.folder() / "outside").string()});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    const Ended replayed = run_curfew({"replay", "--config", daemon_.config()});
    EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
  }

  support::TemporaryDirectory folder_;
  support::Database database_ = support::Cluster::instance().fresh_database();
  std::optional<support::DatabaseProxy> proxy_;
  ScriptedDaemon daemon_;
  std::set<std::string> acknowledged_;
  int count_ = 0;
};

TEST_F(Away, ACommitThatIsCutBeforeInsideOrAfterIsStoredOnce) {
  start_behind_proxy();
  int cuts = 0;
  for (int round = 0; round < 4; ++round) {
    for (const Cut where : {Cut::BeforeCommit, Cut::AtCommit, Cut::AfterCommit}) {
      proxy_->cut(where);
      push_until_taken(next());
      // It was this push's transaction, or one of the daemon's own that came before it.
      EXPECT_EQ(proxy_->cuts(), ++cuts);
      push_until_taken(next());
    }
  }
  expect_all_once();
}

TEST_F(Away, ADatabaseThatIsAwayIsSaidToBeAndTheDaemonGoesOnWhenItIsBack) {
  start_behind_proxy();
  push_until_taken(next());
  EXPECT_EQ(metric("curfew_store_up"), 1);
  EXPECT_EQ(metric("curfew_store_failures_total"), 0);

  proxy_->go_away();
  // Nothing is written now; it is noticed all the same.
  ASSERT_TRUE(daemon_.until([&] { return !is_ready(); }));
  EXPECT_THAT(daemon_.request("GET", "/readyz").body, HasSubstr("nothing is acknowledged"));
  EXPECT_EQ(metric("curfew_store_up"), 0);
  EXPECT_GE(metric("curfew_store_failures_total"), 1);
  EXPECT_EQ(daemon_.request("GET", "/healthz").status, 200);
  const std::string id = next();
  const Reply refused = push(id);
  EXPECT_EQ(refused.status, 503);
  EXPECT_GE(std::stoi(refused.retry_after), 1);

  proxy_->come_back();
  push_until_taken(id);
  EXPECT_TRUE(daemon_.until([&] { return is_ready(); }));
  EXPECT_EQ(metric("curfew_store_up"), 1);
  EXPECT_THAT(daemon_.log(), HasSubstr("the database is back"));
  expect_all_once();
}

TEST_F(Away, PushesThatGoOnThroughManyOutagesAreAllStoredOnce) {
  start_behind_proxy();
  std::atomic<bool> enough = false;
  std::thread client([&] {
    while (!enough) push_until_taken(next());
  });
  for (int round = 0; round < 5; ++round) {
    const double committed = metric("curfew_ledger_size");
    proxy_->go_away();
    EXPECT_TRUE(daemon_.until([&] { return metric("curfew_store_up") == 0; }));
    proxy_->come_back();
    EXPECT_TRUE(daemon_.until([&] { return metric("curfew_ledger_size") > committed; }));
  }
  enough = true;
  client.join();
  EXPECT_GE(acknowledged_.size(), 5U);
  expect_all_once();
}

TEST_F(Away, BackendsThatAreTerminatedAreReplaced) {
  start_behind_proxy();
  store::ServerConnection admin(database_.owner);
  for (int round = 0; round < 5; ++round) {
    push_until_taken(next());
    EXPECT_GE(
        admin
            .query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND "
                   "pid <> pg_backend_pid()",
                   {store::Parameter::text(database_.name)})
            .number(0, 0),
        1);
    push_until_taken(next());
  }
  expect_all_once();
}

TEST_F(Away, AServerThatIsRestartedUnderTheWriterIsFoundAgain) {
  const store::ClusterOptions options{.data_directory = folder_.path() / "server",
                                      .throwaway = false,
                                      .grace = std::chrono::seconds(0),
                                      .start_patience = std::chrono::seconds(60)};
  std::optional<store::EmbeddedCluster> server(options);
  store::migrate(server->owner());
  start(server->application().conninfo);
  for (int round = 0; round < 2; ++round) {
    push_until_taken(next());
    server.reset();
    ASSERT_TRUE(daemon_.until([&] { return !is_ready(); }));
    EXPECT_EQ(push(next()).status, 503);
    server.emplace(options);
    push_until_taken(next());
  }
  expect_all_once();
}

TEST_F(Away, TheEmbeddedServerIsStartedAgainWhenItDies) {
  start({});
  const auto cluster = daemon_.folder() / "data" / "postgres" / "cluster";
  for (int round = 0; round < 2; ++round) {
    push_until_taken(next());
    const auto lock = store::read_postmaster_lock(cluster);
    ASSERT_TRUE(lock.has_value());
    ASSERT_EQ(::kill(lock->process, SIGKILL), 0);
    ASSERT_TRUE(daemon_.until([&] {
      const auto now = store::read_postmaster_lock(cluster);
      return now && now->process != lock->process && now->status == "ready";
    })) << daemon_.log();
    push_until_taken(next());
  }
  EXPECT_THAT(daemon_.log(), HasSubstr("it was started again"));
  expect_all_once();
}

TEST_F(Away, ARightThatIsTakenAwayStopsTheDaemonWithWhatToDoAndNothingIsLost) {
  start_behind_proxy();
  push_until_taken(next());
  store::ServerConnection admin(database_.owner);
  admin.execute("REVOKE INSERT ON curfew.entry FROM curfew_writer");
  const std::string id = next();
  try {
    EXPECT_NE(push(id).status, 202);
  } catch (const Poco::Exception&) {
    // it ended while it was asked: not acknowledged either
  }
  ASSERT_TRUE(daemon_.until([&] { return daemon_.has_ended(); }));
  const Ended ended = daemon_.stop();
  EXPECT_NE(ended.code, 0);
  EXPECT_THAT(ended.err, HasSubstr("permission denied for table entry"));
  EXPECT_THAT(ended.err, HasSubstr("`curfew db status` shows the fences"));
  admin.execute("GRANT INSERT ON curfew.entry TO curfew_writer");
  daemon_.start();
  push_until_taken(id);
  expect_all_once();
}

// Only new connections are refused: those that carry out steps, and tell of them, make theirs at the first
// need.
TEST_F(Away, AStepThatCannotLearnItsNamesFailsAndTheNextOneIsCarriedOut) {
  support::WebhookReceiver hook;
  start_behind_proxy(R"(
policies:
  - name: one-hour
    rule: session_timeout
    limit: 1h
    mode: enforce
    ladder:
      - {action: notify, at: oncall, required: false, prove_within: 1s}
      - {action: sign_out_session, prove_within: 2s}
safety: {most_sign_outs_per_minute: 10, protected_accounts: ["upn:admin@corp.test"]}
notifications:
  - {name: oncall, kind: webhook, url: ")" +
                     hook.url() + "\"}\n");
  const auto sign_in = [&](const std::string& id, std::chrono::minutes ago) {
    const json body{{"type", "sign_in"},
                    {"key", id},
                    {"session", {{"id", id}}},
                    {"identifiers", json::array({{{"namespace", "upn"}, {"value", "alice@corp.test"}}})},
                    {"account_type", "human"},
                    {"occurred_at", base::format_rfc3339(base::wall_clock_now() - ago)}};
    const Reply reply = daemon_.request("POST", "/api/v1/ingest/crm", body.dump());
    EXPECT_EQ(reply.status, 202) << reply.body;
  };
  // Asked over what the API is connected by already.
  const auto concluded = [&](const std::string& order) -> json {
    json row;
    EXPECT_TRUE(daemon_.until([&] {
      const Reply reply = daemon_.request("GET", "/api/v1/sign-outs/" + order);
      if (reply.status != 200) return false;
      row = json::parse(reply.body);
      return !row["concluded_at"].is_null();
    })) << row.dump(1)
        << daemon_.log();
    return row;
  };
  EXPECT_EQ(daemon_.get("/api/v1/sign-outs")["sign_outs"].size(), 0U);

  store::ServerConnection admin(support::Cluster::instance().server().owner("postgres"));
  admin.execute("ALTER DATABASE " + database_.name + " ALLOW_CONNECTIONS false");
  sign_in("first", 120min);
  const json failed = concluded("1");
  EXPECT_EQ(failed["trail"][0]["answer"], "failed") << failed.dump(1);
  EXPECT_EQ(failed["trail"][1]["answer"], "failed") << failed.dump(1);
  EXPECT_TRUE(hook.taken().empty());

  admin.execute("ALTER DATABASE " + database_.name + " ALLOW_CONNECTIONS true");
  sign_in("second", 90min);
  const json done = concluded("2");
  EXPECT_EQ(done["trail"][0]["answer"], "accepted") << done.dump(1);
  EXPECT_EQ(done["trail"][1]["answer"], "accepted") << done.dump(1);
  EXPECT_EQ(hook.taken().size(), 1U);
  EXPECT_EQ(daemon_.stop().code, 0) << daemon_.log();
}

TEST_F(Away, AStatementThatIsCancelledIsTriedAgain) {
  start_behind_proxy();
  push_until_taken(next());
  store::ServerConnection admin(database_.owner);
  store::ServerConnection blocker(database_.owner);
  blocker.execute("BEGIN; LOCK TABLE curfew.entry IN ACCESS EXCLUSIVE MODE");
  std::thread client([&] { push_until_taken(next()); });
  EXPECT_TRUE(daemon_.until([&] {
    return admin
               .query(
                   "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND "
                   "wait_event_type = 'Lock' AND query LIKE 'COPY curfew.entry%'",
                   {store::Parameter::text(database_.name)})
               .number(0, 0) > 0;
  }));
  EXPECT_TRUE(daemon_.until([&] {
    return daemon_.log().find("cancelled the statement") != std::string::npos;
  })) << daemon_.log();
  blocker.execute("ROLLBACK");
  client.join();
  EXPECT_FALSE(daemon_.has_ended());
  expect_all_once();
}

// The error of a full disk, raised by a trigger: the server's own disk is not ours to fill.
TEST_F(Away, AFullDiskIsWaitedForAndSaid) {
  start_behind_proxy();
  push_until_taken(next());
  store::ServerConnection admin(database_.owner);
  admin.execute(
      "ALTER EVENT TRIGGER curfew_refuse_ddl DISABLE; ALTER EVENT TRIGGER curfew_refuse_drop DISABLE; CREATE "
      "FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'No space left on "
      "device' USING ERRCODE = 'disk_full'; END $$; CREATE TRIGGER disk_is_full BEFORE INSERT ON "
      "curfew.checkpoint FOR EACH ROW EXECUTE FUNCTION public.full()");
  const std::string id = next();
  EXPECT_EQ(push(id).status, 503);
  EXPECT_FALSE(is_ready());
  EXPECT_THAT(daemon_.log(), HasSubstr("the server's disk is full: make room there"));
  admin.execute("DROP TRIGGER disk_is_full ON curfew.checkpoint");
  push_until_taken(id);
  expect_all_once();
}

}  // namespace
}  // namespace curfew::app_test
