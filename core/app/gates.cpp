#include "core/app/gates.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "core/api/gate_server.hpp"
#include "core/api/tls.hpp"
#include "core/app/gate_clock.hpp"
#include "core/app/gate_keys.hpp"
#include "core/app/gate_observations.hpp"
#include "core/app/listener.hpp"
#include "core/app/log.hpp"
#include "core/app/yaml_reader.hpp"

namespace curfew::app {
namespace {

using connector::Taken;

constexpr std::chrono::seconds clock_rest{30};
constexpr std::chrono::seconds tick{1};
constexpr std::chrono::seconds forget_every{60};
constexpr std::chrono::hours keep_keys_every{1};
constexpr std::chrono::seconds say_failures_every{60};

std::vector<std::string> guarded_sources(const Settings& settings) {
  std::vector<std::string> sources;
  for (const GateSettings& gate : settings.gates) sources.push_back(gate.guards);
  return sources;
}

api::Tls::Blame blame_at(const std::string& path, const Settings& settings) {
  return [path, &settings](const std::string& key, const std::string& text) {
    return error_at(settings.marks, path + "." + key, text);
  };
}

std::unique_ptr<api::Tls> tls_of(const Settings& settings, std::size_t index) {
  const ListenerSettings& listener = settings.gates[index].listener;
  if (listener.tls_certificate.empty()) return nullptr;
  return std::make_unique<api::Tls>(
      api::TlsFiles{listener.tls_certificate, listener.tls_key, listener.tls_client_ca},
      blame_at("gates[" + std::to_string(index) + "].listener", settings));
}

// One series for each decision, found once: no lock on a request's path.
struct Meters {
  std::array<std::optional<metrics::Counter>, model::Names<api::GateDecision>::all.size()> decisions;
  std::optional<metrics::Histogram> seconds;

  Meters(metrics::Registry* registry, const std::string& gate) {
    if (registry == nullptr) return;
    for (std::size_t i = 0; i < decisions.size(); ++i)
      decisions[i] = registry->counter(metrics::gate_decisions,
                                       {gate, model::name_of(static_cast<api::GateDecision>(i))});
    seconds = registry->histogram(metrics::gate_seconds, {gate});
  }
  void count(api::GateDecision decision, double taken) const {
    if (!seconds) return;
    decisions[static_cast<std::size_t>(decision)]->add();
    seconds->observe(taken);
  }
};

struct Gate {
  GateSettings settings;
  std::unique_ptr<api::Tls> tls;
  std::unique_ptr<api::GateJudge> judge;
  std::unique_ptr<Meters> meters;
  std::unique_ptr<api::GateServer> server;
};

}  // namespace

struct Gates::State {
  State(const Settings& given, metrics::Registry* registry, Log& gate_log)
      : settings(given),
        metrics(registry),
        log(gate_log),
        clock(given.clock_jump, clock_rest),
        view(guarded_sources(given)),
        keys(given.data + "/gate-keys", gate_log,
             {.take = [this](std::string_view source, std::string_view jwks) { take_keys(source, jwks); },
              .judges = [this](std::string_view source) { return judges_tokens_of(source); }}) {
    for (std::size_t i = 0; i < settings.gates.size(); ++i) add(i);
  }

  void add(std::size_t index) {
    Gate& gate = gates.emplace_back();
    gate.settings = settings.gates[index];
    const GateSettings& from = gate.settings;
    api::GateSettings to;
    to.name = from.name;
    to.source = from.guards;
    to.proxies = from.proxies;
    to.public_paths = from.public_paths;
    to.machine_paths = from.machine_paths;
    to.machine_headers = from.machine_headers;
    to.unknown = model::parse<api::UnknownSessions>(from.unknown).value_or(api::UnknownSessions::Deny);
    to.learn_for = from.learn_for;
    to.fail = model::parse<api::FailMode>(from.fail).value_or(api::FailMode::Closed);
    to.sign_in = from.sign_in;
    to.pages = from.pages;
    to.warning_header = from.warning_header;
    to.cookie_path = from.cookie_path;
    to.cookie_domain = from.cookie_domain;
    to.clock = [this] { return clock.read(base::wall_clock_now(), std::chrono::steady_clock::now()); };
    to.tokens.want_keys = [this, source = from.guards] { want_keys(source); };
    to.tokens.person = [this](const std::string& name_space, const std::string& value) {
      return links.person ? links.person(name_space, value) : model::Ref{};
    };
    gate.judge = std::make_unique<api::GateJudge>(std::move(to), view);
    gate.meters = std::make_unique<Meters>(metrics, from.name);
  }

