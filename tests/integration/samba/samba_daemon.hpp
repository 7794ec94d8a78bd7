// The daemon with one source `dc` of the windows connector on the controller's own logs, emptied before, so
// that all sessions are the test's.
//
//   SambaDaemon daemon;
//   daemon.begin("[]");                                     // or policies, as a YAML list
//   EXPECT_TRUE(daemon.until_live(1));                      // SMB sessions
//
// Threads: one. Owns: the daemon. Fails: as ScriptedDaemon.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/app/program.hpp"
#include "tests/integration/samba/controller.hpp"

namespace curfew::samba_test {

inline const std::string smb_application = "samba-smb2";

class SambaDaemon {
 public:
  // `policies`: YAML below `policies:`. `smb`: the setting, if another than that which works.
  void begin(const std::string& policies, const nlohmann::json& smb = {});
  [[nodiscard]] std::vector<nlohmann::json> sessions(const std::string& application = smb_application) const;
  [[nodiscard]] std::vector<nlohmann::json> live(const std::string& application = smb_application) const;
  [[nodiscard]] bool until_live(std::size_t count) const;
  [[nodiscard]] nlohmann::json sign_outs() const;
  [[nodiscard]] nlohmann::json first_concluded() const;
  // For a failure: what it has, and its log.
  [[nodiscard]] std::string told() const;
  [[nodiscard]] app_test::ScriptedDaemon& daemon() { return daemon_; }

 private:
  app_test::ScriptedDaemon daemon_;
};

}  // namespace curfew::samba_test
