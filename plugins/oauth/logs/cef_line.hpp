// A line in the Common Event Format, which several vendors send by syslog, as the record that Microsoft
// Sentinel's CommonSecurityLog makes of it: one table of events reads both.
//
//   if (is_cef_line(line)) const CefRecord record = read_cef_line(line, zone);
//
// The seven fields of the header are DeviceVendor, DeviceProduct, DeviceVersion, DeviceEventClassID, Activity
// and LogSeverity; `src` becomes SourceIP, `suser` SourceUserName, `rt` ReceiptTime, and so on; what has no
// name there keeps its own. Escapes (\= \| \\ \n) are taken out. A time without a zone is local time of who
// wrote it; without any, the time with a zone in syslog's words before it counts.
//
// Threads: pure functions. Owns: nothing. Fails: never; what can't be read is said to be.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace curfew::oauth::logs {

[[nodiscard]] bool is_cef_line(std::string_view line);

struct CefRecord {
  std::string json;  // empty: `why`
  std::string why;
};
// `zone`: of times that bear none, east of Greenwich.
[[nodiscard]] CefRecord read_cef_line(std::string_view line, std::chrono::seconds zone);

}  // namespace curfew::oauth::logs
