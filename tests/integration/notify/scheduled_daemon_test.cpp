// A scheduled report of the running daemon: days later, killed on the way, and mailed once.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/integration/app/program.hpp"
#include "tests/support/mail_server.hpp"
#include "tests/support/movable_clock.hpp"

namespace curfew::app_test {
namespace {

using testing::HasSubstr;

const char* const one_person =
    R"({"at":"-2m","type":"sign_in","session":"s1","identifiers":{"upn":"alice@corp.test"},"account_type":"human"})"
    "\n";

std::map<std::string, std::string> by(const support::MovableClock& clock, const char* killed_at = nullptr) {
  std::map<std::string, std::string> environment = clock.environment();
  if (killed_at != nullptr) environment.emplace("CURFEW_KILL_POINT", killed_at);
  return environment;
}

TEST(ScheduledReport, IsMadeAfterARestartAndMailedOnceWhateverIsKilled) {
  if (!std::filesystem::exists(support::MovableClock::library())) GTEST_SKIP() << "faketime is not installed";
  if (support::MovableClock::stops_this_build())
    GTEST_SKIP() << "faketime: a sanitizer asks it for the time while it allocates";
  support::MailServer mail;
  ScriptedDaemon daemon;
  daemon.script(one_person);
  daemon.configure(
      "reports: [{name: daily, frameworks: [pci-dss], period: day, at: \"00:00\", formats: [pdf, json], "
      "mail_to: [auditors]}]\n"
      "report_mail: {server: 127.0.0.1, tls: none, from: curfew@corp.test, port: " +
      std::to_string(mail.port()) + ", lists: [{name: auditors, to: [ann@corp.test]}]}\n");
  const auto shows = [&](const char* line) {
    return daemon.request("GET", "/metrics").body.find(line) != std::string::npos;
  };
  support::MovableClock clock(daemon.folder());
  daemon.start();
  ASSERT_TRUE(daemon.until([&] { return shows(R"(curfew_outlet_waiting{outlet="report/daily"} 0)"); }));
  EXPECT_EQ(daemon.stop().code, 0) << daemon.log();

  // Killed when the ledger knows the report, and before anybody else does.
  clock.ahead(std::chrono::hours(24));
  daemon.launch(by(clock, "report.recorded:1"));
  ASSERT_TRUE(daemon.until([&] { return daemon.has_ended(); })) << daemon.log();
  EXPECT_TRUE(mail.taken().empty());
  daemon.start(by(clock));
  ASSERT_TRUE(daemon.until([&] {
    return shows(R"(curfew_outlet_delivered_total{outcome="delivered",outlet="report/daily"} 1)");
  })) << daemon.log();
  ASSERT_EQ(mail.taken().size(), 1U);
  EXPECT_THAT(mail.taken()[0].text, HasSubstr("application/pdf"));
  nlohmann::json run;
  ASSERT_TRUE(daemon.until([&] {
    run = daemon.get("/api/v1/reports/scheduled")["reports"][0]["last_run"];
    return run["outcome"] == "mailed";
  })) << run.dump(1);
  EXPECT_EQ(run["files"].size(), 2U);
  const Ended table = run_curfew({"reports", "--config", daemon.config()});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("daily"));
  EXPECT_THAT(table.out, HasSubstr("  mailed   auditors, " + daemon.folder().string()));
  EXPECT_EQ(daemon.stop().code, 0) << daemon.log();

  // Killed when the server has the whole mail, and before its answer.
  clock.ahead(std::chrono::hours(48));
  daemon.launch(by(clock, "report.mail_sent:1"));
  ASSERT_TRUE(daemon.until([&] { return daemon.has_ended(); })) << daemon.log();
  daemon.start(by(clock));
  ASSERT_TRUE(daemon.until([&] {
    return shows(R"(curfew_outlet_delivered_total{outcome="in_doubt",outlet="report/daily"} 1)");
  })) << daemon.log();
  EXPECT_EQ(daemon.stop().code, 0) << daemon.log();
  EXPECT_LE(mail.taken().size(), 2U);
  const Ended verified = run_curfew({"verify", "--config", daemon.config()});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  const Ended replayed = run_curfew({"replay", "--config", daemon.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
}

}  // namespace
}  // namespace curfew::app_test
