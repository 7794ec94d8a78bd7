// `curfew sessions`, `subjects`, `presences`, `violations`, `sign-outs`, `sources`, `reports`: what the
// daemon knows, asked over its HTTP API.
#include <Poco/URI.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/app/api_client.hpp"
#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/base/error.hpp"
#include "core/base/time.hpp"
#include "core/report/tables.hpp"

namespace curfew::app {
namespace {

using nlohmann::json;

// Pages until `limit` rows or the end.
json rows_of(const ApiClient& daemon, const QueryOptions& options) {
  json rows = json::array();
  std::string after;
  while (rows.size() < options.limit) {
    Poco::URI uri;
    uri.setPath("/api/v1/" + (options.what == "reports" ? "reports/scheduled" : options.what));
    if (options.what != "sources" && options.what != "reports") {
      uri.addQueryParameter("limit",
                            std::to_string(std::min<std::size_t>(options.limit - rows.size(), 1'000)));
      if (!after.empty()) uri.addQueryParameter("after", after);
    }
    if (options.live) uri.addQueryParameter("live", "true");
    if (!options.source.empty()) uri.addQueryParameter("source", options.source);
    if (!options.policy.empty()) uri.addQueryParameter("policy", options.policy);
    if (!options.subject.empty()) uri.addQueryParameter("subject", options.subject);
    if (!options.at.empty()) {
      const auto at = base::parse_rfc3339(options.at);
      if (!at)
        throw Error(ErrorKind::Usage, "--at: '" + options.at + "' is no time such as 2026-03-02T14:00:00Z");
      uri.addQueryParameter("from", options.at);
      uri.addQueryParameter("to", base::format_rfc3339(*at + std::chrono::microseconds(1)));
    }
    if (options.held) uri.addQueryParameter("held", "true");
    if (options.open) uri.addQueryParameter("open", "true");
    if (!options.outcome.empty()) uri.addQueryParameter("outcome", options.outcome);
    const json answer = json::parse(daemon.get(uri.toString()));
    for (const json& row : answer.at(options.what == "sign-outs" ? "sign_outs" : options.what))
      rows.push_back(row);
    const auto next = answer.find("next");
    if (next == answer.end() || !next->is_string()) break;
    after = next->get<std::string>();
  }
  return rows;
}

std::vector<const char*> columns_of(const std::string& what) {
  if (what == "sessions")
    return {"number",   "source",    "subject", "state", "started_at", "last_person_activity_at",
            "ended_at", "end_reason"};
  if (what == "subjects")
    return {"subject", "account_type", "live_sessions", "sessions", "violations", "last_activity_at"};
  if (what == "presences")
    return {"subject",       "account_type", "started_at", "ended_at",
            "live_sessions", "sessions",     "sources",    "applications"};
  if (what == "violations")
    return {"number", "policy", "mode", "source", "session", "subject", "breached_at", "sign_out"};
  if (what == "sign-outs")
    return {"number",  "ordered_at",   "source",       "session",    "subject",
            "outcome", "held_because", "concluded_at", "ordered_by", "reason"};
  if (what == "reports")
    return {"name", "frameworks", "next_period", "next_due_at", "last_period", "at", "outcome", "went_to"};
  return {"name", "connector", "state", "observations", "read", "unreadable", "last_observation_at", "text"};
}

std::string cell_of(const json& row, const char* column) {
  const auto value = row.find(column);
  if (value == row.end() || value->is_null()) return "-";
  std::string text;
  if (value->is_array()) {
    for (const json& one : *value) text += (text.empty() ? "" : ", ") + one.get<std::string>();
  } else {
    text = value->is_string() ? value->get<std::string>() : value->dump();
  }
  // Microseconds are for machines.
  if (text.size() == 27 && text.ends_with("Z") && text[10] == 'T') text = text.substr(0, 19) + "Z";
  return report::printable(text);
}

// What a table shows of a report's last run, in its row; `went_to`: list of names and a folder.
json with_last_run(json row) {
  const json run = row.at("last_run");
  if (!run.is_object()) return row;
  row["last_period"] = run.at("period");
  row["at"] = run.at("at");
  // While there is no outcome, how far it is.
  row["outcome"] = run.at("outcome").is_null() ? run.at("phase") : run.at("outcome");
  if (run.at("files").empty()) return row;
  row["went_to"] = json::array();
  if (row["outcome"] == "mailed") row["went_to"] = row.at("mail_to");
  row["went_to"].push_back(row.at("folder"));
  return row;
}

std::string table_of(const json& rows, const std::string& what) {
  std::vector<std::string> titles;
  for (const char* column : columns_of(what)) titles.emplace_back(column);
  std::vector<std::vector<std::string>> cells;
  for (const json& one : rows) {
    const json row = what == "reports" ? with_last_run(one) : one;
    std::vector<std::string>& line = cells.emplace_back();
    for (const char* column : columns_of(what)) line.push_back(cell_of(row, column));
  }
  return report::aligned(titles, cells);
}

}  // namespace

int query(const QueryOptions& options) {
  const ApiClient daemon(access_of(options));
  while (true) {
    const json rows = rows_of(daemon, options);
    const std::string text =
        options.json ? rows.dump(options.watch ? -1 : 2) + "\n" : table_of(rows, options.what);
    if (options.watch && !options.json && ::isatty(STDOUT_FILENO) == 1) std::fputs("\033[H\033[2J", stdout);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    if (!options.watch) return exit_ok;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

}  // namespace curfew::app
