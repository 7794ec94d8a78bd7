// The compliance report in its formats: what each holds, and that hostile names stay text.
#include "core/report/compliance_report.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "compliance_sample.hpp"
#include "core/report/audit_report.hpp"

namespace curfew::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(ComplianceHtml, BeginsWithThePageForExecutives) {
  const std::string html = to_html(sample_compliance());
  EXPECT_LT(html.find("class=\"executive\""), html.find("class=\"framework\""));
  for (const char* part : {"Where to act", "How sure this is", "<b>The ledger was verified.</b>",
                           "By framework", "NIST SP 800-53 revision 5", "2026-11-01 00:00:00"})
    EXPECT_THAT(html, HasSubstr(part));
}

TEST(ComplianceHtml, HasASectionForEachQuestion) {
  const std::string html = to_html(sample_compliance());
  for (const char* id : {"habits", "on", "pictures", "coverage", "policies", "ledger", "reading"})
    EXPECT_EQ(times(html, "<section id=\"" + std::string(id) + "\">"), 1U) << id;
  EXPECT_EQ(times(html, "<article "), find_framework("nist-800-53")->controls.size());
  EXPECT_THAT(html, HasSubstr("violation 3, session 7, ledger entry 1/31"));
  EXPECT_THAT(html, HasSubstr("1 of 3 (33 %)")) << "sign-outs after which somebody came back";
}

TEST(ComplianceHtml, TellsResultsByWordsAndMarksNotByColour) {
  const std::string html = to_html(sample_compliance());
  for (const char* words :
       {"✘ not satisfied</span>", "✔ satisfied</span>", "– not testable</span>", "? no data</span>"})
    EXPECT_THAT(html, HasSubstr(words));
}

TEST(ComplianceHtml, LoadsNothingAndRunsNothing) {
  const std::string html = to_html(sample_compliance());
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* part : {"<script", "src=", "http://", "https://", "@import", "url("})
    EXPECT_THAT(html, Not(HasSubstr(part)));
}

TEST(ComplianceHtml, HostileNamesStayText) {
  const std::string html = to_html(sample_compliance());
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;late&lt;/b&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<b>late")));
  EXPECT_THAT(html, HasSubstr("<bdi>=cmd|&#39; /C calc&#39;!A0&lt;script&gt;</bdi>"));
}

TEST(ComplianceHtml, EveryElementThatIsOpenedIsClosed) {
  const std::string html = to_html(sample_compliance());
  for (const char* tag :
       {"section", "article", "table", "tbody", "tr", "dl", "ul", "p", "div", "h4", "svg"}) {
    const std::string name = tag;
    EXPECT_EQ(times(html, "<" + name + ">") + times(html, "<" + name + " "), times(html, "</" + name + ">"))
        << tag;
  }
}

TEST(ComplianceHtml, BreaksPagesOnPaper) {
  const std::string html = to_html(sample_compliance());
  EXPECT_THAT(html, HasSubstr(".executive{break-after:page}"));
  EXPECT_THAT(html, HasSubstr("@page{size:A4"));
}

TEST(ComplianceHtml, WithoutNamesThereAreReferences) {
  ComplianceReport report = sample_compliance();
  report.names.clear();
  const std::string html = to_html(report);
  EXPECT_THAT(html, HasSubstr("<code>000000000000000d</code>"));
  EXPECT_THAT(html, Not(HasSubstr("alert(")));
}

TEST(ComplianceHtml, AnAuditTakesItsControlsOver) {
  AuditReport audit;
  EXPECT_THAT(to_html(audit), Not(HasSubstr("id=\"controls\"")));
  EXPECT_FALSE(json::parse(to_json(audit)).contains("compliance"));
  audit.compliance = sample_compliance();
  EXPECT_THAT(to_html(audit), HasSubstr("<section id=\"controls\">"));
  EXPECT_THAT(to_html(audit), HasSubstr("violation 3, session 7, ledger entry 1/31"));
  EXPECT_EQ(json::parse(to_json(audit))["compliance"]["controls"].size(), audit.compliance->results.size());
}

