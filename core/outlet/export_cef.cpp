// Common Event Format, version 0 of the header.
#include "core/base/text.hpp"
#include "core/outlet/export_formats.hpp"

namespace curfew::outlet {
namespace {

using model::EntryKind;
using model::PersonalKind;

// 0 to 10: low, medium, high.
int severity_of(ExportSeverity severity) {
  switch (severity) {
    case ExportSeverity::Informational:
      return 1;
    case ExportSeverity::Low:
      return 3;
    case ExportSeverity::Medium:
      return 6;
    case ExportSeverity::High:
      return 8;
  }
  return 0;
}

class Extension {
 public:
  explicit Extension(std::string& out) : out_(out) {}
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (!first_) out_ += ' ';
    first_ = false;
    out_ += key;
    out_ += '=';
    out_ += cef_value(value);
  }
  void number(std::string_view key, std::int64_t value) { text(key, std::to_string(value)); }
  // A field of the customer's, with its label.
  void custom(std::string_view key, std::string_view label, std::string_view value) {
    if (value.empty()) return;
    text(key, value);
    text(std::string(key) + "Label", label);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

// What a receiver keeps of a custom string.
constexpr std::size_t longest_custom = 4'000;

void write_extension(std::string& out, const ExportEvent& event, const ExportNames& names) {
  const model::Entry& entry = event.entry();
  Extension fields(out);
  fields.number("rt", base::to_micros(event.at()) / 1'000);
  fields.text("externalId", event.id);
  fields.text("act", name_of(*event.row));
  fields.text("outcome", event.outcome());
  fields.text("reason", event.reason());
  std::string_view by = event.text("by");
  if (by.empty()) by = event.text("ordered_by");
  fields.text("suser", by);
  fields.text("duid", model::to_text(event.person()));
  fields.text("duser", shown_name(names, event.person(), PersonalKind::Identifier));
  fields.text("src", shown_name(names, event.ref("address"), PersonalKind::Address));
  fields.text("shost", shown_name(names, event.ref("device"), PersonalKind::Device));
  fields.text("requestClientApplication",
              shown_name(names, event.ref("user_agent"), PersonalKind::UserAgent));
  fields.text("destinationServiceName", event.service());
  fields.text("dvchost", event.node);
  fields.custom("cs1", "session", model::to_text(entry.session));
  fields.custom("cs2", "source", entry.source);
  fields.custom("cs3", "policy", event.text("policy"));
  fields.custom("cs4", "correlation", event.correlation());
  fields.custom("cs5", "realm", event.realm);
  const bool is_part = entry.kind == EntryKind::Configuration || entry.kind == EntryKind::Groups;
  if (!is_part) {
    const std::string facts = event.broken_facts.empty() ? event.facts_json() : event.broken_facts;
    if (facts.size() <= longest_custom) fields.custom("cs6", "facts", facts);
  }
  if (const auto number = event.number("session_number"))
    fields.custom("cn1", "session_number", std::to_string(*number));
  fields.custom("cn2", "sequence", std::to_string(event.sealed->sequence));
  fields.text("msg", event.message());
}

}  // namespace

std::string cef_header(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '|') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

std::string cef_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '=') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return base::is_clean_utf8(out) ? out : base::to_clean_utf8(out);
}

std::string to_cef(const ExportEvent& event, const ExportNames& names) {
  std::string out = "CEF:0|Curfew|Curfew|" + cef_header(CURFEW_VERSION) + "|" +
                    cef_header(name_of(*event.row)) + "|" + cef_header(event.row->title) + "|" +
                    std::to_string(severity_of(event.severity())) + "|";
  write_extension(out, event, names);
  return out;
}

}  // namespace curfew::outlet
