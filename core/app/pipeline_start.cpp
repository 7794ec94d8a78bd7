// How a pipeline begins, takes other settings and ends: recovery, the first entries, its threads in their
// order.
#include <algorithm>
#include <utility>

#include "core/app/groups.hpp"
#include "core/app/pipeline.hpp"
#include "core/app/source_keys.hpp"
#include "core/base/error.hpp"

namespace curfew::app {

using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr auto warning_patience = seconds(10);

}  // namespace

void Pipeline::start() {
  const Settings& settings = options_.settings;
  for (const SourceSettings& source : settings.sources) {
    const bool in_any_order = options_.recorded || source.time == SourceTime::Event;
    admission_.add_source(source.name, in_any_order ? Duration::max() : source.retry_window);
    intake_.add_source(source.name, source.connector);
    digest_keys_[source.name] = secret_in(settings.data + "/keys", source.name + ".key");
    if (in_any_order) order_.open(source.name);
  }

  add_gates();

  store::Store store(options_.database, store::Role::Writer);
  Recovered recovered = recover(store, options_.database, settings, symbols_, admission_);
  log_.info("recovered", {{"stream", ledger::origin_of(recovered.head.id)},
                          {"entries", std::to_string(recovered.head.size)},
                          {"after_snapshot", std::to_string(recovered.replayed)}});
  if (recovered.snapshot_of_another_format)
    log_.warning("snapshot of another format",
                 {{"effect", "left aside; more of the ledger was read instead"}});
  phases_ = std::move(recovered.phases);
  for (const Recovered::Phase& phase : phases_)
    log_.debug("recovered " + std::string(phase.name),
               {{"seconds", std::to_string(phase.seconds)}, {"count", std::to_string(phase.count)}});
  machine_.emplace(std::move(recovered.engine), symbols_);
  for (const model::PersonalValue& handle : recovered.handles) machine_->know_handle(handle);
  clock_.emplace(machine_->engine().now(), settings.clock_jump);
  (void)clock_->advance(base::wall_clock_now(), steady_clock::now());
  entries_since_snapshot_ = recovered.replayed;
  if (options_.metrics != nullptr && recovered.snapshot_stored_at != Time{})
    options_.metrics->gauge(metrics::snapshot_stored)
        .set(static_cast<double>(base::to_micros(recovered.snapshot_stored_at)) / 1e6);

  // The first entries: the stream's opening, the configuration if it is another one, the start.
  const bool has_own_time = options_.recorded || is_by_event_time();
  const Time at = has_own_time ? machine_->engine().now() : clock_->now();
  if (recovered.opening) machine_->record(at, std::move(*recovered.opening));
  // A ledger that goes on is told of the start first: what became due while nobody listened waits for the
  // sources' backlogs. In a new one nothing is due, and the sources must be known before.
  const bool goes_on = machine_->engine().now() != Time{};
  const auto start = [&] { machine_->take(at, model::StartedInput{.version = CURFEW_VERSION}); };
  if (goes_on) start();
  configure(at);
  for (Grouped& told : configured_groups(settings, admission_)) take_group(at, std::move(told));
  for (const auto& [source, plugin] : options_.capabilities)
    machine_->record(at, plugin_loaded(source, plugin));
  if (!goes_on) start();
  if (has_own_time) {
    // Recorded input is let through in order, so no source lags behind it.
    for (const SourceSettings& source : settings.sources)
      machine_->take(at,
                     model::ProgressInput{
                         .source = source.name, .observed_until = {}, .caught_up = true, .closed = false});
  }
  batch_began_ = progress_given_ = flushed_ = steady_clock::now();

  load_gates(store);
  writer_.start(std::move(store), std::move(recovered.head), std::move(recovered.sealer),
                recovered.snapshot_at);
  host_ = std::make_unique<connector::Host>(settings.data + "/sources", intake_, options_.metrics);
  has_host_ = true;
  if (!options_.recorded) {
    notifier_ = std::make_unique<Notifier>(settings, options_.metrics);
    const auto resolver = [this]() -> ActionWorkers::Resolver {
      // Connected by the first question, and not where a failure would end the thread that asks.
      return [this, reader = std::shared_ptr<store::Store>()](const std::vector<model::Ref>& refs) mutable {
        if (!reader) reader = std::make_shared<store::Store>(options_.database, store::Role::Reader);
        return reader->resolve(refs);
      };
    };
    warnings_ = std::make_unique<WarningNotices>(
        *notifier_, settings.realm, resolver,
        [this](const model::RunNotice& warning) { return warning_stands(warning, warning_patience); },
        intake_, log_);
    workers_ = std::make_unique<ActionWorkers>(*host_, *notifier_, settings.realm, resolver, intake_, log_,
                                               options_.action_threads);
    workers_->set_gate_act([this](const model::RunStep& step) { return act_at_gate(step); });
  }
  publish_view();
  engine_thread_ = std::thread([this] { run_engine(); });
  add_sources(recovered.memory);
  if (workers_) workers_->start();
}

