#include "plugins/oauth/providers/keycloak/events.hpp"

#include <simdjson.h>

#include <map>

namespace curfew::oauth::keycloak {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Interactivity;
using plugin::Type;
using simdjson::dom::element;

constexpr std::int64_t latest_time = 32'503'680'000'000;  // the year 3000
constexpr char apart = '\x1f';

struct UserEvent {
  std::string type, client, user, session, address, error;
  std::map<std::string, std::string> details;

  [[nodiscard]] std::string_view detail(const std::string& key) const {
    const auto found = details.find(key);
    return found == details.end() ? std::string_view{} : std::string_view(found->second);
  }
};

struct AdminEvent {
  std::string operation, resource, path, representation, error;
  std::string by_client, by_user, by_address;
};

std::string text_in(const element& object, const char* key) {
  std::string_view text;
  return object.at_key(key).get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string{};
}

std::string hex(const plugin::SessionDigest& digest) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) {
    out += digits[digest.bytes[i] >> 4U];
    out += digits[digest.bytes[i] & 15U];
  }
  return out;
}

std::string identity_of(const element& row, std::string_view content, const Reading& reading) {
  const std::string id = text_in(row, "id");
  return id.empty() || id.size() > 128 ? hex(reading.digest(content)) : id;
}

// "users/<id>/reset-password": the id and what comes after it.
std::optional<std::pair<std::string, std::string>> below(std::string_view path, std::string_view folder) {
  if (!path.starts_with(folder)) return std::nullopt;
  path.remove_prefix(folder.size());
  const std::size_t slash = path.find('/');
  std::string id(path.substr(0, slash));
  if (id.empty() || id.size() > 256) return std::nullopt;
  return std::pair(std::move(id), slash == std::string_view::npos ? "" : std::string(path.substr(slash + 1)));
}

plugin::AuthMethod method_of(const UserEvent& event) {
  const std::string_view said = event.detail("auth_method");
  return said == "saml" ? plugin::AuthMethod::Saml : plugin::AuthMethod::Oidc;
}

// The request that began at the login page says response_type; who answered the page comes back without it.
void take_manner(const UserEvent& event, Sighting& seen) {
  if (!event.detail("identity_provider").empty() || event.detail("auth_method") == "saml") return;
  const bool at_once = !event.detail("response_type").empty();
  const bool by_password = event.detail("grant_type") == "password";
  const bool by_page = event.detail("grant_type").empty() && event.detail("auth_type") == "code" && !at_once;
  if (by_password || by_page) {
    seen.interactivity = Interactivity::Interactive;
    seen.fresh_credentials = true;
  } else if (at_once) {
    seen.interactivity = Interactivity::Silent;
  }
}

std::optional<Sighting> meaning(const UserEvent& event, const Reading& reading) {
  Sighting seen;
  seen.session = event.session;
  seen.subject = event.user;
  seen.user_name = event.detail("username");
  seen.address = event.address;
  seen.application = event.client;
  if (event.type == "LOGIN") {
    if (event.session.empty()) return std::nullopt;
    seen.type = Type::SignIn;
    seen.auth_method = method_of(event);
    take_manner(event, seen);
    return seen;
  }
  if (event.type == "LOGIN_ERROR") {
    seen.type = Type::SignInFailed;
    seen.session.clear();
    seen.auth_method = method_of(event);
    seen.failure = event.error.empty() ? "unknown" : event.error;
    if (seen.subject.empty() && seen.user_name.empty() && seen.address.empty()) return std::nullopt;
    return seen;
  }
  if (event.type == "LOGOUT") {
    if (event.session.empty()) return std::nullopt;
    seen.type = Type::SignOut;
    seen.end_reason = plugin::EndReason::SignedOut;
    return seen;
  }
  if (event.type == "CODE_TO_TOKEN" || event.type == "REFRESH_TOKEN") {
    if (event.session.empty() || event.user.empty()) return std::nullopt;
    seen.type = Type::TokenRefreshed;
    seen.machine = true;
    return seen;
  }
  if (event.type == "USER_INFO_REQUEST") {
    if (event.session.empty() || event.user.empty()) return std::nullopt;
    seen.type = Type::Activity;
    seen.machine = true;
    return seen;
  }
  const bool by_credential =
      event.type == "UPDATE_CREDENTIAL" && event.detail("credential_type") == "password";
  const bool by_password = event.type == "UPDATE_PASSWORD" && !reading.password_by_update_credential;
  if ((by_credential || by_password) && !event.user.empty()) {
    seen.type = Type::CredentialChanged;
    seen.session.clear();
    return seen;
  }
  return std::nullopt;
}

std::optional<Sighting> account_change(const AdminEvent& event, std::string user) {
  Sighting seen;
  seen.subject = std::move(user);
  if (event.operation == "DELETE") {
    seen.type = Type::AccountDisabled;
    return seen;
  }
  simdjson::dom::parser parser;
  element representation;
  bool enabled = false;
  if (event.operation != "UPDATE" ||
      parser.parse(event.representation).get(representation) != simdjson::SUCCESS ||
      representation.at_key("enabled").get_bool().get(enabled) != simdjson::SUCCESS)
    return std::nullopt;
  seen.type = enabled ? Type::AccountEnabled : Type::AccountDisabled;
  return seen;
}

