#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>

#include <chrono>
#include <sstream>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "running_server.hpp"

namespace curfew::api {
namespace {

using RunningListener = RunningServer;

// Everything that the server sends until it closes.
std::string raw_exchange(const Server& server, const std::string& bytes) {
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server.port()));
  socket.setReceiveTimeout(Poco::Timespan(20, 0));
  socket.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
  std::string answer;
  std::array<char, 4096> chunk{};
  while (true) {
    const int got = socket.receiveBytes(chunk.data(), static_cast<int>(chunk.size()));
    if (got <= 0) return answer;
    answer.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::size_t answers_in(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1))
    ++count;
  return count;
}

TEST_F(RunningListener, OneConnectionServesManyRequests) {
  start_operator();
  Poco::Net::HTTPClientSession session("127.0.0.1", operator_->port());
  session.setKeepAlive(true);
  for (int i = 0; i < 50; ++i) {
    Poco::Net::HTTPRequest request("GET", "/healthz", Poco::Net::HTTPMessage::HTTP_1_1);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string body;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), body);
    ASSERT_EQ(response.getStatus(), 200);
    ASSERT_TRUE(response.getKeepAlive());
  }
}

TEST_F(RunningListener, AnIdleConnectionIsClosed) {
  ServerSettings settings;
  settings.keep_alive = std::chrono::seconds(1);
  const Server& server = start_operator(settings);
  const std::string answer = raw_exchange(server, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answers_in(answer), 1U);
}

TEST_F(RunningListener, ASlowBodyGivesItsWorkerBack) {
  ServerSettings settings;
  settings.timeout = std::chrono::seconds(1);
  const Server& server = start_operator(settings);
  const std::string answer = raw_exchange(
      server, "POST /api/v1/names HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + std::string(admin) +
                  "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_NE(answer.find("HTTP/1.1 408"), std::string::npos) << answer;
}

TEST_F(RunningListener, ABodyCutShortIsNotTaken) {
  const Server& server = start_operator();
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server.port()));
  const std::string bytes = "POST /api/v1/sign-outs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                            std::string(admin) +
                            "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
                            R"({"session":1,"reason":"x"})";
  socket.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
  socket.shutdownSend();
  socket.setReceiveTimeout(Poco::Timespan(20, 0));
  std::array<char, 4096> chunk{};
  const int got = socket.receiveBytes(chunk.data(), static_cast<int>(chunk.size()));
  EXPECT_NE(std::string(chunk.data(), static_cast<std::size_t>(got)).find("HTTP/1.1 400"), std::string::npos);
  EXPECT_TRUE(backing_.commands.empty());
}

TEST_F(RunningListener, ARequestCannotHideBehindAnAmbiguousLength) {
  const Server& server = start_operator();
  const std::string answer = raw_exchange(
      server,
      "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(answer.find("HTTP/1.1 400"), std::string::npos) << answer;
  EXPECT_EQ(answers_in(answer), 1U) << answer;
}

TEST_F(RunningListener, AnUnreadBodyIsNotTheNextRequest) {
  const Server& server = start_operator();
  const std::string hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answer =
      raw_exchange(server, "POST /api/v1/sign-outs HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                               std::to_string(hidden.size()) + "\r\n\r\n" + hidden);
  EXPECT_NE(answer.find("HTTP/1.1 401"), std::string::npos) << answer;
  EXPECT_EQ(answers_in(answer), 1U) << answer;
}

TEST_F(RunningListener, EndlessHeadersAreRefused) {
  const Server& server = start_operator();
  std::string request = "GET /healthz HTTP/1.1\r\n";
  for (int i = 0; i < 200; ++i) request += "X-Filler-" + std::to_string(i) + ": x\r\n";
  const std::string answer = raw_exchange(server, request + "\r\n");
  EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos) << answer;
}

TEST_F(RunningListener, AHarmlessRequestIdIsKeptAndAnyOtherReplaced) {
  const Server& server = start_operator();
  const auto id = [&](const std::string& wish) {
    return ask(server, "GET", "/healthz", "", "", "", {{"X-Request-Id", wish}}).header("x-request-id");
  };
  EXPECT_EQ(id("ticket-12_b"), "ticket-12_b");
  EXPECT_EQ(id("<script>").size(), 16U);
  EXPECT_NE(id(std::string(65, 'a')).size(), 65U);
  const Reply problem = ask(server, "GET", "/nothing", "", "", "", {{"X-Request-Id", "abc"}});
  EXPECT_NE(problem.body.find("urn:curfew:request:abc"), std::string::npos);
}

TEST_F(RunningListener, MethodsThatAPathDoesNotKnowAreNamed) {
  const Server& server = start_operator();
  const Reply reply = ask(server, "DELETE", "/api/v1/sign-outs", admin);
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.header("allow"), "GET, POST");
}

