#include "plugins/oauth/providers/entra/diagnostics.hpp"

#include <array>

#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/providers/entra/audit_row.hpp"

namespace curfew::oauth::entra {
namespace {

using simdjson::dom::element;

constexpr std::string_view interactive_category = "SignInLogs";
constexpr std::string_view silent_category = "NonInteractiveUserSignInLogs";
constexpr std::size_t longest_category = 64;

// A column of Log Analytics, and the field of Graph's that it holds.
struct Column {
  const char* column;
  const char* field;
};
constexpr std::array<Column, 15> columns{{{"Id", "id"},
                                          {"CreatedDateTime", "createdDateTime"},
                                          {"UserId", "userId"},
                                          {"UserPrincipalName", "userPrincipalName"},
                                          {"AppId", "appId"},
                                          {"AppDisplayName", "appDisplayName"},
                                          {"IPAddress", "ipAddress"},
                                          {"UserAgent", "userAgent"},
                                          {"CorrelationId", "correlationId"},
                                          {"AuthenticationDetails", "authenticationDetails"},
                                          {"AuthenticationRequirement", "authenticationRequirement"},
                                          {"AuthenticationProtocol", "authenticationProtocol"},
                                          {"DeviceDetail", "deviceDetail"},
                                          {"Status", "status"},
                                          {"SessionId", "sessionId"}}};

enum class Category { SignIn, NonInteractive, Audit, Other };

Category meaning_of_category(std::string_view name) {
  const std::string plain = lowered(name);
  if (plain == "signinlogs") return Category::SignIn;
  if (plain == "noninteractiveusersigninlogs") return Category::NonInteractive;
  if (plain == "auditlogs") return Category::Audit;
  return Category::Other;
}

std::string category_of(const element& outer) {
  // Tables say in Type which they are.
  const std::string_view table = text_in(outer, "Type");
  if (table == "SigninLogs") return std::string(interactive_category);
  if (table == "AADNonInteractiveUserSignInLogs") return std::string(silent_category);
  std::string_view category = text_in(outer, "category");
  if (category.empty()) category = text_in(outer, "Category");
  return std::string(category.substr(0, longest_category));
}

// Seconds or thousandths may stand there as a number.
std::optional<plugin::Time> time_in(const element& object, const char* key) {
  std::int64_t count = 0;
  if (object.at_key(key).get_int64().get(count) == simdjson::SUCCESS)
    return events::event_time(std::to_string(count));
  return events::event_time(text_in(object, key));
}

// The record's own, which has its zone, before the envelope's.
std::optional<plugin::Time> time_of(const element& outer, const element& row, const char* own) {
  auto at = time_in(row, own);
  for (const char* key : {"time", "TimeGenerated", "TimeGenerated [UTC]"}) {
    if (at) break;
    at = time_in(outer, key);
  }
  return at;
}

RowFrame frame_of(const element& outer, const element& row, Category category) {
  RowFrame frame;
  // It decides: `isInteractive` is wrong in some records.
  frame.who = category == Category::SignIn ? Who::Person : Who::PersonsClient;
  frame.at = time_of(outer, row, category == Category::Audit ? "activityDateTime" : "createdDateTime");
  // In the record or, older, only around it; as a number or as text.
  simdjson::dom::parser parser;
  element status;
  if (unfold(row, "status", parser, status)) frame.code = number_in(status, "errorCode");
  if (!frame.code) frame.code = number_in(outer, "resultType");
  if (!frame.code) frame.code = number_in(outer, "ResultType");
  frame.address = text_in(outer, "callerIpAddress");
  frame.correlation = text_in(outer, "correlationId");
  return frame;
}

std::string row_of_columns(const element& outer) {
  std::string row = "{";
  for (const Column& one : columns) {
    element value;
    if (outer.at_key(one.column).get(value) != simdjson::SUCCESS || value.is_null()) continue;
    if (row.size() > 1) row += ',';
    row += '"';
    row += one.field;
    row += "\":" + std::string(simdjson::minify(value));
  }
  return row + "}";
}

void take_row(const element& outer, const element& row, Category category, const std::string& own_client,
              Diagnostic& into) {
  const RowFrame frame = frame_of(outer, row, category);
  if (!frame.at) {
    into.why = "no time that can be read";
  } else if (category == Category::Audit) {
    if (read_directory_audit(row, frame, own_client, into.record))
      into.fate = DiagnosticFate::Audit;
    else
      into.why = "no id or no activity";
  } else if (read_sign_in(row, frame, into.record)) {
    into.fate = DiagnosticFate::SignIn;
  } else {
    into.why = "no id, no error code, or a success of nobody";
  }
}

}  // namespace

Diagnostic read_diagnostic(const element& outer, const std::string& own_client) {
  Diagnostic out;
  if (!outer.is_object()) {
    out.why = "no JSON object";
    return out;
  }
  out.category = category_of(outer);
  if (out.category.empty()) {
    out.why = "no category";
    return out;
  }
  const Category category = meaning_of_category(out.category);
  if (category == Category::Other) {
    out.fate = DiagnosticFate::Other;
    return out;
  }
  element row;
  if (outer.at_key("properties").get(row) == simdjson::SUCCESS && row.is_object()) {
    take_row(outer, row, category, own_client, out);
    return out;
  }
  simdjson::dom::parser parser;
  const std::string text = row_of_columns(outer);
  if (parser.parse(text).get(row) == simdjson::SUCCESS)
    take_row(outer, row, category, own_client, out);
  else
    out.why = "no columns that can be read";
  return out;
}

}  // namespace curfew::oauth::entra
