// The writer: seals batches and makes them durable, one after the other, on a thread of its own.
//
//   app::Writer writer(settings, log, on_commit);
//   writer.start(std::move(store), head, std::move(sealer));
//   writer.push(std::move(batch));                // waits while the one before is still under way
//
// A batch is sealed once. While the database is away the same bytes are sent again, with growing pauses;
// sources are slowed by the queue that fills behind it. What may happen only when a batch is durable
// (answers, steps, tickets) happens in on_commit, on the writer's thread. Threads: push, is_up and head from
// any; on_commit on its own. Owns: store, sealer, outside checkpoint file. Fails: on_failure is called once,
// and nothing is written after it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/app/arrival.hpp"
#include "core/app/log.hpp"
#include "core/base/error.hpp"
#include "core/base/queue.hpp"
#include "core/ledger/seal.hpp"
#include "core/metrics/registry.hpp"
#include "core/store/store.hpp"

namespace curfew::app {

struct WriterSettings {
  store::ConnectionInfo database;
  std::string outside_checkpoints;  // empty: none
  Duration longest_pause{std::chrono::seconds(5)};
  bool stores_keys = true;  // audit's recorded input needs no idempotency keys afterwards
  // How often keys and memory past their time are removed; 0: never.
  Duration expire_every{0};
  // How often an idle writer asks whether the database still answers; 0: never.
  Duration check_every{0};
  metrics::Registry* metrics = nullptr;
};

class Writer {
 public:
  struct Callbacks {
    std::function<void(Batch&)> committed;
    std::function<void(const std::string&)> failed;
  };

  Writer(WriterSettings settings, Log& log, Callbacks callbacks);
  ~Writer();

  // `snapshot_at`: the size that the newest stored snapshot covers.
  void start(store::Store store, store::StreamHead head, ledger::Sealer sealer,
             std::uint64_t snapshot_at = 0);
  // False when it stopped; `batch` is untouched when `patience` passed.
  bool push(Batch& batch, Duration patience);
  // Writes what was pushed, at most for `patience`, and ends.
  void stop(Duration patience);

  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] bool is_idle() const { return idle_ && queue_.size() == 0; }
  [[nodiscard]] store::StreamHead head() const;
  // Entries in the stream, and how many of them the newest snapshot covers.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t snapshot_at() const { return snapshot_at_; }
  // True once after a snapshot could not be stored: the next batch should bring one, or the tail that a
  // start has to fold grows.
  [[nodiscard]] bool take_lost_snapshot() { return snapshot_lost_.exchange(false); }

 private:
  void run();
  void write(Batch& batch);
  void commit(const ledger::SealedBatch& sealed, const store::Extras& extras);
  void publish_checkpoint(const std::string& checkpoint);
  bool pause_before_retry(Duration& pause);
  void expire_when_due();
  void check_when_due();
  void is_away(const Error& error);
  void is_back();

  WriterSettings settings_;
  Log& log_;
  Callbacks callbacks_;
  base::Queue<Batch> queue_{1};
  std::optional<store::Store> store_;
  std::optional<ledger::Sealer> sealer_;
  mutable std::mutex head_mutex_;
  store::StreamHead head_;
  std::atomic<bool> up_ = true;
  std::atomic<bool> idle_ = true;
  std::atomic<bool> give_up_ = false;
  std::mutex stop_mutex_;
  std::condition_variable stop_changed_;
  std::atomic<std::uint64_t> size_ = 0;
  std::atomic<std::uint64_t> snapshot_at_ = 0;
  std::atomic<bool> snapshot_lost_ = false;
  std::chrono::steady_clock::time_point expired_{};
  std::chrono::steady_clock::time_point heard_{};  // when the database answered last, or was asked
  int outside_ = -1;
  bool finished_ = false;
  std::thread thread_;
};

}  // namespace curfew::app
