// Text and times as Windows records write them: as all logs do.
// Threads: pure functions. Owns: nothing. Fails: parse_time is empty for what is no time, or has no zone.
#pragma once

#include "plugins/files/text.hpp"

namespace curfew::windows {

using files::Duration;
using files::Time;

using files::append_code_point;
using files::append_json_string;
using files::equal_ignoring_case;
using files::format_time;
using files::is_clean_utf8;
using files::lower;
using files::parse_time;
using files::to_clean_utf8;
using files::to_lower;
using files::trim;

}  // namespace curfew::windows
