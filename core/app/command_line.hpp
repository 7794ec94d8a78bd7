// The command line: from arguments to a command, and from errors to exit codes.
//
//   int main(int argc, char** argv) { return curfew::app::run(argc, argv); }
//
// Threads: one. Owns: nothing. Fails: never; every error becomes one line on standard error and an exit code.
#pragma once

namespace curfew::app {

enum ExitCode : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_violations = 3,  // audit: violations were found
  exit_unverified = 4,  // verify, replay: the ledger is not what it should be
  exit_configuration = 78,
};

int run(int argc, char** argv);

}  // namespace curfew::app