  void bind(std::size_t index) {
    Gate& gate = gates[index];
    gate.tls = tls_of(settings, index);
    api::GateServerSettings wanted;
    wanted.address = gate.settings.listener.address;
    wanted.port = static_cast<std::uint16_t>(gate.settings.listener.port);
    wanted.threads = gate.settings.threads;
    wanted.most_connections = gate.settings.connections;
    wanted.tls = gate.tls.get();
    wanted.questions.ask_within = gate.settings.ask_within;
    if (gate.settings.unknown == "ask")
      wanted.questions.ask = [this, &gate](const model::SessionDigest& session, Duration limit) {
        return links.ask ? links.ask(gate.settings.guards, session, limit) : model::Liveness::Unknown;
      };
    wanted.questions.introspect = [this, &gate](const std::string& token, Duration limit) {
      return links.introspect ? links.introspect(gate.settings.guards, token, limit)
                              : model::IntrospectedToken{};
    };
    wanted.questions.revoke = [this, &gate](const api::TokenQuestion& question,
                                            const model::SessionDigest& session, Duration limit) {
      revoke(gate.settings, question, session, limit);
    };
    wanted.questions.failed = [this, name = gate.settings.name](const std::string& why) {
      question_failed(name, why);
    };
    if (metrics != nullptr)
      wanted.tls_failed = [counter = metrics->counter(metrics::connections_closed,
                                                      {gate.settings.name, "tls"})] { counter.add(); };
    wanted.decided = [meters = gate.meters.get()](api::GateDecision decision, double seconds) {
      meters->count(decision, seconds);
    };
    gate.server = std::make_unique<api::GateServer>(std::move(wanted), *gate.judge);
    gate.server->bind();
    log.info("address taken",
             {{"gate", gate.settings.name},
              {"address", address_of(gate.settings.listener)},
              {"connections", std::to_string(gate.server->most_connections())},
              {"certificate", gate.tls ? "until " + base::format_rfc3339(gate.tls->valid_until()) : "none"}});
    if (gate.server->most_connections() < gate.settings.connections)
      log.warning("the limit of open files allows fewer connections than the gate was configured for",
                  {{"gate", gate.settings.name}});
  }

  // Counted each time, written down once a minute: a broken source is asked at each request.
  void question_failed(const std::string& gate, const std::string& why) {
    if (metrics != nullptr) metrics->counter(metrics::gate_questions_failed, {gate}).add();
    const std::lock_guard lock(failures_mutex);
    Failures& known = failures[gate];
    ++known.unsaid;
    const auto now = std::chrono::steady_clock::now();
    if (known.said != std::chrono::steady_clock::time_point{} && now - known.said < say_failures_every)
      return;
    log.warning("a source could not be asked about a session; it counts as unknown",
                {{"gate", gate}, {"times", std::to_string(known.unsaid)}, {"reason", why}});
    known = {.said = now, .unsaid = 0};
  }

  // That it is about to be done is recorded first; what can't be made durable isn't done.
  void revoke(const GateSettings& gate, const api::TokenQuestion& question,
              const model::SessionDigest& session, Duration limit) {
    if (!links.revoke || !links.durable) return;
    const auto begun = std::chrono::steady_clock::now();
    model::Observation intent = revocation_of(question.digest, session, base::wall_clock_now());
    if (links.observed(gate.name, std::move(intent)) != Taken::Yes || !links.durable(gate.name, limit))
      throw Error(ErrorKind::Unavailable,
                  "a token was not revoked, as the intent could not be recorded in time");
    const auto spent = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
    if (spent < limit) links.revoke(gate.guards, question.token, limit - spent);
  }

  // The first gate that guards a source speaks for its activity.
  [[nodiscard]] const Gate* gate_of(std::string_view source) const {
    for (const Gate& gate : gates) {
      if (gate.settings.guards == source) return &gate;
    }
    return nullptr;
  }

  [[nodiscard]] bool judges_tokens_of(std::string_view source) const {
    return std::any_of(gates.begin(), gates.end(), [&](const Gate& gate) {
      return gate.settings.guards == source && gate.judge->token_life();
    });
  }

