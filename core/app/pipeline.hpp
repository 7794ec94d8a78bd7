// The pipeline joins the machine with the outside. See pipeline.cpp: it is meant to be read.
//
//   app::Pipeline pipeline(options, log);
//   pipeline.start();                             // recovers, then runs: threads for sources, engine,
//   writer, actions pipeline.command(sign_out);                   // returns when durable pipeline.stop(10s);
//
// Threads: start, reload and stop from one; the rest from any. Owns: symbols, admission, intake, host,
// writer, workers, and the engine's thread. Fails: start throws what recovery and the sources' plugins throw;
// later failures end the pipeline and are in failure().
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/app/action_workers.hpp"
#include "core/app/configuration.hpp"
#include "core/app/engine_clock.hpp"
#include "core/app/event_order.hpp"
#include "core/app/gates.hpp"
#include "core/app/intake.hpp"
#include "core/app/machine.hpp"
#include "core/app/recovery.hpp"
#include "core/app/warning_notices.hpp"
#include "core/app/writer.hpp"
#include "core/connector/host.hpp"
#include "core/metrics/registry.hpp"

namespace curfew::app {

struct PipelineOptions {
  Settings settings;
  Capabilities capabilities;
  store::ConnectionInfo database;
  bool recorded = false;  // `audit`: event time, no acts, ends when all input was read
  std::size_t action_threads = 4;
  metrics::Registry* metrics = nullptr;
  Gates* gates = nullptr;  // bound, not started; must outlive the pipeline
  std::function<void(const std::string&)> on_failure;
  std::function<void(const Batch&)> on_commit;  // on the writer's thread
};

// What the engine shows of itself after each batch.
struct EngineView {
  engine::Counts counts;
  Time now{};
  std::uint64_t inputs = 0;
  std::string policies;  // JSON
  std::string policy_digest;
  bool clock_is_behind = false;
};

class Pipeline {
 public:
  Pipeline(PipelineOptions options, Log& log);
  ~Pipeline();

  void start();
  // Stops sources, takes what is queued, commits, stores a snapshot; at most for `patience`.
  void stop(Duration patience);
  // Takes policies, safety and notifications of new settings over; the policies are an input. Sources stay.
  // Throws for notifications that can't be used, and has changed nothing then.
  void reload(const Settings& settings, const Capabilities& capabilities);

  // Durable when it returns; nullopt: it could not be made durable in time.
  std::optional<Commanded> command(model::CommandInput command, Duration patience);
  // A record (access, erasure), durable when it returns true.
  bool record(model::Entry entry, Duration patience);
  // The subject that an identifier belongs to now; none: unknown. nullopt: no answer in time.
  std::optional<model::Ref> subject_of(model::Ref identifier, Duration patience);
  // All names of a subject as they are linked now. nullopt: no answer in time.
  std::optional<std::vector<model::Identifier>> identifiers_of(model::Ref subject, Duration patience);
  // Whether a warning is still true, as things stand now. nullopt: no answer in time.
  std::optional<bool> warning_stands(const model::RunNotice& warning, Duration patience);
  // What a sign-out would do, as things stand now. nullopt: no answer in time.
  std::optional<model::Preview> preview(const model::CommandInput& command, Duration patience);
  // `audit`: until all input was taken and committed, or the pipeline failed. False: `patience` passed.
  bool wait_finished(Duration patience);

  [[nodiscard]] std::optional<std::string> failure() const;
  [[nodiscard]] EngineView view() const;
  // What the start took; after start().
  [[nodiscard]] const std::vector<Recovered::Phase>& phases() const { return phases_; }
  [[nodiscard]] Intake& intake() { return intake_; }
  [[nodiscard]] Writer& writer() { return writer_; }
  [[nodiscard]] connector::Host& host() { return *host_; }
  [[nodiscard]] connector::Admission& admission() { return admission_; }
  [[nodiscard]] const Settings& settings() const { return options_.settings; }
  [[nodiscard]] std::string digest_key(const std::string& source) const;
  [[nodiscard]] std::uint64_t released_early() const { return released_early_; }

 private:
  void run_engine();
  void run_live();
  void run_recorded();
  void run_by_event_time();
  [[nodiscard]] bool is_by_event_time() const;
  void take(Arrival&& arrival, Time at);
  void take_progress(const std::string& source, const connector::CursorProgress& progress);
  void release(bool everything);
  void state_silence_before(Time time);
  void give_progress(Time at, bool all);
  void close_batch();
  [[nodiscard]] bool batch_is_due() const;
  void committed(Batch& batch);
  void fail(const std::string& text);
  void publish_view();
  void add_gates();
  void load_gates(store::Store& store);
  [[nodiscard]] std::optional<connector::Answer> act_at_gate(const model::RunStep& step) const;
  void add_sources(std::map<std::string, connector::SourceMemory>& memory);
  void configure(Time at);
  void take_group(Time at, Grouped&& told);

  PipelineOptions options_;
  Log& log_;
  model::Symbols symbols_;
  connector::Admission admission_;
  Intake intake_;
  Writer writer_;
  std::unique_ptr<connector::Host> host_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<ActionWorkers> workers_;
  std::unique_ptr<WarningNotices> warnings_;
  std::map<std::string, std::string> digest_keys_;

  // The engine thread's own.
  std::optional<Machine> machine_;
  std::optional<EngineClock> clock_;
  EventOrder order_;
  std::map<std::string, model::ProgressInput> progress_;  // said by sources, not yet given to the engine
  std::map<std::string, Time> given_until_;
  std::map<std::pair<std::string, std::string>, store::CursorUpdate> cursors_;
  std::chrono::steady_clock::time_point batch_began_{};
  std::chrono::steady_clock::time_point progress_given_{};
  std::chrono::steady_clock::time_point flushed_{};
  std::uint64_t entries_since_snapshot_ = 0;
  bool wants_snapshot_ = false;
  bool is_awaited_ = false;
  std::vector<Recovered::Phase> phases_;
  std::string policies_;  // JSON of what the engine has; empty: to be asked

  std::thread engine_thread_;
  std::atomic<bool> has_host_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> released_early_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool engine_ended_ = false;
  std::optional<std::string> failure_;
  EngineView view_;
};

}  // namespace curfew::app
