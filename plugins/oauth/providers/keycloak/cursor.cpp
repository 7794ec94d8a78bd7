#include "plugins/oauth/providers/keycloak/cursor.hpp"

#include <nlohmann/json.hpp>

#include "plugins/oauth/stored_number.hpp"

namespace curfew::oauth::keycloak {
namespace {

using nlohmann::json;

constexpr std::size_t most_bytes_of_keys = 1'500;  // of each stream: the host keeps 4096 in all

}  // namespace

std::string to_text(const Cursor& cursor) {
  return json{{"users", json_of(cursor.users, most_bytes_of_keys)},
              {"admins", json_of(cursor.admins, most_bytes_of_keys)},
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
