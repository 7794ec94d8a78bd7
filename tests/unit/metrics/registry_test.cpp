#include "core/metrics/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
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

}  // namespace
}  // namespace curfew::metrics
