// What the application's pages and its administrator's calls share.
// Threads: any. Owns: the sessions and the log. Fails: as PeopleSessions.
#pragma once

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>

#include <condition_variable>
#include <fstream>
#include <mutex>

#include "tests/support/forms_app/forms_app.hpp"
#include "tests/support/forms_app/people_sessions.hpp"

namespace Poco::Net {
class HTTPServer;
}

namespace curfew::forms_app {

struct FormsApp::Inside {
  FormsAppOptions options;
  std::unique_ptr<PeopleSessions> sessions;
  std::atomic<Manner> manner = Manner::Honest;
  std::atomic<std::uint64_t> admin_calls = 0;
  std::unique_ptr<Poco::Net::HTTPServer> server;
  int port = 0;

  std::mutex mutex;  // the log, the fault
  std::ofstream log;
  Fault fault = Fault::None;
  bool ending = false;
  std::condition_variable fault_changed;

  ~Inside();
  void handle(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response);
  void handle_page(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response);
  void handle_admin(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response);
};

[[nodiscard]] std::string json_text(const std::string& text);
[[nodiscard]] std::string sign_in_page(const std::string& notice);
[[nodiscard]] std::string app_page(const std::string& person, const std::string& marker);

}  // namespace curfew::forms_app
