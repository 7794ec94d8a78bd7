#include <signal.h>

#include <algorithm>
#include <array>

#include "core/base/duration_words.hpp"
#include "core/base/error.hpp"
#include "core/connector/bridge.hpp"
#include "core/connector/quarantine.hpp"
#include "core/connector/source_calls.hpp"

namespace curfew::connector {
namespace {

constexpr Duration poll_length{std::chrono::seconds(1)};
constexpr Duration idle_pause{std::chrono::milliseconds(50)};
constexpr Duration first_back_off{std::chrono::seconds(1)};
constexpr Duration longest_back_off{std::chrono::minutes(1)};

Time wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

std::string seconds_text(Source::Clock::duration duration) {
  return base::exactly_in_words(std::chrono::duration_cast<std::chrono::seconds>(duration));
}

// A plugin that overflows its stack must not take the handler's with it.
class SignalStack {
 public:
  SignalStack() : memory_(64U << 10U) {
    stack_t stack{};
    stack.ss_sp = memory_.data();
    stack.ss_size = memory_.size();
    sigaltstack(&stack, nullptr);
  }
  ~SignalStack() {
    stack_t stack{};
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  std::vector<char> memory_;
};

curfew_error empty_error() {
  curfew_error error{};
  error.struct_size = sizeof(error);
  return error;
}

}  // namespace

std::string_view name_of(Call call) noexcept {
  static constexpr std::array<std::string_view, 13> names{
      "none",    "create",     "start",           "poll", "wake",
      "act",     "prove",      "list_sessions",   "http", "stop",
      "destroy", "introspect", "revoke_presented"};
  const auto index = static_cast<std::size_t>(call);
  return index < names.size() ? names[index] : std::string_view{};
}

Source::Source(SourceSettings settings, SourceMemory memory, Plugin plugin, Context context)
    : settings_(std::move(settings)),
      memory_(std::move(memory)),
      plugin_(std::move(plugin)),
      context_(std::move(context)),
      slot_(context_.state_directory, settings_.name),
      host_(Callbacks::table(*this)) {
  slot_.watch_code_of(reinterpret_cast<const void*>(plugin_.api->create));
}

Source::~Source() = default;

void Source::start() {
  std::unique_lock lock(mutex_);
  thread_ = std::thread([self = shared_from_this()] { self->run(); });
  changed_.wait(lock, [&] { return first_try_over_ || abandoned_ || ended_; });
}

void Source::run() {
  const SignalStack stack;
  try {
    Duration back_off = first_back_off;
    while (!stopping_) {
      const bool started = create_and_start();
      {
        const std::lock_guard lock(mutex_);
        if (abandoned_) return;
        usable_ = started && !stopping_;
        first_try_over_ = true;
        changed_.notify_all();
      }
      if (started) {
        up();
        poll_until_stopped();
      }
      end_instance();
      if (started || settings_.recorded) break;
      wait_for(back_off);
      back_off = std::min(back_off * 2, longest_back_off);
    }
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;
    if (!quarantined_) slot_.close();
  } catch (const std::exception& exception) {
    // The listener or the disk failed: the source is down, and whoever reads the log is told why.
    try {
      fail(std::string("the source's thread ended: ") + exception.what());
    } catch (const std::exception&) {
      context_.metrics.counter(metrics::source_call_errors, {settings_.name, "none"}).add();
    }
  }
  context_.metrics.gauge(metrics::source_up, {settings_.name}).set(0);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  usable_ = false;
  changed_.notify_all();
}

bool Source::create_and_start() {
  const curfew_create_args args{sizeof(curfew_create_args),
                                (settings_.recorded ? CURFEW_CREATE_RECORDED : 0) |
                                    (settings_.event_time ? CURFEW_CREATE_EVENT_TIME : 0),
                                bridge::bytes_of(settings_.name), bridge::bytes_of(settings_.config),
                                bridge::bytes_of(settings_.digest_key)};
  for (const Call call : {Call::Create, Call::Start}) {
    curfew_error error = empty_error();
    std::int32_t code = CURFEW_FAILED;
    void* instance = nullptr;
    const bool came_back = watched(call, settings_.call_limit, [&] {
      code = call == Call::Create ? plugin_.api->create(&host_, &args, &instance, &error)
                                  : plugin_.api->start(instance_, &error);
    });
    if (!came_back) return false;
    code = checked_code(call, code, error);
    if (call == Call::Create) {
      const std::lock_guard lock(mutex_);
      instance_ = code == CURFEW_OK ? instance : nullptr;
    }
    if (code == CURFEW_OK && instance_ == nullptr) {
      code = CURFEW_FAILED;
      error = empty_error();
    }
    if (code != CURFEW_OK) {
      const std::string text = bridge::read_error(error);
      fail(std::string(name_of(call)) + " failed: " + (text.empty() ? "the plugin gave no reason" : text));
      return false;
    }
  }
  return true;
}

void Source::poll_until_stopped() {
  Duration back_off = first_back_off;
  while (!stopping_ && plugin_.api->poll != nullptr) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !paused_ || stopping_; });
    }
    if (stopping_) break;
    curfew_error error = empty_error();
    std::int32_t code = CURFEW_FAILED;
    const auto begun = Clock::now();
    const Time deadline = wall_clock() + poll_length;
    const bool came_back = watched(Call::Poll, poll_length + settings_.call_limit, [&] {
      code = plugin_.api->poll(instance_, base::to_micros(deadline), &error);
    });
    if (!came_back) return;
    switch (checked_code(Call::Poll, code, error)) {
      case CURFEW_OK:
        up();
        break;
      case CURFEW_AGAIN:
        up();
        // A plugin that does not wait inside would spin.
        if (Clock::now() - begun < idle_pause) wait_for(idle_pause);
        break;
      case CURFEW_FINISHED:
        if (!stopping_) context_.listener.changed(settings_.name, "finished", "all of its input was read");
        wait_for(Duration::max());
        return;
      case CURFEW_STOPPING:
        break;
      default: {
        const std::string text = bridge::read_error(error);
        fail("poll failed: " + (text.empty() ? "the plugin gave no reason" : text));
        if (settings_.recorded) {
          wait_for(Duration::max());
          return;
        }
        wait_for(back_off);
        back_off = std::min(back_off * 2, longest_back_off);
        continue;
      }
    }
    back_off = first_back_off;
  }
  wait_for(Duration::max());
}

