#include "core/store/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/error.hpp"

namespace curfew::store {
namespace {

constexpr std::size_t most_output = std::size_t{64} * 1024;

// Only what POSIX calls async-signal-safe may run here: other threads of ours may have held any lock.
[[noreturn]] void become(const Command& command, char* const* arguments, char* const* environment,
                         int output) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGQUIT}) signal(number, SIG_DFL);
  if (command.own_session) setsid();
  const int nothing = open("/dev/null", O_RDWR);
  if (nothing < 0) _exit(126);
  dup2(nothing, 0);
  dup2(output >= 0 ? output : nothing, 1);
  dup2(output >= 0 ? output : nothing, 2);
  if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {
    for (int descriptor = 3; descriptor < 65'536; ++descriptor) close(descriptor);
  }
  if (command.identity) {
    if (!become_user(*command.identity)) _exit(126);
  }
  if (chdir("/") != 0) _exit(126);
  umask(0077);
  execve(arguments[0], arguments, environment);
  _exit(127);
}

pid_t fork_and_become(const Command& command, int output) {
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  // Nothing of our environment: PGOPTIONS and its like would change what runs.
  std::array<std::string, 4> settings{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/nonexistent",
                                      "TZ=UTC"};
  std::array<char*, 5> environment{settings[0].data(), settings[1].data(), settings[2].data(),
                                   settings[3].data(), nullptr};
  const pid_t child = fork();
  if (child < 0) {
    throw Error(ErrorKind::Unavailable,
                "can't start " + command.arguments.front() + ": " + std::strerror(errno));
  }
  if (child == 0) become(command, arguments.data(), environment.data(), output);
  return child;
}

int wait_status(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

}  // namespace

bool become_user(const Identity& identity) {
  if (setgroups(0, nullptr) != 0) return false;
  if (setresgid(identity.group, identity.group, identity.group) != 0) return false;
  if (setresuid(identity.user, identity.user, identity.user) != 0) return false;
  // Where a container's security bits keep capabilities across the change of user, they go here.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (syscall(SYS_capset, &header, none.data()) != 0) return false;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return false;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  // The way back must be closed, not only unused.
  return setuid(0) != 0 && setgid(0) != 0 && geteuid() == identity.user && getegid() == identity.group;
}

pid_t start(const Command& command) {
  int output = -1;
  if (!command.output_file.empty()) {
    output = open(command.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (output < 0) {
      throw Error(ErrorKind::Unavailable, "can't write " + command.output_file + ": " + std::strerror(errno));
    }
  }
  const pid_t child = fork_and_become(command, output);
  if (output >= 0) close(output);
  return child;
}

Finished run(const Command& command, std::chrono::milliseconds patience) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorKind::Unavailable, std::string("can't make a pipe: ") + std::strerror(errno));
  }
  const pid_t child = fork_and_become(command, ends[1]);
  close(ends[1]);
  Finished finished;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      finished.timed_out = true;
      kill(child, SIGKILL);
      break;
    }
    pollfd waiting{ends[0], POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t length = read(ends[0], buffer.data(), buffer.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    if (finished.output.size() < most_output) {
      finished.output.append(buffer.data(), static_cast<std::size_t>(length));
    }
  }
  close(ends[0]);
  finished.status = wait_status(child);
  return finished;
}

int open_process(pid_t process) { return static_cast<int>(syscall(SYS_pidfd_open, process, 0)); }

bool wait_for_end(int process_descriptor, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{process_descriptor, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready > 0) return true;
    if (left.count() <= 0) return false;
  }
}

}  // namespace curfew::store
