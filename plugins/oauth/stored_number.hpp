// A whole number out of a cursor that was stored. A fraction, or one beyond 64 bits, is none that we wrote.
//
//   cursor.polled = stored_number(all, "polled");
//
// Threads: a pure function. Owns: nothing. Fails: nlohmann::json::exception, as its own accessors do.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace curfew::oauth {

[[nodiscard]] inline std::int64_t stored_number(const nlohmann::json& all, const char* key) {
  const nlohmann::json& value = all.at(key);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_integer() || (value.is_number_unsigned() && value.get<std::uint64_t>() > most))
    throw nlohmann::json::type_error::create(302, std::string(key) + " is no whole number", &value);
  return value.get<std::int64_t>();
}

}  // namespace curfew::oauth
