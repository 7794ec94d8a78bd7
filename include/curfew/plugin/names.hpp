// The addresses behind a host's name, within a time. The system's name service knows no end of its own:
// getaddrinfo may hold its thread for as long as servers, timeouts and search lists multiply to.
//
//   plugin::Names names;
//   for (const std::string& address : names.addresses("db.corp.test", std::chrono::seconds(3))) …connect…
//
// For a library that resolves names inside of a call of its own, `Aside` bounds the whole call:
//
//   plugin::Aside aside;
//   auto connection = aside.run(std::chrono::seconds(3), [server] { return connect(server); });  // optional
//
// Threads: any. Owns: nothing that waits. What is not back in time goes on by itself on a thread of its own,
// which touches only what it was given by value, and ends when the system lets it; at most `most` of them.
// Fails: Failure(Unavailable) with the reason; `Aside` with what its work throws.
#pragma once

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::plugin {

class Aside {
 public:
  explicit Aside(std::size_t most = 16) : most_(most) {}

  // Nullopt: it was not back in time, or before `stop`, and is left behind. `work` must own what it touches.
  template <typename Work, typename Result = std::invoke_result_t<Work&>>
  [[nodiscard]] std::optional<Result> run(std::chrono::milliseconds time, Work work) {
    struct Outcome {
      bool is_there = false;
      std::optional<Result> result;
      std::exception_ptr failure;
    };
    const auto state = state_;
    std::unique_lock lock(state->mutex);
    if (state->running >= most_)
      throw Failure(Code::Unavailable, "what was asked before has not been answered yet, " +
                                           std::to_string(most_) + " times; the name service hangs");
    const auto outcome = std::make_shared<Outcome>();
    try {
      std::thread([state, outcome, inner = std::move(work)]() mutable {
        std::optional<Result> result;
        std::exception_ptr failure;
        try {
          result.emplace(inner());
        } catch (...) {
          failure = std::current_exception();
        }
        const std::lock_guard done(state->mutex);
        --state->running;
        outcome->result = std::move(result);
        outcome->failure = std::move(failure);
        outcome->is_there = true;
        state->changed.notify_all();
      }).detach();
    } catch (const std::system_error& error) {
      throw Failure(Code::Unavailable, std::string("no thread can be had: ") + error.what());
    }
    ++state->running;
    state->changed.wait_for(lock, time, [&] { return outcome->is_there || state->is_over; });
    if (!outcome->is_there) return std::nullopt;
    // Taken along, so that the other thread has nothing of it left to free.
    if (outcome->failure) std::rethrow_exception(std::exchange(outcome->failure, nullptr));
    return std::move(outcome->result);
  }

  // Whoever waits is let go, now and from now on.
  void stop() {
    const std::lock_guard lock(state_->mutex);
    state_->is_over = true;
    state_->changed.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;  // of what was left behind, too
    std::condition_variable changed;
    std::size_t running = 0;
    bool is_over = false;
  };
  std::size_t most_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// In the order in which they should be tried. Takes as long as the system does.
[[nodiscard]] inline std::vector<std::string> system_addresses(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &wanted, &first); error != 0)
    throw Failure(Code::Unavailable,
                  "the name " + host + " can't be resolved: " + ::gai_strerror(error) + "; check the name");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(first, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) ==
        0)
      addresses.emplace_back(text.data());
  }
  if (addresses.empty()) throw Failure(Code::Unavailable, "the name " + host + " has no address");
  return addresses;
}

class Names {
 public:
  // Never empty. A numeric address is its own, and nobody is asked.
  [[nodiscard]] std::vector<std::string> addresses(const std::string& host, std::chrono::milliseconds time) {
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    if (::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
        ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1)
      return {host};
    auto found = aside_.run(time, [host] { return system_addresses(host); });
    if (!found)
      throw Failure(Code::Unavailable,
                    "the name service did not say in time where " + host + " is; check this machine's DNS");
    return std::move(*found);
  }

 private:
  Aside aside_;
};

}  // namespace curfew::plugin
