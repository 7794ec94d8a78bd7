#include "plugins/oauth/providers/entra/diagnostics.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "plugins/files/text.hpp"
#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::entra {
namespace {

using nlohmann::json;

constexpr std::string_view interactive_category = "SignInLogs";
constexpr std::string_view silent_category = "NonInteractiveUserSignInLogs";
constexpr std::size_t longest_category = 64;

// A column of Log Analytics, and the field of Graph's that it holds.
struct Column {
  const char* column;
  const char* field;
};
constexpr std::array<Column, 16> columns{{{"Id", "id"},
                                          {"CreatedDateTime", "createdDateTime"},
                                          {"UserId", "userId"},
                                          {"UserPrincipalName", "userPrincipalName"},
                                          {"AppId", "appId"},
                                          {"AppDisplayName", "appDisplayName"},
                                          {"IPAddress", "ipAddress"},
                                          {"UserAgent", "userAgent"},
                                          {"IsInteractive", "isInteractive"},
                                          {"CorrelationId", "correlationId"},
                                          {"AuthenticationDetails", "authenticationDetails"},
                                          {"AuthenticationRequirement", "authenticationRequirement"},
                                          {"AuthenticationProtocol", "authenticationProtocol"},
                                          {"DeviceDetail", "deviceDetail"},
                                          {"Status", "status"},
                                          {"SessionId", "sessionId"}}};

std::string text_in(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool is_named(std::string_view category, std::string_view name) {
  return files::equal_ignoring_case(category, name);
}

// Lists and objects stand in columns as text.
void unfold(json& row, const char* field) {
  const auto found = row.find(field);
  if (found == row.end() || !found->is_string()) return;
  const std::string text = found->get<std::string>();
  simdjson::dom::parser bounded;  // in depth, which nlohmann isn't
  simdjson::dom::element ignored;
  if (bounded.parse(text).get(ignored) != simdjson::SUCCESS)
    row.erase(found);
  else
    *found = json::parse(text, nullptr, false);  // discarded is none of what is asked for
}

std::optional<std::int64_t> number_of(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return std::nullopt;
  const std::string& text = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// The code stands in the record or, older, only around it; as a number or as text.
void settle_code(const json& around, json& row) {
  json& status = row["status"];
  if (!status.is_object()) status = json::object();
  std::optional<std::int64_t> code;
  if (const auto own = status.find("errorCode"); own != status.end()) code = number_of(*own);
  for (const char* key : {"resultType", "ResultType"}) {
    const auto outer = around.find(key);
    if (!code && outer != around.end()) code = number_of(*outer);
  }
  if (code) status["errorCode"] = *code;
}

// The first that is a time: the record's own, which has its zone, before the envelope's.
bool settle_time(const json& around, json& row) {
  for (const std::string& text : {text_in(row, "createdDateTime"), text_in(around, "time"),
                                  text_in(around, "TimeGenerated"), text_in(around, "TimeGenerated [UTC]")}) {
    const auto at = events::event_time(text);
    if (!at) continue;
    row["createdDateTime"] = to_iso_time(*at);
    return true;
  }
  return false;
}

void settle_place(const json& around, json& row, std::string_view category) {
  if (text_in(row, "ipAddress").empty()) row["ipAddress"] = text_in(around, "callerIpAddress");
  if (text_in(row, "correlationId").empty()) row["correlationId"] = text_in(around, "correlationId");
  // The category decides: the flag is wrong in some records.
  row["isInteractive"] = is_named(category, interactive_category);
  row.erase("signInEventTypes");
}

json graph_row(const json& all) {
  const auto properties = all.find("properties");
  if (properties != all.end() && properties->is_object()) return *properties;
  json row = json::object();
  for (const Column& one : columns) {
    const auto found = all.find(one.column);
    if (found != all.end() && !found->is_null()) row[one.field] = *found;
  }
  return row;
}

std::string category_of(const json& all) {
  std::string category = text_in(all, "category");
  if (category.empty()) category = text_in(all, "Category");
  // Tables say in Type which they are.
  const std::string table = text_in(all, "Type");
  if (table == "SigninLogs") category = interactive_category;
  if (table == "AADNonInteractiveUserSignInLogs") category = silent_category;
  if (category.size() > longest_category) category.resize(longest_category);
  return category;
}

}  // namespace

bool is_sign_in_category(std::string_view category) {
  return is_named(category, interactive_category) || is_named(category, silent_category);
}

Diagnostic read_diagnostic(std::string_view text) {
  Diagnostic out;
  simdjson::dom::parser parser;
  simdjson::dom::element checked;
  if (parser.parse(text.data(), text.size()).get(checked) != simdjson::SUCCESS || !checked.is_object()) {
    out.why = "no whole JSON object";
    return out;
  }
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) {
    out.why = "no whole JSON object";
    return out;
  }
  out.category = category_of(all);
  if (!is_sign_in_category(out.category)) {
    out.fate = out.category.empty() ? DiagnosticFate::Unreadable : DiagnosticFate::Other;
    if (out.category.empty()) out.why = "no category";
    return out;
  }
  json row = graph_row(all);
  for (const char* field : {"authenticationDetails", "deviceDetail", "status"}) unfold(row, field);
  settle_code(all, row);
  settle_place(all, row, out.category);
  if (!settle_time(all, row)) {
    out.why = "no time that can be read";
    return out;
  }
  auto record = read_sign_in(row.dump());
  if (!record) {
    out.why = "no id, no error code, or a success of nobody";
    return out;
  }
  out.record = *std::move(record);
  out.fate = DiagnosticFate::SignIn;
  return out;
}

}  // namespace curfew::oauth::entra
