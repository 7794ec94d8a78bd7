// The child's side of a trial: the plugin runs here, on the main thread, against a host that keeps nothing.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/connector/bridge.hpp"
#include "core/connector/plugin.hpp"
#include "core/connector/trial.hpp"

namespace curfew::connector {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_faults = 20;
constexpr auto poll_length = std::chrono::milliseconds(200);

class Report {
 public:
  explicit Report(int out) : out_(out) {}
  void stage(const std::string& name) { line("stage " + name); }
  void fault(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (++faults_ <= most_faults) write("fault " + text);
  }
  void note(const std::string& text) { line("note " + text); }
  void done() { line("done"); }

 private:
  void line(const std::string& text) {
    const std::lock_guard lock(mutex_);
    write(text);
  }
  void write(std::string text) {
    for (char& c : text) {
      if (c == '\n') c = ' ';
    }
    text += '\n';
    std::string_view rest = text;
    while (!rest.empty()) {
      const ssize_t put = ::write(out_, rest.data(), rest.size());
      if (put <= 0) _exit(1);  // nobody listens any more
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  const int out_;
  std::mutex mutex_;
  std::size_t faults_ = 0;
};

struct TrialHost {
  Report& report;
  std::vector<std::string> groups;
  bool any_group = false;  // no source's configuration says which
  bool polling = false;
};

Time wall_clock() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

template <typename Read>
std::int32_t judged(void* context, std::string_view call, Read read) {
  auto& host = *static_cast<TrialHost*>(context);
  std::string why;
  if (read(why)) return host.polling ? CURFEW_OK : CURFEW_STOPPING;
  host.report.fault("its call of " + std::string(call) + " breaks the contract: " + why);
  return CURFEW_INVALID;
}

curfew_host table(TrialHost& trial) {
  curfew_host host{};
  host.struct_size = sizeof(host);
  host.abi_version = CURFEW_ABI_VERSION;
  host.context = &trial;
  host.emit = [](void* context, const curfew_observation* raw) -> std::int32_t {
    return judged(context, "emit", [&](std::string& why) { return bridge::read(raw, why).has_value(); });
  };
  host.progress = [](void* context, const curfew_progress* raw) -> std::int32_t {
    return judged(context, "progress",
                  [&](std::string& why) { return bridge::read(raw, wall_clock(), why).has_value(); });
  };
  host.remember = [](void* context, curfew_bytes key, curfew_bytes value,
                     std::int64_t expires_at) -> std::int32_t {
    return judged(context, "remember", [&](std::string& why) {
      return bridge::read_memory(key, value, expires_at, why).has_value();
    });
  };
  host.group = [](void* context, const curfew_group* raw) -> std::int32_t {
    return judged(context, "group", [&](std::string& why) {
      const TrialHost& child = *static_cast<TrialHost*>(context);
      return bridge::read(raw, child.any_group ? nullptr : &child.groups, why).has_value();
    });
  };
  host.await_durable = [](void* context, std::int64_t) -> std::int32_t {
    return static_cast<TrialHost*>(context)->polling ? CURFEW_OK : CURFEW_STOPPING;
  };
  host.recall = [](void*, curfew_bytes, const curfew_sink*) -> std::int32_t { return CURFEW_NOT_FOUND; };
  host.cursor = [](void*, curfew_bytes, const curfew_sink*) -> std::int32_t { return CURFEW_NOT_FOUND; };
  host.recall_all = [](void*, const curfew_sink*) -> std::int32_t { return CURFEW_OK; };
  host.coverage = [](void* context, curfew_bytes json) -> std::int32_t {
    std::string why;
    if (bridge::read_coverage(json, why)) return CURFEW_OK;
    static_cast<TrialHost*>(context)->report.fault("its call of coverage breaks the contract: " + why);
    return CURFEW_INVALID;
  };
  host.gate_rules = [](void* context, curfew_bytes json) -> std::int32_t {
    std::string why;
    if (bridge::read_gate_rules(json, why)) return CURFEW_OK;
    static_cast<TrialHost*>(context)->report.fault("its call of gate_rules breaks the contract: " + why);
    return CURFEW_INVALID;
  };
  host.gate_keys = [](void* context, curfew_bytes jwks) -> std::int32_t {
    std::string why;
    if (bridge::read_gate_keys(jwks, why)) return CURFEW_OK;
    static_cast<TrialHost*>(context)->report.fault("its call of gate_keys breaks the contract: " + why);
    return CURFEW_INVALID;
  };
  host.gate_keys_wanted = [](void*) -> std::int32_t { return CURFEW_NOT_FOUND; };
  host.log = [](void*, std::uint32_t, curfew_bytes) {};
  host.now = [](void*) -> std::int64_t { return base::to_micros(wall_clock()); };
  host.list = [](void*, const curfew_listed_session*) -> std::int32_t { return CURFEW_INVALID; };
  return host;
}

void limit(int resource, rlim_t most) {
  const rlimit value{most, most};
  setrlimit(static_cast<__rlimit_resource_t>(resource), &value);
}

void set_limits() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, 60);
  limit(RLIMIT_NOFILE, 256);
#ifndef CURFEW_SANITIZED
  limit(RLIMIT_AS, rlim_t{4} << 30U);  // sanitizers reserve terabytes
#endif
}

std::size_t thread_count() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& task : std::filesystem::directory_iterator("/proc/self/task")) ++count;
  return count;
}

