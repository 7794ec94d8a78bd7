// The daemon with one source `app` of the forms connector, and one policy.
//
//   FormsDaemon daemon;
//   daemon.begin(settings, "rule: session_timeout\n    limit: 1s", "[{action: sign_out_session}]");
//   const json row = daemon.first({"proven"});  verdicts(row);
//
// Threads: one. Owns: the daemon. Fails: as ScriptedDaemon.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/app/program.hpp"
#include "tests/support/client.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::forms_test {

using support::Client;
using support::eventually;
using support::free_port;
using support::Page;
using support::ServerProcess;
using support::wait_for_port;

class FormsDaemon {
 public:
  // `rule`: YAML of one policy below `name` and `mode`, which leaves bob and rtyler alone.
  // `environment`: the daemon's, beside the test's own.
  void begin(const nlohmann::json& settings, const std::string& rule, const std::string& ladder,
             const std::map<std::string, std::string>& environment = {});
  [[nodiscard]] nlohmann::json sign_outs() const;
  // The first sign-out with this outcome; null if it has none in a minute.
  [[nodiscard]] nlohmann::json first(const std::vector<std::string>& outcomes) const;
  [[nodiscard]] nlohmann::json concluded() const;  // the first that is; null likewise
  [[nodiscard]] nlohmann::json sessions() const;
  // Sessions that live, as Curfew sees it.
  [[nodiscard]] bool until_live(std::size_t count) const;
  [[nodiscard]] app_test::ScriptedDaemon& daemon() { return daemon_; }
  [[nodiscard]] std::filesystem::path folder() const { return daemon_.folder(); }

 private:
  app_test::ScriptedDaemon daemon_;
};

// Of each step, in order: "still_alive", "proven", …
[[nodiscard]] std::vector<std::string> verdicts(const nlohmann::json& sign_out);

}  // namespace curfew::forms_test
