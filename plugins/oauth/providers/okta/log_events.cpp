#include "plugins/oauth/providers/okta/log_events.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::okta {
namespace {

using plugin::AuthMethod;
using plugin::Code;
using plugin::EndReason;
using plugin::Failure;
using plugin::Interactivity;
using plugin::Type;
using simdjson::dom::element;

constexpr std::size_t longest_id = 128;
constexpr std::size_t longest_text = 512;

enum class About { Session, Person };
struct Meaning {
  std::string_view event;
  Type type;
  About about;
};
constexpr std::array<Meaning, 14> meanings{{
    {"user.session.start", Type::SignIn, About::Session},
    {"user.session.end", Type::SignOut, About::Session},
    {"user.session.expire", Type::Expired, About::Session},
    {"user.session.clear", Type::Revoked, About::Person},
    {"user.authentication.sso", Type::Activity, About::Session},
    {"user.authentication.auth_via_mfa", Type::Reauthenticated, About::Session},
    {"user.account.update_password", Type::CredentialChanged, About::Person},
    {"user.account.reset_password", Type::CredentialChanged, About::Person},
    {"user.lifecycle.suspend", Type::AccountDisabled, About::Person},
    {"user.lifecycle.deactivate", Type::AccountDisabled, About::Person},
    {"user.lifecycle.unsuspend", Type::AccountEnabled, About::Person},
    {"user.lifecycle.activate", Type::AccountEnabled, About::Person},
    {"user.lifecycle.reactivate", Type::AccountEnabled, About::Person},
    {"user.lifecycle.delete.initiated", Type::AccountDisabled, About::Person},
}};

std::string_view text_in(const element& object, const char* key) {
  std::string_view text;
  return object.at_key(key).get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

element part(const element& row, const char* key) {
  element found;
  return row.at_key(key).get(found) == simdjson::SUCCESS ? found : row;
}
std::string_view inner(const element& row, const char* object, const char* key) {
  element found;
  if (row.at_key(object).get(found) != simdjson::SUCCESS || !found.is_object()) return {};
  return text_in(found, key);
}

// To what an observation may hold, between characters.
std::string clipped(std::string_view text) {
  std::size_t size = std::min(text.size(), longest_text);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return std::string(text.substr(0, size));
}

// A code, if it looks like one; in its place may stand anything.
std::string failure_of(const element& row) {
  const std::string_view reason = inner(row, "outcome", "reason");
  const bool is_code =
      !reason.empty() && reason.size() <= 64 &&
      std::all_of(reason.begin(), reason.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
  return is_code ? std::string(reason) : "other";
}

// The first of this type among those whom it was done to.
element target_of(const element& row, std::string_view type, bool& found) {
  simdjson::dom::array targets;
  found = false;
  if (row.at_key("target").get_array().get(targets) != simdjson::SUCCESS) return row;
  for (const element one : targets) {
    if (text_in(one, "type") != type) continue;
    found = true;
    return one;
  }
  return row;
}

// Who signs in elsewhere, or is let in by what their machine holds, gave Okta no credentials.
bool is_vouched_for(const element& row) {
  const std::string_view credential = inner(row, "authenticationContext", "credentialType");
  const std::string_view provider = inner(row, "authenticationContext", "authenticationProvider");
  if (credential == "ASSERTION" || credential == "IWA" || credential == "JWT" || credential == "OAuth 2.0" ||
      provider == "FEDERATION" || provider == "SOCIAL")
    return true;
  if (!credential.empty() || !provider.empty()) return false;
  // Most records leave both open; then the address of the request tells.
  element context, data;
  if (row.at_key("debugContext").get(context) != simdjson::SUCCESS || !context.is_object() ||
      context.at_key("debugData").get(data) != simdjson::SUCCESS || !data.is_object())
    return true;
  const std::string_view at = text_in(data, "requestUri");
  constexpr std::array<std::string_view, 4> own{"/api/v1/authn", "/login/do-login", "/idp/idx/",
                                                "/login/login"};
  return std::none_of(own.begin(), own.end(), [&](std::string_view one) { return at.starts_with(one); });
}

void take_person(const element& person, std::string_view issuer, Sighting& seen) {
  const std::string_view id = text_in(person, "id");
  const std::string_view name = text_in(person, "alternateId");
  if (is_id(id)) seen.subject = std::string(issuer) + "#" + std::string(id);
  // Of whom Okta does not know it has a word there.
  if (name != "unknown" && name != "system@okta.com") seen.user_name = clipped(name);
}

void take_sign_in(const element& row, Sighting& seen) {
  seen.auth_method = AuthMethod::Form;
  if (is_vouched_for(row)) {
    const std::string_view credential = inner(row, "authenticationContext", "credentialType");
    if (credential == "IWA") {
      seen.auth_method = AuthMethod::Negotiate;
      seen.interactivity = Interactivity::Silent;
    } else {
      seen.auth_method = AuthMethod::Unknown;
    }
    return;
  }
  seen.fresh_credentials = true;
  seen.interactivity = Interactivity::Interactive;
}

enum class Read { Unreadable, LeftOut, Told };

Read read_row(const element& row, std::string_view issuer, Sighting& seen) {
  const auto at = iso_time(text_in(row, "published"));
  const std::string_view id = text_in(row, "uuid");
  const std::string_view event = text_in(row, "eventType");
  if (!at || id.empty() || id.size() > longest_id || event.empty()) return Read::Unreadable;
  const auto* const meaning =
      std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& one) { return one.event == event; });
  if (meaning == meanings.end()) return Read::LeftOut;
  const std::string_view result = inner(row, "outcome", "result");
  const bool succeeded = result == "SUCCESS" || result == "ALLOW";
  seen.at = *at;
  seen.key = id;
  seen.type = meaning->type;
  if (meaning->about == About::Person) {
    if (!succeeded) return Read::LeftOut;
    bool has_target = false;
    const element person = target_of(row, "User", has_target);
    if (!has_target) return Read::Unreadable;
    take_person(person, issuer, seen);
    if (seen.subject.empty()) return Read::Unreadable;
    if (meaning->type == Type::Revoked) {
      // Of tokens it says nothing, and it is what an order of ours leaves behind too.
      seen.end_reason = EndReason::Forced;
      seen.end_inferred = true;
    }
    return Read::Told;
  }
  if (inner(row, "actor", "type") != "User") return Read::LeftOut;
  take_person(part(row, "actor"), issuer, seen);
  seen.address = clipped(inner(row, "client", "ipAddress"));
  if (element client, agent; row.at_key("client").get(client) == simdjson::SUCCESS && client.is_object() &&
                             client.at_key("userAgent").get(agent) == simdjson::SUCCESS && agent.is_object())
    seen.user_agent = clipped(text_in(agent, "rawUserAgent"));
  if (!succeeded) {
    if (meaning->type != Type::SignIn || result != "FAILURE") return Read::LeftOut;
    if (seen.subject.empty() && seen.user_name.empty() && seen.address.empty()) return Read::LeftOut;
    seen.type = Type::SignInFailed;
    seen.failure = failure_of(row);
    return Read::Told;
  }
  const std::string_view session = inner(row, "authenticationContext", "externalSessionId");
  const std::string_view user = inner(row, "actor", "id");
  if (!is_id(user)) return Read::Unreadable;
  // What comes before there is a session has a word in its place.
  if (!is_id(session) || session == "unknown")
    return meaning->type == Type::SignIn ? Read::Unreadable : Read::LeftOut;
  seen.session = session;
  seen.handle = handle_of(user, session);
  switch (meaning->type) {
    case Type::SignIn:
      take_sign_in(row, seen);
      break;
    case Type::SignOut:
      seen.end_reason = EndReason::SignedOut;
      break;
    case Type::Expired:
      seen.end_reason = EndReason::Expired;
      break;
    case Type::Reauthenticated:
      seen.fresh_credentials = true;
      seen.interactivity = Interactivity::Interactive;
      break;
    default: {
      bool has_target = false;
      const element application = target_of(row, "AppInstance", has_target);
      if (has_target) seen.application = clipped(text_in(application, "displayName"));
    }
  }
  return Read::Told;
}

}  // namespace

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

