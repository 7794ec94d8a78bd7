// A source that takes pushes: requests come in on any thread, what they bring is judged and told within poll.
//
//   PushedSource pushed(host, settings, is_by_event_time, emit);
//   pushed.start();
//   pushed.poll(deadline);   pushed.http(request);   pushed.wake();
//
// A request's records are kept by the host before the request is answered, until their findings are told: so
// an answered record is never lost, and one that was not answered may come again.
//
// Threads: start and poll on one; http and wake on any. Owns: what waits. Fails: http throws plugin::Failure
// when the host keeps nothing now; the host answers 503 then.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "curfew/plugin/connector.hpp"
#include "plugins/files/recorded_poll.hpp"
#include "plugins/windows/push/push_http.hpp"
#include "plugins/windows/push/push_intake.hpp"
#include "plugins/windows/push/pushed_history.hpp"
#include "plugins/windows/push/pushed_live.hpp"
#include "plugins/windows/settings.hpp"

namespace curfew::windows {

class PushedSource {
 public:
  // False: the host wants to stop.
  using Emit = std::function<bool(const Finding&)>;

  PushedSource(plugin::Host& host, const ConnectorSettings& settings, bool is_by_event_time, Emit emit);

  void start();
  [[nodiscard]] plugin::Poll poll(Time deadline);
  [[nodiscard]] plugin::HttpAnswer http(const plugin::HttpRequest& request);
  void wake() noexcept { waker_.wake(); }

 private:
  [[nodiscard]] bool step();
  [[nodiscard]] bool step_live(Time now);
  [[nodiscard]] bool step_history(Time now);
  [[nodiscard]] bool settle_up(const std::map<std::string, std::string>& changes, const JudgedTexts& judged,
                               const PushCounts& counts, Time judged_until, bool always);
  [[nodiscard]] std::string coverage() const;

  plugin::Host& host_;
  Emit emit_;
  PushIntake intake_;
  std::optional<PushedLive> live_;
  std::optional<PushedHistory> history_;
  files::Outbox<Finding> outbox_;
  plugin::Waker waker_;
  Time told_until_{};
  Time told_at_{};
  Time coverage_at_{};
};

}  // namespace curfew::windows
