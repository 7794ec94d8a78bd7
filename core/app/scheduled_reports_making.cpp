// A scheduled report is made: evaluated, rendered, put into its folder, and recorded in the ledger.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/app/report_files.hpp"
#include "core/app/scheduled_reports.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/report/compliance_formats.hpp"
#include "core/report/wording.hpp"

namespace curfew::app {

using metrics::OutletOutcome;
using nlohmann::json;

namespace {

std::vector<const report::Framework*> frameworks_of(const ReportSettings& settings) {
  std::vector<const report::Framework*> out;
  for (const std::string& id : settings.frameworks) {
    for (const report::Framework* one : report::frameworks_of(id)) {
      if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
    }
  }
  return out;
}

}  // namespace

void ScheduledReports::make(const ReportSettings& report, ReportState& state) {
  // The entry may be there already, if the daemon was killed right after it.
  for (const std::string& facts : ground_.recorded_since(report.name)) {
    const json said = json::parse(facts, nullptr, false);
    if (!said.is_object() || said.value("report", "") != report.name ||
        said.value("period", "") != state.period || said.value("event", "") != "made")
      continue;
    state.take_files(said.at("files"));
    made(report, state);
    return;
  }
  report::ComplianceRequest request;
  request.frameworks = frameworks_of(report);
  request.from = state.from;
  request.to = state.to;
  request.scope.sources = report.sources;
  request.scope.applications = report.applications;
  request.now = ground_.now();
  report::ComplianceReport found;
  try {
    found = ground_.make(request);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Input) throw;
    end_without_mail(report, state, OutletOutcome::Nothing, error.what());
    return;
  }
  const std::string folder = report_folder(report, data_);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorKind::Unavailable, folder + ": can't be made: " + error.message());
  std::string text = "Compliance report " + report.name + ", " + state.period + ".\n\n";
  for (const std::string& sentence : report::findings(found)) text += sentence + "\n";
  text += "\nFiles, with their SHA-256:\n";
  for (const std::string& name : report.formats) {
    const report::ComplianceFormat* format = report::find_format(name);
    const std::string bytes = report::render(found, *format);
    const std::string file = report_file(report.name, state.period, format->ending);
    write_report_file(folder + "/" + file, bytes);
    state.files.push_back({file, name, base::to_hex(base::sha256(bytes)), bytes.size()});
    text += "  " + file + "\n    " + state.files.back().sha256 + "\n";
  }
  for (const report::StreamState& stream : found.streams)
    text += "\nThe ledger that it rests on:\n" + stream.checkpoint;
  write_report_file(folder + "/" + report_file(report.name, state.period, report_text_ending), text);
  base::kill_point("report.files_written");
  record(report, state, "made",
         [&](std::string& facts) { facts += ",\"files\":" + state.files_json().dump(); });
  base::kill_point("report.recorded");
  ground_.log->info("a scheduled report was made", {{"report", report.name}, {"period", state.period}});
  made(report, state);
}

void ScheduledReports::made(const ReportSettings& report, ReportState& state) {
  if (report.mail_to.empty()) {
    end(report, state, "made");
    return;
  }
  state.phase = "made";
  save(report, state);
}

}  // namespace curfew::app
