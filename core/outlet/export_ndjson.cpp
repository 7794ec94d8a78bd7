#include "core/outlet/export_formats.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::outlet {

std::string to_ndjson(const ExportEvent& event, const ExportNames& names) {
  const model::Entry& entry = event.entry();
  std::string out;
  out.reserve(entry.facts.size() + 512);
  report::JsonWriter json(out);
  json.begin_object().text("id", event.id).text("realm", event.realm).text("stream", event.origin);
  json.number("sequence", event.sealed->sequence).text("kind", model::name_of(entry.kind));
  json.time("time", event.at()).time("engine_time", entry.engine_time);
  json.time("occurred_at", entry.occurred_at).time("recorded_at", event.sealed->recorded_at);
  json.text_or_null("source", entry.source).text_or_null("session", model::to_text(entry.session));
  json.text_or_null("subject", model::to_text(entry.subject));
  if (event.broken_facts.empty())
    json.raw("facts", event.facts_json());
  else
    json.text("facts_text", event.broken_facts);
  if (!names.empty()) {
    json.begin_array("names");
    for (const model::Ref ref : event.references()) {
      const auto found = names.find(ref);
      if (found == names.end()) continue;
      json.begin_object().text("ref", model::to_text(ref)).text("kind", model::name_of(found->second.kind));
      json.text("namespace", found->second.name_space).text("value", found->second.value).end();
    }
    json.end();
  }
  json.end();
  return out;
}

std::string render(ExportFormat format, const ExportEvent& event, const ExportNames& names) {
  switch (format) {
    case ExportFormat::Ndjson:
      return to_ndjson(event, names);
    case ExportFormat::Ocsf:
      return to_ocsf(event, names);
    case ExportFormat::Ecs:
      return to_ecs(event, names);
    case ExportFormat::Cef:
      return to_cef(event, names);
  }
  return {};
}

std::string_view shown_name(const ExportNames& names, model::Ref ref, model::PersonalKind kind) {
  if (!ref) return {};
  const auto found = names.find(ref);
  return found == names.end() || found->second.kind != kind ? std::string_view{} : found->second.value;
}

}  // namespace curfew::outlet
