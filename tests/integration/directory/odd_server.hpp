// A server that accepts connections and is no good: it says nothing, or begins an answer and never ends it.
//
//   const OddServer server(OddServer::Manner::HalfAnAnswer);
//   … "ldap://127.0.0.1:" + std::to_string(server.port()) …
//
// Threads: its own. Owns: its sockets. Fails: std::runtime_error when it can't listen.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace curfew::directory_test {

class OddServer {
 public:
  enum class Manner { Silent, HalfAnAnswer };
  explicit OddServer(Manner manner);
  ~OddServer();
  OddServer(const OddServer&) = delete;
  OddServer& operator=(const OddServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void run();

  Manner manner_;
  int listening_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace curfew::directory_test
