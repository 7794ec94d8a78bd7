#include "plugins/replay/replies.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

namespace curfew::replay {

void Replies::use(std::vector<Rule> rules) {
  const std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
}

Rule Replies::next(std::string_view occasion, const std::string& session) {
  const std::lock_guard lock(mutex_);
  for (Rule& rule : rules_) {
    const bool fits = rule.on == occasion || (rule.on == "*" && occasion != "prove");
    if (!fits || rule.times == 0 || (!rule.session.empty() && rule.session != session)) continue;
    if (rule.times > 0) --rule.times;
    return rule;
  }
  return {};
}

void Replies::delay(const Rule& rule) {
  if (rule.reply == Reply::Hang) hang();
  if (rule.reply == Reply::Die) std::abort();
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, rule.delay, [&] { return stopping_; });
}

void Replies::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stopped_.notify_all();
}

void hang() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

}  // namespace curfew::replay