void Pipeline::add_sources(std::map<std::string, connector::SourceMemory>& memory) {
  for (std::size_t i = 0; i < options_.settings.sources.size(); ++i) {
    const SourceSettings& source = options_.settings.sources[i];
    if (source.connector.empty()) {
      // Pushed to only: there is nothing that it would have to catch up with.
      intake_.changed(source.name, "up", "observations are pushed to it");
      (void)intake_.submit(
          {.source = {},
           .ticket = 0,
           .body = model::InputBody(model::ProgressInput{
               .source = source.name, .observed_until = {}, .caught_up = true, .closed = false})});
      continue;
    }
    const auto plugin = options_.capabilities.find(source.name);
    if (plugin == options_.capabilities.end())
      throw Error(ErrorKind::Configuration, "source '" + source.name + "': its connector is not loaded");
    connector::SourceSettings host_settings;
    host_settings.name = source.name;
    host_settings.plugin = plugin->second.path;
    host_settings.config = resolve_secrets(options_.settings, i, plugin->second.config_schema);
    host_settings.digest_key = digest_keys_.at(source.name);
    host_settings.recorded = options_.recorded;
    host_settings.event_time = source.time == SourceTime::Event;
    host_settings.call_limit = source.call_limit;
    host_settings.groups = source.tells_groups;
    host_->add(host_settings, std::move(memory[source.name]));
  }
}

void Pipeline::configure(Time at) {
  model::PolicySet set = policy_set(options_.settings, options_.capabilities);
  const std::vector<model::PersonalValue> introduced = to_references(set, admission_);
  const std::string json = model::to_json(set);
  if (json == model::to_json(machine_->engine().policies())) return;
  machine_->take(at,
                 model::ConfigurationInput{.digest = base::to_hex(base::sha256(json)), .set = std::move(set)},
                 introduced);
}

// Told often, and recorded when it is another membership.
void Pipeline::take_group(Time at, Grouped&& told) {
  if (machine_->engine().has_group(told.input)) return;
  log_.info("who is in a group", {{"group", told.input.group},
                                  {"told_by", told.input.provider},
                                  {"names", std::to_string(told.input.members.size())}});
  machine_->take(at, std::move(told.input), told.introduced);
}

void Pipeline::stop(Duration patience) {
  const auto deadline = steady_clock::now() + patience;
  if (host_) host_->stop();  // no source emits any more
  if (options_.gates != nullptr) options_.gates->stop();
  if (workers_) workers_->stop();
  if (warnings_) warnings_->stop();
  stopping_ = true;
  intake_.stop();
  if (engine_thread_.joinable()) engine_thread_.join();
  const auto left = std::chrono::duration_cast<Duration>(deadline - steady_clock::now());
  writer_.stop(std::max(left, Duration(0)));
}

void Pipeline::reload(const Settings& settings, const Capabilities& capabilities) {
  NoticeChannels channels = read_channels(settings);
  std::vector<Grouped> groups = configured_groups(settings, admission_);
  // Known before a policy names them.
  if (notifier_) notifier_->use(std::move(channels));
  options_.settings.notifications = settings.notifications;
  options_.settings.policies = settings.policies;
  options_.settings.safety = settings.safety;
  options_.settings.version = settings.version;
  options_.settings.clock_jump = settings.clock_jump;
  options_.settings.groups = settings.groups;
  for (Grouped& told : groups) (void)intake_.submit({.source = {}, .ticket = 0, .body = std::move(told)});
  model::PolicySet set = policy_set(options_.settings, capabilities);
  std::vector<model::PersonalValue> introduced = to_references(set, admission_);
  const std::string digest = base::to_hex(base::sha256(model::to_json(set)));
  (void)intake_.submit({.source = {},
                        .ticket = 0,
                        .body = Configured{.input = {.digest = digest, .set = std::move(set)},
                                           .introduced = std::move(introduced)}});
}

}  // namespace curfew::app