const std::vector<std::string_view>& event_types() {
  static const std::vector<std::string_view> types = [] {
    std::vector<std::string_view> all;
    for (const Meaning& one : meanings) all.push_back(one.event);
    return all;
  }();
  return types;
}

std::string handle_of(std::string_view user, std::string_view session) {
  return std::string(user) + "/" + std::string(session);
}

Handle read_handle(std::string_view handle) {
  const std::size_t slash = handle.find('/');
  if (slash == std::string_view::npos || !is_id(handle.substr(0, slash)) || !is_id(handle.substr(slash + 1)))
    return {};
  return {std::string(handle.substr(0, slash)), std::string(handle.substr(slash + 1))};
}

LogPage read_log(std::string_view body, std::string_view issuer) {
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size()).get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable, "Okta's log is no whole JSON array: cut or damaged");
  LogPage page;
  for (const element row : rows) {
    ++page.rows;
    Sighting seen;
    switch (row.is_object() ? read_row(row, issuer, seen) : Read::Unreadable) {
      case Read::Unreadable:
        ++page.unreadable;
        break;
      case Read::LeftOut:
        ++page.filtered;
        break;
      case Read::Told:
        page.sightings.push_back(std::move(seen));
    }
  }
  return page;
}

}  // namespace curfew::oauth::okta
