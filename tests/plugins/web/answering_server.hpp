// A server that answers with the bytes that it is given, in turn, and the last ones for ever.
//
//   AnsweringServer server({"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n…"});
//   … server.port() … server.asked() …
//
// Threads: its own. Owns: its socket. Fails: as Poco does.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace curfew::web_test {

class AnsweringServer {
 public:
  explicit AnsweringServer(std::vector<std::string> answers)
      : answers_(std::move(answers)), listening_(Poco::Net::SocketAddress("127.0.0.1", 0)) {
    thread_ = std::thread([this] { run(); });
  }
  ~AnsweringServer() {
    ending_ = true;
    thread_.join();
  }
  AnsweringServer(const AnsweringServer&) = delete;
  AnsweringServer& operator=(const AnsweringServer&) = delete;

  [[nodiscard]] int port() const { return listening_.address().port(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void run() {
    while (!ending_) {
      if (!listening_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
      Poco::Net::StreamSocket client = listening_.acceptConnection();
      client.setReceiveTimeout(Poco::Timespan(2, 0));
      std::string request;
      std::array<char, 4096> bytes{};
      try {
        while (request.find("\r\n\r\n") == std::string::npos) {
          const int part = client.receiveBytes(bytes.data(), static_cast<int>(bytes.size()));
          if (part <= 0) break;
          request.append(bytes.data(), static_cast<std::size_t>(part));
        }
        std::string answer;
        {
          const std::lock_guard lock(mutex_);
          answer = answers_.at(std::min(asked_.size(), answers_.size() - 1));
          asked_.push_back(request);
        }
        client.sendBytes(answer.data(), static_cast<int>(answer.size()));
      } catch (const Poco::Exception&) {
        continue;  // the client went away
      }
    }
  }

  std::vector<std::string> answers_;
  Poco::Net::ServerSocket listening_;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace curfew::web_test
