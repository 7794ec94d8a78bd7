// How Curfew runs, from a source's observation to a durable entry and back to an act:
//
//   source threads   the connector host polls; Intake admits (no personal value goes further) and queues
//        |           full queue: the source is told to come again
//   engine thread    run_live(): each arrival becomes an input, the engine decides, entries fill a batch
//        |           deadlines fire by the clock; the next batch is filled while the last one is committed
//   writer thread    Writer seals the batch once and commits it: ledger, cursors, projections in one
//   transaction
//        |           only then: sources are told, commands are answered, acts and probes go out
//   action workers   carry out steps and ask probes; what comes back is an input again
//
// `audit` runs the same machine by event time: run_recorded() lets observations through in the order in which
// they happened, and never acts. A source with `time: event` makes the daemon do likewise:
// run_by_event_time().
#include "core/app/pipeline.hpp"

#include <algorithm>
#include <utility>

#include "core/app/source_keys.hpp"
#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"

namespace curfew::app {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t arrivals_at_once = 1'024;
constexpr auto progress_interval = seconds(1);
constexpr auto flush_interval = seconds(60);
constexpr auto expire_interval = seconds(60);
constexpr auto check_interval = seconds(1);

connector::AdmissionSettings admission_settings(const Settings& settings) {
  connector::AdmissionSettings admission;
  for (const DomainLink& link : settings.links.domains)
    admission.links.domains.push_back({link.domain, link.upn_suffix});
  for (const AliasLink& alias : settings.links.aliases)
    admission.links.aliases.push_back({alias.from, alias.to});
  admission.links.case_sensitive = settings.links.case_sensitive;
  admission.private_networks = settings.private_networks;
  admission.key_secret = secret_in(settings.data, "idempotency.key");
  return admission;
}

}  // namespace

Pipeline::Pipeline(PipelineOptions options, Log& log)
    : options_(std::move(options)),
      log_(log),
      admission_(admission_settings(options_.settings), symbols_),
      intake_(admission_, options_.settings.queue, log, options_.metrics),
      writer_({.database = options_.database,
               .outside_checkpoints = options_.settings.ledger.outside_checkpoints,
               .stores_keys = !options_.recorded,
               .expire_every = options_.recorded ? Duration(0) : Duration(expire_interval),
               .check_every = options_.recorded ? Duration(0) : Duration(check_interval),
               .metrics = options_.metrics},
              log,
              {.committed = [this](Batch& batch) { committed(batch); },
               .failed = [this](const std::string& text) { fail(text); }}) {}

Pipeline::~Pipeline() { stop(Duration(0)); }

// ---- the engine's thread ----

void Pipeline::run_engine() {
  try {
    if (options_.recorded)
      run_recorded();
    else if (is_by_event_time())
      run_by_event_time();
    else
      run_live();
  } catch (const std::exception& error) {
    fail(error.what());
  } catch (...) {
    fail("the engine ended for an unknown reason");
  }
  const std::lock_guard lock(mutex_);
  engine_ended_ = true;
  changed_.notify_all();
}

namespace {

// Of an arrival that was not taken yet; nullptr: there is none, or it is something else.
const model::Facts* facts_of(const std::vector<Arrival>& arrivals, std::size_t index) {
  if (index >= arrivals.size()) return nullptr;
  const auto* admitted = std::get_if<connector::Admitted>(&arrivals[index].body);
  return admitted == nullptr ? nullptr : &admitted->facts;
}

}  // namespace

