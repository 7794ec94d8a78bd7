#include "plugins/forms/logs/line_parser.hpp"

#include <stdexcept>

namespace curfew::forms {

bool LineParser::is_heading(std::string_view) const { return false; }

std::unique_ptr<LogFormat> make_format(const FormatSettings& settings) {
  if (settings.kind == "w3c") return make_w3c_format(settings);
  if (settings.kind == "nginx") return make_nginx_format(settings);
  if (settings.kind == "apache") return make_apache_format(settings);
  if (settings.kind == "json") return make_json_format(settings);
  throw std::invalid_argument("settings: format.kind must be w3c, nginx, apache or json");
}

}  // namespace curfew::forms
