// A running listener with known rows behind it, and a client for it.
//
// Threads: one test at a time; `state` is locked by the services. Owns: server and rows.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/api/routes.hpp"
#include "core/api/server.hpp"

namespace curfew::api {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string{} : at->second;
  }
};

// What stands behind the API: rows in memory, pushes in a list.
struct Backing {
  std::mutex mutex;
  std::vector<model::SessionRow> sessions;
  std::vector<model::ViolationRow> violations;
  std::vector<model::SignOutRow> sign_outs;
  std::vector<model::Observation> pushed;
  std::map<std::string, int> keys;
  std::vector<model::CommandInput> commands;
  std::vector<model::CommandInput> previewed;
  std::vector<std::string> accesses;
  bool durable = true;
  bool ready = true;
  bool database_away = false;
};

class RunningServer : public ::testing::Test {
 public:
  static constexpr const char* admin = "cfw_admin-token-for-tests";
  static constexpr const char* viewer = "cfw_viewer-token-for-tests";
  static constexpr const char* pusher = "cfw_pusher-token-for-tests";
  static constexpr const char* receiver = "cfw_receiver-token-for-tests";

 protected:
  RunningServer();
  ~RunningServer() override;

  Server& start_operator(ServerSettings settings = {}, RateLimitSettings rate = {});
  Server& start_sources();

  Reply ask(const Server& server, const std::string& method, const std::string& path,
            const std::string& token = {}, const std::string& body = {},
            const std::string& content_type = "application/json",
            const std::map<std::string, std::string>& headers = {});
  Reply get(const std::string& path, const std::string& token = admin) {
    return ask(*operator_, "GET", path, token);
  }
  Reply post(const std::string& path, const std::string& body, const std::string& token = admin,
             const std::string& content_type = "application/json") {
    return ask(*operator_, "POST", path, token, body, content_type);
  }

  Backing backing_;
  Services services_;
  Broadcast broadcast_;
  std::vector<std::string> log_;
  std::mutex log_mutex_;
  std::unique_ptr<Server> operator_;
  std::unique_ptr<Server> sources_;
};

}  // namespace curfew::api
