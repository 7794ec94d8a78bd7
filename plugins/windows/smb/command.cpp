#include "plugins/windows/smb/command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "curfew/plugin/connector.hpp"

namespace curfew::windows {
namespace {

using Clock = std::chrono::steady_clock;

class Handle {
 public:
  Handle() = default;
  explicit Handle(int fd) : fd_(fd) {}
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

[[noreturn]] void fail(const std::string& program, int error) {
  throw plugin::Failure(plugin::Code::Unavailable,
                        program +
                            " can't be run: " + std::error_code(error, std::generic_category()).message() +
                            "; is the path right, and may Curfew run it?");
}

struct Pipe {
  Handle ours, theirs;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("a command", errno);
    ours = Handle(ends[0]);
    theirs = Handle(ends[1]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  }
};

pid_t spawn(std::vector<std::string>& words, const Pipe& output, const Pipe& errors) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<std::string, 2> variables{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
  std::array<char*, 3> envp{variables[0].data(), variables[1].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.theirs.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, errors.theirs.get(), 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t all;
  sigset_t none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  pid_t process = -1;
  const int error = ::posix_spawn(&process, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) fail(words[0], error);
  return process;
}

// False: its end.
bool drain(Handle& from, std::string& into, std::size_t limit, bool& too_long) {
  std::array<char, 64U << 10U> buffer;
  while (true) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) return false;
    const auto room = limit - std::min(limit, into.size());
    if (static_cast<std::size_t>(got) > room) too_long = true;
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
    if (too_long) return false;
  }
}

}  // namespace

std::string CommandResult::text() const {
  std::string out = timed_out     ? "it ran longer than its limit and was killed"
                    : too_long    ? "it wrote more than its limit and was killed"
                    : signal != 0 ? "killed by signal " + std::to_string(signal)
                                  : "exit code " + std::to_string(exit_code);
  const std::string& words = errors.empty() ? output : errors;
  std::string line;
  for (const char c : words.substr(0, 300)) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  const std::string_view trimmed = files::trim(line);
  return trimmed.empty() ? out : out + ": " + files::to_clean_utf8(trimmed);
}

CommandResult run_command(std::vector<std::string> words, const CommandLimits& limits) {
  Pipe output;
  Pipe errors;
  const auto end = Clock::now() + limits.time;
  const pid_t process = spawn(words, output, errors);
  output.theirs.close();
  errors.theirs.close();
  // glibc 2.36 declares pidfd_open without C linkage.
  const Handle ended(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  CommandResult result;
  bool killed = ended.get() < 0;  // can't be waited for in time
  bool has_ended = false;
  while (!has_ended && !killed) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    std::array<pollfd, 3> waiting{
        {{ended.get(), POLLIN, 0}, {output.ours.get(), POLLIN, 0}, {errors.ours.get(), POLLIN, 0}}};
    const int ready = left <= 0 ? 0 : ::poll(waiting.data(), waiting.size(), static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      result.timed_out = true;
      killed = true;
      break;
    }
    has_ended = (waiting[0].revents & POLLIN) != 0;
    // Also after its end: what it wrote last.
    if (output.ours.get() >= 0 && !drain(output.ours, result.output, limits.output_bytes, result.too_long))
      output.ours.close();
    if (errors.ours.get() >= 0 && !drain(errors.ours, result.errors, limits.output_bytes, result.too_long))
      errors.ours.close();
    killed = result.too_long;
  }
  if (killed) ::kill(-process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (!killed) ::kill(-process, SIGKILL);  // what it left behind
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

}  // namespace curfew::windows
