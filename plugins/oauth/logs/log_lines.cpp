#include "plugins/oauth/logs/log_lines.hpp"

#include "plugins/files/text.hpp"
#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/logs/cef_line.hpp"

namespace curfew::oauth::logs {
namespace {

using events::EventFate;
using events::ReadEvent;
using plugin::EndReason;
using plugin::Type;

constexpr std::string_view pulse_mark = "PulseSecure: - - - ";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "2021-10-22 21:01:42" and what follows it.
bool begins_with_time(std::string_view line) {
  constexpr std::string_view shape = "dddd-dd-dd dd:dd:dd";
  if (line.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? !is_digit(line[i]) : line[i] != shape[i]) return false;
  }
  return true;
}

// What stands between the two, after which `text` goes on; empty: it doesn't.
std::string_view between(std::string_view& text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin);
  if (from == std::string_view::npos) return {};
  const std::size_t to = text.find(end, from + begin.size());
  if (to == std::string_view::npos) return {};
  const std::string_view found = text.substr(from + begin.size(), to - from - begin.size());
  text.remove_prefix(to + end.size());
  return found;
}

// The last word before the mark that is a time with its zone: the device's own clock writes without one.
std::optional<plugin::Time> pulse_time(std::string_view header) {
  while (!header.empty()) {
    const std::size_t space = header.find(' ');
    const std::string_view word = header.substr(0, space);
    if (word.size() > 19 && word.find('T') != std::string_view::npos) {
      if (const auto time = events::event_time(word)) return time;
    }
    if (space == std::string_view::npos) break;
    header.remove_prefix(space + 1);
  }
  return std::nullopt;
}

struct PulseRow {
  std::string_view begins;
  Type type;
  EndReason end = EndReason::Unknown;
  std::string_view failure = {};
  std::string_view also = {};  // must be in it too
};
// "Primary authentication failed" and "Login failed using auth server" are of the same attempt as "Login
// failed. Reason:".
constexpr PulseRow pulse_rows[] = {
    {"Agent login succeeded for ", Type::SignIn},
    {"Login succeeded for ", Type::SignIn},
    {"Login failed. Reason: Wrong Password", Type::SignInFailed, EndReason::Unknown, "bad_password"},
    {"Login failed. Reason: ", Type::SignInFailed, EndReason::Unknown, "refused"},
    {"Session resumed from user agent", Type::Resumed},
    {"Session timed out for ", Type::Expired, EndReason::IdleTimeout, {}, "due to inactivity"},
    {"Session timed out for ", Type::Expired, EndReason::Expired},
    {"Logout from ", Type::SignOut, EndReason::SignedOut},
};

// As which a line that isn't told is counted: its first words, without the person's name and numbers.
std::string pulse_name(std::string_view message, std::string_view user) {
  if (!user.empty()) message = message.substr(0, message.find(user));
  std::string name;
  for (std::size_t i = 0; i < message.size() && name.size() < 48; ++i) {
    const char c = message[i];
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ' || c == ':';
    if (!is_word) break;
    name += c;
  }
  // Up to the third blank: names come after that.
  std::size_t words = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == ' ' && ++words == 3) name.resize(i);
  }
  while (name.ends_with(' ')) name.pop_back();
  return name.empty() ? "other" : name;
}

}  // namespace

LineKind kind_of_line(std::string_view line) {
  if (line.find(pulse_mark) != std::string_view::npos) return LineKind::Pulse;
  if (is_cef_line(line)) return LineKind::Cef;
  if (!begins_with_time(line)) return LineKind::None;
  if (read_keycloak_line(line)) return LineKind::Keycloak;
  // "2021-01-16 00:38:18.515.1538 - [] idapi.exe [5368,54656] Debug: …"
  const std::size_t dash = line.find(" - [");
  if (dash != std::string_view::npos && dash < 40 && line.find(".exe [", dash) != std::string_view::npos)
    return LineKind::Bravura;
  return LineKind::None;
}

