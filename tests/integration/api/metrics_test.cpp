#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "running_server.hpp"

namespace curfew::api {
namespace {

class MetricsPage : public RunningServer {
 protected:
  MetricsPage() { start_operator(); }
};

TEST_F(MetricsPage, IsInPrometheusTextFormat) {
  const Reply reply = get("/metrics", "");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(reply.body.find("# TYPE curfew_observations_total counter"), std::string::npos);
  EXPECT_NE(reply.body.find(
                "curfew_observations_total{source=\"corp \\\"ad\\\"\\\\\\n\",type=\"sign_in\"} 12345678"),
            std::string::npos)
      << reply.body;
}

TEST_F(MetricsPage, PassesPromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "promtool is not installed (package prometheus)";
  const auto path =
      std::filesystem::path(::testing::TempDir()) / ("metrics_" + std::to_string(operator_->port()));
  std::ofstream(path) << get("/metrics", "").body;
  const std::string command = "promtool check metrics < '" + path.string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace curfew::api
