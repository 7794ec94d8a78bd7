#include "plugins/oauth/logs/table_rows.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "curfew/plugin/text.hpp"
#include "plugins/files/text.hpp"
#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::logs {
namespace {

using nlohmann::json;

constexpr std::string_view in_utc = " [UTC]";
constexpr std::size_t most_targets = 20;
constexpr std::size_t deepest = 6;

struct Known {
  TableKind kind;
  std::array<std::string_view, 3> columns;  // all that are not empty must be there
};
// The first that fits.
constexpr std::array<Known, 13> known{{
    {TableKind::EntraSignIns, {"Date (UTC)", "Request ID", "User ID"}},
    {TableKind::EntraServices, {"Date (UTC)", "Request ID", "Service principal ID"}},
    {TableKind::EntraAudit, {"Date (UTC)", "Activity", "Target1ObjectId"}},
    {TableKind::Columns, {"TimeGenerated", "UserPrincipalName", "ResultType"}},
    {TableKind::Columns, {"TimeGenerated", "OperationName", "TargetResources"}},
    {TableKind::Columns, {"TimeGenerated", "Properties"}},
    {TableKind::Columns, {"timestamp", "customDimensions"}},
    {TableKind::Columns, {"TimeGenerated", "DeviceVendor", "DeviceProduct"}},
    {TableKind::Audit365, {"AuditData"}},
    {TableKind::OktaLog, {"event_type", "actor.id", "timestamp"}},
    {TableKind::Columns, {"EVENT_TYPE", "LOGIN_KEY"}},
    {TableKind::Logins, {"LoginTime", "LoginType", "SourceIp"}},
    {TableKind::Logins, {"Login Time", "Login Type", "Source IP"}},
}};

bool has(const std::vector<std::string>& header, std::string_view column) {
  return column.empty() || std::find(header.begin(), header.end(), column) != header.end();
}

void put(json& record, const char* key, const std::string& value) {
  if (!value.empty() && value != "None") record[key] = value;
}

// external_session_id is externalSessionId there.
std::string joined_words(std::string_view text) {
  std::string out;
  bool is_next_upper = false;
  for (const char c : text) {
    if (c == '_') {
      is_next_upper = true;
      continue;
    }
    out += is_next_upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    is_next_upper = false;
  }
  return out;
}

// "target0.alternate_id" is the first of a list.
std::optional<std::size_t> target_of(std::string_view step) {
  constexpr std::string_view target = "target";
  if (!step.starts_with(target) || step.size() > target.size() + 2) return std::nullopt;
  step.remove_prefix(target.size());
  std::size_t place = 0;
  for (const char c : step) {
    if (c < '0' || c > '9') return std::nullopt;
    place = place * 10 + static_cast<std::size_t>(c - '0');
  }
  return step.empty() || place >= most_targets ? std::nullopt : std::optional(place);
}

void put_nested(json& record, std::string_view column, const std::string& value) {
  json* at = &record;
  for (std::size_t depth = 0; depth < deepest; ++depth) {
    const std::size_t dot = column.find('.');
    const std::string_view step = column.substr(0, dot);
    const auto place = depth == 0 && dot != std::string_view::npos ? target_of(step) : std::nullopt;
    json& next = place ? (*at)["target"][*place] : (*at)[joined_words(step)];
    if (dot == std::string_view::npos) {
      if (next.is_null()) next = value;
      return;
    }
    if (!next.is_null() && !next.is_object()) return;  // a column of that name has a value
    if (next.is_null()) next = json::object();
    at = &next;
    column.remove_prefix(dot + 1);
  }
}

// As Graph has it; as it stands where it is no time, for the reader to say so.
std::string graph_time(const std::string& text) {
  const auto at = events::event_time(text);
  return at ? to_iso_time(*at) : text;
}

bool bears_zone(std::string_view text) {
  return text.ends_with('Z') || text.find_first_of("+-", std::min<std::size_t>(text.size(), 10)) != text.npos;
}

// Local time of who exported it, unless it says otherwise.
std::string zoned_time(std::string text, std::chrono::seconds zone) {
  for (const std::string_view suffix : {" GMT", " UTC"}) {
    if (text.ends_with(suffix)) {
      text.resize(text.size() - suffix.size());
      return graph_time(text);
    }
  }
  const auto at = events::event_time(text);
  if (!at) return text;
  return to_iso_time(bears_zone(text) ? *at : *at - zone);
}

class Row {
 public:
  Row(const std::vector<std::string>& header, const std::vector<std::string>& fields)
      : header_(header), fields_(fields) {}
  [[nodiscard]] std::string at(std::string_view column) const {
    const auto found = std::find(header_.begin(), header_.end(), column);
    if (found == header_.end()) return {};
    return plugin::to_clean_utf8(files::trim(fields_[static_cast<std::size_t>(found - header_.begin())]));
  }
  [[nodiscard]] json all() const {
    json record = json::object();
    for (std::size_t i = 0; i < header_.size(); ++i) {
      if (!header_[i].empty() && !fields_[i].empty())
        record.emplace(header_[i], plugin::to_clean_utf8(fields_[i]));
    }
    return record;
  }

