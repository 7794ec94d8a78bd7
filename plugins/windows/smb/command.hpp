// Runs one program of an absolute path, without a shell: its words as they are, nothing to read, an empty
// environment but for PATH and LC_ALL, no descriptor of ours, a time limit, and bounded output.
//
//   const CommandResult result = run_command({"/usr/bin/smbcontrol", "4711", "shutdown"}, {});
//   if (!result.succeeded()) … result.text() …          // "exit code 1: Can't find pid 4711"
//
// What runs too long is killed, with what it started. Threads: any. Owns: nothing. Fails:
// Failure(Unavailable) when the program can't be started at all.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "plugins/files/text.hpp"

namespace curfew::windows {

struct CommandLimits {
  files::Duration time = std::chrono::seconds(10);
  std::size_t output_bytes = std::size_t{64} << 20U;  // of each channel
};

struct CommandResult {
  int exit_code = -1;
  int signal = 0;
  bool timed_out = false;
  bool too_long = false;  // its output, which is cut
  std::string output;
  std::string errors;
  [[nodiscard]] bool succeeded() const { return exit_code == 0 && signal == 0 && !timed_out && !too_long; }
  // What became of it, with the beginning of what it wrote; one line.
  [[nodiscard]] std::string text() const;
};

[[nodiscard]] CommandResult run_command(std::vector<std::string> words, const CommandLimits& limits);

}  // namespace curfew::windows
