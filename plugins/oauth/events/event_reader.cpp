#include "plugins/oauth/events/event_reader.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "curfew/plugin/digest.hpp"
#include "curfew/plugin/text.hpp"
#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/events/field.hpp"

namespace curfew::oauth::events {
namespace {

using plugin::Type;
using simdjson::dom::element;

constexpr std::size_t longest_text = 512;
constexpr std::size_t longest_name = 96;

bool needs_session(Means means) {
  return means == Means::Activity || means == Means::TokenRefreshed || means == Means::Reauthenticated ||
         means == Means::Resumed || means == Means::SignOut || means == Means::Expired ||
         means == Means::Revoked;
}

Type type_of(Means means) {
  switch (means) {
    case Means::SignIn:
      return Type::SignIn;
    case Means::SignInFailed:
      return Type::SignInFailed;
    case Means::SignOut:
      return Type::SignOut;
    case Means::Expired:
      return Type::Expired;
    case Means::Revoked:
    case Means::RevokedOfPerson:
      return Type::Revoked;
    case Means::TokenRefreshed:
      return Type::TokenRefreshed;
    case Means::Reauthenticated:
      return Type::Reauthenticated;
    case Means::Resumed:
      return Type::Resumed;
    case Means::CredentialChanged:
      return Type::CredentialChanged;
    case Means::AccountDisabled:
      return Type::AccountDisabled;
    case Means::AccountEnabled:
      return Type::AccountEnabled;
    case Means::Activity:
    case Means::Nothing:
      break;
  }
  return Type::Activity;
}

bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

void take_names(const EventTable& table, const element& record, const EventRow& row, Sighting& seen) {
  std::string subject, user;
  if (row.is_of_target) {
    subject = clipped(field_of(record, table.target_subject));
    user = clipped(field_of(record, table.target_user));
  }
  if (subject.empty() && user.empty()) {
    subject = clipped(field_of(record, table.subject));
    user = clipped(field_of(record, table.user));
  }
  if (!table.nobody.empty() && user == table.nobody) user.clear();
  if (user.find('@') != std::string::npos)
    seen.user_name = user;
  else if (!user.empty())
    seen.names.push_back({std::string(table.user_namespace), user});
  // Who is not signed in is whoever the record's writer is then.
  const bool is_trusted = row.means != Means::SignInFailed || user.empty();
  if (is_trusted && !subject.empty() && !table.subject_namespace.empty())
    seen.names.push_back({std::string(table.subject_namespace), subject});
}

// A failure's code, if it looks like one; in its place may stand anything, names too.
std::string code_of(const std::string& text) {
  constexpr std::size_t longest_code = 64;
  const bool is_code =
      !text.empty() && text.size() <= longest_code && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-' || c == ':';
      });
  return is_code ? text : "other";
}

// The first of its names that is for good.
std::string_view person_of(const Sighting& seen) {
  if (!seen.names.empty()) return seen.names.back().value;
  return seen.user_name;
}

void take_session(const EventTable& table, const element& record, Sighting& seen) {
  const std::string named = field_of(record, table.session);
  if (!named.empty() && named.size() <= longest_text) {
    const std::string scope = field_of(record, table.session_scope);
    seen.session = std::string(table.vendor) + ":" + (scope.empty() ? named : scope + "/" + named);
    return;
  }
  const std::string_view person = person_of(seen);
  if (table.sessions != Sessions::OfClient || person.empty() || seen.address.empty()) return;
  seen.session = std::string(table.vendor) + "/" + std::string(person) + "/" + seen.address;
  // That it is this session's end is concluded from person and client.
  seen.end_inferred = seen.type == Type::SignOut;
}

}  // namespace

std::string digest_of(std::string_view text) {
  std::string hex;
  const plugin::Sha256::Bytes digest = plugin::Sha256().update(text).finish();
  for (std::size_t i = 0; i < 16; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4U];
    hex += "0123456789abcdef"[digest[i] & 15U];
  }
  return hex;
}