 private:
  const std::vector<std::string>& header_;
  const std::vector<std::string>& fields_;
};

// The portal's own words for what Graph calls otherwise.
json entra_sign_in(const Row& row, const std::string& file) {
  json record{{"isInteractive", file.find("NonInteractive") == std::string::npos},
              {"createdDateTime", graph_time(row.at("Date (UTC)"))},
              {"status", json::object()},
              {"appId", row.at("Application ID")},
              {"userId", row.at("User ID")}};
  put(record, "id", row.at("Request ID"));
  put(record, "userPrincipalName", row.at("Username"));
  put(record, "appDisplayName", row.at("Application"));
  put(record, "ipAddress", row.at("IP address"));
  put(record, "userAgent", row.at("User agent"));
  put(record, "correlationId", row.at("Correlation ID"));
  put(record, "sessionId", row.at("Session ID"));
  if (row.at("Authentication requirement").starts_with("Multi"))
    record["authenticationRequirement"] = "multiFactorAuthentication";
  record["deviceDetail"]["deviceId"] = row.at("Device ID");
  // A success has no code there.
  const std::string code = row.at("Sign-in error code");
  std::int64_t number = 0;
  const auto read = std::from_chars(code.data(), code.data() + code.size(), number);
  const bool has_code = !code.empty() && read.ec == std::errc() && read.ptr == code.data() + code.size();
  if (has_code || row.at("Status") == "Success") record["status"]["errorCode"] = number;
  return record;
}

json entra_audit(const Row& row) {
  return {{"activityDisplayName", row.at("Activity")},
          {"activityDateTime", graph_time(row.at("Date (UTC)"))},
          {"result", row.at("Result")},
          {"correlationId", row.at("CorrelationId")},
          {"targetResources",
           {{{"type", row.at("Target1Type")},
             {"id", row.at("Target1ObjectId")},
             {"userPrincipalName", row.at("Target1UserPrincipalName")}}}}};
}

}  // namespace

std::optional<TableRows> TableRows::of(std::vector<std::string> header, TableOf of) {
  for (std::string& column : header) {
    std::string_view name = files::trim(column);
    // Log Analytics says so of its times; all without a zone are of UTC here.
    if (name.ends_with(in_utc)) name.remove_suffix(in_utc.size());
    column = plugin::to_clean_utf8(name);
  }
  for (const Known& one : known) {
    const bool fits = std::all_of(one.columns.begin(), one.columns.end(),
                                  [&](std::string_view column) { return has(header, column); });
    if (fits) return TableRows(std::move(header), std::move(of), one.kind);
  }
  return std::nullopt;
}

std::string TableRows::record(const std::vector<std::string>& fields) const {
  if (fields.size() != header_.size()) return {};
  const Row row(header_, fields);
  json record = json::object();
  switch (kind_) {
    case TableKind::Columns:
      record = row.all();
      break;
    case TableKind::Audit365:
      return row.at("AuditData");
    case TableKind::OktaLog:
      for (std::size_t i = 0; i < header_.size(); ++i) {
        if (fields[i].empty() || header_[i].empty()) continue;
        put_nested(record, header_[i] == "timestamp" ? "published" : std::string_view(header_[i]),
                   plugin::to_clean_utf8(fields[i]));
      }
      break;
    case TableKind::EntraSignIns:
      record = entra_sign_in(row, of_.name);
      break;
    case TableKind::EntraServices:
      record = {{"category", "ServicePrincipalSignInLogs"},
                {"time", row.at("Date (UTC)")},
                {"properties", row.all()}};
      break;
    case TableKind::EntraAudit:
      record = entra_audit(row);
      break;
    case TableKind::Logins:
      record = row.all();
      for (const char* column : {"LoginTime", "Login Time"}) {
        if (const auto found = record.find(column); found != record.end())
          *found = zoned_time(found->get<std::string>(), of_.zone);
      }
      break;
  }
  return record.dump();
}

}  // namespace curfew::oauth::logs
