#include "core/store/keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "core/base/error.hpp"

namespace curfew::store {
namespace {

constexpr int stop_patience_ms = 60'000;
constexpr int kept_postmaster = 3;
constexpr int kept_owner = 4;
constexpr int kept_orders = 5;
constexpr int first_free = 16;
constexpr unsigned char leave = 0;
constexpr unsigned char start_again = 255;  // what lies between is a signal's number
constexpr int answer_patience_ms = 10'000;
constexpr std::array ignored{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

bool ended(int process_descriptor, int patience_ms) {
  pollfd waiting{process_descriptor, POLLIN, 0};
  return poll(&waiting, 1, patience_ms) > 0;
}

void send_signal(int process_descriptor, int number) {
  syscall(SYS_pidfd_send_signal, process_descriptor, number, nullptr, 0U);
}

// Tells the owner the new server's process id; -1 when there is none.
void start_server(char* const* server) {
  const pid_t process = fork();
  if (process == 0) {
    for (const int number : ignored) signal(number, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    setsid();
    for (const int descriptor : {kept_postmaster, kept_owner, kept_orders}) close(descriptor);
    std::array<char*, 1> environment{nullptr};
    execve(server[0], server, environment.data());
    _exit(127);
  }
  if (process > 0) {
    const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
    if (descriptor >= 0) {
      dup2(descriptor, kept_postmaster);
      close(descriptor);
    }
  }
  (void)send(kept_orders, &process, sizeof(process), MSG_NOSIGNAL);
}

// Carries out the owner's orders until it ends.
void serve_owner(char* const* server) {
  std::array<pollfd, 2> waiting{pollfd{kept_owner, POLLIN, 0}, pollfd{kept_orders, POLLIN, 0}};
  while (true) {
    if (poll(waiting.data(), waiting.size(), -1) < 0) continue;
    unsigned char order = 0;
    if (waiting[1].revents != 0) {
      const ssize_t length = recv(kept_orders, &order, 1, 0);
      if (length == 1 && order == leave) _exit(0);
      if (length == 1 && order == start_again)
        start_server(server);
      else if (length == 1)
        send_signal(kept_postmaster, order);
      if (length == 0) waiting[1].fd = -1;  // the owner is ending
    } else if (waiting[0].revents != 0) {
      return;
    }
  }
}

// Forked from a process with threads and never replaced by another program: async-signal-safe calls only.
[[noreturn]] void keep(const KeeperOrder& order, const char* lock_file, int owner, int orders,
                       char* const* server, char* const* removal) {
  setsid();
  prctl(PR_SET_NAME, "curfew-keeper");
  for (const int number : ignored) signal(number, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);  // a server started again is nobody's to wait for
  // The owner's own lock is among the descriptors that we inherited: kept open, it would never be released.
  // Both are moved out of each other's way first.
  const int high_postmaster = fcntl(order.postmaster_descriptor, F_DUPFD, first_free);
  const int high_owner = fcntl(owner, F_DUPFD, first_free);
  const int high_orders = fcntl(orders, F_DUPFD, first_free);
  if (dup2(high_postmaster, kept_postmaster) < 0 || dup2(high_owner, kept_owner) < 0 ||
      dup2(high_orders, kept_orders) < 0)
    _exit(1);
  if (syscall(SYS_close_range, static_cast<unsigned>(kept_orders) + 1, ~0U, 0U) != 0) {
    for (int descriptor = kept_orders + 1; descriptor < 65'536; ++descriptor) close(descriptor);
  }
  const int nothing = open("/dev/null", O_RDWR);
  for (int descriptor = 0; descriptor < 3; ++descriptor) dup2(nothing, descriptor);
  if (order.identity && !become_user(*order.identity)) _exit(126);
  serve_owner(server);
  // Not while waiting: a successor must find the lock free.
  if (ended(kept_postmaster, static_cast<int>(order.grace.count() * 1000)) && removal[0] == nullptr) _exit(0);
  const int lock = open(lock_file, O_RDWR | O_CLOEXEC);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) _exit(0);  // a successor adopted the cluster
  constexpr std::string_view stopping = "stopping\n";
  if (ftruncate(lock, 0) != 0 || pwrite(lock, stopping.data(), stopping.size(), 0) < 0) _exit(1);
  send_signal(kept_postmaster, removal[0] != nullptr ? SIGQUIT : SIGINT);
  if (!ended(kept_postmaster, stop_patience_ms)) {
    send_signal(kept_postmaster, SIGQUIT);
    if (!ended(kept_postmaster, stop_patience_ms)) _exit(1);
  }
  if (removal[0] != nullptr) {
    std::array<char*, 1> environment{nullptr};
    execve(removal[0], removal, environment.data());
    _exit(127);
  }
  _exit(0);
}

}  // namespace

void Keeper::order_signal(int number) const {
  if (orders < 0) return;
  const auto order = static_cast<unsigned char>(number);
  // A keeper that is gone can't be told anything; whoever waits for the server's end sees that.
  (void)send(orders, &order, 1, MSG_NOSIGNAL);
}

pid_t Keeper::start_server() const {
  pid_t started = -1;
  pollfd waiting{orders, POLLIN, 0};
  const bool told = orders >= 0 && send(orders, &start_again, 1, MSG_NOSIGNAL) == 1 &&
                    poll(&waiting, 1, answer_patience_ms) > 0 &&
                    recv(orders, &started, sizeof(started), 0) == sizeof(started);
  if (!told || started <= 0)
    throw Error(ErrorKind::Unavailable, "the database's keeper can't start the server again: restart curfew");
  return started;
}

void Keeper::dismiss() {
  if (process <= 0) return;
  order_signal(leave);
  while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
  close(orders);
  process = orders = -1;
}

Keeper start_keeper(const KeeperOrder& order) {
  std::string program = "/bin/rm";
  std::string flags = "-rf";
  std::string end_of_flags = "--";
  std::string folder = order.remove_folder.string();
  std::array<char*, 5> removal{program.data(), flags.data(), end_of_flags.data(), folder.data(), nullptr};
  if (folder.empty()) removal[0] = nullptr;
  std::vector<std::string> server_arguments = order.server;
  std::vector<char*> server;
  for (std::string& argument : server_arguments) server.push_back(argument.data());
  server.push_back(nullptr);
  const std::string lock_file = order.lock_file.string();
  const int owner = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  std::array<int, 2> ends{-1, -1};
  const bool ready = owner >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0;
  const pid_t keeper = ready ? fork() : -1;
  if (keeper < 0) {
    throw Error(ErrorKind::Unavailable,
                std::string("can't start the database's keeper: ") + std::strerror(errno));
  }
  if (keeper == 0) {
    keep(order, lock_file.c_str(), owner, ends[1], server.data(), removal.data());
  }
  close(owner);
  close(ends[1]);
  return {.process = keeper, .orders = ends[0]};
}

}  // namespace curfew::store
