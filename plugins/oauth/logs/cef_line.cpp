#include "plugins/oauth/logs/cef_line.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "curfew/plugin/text.hpp"
#include "plugins/files/text.hpp"
#include "plugins/oauth/events/event_time.hpp"
#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::logs {
namespace {

using nlohmann::json;

constexpr std::size_t longest_prefix = 512;
constexpr std::size_t most_values = 200;
constexpr std::array<const char*, 6> header_names{"DeviceVendor",       "DeviceProduct", "DeviceVersion",
                                                  "DeviceEventClassID", "Activity",      "LogSeverity"};

struct Name {
  std::string_view key;
  const char* column;
};
constexpr std::array<Name, 18> names{{{"act", "DeviceAction"},
                                      {"app", "ApplicationProtocol"},
                                      {"dhost", "DestinationHostName"},
                                      {"dst", "DestinationIP"},
                                      {"duid", "DestinationUserID"},
                                      {"duser", "DestinationUserName"},
                                      {"end", "EndTime"},
                                      {"externalId", "ExternalID"},
                                      {"msg", "Message"},
                                      {"outcome", "EventOutcome"},
                                      {"reason", "Reason"},
                                      {"requestClientApplication", "RequestClientApplication"},
                                      {"rt", "ReceiptTime"},
                                      {"shost", "SourceHostName"},
                                      {"src", "SourceIP"},
                                      {"start", "StartTime"},
                                      {"suid", "SourceUserID"},
                                      {"suser", "SourceUserName"}}};

// Where the format begins; npos: nowhere.
std::size_t begin_of(std::string_view line) {
  for (const std::string_view mark : {"CEF:0|", "CEF:1|"}) {
    const std::size_t at = line.substr(0, longest_prefix + mark.size()).find(mark);
    if (at == std::string_view::npos) continue;
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == ':' || line[at - 1] == ']' || line[at - 1] == '>')
      return at;
  }
  return std::string_view::npos;
}

// Up to the next bar that isn't escaped, which is taken off too; nothing: there is none.
std::optional<std::string> header_field(std::string_view& rest) {
  std::string field;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '|') {
      rest.remove_prefix(i + 1);
      return field;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    field += rest[i];
  }
  return std::nullopt;
}

bool is_key(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

// Of the first equals sign from there on that isn't escaped and has a key before it: where the key begins.
struct KeyPlace {
  std::size_t begin = std::string_view::npos, equals = std::string_view::npos;
};
KeyPlace next_key(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] != '=') continue;
    const std::size_t space = text.substr(0, i).rfind(' ');
    const std::size_t begin = space == std::string_view::npos ? 0 : space + 1;
    if (begin >= from && is_key(text.substr(begin, i - begin))) return {begin, i};
  }
  return {};
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    ++i;
    out += text[i] == 'n' || text[i] == 'r' ? ' ' : text[i];
  }
  return out;
}

std::string column_of(std::string_view key) {
  for (const Name& one : names) {
    if (one.key == key) return one.column;
  }
  // cs1 to cs6, and what they are called.
  const bool is_custom = (key.size() == 3 || (key.size() == 8 && key.ends_with("Label"))) &&
                         key.starts_with("cs") && key[2] >= '1' && key[2] <= '6';
  return is_custom ? "DeviceCustomString" + std::string(key.substr(2)) : std::string(key);
}

void take_extension(std::string_view text, json& record) {
  KeyPlace key = next_key(text, 0);
  for (std::size_t count = 0; key.equals != std::string_view::npos && count < most_values; ++count) {
    const KeyPlace next = next_key(text, key.equals + 1);
    const std::size_t end = next.equals == std::string_view::npos ? text.size() : next.begin;
    const std::string_view value = files::trim(text.substr(key.equals + 1, end - key.equals - 1));
    if (!value.empty())
      record.emplace(column_of(text.substr(key.begin, key.equals - key.begin)),
                     plugin::to_clean_utf8(unescaped(value)));
    key = next;
  }
}

// "Mar 02 2026 09:01:00.123", and with a zone behind it: the format's own way.
std::optional<plugin::Time> worded_time(std::string_view text, std::chrono::seconds zone) {
  if (text.size() < 20 || text[3] != ' ' || text[6] != ' ' || text[11] != ' ') return std::nullopt;
  const int month = files::month_of(text.substr(0, 3));
  if (month == 0) return std::nullopt;
  std::string form = std::string(text.substr(7, 4)) + (month < 10 ? "-0" : "-") + std::to_string(month) +
                     "-" + std::string(text.substr(4, 2)) + "T" + std::string(text.substr(12));
  std::replace(form.begin() + 8, form.begin() + 9, ' ', '0');
  const std::size_t space = form.find(' ');
  const std::string_view said =
      space == std::string::npos ? std::string_view{} : std::string_view(form).substr(space + 1);
  if (said == "GMT" || said == "UTC") {
    form.resize(space);
    return events::event_time(form);
  }
  const auto at = events::event_time(form);
  return at && said.empty() && !form.ends_with('Z') ? *at - zone : at;
}

// A word with a zone, of those before the format.
std::optional<plugin::Time> header_time(std::string_view words) {
  while (!words.empty()) {
    const std::size_t space = words.find(' ');
    const std::string_view word = words.substr(0, space);
    if (word.size() > 19 && word[10] == 'T') {
      if (const auto at = events::event_time(word)) return at;
    }
    if (space == std::string_view::npos) break;
    words.remove_prefix(space + 1);
  }
  return std::nullopt;
}

void settle_time(std::string_view prefix, std::chrono::seconds zone, json& record) {
  std::optional<plugin::Time> at;
  for (const char* key : {"ReceiptTime", "EndTime", "StartTime"}) {
    const auto found = record.find(key);
    if (at || found == record.end()) continue;
    const std::string& text = found->get_ref<const std::string&>();
    at = worded_time(text, zone);
    if (!at) at = events::event_time(text);
  }
  if (!at) at = header_time(prefix);
  if (at) record["ReceiptTime"] = to_iso_time(*at);
}

}  // namespace

bool is_cef_line(std::string_view line) { return begin_of(line) != std::string_view::npos; }

CefRecord read_cef_line(std::string_view line, std::chrono::seconds zone) {
  CefRecord out;
  const std::size_t begin = begin_of(line);
  if (begin == std::string_view::npos) {
    out.why = "no line in the Common Event Format";
    return out;
  }
  std::string_view rest = line.substr(begin + std::string_view("CEF:0|").size());
  json record = json::object();
  for (const char* name : header_names) {
    const auto field = header_field(rest);
    if (!field) {
      out.why = "a line in the Common Event Format that ends before its extension";
      return out;
    }
    record[name] = plugin::to_clean_utf8(*field);
  }
  take_extension(rest, record);
  settle_time(line.substr(0, begin), zone, record);
  out.json = record.dump();
  return out;
}

}  // namespace curfew::oauth::logs
