// Sign-outs at a small application with a sign-in form, seen by its access log. What Curfew says is compared
// with what the application shows to the same client afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/store/server_connection.hpp"
#include "tests/integration/forms/forms_daemon.hpp"
#include "tests/support/client.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/faulty_proxy.hpp"
#include "tests/support/forms_app/forms_app.hpp"

namespace curfew::forms_test {
namespace {

using forms_app::Fault;
using forms_app::FormsApp;
using forms_app::Manner;
using nlohmann::json;
using support::Answers;
using testing::Each;
using testing::ElementsAre;
using testing::Ne;

const std::string marker = "Only for who is signed in";
const std::string token = "token of the application";

json log_settings(const std::filesystem::path& log) {
  return {{"inputs", {log.string()}},
          {"format",
           {{"kind", "json"},
            {"fields",
             {{"time", "time"},
              {"address", "address"},
              {"user", "user"},
              {"method", "method"},
              {"uri", "path"},
              {"status", "status"},
              {"location", "location"},
              {"user_agent", "user_agent"}}}}},
          {"session", {{"presented", {{{"field", "session"}}}}}},
          {"activity_quantum", "1s"},
          {"arrival_delay", "1s"},
          {"rules",
           {{{"means", "sign_in_failed"},
             {"when", {{"method", "POST"}, {"path", "/login"}, {"location", "/login*"}}}},
            {{"means", "sign_in"}, {"when", {{"method", "POST"}, {"path", "/login"}, {"status", "302"}}}},
            {{"means", "sign_out"}, {"when", {{"method", "POST"}, {"path", "/logout"}}}},
            {{"means", "refused"},
             {"ends_session", true},
             {"when", {{"status", "302"}, {"location", "/login"}, {"session", "presented"}}}},
            {{"means", "machine_activity"}, {"when", {{"path", "/poll"}, {"status", "200"}}}},
            {{"means", "ignore"}, {"when", {{"path", {"/login*", "/style.css"}}}}},
            {{"means", "activity"}, {"when", {{"status", "200"}, {"session", "presented"}}}}}}};
}

json calls_at(int port, const std::filesystem::path& folder, const std::string& timeout) {
  const json done = {{"status", {200}}, {"json", {{"/done", true}}}};
  const json none = {{"status", {404}}, {"json", {{"/state", "none"}}}};
  return {{"kind", "http"},
          {"url", "http://127.0.0.1:" + std::to_string(port) + "/admin"},
          {"secret_file", (folder / "app-token").string()},
          {"headers", {{"Authorization", "Bearer {secret}"}}},
          {"connect_timeout", timeout},
          {"statement_timeout", timeout},
          {"calls",
           {{"cancel_session", {{"path", "/sessions/{session}/cancel"}, {"done", done}, {"not_found", none}}},
            {"sign_out_session",
             {{"method", "DELETE"}, {"path", "/sessions/{session}"}, {"done", done}, {"not_found", none}}},
            {"sign_out_subject",
             {{"method", "DELETE"}, {"path", "/people/{subject}/sessions"}, {"done", {{"status", {200}}}}}},
            {"prove", {{"path", "/sessions/{session}"}, {"alive", {{"status", {200}}}}, {"dead", none}}}}}};
}

const std::string after_a_second = "rule: session_timeout\n    limit: 1s";

class SmallApp : public testing::Test {
 protected:
  void start(const std::string& postgresql = {}) {
    std::ofstream(log()).flush();
    std::filesystem::permissions(log(), std::filesystem::perms(0644));
    std::ofstream(curfew_.folder() / "app-token") << token << "\n";
    app_ = std::make_unique<FormsApp>(
        forms_app::FormsAppOptions{.access_log = log(),
                                   .people = {{"alice", "alice-pw"}, {"bob", "bob-pw"}},
                                   .admin_token = token,
                                   .postgresql = postgresql,
                                   .marker = marker});
  }
  [[nodiscard]] std::filesystem::path log() const { return curfew_.folder() / "access.log"; }
  json settings(const std::string& timeout = "500ms") {
    json all = log_settings(log());
    all["store"] = calls_at(app_->port(), curfew_.folder(), timeout);
    return all;
  }
  Client signed_in(const std::string& name) {
    Client client(app_->port());
    const Page page = client.post("/login", "user=" + name + "&password=" + name + "-pw");
    EXPECT_EQ(page.location, "/app");
    EXPECT_TRUE(client.sees("/app", marker));
    return client;
  }
  // Keeps using the application until the sign-out is concluded.
  json used_until_concluded(Client& client) {
    json found;
    EXPECT_TRUE(curfew_.daemon().until([&] {
      (void)client.sees("/app", marker);
      for (const json& row : curfew_.sign_outs()) {
        EXPECT_NE(row["outcome"], "mistaken");
        if (!row["concluded_at"].is_null()) found = row;
      }
      return !found.is_null();
    })) << curfew_.sign_outs().dump(2)
        << curfew_.daemon().log();
    return found;
  }

