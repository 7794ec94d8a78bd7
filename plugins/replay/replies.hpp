// What steps and probes are answered with: the script's rules, each as often as it says, and how long that
// takes.
//
//   Replies replies; replies.use(script.rules);
//   const Rule rule = replies.next("sign_out_session", session);   // the truth, where no rule fits
//   replies.delay(rule);                                           // a rule may also hang, or end the
//   process
//
// Threads: any. Owns: the rules. Fails: never.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/replay/script.hpp"

namespace curfew::replay {

class Replies {
 public:
  void use(std::vector<Rule> rules);
  [[nodiscard]] Rule next(std::string_view occasion, const std::string& session);
  void delay(const Rule& rule);
  // Ends every delay.
  void stop();

 private:
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::vector<Rule> rules_;
  bool stopping_ = false;
};

// For good, as a plugin may.
[[noreturn]] void hang();

}  // namespace curfew::replay