TEST(ComplianceJson, HoldsEachControlWithItsReasonAndEvidence) {
  const json report = json::parse(to_json(sample_compliance()));
  EXPECT_EQ(report["controls"].size(), find_framework("nist-800-53")->controls.size());
  const json& broken = report["controls"][8];
  EXPECT_EQ(broken["control"], "ac-12");
  EXPECT_EQ(broken["result"], "not_satisfied");
  EXPECT_EQ(broken["named_by"], json::array({"the-policy"}));
  EXPECT_EQ(broken["exceptions"][0]["entry"], json({{"stream", 1}, {"index", 31}}));
  EXPECT_EQ(report["ledger"]["streams"][0]["number"], 1) << "else nobody knows which stream is cited";
  EXPECT_EQ(broken["exceptions"][0]["subject"], "000000000000000d");
  EXPECT_EQ(report["losses"][0]["records"], 12);
  EXPECT_EQ(report["ledger"]["verified"], true);
  EXPECT_EQ(report["habits"]["by_application"][0]["came_back_without_credentials"], 1);
  EXPECT_EQ(report["habits"]["by_group"][0]["name"], "clerks");
  EXPECT_EQ(report["who_was_on"]["total"], 1);
  EXPECT_EQ(report["policy_versions"][0]["policies"][0]["limit_seconds"], 43'200);
  std::uint64_t counted = 0;
  for (const char* result : {"satisfied", "not_satisfied", "not_testable", "no_data"})
    counted += report["frameworks"][0][result].get<std::uint64_t>();
  EXPECT_EQ(counted, report["controls"].size());
}

TEST(ComplianceCsv, HasALineForEachControlAndForEachException) {
  const std::string csv = to_csv(sample_compliance());
  EXPECT_EQ(times(csv, "\r\n"), 1 + find_framework("nist-800-53")->controls.size());
  EXPECT_TRUE(csv.starts_with("\"framework\",\"framework_version\",\"control\",")) << csv.substr(0, 80);
  EXPECT_THAT(csv, HasSubstr("\r\n\"nist-800-53\",\"revision 5\",\"ac-12\",\"Session termination\","));
  const std::string exceptions = exceptions_csv(sample_compliance());
  EXPECT_EQ(times(exceptions, "\r\n"), 2U);
}

TEST(ComplianceCsv, WhatASpreadsheetWouldRunStaysText) {
  ComplianceReport report = sample_compliance();
  const std::string csv = exceptions_csv(report);
  EXPECT_THAT(csv, HasSubstr("\"'=cmd|' /C calc'!A0<script>\""));
  for (const char* start : {"+1", "-1", "@SUM(A1)", "\tx", "\rx"}) {
    report.results[8].exceptions[0].text = start;
    EXPECT_THAT(exceptions_csv(report), HasSubstr("\"'" + std::string(start) + "\"")) << start;
  }
  report.results[8].exceptions[0].text = "say \"no\"";
  EXPECT_THAT(exceptions_csv(report), HasSubstr("\"say \"\"no\"\"\""));
}

// ---- OSCAL ----

void collect(const json& value, const std::string& key, std::vector<std::string>& uuids,
             std::vector<std::string>& references) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (key == "uuid") uuids.push_back(text);
    if (key == "observation-uuid" || key == "actor-uuid") references.push_back(text);
    if (key == "href" && text.starts_with('#')) references.push_back(text.substr(1));
  }
  if (!value.is_structured()) return;
  for (const auto& [name, member] : value.items())
    collect(member, value.is_object() ? name : key, uuids, references);
}

TEST(ComplianceOscal, UuidsAreUniqueAndEveryReferenceLeadsSomewhere) {
  std::vector<std::string> uuids;
  std::vector<std::string> references;
  collect(json::parse(to_oscal(sample_compliance())), "", uuids, references);
  const std::set<std::string> known(uuids.begin(), uuids.end());
  EXPECT_EQ(known.size(), uuids.size());
  EXPECT_FALSE(references.empty());
  for (const std::string& reference : references) EXPECT_TRUE(known.contains(reference)) << reference;
  for (const std::string& uuid : uuids)
    EXPECT_THAT(uuid, testing::ContainsRegex("^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-"));
}

TEST(ComplianceOscal, TheSameContentHasTheSameUuids) {
  ComplianceReport report = sample_compliance();
  const std::string first = to_oscal(report);
  EXPECT_EQ(to_oscal(sample_compliance()), first);
  report.results[8].result = Result::NoData;
  EXPECT_NE(json::parse(to_oscal(report))["assessment-results"]["uuid"],
            json::parse(first)["assessment-results"]["uuid"]);
}

TEST(ComplianceOscal, WhatWasNotTestedIsAnObservationWithoutAFinding) {
  const ComplianceReport report = sample_compliance();
  const json result = json::parse(to_oscal(report))["assessment-results"]["results"][0];
  EXPECT_EQ(result["observations"].size(), report.results.size());
  EXPECT_EQ(result["findings"].size(), report.count(Result::Satisfied) + report.count(Result::NotSatisfied));
  bool found = false;
  for (const json& finding : result["findings"]) {
    const json& target = finding["target"];
    if (target["target-id"] != "ac-12_obj") continue;
    found = true;
    EXPECT_EQ(target["status"]["state"], "not-satisfied");
    EXPECT_EQ(target["status"]["reason"], "fail");
  }
  EXPECT_TRUE(found);
}

TEST(ComplianceOscal, WithoutFindingsThereIsNoEmptyList) {
  ComplianceReport report = sample_compliance();
  for (ControlResult& result : report.results) result.result = Result::NoData;
  const json result = json::parse(to_oscal(report))["assessment-results"]["results"][0];
  EXPECT_FALSE(result.contains("findings"));
}

TEST(ComplianceReports, TheReferencesToResolveAreThoseShown) {
  const auto refs = references_in(sample_compliance());
  EXPECT_THAT(refs, testing::ElementsAre(model::Ref{13}, model::Ref{113}));
}

}  // namespace
}  // namespace curfew::report
