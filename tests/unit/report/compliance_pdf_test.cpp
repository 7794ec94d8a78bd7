// The compliance report as PDF: read back by other programs, and compared with the JSON report's facts.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "compliance_sample.hpp"
#include "core/report/compliance_formats.hpp"

namespace curfew::report {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) ==
         0;  // NOLINT(concurrency-mt-unsafe)
}

// What a command prints; its code goes to `code`.
std::string printed(const std::string& command, int& code) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> bytes{};
  for (std::size_t got = 0; (got = std::fread(bytes.data(), 1, bytes.size(), pipe)) > 0;)
    out.append(bytes.data(), got);
  code = pclose(pipe);
  return out;
}

class CompliancePdf : public testing::Test {
 protected:
  CompliancePdf() {
    std::string folder = (std::filesystem::temp_directory_path() / "curfew-pdf-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
  }
  ~CompliancePdf() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  void SetUp() override {
    for (const char* program : {"pdftotext", "pdfinfo", "qpdf"}) {
      if (!has_program(program)) GTEST_SKIP() << program << " is absent: install poppler-utils and qpdf";
    }
  }
  std::string read(const std::string& pdf, const std::string& command) {
    const std::string file = (folder_ / "report.pdf").string();
    std::ofstream(file, std::ios::binary) << pdf;
    int code = -1;
    const bool to_stdout = command.starts_with("pdftotext") || command.find("--qdf") != std::string::npos;
    std::string out = printed(command + " " + file + (to_stdout ? " - 2>/dev/null" : " 2>/dev/null"), code);
    EXPECT_EQ(code, 0) << command << ": " << out;
    return out;
  }
  // Its text in one line, as words may be on any.
  std::string words(const std::string& pdf) {
    return std::regex_replace(read(pdf, "pdftotext -layout"), std::regex("\\s+"), " ");
  }
  std::filesystem::path folder_;
};

TEST_F(CompliancePdf, TellsWhatTheJsonReportTells) {
  const ComplianceReport report = sample_compliance();
  const json facts = json::parse(to_json(report));
  const std::string text = words(to_pdf(report));
  const std::string tight = std::regex_replace(text, std::regex(" "), "");
  for (const json& control : facts["controls"]) {
    const std::string result(words_of(model::parse<Result>(control["result"].get<std::string>()).value()));
    // In the contents, which a reader turns to first.
    EXPECT_THAT(text, HasSubstr(control["control"].get<std::string>() + " " +
                                control["title"].get<std::string>() + " – " + result));
  }
  for (const auto& [kind, mark] : std::vector<std::pair<std::string, std::string>>{
           {"not_satisfied", "✘"}, {"no_data", "?"}, {"satisfied", "✔"}, {"not_testable", "–"}})
    EXPECT_THAT(tight, HasSubstr(mark + std::to_string(facts["frameworks"][0][kind].get<int>())));
  for (const json& sentence : facts["report"]["findings"])
    EXPECT_THAT(text, HasSubstr(sentence.get<std::string>()));
  EXPECT_THAT(text, HasSubstr("7, ledger entry 1/31"));
  EXPECT_THAT(text, HasSubstr("Ledger: curfew/hq/one/1, 40 entries, root aaaaaaaaaaaaaaaa"));
  EXPECT_THAT(text, HasSubstr("page 1 of "));
}

TEST_F(CompliancePdf, IsAValidFileWithItsTitleAndNoClock) {
  ComplianceReport report = sample_compliance();
  const std::string pdf = to_pdf(report);
  EXPECT_THAT(read(pdf, "qpdf --check"), HasSubstr("No syntax or stream encoding errors"));
  const std::string info = read(pdf, "env TZ=UTC pdfinfo -isodates");
  EXPECT_THAT(info, HasSubstr("Compliance report on sessions 2026-11-01 to 2026-12-01"));
  EXPECT_THAT(info, HasSubstr("2026-12-02T00:00:00Z")) << "how far the ledger reaches";
  EXPECT_THAT(info, HasSubstr("A4"));
  report.facts.generated_at += std::chrono::hours(5);
  EXPECT_EQ(to_pdf(report), pdf) << "the same ledger and period make the same bytes";
  report.violations += 1;
  EXPECT_NE(to_pdf(report), pdf);
}

TEST_F(CompliancePdf, HasContentsBookmarksAndLinksThatLeadSomewhere) {
  const std::string pdf = to_pdf(sample_compliance());
  const std::string objects = read(pdf, "qpdf --qdf --object-streams=disable --no-original-object-ids");
  std::size_t links = 0;
  for (std::size_t at = objects.find("/Subtype /Link"); at != std::string::npos;
       at = objects.find("/Subtype /Link", at + 1))
    ++links;
  const std::size_t controls = find_framework("nist-800-53")->controls.size();
  EXPECT_GE(links, controls + 7) << "each control and section in the contents";
  EXPECT_THAT(objects, HasSubstr("/Outlines"));
  EXPECT_THAT(words(pdf), HasSubstr("The ledger that this rests on"));
}

TEST_F(CompliancePdf, ListsSomeExceptionsAndSaysHowManyMore) {
  ComplianceReport report = sample_compliance();
  ControlResult& broken = report.results[8];
  const ControlException one = broken.exceptions.front();
  broken.exceptions.clear();
  for (model::SessionNumber number = 1000; number < 1200; ++number) {
    broken.exceptions.push_back(one);
    broken.exceptions.back().session = number;
  }
  broken.broken = 512;
  const std::string pdf = to_pdf(report);
  const std::string text = words(pdf);
  EXPECT_THAT(text, HasSubstr("1059, ledger entry"));
  EXPECT_THAT(text, Not(HasSubstr("1060,")));
  EXPECT_THAT(text, HasSubstr("And 140 more in the JSON report"));
  EXPECT_THAT(text, HasSubstr("312 more exceptions are counted and not listed"));
  // The head of a table that goes on stands on each of its sheets.
  const std::string sheets = read(pdf, "pdftotext -layout");
  std::size_t heads = 0;
  for (std::size_t at = sheets.find("evidence\n"); at != std::string::npos;
       at = sheets.find("evidence\n", at + 1))
    ++heads;
  EXPECT_GE(heads, 3U);
  EXPECT_GE(std::stoi(read(pdf, "qpdf --show-npages")), 5);
}

TEST_F(CompliancePdf, NamesOfAnyScriptAreShownOrWrittenByNumber) {
  ComplianceReport report = sample_compliance();
  report.names = {{model::Ref{13},
                   "Жанна Ελένη 中\xF0\x9F\x98\x80\xE2\x80\xAE"
                   "x"}};
  const std::string text = words(to_pdf(report));
  EXPECT_THAT(text, HasSubstr("Жанна"));
  EXPECT_THAT(text, HasSubstr("Ελένη"));
  EXPECT_THAT(std::regex_replace(text, std::regex(" "), ""), HasSubstr("[U+4E2D]"));
  // Once with the exception, once with who was on.
  EXPECT_THAT(text, HasSubstr("6 characters have no picture in this file's fonts"));
  report.names = {{model::Ref{13}, "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"}};
  EXPECT_THAT(words(to_pdf(report)), HasSubstr("\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D"))
      << "read from right to left";
}

TEST_F(CompliancePdf, AnEmptyReportIsAReportToo) {
  ComplianceReport report;
  report.version = "0.1.0";
  report.facts.period = {at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")};
  report.facts.recorded_until = at("2026-12-01T00:00:00Z");
  const std::string text = words(to_pdf(report));
  EXPECT_THAT(text, HasSubstr("There was no session."));
  EXPECT_THAT(text, HasSubstr("nothing to draw"));
}

TEST(ComplianceFormats, EachHasANameAndAnEndingOfItsOwn) {
  std::map<std::string_view, std::string_view> endings;
  const ComplianceReport report = sample_compliance();
  for (const ComplianceFormat& format : compliance_formats()) {
    EXPECT_TRUE(endings.emplace(format.ending, format.name).second) << format.name;
    EXPECT_EQ(find_format(format.name), &format);
    EXPECT_FALSE(render(report, format).empty()) << format.name;
  }
  EXPECT_EQ(find_format("docx"), nullptr);
  EXPECT_EQ(format_names(), "html, pdf, json, csv, exceptions-csv or oscal");
}

}  // namespace
}  // namespace curfew::report
