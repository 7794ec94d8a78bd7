#include "plugins/oauth/providers/auth0/log_events.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::auth0 {
namespace {

using plugin::AuthMethod;
using plugin::Code;
using plugin::EndReason;
using plugin::Failure;
using plugin::Interactivity;
using plugin::Type;
using simdjson::dom::element;

constexpr std::size_t longest_id = 128;
constexpr std::size_t longest_user = 256;
constexpr std::size_t longest_text = 512;

struct Meaning {
  std::string_view type;
  Type is;
};
constexpr std::array<Meaning, 13> meanings{{
    {"s", Type::SignIn},
    {"ssa", Type::Activity},           // the browser came back with its session
    {"sertft", Type::TokenRefreshed},  // a client with its refresh token
    {"slo", Type::SignOut},
    {"scp", Type::CredentialChanged},
    {"scpr", Type::CredentialChanged},
    {"f", Type::SignInFailed},
    {"fp", Type::SignInFailed},
    {"fu", Type::SignInFailed},
    {"fcoa", Type::SignInFailed},
    {"gd_auth_failed", Type::SignInFailed},
    {"limit_wc", Type::SignInFailed},
    {"limit_mu", Type::SignInFailed},
}};

// What a failure's type says, as sign_in_failed has it.
std::string failure_of(std::string_view type) {
  if (type == "fp") return "bad_password:fp";
  if (type == "fu") return "unknown_user:fu";
  if (type == "gd_auth_failed") return "second_factor_failed:gd_auth_failed";
  if (type == "limit_wc" || type == "limit_mu") return "locked:" + std::string(type);
  return "other:" + std::string(type);
}

std::string_view text_in(const element& object, const char* key) {
  std::string_view text;
  return object.at_key(key).get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

// To what an observation may hold, between characters.
std::string clipped(std::string_view text) {
  std::size_t size = std::min(text.size(), longest_text);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return std::string(text.substr(0, size));
}

// A prompt in which credentials were given to Auth0 itself. Whose connection is another provider gave none.
bool gave_credentials(const element& row, const element* details) {
  const std::string_view strategy = text_in(row, "strategy_type");
  if (strategy != "database" && strategy != "passwordless") return false;
  simdjson::dom::array prompts;
  if (details == nullptr || details->at_key("prompts").get_array().get(prompts) != simdjson::SUCCESS)
    return false;
  for (const element one : prompts) {
    if (text_in(one, "name") == "prompt-authenticate") return true;
  }
  return false;
}

enum class Read { Unreadable, LeftOut, Told };

Read read_row(const element& row, std::string_view issuer, Sighting& seen) {
  const auto at = iso_time(text_in(row, "date"));
  const std::string_view id = text_in(row, "log_id");
  const std::string_view type = text_in(row, "type");
  if (!at || id.empty() || id.size() > longest_id || type.empty()) return Read::Unreadable;
  const auto* const meaning =
      std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& one) { return one.type == type; });
  if (meaning == meanings.end()) return Read::LeftOut;
  seen.at = *at;
  seen.key = id;
  seen.type = meaning->is;
  const std::string_view user = text_in(row, "user_id");
  if (is_user_id(user)) seen.subject = std::string(issuer) + "#" + std::string(user);
  seen.user_name = clipped(text_in(row, "user_name"));
  seen.address = clipped(text_in(row, "ip"));
  seen.user_agent = clipped(text_in(row, "user_agent"));
  seen.application = clipped(text_in(row, "client_name"));
  if (seen.type == Type::SignInFailed) {
    if (seen.subject.empty() && seen.user_name.empty() && seen.address.empty()) return Read::LeftOut;
    seen.failure = failure_of(type);
    return Read::Told;
  }
  if (seen.subject.empty()) return Read::Unreadable;
  if (seen.type == Type::CredentialChanged) return Read::Told;
  element details;
  const bool has_details = row.at_key("details").get(details) == simdjson::SUCCESS && details.is_object();
  const std::string_view session = has_details ? text_in(details, "session_id") : std::string_view{};
  if (!is_session_id(session)) {
    // A sign-in that makes no session (a password grant), or what doesn't say of which it is.
    return seen.type == Type::SignIn || seen.type == Type::SignOut ? Read::Unreadable : Read::LeftOut;
  }
  seen.session = session;
  seen.handle = handle_of(user, session);
  seen.auth_method = AuthMethod::Form;
  switch (seen.type) {
    case Type::SignIn:
      if (gave_credentials(row, has_details ? &details : nullptr)) {
        seen.fresh_credentials = true;
        seen.interactivity = Interactivity::Interactive;
      }
      break;
    case Type::SignOut:
      seen.end_reason = EndReason::SignedOut;
      break;
    case Type::TokenRefreshed:
    case Type::Activity:
      seen.interactivity = Interactivity::Silent;
      seen.machine = true;
      break;
    default:
      break;
  }
  return Read::Told;
}

}  // namespace

bool is_session_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// A connection's kind and its own id there, which may be anything but what ends a line or a path.
bool is_user_id(std::string_view text) {
  return text.size() <= longest_user && text.find('|') != std::string_view::npos && text.front() != '|' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != '\x7f'; });
}

std::string handle_of(std::string_view user, std::string_view session) {
  return std::string(session) + "/" + std::string(user);
}

Handle read_handle(std::string_view handle) {
  const std::size_t slash = handle.find('/');
  if (slash == std::string_view::npos || !is_session_id(handle.substr(0, slash)) ||
      !is_user_id(handle.substr(slash + 1)))
    return {};
  return {std::string(handle.substr(slash + 1)), std::string(handle.substr(0, slash))};
}

LogPage read_log(std::string_view body, std::string_view issuer) {
  simdjson::dom::parser parser;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size()).get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable, "Auth0's log is no whole JSON array: cut or damaged");
  LogPage page;
  for (const element row : rows) {
    ++page.rows;
    Sighting seen;
    const bool is_object = row.is_object();
    if (is_object) {
      if (const std::string_view id = text_in(row, "log_id"); is_session_id(id)) page.last = id;
    }
    switch (is_object ? read_row(row, issuer, seen) : Read::Unreadable) {
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

}  // namespace curfew::oauth::auth0