TEST_F(RunningListener, TooManyRequestsAreToldToWait) {
  start_operator({}, {.per_second = 0.001, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/api/v1/sessions", viewer).status, 200);
  const Reply reply = get("/api/v1/sessions", viewer);
  EXPECT_EQ(reply.status, 429);
  EXPECT_FALSE(reply.header("retry-after").empty());
  EXPECT_EQ(get("/api/v1/sessions", admin).status, 200) << "another token has its own allowance";
}

TEST_F(RunningListener, TwoListenersOnOneAddressAreAConfigurationError) {
  start_operator();
  ServerSettings settings;
  settings.address = "127.0.0.1:" + std::to_string(operator_->port());
  Server second(settings);
  try {
    second.start(Dispatcher(source_routes(services_), Tokens{}, {}, {}));
    FAIL() << "started on a port in use";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    EXPECT_NE(std::string(error.what()).find(settings.address), std::string::npos);
  }
}

// ---- the live stream ----

class Stream {
 public:
  Stream(const Server& server, const std::string& path, const std::string& last_event_id = {})
      : session_("127.0.0.1", server.port()) {
    session_.setTimeout(Poco::Timespan(20, 0));
    Poco::Net::HTTPRequest request("GET", path, Poco::Net::HTTPMessage::HTTP_1_1);
    request.set("Authorization", "Bearer " + std::string(RunningServer::viewer));
    if (!last_event_id.empty()) request.set("Last-Event-ID", last_event_id);
    session_.sendRequest(request);
    in_ = &session_.receiveResponse(response_);
  }
  [[nodiscard]] int status() const { return response_.getStatus(); }
  // The lines up to the next blank one; empty: the stream ended.
  std::string next() {
    std::string event;
    for (std::string line; std::getline(*in_, line) && !line.empty();) event += line + "|";
    return event;
  }

 private:
  Poco::Net::HTTPClientSession session_;
  Poco::Net::HTTPResponse response_;
  std::istream* in_ = nullptr;
};

TEST_F(RunningListener, TheStreamShowsDecisionsAsTheyHappen) {
  const Server& server = start_operator();
  broadcast_.publish("violation_opened", "{\"number\":1}");
  Stream stream(server, "/api/v1/stream");
  ASSERT_EQ(stream.status(), 200);
  EXPECT_EQ(stream.next(), ": watching|");
  broadcast_.publish("violation_opened", "{\"number\":2}");
  EXPECT_EQ(stream.next(), "id: 2|event: violation_opened|data: {\"number\":2}|");
}

TEST_F(RunningListener, TheStreamShowsOnlyWhatWasAskedFor) {
  const Server& server = start_operator();
  Stream stream(server, "/api/v1/stream?events=alert,outcome_recorded");
  EXPECT_EQ(stream.next(), ": watching|");
  broadcast_.publish("warned", "{}");
  broadcast_.publish("alert", "{}");
  EXPECT_EQ(stream.next(), "id: 2|event: alert|data: {}|");
}

TEST_F(RunningListener, TheStreamOfOneSignOutBeginsWithItAndEndsWithItsEnd) {
  Server& server = start_operator();
  Stream stream(server, "/api/v1/stream?sign_out=1");
  EXPECT_EQ(stream.next(), ": watching|");
  EXPECT_TRUE(stream.next().starts_with("event: sign_out|data: {\"number\":1,"));
  broadcast_.publish("step", "{\"order\":2}", 2);
  broadcast_.publish("step", "{\"order\":1}", 1);
  broadcast_.publish("sign_out", "{\"number\":2}", 2, true);
  broadcast_.publish("sign_out", "{\"number\":1}", 1, true);
  EXPECT_EQ(stream.next(), "id: 2|event: step|data: {\"order\":1}|");
  EXPECT_EQ(stream.next(), "id: 4|event: sign_out|data: {\"number\":1}|");
  EXPECT_EQ(stream.next(), "");
  EXPECT_EQ(get("/api/v1/stream?sign_out=77").status, 404);
}

TEST_F(RunningListener, AWatcherThatComesBackMissesNothing) {
  const Server& server = start_operator();
  for (int i = 0; i < 5; ++i) broadcast_.publish("alert", std::to_string(i));
  Stream stream(server, "/api/v1/stream", "3");
  EXPECT_EQ(stream.next(), ": watching|");
  EXPECT_EQ(stream.next(), "id: 4|event: alert|data: 3|");
  EXPECT_EQ(stream.next(), "id: 5|event: alert|data: 4|");
}

TEST_F(RunningListener, AFullHouseOfWatchersIsSaid) {
  const Server& server = start_operator();
  std::vector<std::shared_ptr<Broadcast::Seat>> seats;
  while (auto seat = broadcast_.sit()) seats.push_back(seat);
  EXPECT_EQ(get("/api/v1/stream", viewer).status, 503);
  seats.clear();
  Stream stream(server, "/api/v1/stream");
  EXPECT_EQ(stream.status(), 200);
}

TEST_F(RunningListener, StoppingEndsStreams) {
  const Server& server = start_operator();
  Stream stream(server, "/api/v1/stream");
  EXPECT_EQ(stream.next(), ": watching|");
  const auto start = std::chrono::steady_clock::now();
  operator_->stop();
  EXPECT_EQ(stream.next(), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(broadcast_.watchers(), 0U);
}

// A burst leaves workers that wait for connections, and Poco wakes one of them.
TEST_F(RunningListener, StoppingAfterABurstWaitsForNoIdleWorker) {
  for (int round = 0; round < 10; ++round) {
    const Server& server = start_operator();
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i)
      clients.emplace_back([&] { EXPECT_EQ(ask(server, "GET", "/healthz").status, 200); });
    for (std::thread& client : clients) client.join();
    const auto start = std::chrono::steady_clock::now();
    operator_->stop();
    ASSERT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << "in round " << round;
  }
}

}  // namespace
}  // namespace curfew::api