std::string clipped(std::string_view text) {
  std::string out = plugin::to_clean_utf8(text.substr(0, 4 * longest_text));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  if (out.size() <= longest_text) return out;
  std::size_t size = longest_text;
  while (size > 0 && (static_cast<unsigned char>(out[size]) & 0xC0U) == 0x80U) --size;
  out.resize(size);
  return out;
}

std::string address_of(std::string_view text) {
  std::string_view host = text;
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else if (std::count(host.begin(), host.end(), ':') == 1) {
    host = host.substr(0, host.find(':'));
  }
  host = host.substr(0, host.find('%'));
  const std::string one(host.substr(0, INET6_ADDRSTRLEN));
  if (one.find('\0') != std::string::npos) return {};  // where inet_pton would stop
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  const bool is_one = ::inet_pton(AF_INET, one.c_str(), ignored.data()) == 1 ||
                      ::inet_pton(AF_INET6, one.c_str(), ignored.data()) == 1;
  return is_one ? one : std::string{};
}

const EventRow* row_of(const EventTable& table, std::string_view name, std::string_view outcome) {
  for (const EventRow& row : table.rows) {
    if (fits(row.name, name) && (row.outcome.empty() || row.outcome == outcome)) return &row;
  }
  return nullptr;
}

ReadEvent read_event(const EventTable& table, const element& record) {
  ReadEvent out;
  const std::string name = field_of(record, table.name), outcome = field_of(record, table.outcome);
  out.name = clipped(name.empty() ? "without a name" : std::string_view(name).substr(0, longest_name));
  const EventRow* row = row_of(table, name, outcome);
  if (row == nullptr && !outcome.empty()) out.name += ": " + clipped(outcome).substr(0, longest_name);
  if (row == nullptr || row->means == Means::Nothing || has_marks(record, row->left_out_if)) return out;
  const auto at = event_time(field_of(record, table.time));
  if (!at) {
    out.fate = EventFate::Unreadable;
    out.why = out.name + " has no time that can be read";
    return out;
  }
  Sighting& seen = out.sighting;
  seen.type = type_of(row->means);
  seen.at = *at;
  seen.address = address_of(field_of(record, table.address));
  take_names(table, record, *row, seen);
  if (!row->is_of_target && seen.type != Type::CredentialChanged && seen.type != Type::SignInFailed)
    take_session(table, record, seen);
  out.is_of_person = row->means == Means::RevokedOfPerson;
  const bool is_of_somebody = !seen.names.empty() || !seen.user_name.empty();
  if ((needs_session(row->means) && seen.session.empty()) ||
      (!is_of_somebody && (seen.type != Type::SignInFailed || seen.address.empty()) &&
       seen.session.empty())) {
    out.name += needs_session(row->means) ? ": without a session" : ": of nobody";
    return out;
  }
  const std::string id = clipped(field_of(record, table.id));
  seen.key = std::string(table.vendor) + "/" + (id.empty() ? digest_of(simdjson::minify(record)) : id);
  seen.user_agent = clipped(field_of(record, table.agent));
  seen.application = clipped(field_of(record, table.application));
  seen.device = clipped(field_of(record, table.device));
  if (seen.type == Type::SignInFailed)
    seen.failure =
        row->failure.empty() ? code_of(field_of(record, table.failure)) : std::string(row->failure);
  seen.end_reason = row->end;
  seen.interactivity = row->interactivity;
  seen.fresh_credentials =
      row->fresh || (has_marks(record, row->fresh_if) && !has_marks(record, row->unless));
  if (seen.fresh_credentials) {
    seen.interactivity = plugin::Interactivity::Interactive;
    seen.auth_method = row->method;
  } else if (has_marks(record, row->ticket_if)) {
    seen.interactivity = plugin::Interactivity::Silent;
    seen.auth_method = plugin::AuthMethod::Negotiate;
  }
  seen.machine = row->machine;
  seen.factors = row->factors;
  out.fate = EventFate::Told;
  return out;
}

}  // namespace curfew::oauth::events
