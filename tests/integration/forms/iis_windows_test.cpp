// A site on IIS with Windows authentication in the daemon: its log names people and no sessions. The log is
// written here as IIS writes it; the browser's part, with real tickets, is tests/integration/spnego.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/time.hpp"
#include "tests/integration/forms/forms_daemon.hpp"

namespace curfew::forms_test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class IisWithWindows : public testing::Test {
 protected:
  IisWithWindows() {
    log_ = daemon_.folder() / "u_ex.log";
    std::ofstream(log_)
        << "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time cs-method "
           "cs-uri-stem cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status\r\n";
    daemon_.script("");
    const json settings{{"preset", "iis_windows"},
                        {"inputs", {log_.string()}},
                        {"session", {{"window", "1m"}}},
                        {"activity_quantum", "1s"},
                        {"arrival_delay", "1s"},
                        {"rules", {{{"means", "sign_out"}, {"when", {{"path", "*/signout.aspx"}}}}}}};
    daemon_.configure(
        "  - name: app\n    connector: forms\n    lateness: 0s\n    settings: " + settings.dump() +
        "\npolicies:\n  - {name: came-back, rule: silent_resign_in, window: 10m, mode: observe}\n");
  }
  void write(const std::string& user, const std::string& path, seconds ago = seconds(0),
             const std::string& status = "200 0 0") {
    const std::string time = base::format_rfc3339(
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now() - ago));
    std::ofstream(log_, std::ios::app)
        << time.substr(0, 10) << ' ' << time.substr(11, 8) << " GET " << path << ' ' << user
        << " 10.1.7.23 Mozilla/5.0+(Windows+NT+10.0) " << status << "\r\n";
  }
  [[nodiscard]] json sessions() const { return daemon_.get("/api/v1/sessions?source=app")["sessions"]; }
  [[nodiscard]] std::size_t live() const {
    return daemon_.get("/api/v1/sessions?live=true&source=app")["sessions"].size();
  }

  app_test::ScriptedDaemon daemon_;
  std::filesystem::path log_;
};

TEST_F(IisWithWindows, AVisitThatFellSilentIsTakenToBeOver) {
  write("CORP\\alice", "/orders/list.aspx", seconds(300));
  daemon_.start();
  ASSERT_TRUE(daemon_.until([&] { return sessions().size() == 1 && live() == 0; }));
  const json session = sessions()[0];
  EXPECT_EQ(session["end_reason"], "vanished") << session.dump(1);
  EXPECT_EQ(session["end_certainty"], "inferred") << session.dump(1);
  EXPECT_EQ(session["interactivity"], "silent") << session.dump(1);
}

TEST_F(IisWithWindows, WhoComesBackAfterASignOutIsFoundThroughARestart) {
  daemon_.start();
  write("-", "/orders/list.aspx", seconds(0), "401 2 5");
  write("CORP\\alice", "/orders/list.aspx");
  write("CORP\\bob", "/orders/list.aspx");
  ASSERT_TRUE(daemon_.until([&] { return live() == 2; }));
  write("CORP\\alice", "/orders/signout.aspx");
  ASSERT_TRUE(daemon_.until([&] { return live() == 1; }));
  ASSERT_EQ(daemon_.stop().code, 0);

  write("CORP\\bob", "/orders/list.aspx");
  daemon_.start();
  // IIS tells whole seconds: what a second both ended and began is not told apart.
  const auto later = std::chrono::system_clock::now() + seconds(2);
  ASSERT_TRUE(daemon_.until([&] { return std::chrono::system_clock::now() > later; }));
  EXPECT_TRUE(daemon_.get("/api/v1/violations")["violations"].empty());
  write("corp\\alice", "/orders/list.aspx");
  ASSERT_TRUE(daemon_.until([&] { return daemon_.get("/api/v1/violations")["violations"].size() == 1; }))
      << sessions().dump(1);
  const json violation = daemon_.get("/api/v1/violations")["violations"][0];
  EXPECT_EQ(violation["rule"], "silent_resign_in") << violation.dump(1);
  EXPECT_EQ(sessions().size(), 3U) << "bob is the one that he was: " << sessions().dump(1);
  EXPECT_EQ(live(), 2U);
}

}  // namespace
}  // namespace curfew::forms_test
