#include "core/connector/trial.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/digest.hpp"
#include "core/base/duration_words.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace curfew::connector {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_report = 1U << 20U;
// A busy machine takes its time to start a process: a shorter limit would refuse good plugins.
constexpr Duration shortest_limit{std::chrono::seconds(2)};
constexpr std::string_view before_load = "the start of curfew-trial";

std::string trial_program() {
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  const auto folder = self.parent_path();
  for (const auto& candidate : {folder / "curfew-trial", folder / "../libexec/curfew/curfew-trial"}) {
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw Error(ErrorKind::Configuration,
              "the program curfew-trial, which tries plugins before they are let in, is neither in " +
                  folder.string() + " nor in its ../libexec/curfew; install Curfew again");
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return value_; }
  void reset() {
    if (value_ >= 0) ::close(value_);
    value_ = -1;
  }

 private:
  int value_;
};

class Child {
 public:
  explicit Child(int channel) {
    const std::string program = trial_program();
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, channel, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    // A session of its own: what the plugin starts dies with it.
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    std::string name = "curfew-trial";
    std::array<char*, 2> arguments{name.data(), nullptr};
    const int failure = posix_spawn(&id_, program.c_str(), &actions, &attributes, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) {
      throw Error(ErrorKind::Unavailable, program + ": can't be started: " + std::strerror(failure));
    }
  }
  ~Child() { end(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Kills what is left of it; the status by waitpid.
  int end() {
    if (id_ <= 0) return status_;
    kill(-id_, SIGKILL);
    kill(id_, SIGKILL);
    return reap();
  }
  int reap() {
    if (id_ <= 0) return status_;
    while (waitpid(id_, &status_, 0) < 0 && errno == EINTR) {
    }
    kill(-id_, SIGKILL);  // its session may outlive it
    id_ = 0;
    return status_;
  }

 private:
  pid_t id_ = 0;
  int status_ = 0;
};

void send_all(int channel, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) break;  // it is gone already: its status will say how
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  shutdown(channel, SHUT_WR);
}

std::string end_of(int status, const std::string& stage) {
  if (stage == before_load) {
    return "curfew-trial, which was to try it, ended before it loaded it (" +
           (WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                                : "exit code " + std::to_string(WEXITSTATUS(status))) +
           "): that is not the plugin's fault; see whether curfew-trial's libraries are whole (ldd), and "
           "what "
           "LD_PRELOAD and LD_LIBRARY_PATH put before them";
  }
  const std::string remedy = "; correct the plugin, then try it with `curfew plugin check`";
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    if (signal == SIGXCPU) return "it used up its time of computing in " + stage + remedy;
    return "it crashes in " + stage + ": signal " + std::to_string(signal) + " (" + strsignal(signal) + ")" +
           remedy;
  }
  return "it ended the process in " + stage + " with exit code " + std::to_string(WEXITSTATUS(status)) +
         "; a plugin returns an error instead" + remedy;
}

}  // namespace

Trial try_plugin(const SourceSettings& settings, TrialDepth depth) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw Error(ErrorKind::Unavailable,
                std::string("no socket for a plugin's trial: ") + std::strerror(errno));
  }
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  Child child(theirs.get());
  theirs.reset();
  // Secrets are in the settings: they go through the socket, not into arguments.
  send_all(ours.get(), nlohmann::json{{"plugin", settings.plugin},
                                      {"source", settings.name},
                                      {"config", settings.config},
                                      {"digest_key", base::to_base64(settings.digest_key)},
                                      {"recorded", settings.recorded},
                                      {"event_time", settings.event_time},
                                      {"groups", settings.groups},
                                      {"poll", depth == TrialDepth::Poll}}
                           .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));

  const Duration limit = std::max(settings.call_limit, shortest_limit);
  Trial trial;
  std::string stage(before_load);
  std::string pending;
  std::size_t total = 0;
  bool done = false;
  bool hangs = false;
  auto deadline = Clock::now() + limit;
  while (!done) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{ours.get(), POLLIN, 0};
    const int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      hangs = true;
      break;
    }
    std::array<char, 4096> block{};
    const ssize_t got = recv(ours.get(), block.data(), block.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    total += got > 0 ? static_cast<std::size_t>(got) : 0;
    if (got <= 0 || total > most_report) break;
    pending.append(block.data(), static_cast<std::size_t>(got));
    for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      const std::string line = base::to_clean_utf8(pending.substr(0, end));
      pending.erase(0, end + 1);
      if (line.starts_with("stage ")) {
        stage = line.substr(6);
        deadline = Clock::now() + limit;
      } else if (line.starts_with("fault ")) {
        trial.faults.push_back(line.substr(6));
      } else if (line.starts_with("note ")) {
        trial.notes.push_back(line.substr(5));
      } else if (line == "done") {
        done = true;
      }
    }
  }
  if (done) {
    child.end();  // a plugin that holds the exit up has said all that we need
  } else if (hangs) {
    child.end();
    trial.faults.push_back("it hangs in " + stage + ": no return within " + base::exactly_in_words(limit) +
                           "; return in time, and let wake and stop end every wait");
  } else {
    trial.faults.push_back(end_of(child.reap(), stage));
  }
  return trial;
}

}  // namespace curfew::connector
