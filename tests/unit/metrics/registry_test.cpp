#include "core/metrics/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "core/base/error.hpp"

namespace curfew::metrics {
namespace {

using testing::HasSubstr;

TEST(Registry, RendersWhatWasCounted) {
  Registry registry;
  registry.counter(observations, {"crm-forms", "sign_in"}).add();
  registry.counter(observations, {"crm-forms", "sign_in"}).add(2);
  registry.gauge(sessions_active).set(7);
  registry.histogram(ledger_commit).observe(0.02);
  const std::string page = registry.text();
  EXPECT_THAT(page, HasSubstr("curfew_observations_total{source=\"crm-forms\",type=\"sign_in\"} 3"));
  EXPECT_THAT(page, HasSubstr("# TYPE curfew_observations_total counter"));
  EXPECT_THAT(page, HasSubstr("curfew_sessions_active 7"));
  EXPECT_THAT(page, HasSubstr("curfew_ledger_commit_seconds_count 1"));
}

TEST(Registry, RefusesLabelsThatDoNotFitTheDefinition) {
  Registry registry;
  EXPECT_THROW(registry.counter(observations, {"crm-forms"}), Error);
  EXPECT_THROW(registry.counter(observations, {"crm-forms", "sign_in", "more"}), Error);
  EXPECT_THROW(registry.gauge(observations, {"crm-forms", "sign_in"}), Error);
}

TEST(Definitions, FollowTheNamingRules) {
  std::set<std::string_view> names;
  for (const Metric& metric : all) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name << " is defined twice";
    EXPECT_TRUE(metric.name.starts_with("curfew_")) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_total"), metric.kind == Kind::Counter) << metric.name;
    EXPECT_TRUE(std::ranges::all_of(metric.name, [](char c) { return c == '_' || std::islower(c) != 0; }))
        << metric.name;
    EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
    if (metric.kind == Kind::Histogram) {
      EXPECT_TRUE(metric.name.ends_with("_seconds")) << metric.name;
    }
  }
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(OutletOutcomes, AreAllNamedInTheHelpAndInTheManual) {
  const std::string manual = content_of(CURFEW_SOURCE_DIR "/docs/operations.md");
  for (const OutletOutcomeText& outcome : outlet_outcomes) {
    EXPECT_THAT(std::string(outlet_delivered.help),
                HasSubstr(std::string(outcome.name) + " (" + std::string(outcome.meaning) + ")"));
    EXPECT_THAT(manual, HasSubstr("\n| `" + std::string(outcome.name) + "` | "));
  }
}

// Whatever counts takes its outcome from that list.
TEST(OutletOutcomes, AreTheOnlyOnesThatTheCodeCounts) {
  const std::string counts = "metrics::outlet_delivered, {";
  std::size_t places = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(CURFEW_SOURCE_DIR "/core")) {
    if (!entry.is_regular_file()) continue;
    const std::string text = content_of(entry.path());
    for (std::size_t at = text.find(counts); at != std::string::npos; at = text.find(counts, at + 1)) {
      ++places;
      EXPECT_THAT(text.substr(at, text.find('}', at) - at), HasSubstr("metrics::name_of(outcome)"))
          << entry.path();
    }
  }
  EXPECT_EQ(places, 3U) << "signals, exports, reports";
}

}  // namespace
}  // namespace curfew::metrics
