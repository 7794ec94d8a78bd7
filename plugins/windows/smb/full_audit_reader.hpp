// Lines of Samba's VFS module full_audit, as its debug log has them: a heading with the time, then
//
//   CORP\bob|CORP|10.0.0.7|10.0.0.7|data|31737|disconnect|ok|data
//
// with the prefix %u|%D|%I|%m|%S|%d. Times are local and have no zone: they are read in this machine's, which
// is the server's, since its sessions are listed here. Threads: one. Owns: the heading. Fails: to the sink.
#pragma once

#include <string_view>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

class FullAuditReader {
 public:
  // Whether the line was one of full_audit's; it is taken then. `line` is trimmed.
  bool line(std::string_view line, std::string_view place, RecordSink& sink);

 private:
  Time heading_{};  // of the line before; Time{}: it was no heading of full_audit
};

inline constexpr std::string_view full_audit_provider = "full_audit";
// Told in each heading.
inline constexpr std::string_view full_audit_source = "vfs_full_audit.c";

}  // namespace curfew::windows
