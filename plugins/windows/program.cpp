#include "plugins/windows/program.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "curfew/plugin/connector.hpp"

namespace curfew::windows {
namespace {

using plugin::Code;
using plugin::Failure;
using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Failure(Code::Failed, path + " " + what);
}

[[noreturn]] void fail_by_error(const std::string& path, int error) {
  fail(path, "can't be run: " + std::error_code(error, std::generic_category()).message());
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
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

struct Pipe {
  Descriptor reading, writing;
  explicit Pipe(const std::string& path) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail_by_error(path, errno);
    reading = Descriptor(ends[0]);
    writing = Descriptor(ends[1]);
  }
};

struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};

// Empty: as we are.
std::optional<Identity> identity_of(const ProgramRun& run) {
  const std::string& path = run.words.front();
  if (run.rights == Rights::Ours) return std::nullopt;
  if (run.user.empty()) {
    if (::geteuid() == 0) fail(path, "would run as root; name an unprivileged user for it");
    return std::nullopt;
  }
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(run.user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    fail(path, "can't be run: there is no user " + run.user);
  if (entry.pw_uid == 0 || entry.pw_gid == 0)
    fail(path, "would run as root; name an unprivileged user for it");
  if (entry.pw_uid == ::geteuid()) return std::nullopt;
  if (::geteuid() != 0)
    fail(path, "can't be run as " + run.user + ": Curfew itself is not root; leave the user out");
  return Identity{entry.pw_uid, entry.pw_gid};
}

struct Child {
  const char* path;
  char* const* words;
  const std::optional<Identity>& identity;
  Rights rights;
  int output, errors, complaints;
};

// Between fork and exec, with every signal blocked: only what is safe there.
[[noreturn]] void become(const Child& child) {
  static char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  static char language[] = "LC_ALL=C.UTF-8";
  char* const variables[] = {path_variable, language, nullptr};
  int complaints = child.complaints;
  const auto check = [&complaints](bool is_done) {
    if (is_done) return;
    const int error = errno;
    (void)!::write(complaints, &error, sizeof(error));
    ::_exit(127);
  };
  // None of ours is to run in it, and none that we ignore is to be ignored by it.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  check(::setpgid(0, 0) == 0);
  // Out of the way of 0 to 3 first, where some may be.
  const auto moved = [&](int from) {
    const int to = ::fcntl(from, F_DUPFD_CLOEXEC, 4);
    check(to >= 0);
    return to;
  };
  complaints = moved(complaints);
  const int output = moved(child.output);
  const int errors = moved(child.errors);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  check(input >= 0 && ::dup2(moved(input), 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(errors, 2) == 2);
  check(::dup3(complaints, 3, O_CLOEXEC) == 3);  // closes by itself at exec
  complaints = 3;
  check(::close_range(4, ~0U, 0) == 0);
  check(::chdir("/") == 0);
  if (child.identity) {
    const auto [user, group] = *child.identity;
    check(::setgroups(0, nullptr) == 0 && ::setresgid(group, group, group) == 0 &&
          ::setresuid(user, user, user) == 0);
  }
  check(child.rights == Rights::Ours || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  ::execve(child.path, child.words, variables);
  check(false);
  ::_exit(127);
}

pid_t start(const ProgramRun& run, int output, int errors) {
  const std::string& path = run.words.front();
  const std::optional<Identity> identity = identity_of(run);
  std::vector<char*> words;
  for (const std::string& word : run.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  Pipe complaints(path);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t process = ::fork();
  const int fork_error = errno;
  if (process == 0)
    become({path.c_str(), words.data(), identity, run.rights, output, errors, complaints.writing.get()});
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (process < 0) fail_by_error(path, fork_error);
  ::setpgid(process, process);  // whoever is first; it may have done that itself
  complaints.writing.close();
  int error = 0;
  ssize_t told = 0;
  do {
    told = ::read(complaints.reading.get(), &error, sizeof(error));
  } while (told < 0 && errno == EINTR);
  if (told <= 0) return process;
  while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
  fail_by_error(path, error);
}

struct Channel {
  Descriptor& from;
  std::string& into;
};

// What one read gives; 0: nothing now, or nothing any more.
std::size_t take(Channel channel, std::size_t most, ProgramEnd& end) {
  std::array<char, 64U << 10U> bytes;
  const ssize_t got = ::read(channel.from.get(), bytes.data(), bytes.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
  if (got <= 0) {
    channel.from.close();
    return 0;
  }
  const auto size = static_cast<std::size_t>(got);
  const std::size_t kept = std::min(size, most - channel.into.size());
  channel.into.append(bytes.data(), kept);
  end.more += size - kept;
  return size;
}

// After its end: no more than was in the pipe then, as what left its group may write for ever.
void take_rest(Channel channel, std::size_t most, ProgramEnd& end) {
  if (channel.from.get() < 0) return;
  const int capacity = ::fcntl(channel.from.get(), F_GETPIPE_SZ);
  std::size_t taken = 0;
  while (channel.from.get() >= 0 && taken < static_cast<std::size_t>(std::max(capacity, 0))) {
    const std::size_t size = take(channel, most, end);
    if (size == 0) return;
    taken += size;
  }
}

bool is_set(const StopSignal& stop) {
  pollfd waiting{stop.descriptor(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

std::string what_became(const ProgramRun& run, const ProgramEnd& end) {
  if (end.is_stopped) return "ended, as the source stops";
  if (end.is_late) return "ended after " + std::to_string(run.time.count()) + " ms, its limit";
  if (end.signal != 0) return "ended by signal " + std::to_string(end.signal);
  return "exit code " + std::to_string(end.exit_code);
}

}  // namespace

StopSignal::StopSignal() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) fail("a program", "can't be run: no event can be had");
}

StopSignal::~StopSignal() { ::close(event_); }

void StopSignal::set() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(event_, &one, sizeof(one));
}

void check_program(const ProgramRun& run) {
  const std::string& path = run.words.front();
  if (path.empty() || path.front() != '/') fail(path, "is no absolute path");
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) fail_by_error(path, errno);
  if (!S_ISREG(found.st_mode) || (found.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
    fail(path, "is no program");
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) fail(path, "may be written by others; chmod go-w");
  (void)identity_of(run);
}

ProgramEnd run_program(const ProgramRun& run, const StopSignal& stop) {
  check_program(run);
  const std::string& path = run.words.front();
  ProgramEnd end;
  if (is_set(stop)) {
    end.is_stopped = true;
    end.what = "not run, as the source stops";
    return end;
  }
  Pipe output(path);
  Pipe errors(path);
  const std::array<Channel, 2> channels{{{output.reading, end.output}, {errors.reading, end.errors}}};
  for (const Channel& channel : channels) ::fcntl(channel.from.get(), F_SETFL, O_NONBLOCK);
  const Clock::time_point last = Clock::now() + run.time;
  const pid_t process = start(run, output.writing.get(), errors.writing.get());
  output.writing.close();
  errors.writing.close();
  // glibc 2.36 declares pidfd_open without C linkage.
  const Descriptor watching(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  const int watch_error = watching.get() < 0 ? errno : 0;
  while (watch_error == 0) {
    std::array<pollfd, 4> waiting{{{watching.get(), POLLIN, 0},
                                   {stop.descriptor(), POLLIN, 0},
                                   {output.reading.get(), POLLIN, 0},
                                   {errors.reading.get(), POLLIN, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(last - Clock::now()).count();
    // Interrupted: nothing is readable, and the time is looked at.
    (void)::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (waiting[2 + i].revents != 0) take(channels[i], run.most_output, end);
    }
    if (waiting[0].revents != 0) break;
    end.is_stopped = waiting[1].revents != 0;
    end.is_late = !end.is_stopped && Clock::now() >= last;
    if (end.is_stopped || end.is_late) break;
  }
  // Also what it left behind, as long as it did not leave its group.
  ::kill(-process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (watch_error != 0) fail_by_error(path, watch_error);
  for (const Channel& channel : channels) take_rest(channel, run.most_output, end);
  if (WIFEXITED(status)) {
    end.exit_code = WEXITSTATUS(status);
    end.is_late = end.is_stopped = false;  // it was faster
  }
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  end.what = what_became(run, end);
  return end;
}

}  // namespace curfew::windows
