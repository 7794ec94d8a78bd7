#include <algorithm>

#include "core/connector/bridge.hpp"
#include "core/connector/source_calls.hpp"

namespace curfew::connector {

constinit thread_local Source::Scope* Source::Scope::current = nullptr;

namespace {

constexpr std::size_t longest_log_line = 2048;
constexpr std::size_t most_listed = 10'000'000;

// Exceptions of the core end here, and a crash of the core isn't the plugin's.
template <typename Work>
std::int32_t in_core(Work work) noexcept {
  const CrashSlot::Call nobody(nullptr, 0);
  try {
    return work();
  } catch (...) {
    // The listener failed (the pipeline is going down): the plugin keeps its record and comes again.
    return CURFEW_AGAIN;
  }
}

std::int32_t code_of(Taken taken) {
  switch (taken) {
    case Taken::Yes:
      return CURFEW_OK;
    case Taken::Full:
      return CURFEW_AGAIN;
    case Taken::Refused:
      return CURFEW_REFUSED;
  }
  return CURFEW_INVALID;
}

}  // namespace

curfew_host Source::Callbacks::table(Source& source) {
  // The scope of this thread, if it may emit: the thread of poll, or one within http.
  static constexpr auto emitting = [](void* context) -> Scope* {
    Scope* const scope = Scope::current;
    if (scope == nullptr || scope->source != context) return nullptr;
    switch (scope->in_flight->call) {
      case Call::Create:
      case Call::Start:
      case Call::Poll:
      case Call::Http:
      case Call::Stop:
        return scope;
      default:
        return nullptr;
    }
  };
  static constexpr auto starting = [](void* context) {
    const Scope* const scope = Scope::current;
    return scope != nullptr && scope->source == context &&
           (scope->in_flight->call == Call::Create || scope->in_flight->call == Call::Start);
  };
  // What emit, progress and remember have in common.
  static constexpr auto take = [](void* context, std::string_view name, auto&& read_and_give) {
    auto& self = *static_cast<Source*>(context);
    return in_core([&]() -> std::int32_t {
      Scope* const scope = emitting(context);
      if (scope == nullptr) {
        self.invalid(name, "it was called from a thread that is neither within poll nor within http");
        return CURFEW_INVALID;
      }
      scope->in_flight->alive.store(Clock::now());
      Request* const request = scope->request;
      if (self.stopping_ || (request != nullptr && Clock::now() > request->deadline)) {
        if (request != nullptr) request->complete = false;
        return CURFEW_STOPPING;
      }
      std::string why;
      const std::optional<Taken> taken = read_and_give(self, why);
      if (!taken) {
        self.invalid(name, why);
        return CURFEW_INVALID;
      }
      if (*taken == Taken::Full) {
        self.context_.metrics.counter(metrics::source_pushed_back, {self.settings_.name}).add();
      }
      if (request != nullptr && *taken != Taken::Refused) request->complete = *taken == Taken::Yes;
      return code_of(*taken);
    });
  };

  curfew_host host{};
  host.struct_size = sizeof(host);
  host.abi_version = CURFEW_ABI_VERSION;
  host.context = &source;
  host.emit = [](void* context, const curfew_observation* raw) -> std::int32_t {
    return take(context, "emit", [&](Source& self, std::string& why) -> std::optional<Taken> {
      auto observation = bridge::read(raw, why);
      if (!observation) return std::nullopt;
      return self.context_.listener.observed(self.settings_.name, std::move(*observation));
    });
  };
  host.progress = [](void* context, const curfew_progress* raw) -> std::int32_t {
    return take(context, "progress", [&](Source& self, std::string& why) -> std::optional<Taken> {
      const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
      auto progress = bridge::read(raw, now, why);
      if (!progress) return std::nullopt;
      return self.context_.listener.progressed(self.settings_.name, std::move(*progress));
    });
  };
  host.remember = [](void* context, curfew_bytes key, curfew_bytes value,
                     std::int64_t expires_at) -> std::int32_t {
    return take(context, "remember", [&](Source& self, std::string& why) -> std::optional<Taken> {
      const auto memory = bridge::read_memory(key, value, expires_at, why);
      if (!memory) return std::nullopt;
      return self.context_.listener.remembered(self.settings_.name, memory->key, memory->value,
                                               memory->expires_at);
    });
  };
  host.group = [](void* context, const curfew_group* raw) -> std::int32_t {
    return take(context, "group", [&](Source& self, std::string& why) -> std::optional<Taken> {
      auto told = bridge::read(raw, &self.settings_.groups, why);
      if (!told) return std::nullopt;
      return self.context_.listener.grouped(self.settings_.name, std::move(*told));
    });
  };
  host.await_durable = [](void* context, std::int64_t deadline) -> std::int32_t {
    return in_core([&]() -> std::int32_t {
      auto& self = *static_cast<Source*>(context);
      Scope* const scope = Scope::current;
      if (scope == nullptr || scope->source != context || scope->in_flight->call != Call::Poll) {
        self.invalid("await_durable", "it is only for poll");
        return CURFEW_INVALID;
      }
      if (self.stopping_) return CURFEW_STOPPING;
      const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
      const Duration patience =
          std::clamp(Time{Duration{deadline}} - now, Duration{}, Duration{self.settings_.call_limit});
      const bool durable = self.context_.listener.await_durable(self.settings_.name, patience);
      scope->in_flight->alive.store(Clock::now());
      return durable ? CURFEW_OK : self.stopping_ ? CURFEW_STOPPING : CURFEW_AGAIN;
    });
  };
  static constexpr auto give = [](void* context, curfew_bytes name, std::size_t longest,
                                  const std::vector<std::pair<std::string, std::string>>& known,
                                  const curfew_sink* sink) -> std::int32_t {
    auto& self = *static_cast<Source*>(context);
    if (!starting(context) || sink == nullptr || sink->put == nullptr) {
      self.invalid("recall", "it is only for create and start, with a sink");
      return CURFEW_INVALID;
    }
    const std::string wanted = bridge::read_name(name, longest);
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const auto& pair) { return pair.first == wanted; });
    if (wanted.empty() || found == known.end()) return CURFEW_NOT_FOUND;
    sink->put(sink->context, bridge::bytes_of(found->second));
    return CURFEW_OK;
  };
  host.recall = [](void* context, curfew_bytes key, const curfew_sink* sink) -> std::int32_t {
    const auto& self = *static_cast<Source*>(context);
    return give(context, key, CURFEW_MAX_MEMORY_KEY, self.memory_.remembered, sink);
  };
  host.cursor = [](void* context, curfew_bytes name, const curfew_sink* sink) -> std::int32_t {
    const auto& self = *static_cast<Source*>(context);
    return give(context, name, CURFEW_MAX_CURSOR_NAME, self.memory_.cursors, sink);
  };
  host.recall_all = [](void* context, const curfew_sink* sink) -> std::int32_t {
    auto& self = *static_cast<Source*>(context);
    if (!starting(context) || sink == nullptr || sink->put == nullptr) {
      self.invalid("recall_all", "it is only for create and start, with a sink");
      return CURFEW_INVALID;
    }
    for (const auto& [key, value] : self.memory_.remembered) {
      sink->put(sink->context, bridge::bytes_of(key));
      sink->put(sink->context, bridge::bytes_of(value));
    }
    return CURFEW_OK;
  };
  host.coverage = [](void* context, curfew_bytes json) -> std::int32_t {
    return in_core([&]() -> std::int32_t {
      auto& self = *static_cast<Source*>(context);
      std::string why;
      const auto text = bridge::read_coverage(json, why);
      if (self.abandoned_) return CURFEW_STOPPING;
      if (!text) {
        self.invalid("coverage", why);
        return CURFEW_INVALID;
      }
      self.context_.listener.covered(self.settings_.name, *text);
      return CURFEW_OK;
    });
  };
  host.gate_rules = [](void* context, curfew_bytes json) -> std::int32_t {
    return in_core([&]() -> std::int32_t {
      auto& self = *static_cast<Source*>(context);
      if (self.abandoned_) return CURFEW_STOPPING;
      std::string why;
      const auto text = bridge::read_gate_rules(json, why);
      if (!text) {
        self.invalid("gate_rules", why);
        return CURFEW_INVALID;
      }
      self.context_.listener.gate_rules(self.settings_.name, *text);
      return CURFEW_OK;
    });
  };
  host.gate_keys = [](void* context, curfew_bytes jwks) -> std::int32_t {
    return in_core([&]() -> std::int32_t {
      auto& self = *static_cast<Source*>(context);
      if (self.abandoned_) return CURFEW_STOPPING;
      std::string why;
      const auto text = bridge::read_gate_keys(jwks, why);
      if (!text) {
        self.invalid("gate_keys", why);
        return CURFEW_INVALID;
      }
      self.context_.listener.gate_keys(self.settings_.name, *text);
      return CURFEW_OK;
    });
  };
  host.gate_keys_wanted = [](void* context) -> std::int32_t {
    return static_cast<Source*>(context)->gate_keys_wanted_.exchange(false) ? CURFEW_OK : CURFEW_NOT_FOUND;
  };
  host.log = [](void* context, std::uint32_t level, curfew_bytes text) {
    in_core([&]() -> std::int32_t {
      auto& self = *static_cast<Source*>(context);
      if (self.abandoned_) return CURFEW_STOPPING;
      {
        const std::lock_guard lock(self.mutex_);
        const auto now = Clock::now();
        const double seconds = std::chrono::duration<double>(now - self.log_filled_).count();
        self.log_tokens_ = std::min(100.0, self.log_tokens_ + 20 * seconds);
        self.log_filled_ = now;
        if (self.log_tokens_ < 1) {
          self.context_.metrics.counter(metrics::source_log_dropped, {self.settings_.name}).add();
          return CURFEW_OK;
        }
        self.log_tokens_ -= 1;
      }
      self.context_.listener.logged(self.settings_.name, std::min(level, CURFEW_LOG_ERROR),
                                    bridge::read_text(text, longest_log_line));
      return CURFEW_OK;
    });
  };
  host.now = [](void*) -> std::int64_t {
    return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  host.list = [](void* context, const curfew_listed_session* raw) -> std::int32_t {
    return in_core([&]() -> std::int32_t {
      auto& self = *static_cast<Source*>(context);
      const Scope* const scope = Scope::current;
      if (scope == nullptr || scope->source != context || scope->listed == nullptr) {
        self.invalid("list", "it was called outside of list_sessions");
        return CURFEW_INVALID;
      }
      std::string why;
      auto session = bridge::read(raw, why);
      if (!session || scope->listed->size() >= most_listed) {
        self.invalid("list", session ? "more sessions than the host can take" : why);
        return CURFEW_INVALID;
      }
      scope->listed->push_back(std::move(*session));
      return CURFEW_OK;
    });
  };
  return host;
}

void Source::invalid(std::string_view call, const std::string& why) {
  if (abandoned_) return;
  context_.metrics.counter(metrics::source_invalid, {settings_.name, call}).add();
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    // One line a minute tells as much as a million.
    if (invalid_logged_ != Clock::time_point{} && now - invalid_logged_ < std::chrono::minutes(1)) return;
    invalid_logged_ = now;
  }
  context_.listener.logged(settings_.name, CURFEW_LOG_WARNING,
                           "the plugin's call of " + std::string(call) + " was refused: " + why +
                               "; curfew_source_invalid_total counts such calls");
}

}  // namespace curfew::connector