void Pipeline::run_live() {
  std::vector<Arrival> arrivals;
  while (!intake_.queue().finished()) {
    arrivals.clear();
    intake_.queue().pop_all(arrivals, machine_->has_entries() ? milliseconds(2) : milliseconds(50),
                            arrivals_at_once);

    if (const auto jump = clock_->advance(base::wall_clock_now(), steady_clock::now())) {
      log_.warning("the clock jumped ahead",
                   {{"from", base::format_rfc3339(jump->from)}, {"to", base::format_rfc3339(jump->to)}});
      machine_->take(clock_->now(), *jump);
    }
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      machine_->engine().expect(facts_of(arrivals, i + engine::Engine::expect_next),
                                facts_of(arrivals, i + engine::Engine::expect_later));
      take(std::move(arrivals[i]), clock_->now());
      base::kill_point("app.after_take");
    }
    if (const auto deadline = machine_->engine().next_deadline(); deadline && *deadline <= clock_->now())
      machine_->take(clock_->now(), model::TickInput{});

    const auto now = steady_clock::now();
    const bool is_awaited = std::exchange(is_awaited_, false) && !machine_->has_entries();
    if (is_awaited || now - progress_given_ >= progress_interval) give_progress(clock_->now(), is_awaited);
    if (now - flushed_ >= flush_interval) {
      machine_->add_activity();
      flushed_ = now;
    }
    if (batch_is_due()) close_batch();
  }
  give_progress(clock_->now(), false);
  machine_->add_activity();
  wants_snapshot_ = true;
  close_batch();
}

void Pipeline::run_recorded() {
  std::vector<Arrival> arrivals;
  while (!order_.all_finished() && !intake_.queue().finished()) {
    arrivals.clear();
    intake_.queue().pop_all(arrivals, milliseconds(20), arrivals_at_once);
    for (Arrival& arrival : arrivals) {
      if (std::holds_alternative<connector::Admitted>(arrival.body) && order_.is_open(arrival.source))
        order_.put(std::move(arrival));
      else
        take(std::move(arrival), machine_->engine().now());
    }
    release(false);
    if (batch_is_due()) close_batch();
  }
  release(true);
  Time end = machine_->engine().now();
  for (const auto& [source, said] : progress_) end = std::max(end, said.observed_until);
  for (const SourceSettings& source : options_.settings.sources)
    machine_->take(end, model::ProgressInput{
                            .source = source.name, .observed_until = end, .caught_up = true, .closed = true});
  machine_->add_activity();
  close_batch();
}

bool Pipeline::is_by_event_time() const {
  const auto& sources = options_.settings.sources;
  return std::any_of(sources.begin(), sources.end(),
                     [](const SourceSettings& source) { return source.time == SourceTime::Event; });
}

// A history that is pushed: engine time is what the source has shown everything up to, and stands still while
// nothing comes. There is one source (the configuration holds it), so what it says comes in its own order: a
// cursor or a memory after the observations that it stands for.
void Pipeline::run_by_event_time() {
  std::vector<Arrival> arrivals;
  while (!intake_.queue().finished()) {
    arrivals.clear();
    intake_.queue().pop_all(arrivals, machine_->has_entries() ? milliseconds(2) : milliseconds(50),
                            arrivals_at_once);
    for (Arrival& arrival : arrivals) {
      if (std::holds_alternative<connector::Admitted>(arrival.body) && order_.is_open(arrival.source)) {
        order_.put(std::move(arrival));
        continue;
      }
      const bool may_release = std::holds_alternative<connector::CursorProgress>(arrival.body);
      take(std::move(arrival), machine_->engine().now());
      if (may_release) release(false);
      base::kill_point("app.after_take");
    }
    const auto now = steady_clock::now();
    const bool is_awaited = std::exchange(is_awaited_, false) && !machine_->has_entries();
    if (is_awaited || now - progress_given_ >= progress_interval)
      give_progress(machine_->engine().now(), is_awaited);
    if (now - flushed_ >= flush_interval) {
      machine_->add_activity();
      flushed_ = now;
    }
    if (batch_is_due()) close_batch();
  }
  give_progress(machine_->engine().now(), false);
  machine_->add_activity();
  wants_snapshot_ = true;
  close_batch();
}

// What is released comes in order, so everything before it was shown: who did nothing until then breached at
// that time, and the next record must not hide it.
void Pipeline::state_silence_before(Time time) {
  const auto deadline = machine_->engine().next_deadline();
  if (!deadline || *deadline >= time) return;
  const Time before = std::max(time - Duration{1}, machine_->engine().now());
  for (const SourceSettings& source : options_.settings.sources)
    machine_->take(before,
                   model::ProgressInput{
                       .source = source.name, .observed_until = before, .caught_up = false, .closed = false});
}

