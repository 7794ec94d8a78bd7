// One line of an access log, whatever format it was in.
//
//   LogLine line; … ; line.path == "/login"; line.field("upstream_status"); cookie_of(line, "sid")
//
// Texts are views into the line that was parsed, or into what the object keeps of it decoded: both must live
// on. "-" is how logs write "nothing": it is stored as empty.
//
// Threads: a value. Owns: decoded texts. Fails: never.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/files/text.hpp"

namespace curfew::forms {

using files::Duration;
using files::Time;

struct NamedText {
  std::string_view name, value;
};

struct LogLine {
  Time time{};
  std::string_view method, path, query, user, address, user_agent, host, location;
  std::string_view cookies;               // the request's Cookie header
  std::string_view set_cookies;           // the answer's Set-Cookie headers, joined by ", "
  std::vector<NamedText> logged_cookies;  // of the request, each logged by itself
  std::vector<NamedText> fields;          // everything, by the format's own names
  int status = 0;                         // 0: not logged
  std::uint64_t bytes = 0;
  Duration duration{};

  static constexpr std::size_t most_fields = 256;

  // By the format's own name; else what is known as path, query, method, user, address, host, user_agent or
  // location. Empty when there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  [[nodiscard]] std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }
  void clear();

 private:
  std::deque<std::string> kept_;
};

}  // namespace curfew::forms
