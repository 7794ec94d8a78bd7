#include "core/report/tables.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "sample_report.hpp"

namespace curfew::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Tables, ColumnsStandBelowTheirTitles) {
  EXPECT_EQ(aligned({"A", "LONGER", "LAST"}, {{"1", "x", "y"}, {"22", "für", "z"}}),
            "A   LONGER  LAST\n"
            "1   x       y\n"
            "22  für     z\n");
}

TEST(Tables, AWideCellIsCutAndTheCutShows) {
  const std::string text = aligned({"A", "B"}, {{std::string(100, 'x'), "y"}});
  EXPECT_THAT(text, HasSubstr(std::string(47, 'x') + "…  y"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(48, 'x'))));
}

TEST(Tables, AValueCannotMoveTheCursorOrTurnTextAround) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\nc"), "a\uFFFD[2Jb\uFFFD\uFFFDc");
  EXPECT_EQ(printable("x\u202Eexe.txt\u0085"), "x\uFFFDexe.txt\uFFFD");
  EXPECT_EQ(printable("\xff Zoë 日本"), "\uFFFD Zoë 日本");
}

TEST(Tables, SessionsShowNamesOnlyWhereTheyAreGiven) {
  AuditReport report = sample_report();
  report.sessions.erase(report.sessions.begin(), report.sessions.end() - 1);
  EXPECT_THAT(sessions_table(report.sessions), HasSubstr("0000000000000003"));
  EXPECT_THAT(sessions_table(report.sessions, &report.names), HasSubstr("CORP\\carol"));
  EXPECT_THAT(list_json(report.sessions), Not(HasSubstr("carol")));
}

TEST(Tables, EveryListIsJsonToo) {
  const AuditReport report = sample_report();
  EXPECT_EQ(nlohmann::json::parse(list_json(report.sessions)).size(), report.sessions.size());
  EXPECT_EQ(nlohmann::json::parse(list_json(report.violations)).size(), report.violations.size());
  EXPECT_EQ(nlohmann::json::parse(list_json(report.sources)).size(), report.sources.size());
  EXPECT_EQ(nlohmann::json::parse(list_json(std::vector<SubjectRow>(2))).size(), 2U);
  EXPECT_EQ(nlohmann::json::parse(list_json(std::vector<model::SignOutRow>(2))).size(), 2U);
}

TEST(Tables, ASignOutShowsHowFarItGot) {
  model::SignOutRow row;
  row.number = 4;
  row.subject = model::Ref{3};
  row.outcome = model::Outcome::Held;
  row.held_because = "approval";
  row.steps = 3;
  row.ordered_by = "policy";
  row.reason = "office-day";
  const std::string text = sign_outs_table({row});
  EXPECT_THAT(text, HasSubstr("1/3"));
  EXPECT_THAT(text, HasSubstr("held: approval"));
}

}  // namespace
}  // namespace curfew::report
