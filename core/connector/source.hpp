// One source: an instance of a plugin on a thread of its own, every call into it watched.
//
//   auto source = std::make_shared<Source>(settings, memory, plugin, context);
//   source->start();                 // returns when the first create and start came back, or were given up
//   source->act(action);             // from any thread, with a deadline
//   source->stop();
//
// The runner's life: create, start, poll until stopped, stop, destroy; after a failed create or start it
// destroys, waits and tries again. A call that does not come back within its limit is abandoned: its thread
// stays behind, nothing more is taken from it, and the source is quarantined.
//
// Threads: start and stop from one; everything else from any; watch() from the host's watchdog. Owns: the
// plugin's instance, its slot, and the threads that run inside of it; whoever runs in it holds it alive.
// Fails: Error(Unavailable) when the crash slot can't be made.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/connector/crash_slot.hpp"
#include "core/connector/host.hpp"
#include "core/connector/plugin.hpp"
#include "core/metrics/registry.hpp"
#include "curfew/plugin/abi.h"

namespace curfew::connector {

enum class Call : std::uint32_t {
  None,
  Create,
  Start,
  Poll,
  Wake,
  Act,
  Prove,
  List,
  Http,
  Stop,
  Destroy,
  Introspect,
  RevokePresented
};
[[nodiscard]] std::string_view name_of(Call call) noexcept;

class Source : public std::enable_shared_from_this<Source> {
 public:
  using Clock = std::chrono::steady_clock;

  struct Context {
    Listener& listener;
    metrics::Registry& metrics;
    std::string state_directory;
  };

  Source(SourceSettings settings, SourceMemory memory, Plugin plugin, Context context);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] const SourceSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] const PluginInfo& info() const noexcept { return plugin_.info; }
  // The crash that ended the last run within this source's plugin.
  [[nodiscard]] std::optional<CrashSlot::Crash> crash_of_last_run() const noexcept {
    return slot_.crash_of_last_run();
  }

  void start();
  void request_stop();
  void await_end();
  void pause(bool paused);
  // The plugin is told that the gate wants newer keys, and its poll is woken for it.
  void want_gate_keys();
  // Abandons what is past its limit.
  void watch(Clock::time_point now);
  // Records why, tells the listener, ends the source.
  void quarantine(const std::string& reason);

  Answer act(const model::RunStep& step, std::string_view handle,
             const std::vector<model::NamedValue>& identifiers);
  // `ordered_at`: when an order first acted on the session; epoch: none did.
  model::Liveness prove(const model::SessionDigest& session, std::string_view handle,
                        const std::vector<model::NamedValue>& identifiers, Time ordered_at, Duration limit,
                        std::string& text);
  std::optional<std::vector<ListedSession>> list_sessions(Duration limit, std::string& text);
  model::IntrospectedToken introspect(std::string_view token, Duration limit, std::string& text);
  Answer revoke_presented(std::string_view token, Duration limit);
  std::optional<HttpAnswer> http(std::string_view method, std::string_view path, std::string_view query,
                                 std::string_view body,
                                 const std::vector<std::pair<std::string, std::string>>& headers);

 private:
  struct InFlight;
  struct Scope;
  struct Callbacks;
  struct Request;
  struct Presented;
  friend struct Callbacks;

  // ---- the runner (source_runner.cpp) ----
  void run();
  bool create_and_start();
  void poll_until_stopped();
  void end_instance();
  void wait_for(Duration patience);
  void fail(const std::string& text);
  void up();

  void wake();

  // ---- calls ----
  // Runs `work` inside of the plugin, watched, on this thread. False: it was abandoned meanwhile.
  bool watched(Call call, Duration limit, const std::function<void()>& work);
  // The same on a thread of its own, which may outlive the caller: `work` owns what it touches. The plugin is
  // given `limit`, and its usual limit more before it is abandoned.
  enum class Came { Back, Late, NotRun };
  Came aside(Call call, Duration limit, std::function<void()> work, std::string& why);
  bool inside(std::list<InFlight>::iterator entry, const std::function<void()>& work);
  [[nodiscard]] std::int32_t checked_code(Call call, std::int32_t code, curfew_error& error) const;
  void invalid(std::string_view call, const std::string& why);

  const SourceSettings settings_;
  const SourceMemory memory_;
  const Plugin plugin_;
  const Context context_;
  CrashSlot slot_;
  curfew_host host_{};
  std::string digest_key_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<InFlight> in_flight_;
  std::uint64_t busy_ = 0;  // bits by Call: kinds that may not run twice
  void* instance_ = nullptr;
  bool usable_ = false;  // started, and not stopping
  bool first_try_over_ = false;
  bool ended_ = false;
  std::atomic<bool> abandoned_{false};  // once true, nothing of `context_` is touched any more
  bool quarantined_ = false;
  bool paused_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> gate_keys_wanted_{false};
  std::string last_failure_;
  std::thread thread_;

  // The plugin's log lines: a bucket of a hundred, twenty a second.
  double log_tokens_ = 100;
  Clock::time_point log_filled_ = Clock::now();
  Clock::time_point invalid_logged_{};
};

}  // namespace curfew::connector
