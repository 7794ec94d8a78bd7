// The program under test: `curfew` as a process, a daemon with its folder, and its API.
//
//   ScriptedDaemon daemon; daemon.script("…"); daemon.policies("…");
//   daemon.start(); daemon.until([&] { return daemon.get("/api/v1/violations")["violations"].size() == 1; });
//   daemon.stop(SIGTERM);
//
// Threads: one. Owns: the process and the folder. Fails: gtest failures and std::runtime_error.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.hpp"

namespace curfew::app_test {

struct Ended {
  int code = -1;
  int signal = 0;
  std::string out;
  std::string err;
};

// Runs `curfew` with these arguments to its end.
Ended run_curfew(const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment = {});

struct Reply {
  int status = 0;
  std::string body;
  std::string retry_after;
};

class ScriptedDaemon {
 public:
  ScriptedDaemon();
  ~ScriptedDaemon();

  // One source "crm" that plays this script; offsets count from the start of the test. What it was told to do
  // is in folder()/"acts".
  void script(const std::string& ndjson);
  // YAML below `policies:` and `safety:`; and whatever else the file should say.
  // `settings`: more of the source's own, as "key: value, …".
  void configure(const std::string& yaml, const std::string& settings = {});

  // Starts the daemon and returns when it is ready.
  void start(const std::map<std::string, std::string>& environment = {});
  // Starts it, and does not wait.
  void launch(const std::map<std::string, std::string>& environment = {});
  // Starts it and returns when it is ready or has ended.
  bool try_start(const std::map<std::string, std::string>& environment);
  Ended stop(int signal = SIGTERM);
  // Whether the process has ended by itself; reaps it then.
  bool has_ended();

  Reply request(const std::string& method, const std::string& path, const std::string& body = {}) const;
  [[nodiscard]] nlohmann::json get(const std::string& path) const;
  // Waits for the condition; false after a minute.
  bool until(const std::function<bool()>& condition) const;

  [[nodiscard]] std::string config() const { return (folder_.path() / "curfew.yaml").string(); }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] std::string log() const;
  [[nodiscard]] pid_t process() const { return process_; }

 private:
  support::TemporaryDirectory folder_;
  std::string extra_;
  std::string start_time_;
  int port_ = 0;
  pid_t process_ = -1;
  Ended ended_;
};

}  // namespace curfew::app_test
