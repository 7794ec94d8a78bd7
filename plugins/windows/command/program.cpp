#include "plugins/windows/command/program.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
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
#include <optional>

#include "curfew/plugin/connector.hpp"

namespace curfew::windows {
namespace {

using plugin::Code;
using plugin::Failure;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_output = 4096;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Failure(Code::Failed, "commands: " + path + " " + what);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};

std::optional<Identity> identity_of(const std::string& path, const std::string& user) {
  if (user.empty()) {
    if (::geteuid() == 0) fail(path, "would run as root; name an unprivileged commands.user");
    return std::nullopt;
  }
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    fail(path, "can't be run: there is no user " + user);
  if (entry.pw_uid == 0 || entry.pw_gid == 0)
    fail(path, "would run as root; name an unprivileged commands.user");
  if (entry.pw_uid == ::geteuid()) return std::nullopt;
  if (::geteuid() != 0)
    fail(path, "can't be run as " + user + ": Curfew itself is not root; leave commands.user out");
  return Identity{entry.pw_uid, entry.pw_gid};
}

// Between fork and exec: only what is safe there.
[[noreturn]] void become(const ProgramRun& run, const std::optional<Identity>& identity, char* const* words,
                         int output, int errors) {
  static char path_variable[] = "PATH=/usr/bin:/bin";
  static char language[] = "LANG=C.UTF-8";
  char* const variables[] = {path_variable, language, nullptr};
  const auto give_up = [errors] {
    const int error = errno;
    (void)!::write(errors, &error, sizeof(error));
    ::_exit(127);
  };
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (::setpgid(0, 0) != 0) give_up();
  const int input = ::open("/dev/null", O_RDONLY);
  if (input < 0 || ::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) give_up();
  // `errors` closes by itself at exec.
  if (::dup2(errors, 3) < 0 || ::fcntl(3, F_SETFD, FD_CLOEXEC) != 0) give_up();
  if (::close_range(4, ~0U, 0) != 0) ::_exit(127);
  if (::chdir("/") != 0) ::_exit(127);
  const auto refuse = [] {
    const int error = errno;
    (void)!::write(3, &error, sizeof(error));
    ::_exit(127);
  };
  if (identity &&
      (::setgroups(0, nullptr) != 0 || ::setresgid(identity->group, identity->group, identity->group) != 0 ||
       ::setresuid(identity->user, identity->user, identity->user) != 0))
    refuse();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) refuse();
  ::execve(run.words.front().c_str(), words, variables);
  refuse();
  ::_exit(127);
}

void take_output(int from, ProgramEnd& end) {
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t count = ::read(from, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    const auto size = static_cast<std::size_t>(count);
    const std::size_t kept = std::min(size, most_output - end.output.size());
    end.output.append(bytes.data(), kept);
    end.more += size - kept;
  }
}

}  // namespace

void check_program(const std::string& path, const std::string& user) {
  if (path.empty() || path.front() != '/') fail(path, "is no absolute path");
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) fail(path, std::string("can't be run: ") + std::strerror(errno));
  if (!S_ISREG(found.st_mode) || (found.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
    fail(path, "is no program");
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) fail(path, "may be written by others; chmod go-w");
  (void)identity_of(path, user);
}

ProgramEnd run_program(const ProgramRun& run, int stop_signal) {
  const std::string& path = run.words.front();
  check_program(path, run.user);
  const std::optional<Identity> identity = identity_of(path, run.user);
  std::vector<char*> words;
  for (const std::string& word : run.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::array<int, 2> output{}, errors{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0) fail(path, "can't be run: no pipe");
  const Descriptor reading(output[0]);
  Descriptor writing(output[1]);
  if (::pipe2(errors.data(), O_CLOEXEC) != 0) fail(path, "can't be run: no pipe");
  const Descriptor complaints(errors[0]);
  Descriptor complaining(errors[1]);
  const Clock::time_point last = Clock::now() + run.time;
  const pid_t process = ::fork();
  if (process < 0) fail(path, std::string("can't be run: ") + std::strerror(errno));
  if (process == 0) become(run, identity, words.data(), writing.get(), complaining.get());
  ::setpgid(process, process);  // whoever is first; it may have done that itself
  writing.close();
  complaining.close();
  int error = 0;
  ssize_t told = 0;
  do {
    told = ::read(complaints.get(), &error, sizeof(error));
  } while (told < 0 && errno == EINTR);
  int status = 0;
  if (told > 0) {
    ::waitpid(process, &status, 0);
    fail(path, std::string("can't be run: ") + std::strerror(error));
  }
  const Descriptor watching(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
  ProgramEnd end;
  bool is_open = true;
  while (true) {
    std::array<pollfd, 3> waiting{
        {{watching.get(), POLLIN, 0}, {stop_signal, POLLIN, 0}, {is_open ? reading.get() : -1, POLLIN, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(last - Clock::now()).count();
    if (left > 0 && watching.get() >= 0 &&
        ::poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 && errno == EINTR)
      continue;
    if (waiting[2].revents != 0) {
      take_output(reading.get(), end);
      is_open = (waiting[2].revents & POLLHUP) == 0;
    }
    if (waiting[0].revents != 0) break;
    end.is_stopped = waiting[1].revents != 0;
    end.is_late = !end.is_stopped && Clock::now() >= last;
    if (end.is_stopped || end.is_late || watching.get() < 0) break;
  }
  // Also what it left behind, as long as it did not leave its group.
  ::kill(-process, SIGKILL);
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  take_output(reading.get(), end);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

}  // namespace curfew::windows
