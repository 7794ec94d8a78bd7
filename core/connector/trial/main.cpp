// curfew-trial: tries one plugin, then ends. Started by Curfew alone; see core/connector/trial.hpp.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "core/connector/trial.hpp"

int main() {
  // The channel moves away from 0, and nothing else of the parent stays open: the plugin's own reading and
  // writing can't mix with the report.
  constexpr int channel = 3;
  if (isatty(0) != 0 || dup2(0, channel) != channel) {
    std::fputs("curfew-trial is started by Curfew itself; use `curfew plugin check FILE.so`\n", stderr);
    return 2;
  }
  close_range(channel + 1, ~0U, 0);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0) dup2(nothing, 0);
  return curfew::connector::run_trial(channel, channel);
}
