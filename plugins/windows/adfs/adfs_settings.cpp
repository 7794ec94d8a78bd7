#include "plugins/windows/adfs/adfs_settings.hpp"

#include <simdjson.h>

#include <stdexcept>
#include <string>

namespace curfew::windows::adfs {
namespace {

using simdjson::dom::element;

void read_lifetime(const element& adfs, const char* name, files::Duration& lifetime) {
  constexpr files::Duration least = std::chrono::minutes(1);
  constexpr files::Duration most = std::chrono::hours(24 * 90);
  element value;
  if (adfs.at_key(name).get(value) != simdjson::SUCCESS) return;
  std::string_view text;
  const auto duration =
      value.get_string().get(text) == simdjson::SUCCESS ? files::parse_duration(text) : std::nullopt;
  if (!duration || *duration < least || *duration > most)
    throw std::invalid_argument(std::string("settings: adfs.") + name +
                                " must be a duration such as \"8h\", at least 1m and at most 2160h");
  lifetime = *duration;
}

}  // namespace

AdfsSettings read_adfs_settings(std::string_view json) {
  AdfsSettings out;
  simdjson::dom::parser parser;
  element settings;
  element adfs;
  if (parser.parse(json.data(), json.size(), true).get(settings) != simdjson::SUCCESS ||
      settings.at_key("adfs").get(adfs) != simdjson::SUCCESS)
    return out;
  read_lifetime(adfs, "sso_lifetime", out.sso_lifetime);
  read_lifetime(adfs, "persistent_lifetime", out.persistent_lifetime);
  read_lifetime(adfs, "token_lifetime", out.token_lifetime);
  return out;
}

}  // namespace curfew::windows::adfs
