// Reads a topic of a Kafka cluster, or of what speaks its protocol, from offsets that the caller keeps.
//
//   Consumer consumer({.servers = "hub.corp.test:9093", .topic = "sign-ins", .user = "u", .password = "p"});
//   for (const auto& [one, range] : consumer.ranges({0, 1}, deadline)) at[one] = range.end;
//   consumer.read_from(at);
//   const Taken taken = consumer.take({.messages = 500, .bytes = 1 << 22}, deadline);
//
// The broker keeps nothing for it: no offset is committed and no group is joined, so nobody's rebalance takes
// a partition away, and what was read is what the caller made durable. librdkafka stays behind this header.
//
// What is fetched ahead is bounded (16 MiB, or one message that is larger, of 32 MiB at most).
//
// Threads: one, and librdkafka's; wake and stop from any. Owns: connections and what was fetched ahead.
// Fails: plugin::Failure: Refused for credentials and permissions, NotFound for a topic that is not there,
// Invalid for settings, Unavailable for all that may pass; never with the password in it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::kafka {

struct ServerSettings {
  std::string servers;  // host:port, with commas between several
  std::string topic;
  std::string group = "curfew";  // told to the broker, which wants one; it is not joined
  std::string user;              // SASL PLAIN; empty: none
  std::string password;
  bool tls = true;
  std::string ca_file;  // PEM; trusted in place of the system's
};

struct Message {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  plugin::Time appended{};  // by the broker's clock; Time{}: it does not say
  std::string body;
};

struct Range {
  std::int64_t first = 0;  // the oldest that is there
  std::int64_t end = 0;    // behind the newest
};

struct Taken {
  std::vector<Message> messages;              // of each partition in order
  std::map<std::int32_t, std::int64_t> ends;  // partitions that were read to their end, and where that was
  std::set<std::int32_t> out_of_range;        // what was asked for is gone, or was never there
};

class Consumer {
 public:
  explicit Consumer(const ServerSettings& settings);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // Each asks the broker.
  [[nodiscard]] std::vector<std::int32_t> partitions(plugin::Time deadline);
  [[nodiscard]] std::map<std::int32_t, Range> ranges(const std::set<std::int32_t>& partitions,
                                                     plugin::Time deadline);
  // Of the first message that was appended then or later; the end, if there is none.
  [[nodiscard]] std::int64_t offset_at(std::int32_t partition, plugin::Time at, plugin::Time deadline);

  // In place of all before; what was fetched ahead is dropped.
  void read_from(const std::map<std::int32_t, std::int64_t>& positions);
  // Those and no others wait.
  void hold(const std::set<std::int32_t>& partitions);

  struct Limits {
    std::size_t messages = 1000;
    std::size_t bytes = std::size_t{4} << 20U;
  };
  // At once when there is anything; nothing at the deadline, or woken.
  [[nodiscard]] Taken take(const Limits& limits, plugin::Time deadline);
  void wake() noexcept;

  // Answers that the broker held back because of a quota.
  [[nodiscard]] std::uint64_t throttled() const;

 private:
  struct Client;
  std::unique_ptr<Client> client_;
};

}  // namespace curfew::kafka
