// Groups in the whole daemon: told by a source or by the configuration, recorded once, in force across
// restarts.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "tests/integration/app/program.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;

const char* const two_people =
    R"({"at":"-2h","type":"sign_in","session":"a","identifiers":{"upn":"alice@corp.test"},"account_type":"human"})"
    "\n"
    R"({"at":"-2h","type":"sign_in","session":"b","identifiers":{"upn":"bob@corp.test"},"account_type":"human"})"
    "\n";

const std::string policy =
    "policies: [{name: payroll-hour, rule: session_timeout, limit: 1h, scope: {groups: [payroll]}}]\n";

class Groups : public testing::Test {
 protected:
  [[nodiscard]] std::size_t violations() const {
    return daemon_.get("/api/v1/violations")["violations"].size();
  }
  [[nodiscard]] bool until_sessions() const {
    return daemon_.until([&] { return daemon_.get("/api/v1/sessions")["sessions"].size() == 2; });
  }
  [[nodiscard]] std::size_t times_told() const {
    const std::string log = daemon_.log();
    std::size_t count = 0;
    for (std::size_t at = log.find("who is in a group"); at != std::string::npos;
         at = log.find("who is in a group", at + 1))
      ++count;
    return count;
  }
  ScriptedDaemon daemon_;
};

TEST_F(Groups, ASourceTellsWhoIsInAndWhoHasLeft) {
  daemon_.script(std::string(two_people) +
                 R"({"at":"+3s","play":"group","group":"payroll","members":["upn:alice@corp.test"]})"
                 "\n"
                 R"({"at":"+4s","play":"group","group":"payroll","members":["upn:alice@corp.test"]})"
                 "\n"
                 R"({"at":"+6s","play":"group","group":"payroll","members":["upn:BOB@corp.test"]})"
                 "\n");
  daemon_.configure("    tells_groups: [payroll]\n" + policy);
  daemon_.start();
  ASSERT_TRUE(until_sessions()) << daemon_.log();
  ASSERT_TRUE(daemon_.until([&] { return violations() == 1; })) << daemon_.log();
  ASSERT_TRUE(daemon_.until([&] { return violations() == 2; })) << "bob came in\n" << daemon_.log();
  EXPECT_EQ(times_told(), 2U) << "the same again is not recorded again\n" << daemon_.log();
  EXPECT_EQ(daemon_.stop(SIGKILL).signal, SIGKILL);
  daemon_.start();
  EXPECT_EQ(violations(), 2U);
  EXPECT_EQ(daemon_.stop().code, 0);
  const Ended verified = run_curfew({"verify", "--config", daemon_.config()});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  const Ended replayed = run_curfew({"replay", "--config", daemon_.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
}

TEST_F(Groups, AFileOfMembersIsReadAtTheStartAndAtSighup) {
  const auto file = daemon_.folder() / "payroll";
  std::ofstream(file) << "# who pays\n\nupn:alice@corp.test\n";
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  daemon_.script(two_people);
  daemon_.configure("groups: [{name: payroll, members_file: " + file.string() + "}]\n" + policy);
  daemon_.start();
  ASSERT_TRUE(until_sessions()) << daemon_.log();
  ASSERT_TRUE(daemon_.until([&] { return violations() == 1; })) << daemon_.log();
  std::ofstream(file) << "upn:alice@corp.test\nupn:bob@corp.test\nnobody\n";
  ::kill(daemon_.process(), SIGHUP);
  ASSERT_TRUE(daemon_.until([&] {
    return daemon_.log().find("payroll, line 3: must be namespace:value") != std::string::npos;
  })) << daemon_.log();
  EXPECT_EQ(violations(), 1U) << "a wrong file changes nothing";
  std::ofstream(file) << "upn:alice@corp.test\nupn:bob@corp.test\n";
  ::kill(daemon_.process(), SIGHUP);
  EXPECT_TRUE(daemon_.until([&] { return violations() == 2; })) << daemon_.log();
  EXPECT_EQ(times_told(), 2U);
  EXPECT_EQ(daemon_.stop().code, 0);
}

}  // namespace
}  // namespace curfew::app_test