// Nobody else is inside of the plugin when it is destroyed; if somebody can't be got out, it never is.
void Source::end_instance() {
  const bool was_started = [&] {
    std::unique_lock lock(mutex_);
    const bool usable = usable_;
    usable_ = false;
    changed_.wait(lock, [&] { return in_flight_.empty() || abandoned_; });
    return usable;
  }();
  {
    const std::lock_guard lock(mutex_);
    if (instance_ == nullptr || abandoned_) return;
  }
  if (was_started) {
    curfew_error error = empty_error();
    std::int32_t code = CURFEW_FAILED;
    if (!watched(Call::Stop, settings_.call_limit, [&] { code = plugin_.api->stop(instance_, &error); }))
      return;
    if (checked_code(Call::Stop, code, error) != CURFEW_OK) {
      context_.listener.logged(settings_.name, CURFEW_LOG_WARNING,
                               "stop failed: " + bridge::read_error(error));
    }
  }
  if (watched(Call::Destroy, settings_.call_limit, [&] { plugin_.api->destroy(instance_); })) {
    const std::lock_guard lock(mutex_);
    instance_ = nullptr;
  }
}

void Source::wait_for(Duration patience) {
  std::unique_lock lock(mutex_);
  const auto over = [&] { return stopping_.load() || abandoned_; };
  if (patience == Duration::max()) {
    changed_.wait(lock, over);
  } else {
    changed_.wait_for(lock, patience, over);
  }
}

