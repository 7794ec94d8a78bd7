// What the application's pages and its administrator's calls share.
// Threads: any. Owns: the sessions and the log. Fails: as PeopleSessions.
#pragma once

#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/ThreadPool.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>

#include "tests/support/forms_app/forms_app.hpp"
#include "tests/support/forms_app/gate_guard.hpp"
#include "tests/support/forms_app/people_sessions.hpp"

namespace Poco::Net {
class HTTPServer;
}

namespace curfew::forms_app {

struct FormsApp::Inside {
  FormsAppOptions options;
  std::unique_ptr<PeopleSessions> sessions;
  std::optional<GateGuard> gate;
  std::atomic<Manner> manner = Manner::Honest;
  std::atomic<std::uint64_t> admin_calls = 0;
  Poco::ThreadPool pool{2, 17};  // its own: joined, so that no answer is under way when the process ends
  std::unique_ptr<Poco::Net::HTTPServer> server;
  int port = 0;

  std::mutex mutex;  // the log, the notes, the fault
  std::ofstream log;
  std::map<std::string, std::deque<std::string>> notes;  // of each person, the latest last
  Fault fault = Fault::None;
  bool ending = false;
  std::condition_variable fault_changed;

  ~Inside();
  void handle(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response);
  void handle_page(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response);
  void write_down(const std::string& person, const std::string& text);
  [[nodiscard]] std::deque<std::string> notes_of(const std::string& person);
  void handle_admin(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response);
};

[[nodiscard]] std::string json_text(const std::string& text);
[[nodiscard]] std::string sign_in_page(const std::string& notice, const std::string& hint);
[[nodiscard]] std::string app_page(const std::string& person, const std::deque<std::string>& notes,
                                   const FormsAppOptions& options);
[[nodiscard]] std::string try_page(const FormsAppOptions& options);
extern const char* const style;

}  // namespace curfew::forms_app
