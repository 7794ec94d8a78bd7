#include "core/report/sign_out_report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "core/report/preview.hpp"
#include "tests/unit/report/sample_report.hpp"

namespace curfew::report {
namespace {

using model::Outcome;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Time noon = base::parse_rfc3339("2026-11-20T12:00:00Z").value();

model::SignOutRow row(model::OrderNumber number, Outcome outcome, int seconds) {
  model::SignOutRow row;
  row.number = number;
  row.session = 10 + number;
  row.subject = model::Ref{0xa0 + number};
  row.source = "crm";
  row.reason = "office-day";
  row.ordered_by = "policy";
  row.outcome = outcome;
  row.breached_at = row.ordered_at = noon;
  if (seconds > 0) row.concluded_at = noon + std::chrono::seconds(seconds);
  row.trail =
      R"([{"action":"sign_out_session","at":"crm","intended_at":1,"answer":"accepted","acts":2,"verdict":)"
      R"("still_alive"},{"action":"sign_out_subject","at":"idp","intended_at":2,"answer":"accepted",)"
      R"("verdict":"proven","proof":"dead_after_alive"}])";
  return row;
}

SignOutReport sample() {
  SignOutReport report;
  report.version = "1";
  report.generated_at = noon;
  report.rows = {row(1, Outcome::Proven, 2), row(2, Outcome::Proven, 30), row(3, Outcome::Contained, 4),
                 row(4, Outcome::Unproven, 90), row(5, Outcome::Held, 0)};
  report.rows[4].held_because = "approval";
  report.rows[4].trail = "[]";
  report.names[model::Ref{0xa1}] = "<b>alice</b>";
  return report;
}

TEST(SignOutReport, ShowsEachWithItsStepsItsProofAndItsTimeToEffect) {
  const std::string html = to_html(sample());
  EXPECT_THAT(html,
              HasSubstr("sign out session at crm: accepted, done 2 times after a restart, still alive"));
  EXPECT_THAT(html, HasSubstr("sign out subject at idp: accepted, proven (dead after alive)"));
  EXPECT_THAT(html, HasSubstr(">2 s<"));
  EXPECT_THAT(html, HasSubstr("held: approval (waits)"));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;alice"));
  EXPECT_THAT(html, Not(HasSubstr("<b>alice")));
}

TEST(SignOutReport, ClaimsNoMoreThanWasProven) {
  const std::vector<std::string> lines = findings(sample());
  EXPECT_THAT(lines, Contains("5 sign-outs were ordered."));
  EXPECT_THAT(lines, Contains("2 of them are proven: the source itself showed that the session is dead."));
  EXPECT_THAT(lines,
              Contains("From the breach to the proof it took 2 s in the middle, 30 s at the longest."));
  EXPECT_THAT(lines, Contains("1 can't pass our gate, and may live elsewhere: contained, not proven."));
  EXPECT_THAT(lines, Contains("1 ended without a proof or with a session that was seen alive."));
  EXPECT_THAT(lines, Contains("1 waits until somebody releases or dismisses it."));
  EXPECT_THAT(findings(SignOutReport{}), ElementsAre("No sign-out was ordered."));
  EXPECT_EQ(time_to_effect(row(4, Outcome::Unproven, 90)), Duration{0});
}

TEST(SignOutReport, IsTheSameAsJson) {
  const auto report = nlohmann::json::parse(to_json(sample()));
  EXPECT_EQ(report["by_outcome"]["proven"], 2);
  EXPECT_EQ(report["waiting"], 1);
  EXPECT_EQ(report["median_effect_us"], 2'000'000);
  EXPECT_EQ(report["sign_outs"][0]["time_to_effect_us"], 2'000'000);
  EXPECT_TRUE(report["sign_outs"][3]["time_to_effect_us"].is_null());
  EXPECT_EQ(report["sign_outs"][0]["sign_out"]["subject_name"], "<b>alice</b>");
}

TEST(SignOutReport, ATrailThatIsNoneBreaksNothing) {
  for (const char* trail : {"", "{", "{}", "[1]", R"([{"action":7,"at":[],"acts":-1}])"}) {
    SignOutReport report = sample();
    report.rows[0].trail = trail;
    EXPECT_THAT(to_html(report), HasSubstr("sign-out-1"));
  }
}

TEST(AuditReportHtml, ListsWhatPoliciesOrderedAndClaimsNoProof) {
  AuditReport audit = sample_report();
  EXPECT_THAT(to_html(audit), Not(HasSubstr("An audit carries nothing out")));
  audit.sign_outs = {row(7, Outcome::Pending, 0)};
  EXPECT_THAT(to_html(audit), HasSubstr("An audit carries nothing out, so nothing here is proven."));
  EXPECT_THAT(to_html(audit), HasSubstr("sign-out-7"));
}

TEST(PreviewSentences, SayWhomItHitsAndWhatIsHeld) {
  model::Preview preview;
  preview.sessions = 3;
  preview.people = 2;
  preview.at_once = 1;
  preview.running = 1;
  preview.groups = {{"crm", "sales", 2, 1}, {"mail", "", 1, 1}};
  preview.held = {{"protected account", 1}};
  preview.also = {{model::Action::SignOutSubject, "idp", "mail", "inbox", 2, 1}};
  EXPECT_THAT(
      sentences(preview),
      ElementsAre(
          "It hits 3 sessions of 2 people.", "  sales at crm: 2 sessions of 1 person.",
          "  mail: 1 session of 1 person.",
          "It also signs out of inbox at mail: sign_out_subject at idp ends 2 sessions of 1 person there.",
          "1 session has a sign-out already, and no other would be made.",
          "1 sign-out would be held: the account is protected.", "1 sign-out would begin at once."));
  preview = {};
  preview.refused = "no session that lives is meant";
  EXPECT_THAT(sentences(preview), ElementsAre("Nothing would be ordered: no session that lives is meant."));
}

}  // namespace
}  // namespace curfew::report
