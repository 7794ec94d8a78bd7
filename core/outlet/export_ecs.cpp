// Elastic Common Schema 8.17: https://www.elastic.co/guide/en/ecs/8.17/ecs-field-reference.html
#include "core/outlet/export_formats.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::outlet {
namespace {

using model::EntryKind;
using model::PersonalKind;
using report::JsonWriter;

void write_event(JsonWriter& json, const ExportEvent& event) {
  const ExportRow& row = *event.row;
  json.begin_object("event").text("kind", row.ecs_kind);
  if (!row.ecs_category.empty()) json.begin_array("category").text({}, row.ecs_category).end();
  if (!row.ecs_type.empty()) json.begin_array("type").text({}, row.ecs_type).end();
  json.text("action", name_of(row)).text("id", event.id);
  json.number("sequence", event.sealed->sequence).text("dataset", "curfew.ledger").text("module", "curfew");
  json.time("created", event.sealed->recorded_at);
  if (const std::string_view outcome = event.outcome(); !outcome.empty()) json.text("outcome", outcome);
  if (const std::string_view reason = event.reason(); !reason.empty()) json.text("reason", reason);
  json.number("severity", static_cast<unsigned>(event.severity()));
  if (!event.entry().source.empty()) json.text("provider", event.entry().source);
  if (const auto ended = event.number("ended_at"))
    json.text("end", base::format_rfc3339(base::from_micros(*ended)));
  json.end();
}

void write_person(JsonWriter& json, const ExportEvent& event, const ExportNames& names) {
  const model::Ref person = event.person();
  if (!person) return;
  json.text("id", model::to_text(person));
  if (const std::string_view name = shown_name(names, person, PersonalKind::Identifier); !name.empty())
    json.text("name", name);
}

// Who did it, and to whom: where an operator or a policy acts, the subject is the target.
void write_users(JsonWriter& json, const ExportEvent& event, const ExportNames& names) {
  std::string_view by = event.text("by");
  if (by.empty()) by = event.text("ordered_by");
  if (by.empty() && !event.person()) return;
  json.begin_object("user");
  if (by.empty()) {
    write_person(json, event, names);
  } else {
    json.text("name", by);
    if (event.person()) {
      json.begin_object("target");
      write_person(json, event, names);
      json.end();
    }
  }
  json.end();
}

void write_related(JsonWriter& json, const ExportEvent& event, const ExportNames& names) {
  json.begin_object("related").begin_array("user");
  if (event.person()) json.text({}, model::to_text(event.person()));
  if (const std::string_view name = shown_name(names, event.person(), PersonalKind::Identifier);
      !name.empty())
    json.text({}, name);
  json.end();
  if (const std::string_view ip = shown_name(names, event.ref("address"), PersonalKind::Address); !ip.empty())
    json.begin_array("ip").text({}, ip).end();
  json.end();
}

// What ECS has no field for, in a namespace of its own.
void write_own(JsonWriter& json, const ExportEvent& event) {
  const model::Entry& entry = event.entry();
  json.begin_object("curfew").text("realm", event.realm).text("stream", event.origin);
  json.time("engine_time", entry.engine_time);
  if (!entry.source.empty()) json.text("source", entry.source);
  if (entry.subject) json.text("subject", model::to_text(entry.subject));
  if (entry.session) {
    json.begin_object("session").text("id", model::to_text(entry.session));
    if (const auto number = event.number("session_number")) json.number("number", *number);
    json.end();
  }
  if (const std::string with = event.correlation(); !with.empty()) json.text("correlation", with);
  const bool is_part = entry.kind == EntryKind::Configuration || entry.kind == EntryKind::Groups;
  if (!event.broken_facts.empty())
    json.text("facts_text", event.broken_facts);
  else if (!is_part)
    json.raw("facts", event.facts_json());
  json.end();
}

}  // namespace

std::string to_ecs(const ExportEvent& event, const ExportNames& names) {
  std::string out;
  out.reserve(event.entry().facts.size() + 1'024);
  JsonWriter json(out);
  json.begin_object().text("@timestamp", base::format_rfc3339(event.at())).text("message", event.message());
  json.begin_object("ecs").text("version", ecs_version).end();
  write_event(json, event);
  write_users(json, event, names);
  if (const std::string_view service = event.service(); !service.empty())
    json.begin_object("service").text("name", service).end();
  if (const std::string_view ip = shown_name(names, event.ref("address"), PersonalKind::Address); !ip.empty())
    json.begin_object("source").text("ip", ip).end();
  if (const std::string_view agent = shown_name(names, event.ref("user_agent"), PersonalKind::UserAgent);
      !agent.empty())
    json.begin_object("user_agent").text("original", agent).end();
  if (const std::string_view policy = event.text("policy"); !policy.empty()) {
    json.begin_object("rule").text("name", policy).text("ruleset", "curfew");
    if (const std::string_view rule = event.text("rule"); !rule.empty()) json.text("category", rule);
    json.end();
  }
  json.begin_object("observer").text("vendor", "Curfew").text("product", "Curfew");
  json.text("version", CURFEW_VERSION).text("name", event.node).end();
  write_related(json, event, names);
  write_own(json, event);
  json.end();
  return out;
}

}  // namespace curfew::outlet
