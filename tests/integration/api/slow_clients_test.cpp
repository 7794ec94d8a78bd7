// Clients that send a byte now and then, or take none: they lose their connection, and nobody waits for them.
#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocket.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "running_server.hpp"

namespace curfew::api {
namespace {

using namespace std::chrono_literals;
using SlowClients = RunningServer;

Poco::Net::StreamSocket from(const std::string& address, const Server& server) {
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress::IPv4);
  const Poco::Net::SocketAddress source(address, 0);
  EXPECT_EQ(::bind(socket.impl()->sockfd(), source.addr(), source.length()), 0) << address;
  socket.connect(Poco::Net::SocketAddress("127.0.0.1", server.port()));
  socket.setReceiveTimeout(Poco::Timespan(30, 0));
  return socket;
}

void say(Poco::Net::StreamSocket& socket, const std::string& text) {
  socket.sendBytes(text.data(), static_cast<int>(text.size()));
}

// What the server sends until it closes.
std::string rest_of(Poco::Net::StreamSocket& socket) {
  std::string all;
  std::array<char, 4096> chunk{};
  try {
    while (true) {
      const int got = socket.receiveBytes(chunk.data(), static_cast<int>(chunk.size()));
      if (got <= 0) return all;
      all.append(chunk.data(), static_cast<std::size_t>(got));
    }
  } catch (const Poco::Net::NetException&) {
    return all;  // reset: closed over bytes that it had not read
  }
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(10ms);  // between two looks
  }
  return true;
}

TEST_F(SlowClients, AHeaderThatNeverEndsLosesItsConnectionThoughBytesKeepComing) {
  ServerSettings settings;
  settings.header_within = 1s;
  const Server& server = start_operator(settings);
  auto socket = from("127.0.0.1", server);
  say(socket, "GET /healthz HTTP/1.1\r\nX-Slow: ");
  // Each byte alone would be soon enough for a limit on silence.
  EXPECT_TRUE(eventually([&] {
    try {
      say(socket, "x");
    } catch (const Poco::Net::NetException&) {
      return true;
    }
    return server.connections().cut() == 1;
  }));
  EXPECT_EQ(server.connections().cut(), 1U);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(SlowClients, ABodyThatTricklesIsAnsweredWith408) {
  ServerSettings settings;
  settings.body_within = 1s;
  const Server& server = start_operator(settings);
  auto socket = from("127.0.0.1", server);
  say(socket, "POST /api/v1/names HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + std::string(admin) +
                  "\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{");
  EXPECT_TRUE(eventually([&] {
    try {
      say(socket, " ");
    } catch (const Poco::Net::NetException&) {
      return true;
    }
    return server.connections().cut() >= 1;
  }));
  const std::string answer = rest_of(socket);
  EXPECT_NE(answer.find("HTTP/1.1 408"), std::string::npos) << answer;
}

// -1: there is no such series.
int closed(const metrics::Registry& registry, const std::string& reason) {
  const std::string line =
      R"(curfew_connections_closed_total{listener="operator",reason=")" + reason + "\"} ";
  const std::string text = registry.text();
  const std::size_t at = text.find(line);
  return at == std::string::npos ? -1 : std::stoi(text.substr(at + line.size()));
}

TEST_F(SlowClients, WhatIsClosedIsCountedByItsReason) {
  metrics::Registry registry;
  const auto counted = [&](const std::string& reason) { return closed(registry, reason); };
  ServerSettings settings;
  settings.workers = 2;
  settings.waiting = 1;
  settings.per_address = 1;
  settings.header_within = 1s;
  settings.metrics = &registry;
  start_operator(settings);
  for (const char* reason : {"slow", "address_limit", "no_worker", "tls"}) EXPECT_EQ(counted(reason), 0);
  std::vector<Poco::Net::StreamSocket> hanging;
  // One for each worker, and beyond that more than may wait.
  for (const char* address : {"127.0.0.2", "127.0.0.3"}) {
    hanging.push_back(from(address, *operator_));
    say(hanging.back(), "GET /healthz HTTP/1.1\r\n");
    // Only one may wait until its worker has begun.
    ASSERT_TRUE(eventually([&] { return operator_->connections().open() == hanging.size(); }));
  }
  for (int i = 0; i < 8; ++i) hanging.push_back(from("127.0.0.2", *operator_));
  EXPECT_TRUE(eventually([&] { return counted("no_worker") > 0; })) << registry.text();
  EXPECT_TRUE(eventually([&] { return counted("slow") >= 2; })) << registry.text();
  EXPECT_EQ(counted("tls"), 0);
}

TEST_F(SlowClients, OneAddressThatHoldsAllItMayHaveDoesNotDelayAnother) {
  ServerSettings settings;
  settings.workers = 8;
  settings.per_address = 4;
  settings.header_within = 60s;
  metrics::Registry registry;
  settings.metrics = &registry;
  const Server& server = start_operator(settings);
  std::vector<Poco::Net::StreamSocket> hanging;
  for (int i = 0; i < 4; ++i) {
    hanging.push_back(from("127.0.0.2", server));
    say(hanging.back(), "GET /healthz HTTP/1.1\r\n");
  }
  ASSERT_TRUE(eventually([&] { return server.connections().open() == 4; })) << "a worker takes each";
  // What is beyond is closed at once, rather than left to wait for a worker.
  for (int i = 0; i < 20; ++i) {
    auto more = from("127.0.0.2", server);
    EXPECT_EQ(rest_of(more), "");
  }
  EXPECT_EQ(server.connections().refused(), 20U);
  EXPECT_EQ(closed(registry, "address_limit"), 20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(server.connections().cut(), 0U) << "the slow ones still hang";
  // A place that is left can be taken again.
  hanging.clear();
  EXPECT_TRUE(eventually([&] {
    auto socket = from("127.0.0.2", server);
    say(socket, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return rest_of(socket).find("HTTP/1.1 200") == 0;
  }));
}

TEST_F(SlowClients, WhoTakesNoAnswerLosesTheConnection) {
  ServerSettings settings;
  settings.answer_within = 1s;
  const Server& server = start_operator(settings);
  auto socket = from("127.0.0.1", server);
  socket.setReceiveBufferSize(4096);
  // Answers pile up until no buffer takes more.
  const std::string request = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_TRUE(eventually([&] {
    try {
      for (int i = 0; i < 50 && server.connections().cut() == 0; ++i) {
        if (socket.poll(Poco::Timespan(0, 10'000), Poco::Net::Socket::SELECT_WRITE)) say(socket, request);
      }
    } catch (const Poco::Net::NetException&) {
      return true;
    }
    return server.connections().cut() > 0;
  }));
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(SlowClients, AStopDoesNotWaitForThem) {
  ServerSettings settings;
  settings.header_within = 300s;
  settings.timeout = 300s;
  const Server& server = start_operator(settings);
  auto socket = from("127.0.0.1", server);
  say(socket, "GET /healthz HTTP/1.1\r\n");
  ASSERT_EQ(get("/healthz").status, 200);
  const auto began = std::chrono::steady_clock::now();
  operator_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 60s);
}

}  // namespace
}  // namespace curfew::api
