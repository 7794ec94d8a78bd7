#include "plugins/oauth/providers/entra/directory_audits.hpp"

#include <array>
#include <utility>

#include "plugins/oauth/providers/entra/audit_row.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::entra {
namespace {

using plugin::Type;
using simdjson::dom::element;

// As published under "Microsoft Entra audit log categories and activities"; lower case, and without what
// stands in brackets behind it.
constexpr std::array<std::pair<std::string_view, Type>, 12> activities{{
    {"disable account", Type::AccountDisabled},
    {"delete user", Type::AccountDisabled},
    {"enable account", Type::AccountEnabled},
    {"restore user", Type::AccountEnabled},
    {"change password", Type::CredentialChanged},
    {"change user password", Type::CredentialChanged},
    {"reset password", Type::CredentialChanged},
    {"reset user password", Type::CredentialChanged},
    {"update stsrefreshtokenvalidfrom timestamp", Type::Revoked},
    {"revoke sign-in sessions", Type::Revoked},
    {"revoke user sign-in sessions", Type::Revoked},
    {"invalidate all refresh tokens", Type::Revoked},
}};

std::optional<Type> meaning_of_activity(std::string_view name) {
  std::string plain = lowered(name.substr(0, name.find('(')));
  while (plain.ends_with(' ') || plain.ends_with('.')) plain.pop_back();
  for (const auto& [activity, type] : activities) {
    if (plain == activity) return type;
  }
  return std::nullopt;
}

bool is_by(const element& row, const std::string& client) {
  element by;
  if (client.empty() || row.at_key("initiatedBy").get(by) != simdjson::SUCCESS) return false;
  element app;
  return by.at_key("app").get(app) == simdjson::SUCCESS && lowered(text_in(app, "appId")) == lowered(client);
}

// The person; nothing: it is about none, or about several (it says not which).
std::optional<element> person_in(const element& row) {
  simdjson::dom::array targets;
  if (row.at_key("targetResources").get_array().get(targets) != simdjson::SUCCESS) return std::nullopt;
  std::optional<element> person;
  for (const element target : targets) {
    if (text_in(target, "type") != "User" || !is_object_id(text_in(target, "id"))) continue;
    if (person) return std::nullopt;
    person = target;
  }
  return person;
}

}  // namespace

bool read_directory_audit(const element& row, const RowFrame& frame, const std::string& own_client,
                          SignInRecord& record) {
  const auto own_time = iso_time(text_in(row, "activityDateTime"));
  const auto at = own_time ? own_time : frame.at;
  const std::string_view id = text_in(row, "id");
  const std::string_view name = text_in(row, "activityDisplayName");
  if (!at || id.empty() || id.size() > longest_id || name.empty()) return false;
  record.at = *at;
  record.id = std::string(audit_prefix) + std::string(id);
  const auto type = meaning_of_activity(name);
  if (!type || text_in(row, "result") != "success" || is_by(row, own_client)) return true;
  const auto person = person_in(row);
  if (!person) return true;
  Sighting seen;
  seen.type = *type;
  seen.at = record.at;
  seen.key = record.id;
  seen.subject = lowered(text_in(*person, "id"));
  const std::string_view user = text_in(*person, "userPrincipalName");
  // Of who is deleted it has the id in it.
  if (user.find('@') != std::string_view::npos && lowered(name) != "delete user")
    seen.user_name = clipped(user);
  if (seen.type == Type::Revoked) {
    seen.end_reason = plugin::EndReason::Forced;
    // Refresh tokens and browser sessions are; which access tokens live is not said.
    seen.end_inferred = true;
  }
  record.succeeded = true;
  record.sighting = std::move(seen);
  return true;
}

SignInPage read_directory_audits(std::string_view body, const std::string& own_client) {
  return read_log_page(body, "directory audits", [&](const element& row, SignInRecord& record) {
    return read_directory_audit(row, {}, own_client, record);
  });
}

}  // namespace curfew::oauth::entra
