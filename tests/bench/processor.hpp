// Processor seconds of a benchmark and of its database server: on a busy machine they say more than the
// clock.
//
//   const bench::Used used(cluster.postmaster()); …; used.print();
//
// Threads: one. Owns: nothing. Fails: a server that is gone has used nothing.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace curfew::bench {

// Of the server with all its children, those that ended too.
inline double server_seconds(pid_t postmaster) {
  double ticks = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text)) continue;
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::vector<std::string> fields;
    for (std::string field; rest >> field;) fields.push_back(field);
    if (fields.size() < 15) continue;
    const bool is_postmaster = entry.path().filename() == std::to_string(postmaster);
    if (!is_postmaster && fields[1] != std::to_string(postmaster)) continue;
    ticks += std::stod(fields[11]) + std::stod(fields[12]);
    if (is_postmaster) ticks += std::stod(fields[13]) + std::stod(fields[14]);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

inline double own_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

// Prints what was used since it was made.
class Used {
 public:
  explicit Used(pid_t postmaster) : postmaster_(postmaster) {}
  void print() const {
    std::printf("    processor: server %.2f s, client %.2f s\n", server_seconds(postmaster_) - server_,
                own_seconds() - own_);
  }

 private:
  pid_t postmaster_;
  double server_ = server_seconds(postmaster_);
  double own_ = own_seconds();
};

}  // namespace curfew::bench
