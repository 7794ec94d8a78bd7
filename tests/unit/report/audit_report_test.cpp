#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/report/wording.hpp"
#include "sample_report.hpp"

namespace curfew::report {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Tags that are opened and not closed, or closed and not opened; void and SVG-empty elements aside.
std::vector<std::string> unbalanced(const std::string& html) {
  const std::set<std::string> empty{"meta", "br", "line", "circle", "path", "!DOCTYPE", "rect"};
  std::vector<std::string> open;
  std::vector<std::string> wrong;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const bool closing = html[at + 1] == '/';
    const std::size_t from = at + (closing ? 2 : 1);
    const std::string name = html.substr(from, html.find_first_of(" >/\n", from) - from);
    const std::size_t end = html.find('>', at);
    if (!closing && (html[end - 1] == '/' || (empty.contains(name) && name != "rect"))) continue;
    if (!closing) {
      open.push_back(name);
    } else if (!open.empty() && open.back() == name) {
      open.pop_back();
    } else {
      wrong.push_back(name);
    }
  }
  wrong.insert(wrong.end(), open.begin(), open.end());
  return wrong;
}

TEST(AuditReportHtml, ANameIsTextAndNeverMarkup) {
  const std::string html = to_html(sample_report());
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"));
}

TEST(AuditReportHtml, EveryTextFromOutsideIsEscaped) {
  AuditReport report = sample_report();
  const std::string attack = "\"><img src=x onerror=alert(1)>";
  report.inputs = {attack};
  report.policies = {attack};
  report.not_seen = {attack};
  report.version = attack;
  report.gaps.front().source = report.gaps.front().text = attack;
  report.ledger.origin = report.ledger.root = report.ledger.checkpoint = attack;
  report.ledger.sentence = report.ledger.verifier_key = report.ledger.how_to_verify = attack;
  report.ledger.not_excluded = {attack};
  for (SourceStatus& source : report.sources) {
    source.name = source.connector = source.state = source.text = attack;
    source.coverage = json{{attack, attack}, {"places", json::array({{{attack, attack}}})}}.dump();
  }
  for (auto& row : report.violations) {
    row.policy = row.source = attack;
    row.controls = {attack};
    row.evidence = json{{attack, attack}}.dump();
  }
  report.failures.add(model::Ref{5}, attack, attack, report.from);
  for (auto& [ref, name] : report.names) name = attack;
  const std::string html = to_html(report);
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_TRUE(unbalanced(html).empty()) << json(unbalanced(html)).dump();
}

