// One run of a program: its words as they are, without a shell; nothing to read, two variables, no descriptor
// of ours, "/" as its folder, a time limit for it and for all that it started, bounded output.
//
//   StopSignal stop;
//   ProgramRun run{.words = {"/usr/local/bin/logoff", "PC7"}, .rights = Rights::None, .user = "nobody"};
//   const ProgramEnd end = run_program(run, stop);   // end.what is "exit code 1", end.errors why
//
// What it started and what left its process group lives on. Threads: any, one for each run; StopSignal: any.
// Owns: the process until it has ended. Fails: plugin::Failure when it can't be run: the path is not
// absolute, no program, or others may write it; it would be root and must not.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace curfew::windows {

// Ends the runs that were given it, and those to come.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  void set() noexcept;
  [[nodiscard]] int descriptor() const { return event_; }  // readable from `set` on

 private:
  int event_;
};

// None: an unprivileged user, who can gain nothing. Ours: what we may, by sudo too.
enum class Rights { None, Ours };

struct ProgramRun {
  std::vector<std::string> words;  // the first is the path
  Rights rights = Rights::None;
  std::string user{};  // with Rights::None; empty: as we are, which must not be root
  std::chrono::milliseconds time = std::chrono::seconds(20);
  std::size_t most_output = 4096;  // bytes that are kept, of each channel
};

struct ProgramEnd {
  int exit_code = -1;  // -1: it was ended, or ended itself, by a signal
  int signal = 0;
  bool is_late = false;     // ended by us, at its time limit
  bool is_stopped = false;  // ended by us, by the stop signal
  std::string output{};
  std::string errors{};
  std::size_t more = 0;  // bytes of both that were not kept
  std::string what{};    // "exit code 3"
  [[nodiscard]] bool succeeded() const { return exit_code == 0; }
};

[[nodiscard]] ProgramEnd run_program(const ProgramRun& run, const StopSignal& stop);

// Throws where it could not be run: to be said when the source starts, and not at the first order.
void check_program(const ProgramRun& run);

}  // namespace curfew::windows
