// Starting other programs: by argument list, never through a shell, with no inherited descriptors and an
// environment of its own.
//
//   auto done = store::run({.arguments = {"/usr/lib/postgresql/15/bin/postgres", "--version"}}, 10s);
//
// Threads: any. Owns: Child owns nothing; whoever starts one waits for it. Fails: Error(Unavailable) when a
// program can't be started.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace curfew::store {

// The user that a program runs as.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::string name;
};

// For good: groups, group, user, no capability left, no new privileges by running a set-user-id program. Says
// whether all of it is so. Safe between fork and exec. Of a process with threads, all must do it alike: call
// it before the first one starts.
[[nodiscard]] bool become_user(const Identity& identity);

struct Command {
  std::vector<std::string> arguments;  // the first is the program's path
  std::optional<Identity> identity;    // none: as this process
  std::string output_file;             // stdout and stderr are appended here; empty: /dev/null
  bool own_session = false;            // a terminal's Ctrl-C does not reach it
};

// Starts it; returns its process id.
[[nodiscard]] pid_t start(const Command& command);

struct Finished {
  int status = 0;      // as waitpid gives it
  std::string output;  // the first 64 kB of stdout and stderr
  bool timed_out = false;
  [[nodiscard]] bool ok() const { return status == 0 && !timed_out; }
};
// Runs it to its end, or kills it when `patience` is over. `output_file` is not used.
[[nodiscard]] Finished run(const Command& command, std::chrono::milliseconds patience);

// A descriptor that becomes readable when the process ends; -1 when it has already ended.
[[nodiscard]] int open_process(pid_t process);
// Waits on such a descriptor; true when the process ended in time.
[[nodiscard]] bool wait_for_end(int process_descriptor, std::chrono::milliseconds patience);

}  // namespace curfew::store
