// A real server as a child process with a folder of its own: started, waited for, killed at the end.
//
//   ServerProcess nginx({"/usr/sbin/nginx", "-c", conf}, {}, folder / "nginx.out");
//   wait_for_port(port);
//
// Threads: one. Owns: the process and its group. Fails: std::runtime_error.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace curfew::support {

class ServerProcess {
 public:
  ServerProcess(std::vector<std::string> words, const std::map<std::string, std::string>& environment,
                const std::filesystem::path& output);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

 private:
  pid_t process_ = -1;
};

// Of 127.0.0.1; given to one caller at a time on this machine.
[[nodiscard]] int free_port();
// False after half a minute.
bool eventually(const std::function<bool()>& condition);
bool wait_for_port(int port);

}  // namespace curfew::support
