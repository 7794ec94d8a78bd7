// Entra's logs out of an Event Hub (which speaks Kafka) as batches of sightings, with a cursor for each of
// its partitions: each message once, also over a restart.
//
//   HubReader hub({.server = server, .arrival_delay = 30min}, ground);
//   hub.resume();
//   Batch batch = hub.read(deadline);      // waits for what comes, until woken
//
// An offset moves only with the records that were read before it. What the hub has dropped before it was read
// (its retention is over) is a gap. A hub's partitions are read abreast, within an hour: one that is far
// ahead waits, so that the others' records are not too late when they come.
//
// Threads: one; wake from any. Owns: the connections. Fails: plugin::Failure; what was read before is in a
// batch already.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "plugins/kafka/consumer.hpp"
#include "plugins/oauth/provider.hpp"

namespace curfew::oauth::entra {

class HubReader {
 public:
  struct Options {
    kafka::ServerSettings server;
    std::string own_client;  // what the directory's audit log has of it is left out
    plugin::Duration arrival_delay = std::chrono::minutes(30);
    plugin::Duration clock_skew = std::chrono::seconds(30);
    plugin::Duration history{0};
    plugin::Duration check_every = std::chrono::minutes(1);  // for new partitions, and that the hub is there
    plugin::Duration most_ahead = std::chrono::hours(1);
    kafka::Consumer::Limits limits{};  // of one batch
  };
  HubReader(Options options, const Ground& ground);
  ~HubReader();

  void resume();
  [[nodiscard]] Batch read(plugin::Time deadline);
  void wake() noexcept;

  // For any thread.
  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
  [[nodiscard]] std::uint64_t behind() const { return behind_; }  // messages, as of the last look
  [[nodiscard]] std::uint64_t partitions() const { return partition_count_; }
  [[nodiscard]] std::uint64_t throttled() const { return throttled_; }
  [[nodiscard]] std::uint64_t others() const { return others_; }

 private:
  struct Partition {
    std::int64_t next = 0;
    plugin::Time appended{};  // of the newest that was read, by the broker
    plugin::Time complete{};  // all that was appended by then was read
    bool at_end = false;
    bool was_at_end = false;  // once, since the start
    bool is_dirty = true;     // its cursor has moved
    std::uint64_t read = 0, filtered = 0, unreadable = 0;
  };
  void begin(plugin::Time deadline);
  void look(plugin::Time deadline);
  void look_at_all(plugin::Time deadline);
  void add_partitions(const std::vector<std::int32_t>& ids, plugin::Time deadline);
  [[nodiscard]] Partition first_position(std::int32_t id, bool is_new, plugin::Time deadline);
  void take_message(const kafka::Message& message, Batch& batch);
  void skip_what_is_gone(std::int32_t id, const kafka::Range& range);
  void assign();
  void keep_abreast();
  void advance(Batch& batch);
  [[nodiscard]] std::string name() const;

  Options options_;
  const Ground& ground_;
  std::unique_ptr<kafka::Consumer> consumer_;
  bool has_begun_ = false;
  bool is_known_ = false;       // there was a run before
  std::int32_t first_ = 0;      // partitions of the first run …
  std::int32_t known_ = 0;      // … and those since
  plugin::Time start_{};        // where the first run began
  bool has_told_start_ = true;  // the cursor that holds them is as they are
  std::map<std::int32_t, Partition> partitions_;
  // Between calls that fail: what was found and is not told yet, what is to be looked at, to be done.
  std::vector<Sighting> found_;
  std::set<std::int32_t> out_of_range_;
  bool must_assign_ = false;
  plugin::Time look_at_{};
  std::atomic<std::uint64_t> gaps_{0}, behind_{0}, partition_count_{0}, throttled_{0}, others_{0};
};

}  // namespace curfew::oauth::entra