  void take_keys(std::string_view source, std::string_view jwks) const {
    for (const Gate& gate : gates) {
      if (gate.settings.guards == source) gate.judge->set_keys(jwks);
    }
  }

  // On the thread of a request, which waits for nobody: the other thread asks.
  void want_keys(const std::string& source) {
    {
      const std::lock_guard lock(mutex);
      keys_wanted.insert(source);
    }
    changed.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      changed.wait_for(lock, tick, [&] { return stopping || !keys_wanted.empty(); });
      std::set<std::string> wanted;
      wanted.swap(keys_wanted);
      lock.unlock();
      for (const std::string& source : wanted) {
        if (links.want_keys) links.want_keys(source);
      }
      hand_over(false);
      lock.lock();
    }
  }

  // Of the gates' tokens that live longest, as they may differ.
  void forget_denials(Time now) {
    Duration longest{0};
    for (const Gate& gate : gates) longest = std::max(longest, gate.judge->token_life().value_or(longest));
    if (longest == Duration{0}) longest = model::most_token_life + 2 * model::most_token_skew;
    const std::uint64_t forgotten = view.forget_denials(now, longest);
    if (metrics != nullptr)
      metrics->counter(metrics::gate_token_denials_forgotten).add(static_cast<double>(forgotten));
  }

  // `everything`: also what its quantum would still hold back.
  void hand_over(bool everything) {
    const Time now = base::wall_clock_now();
    if (now - forgot_at >= forget_every || now < forgot_at) {
      forget_denials(now);
      forgot_at = now;
    }
    if (now - kept_keys_at >= keep_keys_every || now < kept_keys_at) {
      if (kept_keys_at != Time{}) keys.keep_again();
      kept_keys_at = now;
    }
    if (!send_unsent()) return report();  // the rest stays in the view, merged and counted
    Duration quantum = std::chrono::seconds(10);
    if (!gates.empty()) quantum = gates.front().settings.activity_quantum;
    for (const Gate& gate : gates) quantum = std::min(quantum, gate.settings.activity_quantum);
    const Time complete = view.take_activity(now, everything ? Duration{0} : quantum, unsent);
    complete_until = std::max(complete_until, complete);
    if (send_unsent()) {
      for (const Gate& gate : gates) {
        connector::CursorProgress progress;
        progress.name = "requests";
        progress.value = base::format_rfc3339(complete_until);
        progress.observed_until = complete_until;
        progress.caught_up = true;
        (void)links.progressed(gate.settings.name, std::move(progress));
      }
    }
    report();
  }

  bool send_unsent() {
    std::size_t sent = 0;
    for (; sent < unsent.size(); ++sent) {
      const enforcement::GateActivity& activity = unsent[sent];
      const Gate* gate = gate_of(activity.source);
      if (gate == nullptr) continue;
      if (links.observed(gate->settings.name, observation_of(activity)) == Taken::Full) break;
    }
    unsent.erase(unsent.begin(), unsent.begin() + static_cast<std::ptrdiff_t>(sent));
    return unsent.empty();
  }

  void report() const {
    if (metrics == nullptr) return;
    const enforcement::GateView::Counts counts = view.counts();
    metrics->gauge(metrics::gate_sessions, {"live"}).set(static_cast<double>(counts.live));
    metrics->gauge(metrics::gate_sessions, {"refused"}).set(static_cast<double>(counts.refused));
    metrics->gauge(metrics::gate_token_denials).set(static_cast<double>(counts.denials));
    metrics->gauge(metrics::gate_activity_waiting).set(static_cast<double>(unsent.size()));
    for (const Gate& gate : gates) {
      if (!gate.server) continue;
      metrics->gauge(metrics::gate_connections, {gate.settings.name})
          .set(static_cast<double>(gate.server->connections()));
      metrics->gauge(metrics::gate_up, {gate.settings.name})
          .set(view.loaded() && gate.judge->has_rules() ? 1 : 0);
    }
  }

  const Settings settings;
  metrics::Registry* metrics;
  Log& log;
  GateClock clock;
  enforcement::GateView view;
  GateKeys keys;
  std::vector<Gate> gates;
  GateLinks links;
  std::vector<enforcement::GateActivity> unsent;  // the thread's own
  Time complete_until{};
  Time forgot_at{};
  Time kept_keys_at{};
  std::set<std::string> keys_wanted;  // sources whose newer keys are to be asked for
  struct Failures {
    std::chrono::steady_clock::time_point said{};
    std::uint64_t unsaid = 0;
  };
  std::mutex failures_mutex;
  std::map<std::string, Failures> failures;  // of questions, by gate
  std::mutex rules_mutex;
  std::map<std::string, std::string, std::less<>> early_rules;  // that came before start
  std::map<std::string, std::string, std::less<>> early_keys;
  bool started = false;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  std::thread thread;
};

