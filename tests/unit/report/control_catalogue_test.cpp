// The control catalogue as shipped, and what it refuses to hold.
#include "core/report/control_catalogue.hpp"

#include <gmock/gmock.h>

#include <set>

#include "core/base/error.hpp"

namespace curfew::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string with(const std::string& fields) {
  return R"({"id":"f","name":"F","version":"1","source":"s","note":"n","controls":[{"id":"c","title":"t",)"
         R"("requirement":"It is so.",)" +
         fields + "}]}";
}

std::string refusal(const std::string& json) {
  try {
    (void)framework_from_json(json);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(ControlCatalogue, HasEachFrameworkOnceInTheOrderOfReports) {
  std::vector<std::string> ids;
  for (const Framework& framework : catalogue()) ids.push_back(framework.id);
  EXPECT_THAT(ids, testing::ElementsAre("nist-800-53", "nist-800-63b-3", "nist-800-63b-4", "pci-dss",
                                        "iso-27001", "soc-2", "hipaa", "fedramp", "cjis", "cis", "asvs"));
  EXPECT_EQ(find_framework("pci-dss")->version, "4.0.1");
  EXPECT_EQ(find_framework("pci"), nullptr);
}

TEST(ControlCatalogue, EachControlHasATestOrSaysWhyItHasNone) {
  for (const Framework& framework : catalogue()) {
    EXPECT_FALSE(framework.source.empty()) << framework.id;
    EXPECT_FALSE(framework.note.empty()) << framework.id;
    for (const Control& control : framework.controls) {
      const std::string where = framework.id + ":" + control.id;
      EXPECT_EQ(control.test == Check::NotTestable, !control.not_testable.empty()) << where;
      if (!control.not_testable.empty()) {
        EXPECT_TRUE(control.not_testable.ends_with('.')) << where;
      }
      EXPECT_THAT(control.tested_part, Not(testing::EndsWith("."))) << where;
      // A name in a policy's `controls` must find it.
      EXPECT_THAT(control.id, testing::MatchesRegex("[a-z0-9.-]+")) << where;
    }
  }
}

TEST(ControlCatalogue, NumbersAreTheStandardsOwnAndWereRead) {
  for (const Framework& framework : catalogue()) {
    for (const Control& control : framework.controls) {
      const bool has_number = control.limit != Duration{0} || control.most != 0;
      const std::string where = framework.id + ":" + control.id;
      if (control.read == ReadIn::Unconfirmed) {
        EXPECT_FALSE(has_number) << where;
      }
      if (control.numbers == Numbers::Organisation || control.numbers == Numbers::None) {
        EXPECT_FALSE(has_number) << where;
      }
    }
  }
}

TEST(ControlCatalogue, RevisionsOfOneStandardHaveTheirOwnNumbers) {
  const auto limit = [](const char* framework, const char* id) {
    for (const Control& control : find_framework(framework)->controls) {
      if (control.id == id) return control.limit;
    }
    return Duration{0};
  };
  EXPECT_EQ(limit("nist-800-63b-3", "4.2.3-overall"), std::chrono::hours(12));
  EXPECT_EQ(limit("nist-800-63b-4", "2.2.3-overall"), std::chrono::hours(24));
  EXPECT_EQ(limit("nist-800-63b-3", "4.2.3-inactivity"), std::chrono::minutes(30));
  EXPECT_EQ(limit("nist-800-63b-4", "2.2.3-inactivity"), std::chrono::hours(1));
  EXPECT_EQ(limit("pci-dss", "8.2.8"), std::chrono::minutes(15));
  EXPECT_EQ(limit("nist-800-53", "ac-12"), Duration{0}) << "the organisation's own";
}

TEST(ControlCatalogue, EveryTestIsUsed) {
  std::set<Check> used;
  for (const Framework& framework : catalogue()) {
    for (const Control& control : framework.controls) used.insert(control.test);
  }
  EXPECT_EQ(used.size(), model::Names<Check>::all.size());
}

TEST(ControlCatalogue, DataThatBreaksItsRulesIsRefusedByName) {
  struct Case {
    const char* fields;
    const char* says;
  };
  for (const Case& wrong : {
           Case{R"("numbers":"none","read":"primary")", "has either a test or a reason"},
           Case{R"("numbers":"none","read":"primary","test":"no_such_test")", "none of its names"},
           Case{R"("numbers":"none","read":"primary","test":"policy_kept")", "policy_kept names rules"},
           Case{R"("numbers":"none","read":"primary","test":"idle_time")", "needs a limit"},
           Case{R"("numbers":"none","read":"primary","test":"idle_time","limit":"15m")", "has a number"},
           Case{R"("numbers":"fixed","read":"unconfirmed","test":"idle_time","limit":"15m")",
                "nobody confirmed"},
           Case{R"("numbers":"fixed","read":"primary","test":"idle_time","limit":"soon")", "no duration"},
           Case{R"("numbers":"none","read":"primary","not_testable":"No.","limt":"15m")", "unknown field"},
       }) {
    EXPECT_THAT(refusal(with(wrong.fields)), HasSubstr(wrong.says)) << wrong.fields;
    EXPECT_THAT(refusal(with(wrong.fields)), HasSubstr("f:c")) << wrong.fields;
  }
  EXPECT_EQ(refusal(with(R"("numbers":"none","read":"primary","not_testable":"No.")")), "");
  EXPECT_THAT(refusal("{"), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal("[]"), HasSubstr("is no object"));
}

}  // namespace
}  // namespace curfew::report
