// One run of a program: no shell, no inherited descriptors or variables, an unprivileged user, a time limit
// for it and for all that it started.
//
//   Program program({.words = {"/usr/local/bin/logoff", "PC7", "0x3e8a1"}, .user = "nobody", .time = 20s});
//   const Ended ended = program.run(stopping);      // ended.exit_code, ended.output
//
// Threads: any, one for each run. Owns: the process until it has ended. Fails: plugin::Failure when it can't
// be started: the path is not absolute, no program, or others may write it; the user would be root.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace curfew::windows {

struct ProgramRun {
  std::vector<std::string> words;  // the first is the path
  std::string user;                // empty: as we are, which must not be root
  std::chrono::milliseconds time = std::chrono::seconds(20);
};

struct ProgramEnd {
  int exit_code = -1;  // -1: it was ended, or ended itself, by a signal
  int signal = 0;
  bool is_late = false;     // by us, at its time limit
  bool is_stopped = false;  // by us, as the source stops
  std::string output;       // both channels, cut
  std::size_t more = 0;     // bytes that were cut
};

// `stop_signal`: a descriptor that is readable when the source stops.
[[nodiscard]] ProgramEnd run_program(const ProgramRun& run, int stop_signal);

// Throws where it could not be run: to be said when the source starts, and not at the first order.
void check_program(const std::string& path, const std::string& user);

}  // namespace curfew::windows
