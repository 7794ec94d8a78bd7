// A Kafka cluster within the process (librdkafka's own mock), and messages in it as Azure's diagnostic
// settings send them.
//
//   MockHub hub(2);
//   hub.tell(0, {sign_in("id-1", "alice")});
//   … settings with hub.servers() …
//
// Threads: one, and librdkafka's. Owns: the cluster and a producer. Fails: std::runtime_error.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "plugins/oauth/timestamps.hpp"

namespace curfew::hub_test {

inline plugin::Time wall_clock() {
  return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now());
}

// One outer record.
inline nlohmann::json sign_in(const std::string& id, const std::string& user = "alice",
                              const std::string& category = "SignInLogs", int code = 0) {
  using nlohmann::json;
  const std::string at = oauth::to_iso_time(wall_clock() - std::chrono::seconds(5));
  return {{"time", at},
          {"resourceId", "/tenants/t/providers/Microsoft.aadiam"},
          {"operationName", "Sign-in activity"},
          {"category", category},
          {"resultType", std::to_string(code)},
          {"durationMs", "0"},
          {"callerIpAddress", "192.0.2.7"},
          {"Level", 4},
          {"properties",
           {{"id", id},
            {"createdDateTime", at},
            {"userPrincipalName", user + "@corp.test"},
            {"userId", "00000001-0000-4000-8000-000000000001"},
            {"appId", "00000003-0000-4000-8000-000000000001"},
            {"appDisplayName", "Office 365"},
            {"ipAddress", "192.0.2.7"},
            {"sessionId", "session-of-" + id},
            {"isInteractive", category == "SignInLogs"},
            {"status", {{"errorCode", code}}}}}};
}

inline std::string envelope(const std::vector<nlohmann::json>& records) {
  return nlohmann::json{{"records", records}}.dump();
}

class MockHub {
 public:
  static constexpr const char* topic = "entra-logs";

  explicit MockHub(int partitions, int brokers = 1) {
    std::array<char, 256> why{};
    owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, quiet(rd_kafka_conf_new()), why.data(), why.size());
    if (owner_ == nullptr) throw std::runtime_error(why.data());
    cluster_ = rd_kafka_mock_cluster_new(owner_, brokers);
    if (cluster_ == nullptr) throw std::runtime_error("no mock cluster");
    rd_kafka_mock_topic_create(cluster_, topic, partitions, 1);
    rd_kafka_conf_t* conf = quiet(rd_kafka_conf_new());
    rd_kafka_conf_set(conf, "bootstrap.servers", servers().c_str(), why.data(), why.size());
    rd_kafka_conf_set(conf, "linger.ms", "0", why.data(), why.size());
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
    if (producer_ == nullptr) throw std::runtime_error(why.data());
  }
  ~MockHub() {
    rd_kafka_destroy(producer_);
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(owner_);
  }
  MockHub(const MockHub&) = delete;
  MockHub& operator=(const MockHub&) = delete;

  [[nodiscard]] std::string servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  [[nodiscard]] rd_kafka_mock_cluster_t* cluster() const { return cluster_; }

  // Returns when it is there.
  void send(int partition, const std::string& body) { send_all(partition, {body}); }
  void tell(int partition, const std::vector<nlohmann::json>& records) { send(partition, envelope(records)); }
  void send_all(int partition, const std::vector<std::string>& bodies) {
    rd_kafka_topic_t* to = rd_kafka_topic_new(producer_, topic, nullptr);
    int sent = 0;
    for (const std::string& body : bodies)
      sent += rd_kafka_produce(to, partition, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK,
                               const_cast<char*>(body.data()), body.size(), nullptr, 0, nullptr) == 0
                  ? 1
                  : 0;
    rd_kafka_topic_destroy(to);
    if (sent != static_cast<int>(bodies.size())) throw std::runtime_error("not taken to be sent");
    if (rd_kafka_flush(producer_, 30'000) != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw std::runtime_error("not sent within half a minute");
  }

 private:
  static rd_kafka_conf_t* quiet(rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    return conf;
  }
  rd_kafka_t* owner_ = nullptr;
  rd_kafka_t* producer_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace curfew::hub_test
