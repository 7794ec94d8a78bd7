#include "plugins/oauth/providers/entra/envelope.hpp"

#include <charconv>

#include "plugins/oauth/providers/entra/audit_row.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::entra {
namespace {

using plugin::Code;
using plugin::Failure;
using simdjson::dom::element;

enum class Category { SignIn, NonInteractive, Audit, Other };

Category category_of(const element& outer) {
  const std::string name = lowered(text_in(outer, "category"));
  if (name == "signinlogs") return Category::SignIn;
  if (name == "noninteractiveusersigninlogs") return Category::NonInteractive;
  if (name == "auditlogs") return Category::Audit;
  return Category::Other;
}

RowFrame frame_of(const element& outer, Category category) {
  RowFrame frame;
  // It decides: `isInteractive` is wrong in some records.
  frame.who = category == Category::SignIn ? Who::Person : Who::PersonsClient;
  std::int64_t count = 0;
  if (outer.at_key("time").get_int64().get(count) == simdjson::SUCCESS)
    frame.at = azure_time(std::to_string(count));
  else
    frame.at = azure_time(text_in(outer, "time"));
  const std::string_view result = text_in(outer, "resultType");
  std::int64_t code = 0;
  if (outer.at_key("resultType").get_int64().get(code) == simdjson::SUCCESS) {
    frame.code = code;
  } else if (!result.empty()) {
    const auto read = std::from_chars(result.data(), result.data() + result.size(), code);
    if (read.ec == std::errc() && read.ptr == result.data() + result.size()) frame.code = code;
  }
  return frame;
}

void take(const element& outer, const std::string& own_client, Envelope& into) {
  ++into.rows;
  if (!outer.is_object()) {
    ++into.unreadable;
    return;
  }
  const Category category = category_of(outer);
  if (category == Category::Other) {
    // What has no category at all is none of Azure's.
    ++(text_in(outer, "category").empty() ? into.unreadable : into.others);
    return;
  }
  element properties;
  SignInRecord record;
  const bool is_read = outer.at_key("properties").get(properties) == simdjson::SUCCESS &&
                       properties.is_object() &&
                       (category == Category::Audit
                            ? read_directory_audit(properties, frame_of(outer, category), own_client, record)
                            : read_sign_in(properties, frame_of(outer, category), record));
  if (is_read)
    into.records.push_back(std::move(record));
  else
    ++into.unreadable;
}

}  // namespace

Envelope read_envelope(std::string_view body, const std::string& own_client) {
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS)
    throw Failure(Code::Invalid, "no whole JSON: cut or damaged");
  Envelope envelope;
  element records;
  simdjson::dom::array rows;
  if (document.is_object() && document.at_key("records").get(records) != simdjson::SUCCESS) {
    take(document, own_client, envelope);
    return envelope;
  }
  if ((document.is_object() ? records : document).get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Invalid, "neither a record of Azure's diagnostic logs nor a list of them");
  for (const element row : rows) take(row, own_client, envelope);
  return envelope;
}

}  // namespace curfew::oauth::entra
