// What one line says of a session, without its credential: the digest stands for it. Small, and sortable by
// time and place.
//
//   std::string bytes = encode(mark);      // orders by time
//   Mark same = decode(bytes);
//
// Threads: values and pure functions. Owns: its texts. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "curfew/plugin/connector.hpp"
#include "plugins/forms/logs/rules.hpp"

namespace curfew::forms {

struct Mark {
  Time time{};
  std::uint64_t line = 0;  // its number in its file: orders lines of one moment
  Meaning means = Meaning::Activity;
  plugin::SessionDigest session{};  // all zero: none
  plugin::SessionDigest key{};      // of the line: the same whenever it is read
  plugin::AuthMethod auth_method = plugin::AuthMethod::Unknown;
  bool ends_session = false;
  Time expires_at{};  // none: not told
  std::string user, address, user_agent, failure;
};

[[nodiscard]] std::string encode(const Mark& mark);
[[nodiscard]] Mark decode(std::string_view bytes);

}  // namespace curfew::forms
