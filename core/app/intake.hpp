// The intake: where what sources emit is admitted and queued for the engine.
//
//   app::Intake intake(admission, 65536, recorded);
//   connector::Host host(state, intake);           // it is the host's listener
//   intake.queue().pop_all(arrivals, 10ms);        // the engine's side
//
// An observation is admitted on its source's thread. When the queue is full nothing is admitted and the
// source is told to come again: back-pressure, never loss. Observations enter the queue in the order in which
// they were admitted, so that a reference is introduced before it is used.
//
// Threads: any. Owns: the queue, tickets, counts and the newest coverage of each source. Fails: never; what
// can't be admitted is counted.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/app/arrival.hpp"
#include "core/app/log.hpp"
#include "core/base/queue.hpp"
#include "core/metrics/registry.hpp"

namespace curfew::app {

struct SourceStatus {
  std::string connector;
  std::string state = "starting";
  std::string text;
  Time changed_at{};
  Time last_observation_at{};  // its event time
  Time observed_until{};
  std::uint64_t observations = 0;
  std::uint64_t repeats = 0;
  std::uint64_t too_late = 0;
  std::uint64_t invalid = 0;
  std::uint64_t slowed = 0;  // told to come again
  std::uint64_t read = 0;
  std::uint64_t filtered = 0;
  std::uint64_t unreadable = 0;
  std::string coverage;  // JSON, from the plugin
  bool caught_up = false;
};

// What became of one observation that was offered.
enum class Offer : std::uint8_t { Taken, Repeat, TooLate, Invalid, TooLarge, Full };

class Intake final : public connector::Listener {
 public:
  Intake(connector::Admission& admission, std::size_t capacity, Log& log,
         metrics::Registry* metrics = nullptr);

  void add_source(std::string_view source, std::string_view connector);

  // ---- the sources' side ----
  connector::Taken observed(std::string_view source, model::Observation&& observation) override;
  connector::Taken progressed(std::string_view source, connector::CursorProgress&& progress) override;
  connector::Taken remembered(std::string_view source, std::string_view key, std::string_view value,
                              Time expires_at) override;
  connector::Taken grouped(std::string_view source, connector::GroupMembers&& members) override;
  void covered(std::string_view source, std::string_view json) override;
  void gate_rules(std::string_view source, std::string_view json) override;
  void gate_keys(std::string_view source, std::string_view jwks) override;
  void logged(std::string_view source, std::uint32_t level, std::string_view text) override;
  void changed(std::string_view source, std::string_view state, std::string_view text) override;
  bool await_durable(std::string_view source, Duration patience) override;

  // Who is told of gate rules, on the source's thread; what came before is told at once.
  using GateRules = std::function<void(std::string_view source, std::string_view json)>;
  void on_gate_rules(GateRules tell);
  // The same of the keys that go with them.
  using GateKeys = std::function<void(std::string_view source, std::string_view jwks)>;
  void on_gate_keys(GateKeys tell);

  // What pushes by HTTP ask for: the same as observed, with the reason.
  Offer offer(std::string_view source, const model::Observation& observation);

  // ---- operators' and answers' side: waits for room; false when stopping ----
  bool submit(Arrival arrival);

  // ---- the pipeline's side ----
  [[nodiscard]] base::Queue<Arrival>& queue() { return queue_; }
  void durable(const std::map<std::string, std::uint64_t, std::less<>>& tickets);
  void stop();
  [[nodiscard]] std::map<std::string, SourceStatus> sources() const;

 private:
  struct Source {
    SourceStatus status;
    std::uint64_t issued = 0;
    std::uint64_t durable = 0;
    std::array<std::optional<metrics::Counter>, model::Names<model::ObservationType>::all.size()> by_type;
  };
  // Under order_: gives the arrival its ticket and queues it.
  connector::Taken push(std::string_view source, Arrival&& arrival);
  Source& find(std::string_view source);
  [[nodiscard]] bool is_full() const { return queue_.size() >= capacity_; }

  connector::Admission& admission_;
  Log& log_;
  metrics::Registry* metrics_;
  const std::size_t capacity_;
  base::Queue<Arrival> queue_;
  std::mutex order_;          // admission and queueing are one step
  mutable std::mutex mutex_;  // sources_
  std::condition_variable durable_;
  std::map<std::string, Source, std::less<>> sources_;
  bool stopping_ = false;
  std::mutex gate_mutex_;  // held while somebody is told
  std::map<std::string, std::string, std::less<>> gate_rules_;
  GateRules tell_gate_rules_;
  std::map<std::string, std::string, std::less<>> gate_keys_;
  GateKeys tell_gate_keys_;
};

}  // namespace curfew::app
