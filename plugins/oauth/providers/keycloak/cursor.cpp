#include "plugins/oauth/providers/keycloak/cursor.hpp"

#include <nlohmann/json.hpp>

#include "plugins/oauth/stored_number.hpp"

namespace curfew::oauth::keycloak {
namespace {

using nlohmann::json;

constexpr std::size_t most_bytes_of_keys = 1'500;  // of each stream: the host keeps 4096 in all

json json_of(const Mark& mark) {
  std::size_t first = mark.known.size();
  for (std::size_t bytes = 0; first > 0; --first) {
    bytes += mark.known[first - 1].size() + 3;
    if (bytes > most_bytes_of_keys) break;
  }
  json known = json::array();
  for (std::size_t i = first; i < mark.known.size(); ++i) known.push_back(mark.known[i]);
  return {{"time", mark.time}, {"floor", mark.floor}, {"known", std::move(known)}};
}

Mark mark_of(const json& value) {
  Mark mark;
  mark.time = stored_number(value, "time");
  mark.floor = stored_number(value, "floor");
  value.at("known").get_to(mark.known);
  return mark;
}

}  // namespace

std::string to_text(const Cursor& cursor) {
  return json{{"users", json_of(cursor.users)},
              {"admins", json_of(cursor.admins)},
              {"polled", cursor.polled},
              {"was_off", cursor.was_off}}
      .dump();
}

Cursor read_cursor(const std::string& text) {
  try {
    const json all = json::parse(text);
    Cursor cursor{.users = mark_of(all.at("users")), .admins = mark_of(all.at("admins"))};
    cursor.polled = stored_number(all, "polled");
    all.at("was_off").get_to(cursor.was_off);
    return cursor;
  } catch (const json::exception&) {
    throw plugin::Failure(
        plugin::Code::Failed,
        "the stored cursor can't be read: it was not written by this connector for Keycloak");
  }
}

}  // namespace curfew::oauth::keycloak
