// Calls are repeated only where that is safe, within their time, and never against the server's wish.
#include "plugins/web/retrying_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/web/http_time.hpp"
#include "tests/plugins/web/answering_server.hpp"

namespace curfew::web {
namespace {

using plugin::Failure;
using plugin::Time;
using testing::HasSubstr;
using testing::SizeIs;
using web_test::AnsweringServer;
using namespace std::chrono_literals;

Time in(plugin::Duration time) {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()) + time;
}

std::string answer(const std::string& status, const std::string& headers = {},
                   const std::string& body = "x") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "\r\n" + body;
}

RetryTerms quick() { return {.tries = 4, .first_pause = 10ms, .longest_pause = 50ms, .unsaid_wait = 300ms}; }

TEST(RetryingClient, AServerInTroubleIsAskedAgainUntilItAnswers) {
  const AnsweringServer server(
      {answer("502 Bad Gateway"), "", answer("500 Oops"), answer("200 OK", {}, "fine")});
  RetryingClient client({.url = server.url()}, quick());
  const HttpReply reply = client.ask({.path = "/a"}, Repeat::Idempotent, in(10s));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "fine");
  EXPECT_THAT(server.asked(), SizeIs(4));
}

TEST(RetryingClient, TriesAreBoundedAndTheLastAnswerIsHandedOn) {
  const AnsweringServer server({answer("500 Oops")});
  RetryingClient client({.url = server.url()}, quick());
  EXPECT_EQ(client.ask({.path = "/a"}, Repeat::Idempotent, in(10s)).status, 500);
  EXPECT_THAT(server.asked(), SizeIs(4));
}

TEST(RetryingClient, WhatMayNotHappenTwiceIsAskedOnce) {
  const AnsweringServer broken({answer("500 Oops")});
  RetryingClient one({.url = broken.url()}, quick());
  EXPECT_EQ(one.ask({.method = "POST", .path = "/a"}, Repeat::Once, in(10s)).status, 500);
  EXPECT_THAT(broken.asked(), SizeIs(1));
  const AnsweringServer cut({""});
  RetryingClient other({.url = cut.url()}, quick());
  EXPECT_THROW((void)other.ask({.method = "POST", .path = "/a"}, Repeat::Once, in(10s)), Failure);
  EXPECT_THAT(cut.asked(), SizeIs(1));
}

TEST(RetryingClient, WhatIsWrongForGoodIsNotAskedAgain) {
  const AnsweringServer server({answer("403 Forbidden")});
  RetryingClient client({.url = server.url()}, quick());
  EXPECT_EQ(client.ask({.path = "/a"}, Repeat::Idempotent, in(10s)).status, 403);
  EXPECT_THAT(server.asked(), SizeIs(1));
}

TEST(RetryingClient, ItWaitsAsLongAsItIsAsked) {
  const AnsweringServer server({answer("429 Too Many Requests", "Retry-After: 1\r\n"), answer("200 OK")});
  RetryingClient client({.url = server.url()}, quick());
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(client.ask({.method = "POST", .path = "/a"}, Repeat::Once, in(10s)).status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 1s);
  EXPECT_EQ(client.throttled(), 1U);
}

TEST(RetryingClient, WhileItIsAskedToWaitNobodysCallGoesOut) {
  const AnsweringServer server({answer("503 Busy", "Retry-After: 60\r\n"), answer("200 OK")});
  RetryingClient client({.url = server.url()}, quick());
  try {
    (void)client.ask({.path = "/a"}, Repeat::Idempotent, in(2s));
    FAIL() << "it was not asked to wait";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("asked for no more calls for 60 s (throttled)"));
  }
  EXPECT_THROW((void)client.ask({.path = "/b"}, Repeat::Idempotent, in(2s)), Failure);
  EXPECT_THAT(server.asked(), SizeIs(1));
}

TEST(RetryingClient, A429WithoutATimeIsWaitedForToo) {
  const AnsweringServer server({answer("429 Too Many Requests"), answer("200 OK")});
  RetryingClient client({.url = server.url()}, quick());
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(client.ask({.path = "/a"}, Repeat::Idempotent, in(10s)).status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 300ms);
}

TEST(RetryingClient, StoppingEndsTheWait) {
  const AnsweringServer server({answer("429 Too Many Requests", "Retry-After: 60\r\n")});
  RetryingClient client({.url = server.url()}, quick());
  std::thread stopper([&] {
    while (server.asked().empty()) std::this_thread::yield();
    client.stop();
  });
  EXPECT_THROW((void)client.ask({.path = "/a"}, Repeat::Idempotent, in(120s)), Failure);
  stopper.join();
}

TEST(RetryAfter, ComesInSecondsAndAsADateByTheServersClock) {
  const Time now = *http_time("Sun, 22 Nov 2026 10:00:00 GMT");
  const auto said = [&](const std::string& text, const std::string& date = {}) {
    HttpReply reply;
    if (!text.empty()) reply.headers.emplace_back("retry-after", text);
    if (!date.empty()) reply.headers.emplace_back("date", date);
    return retry_after(reply, now);
  };
  EXPECT_EQ(said("17"), 17s);
  EXPECT_EQ(said("Sun, 22 Nov 2026 10:00:30 GMT"), 30s);
  EXPECT_EQ(said("Sun, 22 Nov 2026 09:00:30 GMT", "Sun, 22 Nov 2026 09:00:00 GMT"), 30s);
  EXPECT_EQ(said("Sun, 22 Nov 2026 09:59:00 GMT"), 0s);  // over already
  EXPECT_EQ(said("99999999999999999999999"), 1h);
  EXPECT_EQ(said("86400"), 1h);
  for (const char* wrong : {"", "soon", "-5", "1.5", "Sun, 22 Nou 2026 10:00:30 GMT", "22 Nov 2026"})
    EXPECT_EQ(said(wrong), 0s) << wrong;
}

TEST(RetryAfter, IsWhatServicesSayWithoutItToo) {
  const Time now = *http_time("Sun, 06 Nov 1994 08:49:37 GMT");
  const auto wait = [&](int status, const HttpHeaders& headers) {
    HttpReply reply;
    reply.status = status;
    reply.headers = headers;
    return retry_after(reply, now);
  };
  for (const char* name : {"x-rate-limit-reset", "x-ratelimit-reset"}) {
    EXPECT_EQ(wait(429, {{name, "30"}}), 30s);
    // In seconds since 1970, by the server's clock.
    EXPECT_EQ(wait(429, {{name, "1784103777"}, {"date", "Wed, 15 Jul 2026 08:22:37 GMT"}}), 20s);
    EXPECT_EQ(wait(429, {{name, "1784103777"}, {"date", "Wed, 15 Jul 2026 09:22:37 GMT"}}), 0s);
    EXPECT_EQ(wait(429, {{name, "1784103777"}}), longest_retry_after);
    EXPECT_EQ(wait(429, {{"retry-after", "7"}, {name, "30"}}), 7s);
    // Each answer has it; it is meant of a 429 alone.
    EXPECT_EQ(wait(503, {{name, "30"}}), 0s);
    for (const char* none : {"", "-1", "soon", "30 s", "99999999999999999999", "1e9"})
      EXPECT_EQ(wait(429, {{name, none}}), 0s) << none;
  }
}

}  // namespace
}  // namespace curfew::web
