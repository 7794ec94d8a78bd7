#include "plugins/oauth/logs/provider_records.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "curfew/plugin/digest.hpp"
#include "plugins/oauth/events/field.hpp"
#include "plugins/oauth/logs/log_lines.hpp"
#include "plugins/oauth/providers/entra/diagnostics.hpp"
#include "plugins/oauth/providers/entra/entra.hpp"
#include "plugins/oauth/providers/keycloak/events.hpp"

namespace curfew::oauth::logs {
namespace {

using events::EventFate;
using events::ReadEvent;
using nlohmann::json;
using simdjson::dom::element;

// Who it is stands in `names` here, whatever the vendor.
void name_subject(Sighting& seen, std::string_view name_space) {
  if (!seen.subject.empty()) seen.names.push_back({std::string(name_space), std::move(seen.subject)});
  seen.subject.clear();
}

ReadEvent told_by_entra(entra::SignInRecord&& record, std::string_view category) {
  ReadEvent out;
  out.name = std::string(category);
  if (!record.sighting) {
    out.name += record.is_interrupt ? ": an interrupt" : ": no sign-in of a person that succeeded or failed";
    return out;
  }
  out.fate = EventFate::Told;
  out.sighting = *std::move(record.sighting);
  Sighting& seen = out.sighting;
  name_subject(seen, entra::object_namespace);
  seen.key = "entra/" + seen.key;
  seen.handle.clear();
  // What one sign-in made up is no session that anything else could end.
  if (!record.has_session_id) seen.session.clear();
  if (!seen.session.empty()) seen.session = "entra:" + seen.session;
  if (seen.session.empty() && seen.type == plugin::Type::TokenRefreshed) {
    out.fate = EventFate::Filtered;
    out.name += ": without a session";
  }
  return out;
}

// The thread of a session in older logs, which don't name it.
std::string session_of(const std::map<std::string, std::string>& values) {
  for (const char* key : {"sessionId", "code_id", "authSessionParentId"}) {
    const auto found = values.find(key);
    if (found != values.end()) return found->second;
  }
  return {};
}

}  // namespace

KeycloakEvent keycloak_event_of(plugin::Time at, std::string_view message) {
  KeycloakEvent out;
  const auto values = keycloak_values(message);
  const auto value = [&](const char* key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string{} : events::clipped(found->second);
  };
  out.is_admin = values.contains("operationType");
  out.type = value(out.is_admin ? "operationType" : "type");
  out.realm = value("realmId");
  if (out.type.empty()) return out;
  json row{{"time", std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count()},
           {"realmId", out.realm},
           {"error", value("error")}};
  if (out.is_admin) {
    row["operationType"] = out.type;
    row["resourceType"] = value("resourceType");
    row["resourcePath"] = value("resourcePath");
    row["authDetails"] = {
        {"clientId", value("clientId")}, {"userId", value("userId")}, {"ipAddress", value("ipAddress")}};
  } else {
    row["type"] = out.type;
    for (const char* key : {"clientId", "userId", "ipAddress"}) row[key] = value(key);
    row["sessionId"] = events::clipped(session_of(values));
    row["details"] = json::object();
    for (const auto& [key, text] : values) row["details"][events::clipped(key)] = events::clipped(text);
  }
  out.row = row.dump();
  return out;
}

ReadEvent read_keycloak_event(const std::string& row, bool is_admin, std::string_view type,
                              std::string_view realm) {
  ReadEvent out;
  out.name = events::clipped(type).substr(0, 64);
  if (is_admin) out.name = "admin " + out.name;
  const keycloak::Reading reading{
      .digest = [](std::string_view text) { return plugin::KeyedDigest("keycloak")(text); },
      .own_client = {},
      .password_by_update_credential = false};
  keycloak::Page page;
  try {
    page = is_admin ? keycloak::read_admin_events("[" + row + "]", reading)
                    : keycloak::read_user_events("[" + row + "]", reading);
  } catch (const plugin::Failure& failure) {
    out.fate = EventFate::Unreadable;
    out.why = failure.what();
    return out;
  }
  if (page.records.empty()) {
    out.fate = EventFate::Unreadable;
    out.why = "an event without its time or type";
    return out;
  }
  keycloak::Record& record = page.records.front();
  if (!record.sighting) return out;
  out.fate = EventFate::Told;
  out.sighting = *std::move(record.sighting);
  Sighting& seen = out.sighting;
  seen.key = "keycloak/" + record.identity;
  const std::string within = realm.empty() ? std::string{} : events::clipped(realm) + "/";
  if (!seen.user_name.empty() && seen.user_name.find('@') == std::string::npos)
    seen.names.push_back({"keycloak_login", within + std::exchange(seen.user_name, {})});
  name_subject(seen, "keycloak_user");
  if (!seen.session.empty()) seen.session = "keycloak:" + seen.session;
  out.is_of_person = seen.session.empty() && seen.type == plugin::Type::Revoked;
  seen.address = events::address_of(seen.address);
  return out;
}

ReadEvent read_entra(const element& record) {
  auto read = entra::read_sign_in(simdjson::minify(record));
  if (read) return told_by_entra(*std::move(read), "sign-in");
  ReadEvent out;
  out.fate = EventFate::Unreadable;
  out.why = "a sign-in without id, time or error code, or a success of nobody";
  return out;
}

ReadEvent read_entra_diagnostic(const element& record) {
  entra::Diagnostic read = entra::read_diagnostic(record);
  ReadEvent out;
  switch (read.fate) {
    case entra::DiagnosticFate::SignIn:
      return told_by_entra(std::move(read.record), events::clipped(read.category));
    case entra::DiagnosticFate::Audit:
      out = told_by_entra(std::move(read.record), events::clipped(read.category));
      out.is_of_person = out.sighting.type == plugin::Type::Revoked;
      return out;
    case entra::DiagnosticFate::Other:
      out.name = events::clipped(read.category);
      return out;
    case entra::DiagnosticFate::Unreadable:
      break;
  }
  out.fate = EventFate::Unreadable;
  out.why = read.why;
  return out;
}

std::vector<std::string> google_records(const element& record) {
  constexpr std::size_t most_events = 200, most_bytes = std::size_t{256} << 10U;
  std::vector<std::string> out;
  const std::string text = simdjson::minify(record);
  if (text.size() > most_bytes) return out;
  json all = json::parse(text, nullptr, false);
  if (!all.is_object() || !all.contains("events")) return out;
  const json members = all["events"];
  if (members.size() > most_events) return out;
  for (const json& one : members) {
    all["events"] = one;
    out.push_back(all.dump());
  }
  return out;
}

}  // namespace curfew::oauth::logs
