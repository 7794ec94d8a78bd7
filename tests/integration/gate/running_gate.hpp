// A gate of a test's own, with sessions that it sets; and requests to it or to a proxy before it.
//
//   RunningGate gate;  gate.live("a");  gate.start();
//   EXPECT_EQ(get(gate.port(), "/check", {{"Cookie", "sid=a"}}).status, 200);
//
// Threads: one. Owns: view, judge, server. Fails: Error.
#pragma once

#include <Poco/Net/HTTPClientSession.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/api/gate_server.hpp"

namespace curfew::api {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Got {
  int status = 0;                                   // 0: no answer
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

Got send(Poco::Net::HTTPClientSession& session, const std::string& method, const std::string& target,
         const Headers& headers = {}, const std::string& body = {});
Got get(int port, const std::string& target, const Headers& headers = {});

// False: not within 20 seconds.
bool wait_until(const std::function<bool()>& condition);

class RunningGate {
 public:
  RunningGate();
  ~RunningGate();

  static std::string key() { return std::string(32, 'k'); }
  void live(const std::string& id, Duration idle = {}, Duration warning = {});
  void refused(const std::string& id, model::Refusal why);
  void start();
  void stop() { server_.reset(); }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] GateServer& server() { return *server_; }

  GateSettings settings;
  GateServerSettings listener;
  enforcement::GateView view{{"crm"}};
  std::atomic<std::int64_t> ahead{0};  // microseconds that the gate's clock is before the wall's

 private:
  std::unique_ptr<GateJudge> judge_;
  std::unique_ptr<GateServer> server_;
};

}  // namespace curfew::api
