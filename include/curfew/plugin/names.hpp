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
#include <atomic>
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

  // Nullopt: it was not back in time, and is left behind. `work` must own what it touches.
  template <typename Work, typename Result = std::invoke_result_t<Work&>>
  [[nodiscard]] std::optional<Result> run(std::chrono::milliseconds time, Work work) {
    struct Shared {
      std::mutex mutex;
      std::condition_variable done;
      bool is_done = false;
      std::optional<Result> result;
      std::exception_ptr failure;
    };
    const auto running = running_;
    if (running->fetch_add(1) >= most_) {
      running->fetch_sub(1);
      throw Failure(Code::Unavailable, "what was asked before has not been answered yet, " +
                                           std::to_string(most_) + " times; the name service hangs");
    }
    const auto shared = std::make_shared<Shared>();
    try {
      std::thread([shared, running, inner = std::move(work)]() mutable {
        std::optional<Result> result;
        std::exception_ptr failure;
        try {
          result.emplace(inner());
        } catch (...) {
          failure = std::current_exception();
        }
        running->fetch_sub(1);
        const std::lock_guard lock(shared->mutex);
        shared->result = std::move(result);
        shared->failure = std::move(failure);
        shared->is_done = true;
        shared->done.notify_all();
      }).detach();
    } catch (const std::system_error& error) {
      running->fetch_sub(1);
      throw Failure(Code::Unavailable, std::string("no thread can be had: ") + error.what());
    }
    std::unique_lock lock(shared->mutex);
    if (!shared->done.wait_for(lock, time, [&] { return shared->is_done; })) return std::nullopt;
    if (shared->failure) std::rethrow_exception(shared->failure);
    return std::move(shared->result);
  }

 private:
  std::size_t most_;
  std::shared_ptr<std::atomic<std::size_t>> running_ = std::make_shared<std::atomic<std::size_t>>(0);
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
