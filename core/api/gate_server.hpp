// The gate's listener: few threads that hold many connections, as its proxies keep theirs open.
//
//   GateServer server({.address = "127.0.0.1", .port = 8471}, judge);
//   server.bind();  server.start();  …  server.stop();
//
// Each thread has an event loop (libevent) and a listening socket of its own on the shared port. A request
// is judged where it is read; only a question to the source (unknown: ask) goes elsewhere, and its request
// waits without holding anybody up. Beyond `most_connections` nobody is accepted until others went, so new
// ones wait in the kernel. A silent connection is dropped after `silence`, also in the middle of a request;
// one whose request isn't there in full `request_within` its first byte, about a second later.
//
// Threads: all from one thread. Owns: sockets, threads; not the judge, the TLS. Fails: Error(Configuration)
// when the address can't be used.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/api/gate_judge.hpp"
#include "core/api/gate_questions.hpp"
#include "core/api/tls.hpp"

namespace curfew::api {

struct GateServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::size_t threads = 2;
  std::size_t most_connections = 20'000;
  std::size_t header_bytes = 32'768;
  std::chrono::seconds silence{75};  // longer than nginx keeps an idle one, so that it is not cut in use
  std::chrono::milliseconds request_within{10'000};
  const Tls* tls = nullptr;
  GateQuestionSettings questions;
  // Each judged request, and how long that took; on any of its threads.
  std::function<void(GateDecision, double seconds)> decided;
  // A connection whose TLS handshake did not come to an end; on any of its threads.
  std::function<void()> tls_failed;
};

class GateServer {
 public:
  GateServer(GateServerSettings settings, GateJudge& judge);
  ~GateServer();
  GateServer(const GateServer&) = delete;
  GateServer& operator=(const GateServer&) = delete;

  void bind();
  void start();
  void stop();
  [[nodiscard]] std::uint16_t port() const;
  // Open now, as far as the loops have counted.
  [[nodiscard]] std::size_t connections() const;
  // How many this process may have open with the file descriptors that it may use.
  [[nodiscard]] std::size_t most_connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::api
