#include "plugins/forms/stores/presets.hpp"

#include <algorithm>

#include "plugins/web/setting.hpp"

namespace curfew::forms {
namespace {

// What has expired by the database's clock may live on by the application's for this long.
constexpr std::string_view skew_seconds = "60";

// Apache's table has (key, value, expiry); expiry is in microseconds, 0 for never. `value` holds the password
// in the clear: it is not read. Who a row belongs to is only there; so rows are joined to people through the
// access log.
Preset mod_session_dbd(const std::string& table, Marks marks) {
  const std::string key = marks == Marks::Dollars ? "key" : "`key`";
  const std::string now = marks == Marks::Dollars ? "extract(epoch from now())" : "UNIX_TIMESTAMP(NOW(6))";
  const auto expires_after = [&](const std::string& time) {
    return "(expiry = 0 OR expiry > " + time + " * 1000000)";
  };
  return {.list = "SELECT " + key + " AS session_id, CASE WHEN expiry > 0 THEN expiry / 1000000.0 END " +
                  "AS expires_at FROM " + table + " WHERE " + expires_after(now),
          .remove = "DELETE FROM " + table + " WHERE " + key + " = {session}",
          .prove = "SELECT 1 FROM " + table + " WHERE " + key + " = {session} AND " +
                   expires_after("(" + now + " - " + std::string(skew_seconds) + ")")};
}

// django.contrib.sessions with the database behind it. The user is inside session_data, which is signed and
// encoded by the application: not read either.
Preset django(const std::string& table, Marks marks) {
  const bool dollars = marks == Marks::Dollars;
  const std::string now = dollars ? "now()" : "UTC_TIMESTAMP(6)";
  const std::string epoch = dollars ? "extract(epoch from expire_date)" : "UNIX_TIMESTAMP(expire_date)";
  const std::string skew = dollars ? "interval '" + std::string(skew_seconds) + " seconds'"
                                   : "INTERVAL " + std::string(skew_seconds) + " SECOND";
  return {.list = "SELECT session_key AS session_id, " + epoch + " AS expires_at FROM " + table +
                  " WHERE expire_date > " + now,
          .remove = "DELETE FROM " + table + " WHERE session_key = {session}",
          .prove = "SELECT 1 FROM " + table + " WHERE session_key = {session} AND expire_date > " + now +
                   " - " + skew};
}

}  // namespace

Preset find_preset(std::string_view name, const std::string& table, Marks marks) {
  const auto fits = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  if (!std::all_of(table.begin(), table.end(), fits))
    web::invalid("store.table: '" + table + "' is no table's name; a stranger one needs queries of its own");
  if (name == "mod_session_dbd") return mod_session_dbd(table.empty() ? "session" : table, marks);
  if (name == "django") return django(table.empty() ? "django_session" : table, marks);
  web::invalid("store.preset: '" + std::string(name) + "' is neither mod_session_dbd nor django");
}

}  // namespace curfew::forms
