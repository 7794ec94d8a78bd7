#include "core/report/rows_json.hpp"

#include <nlohmann/json.hpp>

namespace curfew::report {
namespace {

constexpr int max_depth = 32;

void write_ref(JsonWriter& json, std::string_view key, model::Ref ref) {
  json.text_or_null(key, model::to_text(ref));
}

void write_name(JsonWriter& json, std::string_view key, model::Ref ref, const Names* names) {
  if (names == nullptr || !ref) return;
  const auto at = names->find(ref);
  json.text_or_null(key, at == names->end() ? std::string_view{} : std::string_view{at->second});
}

bool is_too_deep(std::string_view json) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::string checked_json(std::string_view json) {
  if (json.empty() || is_too_deep(json) || !nlohmann::json::accept(json)) return "null";
  return std::string(json);
}

void write(JsonWriter& json, const model::SessionRow& row, const Names* names) {
  json.begin_object();
  json.number("number", row.number);
  json.text("source", row.source);
  json.text_or_null("session", model::to_text(row.session));
  write_ref(json, "subject", row.subject);
  write_name(json, "subject_name", row.subject, names);
  json.text("account_type", model::name_of(row.account_type));
  json.text("state", model::name_of(row.state));
  json.flag("start_seen", row.start_seen);
  json.time("started_at", row.started_at);
  json.time("ended_at", row.ended_at);
  const bool ended = row.state == model::SessionState::Ended;
  json.text_or_null("end_reason", ended ? model::name_of(row.end_reason) : std::string_view{});
  json.text_or_null("end_certainty", ended ? model::name_of(row.end_certainty) : std::string_view{});
  json.time("last_person_activity_at", row.last_person_activity_at);
  json.time("last_machine_activity_at", row.last_machine_activity_at);
  json.time("last_fresh_authentication_at", row.last_fresh_authentication_at);
  json.time("expires_at", row.expires_at);
  json.text_or_null("application", row.application);
  json.text("auth_method", model::name_of(row.auth_method));
  json.text("interactivity", model::name_of(row.interactivity));
  json.text("network", model::name_of(row.network));
  json.number("factors", static_cast<unsigned>(row.factors));
  json.flag("privileged", row.privileged);
  write_ref(json, "device", row.device);
  write_name(json, "device_name", row.device, names);
  write_ref(json, "address", row.address);
  write_name(json, "address_name", row.address, names);
  write_ref(json, "user_agent", row.user_agent);
  json.number("activities", row.activities);
  json.number("corrections", row.corrections);
  json.end();
}

void write(JsonWriter& json, const model::ViolationRow& row, const Names* names) {
  json.begin_object();
  json.number("number", row.number);
  json.text("policy", row.policy);
  json.text("rule", model::name_of(row.rule));
  json.text("mode", model::name_of(row.mode));
  json.text_or_null("source", row.source);
  row.session == 0 ? json.raw("session", "null") : json.number("session", row.session);
  write_ref(json, "subject", row.subject);
  write_name(json, "subject_name", row.subject, names);
  json.time("breached_at", row.breached_at);
  json.time("detected_at", row.detected_at);
  json.time("withdrawn_at", row.withdrawn_at);
  json.raw("evidence", checked_json(row.evidence));
  json.texts("controls", row.controls);
  row.sign_out == 0 ? json.raw("sign_out", "null") : json.number("sign_out", row.sign_out);
  json.end();
}

void write(JsonWriter& json, const model::SignOutRow& row, const Names* names) {
  json.begin_object();
  json.number("number", row.number);
  row.session == 0 ? json.raw("session", "null") : json.number("session", row.session);
  write_ref(json, "subject", row.subject);
  write_name(json, "subject_name", row.subject, names);
  json.text_or_null("source", row.source);
  json.text("reason", row.reason);
  row.violation == 0 ? json.raw("violation", "null") : json.number("violation", row.violation);
  json.text("ordered_by", row.ordered_by);
  json.text("outcome", model::name_of(row.outcome));
  json.text_or_null("held_because", row.held_because);
  json.number("step", row.step);
  json.number("steps", row.steps);
  json.time("breached_at", row.breached_at);
  json.time("ordered_at", row.ordered_at);
  json.time("concluded_at", row.concluded_at);
  json.time("reverted_at", row.reverted_at);
  json.raw("trail", checked_json(row.trail));
  json.end();
}

void write(JsonWriter& json, const SubjectRow& row, const Names* names) {
  json.begin_object();
  write_ref(json, "subject", row.subject);
  write_name(json, "subject_name", row.subject, names);
  json.text("account_type", model::name_of(row.account_type));
  json.number("live_sessions", row.live_sessions);
  json.number("sessions", row.sessions);
  json.number("violations", row.violations);
  json.time("first_seen_at", row.first_seen_at);
  json.time("last_activity_at", row.last_activity_at);
  json.end();
}

void write(JsonWriter& json, const PresenceRow& row, const Names* names) {
  json.begin_object();
  write_ref(json, "subject", row.subject);
  write_name(json, "subject_name", row.subject, names);
  json.text("account_type", model::name_of(row.account_type));
  json.time("started_at", row.started_at);
  json.time("ended_at", row.ended_at);
  json.number("sessions", row.sessions);
  json.number("live_sessions", row.live_sessions);
  json.texts("sources", row.sources);
  json.texts("applications", row.applications);
  json.time("last_person_activity_at", row.last_person_activity_at);
  json.end();
}

void write(JsonWriter& json, const SourceStatus& row, const Names*) {
  json.begin_object();
  json.text("name", row.name);
  json.text("connector", row.connector);
  json.text("state", row.state);
  json.text_or_null("text", row.text);
  json.time("last_observation_at", row.last_observation_at);
  json.time("observed_until", row.observed_until);
  json.flag("caught_up", row.caught_up);
  json.flag("shows_activity", row.shows_activity);
  json.begin_array("can");
  for (const model::Action action : row.can) json.text({}, model::name_of(action));
  json.end();
  json.flag("can_prove", row.can_prove);
  json.number("read", row.read);
  json.number("filtered", row.filtered);
  json.number("unreadable", row.unreadable);
  json.number("observations", row.observations);
  json.number("refused", row.refused);
  json.number("live_sessions", row.live_sessions);
  json.raw("coverage", checked_json(row.coverage));
  json.end();
}

void write(JsonWriter& json, const ScheduledReport& row, const Names*) {
  json.begin_object().text("name", row.name).texts("frameworks", row.frameworks);
  json.texts("sources", row.sources).texts("applications", row.applications);
  json.text("every", row.every).text("time_zone", row.time_zone).texts("formats", row.formats);
  json.text("folder", row.folder).texts("mail_to", row.mail_to);
  json.text("next_period", row.next_period).time("next_due_at", row.next_due_at);
  if (row.last_run) {
    const ReportRun& run = *row.last_run;
    json.begin_object("last_run").text("period", run.period).time("from", run.from).time("to", run.to);
    json.text("phase", run.phase).text_or_null("outcome", run.outcome).time("at", run.at);
    json.number("attempts", run.attempts).time("next_attempt_at", run.next_attempt_at);
    json.begin_array("files");
    for (const ReportFile& file : run.files)
      json.begin_object()
          .text("name", file.name)
          .text("format", file.format)
          .text("sha256", file.sha256)
          .number("bytes", file.bytes)
          .end();
    json.end().end();
  } else {
    json.raw("last_run", "null");
  }
  json.end();
}

}  // namespace curfew::report
