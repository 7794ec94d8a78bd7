// OCSF 1.8.0: https://schema.ocsf.io/1.8.0
#include <algorithm>
#include <array>
#include <utility>

#include "core/base/text.hpp"
#include "core/outlet/export_formats.hpp"
#include "core/report/json_writer.hpp"

namespace curfew::outlet {
namespace {

using model::EntryKind;
using report::JsonWriter;

std::int64_t to_millis(Time time) { return base::to_micros(time) / 1'000; }

// OCSF's auth_protocol_id; what it has no number for is 99 with our word.
int protocol_of(std::string_view method) {
  constexpr std::array<std::pair<std::string_view, int>, 5> known{
      {{"ntlm", 1}, {"kerberos", 2}, {"oidc", 4}, {"saml", 5}, {"basic", 11}}};
  for (const auto& one : known) {
    if (one.first == method) return one.second;
  }
  return 99;
}

int user_type_of(std::string_view account_type) {
  if (account_type == "human") return 1;
  if (account_type == "service") return 4;
  if (account_type == "computer") return 3;
  return account_type.empty() ? 0 : 99;
}

class OcsfEvent {
 public:
  OcsfEvent(const ExportEvent& event, const ExportNames& names, std::string& out)
      : event_(event), names_(names), json_(out) {}

  void write() {
    json_.begin_object();
    classification();
    metadata();
    switch (event_.row->ocsf) {
      case OcsfClass::Authentication:
        authentication();
        break;
      case OcsfClass::AccountChange:
        person("user");
        source_endpoint();
        break;
      case OcsfClass::EventLogActivity:
        event_log();
        break;
      case OcsfClass::DetectionFinding:
        finding();
        break;
      case OcsfClass::EntityManagement:
        entity();
        break;
      case OcsfClass::ApplicationLifecycle:
        application();
        break;
      case OcsfClass::ApiActivity:
        api();
        break;
      case OcsfClass::RemediationActivity:
        remediation();
        break;
      case OcsfClass::BaseEvent:
        break;
    }
    observables();
    unmapped();
    json_.end();
  }

 private:
  void classification() {
    const ExportRow& row = *event_.row;
    const auto uid = static_cast<unsigned>(row.ocsf);
    json_.number("activity_id", unsigned{row.activity}).text("activity_name", row.activity_name);
    json_.number("category_uid", uid / 1000).text("category_name", category_of(row.ocsf));
    json_.number("class_uid", uid).text("class_name", name_of(row.ocsf));
    json_.number("type_uid", uid * 100 + row.activity);
    json_.text("type_name", std::string(name_of(row.ocsf)) + ": " + std::string(row.activity_name));
    const ExportSeverity severity = event_.severity();
    json_.number("severity_id", static_cast<unsigned>(severity)).text("severity", name_of(severity));
    json_.number("time", to_millis(event_.at())).text("message", event_.message());
    if (row.ocsf == OcsfClass::DetectionFinding) {
      finding_status();
      return;
    }
    const std::string_view outcome = event_.outcome();
    if (outcome == "success") json_.number("status_id", 1).text("status", "Success");
    if (outcome == "failure") json_.number("status_id", 2).text("status", "Failure");
    if (outcome == "unknown") json_.number("status_id", 0).text("status", "Unknown");
    if (const std::string_view reason = event_.reason(); !reason.empty()) json_.text("status_detail", reason);
  }

  void finding_status() {
    switch (event_.entry().kind) {
      case EntryKind::ViolationWithdrawn:
        json_.number("status_id", 3).text("status", "Suppressed");
        json_.text("status_detail", event_.text("because"));
        break;
      case EntryKind::Notified:
        json_.number("status_id", 2).text("status", "In Progress");
        json_.text("status_detail", event_.text("outcome"));
        break;
      default:
        json_.number("status_id", 1).text("status", "New");
    }
    json_.flag("is_alert", event_.row->ecs_kind == "alert");
  }

  void metadata() {
    json_.begin_object("metadata").text("version", ocsf_version).text("uid", event_.id);
    json_.text("event_code", name_of(*event_.row)).number("sequence", event_.sealed->sequence);
    json_.begin_object("product").text("name", "Curfew").text("vendor_name", "Curfew");
    json_.text("version", CURFEW_VERSION).end();
    json_.text("log_name", event_.origin).text("tenant_uid", event_.realm);
    json_.number("logged_time", to_millis(event_.sealed->recorded_at));
    if (const std::string with = event_.correlation(); !with.empty()) json_.text("correlation_uid", with);
    if (is_forced_end()) json_.begin_array("profiles").text({}, "security_control").end();
    // It has the actor.
    if (!event_.text("ordered_by").empty()) json_.begin_array("profiles").text({}, "host").end();
    json_.end();
  }

  [[nodiscard]] bool is_forced_end() const {
    return event_.entry().kind == EntryKind::OutcomeRecorded && event_.row->variant == "sign_out";
  }

  void person(std::string_view key) {
    const model::Ref ref = event_.person();
    json_.begin_object(key);
    if (ref)
      json_.text("uid", model::to_text(ref));
    else
      json_.text("name", "unknown");
    if (const std::string_view name = shown_name(names_, ref, model::PersonalKind::Identifier); !name.empty())
      json_.text("name", name);
    const std::string_view type = take("account_type");
    json_.number("type_id", user_type_of(type));
    if (!type.empty()) json_.text("type", type);
    json_.end();
  }

  void session() {
    const model::Entry& entry = event_.entry();
    if (!entry.session) return;
    json_.begin_object("session").text("uid", model::to_text(entry.session));
    if (!entry.source.empty()) json_.text("issuer", entry.source);
    if (const auto number = event_.number("session_number")) {
      json_.text("uid_alt", std::to_string(*number));
      mark("session_number");
    }
    if (const auto expires = event_.number("expires_at")) {
      json_.number("expiration_time", *expires / 1'000);
      mark("expires_at");
    }
    if (event_.row->activity == 2) {
      const std::string_view why = is_forced_end() ? "forced" : event_.reason();
      if (!why.empty()) json_.text("expiration_reason", why);
    }
    json_.end();
  }

  void service() {
    json_.begin_object("service");
    const std::string_view name = event_.service();
    json_.text("name", name.empty() ? "unknown" : name);
    if (!event_.entry().source.empty()) json_.text("uid", event_.entry().source);
    json_.end();
    mark("application");
  }

  void source_endpoint() {
    const model::Ref device = event_.ref("device");
    const std::string_view ip = shown_name(names_, event_.ref("address"), model::PersonalKind::Address);
    if (!device && ip.empty()) return;
    json_.begin_object("src_endpoint");
    if (device) json_.text("uid", model::to_text(device));
    if (const std::string_view name = shown_name(names_, device, model::PersonalKind::Device); !name.empty())
      json_.text("name", name);
    if (!ip.empty()) json_.text("ip", ip);
    json_.end();
    mark("device");
  }

  void authentication() {
    person("user");
    service();
    session();
    source_endpoint();
    if (const std::string_view method = take("auth_method"); !method.empty()) {
      json_.number("auth_protocol_id", protocol_of(method)).text("auth_protocol", method);
    }
    if (const auto factors = event_.number("factors")) json_.flag("is_mfa", *factors > 1);
    if (event_.entry().kind == EntryKind::SessionEnded) {
      if (const auto ended = event_.number("ended_at")) json_.number("end_time", *ended / 1'000);
      mark("ended_at");
    }
    if (!is_forced_end()) return;
    json_.begin_object("actor").text("app_name", "Curfew").end();
    const bool is_revoked =
        event_.outcome() == "success" || event_.text("outcome") == model::name_of(model::Outcome::Contained);
    json_.number("action_id", is_revoked ? 2 : 0).text("action", is_revoked ? "Denied" : "Unknown");
    json_.number("disposition_id", is_revoked ? 24 : 13)
        .text("disposition", is_revoked ? "Access Revoked" : "Uncorrected");
  }

  void event_log() {
    const std::string_view source = event_.entry().source;
    json_.text("log_name", source.empty() ? std::string_view(event_.origin) : source);
    if (const auto count = event_.number("count"); count && *count > 0 && *count <= 2'147'483'647) {
      json_.number("count", *count);
      mark("count");
    }
  }

  void finding() {
    const std::string_view policy = event_.text("policy");
    json_.begin_object("finding_info").text("uid", finding_uid());
    json_.text("title", event_.row->title);
    if (const std::string_view text = take("text"); !text.empty()) json_.text("desc", text);
    if (!policy.empty()) {
      json_.begin_object("analytic").number("type_id", 1).text("type", "Rule").text("name", policy);
      if (const std::string_view rule = take("rule"); !rule.empty()) json_.text("category", rule);
      json_.end();
      mark("policy");
    }
    json_.number("created_time", to_millis(event_.entry().engine_time));
    if (const auto breached = event_.number("breached_at")) {
      json_.number("first_seen_time", *breached / 1'000);
      mark("breached_at");
    }
    json_.end();
    if (const ExportFact* evidence = fact("evidence")) {
      json_.begin_array("evidences").begin_object().raw("data", evidence->raw).end().end();
      mark("evidence");
    }
    if (event_.person()) {
      json_.begin_array("resources").begin_object().text("uid", model::to_text(event_.person()));
      json_.text("type", "subject").end();
      if (event_.entry().session) {
        json_.begin_object().text("uid", model::to_text(event_.entry().session));
        json_.text("type", "session").end();
      }
      json_.end();
    }
  }

  [[nodiscard]] std::string finding_uid() const {
    if (const auto violation = event_.number("violation"))
      return event_.realm + "/violation/" + std::to_string(*violation);
    if (event_.entry().kind == EntryKind::Warned || event_.entry().kind == EntryKind::Notified)
      return event_.realm + "/warning/" + std::string(event_.text("policy")) + "/" +
             std::to_string(event_.number("session_number").value_or(0)) + "/" +
             std::to_string(event_.number("deadline").value_or(0));
    return event_.id;
  }

  void entity() {
    json_.begin_object("entity");
    switch (event_.entry().kind) {
      case EntryKind::Groups:
        json_.number("type_id", 3).text("type", "Group").text("name", "groups");
        break;
      case EntryKind::Configuration:
        json_.number("type_id", 5).text("type", "Policy").text("name", "configuration");
        break;
      case EntryKind::Erasure:
        json_.number("type_id", 99).text("type", "Personal Values").text("name", "erased values");
        break;
      default:
        json_.number("type_id", 2).text("type", "User");
        if (event_.person())
          json_.text("uid", model::to_text(event_.person()));
        else
          json_.text("name", "unknown");
    }
    json_.end();
    // Parts of a text that is read as a whole, or not at all; NDJSON has it.
    if (event_.entry().kind == EntryKind::Configuration || event_.entry().kind == EntryKind::Groups)
      mark("text");
  }

  void application() {
    json_.begin_object("app");
    if (event_.entry().kind == EntryKind::PluginLoaded) {
      json_.text("name", take("name")).text("version", take("version"));
    } else {
      json_.text("name", "Curfew").text("vendor_name", "Curfew").text("version", take("version"));
    }
    json_.end();
  }

  // The ledger knows the caller as the API does: by its token's name. Addresses are not in it.
  void api() {
    std::string_view by = take("by");
    if (by.empty()) by = "unknown";
    json_.begin_object("actor").begin_object("user").text("name", by).end().end();
    json_.begin_object("src_endpoint").text("name", by).end();
    const std::string_view verb = take("verb");
    json_.begin_object("api").text("operation", verb.empty() ? "read_names" : verb);
    json_.begin_object("service").text("name", "Curfew").end().end();
  }

  void remediation() {
    std::string command = event_.correlation();
    if (const auto step = event_.number("step")) command += "/step/" + std::to_string(*step);
    json_.text("command_uid", command.empty() ? event_.id : command);
    if (const std::string_view by = take("ordered_by"); !by.empty())
      json_.begin_object("actor").begin_object("user").text("name", by).end().end();
  }

  void observables() {
    json_.begin_array("observables");
    if (const model::Ref person = event_.person()) {
      observable("user.uid", 31, model::to_text(person));
      observable("user.name", 4, shown_name(names_, person, model::PersonalKind::Identifier));
    }
    if (const model::Ref device = event_.ref("device"))
      observable("src_endpoint.uid", 48, model::to_text(device));
    observable("src_endpoint.ip", 2, shown_name(names_, event_.ref("address"), model::PersonalKind::Address));
    json_.end();
  }
  void observable(std::string_view name, int type, std::string_view value) {
    if (value.empty()) return;
    json_.begin_object().text("name", name).number("type_id", type).text("value", value).end();
  }

  void unmapped() {
    const model::Entry& entry = event_.entry();
    json_.begin_object("unmapped");
    if (!entry.source.empty()) json_.text("curfew_source", entry.source);
    if (entry.session) json_.text("curfew_session", model::to_text(entry.session));
    if (entry.subject) json_.text("curfew_subject", model::to_text(entry.subject));
    for (const ExportFact& one : event_.facts) {
      if (std::find(marked_.begin(), marked_.end(), one.key) == marked_.end())
        json_.raw(base::is_clean_utf8(one.key) ? one.key : base::to_clean_utf8(one.key), one.raw);
    }
    if (!event_.broken_facts.empty()) json_.text("facts_text", event_.broken_facts);
    json_.end();
  }

  [[nodiscard]] const ExportFact* fact(std::string_view key) const {
    for (const ExportFact& one : event_.facts) {
      if (one.key == key) return &one;
    }
    return nullptr;
  }
  void mark(std::string_view key) { marked_.push_back(key); }
  std::string_view take(std::string_view key) {
    mark(key);
    return event_.text(key);
  }

  const ExportEvent& event_;
  const ExportNames& names_;
  JsonWriter json_;
  std::vector<std::string_view> marked_;
};

}  // namespace

std::string to_ocsf(const ExportEvent& event, const ExportNames& names) {
  std::string out;
  out.reserve(event.entry().facts.size() + 1'536);
  OcsfEvent(event, names, out).write();
  return out;
}

}  // namespace curfew::outlet
