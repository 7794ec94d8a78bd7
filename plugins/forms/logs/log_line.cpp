#include "plugins/forms/logs/log_line.hpp"

#include <utility>

namespace curfew::forms {

std::string_view LogLine::field(std::string_view name) const {
  for (const NamedText& one : fields) {
    if (one.name == name) return one.value;
  }
  const std::pair<std::string_view, std::string_view> known[] = {
      {"path", path},       {"query", query}, {"method", method},         {"user", user},
      {"address", address}, {"host", host},   {"user_agent", user_agent}, {"location", location}};
  for (const auto& [known_name, value] : known) {
    if (known_name == name) return value;
  }
  return {};
}

void LogLine::clear() {
  time = {};
  method = path = query = user = address = user_agent = host = location = cookies = set_cookies = {};
  logged_cookies.clear();
  fields.clear();
  status = 0;
  bytes = 0;
  duration = {};
  kept_.clear();
}

}  // namespace curfew::forms
