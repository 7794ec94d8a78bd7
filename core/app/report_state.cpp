#include "core/app/report_state.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/digest.hpp"

namespace curfew::app {

using nlohmann::json;

ReportState ReportState::of(const ReportPeriod& period, std::string phase) {
  ReportState state;
  state.period = period.label;
  state.from = period.from;
  state.to = period.to;
  state.phase = std::move(phase);
  return state;
}

ReportState ReportState::parse(const std::string& text) {
  const json said = json::parse(text);
  ReportState state;
  state.period = said.at("period");
  state.from = base::from_micros(said.at("from"));
  state.to = base::from_micros(said.at("to"));
  state.phase = said.at("phase");
  state.outcome = said.at("outcome");
  state.attempts = said.at("attempts");
  state.next = base::from_micros(said.at("next"));
  state.take_files(said.at("files"));
  for (const json& one : said.at("told")) state.told.insert(one.get<std::string>());
  return state;
}

std::string ReportState::text() const {
  return json{{"period", period},
              {"from", base::to_micros(from)},
              {"to", base::to_micros(to)},
              {"phase", phase},
              {"outcome", outcome},
              {"attempts", attempts},
              {"next", base::to_micros(next)},
              {"files", files_json()},
              {"told", told}}
      .dump();
}

json ReportState::files_json() const {
  json list = json::array();
  for (const report::ReportFile& file : files)
    list.push_back(
        {{"name", file.name}, {"format", file.format}, {"sha256", file.sha256}, {"bytes", file.bytes}});
  return list;
}

void ReportState::take_files(const json& list) {
  for (const json& file : list)
    files.push_back({file.at("name"), file.at("format"), file.at("sha256"), file.at("bytes")});
}

std::string ReportState::digest_of(const std::string& address) const {
  return base::to_hex(base::sha256(period + "/" + address)).substr(0, 24);
}

std::string report_row(const std::string& realm, const std::string& name) {
  return "report/" + realm + "/" + name;
}

std::string report_folder(const ReportSettings& report, const std::string& data) {
  return report.folder.empty() ? data + "/reports/" + report.name : report.folder;
}

}  // namespace curfew::app