// A thread that was joined is still listed for a moment.
std::size_t threads_beyond(std::size_t before) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(500);
  for (;;) {
    const std::size_t now = thread_count();
    if (now <= before) return 0;
    if (Clock::now() > deadline) return now - before;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string reason(std::string_view call, std::int32_t code, const curfew_error& error) {
  const std::string text = bridge::read_error(error);
  return std::string(call) + " came back with code " + std::to_string(code) +
         (text.empty() ? ", and without a reason" : ": " + text);
}

// Wakes a poll that waits, and says whether it came back long before its deadline.
void try_wake(const curfew_connector& api, void* instance, Report& report, curfew_error& error) {
  std::mutex mutex;
  std::condition_variable over;
  bool returned = false;
  const auto begun = Clock::now();
  constexpr auto length = std::chrono::milliseconds(1000);
  std::thread waker([&] {
    std::unique_lock lock(mutex);
    // Again and again, as a wake just before the wait may be lost on the plugin.
    while (!over.wait_for(lock, std::chrono::milliseconds(100), [&] { return returned; })) api.wake(instance);
  });
  error.text_size = 0;
  api.poll(instance, base::to_micros(wall_clock() + length), &error);
  {
    const std::lock_guard lock(mutex);
    returned = true;
  }
  over.notify_all();
  waker.join();
  if (Clock::now() - begun > length / 2) {
    report.fault("wake does not end a waiting poll; let poll return at once when wake is called");
  }
}

void run_plugin(const nlohmann::json& order, Report& report) {
  SourceSettings settings;
  settings.name = order.at("source").get<std::string>();
  settings.plugin = order.at("plugin").get<std::string>();
  settings.config = order.at("config").get<std::string>();
  settings.digest_key = base::from_base64(order.at("digest_key").get<std::string>()).value_or("");
  settings.recorded = order.at("recorded").get<bool>();
  settings.event_time = order.at("event_time").get<bool>();
  settings.groups = order.at("groups").get<std::vector<std::string>>();
  const bool with_poll = order.at("poll").get<bool>();

#ifdef CURFEW_SANITIZED
  std::thread([] {}).join();  // a sanitizer's runtime starts a thread of its own with the first one
#endif
  const std::size_t threads_before = thread_count();
  report.stage("load");
  Plugin plugin;
  try {
    plugin = Plugin::load(settings.plugin);
  } catch (const Error& error) {
    report.fault(error.what());
    return;
  }
  const curfew_connector& api = *plugin.api;
  TrialHost trial{report, settings.groups, with_poll};
  const curfew_host host = table(trial);
  const curfew_create_args args{sizeof(curfew_create_args),
                                CURFEW_CREATE_TRIAL | (settings.recorded ? CURFEW_CREATE_RECORDED : 0) |
                                    (settings.event_time ? CURFEW_CREATE_EVENT_TIME : 0),
                                bridge::bytes_of(settings.name), bridge::bytes_of(settings.config),
                                bridge::bytes_of(settings.digest_key)};
  curfew_error error{};
  error.struct_size = sizeof(error);
  void* instance = nullptr;

  report.stage("create");
  std::int32_t code = api.create(&host, &args, &instance, &error);
  if (code != CURFEW_OK) {
    if (with_poll) {
      report.note(reason("create", code, error) + "; give it settings to try more of it");
    } else {
      report.fault(reason("create", code, error) + "; correct the source's settings");
    }
    return;
  }
  if (instance == nullptr) {
    report.fault("create came back with CURFEW_OK and no instance; set *instance");
    return;
  }
  error.text_size = 0;
  report.stage("start");
  code = api.start(instance, &error);
  const bool started = code == CURFEW_OK;
  // A server that is away now is no fault of the plugin's; the running source will try again.
  if (!started) report.note(reason("start", code, error));
  if (started && with_poll && api.poll != nullptr) {
    report.stage("poll");
    trial.polling = true;
    for (int i = 0; i < 5 && code != CURFEW_FINISHED; ++i) {
      error.text_size = 0;
      code = api.poll(instance, base::to_micros(wall_clock() + poll_length), &error);
      if (code != CURFEW_OK && code != CURFEW_AGAIN && code != CURFEW_FINISHED && code != CURFEW_STOPPING) {
        report.note(reason("poll", code, error));
        break;
      }
    }
    report.stage("wake");
    if (code == CURFEW_OK || code == CURFEW_AGAIN) try_wake(api, instance, report, error);
    trial.polling = false;
  } else if (started) {
    report.stage("wake");
    api.wake(instance);
  }
  if (started) {
    error.text_size = 0;
    report.stage("stop");
    code = api.stop(instance, &error);
    if (code != CURFEW_OK) report.fault(reason("stop", code, error));
  }
  report.stage("destroy");
  api.destroy(instance);
  report.stage("the count of its threads");
  const std::size_t left = threads_beyond(threads_before);
  if (left > 0) {
    report.fault(std::to_string(left) +
                 " of its threads still run when destroy has returned; join them in stop");
  }
}

}  // namespace

int run_trial(int in, int out) {
  set_limits();
  Report report(out);
  std::string text;
  std::array<char, 4096> block{};
  for (ssize_t got = 0; (got = ::read(in, block.data(), block.size())) > 0;) {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  try {
    run_plugin(nlohmann::json::parse(text), report);
  } catch (const nlohmann::json::exception&) {
    return 2;  // not started by us
  } catch (...) {
    report.fault(
        "it lets an exception out; a plugin returns a code and a text instead, as the SDK's "
        "CURFEW_CONNECTOR does by itself");
  }
  report.done();
  // Without destructors: what the plugin left behind must not run now.
  _exit(0);
}

}  // namespace curfew::connector
