// A daemon with one windows source that takes pushes, and who pushes to it.
//
//   PushedDaemon daemon(cluster.fresh_database(), "arrival_delay: 1s");
//   daemon.start();
//   daemon.push("POST", "/_bulk", body, {{"Authorization", PushedDaemon::basic}}).status
//
// Threads: one. Owns: the daemon. Fails: as ScriptedDaemon.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/store/store.hpp"
#include "tests/integration/app/program.hpp"
#include "tests/support/cluster.hpp"

namespace curfew::push_test {

struct PushReply {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;
};

// A session as far as two ledgers can agree about it: ("key", start, end, reason) and what else is told.
struct SeenSession {
  std::string key;
  std::string text;
  friend auto operator<=>(const SeenSession&, const SeenSession&) = default;
};
void PrintTo(const SeenSession& session, std::ostream* out);
[[nodiscard]] std::vector<SeenSession> sessions_in(const store::ConnectionInfo& database);

// One that outlives its tests, and that a daemon may use which root started and which is another user then.
support::Cluster& cluster();

class PushedDaemon {
 public:
  // `source`: more of the source itself, as "time: event"; `settings`: of its settings.
  PushedDaemon(support::Database database, const std::string& settings, const std::string& source = {});

  void start() { daemon_.start(); }
  void kill();
  app_test::ScriptedDaemon& program() { return daemon_; }
  [[nodiscard]] PushReply push(const std::string& method, const std::string& path, const std::string& body,
                               std::map<std::string, std::string> headers = {}) const;
  [[nodiscard]] std::vector<SeenSession> sessions() const { return sessions_in(database_.owner); }
  // Until nothing that was pushed waits to be judged.
  [[nodiscard]] bool wait_until_judged() const;
  [[nodiscard]] std::string conninfo() const { return database_.owner.conninfo; }
  // What Winlogbeat's `username` and `password`, and its `api_key`, become.
  [[nodiscard]] static std::string basic();
  [[nodiscard]] static std::string api_key();
  [[nodiscard]] static std::string token();
  [[nodiscard]] std::string url() const;

 private:
  support::Database database_;
  app_test::ScriptedDaemon daemon_;
  int port_ = 0;
};

}  // namespace curfew::push_test