TEST(AuditReportHtml, LoadsNothingFromElsewhereAndRunsNothing) {
  const std::string html = to_html(sample_report());
  for (const char* word : {"http://", "https://", " src=", "url(", "@import", "<link", "javascript:"}) {
    EXPECT_THAT(html, Not(HasSubstr(word))) << word;
  }
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(AuditReportHtml, IsWellFormed) {
  EXPECT_TRUE(unbalanced(to_html(sample_report())).empty())
      << json(unbalanced(to_html(sample_report()))).dump();
  EXPECT_TRUE(unbalanced(to_html(AuditReport{})).empty()) << json(unbalanced(to_html(AuditReport{}))).dump();
}

TEST(AuditReportHtml, SaysWhatWasFoundAndWhatCouldNotBeSeen) {
  const std::string html = to_html(sample_report());
  for (const char* text :
       {"281 sessions", "CORP\\carol", "on for 12 h 1 s since", "nist-800-53:ac-12",
        "12 records could not be read", "record numbers 100 to 112 are missing", "vanished, inferred",
        "withdrawn 2026-11-03 22:04:00", "vpn: nothing in it told of a session", "chunk checksum",
        "curfew verify --bundle", "Entries cut from the end"}) {
    EXPECT_THAT(html, HasSubstr(text));
  }
}

TEST(AuditReportHtml, AnEmptyAuditSaysThatNothingWasSeen) {
  const std::string html = to_html(AuditReport{});
  EXPECT_THAT(html, HasSubstr("No policy was breached"));
  EXPECT_THAT(html, HasSubstr("nothing to draw"));
  EXPECT_THAT(html, HasSubstr("The ledger was not verified"));
}

TEST(AuditReportHtml, ThousandsOfViolationsAreCutAndTheCutIsSaid) {
  AuditReport report = sample_report();
  const model::ViolationRow row = report.violations.front();
  report.violations.assign(700, row);
  report.violations_total = 9000;
  const std::string html = to_html(report);
  EXPECT_THAT(html, HasSubstr("8,500 more violations are not shown"));
}

TEST(AuditReportJson, HasTheFieldsThatAreDocumented) {
  const json report = json::parse(to_json(sample_report()));
  for (const char* name : {"audit", "sources", "sessions", "violations", "violations_total",
                           "failed_sign_ins", "not_seen", "gaps", "gaps_total", "policies", "ledger"}) {
    EXPECT_TRUE(report.contains(name)) << name;
  }
  EXPECT_EQ(report["audit"]["period"]["from"], "2026-11-02T00:00:00.000000Z");
  EXPECT_EQ(report["sources"][0]["coverage"]["by_event_id"]["4624"], 9000);
  EXPECT_EQ(report["sources"][0]["coverage"]["paired"], 390);
  EXPECT_EQ(report["sessions"]["total"], 281);
  EXPECT_EQ(report["sessions"]["list"].size(), 281U);
  EXPECT_EQ(report["sessions"]["list_complete"], true);
  EXPECT_EQ(report["sessions"]["open"], 1);
  EXPECT_EQ(report["violations"][0]["evidence"]["limit"], 43200000000);
  EXPECT_EQ(report["violations"][0]["subject_name"], "CORP\\carol");
  EXPECT_EQ(report["ledger"]["verified"], true);
  EXPECT_EQ(report["ledger"]["size"], 17800);
}

TEST(AuditReportJson, SumsAgreeWithTheirParts) {
  const json report = json::parse(to_json(sample_report()));
  const auto sum = [](const json& list) {
    std::uint64_t total = 0;
    for (const auto& item : list) total += item["sessions"].get<std::uint64_t>();
    return total;
  };
  const json& sessions = report["sessions"];
  EXPECT_EQ(sum(sessions["by_day"]), sessions["total"]);
  EXPECT_EQ(sum(sessions["by_hour"]), sessions["total"]);
  EXPECT_EQ(sum(sessions["by_end"]), sessions["ended"]);
  EXPECT_EQ(sum(sessions["by_length"]), sessions["ended"]);
  EXPECT_EQ(sessions["ended"].get<int>() + sessions["open"].get<int>(), sessions["total"].get<int>());
}

TEST(AuditReportJson, BrokenCoverageDoesNotBreakTheReport) {
  AuditReport report = sample_report();
  report.sources[0].coverage = R"({"a":1}, "ledger": {"verified": true})";
  report.sources[1].coverage = std::string(10'000, '[');
  const json parsed = json::parse(to_json(report));
  EXPECT_TRUE(parsed["sources"][0]["coverage"].is_null());
  EXPECT_TRUE(parsed["sources"][1]["coverage"].is_null());
}

TEST(AuditReport, WhatTheConnectorCouldNotReadCounts) {
  SourceStatus source;
  source.unreadable = 3;
  EXPECT_EQ(wording::unreadable(source), 3U);
  source.coverage = R"({"unreadable":{"count":212,"places":[]}})";
  EXPECT_EQ(wording::unreadable(source), 212U);
  source.coverage = R"({"unreadable":2})";
  EXPECT_EQ(wording::unreadable(source), 3U);
  source.coverage = R"({"unreadable":"many"})";
  EXPECT_EQ(wording::unreadable(source), 3U);
}

TEST(AuditReport, NamesEveryReferenceThatItShows) {
  const std::vector<model::Ref> refs = references_in(sample_report());
  EXPECT_THAT(refs, Contains(model::Ref{3}));
  EXPECT_THAT(refs, Contains(model::Ref{0xd003}));
  EXPECT_THAT(refs, Contains(model::Ref{13}));
  EXPECT_THAT(refs, Not(Contains(model::Ref{})));
}

TEST(AuditSummary, FitsOnAScreen) {
  const std::string summary = to_summary(sample_report());
  EXPECT_LT(std::count(summary.begin(), summary.end(), '\n'), 20);
  EXPECT_THAT(summary, HasSubstr("281 sessions"));
  EXPECT_THAT(summary, HasSubstr("verified"));
}

TEST(Evidence, IsASentenceForEachRule) {
  AuditReport report;
  model::ViolationRow row;
  const auto text = [&](model::Rule rule, const char* evidence) {
    row.rule = rule;
    row.evidence = evidence;
    return wording::evidence(report, row);
  };
  EXPECT_EQ(
      text(model::Rule::InactivityTimeout,
           R"({"limit":900000000,"since":1793700000000000,"measured":960000000,"records_missing":true})"),
      "no activity for 16 min since 2026-11-03 10:00:00 (limit 15 min); records of that time are missing");
  EXPECT_EQ(
      text(model::Rule::ConcurrentSessions, R"({"limit":1,"measured":3,"per":"device","sessions":[4,5,6]})"),
      "3 sessions at once, at most 1 per device: sessions 4, 5, 6");
  EXPECT_EQ(text(model::Rule::FailedSignIns, R"({"limit":5,"measured":7,"window":600000000})"),
            "7 failures within 10 min (limit 5), then a success");
  EXPECT_EQ(
      text(
          model::Rule::ActivityAfterEnd,
          R"({"limit":0,"measured":61000000,"ended_at":1793700000000000,"end_reason":"signed_out","end":"stated","cause":"background_requests"})"),
      "activity 1 min 1 s after its end at 2026-11-03 10:00:00 (signed out, stated); cause: background "
      "requests");
  EXPECT_EQ(
      text(
          model::Rule::ActivityAfterEnd,
          R"({"limit":0,"measured":61000000,"ended_at":1793700000000000,"end_reason":"signed_out","end":"stated","cause":"token_refreshed","elsewhere":"another_address"})"),
      "activity 1 min 1 s after its end at 2026-11-03 10:00:00 (signed out, stated); cause: token refreshed "
      "(another address)");
  EXPECT_EQ(
      text(
          model::Rule::SilentResignIn,
          R"({"limit":600000000,"measured":4000000,"ended_at":1793700000000000,"end":"proven","cause":"kerberos_ticket"})"),
      "signed in silently 4 s after a sign-out at 2026-11-03 10:00:00 (proven; looked for within 10 min); "
      "cause: kerberos ticket");
  EXPECT_EQ(
      text(
          model::Rule::DisabledAccountActivity,
          R"({"limit":0,"measured":4000000,"change":"account_disabled","changed_at":1793700000000000,"told_by":"corp_ad","shown_by":"sign_in"})"),
      "sign in 4 s after: account disabled at 2026-11-03 10:00:00, told by corp_ad");
  EXPECT_EQ(
      text(
          model::Rule::ResumeWithoutReauthentication,
          R"({"limit":0,"measured":61000000,"away_since":1793700000000000,"was":"paused","shown_by":"reconnected"})"),
      "reconnected without fresh credentials after 1 min 1 s away (since 2026-11-03 10:00:00)");
  EXPECT_EQ(
      text(
          model::Rule::ReauthenticationInterval,
          R"({"limit":3600000000,"measured":3601000000,"since":1793700000000000,"counted_from":"fresh_credentials","sessions":[4]})"),
      "no fresh credentials for 1 h 1 s since 2026-11-03 10:00:00 (limit 1 h)");
  EXPECT_EQ(
      text(
          model::Rule::ReauthenticationInterval,
          R"({"limit":3600000000,"measured":3601000000,"since":1793700000000000,"counted_from":"first_seen"})"),
      "no fresh credentials for 1 h 1 s since 2026-11-03 10:00:00 (limit 1 h); none were seen, nor its "
      "start: "
      "counted from what was seen first");
  EXPECT_EQ(
      text(
          model::Rule::SessionBinding,
          R"({"limit":0,"measured":61000000,"bound":"user_agent","from":"00000000000000a1","to":"00000000000000a2","bound_at":1793700000000000,"changed_at":1793700061000000,"told_by":"crm_forms","sessions":[4]})"),
      "used from another user agent without fresh credentials, 1 min 1 s after 2026-11-03 10:00:00, as told "
      "by "
      "crm_forms");
  EXPECT_EQ(text(model::Rule::SharedDevice, R"({"limit":1,"measured":2,"sessions":[4,5]})"),
            "2 people on one device: sessions 4, 5");
  EXPECT_EQ(
      text(
          model::Rule::AllowedHours,
          R"({"limit":0,"measured":0,"since":1793690000000000,"closed_at":1793700000000000,"zone":"America/New_York"})"),
      "outside the allowed hours from 2026-11-03 10:00:00 UTC (America/New_York)");
  EXPECT_EQ(text(model::Rule::SessionTimeout, R"({"something":"else","count":1234})"),
            "something else; count 1,234");
  EXPECT_EQ(text(model::Rule::SessionTimeout, "not json"), "none recorded");
}

TEST(Wording, SpeaksOfNumbersAsPeopleDo) {
  EXPECT_EQ(wording::count(1'234'567), "1,234,567");
  EXPECT_EQ(wording::count(999), "999");
  EXPECT_EQ(wording::percent(1, 1000), "under 1 %");
  EXPECT_EQ(wording::percent(999, 1000), "over 99 %");
  EXPECT_EQ(wording::percent(0, 0), "0 %");
}

}  // namespace
}  // namespace curfew::report