// What has happened before every open source's watermark goes to the engine, oldest first; deadlines between
// two observations fire at their own time.
void Pipeline::release(bool everything) {
  while (auto next = order_.next()) {
    if (next->time <= order_.watermark()) state_silence_before(next->time);
    take(std::move(next->arrival), next->time);
    if (batch_is_due()) close_batch();
  }
  released_early_ = order_.released_early();
  if (everything) return;
  const Time watermark = order_.watermark();
  if (watermark > machine_->engine().now() && watermark < base::latest_time) {
    give_progress(watermark, true);
  }
}

void Pipeline::take(Arrival&& arrival, Time at) {
  Batch& batch = machine_->open();
  if (batch.entries.empty()) batch_began_ = steady_clock::now();
  if (arrival.ticket > 0) {
    std::uint64_t& newest = batch.tickets[arrival.source];
    newest = std::max(newest, arrival.ticket);
  }
  struct Take {
    Pipeline& self;
    const std::string& source;
    Time at;
    void operator()(connector::Admitted&& admitted) const {
      self.machine_->open().extras.keys.push_back(
          {.source = source, .key = admitted.key, .expires_at = admitted.key_expires_at});
      self.machine_->take(at, admitted.facts, admitted.introduced);
    }
    void operator()(connector::CursorProgress&& progress) const { self.take_progress(source, progress); }
    void operator()(store::MemoryUpdate&& memory) const {
      self.progress_[source].source = source;
      self.machine_->open().extras.memory.push_back(std::move(memory));
    }
    void operator()(model::Entry&& record) const { self.machine_->record(at, std::move(record)); }
    void operator()(Order&& order) const {
      const model::Effects& effects = self.machine_->take(at, std::move(order.body));
      if (order.done)
        self.machine_->open().after_commit.push_back(
            [done = std::move(order.done), became = Commanded{effects.commanded, effects.refused}] {
              done(became);
            });
    }
    void operator()(Configured&& configured) const {
      self.machine_->take(at, std::move(configured.input), configured.introduced);
      self.policies_.clear();
    }
    void operator()(Grouped&& told) const { self.take_group(at, std::move(told)); }
    void operator()(model::InputBody&& body) const { self.machine_->take(at, std::move(body)); }
    void operator()(Recorded&& recorded) const {
      self.machine_->record(at, std::move(recorded.entry));
      self.machine_->open().after_commit.push_back(std::move(recorded.done));
    }
    void operator()(Inquiry&& inquiry) const { inquiry.ask(self.machine_->engine()); }
    void operator()(Finished&&) const {
      if (self.options_.recorded) self.order_.finish(source);  // a daemon's source comes up again
    }
    void operator()(Awaited&&) const { self.is_awaited_ = true; }
  };
  std::visit(
      [&](auto&& body) {
        Take{*this, arrival.source, at}(std::forward<decltype(body)>(body));
      },
      std::move(arrival.body));
}

// Cursors are committed with the next batch; the engine is told of watermarks once a second, or at once when
// a source has caught up.
void Pipeline::take_progress(const std::string& source, const connector::CursorProgress& progress) {
  store::CursorUpdate& cursor = cursors_[{source, progress.name}];
  cursor.source = source;
  cursor.name = progress.name;
  cursor.value = progress.forget ? std::string{} : progress.value;
  cursor.read += progress.read;
  cursor.filtered += progress.filtered;
  cursor.unreadable += progress.unreadable;
  order_.advance(source, progress.observed_until);
  model::ProgressInput& said = progress_[source];
  said.source = source;
  said.observed_until = std::max(said.observed_until, progress.observed_until);
  if (progress.caught_up && !said.caught_up) {
    said.caught_up = true;
    progress_given_ = {};
  }
}