  FormsDaemon curfew_;
  std::unique_ptr<FormsApp> app_;
};

TEST_F(SmallApp, ASessionOverItsLimitIsEndedAndTheApplicationItselfRefusesTheCookie) {
  start();
  curfew_.begin(settings(), after_a_second, "[{action: sign_out_session, prove_within: 20s}]");
  Client bob = signed_in("bob");
  Client alice = signed_in("alice");
  const json row = curfew_.first({"proven"});
  ASSERT_FALSE(row.is_null()) << curfew_.sign_outs().dump(2) << curfew_.daemon().log();
  EXPECT_THAT(verdicts(row), ElementsAre("proven")) << row.dump(2);
  EXPECT_FALSE(alice.sees("/app", marker));
  EXPECT_TRUE(bob.sees("/app", marker));
}

TEST_F(SmallApp, ACancelThatOnlyPausesIsFoundIneffectiveAndTheNextStepIsProven) {
  start();
  app_->behave(Manner::CancelPauses);
  curfew_.begin(
      settings(), after_a_second,
      "[{action: cancel_session, prove_within: 3s}, {action: sign_out_session, prove_within: 20s}]");
  Client bob = signed_in("bob");
  Client alice = signed_in("alice");
  const json row = used_until_concluded(alice);
  EXPECT_THAT(verdicts(row), ElementsAre("still_alive", "proven")) << row.dump(2);
  EXPECT_FALSE(alice.sees("/app", marker));
  EXPECT_TRUE(bob.sees("/app", marker));
}

TEST_F(SmallApp, ASourceThatLiesIsNeverBelievedWhileTheClientGoesOn) {
  start();
  app_->behave(Manner::Lies);
  curfew_.begin(
      settings(), after_a_second,
      "[{action: sign_out_session, prove_within: 3s}, {action: sign_out_subject, prove_within: 3s}]");
  Client bob = signed_in("bob");
  Client alice = signed_in("alice");
  const json row = used_until_concluded(alice);
  EXPECT_THAT(verdicts(row), Each("still_alive")) << row.dump(2);
  EXPECT_EQ(row["outcome"], "still_alive");
  EXPECT_TRUE(alice.sees("/app", marker));  // the truth
}

// What the log shows between a question and a step is no answer of the source: it may not make its later "not
// found" a proof.
TEST_F(SmallApp, ALieAfterALongCallIsNotBelievedEither) {
  start();
  app_->behave(Manner::Lies);
  app_->fail(Fault::Slow);
  curfew_.begin(settings("8s"), after_a_second, "[{action: sign_out_session, prove_within: 4s}]");
  Client bob = signed_in("bob");
  Client alice = signed_in("alice");
  // The look, and then the act itself, wait for the application; the client doesn't.
  const auto calls = [&] { return app_->admin_calls(); };
  ASSERT_TRUE(curfew_.daemon().until([&] {
    (void)alice.sees("/app", marker);
    return calls() >= 1;
  }));
  const std::size_t before = std::filesystem::file_size(log());
  ASSERT_TRUE(curfew_.daemon().until([&] {
    (void)alice.sees("/app", marker);
    return calls() >= 3 && std::filesystem::file_size(log()) > before + 4000;
  }));
  app_->fail(Fault::None);
  const json row = used_until_concluded(alice);
  EXPECT_THAT(verdicts(row), Each(Ne("proven"))) << row.dump(2);
  EXPECT_TRUE(alice.sees("/app", marker));
}

TEST_F(SmallApp, OfTwoDevicesOfOnePersonTheOldestGoes) {
  start();
  curfew_.begin(settings(), "rule: concurrent_sessions\n    most: 1\n    evict: oldest",
                "[{action: sign_out_session, prove_within: 20s}]");
  Client desk = signed_in("alice");
  ASSERT_TRUE(curfew_.until_live(1));
  Client phone = signed_in("alice");
  const json row = curfew_.first({"proven"});
  ASSERT_FALSE(row.is_null()) << curfew_.sign_outs().dump(2) << curfew_.daemon().log();
  EXPECT_FALSE(desk.sees("/app", marker));
  EXPECT_TRUE(phone.sees("/app", marker));
  EXPECT_EQ(curfew_.sign_outs().size(), 1U);
}

class SmallAppInTrouble : public SmallApp, public testing::WithParamInterface<Fault> {};

TEST_P(SmallAppInTrouble, IsAskedAgainEscalatedAndNeverProven) {
  start();
  app_->fail(GetParam());
  curfew_.begin(
      settings(), after_a_second,
      "[{action: sign_out_session, prove_within: 2s}, {action: sign_out_subject, prove_within: 2s}]");
  Client alice = signed_in("alice");
  const json row = used_until_concluded(alice);
  EXPECT_NE(row["outcome"], "proven");
  EXPECT_THAT(verdicts(row), Each(Ne("proven"))) << row.dump(2);
  EXPECT_EQ(verdicts(row).size(), 2U);
  EXPECT_GE(app_->admin_calls(), 8U);  // each step four times
  EXPECT_TRUE(alice.sees("/app", marker));
}

INSTANTIATE_TEST_SUITE_P(Faults, SmallAppInTrouble, testing::Values(Fault::Slow, Fault::Garbage, Fault::Cut),
                         [](const auto& one) {
                           return one.param == Fault::Slow  ? "Slow"
                                  : one.param == Fault::Cut ? "Cut"
                                                            : "Garbage";
                         });

// The application keeps its sessions in PostgreSQL, and Curfew goes to the table.
class AppWithDatabase : public SmallApp {
 protected:
  AppWithDatabase() : database_(support::Cluster::instance().fresh_database("template1")) {
    start(database_.owner.conninfo);
    store::ServerConnection owner(database_.owner);
    owner.execute(
        "DO $$ BEGIN CREATE ROLE looker LOGIN PASSWORD 'looker-pw'; EXCEPTION WHEN duplicate_object THEN "
        "NULL; "
        "END $$; GRANT SELECT, DELETE ON app_session TO looker");
    proxy_ = std::make_unique<support::FaultyProxy>(support::FaultyProxy::Between{
        .server_path = support::Cluster::instance().server().socket_directory() / ".s.PGSQL.5432",
        .server_port = 0,
        .listen_path = {}});
    std::ofstream(curfew_.folder() / "db-password") << "looker-pw\n";
  }
  json settings_with_database() {
    json all = log_settings(log());
    all["store"] = {{"kind", "postgresql"},
                    {"host", "127.0.0.1"},
                    {"port", proxy_->port()},
                    {"database", database_.name},
                    {"user", "looker"},
                    {"password_file", (curfew_.folder() / "db-password").string()},
                    {"connect_timeout", "500ms"},
                    {"statement_timeout", "500ms"},
                    {"list", "SELECT id AS session_id, person AS subject FROM app_session"},
                    {"delete", "DELETE FROM app_session WHERE id = {session}"},
                    {"delete_subject", "DELETE FROM app_session WHERE person = {subject}"},
                    {"prove", "SELECT 1 FROM app_session WHERE id = {session}"}};
    return all;
  }
  support::Database database_;
  std::unique_ptr<support::FaultyProxy> proxy_;
};

TEST_F(AppWithDatabase, TheRowIsDeletedAndTheApplicationRefusesTheCookie) {
  curfew_.begin(settings_with_database(), after_a_second, "[{action: sign_out_session, prove_within: 20s}]");
  Client bob = signed_in("bob");
  Client alice = signed_in("alice");
  const json row = curfew_.first({"proven"});
  ASSERT_FALSE(row.is_null()) << curfew_.sign_outs().dump(2) << curfew_.daemon().log();
  EXPECT_FALSE(alice.sees("/app", marker));
  EXPECT_TRUE(bob.sees("/app", marker));
}

class AppWithDatabaseInTrouble : public AppWithDatabase,
                                 public testing::WithParamInterface<std::pair<const char*, Answers>> {};

TEST_P(AppWithDatabaseInTrouble, ProvesNothing) {
  curfew_.begin(
      settings_with_database(), after_a_second,
      "[{action: sign_out_session, prove_within: 2s}, {action: sign_out_subject, prove_within: 2s}]");
  // In the middle of an answer: so many bytes are less than what it takes to get in.
  proxy_->answers(GetParam().second, std::string(GetParam().first) == "CutInTheMiddle" ? 300 : 0);
  Client alice = signed_in("alice");
  const json row = used_until_concluded(alice);
  EXPECT_NE(row["outcome"], "proven");
  EXPECT_THAT(verdicts(row), Each(Ne("proven"))) << row.dump(2);
  EXPECT_TRUE(alice.sees("/app", marker));
  // An order for the same person, once the database is back, is carried out and proven.
  proxy_->answers(Answers::Pass);
  Client bob = signed_in("bob");
  ASSERT_TRUE(curfew_.until_live(2));
  const std::string body = json{{"session", row["session"]}, {"reason", "again"}}.dump();
  ASSERT_EQ(curfew_.daemon().request("POST", "/api/v1/sign-outs", body).status, 202);
  EXPECT_FALSE(curfew_.first({"proven"}).is_null()) << curfew_.sign_outs().dump(2);
  EXPECT_FALSE(alice.sees("/app", marker));
}

INSTANTIATE_TEST_SUITE_P(Faults, AppWithDatabaseInTrouble,
                         testing::Values(std::pair("Down", Answers::Cut),
                                         std::pair("CutInTheMiddle", Answers::Cut),
                                         std::pair("Slow", Answers::Slow),
                                         std::pair("Garbage", Answers::Garbage)),
                         [](const auto& one) { return std::string(one.param.first); });

}  // namespace
}  // namespace curfew::forms_test
