#include "core/connector/host.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "core/base/error.hpp"
#include "core/connector/plugin.hpp"
#include "core/connector/quarantine.hpp"
#include "core/connector/source.hpp"
#include "core/connector/trial.hpp"
#include "core/metrics/registry.hpp"

namespace curfew::connector {
namespace {

constexpr auto watch_period = std::chrono::milliseconds(100);

// The name becomes a file's name.
void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 64 || name[0] == '.' || !std::all_of(name.begin(), name.end(), allowed)) {
    throw Error(
        ErrorKind::Configuration,
        "source '" + name + "': a name has 1 to 64 letters, digits, '-', '_' or '.', and begins with no dot");
  }
}

std::string text_of(const CrashSlot::Crash& crash) {
  const auto call = static_cast<Call>(crash.call);
  const std::string where =
      call == Call::None ? "on a thread of its own" : "in " + std::string(name_of(call));
  if (crash.signal == 0) return "it ended Curfew's process by exit() or the like " + where;
  if (crash.signal == SIGKILL) return "it killed Curfew's process " + where;
  return "it crashed " + where + " with signal " + std::to_string(crash.signal) + " (" +
         strsignal(crash.signal) + ") and took Curfew with it";
}

// A source that is made or started is the only one in such a call: one by one they begin. Three times is no
// chance.
constexpr std::uint32_t most_unexplained_beginnings = 3;
constexpr std::uint32_t beginnings =
    1U << static_cast<std::uint32_t>(Call::Create) | 1U << static_cast<std::uint32_t>(Call::Start);

std::string text_of(const CrashSlot::Unexplained& end) {
  std::string calls;
  for (std::uint32_t call = 0; call < 32; ++call) {
    if ((end.calls >> call & 1U) == 0) continue;
    calls += (calls.empty() ? "" : " and ") + std::string(name_of(static_cast<Call>(call)));
  }
  return "Curfew ended " + std::to_string(end.times) +
         " times in a row, and left no word of why, while it was in " + calls;
}

}  // namespace

struct Host::State {
  State(std::string path, Listener& to, metrics::Registry* given)
      : directory(std::move(path)), listener(to), metrics(given == nullptr ? own_metrics : *given) {}

  std::shared_ptr<Source> find(std::string_view name) {
    const std::shared_lock lock(mutex);
    const auto found = sources.find(name);
    return found == sources.end() ? nullptr : found->second;
  }

  void watch() {
    std::unique_lock lock(watch_mutex);
    while (!watch_over.wait_for(lock, watch_period, [&] { return watch_ends; })) {
      lock.unlock();
      std::vector<std::shared_ptr<Source>> all;
      {
        const std::shared_lock sources_lock(mutex);
        for (const auto& [name, source] : sources) all.push_back(source);
      }
      for (const auto& source : all) source->watch(Source::Clock::now());
      lock.lock();
    }
  }

  const std::string directory;
  Listener& listener;
  metrics::Registry own_metrics;
  metrics::Registry& metrics;
  mutable std::shared_mutex mutex;
  std::map<std::string, std::shared_ptr<Source>, std::less<>> sources;
  std::map<std::string, Plugin> plugins;
  std::mutex watch_mutex;
  std::condition_variable watch_over;
  bool watch_ends = false;
  std::thread watchdog;
};

Host::Host(std::string state_directory, Listener& listener, metrics::Registry* metrics)
    : state_(std::make_unique<State>(std::move(state_directory), listener, metrics)) {
  std::error_code failure;
  std::filesystem::create_directories(state_->directory, failure);
  if (failure) {
    throw Error(ErrorKind::Unavailable, state_->directory + ": can't be made: " + failure.message() +
                                            "; Curfew keeps crash slots and quarantines there");
  }
  state_->watchdog = std::thread([state = state_.get()] { state->watch(); });
}

Host::~Host() {
  stop();
  {
    const std::lock_guard lock(state_->watch_mutex);
    state_->watch_ends = true;
  }
  state_->watch_over.notify_all();
  state_->watchdog.join();
}

PluginInfo Host::describe(const std::string& path) { return Plugin::load(path).info; }

void Host::probe(const SourceSettings& settings) {
  const Trial trial = try_plugin(settings, TrialDepth::StartAndStop);
  if (trial.faults.empty()) return;
  std::string all;
  for (const std::string& fault : trial.faults) all += (all.empty() ? "" : "; also: ") + fault;
  throw Error(ErrorKind::Configuration,
              "source '" + settings.name + "': plugin " + settings.plugin + ": " + all);
}