// `all`: also what moved only a little. Cursors and memory never wait longer than this: they need an entry to
// go with.
void Pipeline::give_progress(Time at, bool all) {
  progress_given_ = steady_clock::now();
  if (options_.recorded) at = std::max(at, machine_->engine().now());
  for (auto& [source, said] : progress_) {
    Time& given = given_until_[source];
    const bool has_cursors =
        std::any_of(cursors_.begin(), cursors_.end(),
                    [&name = source](const auto& cursor) { return cursor.first.first == name; });
    const auto& memory = machine_->open().extras.memory;
    const bool has_memory =
        std::any_of(memory.begin(), memory.end(),
                    [&name = source](const store::MemoryUpdate& one) { return one.source == name; });
    if (!all && !said.caught_up && !has_cursors && !has_memory && said.observed_until <= given) continue;
    given = std::max(given, said.observed_until);
    machine_->take(at, said);
  }
  if (!progress_.empty() && machine_->open().entries.size() == 1) batch_began_ = steady_clock::now();
  progress_.clear();
}

bool Pipeline::batch_is_due() const {
  const Batch& batch = machine_->open();
  if (batch.entries.size() >= options_.settings.ledger.batch_entries) return true;
  if (batch.entries.empty()) return !batch.active.empty();
  if (machine_->is_urgent() && !options_.recorded) return true;
  return steady_clock::now() - batch_began_ >= options_.settings.ledger.batch_time;
}

void Pipeline::close_batch() {
  for (auto& [key, cursor] : cursors_) machine_->open().extras.cursors.push_back(std::move(cursor));
  if (machine_->has_entries()) {
    cursors_.clear();
  } else {
    machine_->open().extras.cursors.clear();
  }
  entries_since_snapshot_ += machine_->open().entries.size();
  if (writer_.take_lost_snapshot()) wants_snapshot_ = true;
  if (wants_snapshot_ || entries_since_snapshot_ >= options_.settings.ledger.snapshot_every) {
    if (!options_.recorded) machine_->add_snapshot();
    entries_since_snapshot_ = 0;
    wants_snapshot_ = false;
  }
  Batch batch = machine_->close();
  publish_view();
  if (batch.empty()) return;
  // The writer is at work on the one before: waiting here fills the queue, and the full queue slows the
  // sources.
  while (!writer_.push(batch, milliseconds(100))) {
    if (failure()) return;
    if (stopping_ && !writer_.is_up()) return;  // what was not acknowledged comes again
  }
}

// ---- after the commit, on the writer's thread ----

void Pipeline::committed(Batch& batch) {
  // Before anything else is done about it: from here on the gate refuses.
  if (options_.gates != nullptr) options_.gates->apply(batch.gate, batch.denials);
  intake_.durable(batch.tickets);
  for (const auto& done : batch.after_commit) done();
  if (workers_) workers_->dispatch(std::move(batch.acts), std::move(batch.asks));
  if (warnings_) warnings_->dispatch(std::move(batch.warnings));
  if (options_.on_commit) options_.on_commit(batch);
}

void Pipeline::fail(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = text;
    changed_.notify_all();
  }
  log_.error("the pipeline ended", {{"reason", text}});
  intake_.stop();
  if (options_.on_failure) options_.on_failure(text);
}

void Pipeline::publish_view() {
  EngineView view;
  view.counts = machine_->engine().counts();
  view.now = machine_->engine().now();
  view.inputs = machine_->inputs();
  view.clock_is_behind = clock_->is_frozen();
  if (policies_.empty()) policies_ = model::to_json(machine_->engine().policies());
  view.policies = policies_;
  view.policy_digest = base::to_hex(base::sha256(policies_));
  const std::lock_guard lock(mutex_);
  if (options_.metrics != nullptr)
    options_.metrics->counter(metrics::engine_inputs).add(static_cast<double>(view.inputs - view_.inputs));
  view_ = std::move(view);
}

bool Pipeline::wait_finished(Duration patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [this] { return engine_ended_ || failure_.has_value(); });
}

std::optional<std::string> Pipeline::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

EngineView Pipeline::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

std::string Pipeline::digest_key(const std::string& source) const {
  const auto found = digest_keys_.find(source);
  return found == digest_keys_.end() ? std::string{} : found->second;
}

}  // namespace curfew::app