std::optional<Sighting> meaning(const AdminEvent& event, const Reading& reading) {
  if (!event.error.empty()) return std::nullopt;
  const bool is_ours = !reading.own_client.empty() && event.by_client == reading.own_client;
  Sighting seen;
  seen.end_reason = plugin::EndReason::Forced;
  // One of two forms of the session is gone; whether the other lives is not said.
  seen.end_inferred = true;
  if (event.resource == "USER_SESSION" && event.operation == "DELETE" && !is_ours) {
    const auto session = below(event.path, "sessions/");
    if (!session || event.representation.find("\"offline\":true") != std::string::npos) return std::nullopt;
    seen.type = Type::Revoked;
    seen.session = session->first;
    return seen;
  }
  if (event.resource != "USER") return std::nullopt;
  const auto user = below(event.path, "users/");
  if (!user) return std::nullopt;
  if (event.operation == "ACTION" && user->second == "logout" && !is_ours) {
    seen.type = Type::Revoked;
    seen.subject = user->first;
    return seen;
  }
  if (event.operation == "ACTION" && user->second == "reset-password") {
    Sighting changed;
    changed.type = Type::CredentialChanged;
    changed.subject = user->first;
    return changed;
  }
  return user->second.empty() ? account_change(event, user->first) : std::nullopt;
}

// Calls `read(row, record)`, which says whether the row can be read.
template <typename Read>
Page read_page(std::string_view body, const char* what, Read read) {
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size()).get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable,
                  std::string("Keycloak's ") + what + " are no whole JSON array: cut or damaged");
  Page page;
  for (const element row : rows) {
    ++page.rows;
    Record record;
    if (row.at_key("time").get_int64().get(record.time) != simdjson::SUCCESS || record.time <= 0 ||
        record.time > latest_time || !read(row, record)) {
      ++page.unreadable;
      continue;
    }
    if (record.sighting) record.sighting->at = plugin::Time(std::chrono::milliseconds(record.time));
    page.records.push_back(std::move(record));
  }
  return page;
}

}  // namespace

Page read_user_events(std::string_view body, const Reading& reading) {
  return read_page(body, "events", [&](const element& row, Record& record) {
    UserEvent event{.type = text_in(row, "type"),
                    .client = text_in(row, "clientId"),
                    .user = text_in(row, "userId"),
                    .session = text_in(row, "sessionId"),
                    .address = text_in(row, "ipAddress"),
                    .error = text_in(row, "error"),
                    .details = {}};
    if (event.type.empty()) return false;
    simdjson::dom::object details;
    if (row.at_key("details").get_object().get(details) == simdjson::SUCCESS) {
      for (const auto [key, value] : details) {
        std::string_view text;
        if (value.get_string().get(text) == simdjson::SUCCESS) event.details.emplace(key, text);
      }
    }
    std::string content = std::to_string(record.time);
    for (const std::string* part :
         {&event.type, &event.client, &event.user, &event.session, &event.address, &event.error})
      content += apart + *part;
    for (const auto& [key, value] : event.details) content += apart + key + "=" + value;
    record.identity = identity_of(row, content, reading);
    record.sighting = meaning(event, reading);
    return true;
  });
}

Page read_admin_events(std::string_view body, const Reading& reading) {
  return read_page(body, "admin events", [&](const element& row, Record& record) {
    AdminEvent event{.operation = text_in(row, "operationType"),
                     .resource = text_in(row, "resourceType"),
                     .path = text_in(row, "resourcePath"),
                     .representation = text_in(row, "representation"),
                     .error = text_in(row, "error"),
                     .by_client = {},
                     .by_user = {},
                     .by_address = {}};
    if (event.operation.empty()) return false;
    element by;
    if (row.at_key("authDetails").get(by) == simdjson::SUCCESS) {
      event.by_client = text_in(by, "clientId");
      event.by_user = text_in(by, "userId");
      event.by_address = text_in(by, "ipAddress");
    }
    std::string content = "admin" + std::to_string(record.time);
    for (const std::string* part : {&event.operation, &event.resource, &event.path, &event.representation,
                                    &event.error, &event.by_client, &event.by_user, &event.by_address})
      content += apart + *part;
    record.identity = identity_of(row, content, reading);
    record.sighting = meaning(event, reading);
    return true;
  });
}

const std::vector<std::string_view>& user_event_types() {
  static const std::vector<std::string_view> types{"LOGIN",           "LOGIN_ERROR",      "LOGOUT",
                                                   "CODE_TO_TOKEN",   "REFRESH_TOKEN",    "USER_INFO_REQUEST",
                                                   "UPDATE_PASSWORD", "UPDATE_CREDENTIAL"};
  return types;
}

const std::vector<std::string_view>& admin_resource_types() {
  static const std::vector<std::string_view> types{"USER", "USER_SESSION"};
  return types;
}

}  // namespace curfew::oauth::keycloak
