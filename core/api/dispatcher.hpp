// From a request to its response: route, token, rate, body, handler, and what an error becomes. No socket in
// it.
//
//   api::Dispatcher dispatcher(std::move(router), std::move(tokens), {}, log);
//   api::Response response = dispatcher.answer(request, read_body);
//
// Threads: answer may be called from any thread. Owns: routes, tokens, rate buckets. Fails: never; every
// failure is a response, and what a stranger need not know goes to the log under the request's id.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/api/http.hpp"
#include "core/api/rate_limit.hpp"
#include "core/api/router.hpp"
#include "core/api/tokens.hpp"

namespace curfew::api {

enum class BodyRead : std::uint8_t { Whole, TooLarge, TimedOut, Broken };
// Reads the body, at most `limit` bytes, into `out`. Called only when the caller may ask at all.
using ReadBody = std::function<BodyRead(std::size_t limit, std::string& out)>;
using Log = std::function<void(std::string_view text)>;
// Told of each request that was answered: the route's pattern ("none": no such path), the status, how long it
// took to the answer (of a stream: to its beginning).
using Answered = std::function<void(std::string_view route, int status, std::chrono::duration<double> took)>;

class Dispatcher {
 public:
  Dispatcher(Router router, Tokens tokens, RateLimitSettings rate, Log log, Answered answered = {});
  Dispatcher(Dispatcher&&) noexcept;
  ~Dispatcher();

  // Fills in captures, parameters, token, body and id of `request`.
  [[nodiscard]] Response answer(Request& request, const ReadBody& read_body) const;
  [[nodiscard]] const Router& router() const { return router_; }
  void log(std::string_view text) const;

 private:
  Response answered_or_problem(Request& request, const ReadBody& read_body, std::string_view& pattern) const;
  Response route(Request& request, const ReadBody& read_body, std::string_view& pattern) const;

  Router router_;
  Tokens tokens_;
  std::unique_ptr<RateLimit> rate_;
  Log log_;
  Answered answered_;
};

// What the client called its request, if that is a harmless word of at most 64 characters; else a random one.
[[nodiscard]] std::string request_id_from(std::string_view wish);

}  // namespace curfew::api
