// Stands between a client and any server, on unix sockets or on loopback, and spoils what the server answers.
//
//   support::FaultyProxy proxy({.server_path = "/run/db/.s.PGSQL.5432", .listen_path = folder /
//   ".s.PGSQL.5432"}); proxy.answers(support::Answers::Cut, 17);    // of the server's bytes from now on, 17;
//   then the end proxy.answers(support::Answers::Slow); … proxy.answers(support::Answers::Pass);
//
// Threads: its own; the methods from any. Owns: its sockets. Fails: std::system_error when it can't listen.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace curfew::support {

enum class Answers {
  Pass,
  Slow,     // held back until it passes again
  Garbage,  // as many bytes, of no meaning
  Cut,      // so many bytes, then the connection ends; new ones end at once
};

class FaultyProxy {
 public:
  struct Between {
    std::filesystem::path server_path;  // or
    int server_port = 0;                // on loopback
    std::filesystem::path listen_path;  // empty: a free port on loopback
    std::string server_address = "127.0.0.1";
  };
  explicit FaultyProxy(Between between);
  ~FaultyProxy();
  FaultyProxy(const FaultyProxy&) = delete;
  FaultyProxy& operator=(const FaultyProxy&) = delete;

  [[nodiscard]] int port() const { return port_; }
  void answers(Answers how, std::size_t bytes = 0);
  // Of the server's, since answers() was called last.
  [[nodiscard]] std::size_t passed() const { return passed_; }

 private:
  struct Link {
    int client = -1;
    int server = -1;
    std::string held;
  };
  void run();
  void accept_one();
  bool from_client(const Link& link);
  bool from_server(Link& link);

  Between between_;
  int listening_ = -1;
  int port_ = 0;
  std::mutex mutex_;  // how, left, links
  Answers how_ = Answers::Pass;
  std::size_t left_ = 0;
  std::list<Link> links_;
  std::atomic<std::size_t> passed_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace curfew::support
