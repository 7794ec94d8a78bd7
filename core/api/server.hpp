// One listener: sockets, workers and bounds around a Dispatcher. The daemon runs one for operators (loopback)
// and one for sources.
//
//   api::Server server({.name = "operator", .address = "127.0.0.1:8470"});
//   server.bind();                           // takes the address, which may need root; nobody is answered
//   yet server.start(std::move(dispatcher));  ...  server.stop();
//
// Each connection holds a worker. So idle ones are dropped after `keep_alive`, a header, a body and an answer
// have their time as a whole (a byte now and then does not extend it), and one address can't take every
// worker.
//
// Threads: all from one thread. Owns: socket, workers, dispatcher; not the TLS. Fails: Error(Configuration)
// when the address can't be used.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/api/connection_watch.hpp"
#include "core/api/dispatcher.hpp"
#include "core/api/tls.hpp"
#include "core/metrics/registry.hpp"

namespace curfew::api {

struct ServerSettings {
  std::string name = "operator";           // in log lines and thread names
  std::string address = "127.0.0.1:8470";  // port 0: any free one
  int workers = 256;
  int waiting = 256;                       // accepted connections without a worker; more are closed at once
  int per_address = 128;                   // connections of one address; more are closed at once
  std::chrono::seconds timeout{10};        // silence within a request
  std::chrono::seconds keep_alive{5};      // silence between requests
  std::chrono::seconds header_within{15};  // a whole header, with the TLS handshake of a new connection
  std::chrono::seconds body_within{60};    // a whole body
  std::chrono::seconds answer_within{60};  // a whole answer taken; of a stream, each part
  int requests_per_connection = 10'000;
  const Tls* tls = nullptr;              // none: plain HTTP
  metrics::Registry* metrics = nullptr;  // none: nothing is counted
};

class Server {
 public:
  explicit Server(ServerSettings settings);
  ~Server();
  Server(Server&&) noexcept;

  void bind();
  // Binds too, if that was not done.
  void start(Dispatcher dispatcher);
  // Refuses new connections, ends streams, waits for running requests.
  void stop();
  [[nodiscard]] std::uint16_t port() const;
  // Once started.
  [[nodiscard]] const Dispatcher& dispatcher() const;
  [[nodiscard]] const ConnectionWatch& connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::api
