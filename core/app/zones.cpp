#include "core/app/zones.hpp"

#include <date/tz.h>

#include <stdexcept>

#include "core/base/error.hpp"

namespace curfew::app {

std::vector<model::ZoneOffset> offsets_of(const std::string& zone) {
  // The same years at every load, so that the same file is the same configuration.
  const date::sys_seconds begin = date::sys_days(date::year(1970) / 1 / 1);
  const date::sys_seconds end = date::sys_days(date::year(2070) / 1 / 1);
  std::vector<model::ZoneOffset> offsets;
  try {
    const date::time_zone* found = date::locate_zone(zone);
    for (date::sys_seconds at = begin; at < end;) {
      const date::sys_info info = found->get_info(at);
      // Names of times change, and what they mean stays.
      if (offsets.empty() || offsets.back().offset != info.offset) offsets.push_back({Time{at}, info.offset});
      at = info.end;
    }
  } catch (const std::runtime_error& error) {
    throw Error(ErrorKind::Configuration,
                "there is no time zone '" + zone +
                    "' in this machine's tz database; write a name like Europe/Berlin (" + error.what() +
                    ")");
  }
  return offsets;
}

}  // namespace curfew::app
