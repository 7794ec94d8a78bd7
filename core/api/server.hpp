// One listener: sockets, workers and bounds around a Dispatcher. The daemon runs one for operators (loopback)
// and one for sources.
//
//   api::Server server({.name = "operator", .address = "127.0.0.1:8470"}, std::move(dispatcher));
//   server.start();  ...  server.stop();
//
// Each connection holds a worker, so idle ones are dropped after `keep_alive`, and there are enough workers:
// an idle keep-alive connection in a small pool delays everybody else's request.
//
// Threads: start and stop from one thread. Owns: socket, workers, dispatcher. Fails: Error(Configuration)
// when the address can't be used.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/api/dispatcher.hpp"

namespace curfew::api {

struct ServerSettings {
  std::string name = "operator";           // in log lines and thread names
  std::string address = "127.0.0.1:8470";  // port 0: any free one
  int workers = 128;
  int waiting = 256;                     // accepted connections without a worker; more are closed at once
  std::chrono::seconds timeout{10};      // silence within a request
  std::chrono::seconds keep_alive{5};    // silence between requests
  std::chrono::seconds body_within{60};  // a whole body
  int requests_per_connection = 10'000;
};

class Server {
 public:
  Server(ServerSettings settings, Dispatcher dispatcher);
  ~Server();
  Server(Server&&) noexcept;

  void start();
  // Refuses new connections, ends streams, waits for running requests.
  void stop();
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] const Dispatcher& dispatcher() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::api
