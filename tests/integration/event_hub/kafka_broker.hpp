// A real Kafka broker (KRaft), one for all tests of the process, with a listener as Event Hubs has it: TLS,
// SASL PLAIN, user $ConnectionString. CURFEW_KAFKA names a folder with its jars; without it Maven gets them.
//
//   KafkaBroker* broker = KafkaBroker::shared();
//   if (broker == nullptr) GTEST_SKIP() << KafkaBroker::why_not();
//   broker->create("entra-logs", 2);
//   broker->send("entra-logs", 0, {body});
//
// Threads: one. Owns: the process, its folder and certificates. Fails: std::runtime_error.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/authority.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::hub_test {

class KafkaBroker {
 public:
  static KafkaBroker* shared();
  static const std::string& why_not();
  ~KafkaBroker();
  KafkaBroker(const KafkaBroker&) = delete;
  KafkaBroker& operator=(const KafkaBroker&) = delete;

  [[nodiscard]] std::string bootstrap() const;  // with TLS and SASL
  [[nodiscard]] std::string ca() const { return authority_.ca(); }
  static std::string connection_string(const std::string& key = "the-right-key=");

  void create(const std::string& topic, int partitions);
  void grow(const std::string& topic, int partitions);
  // As when the retention is over: all before the offset.
  void drop_before(const std::string& topic, int partition, std::int64_t offset);
  void send(const std::string& topic, int partition, const std::vector<std::string>& bodies);

 private:
  struct Shared;
  static Shared& shared_one();
  explicit KafkaBroker(const std::string& jars);
  template <typename Ask>
  void administer(const std::string& what, int event, Ask ask);

  support::TemporaryDirectory folder_;
  support::Authority authority_;
  int port_ = 0;
  int plain_port_ = 0;
  std::unique_ptr<support::ServerProcess> process_;
  rd_kafka_t* producer_ = nullptr;
};

}  // namespace curfew::hub_test