void Host::add(const SourceSettings& settings, SourceMemory memory) {
  check_name(settings.name);
  if (settings.digest_key.size() != 32) {
    throw Error(ErrorKind::Internal, "source '" + settings.name + "': its digest key must have 32 bytes");
  }
  {
    const std::shared_lock lock(state_->mutex);
    if (state_->sources.contains(settings.name)) {
      throw Error(ErrorKind::Configuration, "source '" + settings.name + "' is there twice");
    }
  }
  const auto report_quarantine = [&](const quarantine::Record& record) {
    state_->metrics.gauge(metrics::source_up, {settings.name}).set(0);
    state_->metrics.gauge(metrics::source_quarantined, {settings.name}).set(1);
    state_->listener.changed(settings.name, "quarantined", quarantine::text_of(record));
  };
  if (const auto record = quarantine::find(state_->directory, settings.name)) {
    report_quarantine(*record);
    return;
  }
  {
    // Before anything of the plugin runs again.
    CrashSlot slot(state_->directory, settings.name);
    std::string reason;
    if (const auto crash = slot.crash_of_last_run()) {
      reason = text_of(*crash);
    } else if (const auto end = slot.unexplained_end_of_last_run()) {
      if ((end->calls & beginnings) != 0 && end->times >= most_unexplained_beginnings) {
        reason = text_of(*end);
      } else if (end->times > 1) {
        state_->listener.logged(
            settings.name, CURFEW_LOG_WARNING,
            text_of(*end) +
                ". Killed from outside, out of memory, a power cut; or the plugin ended it in "
                "a way that can't be seen. If it comes again, try it without this source");
      }
    }
    if (!reason.empty()) {
      const quarantine::Record record{
          settings.name,
          settings.plugin,
          {},
          reason,
          std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())};
      quarantine::put(state_->directory, record);
      slot.close();
      report_quarantine(record);
      return;
    }
  }
  probe(settings);
  Plugin plugin = Plugin::load(settings.plugin);
  auto source =
      std::make_shared<Source>(settings, std::move(memory), plugin,
                               Source::Context{state_->listener, state_->metrics, state_->directory});
  state_->metrics.gauge(metrics::source_quarantined, {settings.name}).set(0);
  {
    const std::unique_lock lock(state_->mutex);
    state_->plugins.insert_or_assign(plugin.info.path, std::move(plugin));
    state_->sources.emplace(settings.name, source);
  }
  source->start();
}

void Host::stop() {
  std::vector<std::shared_ptr<Source>> all;
  {
    const std::shared_lock lock(state_->mutex);
    for (const auto& [name, source] : state_->sources) all.push_back(source);
  }
  for (const auto& source : all) source->request_stop();
  for (const auto& source : all) source->await_end();
}

void Host::pause(std::string_view source, bool paused) {
  if (const auto found = state_->find(source)) found->pause(paused);
}

void Host::want_gate_keys(std::string_view source) {
  if (const auto found = state_->find(source)) found->want_gate_keys();
}

Answer Host::act(const model::RunStep& step, std::string_view handle,
                 const std::vector<model::NamedValue>& identifiers) {
  const auto source = state_->find(step.source);
  if (!source) return {model::AnswerCode::Failed, "source '" + step.source + "' does not run"};
  Answer answer = source->act(step, handle, identifiers);
  state_->metrics
      .counter(metrics::steps, {step.source, model::name_of(step.action), model::name_of(answer.code)})
      .add();
  return answer;
}

model::Liveness Host::prove(const model::RunProbe& probe, const model::SessionDigest& session,
                            std::string_view handle, const std::vector<model::NamedValue>& identifiers,
                            std::string& text) {
  const auto source = state_->find(probe.source);
  if (!source) {
    text = "source '" + probe.source + "' does not run";
    return model::Liveness::Unknown;
  }
  const bool is_control = session != probe.session;
  const model::Liveness liveness = source->prove(
      session, handle, identifiers, is_control ? Time{} : probe.ordered_at, probe.deadline, text);
  state_->metrics.counter(metrics::probes, {probe.source, model::name_of(liveness)}).add();
  return liveness;
}

std::optional<std::vector<ListedSession>> Host::list_sessions(std::string_view source, Duration limit,
                                                              std::string& text) {
  const auto found = state_->find(source);
  if (!found) {
    text = "source '" + std::string(source) + "' does not run";
    return std::nullopt;
  }
  return found->list_sessions(limit, text);
}

model::IntrospectedToken Host::introspect(std::string_view source, std::string_view token, Duration limit,
                                          std::string& text) {
  const auto found = state_->find(source);
  if (!found) {
    text = "source '" + std::string(source) + "' does not run";
    return {};
  }
  model::IntrospectedToken said = found->introspect(token, limit, text);
  state_->metrics.counter(metrics::introspections, {std::string(source), model::name_of(said.state)}).add();
  return said;
}

Answer Host::revoke_presented(std::string_view source, std::string_view token, Duration limit) {
  const auto found = state_->find(source);
  Answer answer = found ? found->revoke_presented(token, limit)
                        : Answer{.code = model::AnswerCode::Failed,
                                 .text = "source '" + std::string(source) + "' does not run"};
  state_->metrics.counter(metrics::token_revocations, {std::string(source), model::name_of(answer.code)})
      .add();
  return answer;
}

std::optional<HttpAnswer> Host::http(std::string_view source, std::string_view method, std::string_view path,
                                     std::string_view query, std::string_view body,
                                     const std::vector<std::pair<std::string, std::string>>& headers) {
  const auto found = state_->find(source);
  if (!found) return std::nullopt;
  return found->http(method, path, query, body, headers);
}

std::vector<PluginInfo> Host::plugins() const {
  const std::shared_lock lock(state_->mutex);
  std::vector<PluginInfo> all;
  for (const auto& [path, plugin] : state_->plugins) all.push_back(plugin.info);
  return all;
}

bool Host::release_quarantine(const std::string& state_directory, std::string_view source) {
  check_name(std::string(source));
  return quarantine::release(state_directory, source);
}

}  // namespace curfew::connector
