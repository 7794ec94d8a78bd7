#include "tests/support/server_process.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace curfew::support {

ServerProcess::ServerProcess(std::vector<std::string> words,
                             const std::map<std::string, std::string>& environment,
                             const std::filesystem::path& output) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables;
  // Of two of one name the first counts.
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  for (char** one = environ; *one != nullptr; ++one) variables.emplace_back(*one);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  // Sockets of the test's own servers are not handed down.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own: workers end with it.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int error = ::posix_spawn(&process_, argv[0], &actions, &attributes, argv.data(), envp.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(words[0] + " can't be started");
}

ServerProcess::~ServerProcess() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  int status = 0;
  while (::waitpid(process_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) {
      ::kill(-process_, SIGKILL);
      ::waitpid(process_, &status, 0);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks
  }
  ::kill(-process_, SIGKILL);  // what it left behind
}

int free_port() {
  // The next one of a count that all test programs of this machine share: a port that the system gives out is
  // given to somebody else before a slow server has taken it. Below those that it gives to clients.
  constexpr int first = 20'000;
  constexpr int count = 12'000;
  const std::string path =
      (std::filesystem::temp_directory_path() / ("curfew-test-ports-" + std::to_string(::getuid()))).string();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0 || ::flock(file, LOCK_EX) != 0) throw std::runtime_error(path + ": can't be locked");
  int next = 0;
  if (::pread(file, &next, sizeof next, 0) != sizeof next || next < 0 || next >= count) next = 0;
  for (int tried = 0; tried < count; ++tried) {
    const int port = first + next;
    next = (next + 1) % count;
    try {
      const Poco::Net::ServerSocket socket(
          Poco::Net::SocketAddress("127.0.0.1", static_cast<Poco::UInt16>(port)));
    } catch (const Poco::Exception&) {
      continue;  // somebody has it
    }
    const bool is_kept = ::pwrite(file, &next, sizeof next, 0) == sizeof next;
    ::close(file);
    if (!is_kept) throw std::runtime_error(path + ": can't be written");
    return port;
  }
  ::close(file);
  throw std::runtime_error("no port is free from " + std::to_string(first) + " on");
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // between two looks
  }
  return true;
}

bool wait_for_port(int port) {
  return eventually([&] {
    try {
      const Poco::Net::StreamSocket socket(
          Poco::Net::SocketAddress("127.0.0.1", static_cast<Poco::UInt16>(port)));
      return true;
    } catch (const Poco::Exception&) {
      return false;
    }
  });
}

}  // namespace curfew::support