Gates::Gates(const Settings& settings, metrics::Registry* metrics, Log& log)
    : state_(std::make_unique<State>(settings, metrics, log)) {}

Gates::~Gates() { stop(); }

bool Gates::empty() const { return state_->gates.empty(); }

bool Gates::is_gate(std::string_view name) const {
  return std::any_of(state_->gates.begin(), state_->gates.end(),
                     [&](const Gate& gate) { return gate.settings.name == name; });
}

void Gates::bind() {
  for (std::size_t i = 0; i < state_->gates.size(); ++i) {
    if (!state_->gates[i].server) state_->bind(i);
  }
}

void Gates::start(GateLinks links) {
  bind();
  state_->links = std::move(links);
  std::map<std::string, std::string, std::less<>> early, keys;
  {
    const std::lock_guard lock(state_->rules_mutex);
    state_->started = true;
    early.swap(state_->early_rules);
    keys.swap(state_->early_keys);
  }
  for (const auto& [source, jwks] : keys) gate_keys(source, jwks);
  for (const auto& [source, json] : early) gate_rules(source, json);
  for (const Gate& gate : state_->gates) gate.server->start();
  if (!state_->gates.empty()) state_->thread = std::thread([this] { state_->run(); });
}

void Gates::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  // Before the servers, which it looks at.
  const bool ran = state_->thread.joinable();
  if (ran) state_->thread.join();
  for (const Gate& gate : state_->gates) {
    if (gate.server) gate.server->stop();
  }
  if (ran) state_->hand_over(true);
}

void Gates::reload(Log& log) const {
  for (std::size_t i = 0; i < state_->gates.size(); ++i) {
    const Gate& gate = state_->gates[i];
    if (!gate.tls) continue;
    try {
      gate.tls->reload(blame_at("gates[" + std::to_string(i) + "].listener", state_->settings));
    } catch (const Error& error) {
      log.error("the old certificate stays in use", {{"gate", gate.settings.name}, {"reason", error.what()}});
    }
  }
}

void Gates::gate_rules(std::string_view source, std::string_view json) {
  {
    const std::lock_guard lock(state_->rules_mutex);
    if (!state_->started) {
      state_->early_rules.insert_or_assign(std::string(source), std::string(json));
      return;
    }
  }
  for (const Gate& gate : state_->gates) {
    if (gate.settings.guards != source) continue;
    gate.judge->set_rules(json, state_->links.digest_key(gate.settings.guards));
    state_->log.info("the gate has its rules", {{"gate", gate.settings.name}, {"source", source}});
  }
  state_->keys.has_rules(source, json);
}

void Gates::gate_keys(std::string_view source, std::string_view jwks) {
  {
    const std::lock_guard lock(state_->rules_mutex);
    if (!state_->started) {
      state_->early_keys.insert_or_assign(std::string(source), std::string(jwks));
      return;
    }
  }
  state_->keys.given(source, jwks);
  for (const Gate& gate : state_->gates) {
    if (gate.settings.guards == source)
      state_->log.info("the gate has the issuer's keys", {{"gate", gate.settings.name}, {"source", source}});
  }
}

void Gates::apply(std::span<const model::GateEntry> entries, std::span<const model::TokenDenial> denials) {
  state_->view.apply(entries);
  state_->view.apply(denials);
}

void Gates::set_loaded() {
  const Time now = base::wall_clock_now();
  for (const Gate& gate : state_->gates) gate.judge->loaded(now);
  state_->view.set_loaded();
}

bool Gates::refused(std::string_view source, const model::SessionDigest& session) const {
  return state_->view.refuses(source, session);
}

const enforcement::GateView& Gates::view() const { return state_->view; }

std::uint16_t Gates::port(std::string_view name) const {
  for (const Gate& gate : state_->gates) {
    if (gate.settings.name == name && gate.server) return gate.server->port();
  }
  return 0;
}

void check_gate_tls(const Settings& settings) {
  for (std::size_t i = 0; i < settings.gates.size(); ++i) (void)tls_of(settings, i);
}

}  // namespace curfew::app
