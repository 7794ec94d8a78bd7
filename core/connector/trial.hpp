// A plugin's trial: load, describe, create, start, wake, stop and destroy in a child process with limits,
// before the daemon lets it in. What crashes or hangs there does so alone.
//
//   Trial trial = try_plugin(settings, TrialDepth::StartAndStop);
//   trial.faults.empty()     // else lines that say what was wrong and what to do
//
// The child is the program `curfew-trial` (core/connector/trial/main.cpp), found beside the running program
// or in ../libexec/curfew: a fresh process, as forking a process with threads, locks and database connections
// would try the plugin in a state that no real start has.
//
// Threads: any. Owns: the child, which it always reaps. Fails: Error(Configuration) when the program is
// missing, Error(Unavailable) when no process can be made.
#pragma once

#include <string>
#include <vector>

#include "core/connector/host.hpp"

namespace curfew::connector {

enum class TrialDepth {
  StartAndStop,  // what the daemon does before it loads a plugin
  Poll,          // the conformance kit: poll too, and whether wake ends it
};

struct Trial {
  std::vector<std::string> faults;
  std::vector<std::string> notes;  // not wrong, and worth knowing ("create refused the settings: …")
};

[[nodiscard]] Trial try_plugin(const SourceSettings& settings, TrialDepth depth);

// The child's side: reads its order from `in`, reports line by line to `out`. Returns the exit code.
int run_trial(int in, int out);

}  // namespace curfew::connector
