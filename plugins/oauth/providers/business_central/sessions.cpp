#include "plugins/oauth/providers/business_central/sessions.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::oauth::business_central {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using simdjson::dom::element;

constexpr std::size_t longest_name = 256;

std::string_view text_in(const element& row, const char* key) {
  std::string_view text;
  return row.at_key(key).get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

// Its documentation calls it a text; without a zone it is UTC, as all of Business Central's times.
std::optional<Time> time_in(std::string_view text) {
  if (const auto time = iso_time(text)) return time;
  return iso_time(std::string(text) + "Z");
}

bool read_row(const element& row, ServerSession& session) {
  const auto began = time_in(text_in(row, "logOnDate"));
  const std::string_view user = text_in(row, "userId");
  if (row.at_key("sessionId").get_int64().get(session.number) != simdjson::SUCCESS || session.number <= 0 ||
      !began || user.size() > longest_name)
    return false;
  session.began = *began;
  session.user = user;
  session.client = text_in(row, "clientType").substr(0, longest_name);
  return true;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() || value <= 0)
    return std::nullopt;
  return value;
}

}  // namespace

std::string ServerSession::id() const {
  return std::to_string(number) + "@" + std::to_string(began.time_since_epoch().count());
}

SessionPage read_sessions(std::string_view body) {
  simdjson::dom::parser parser;
  element document;
  simdjson::dom::array rows;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS ||
      document.at_key("value").get_array().get(rows) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable, "the environment's sessions are no whole JSON object: cut or damaged");
  SessionPage page;
  for (const element row : rows) {
    ServerSession session;
    if (read_row(row, session))
      page.sessions.push_back(std::move(session));
    else
      ++page.unreadable;
  }
  return page;
}

std::string handle_of(const ServerSession& session) { return session.id() + "/" + session.user; }

ServerSession read_handle(std::string_view handle) {
  const std::size_t at = handle.find('@'), slash = handle.find('/');
  if (at == std::string_view::npos || slash == std::string_view::npos || slash < at) return {};
  const auto number = number_of(handle.substr(0, at));
  const auto began = number_of(handle.substr(at + 1, slash - at - 1));
  if (!number || !began) return {};
  return {.number = *number,
          .user = std::string(handle.substr(slash + 1)),
          .client = {},
          .began = Time(plugin::Duration(*began))};
}

bool is_a_persons(std::string_view client) {
  constexpr std::array<std::string_view, 6> names{"WebClient", "Web",   "Desktop",
                                                  "Windows",   "Phone", "Tablet"};
  return std::find(names.begin(), names.end(), client) != names.end();
}

}  // namespace curfew::oauth::business_central
