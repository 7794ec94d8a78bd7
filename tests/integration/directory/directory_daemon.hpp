// The daemon with one source that reads the controller's log and acts on its directory, and a policy that
// nobody keeps an SMB session for longer than a second.
//
//   TEST_F(DirectoryDaemon, …) {
//     person("olga");
//     begin({}, "[{action: disable_account, revert_after: 15s}]", unproven);  start();
//     open_a_share("olga");
//     EXPECT_TRUE(until_control("olga", "514"));
//
// Threads: one. Owns: the daemon. Fails: as they do.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/app/program.hpp"
#include "tests/integration/directory/real_directory.hpp"

namespace curfew::directory_test {

inline const std::string unproven = "    accept: [unenforceable]\n";

class DirectoryDaemon : public RealDirectory {
 protected:
  // `more`: of the setting `directory`. `accept`: YAML of the policy.
  void begin(const nlohmann::json& more, const std::string& ladder, const std::string& accept);
  void start() { daemon_.start(domain().environment()); }
  // By Kerberos, as a person at a workstation of the domain.
  void open_a_share(const std::string& name, SambaDomain& at = domain());
  [[nodiscard]] nlohmann::json sign_outs() const { return daemon_.get("/api/v1/sign-outs")["sign_outs"]; }
  bool until_outcome(const std::string& outcome);
  bool until_control(const std::string& name, const std::string& value);

  app_test::ScriptedDaemon daemon_;
};

}  // namespace curfew::directory_test
