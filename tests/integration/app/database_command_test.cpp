// `curfew db migrate` and `curfew db status` on a server by URL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/store/migrations.hpp"
#include "core/store/server_connection.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class DatabaseCommand : public testing::Test {
 protected:
  DatabaseCommand() {
    static int number = 0;
    name_ = "command_" + std::to_string(number++);
    store::ServerConnection(server().owner("postgres")).execute("CREATE DATABASE " + name_);
  }
  static store::EmbeddedCluster& server() { return support::Cluster::instance().server(); }
  Ended db(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "db");
    arguments.insert(arguments.end(), {"--database", server().owner(name_).conninfo});
    return run_curfew(arguments);
  }
  std::string name_;
};

TEST_F(DatabaseCommand, ADryRunSaysWhatWouldBeDoneAndChangesNothing) {
  const Ended dry = db({"migrate", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("step 1 (ledger): would be applied"));
  const Ended before = db({"status"});
  EXPECT_EQ(before.code, 1);
  EXPECT_THAT(before.out,
              HasSubstr("The schema is at step 0 of " + std::to_string(store::migrations().size())));
  const Ended done = db({"migrate"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("step 1 (ledger): applied"));
  EXPECT_EQ(db({"status"}).code, 0);
  EXPECT_THAT(db({"migrate"}).out, HasSubstr("nothing to do"));
}

TEST_F(DatabaseCommand, TheStatusSaysWhichFencesStand) {
  ASSERT_EQ(db({"migrate"}).code, 0);
  EXPECT_THAT(db({"status"}).out, Not(HasSubstr("MISSING")));
  store::ServerConnection(server().owner(name_)).execute("DROP EVENT TRIGGER curfew_refuse_drop");
  EXPECT_THAT(db({"status"}).out,
              HasSubstr("MISSING: DROP, ALTER, DETACH and DISABLE TRIGGER are refused (event triggers) – "
                        "curfew_refuse_drop is missing or off"));
  const json status = json::parse(db({"status", "--json"}).out);
  ASSERT_EQ(status["fences"].size(), 4U);
  EXPECT_EQ(status["fences"][0]["stands"], true);
  EXPECT_EQ(status["fences"][3]["stands"], false);
  // A superuser's migration puts it up again.
  EXPECT_EQ(db({"migrate"}).code, 0);
  EXPECT_THAT(db({"status"}).out, Not(HasSubstr("MISSING")));
}

TEST_F(DatabaseCommand, ANewerSchemaIsRefusedAndLeftAlone) {
  ASSERT_EQ(db({"migrate"}).code, 0);
  store::ServerConnection admin(server().owner(name_));
  admin.execute("INSERT INTO curfew.migration VALUES (99, 'from the future', '', 0)");
  const Ended refused = db({"migrate"});
  EXPECT_EQ(refused.code, 78);
  EXPECT_THAT(refused.err, HasSubstr("run the newer curfew that made it"));
  EXPECT_EQ(admin.query("SELECT max(number) FROM curfew.migration", {}).number(0, 0), 99);
}

}  // namespace
}  // namespace curfew::app_test
