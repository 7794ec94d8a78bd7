// Steps that programs of the administrator's carry out: `logoff` by WinRM, an agent at the hosts.
//
//   Commands commands(R"({"allow": ["/usr/local/bin/logoff"],
//                         "steps": {"sign_out_session": ["/usr/local/bin/logoff", "{computer}",
//                         "{logon_id}"]}})");
//   commands.start();
//   commands.act(action);
//
// Exit code 0 is "accepted", and proves nothing; any other is a failure. Both are answered with the output,
// in which what was filled in is masked: the answer is recorded for good. Threads: any, at once. Owns: the
// programs that run. Fails: plugin::Failure from the constructor (settings) and start.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/windows/program.hpp"

namespace curfew::windows {

class Commands {
 public:
  explicit Commands(std::string_view json);

  void start();
  // Ends every program that runs.
  void stop() noexcept { stopping_.set(); }

  [[nodiscard]] bool carries_out(plugin::Step step) const { return steps_.contains(step); }
  [[nodiscard]] plugin::Answer act(const plugin::Action& action);

 private:
  std::vector<std::string> allowed_;
  std::string user_;
  std::chrono::milliseconds time_ = std::chrono::seconds(20);
  std::map<plugin::Step, std::vector<std::string>> steps_;
  bool started_ = false;
  StopSignal stopping_;
};

}  // namespace curfew::windows