void Source::up() {
  {
    const std::lock_guard lock(mutex_);
    if (last_failure_ == "up") return;
    last_failure_ = "up";
  }
  context_.metrics.gauge(metrics::source_up, {settings_.name}).set(1);
  context_.listener.changed(settings_.name, "up", plugin_.info.name + " " + plugin_.info.version + " runs");
}

// The same failure again is counted, and not told again.
void Source::fail(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (last_failure_ == text) return;
    last_failure_ = text;
  }
  context_.metrics.gauge(metrics::source_up, {settings_.name}).set(0);
  context_.listener.changed(settings_.name, "failed", text);
}

void Source::request_stop() {
  bool can_wake = false;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    can_wake = usable_ && instance_ != nullptr;
    changed_.notify_all();
  }
  if (can_wake) wake();
}

void Source::want_gate_keys() {
  gate_keys_wanted_ = true;
  bool can_wake = false;
  {
    const std::lock_guard lock(mutex_);
    can_wake = usable_ && instance_ != nullptr && !stopping_;
  }
  if (can_wake) wake();
}

void Source::wake() {
  std::string why;
  // Late or not, the watchdog looks after it.
  static_cast<void>(aside(
      Call::Wake, settings_.call_limit,
      [self = shared_from_this()] { self->plugin_.api->wake(self->instance_); }, why));
}

void Source::await_end() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || abandoned_ || !thread_.joinable(); });
    if (abandoned_ && !ended_ && thread_.joinable()) {
      thread_.detach();
      return;
    }
  }
  if (thread_.joinable()) thread_.join();
}

void Source::pause(bool paused) {
  const std::lock_guard lock(mutex_);
  paused_ = paused;
  changed_.notify_all();
}

void Source::watch(Clock::time_point now) {
  std::string reason;
  {
    const std::lock_guard lock(mutex_);
    for (InFlight& call : in_flight_) {
      if (call.abandoned || now - call.alive.load() <= call.limit) continue;
      call.abandoned = true;
      abandoned_ = true;
      stopping_ = true;
      usable_ = false;
      context_.metrics.counter(metrics::source_calls_abandoned, {settings_.name, name_of(call.call)}).add();
      reason = "its call of " + std::string(name_of(call.call)) + " did not come back within " +
               seconds_text(call.limit);
      changed_.notify_all();
    }
  }
  if (!reason.empty()) quarantine(reason);
}

void Source::quarantine(const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (quarantined_) return;
    quarantined_ = true;
    stopping_ = true;
    changed_.notify_all();
  }
  const quarantine::Record record{settings_.name, plugin_.info.path, plugin_.info.sha256, reason,
                                  wall_clock()};
  context_.metrics.gauge(metrics::source_up, {settings_.name}).set(0);
  context_.metrics.gauge(metrics::source_quarantined, {settings_.name}).set(1);
  std::string text = quarantine::text_of(record);
  try {
    quarantine::put(context_.state_directory, record);
    slot_.close();  // what the abandoned call does from here on adds nothing
  } catch (const Error& error) {
    text += std::string(" (and the record could not be kept, so that the next start tries it again: ") +
            error.what() + ")";
  }
  context_.listener.changed(settings_.name, "quarantined", text);
}

std::int32_t Source::checked_code(Call call, std::int32_t code, curfew_error& error) const {
  if (code == CURFEW_OK) return code;
  const bool expected = call == Call::Poll && (code == CURFEW_AGAIN || code == CURFEW_FINISHED);
  if (expected || code == CURFEW_STOPPING) return code;
  context_.metrics.counter(metrics::source_call_errors, {settings_.name, name_of(call)}).add();
  if (code >= CURFEW_INVALID && code <= CURFEW_FAILED && code != CURFEW_FINISHED) return code;
  const std::string text =
      "it returned the code " + std::to_string(code) + ", which is none of the contract's";
  error = empty_error();
  error.text_size = static_cast<std::uint32_t>(std::min<std::size_t>(text.size(), sizeof(error.text)));
  std::copy_n(text.data(), error.text_size, error.text);
  return CURFEW_FAILED;
}

}  // namespace curfew::connector
