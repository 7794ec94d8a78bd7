// HTTP calls that are made again where that is safe: when the server can't be reached, is in trouble, or asks
// to wait. While it asks to wait (429 or 503, Retry-After), no call of anybody goes to it.
//
//   RetryingClient client({.url = "https://sso.corp.test"});
//   HttpReply reply = client.ask({.path = "/admin/realms/corp"}, Repeat::Idempotent, deadline);
//   client.stop();                        // ends all waiting
//
// Pauses double, with jitter, and end with the deadline. A reply of any status is a reply: what 4xx and a
// last 5xx mean, the caller says.
//
// Threads: any, at once. Owns: the client. Fails: plugin::Failure(Unavailable), without path, headers or
// body.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>

#include "plugins/web/http_client.hpp"

namespace curfew::web {

// Idempotent: twice does what once does. Once: made again only when the server said that it did nothing
// (429).
enum class Repeat { Idempotent, Once };

struct RetryTerms {
  int tries = 4;
  plugin::Duration first_pause = std::chrono::milliseconds(200);
  plugin::Duration longest_pause = std::chrono::seconds(30);
  // Asked to wait without being told how long.
  plugin::Duration unsaid_wait = std::chrono::seconds(5);
};

class RetryingClient {
 public:
  explicit RetryingClient(HttpServer server, RetryTerms terms = {});
  RetryingClient(const RetryingClient&) = delete;
  RetryingClient& operator=(const RetryingClient&) = delete;

  [[nodiscard]] HttpReply ask(const HttpCall& call, Repeat repeat, plugin::Time deadline);
  [[nodiscard]] const std::string& where() const { return client_.where(); }
  // How often the server asked to wait.
  [[nodiscard]] std::uint64_t throttled() const;
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  void wait_for_turn(plugin::Time deadline);
  void sleep(plugin::Duration pause);
  [[nodiscard]] plugin::Duration jittered(plugin::Duration pause);
  void asked_to_wait(const HttpReply& reply);

  HttpClient client_;
  RetryTerms terms_;
  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  Clock::time_point not_before_{};  // what the server asked for
  std::uint64_t throttled_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace curfew::web
