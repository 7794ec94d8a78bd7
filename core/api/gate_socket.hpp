// The sockets on which a gate's loops listen, and how many it may have open.
//
//   const GateSocket first = listen_at("127.0.0.1", 8471, true);
//   const GateSocket second = listen_at("127.0.0.1", port_of(first.get()), false);  // shares its port
//
// Threads: any. Owns: its descriptor. Fails: Error(Configuration).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace curfew::api {

class GateSocket {
 public:
  explicit GateSocket(int number = -1) : number_(number) {}
  GateSocket(GateSocket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  GateSocket& operator=(GateSocket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~GateSocket();
  [[nodiscard]] int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// `is_first`: of those that share the port; refused when somebody else has it.
GateSocket listen_at(const std::string& address, std::uint16_t port, bool is_first);
[[nodiscard]] std::uint16_t port_of(int socket);
// Raises the soft limit of open files as far as needed and allowed; how many connections there may be then.
std::size_t descriptors_for(std::size_t wanted);

}  // namespace curfew::api