std::optional<KeycloakLine> read_keycloak_line(std::string_view line) {
  if (!begins_with_time(line) || line.size() < 26 || line[19] != ',') return std::nullopt;
  KeycloakLine out;
  out.time = line.substr(0, 23);
  std::string_view rest = line.substr(23);
  out.category = between(rest, " [", "] (");
  if (out.category.empty()) return std::nullopt;
  const std::size_t close = rest.find(") ");
  if (close == std::string_view::npos) return std::nullopt;
  out.message = rest.substr(close + 2);
  return out;
}

std::map<std::string, std::string> keycloak_values(std::string_view message) {
  constexpr std::size_t most = 100;
  std::map<std::string, std::string> values;
  message = files::trim(message);
  while (!message.empty() && values.size() < most) {
    const std::size_t equals = message.find('=');
    if (equals == std::string_view::npos) break;
    const std::string_view key = files::trim(message.substr(0, equals));
    message.remove_prefix(equals + 1);
    std::string value;
    if (message.starts_with('"') || message.starts_with('\'')) {
      const std::size_t end = message.find(message.front(), 1);
      value = message.substr(1, end == std::string_view::npos ? end : end - 1);
      message = end == std::string_view::npos ? std::string_view{} : message.substr(end + 1);
      if (const std::size_t comma = message.find(", "); comma != std::string_view::npos)
        message.remove_prefix(comma + 2);
      else
        message = {};
    } else {
      const std::size_t end = message.find(", ");
      value = message.substr(0, end);
      message = end == std::string_view::npos ? std::string_view{} : message.substr(end + 2);
    }
    if (value != "null" && !key.empty()) values.emplace(key, std::move(value));
  }
  return values;
}

ReadEvent read_pulse_line(std::string_view line) {
  ReadEvent out;
  const std::size_t mark = line.find(pulse_mark);
  std::string_view rest = line.substr(mark + pulse_mark.size());
  const auto at = pulse_time(line.substr(0, mark));
  // "2021-10-19 09:16:53 - pcs-node1 - [89.160.20.156] user.name(REALM)[ROLES] - message"
  const std::string_view address = between(rest, "[", "] ");
  const std::size_t dash = rest.find(" - ");
  if (dash == std::string_view::npos) {
    out.fate = EventFate::Unreadable;
    out.why = "a line of Pulse Connect Secure that ends before its message";
    return out;
  }
  const std::string_view who = rest.substr(0, dash), message = rest.substr(dash + 3);
  const std::string_view user = who.substr(0, who.rfind('(', who.find('[')));
  out.name = pulse_name(message, user);
  const PulseRow* row = nullptr;
  for (const PulseRow& one : pulse_rows) {
    if (message.starts_with(one.begins) && message.find(one.also) != std::string_view::npos) {
      row = &one;
      break;
    }
  }
  if (row == nullptr) return out;
  if (!at) {
    out.fate = EventFate::Unreadable;
    out.why = out.name + " has no time with a zone";
    return out;
  }
  Sighting& seen = out.sighting;
  seen.type = row->type;
  seen.at = *at;
  seen.end_reason = row->end;
  seen.failure = row->failure;
  seen.address = events::address_of(address);
  std::string_view named = message;
  std::string_view session = files::trim(between(named, "(session:", ")"));
  if (!session.empty()) seen.session = "pulse:" + events::clipped(session);
  const std::string name = events::clipped(user);
  if (name.find('@') != std::string::npos)
    seen.user_name = name;
  else if (!name.empty())
    seen.names.push_back({"pulse_login", name});
  if (seen.session.empty() && seen.type != Type::SignIn && seen.type != Type::SignInFailed) {
    out.name += ": without a session";
    return out;
  }
  seen.application = "vpn";
  seen.key = "pulse/" + events::digest_of(line);
  out.fate = EventFate::Told;
  return out;
}

// What the monitor traces are the workings of its programs: none says that somebody signed in.
ReadEvent read_bravura_line(std::string_view line) {
  ReadEvent out;
  std::string_view rest = line;
  (void)between(rest, ".exe [", "] ");
  out.name = std::string(rest.substr(0, rest.find(':')).substr(0, 32));
  if (out.name.empty()) out.name = "other";
  return out;
}

}  // namespace curfew::oauth::logs
