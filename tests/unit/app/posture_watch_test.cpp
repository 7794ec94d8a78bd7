// The status of the controls while nothing can be evaluated: the last one, with its age.
#include "core/app/posture_watch.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace curfew::app {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class Status : public testing::Test {
 protected:
  Status() {
    settings_.every = milliseconds(1);
    std::filesystem::remove(file_);
  }
  ~Status() override { std::filesystem::remove(file_); }
  void keep(const std::string& text) const { std::ofstream(file_) << text; }
  void keep_one() const {
    report::Posture posture;
    posture.evaluated_at = base::from_micros(1'795'000'000'000'000);
    posture.from = posture.evaluated_at - std::chrono::hours(1);
    posture.to = posture.evaluated_at;
    posture.controls = {{"nist-800-53", "ac-12", report::Result::Satisfied}};
    keep(report::to_json(posture));
  }
  // Until it has tried a few times at a database that is not there.
  std::string after_failures() {
    PostureWatch watch(settings_, file_, {"host=/nowhere/at/all dbname=none"}, registry_, log_);
    watch.start();
    for (int i = 0; i < 2'000 && registry_.text().find("\"failed\"} 0") != std::string::npos; ++i)
      std::this_thread::sleep_for(milliseconds(5));
    watch.stop();
    return registry_.text();
  }

  std::string file_ = std::filesystem::temp_directory_path() / ("posture-" + std::to_string(::getpid()));
  PostureSettings settings_;
  metrics::Registry registry_;
  Log log_{LogLevel::Error};
};

TEST_F(Status, StaysAsItWasWithItsTimeWhileTheDatabaseIsAway) {
  keep_one();
  const std::string page = after_failures();
  EXPECT_THAT(page, HasSubstr(R"(control="ac-12",framework="nist-800-53",status="satisfied"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(control="ac-12",framework="nist-800-53",status="not_satisfied"} 0)"));
  EXPECT_THAT(page, HasSubstr("curfew_control_evaluated_timestamp_seconds 1795000000"));
  EXPECT_THAT(page, HasSubstr(R"(curfew_control_evaluations_total{outcome="evaluated"} 0)"));
  EXPECT_THAT(page, Not(HasSubstr(R"(curfew_control_evaluations_total{outcome="failed"} 0)")));
}

TEST_F(Status, ThatWasNeverEvaluatedIsNotShown) {
  EXPECT_THAT(after_failures(), Not(HasSubstr("curfew_control_status")));
  keep("{\"version\":1,");
  EXPECT_THAT(after_failures(), Not(HasSubstr("curfew_control_status")));
}

TEST_F(Status, ThatIsOffIsNotShown) {
  keep_one();
  settings_.every = Duration{0};
  PostureWatch watch(settings_, file_, {"host=/nowhere/at/all dbname=none"}, registry_, log_);
  watch.start();
  watch.stop();
  EXPECT_THAT(registry_.text(), Not(HasSubstr("curfew_control_")));
}

}  // namespace
}  // namespace curfew::app
