#include "plugins/kafka/consumer.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>

namespace curfew::kafka {
namespace {

using plugin::Code;
using plugin::Failure;
using plugin::Time;
using namespace std::chrono_literals;

constexpr std::size_t most_partitions = 1024;
constexpr std::size_t longest_reason = 200;

struct Destroy {
  void operator()(rd_kafka_conf_t* it) const { rd_kafka_conf_destroy(it); }
  // Closing as a member of a group would wait for a coordinator; it is none.
  void operator()(rd_kafka_t* it) const { rd_kafka_destroy_flags(it, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
  void operator()(rd_kafka_topic_t* it) const { rd_kafka_topic_destroy(it); }
  void operator()(rd_kafka_queue_t* it) const { rd_kafka_queue_destroy(it); }
  void operator()(rd_kafka_topic_partition_list_t* it) const { rd_kafka_topic_partition_list_destroy(it); }
  void operator()(rd_kafka_message_t* it) const { rd_kafka_message_destroy(it); }
  void operator()(const rd_kafka_metadata_t* it) const { rd_kafka_metadata_destroy(it); }
};
template <typename T>
using Owned = std::unique_ptr<T, Destroy>;

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

// At least a little: a call that is asked for is made.
int milliseconds_until(Time deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - wall_clock());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 1, 60'000));
}

void set(rd_kafka_conf_t* conf, const char* key, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf, key, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK)
    throw Failure(Code::Invalid,
                  std::string("Kafka does not take ") + key + " as it is configured: check it");
}

Owned<rd_kafka_conf_t> configured(const ServerSettings& settings) {
  Owned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  const auto give = [&](const char* key, const std::string& value) { set(conf.get(), key, value); };
  give("client.id", "curfew");
  give("bootstrap.servers", settings.servers);
  give("group.id", settings.group);
  give("enable.auto.commit", "false");
  give("enable.auto.offset.store", "false");
  // What is gone is told, never skipped.
  give("auto.offset.reset", "error");
  give("enable.partition.eof", "true");
  give("check.crcs", "true");
  give("queued.max.messages.kbytes", "16384");
  give("queued.min.messages", "10000");
  give("fetch.wait.max.ms", "200");
  give("fetch.message.max.bytes", "1048576");
  give("fetch.max.bytes", "8388608");
  give("receive.message.max.bytes", "33554432");
  // Load balancers forget connections that are idle for four minutes (Microsoft's advice for Event Hubs).
  give("connections.max.idle.ms", "180000");
  give("metadata.max.age.ms", "180000");
  give("topic.metadata.refresh.interval.ms", "180000");
  give("socket.keepalive.enable", "true");
  give("reconnect.backoff.max.ms", "5000");
  give("security.protocol",
       std::string(settings.user.empty() ? "" : "sasl_") + (settings.tls ? "ssl" : "plaintext"));
  if (settings.tls) {
    give("ssl.endpoint.identification.algorithm", "https");
    if (!settings.ca_file.empty()) give("ssl.ca.location", settings.ca_file);
  }
  if (!settings.user.empty()) {
    give("sasl.mechanisms", "PLAIN");
    give("sasl.username", settings.user);
    give("sasl.password", settings.password);
  }
  return conf;
}

bool is_lasting(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
         code == RD_KAFKA_RESP_ERR__RESOLVE;
}

}  // namespace

struct Consumer::Client {
  struct Trouble {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string text;
  };

  explicit Client(const ServerSettings& with) : settings(with) {
    Owned<rd_kafka_conf_t> conf = configured(with);
    rd_kafka_conf_set_opaque(conf.get(), this);
    // What matters comes as an error; the rest is librdkafka's diary.
    rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
    rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int code, const char* reason, void* opaque) {
      static_cast<Client*>(opaque)->note(static_cast<rd_kafka_resp_err_t>(code), reason);
    });
    rd_kafka_conf_set_throttle_cb(conf.get(),
                                  [](rd_kafka_t*, const char*, std::int32_t, int pause, void* opaque) {
                                    if (pause > 0) ++static_cast<Client*>(opaque)->throttled;
                                  });
    std::array<char, 512> why{};
    rk.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why.data(), why.size()));
    if (!rk)
      throw Failure(Code::Invalid, with.servers + ": no Kafka client can be made of these settings: " +
                                       std::string(why.data()).substr(0, longest_reason));
    (void)conf.release();  // it is the client's now
    topic.reset(rd_kafka_topic_new(rk.get(), with.topic.c_str(), nullptr));
    if (!topic) throw Failure(Code::Invalid, "'" + with.topic + "' is no name of a Kafka topic");
    queue.reset(rd_kafka_queue_get_consumer(rk.get()));
  }

  // Only while rd_kafka_poll is called, so on the caller's thread. Why nothing works lasts longer than that
  // nothing works.
  void note(rd_kafka_resp_err_t code, const char* reason) {
    if (is_lasting(trouble.code) && !is_lasting(code)) return;
    trouble = {code, std::string(reason).substr(0, longest_reason)};
  }
  // Of the first message then or later, as Kafka counts time.
  std::map<std::int32_t, std::int64_t> offsets(const std::set<std::int32_t>& partitions, std::int64_t at,
                                               Time deadline);
  void serve() { rd_kafka_poll(rk.get(), 0); }
  void works() { trouble = {}; }

  [[noreturn]] void fail(rd_kafka_resp_err_t code, const std::string& what) {
    serve();
    const Trouble said = is_lasting(trouble.code) ? trouble : Trouble{code, rd_kafka_err2str(code)};
    const std::string text = settings.servers + ": " + what + ": " + said.text;
    switch (said.code) {
      case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
        throw Failure(Code::Refused,
                      text + ": is the connection string right, of this server, and not renewed?");
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        throw Failure(Code::Refused,
                      text + ": may the connection string listen to '" + settings.topic + "'?");
      case RD_KAFKA_RESP_ERR__SSL:
        throw Failure(Code::Unavailable,
                      text + ": is the server's certificate of a CA that is trusted here (ca_file)?");
      case RD_KAFKA_RESP_ERR__RESOLVE:
        throw Failure(Code::Unavailable, text + ": is the server's name right?");
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        throw Failure(Code::NotFound, text + ": is there a '" + settings.topic + "' with that partition?");
      default:
        throw Failure(Code::Unavailable, text + "; it is asked again later");
    }
  }

  ServerSettings settings;
  std::atomic<std::uint64_t> throttled{0};
  std::atomic<bool> woken{false};
  Trouble trouble;
  Trouble pending;  // met while messages were taken: told by the next call
  std::set<std::int32_t> held;
  Owned<rd_kafka_t> rk;
  Owned<rd_kafka_topic_t> topic;  // both go before the client
  Owned<rd_kafka_queue_t> queue;
};

Consumer::Consumer(const ServerSettings& settings) : client_(std::make_unique<Client>(settings)) {}
Consumer::~Consumer() = default;

std::vector<std::int32_t> Consumer::partitions(Time deadline) {
  const rd_kafka_metadata_t* raw = nullptr;
  const std::string what = "asked for the partitions of '" + client_->settings.topic + "'";
  const auto code =
      rd_kafka_metadata(client_->rk.get(), 0, client_->topic.get(), &raw, milliseconds_until(deadline));
  const Owned<const rd_kafka_metadata_t> all(raw);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) client_->fail(code, what);
  if (all->topic_cnt != 1) client_->fail(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, what);
  const rd_kafka_metadata_topic& topic = all->topics[0];
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) client_->fail(topic.err, what);
  if (topic.partition_cnt <= 0) client_->fail(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, what);
  if (static_cast<std::size_t>(topic.partition_cnt) > most_partitions)
    throw Failure(Code::Failed, client_->settings.servers + ": '" + client_->settings.topic +
                                    "' has more than " + std::to_string(most_partitions) + " partitions");
  std::vector<std::int32_t> ids;
  for (int i = 0; i < topic.partition_cnt; ++i) ids.push_back(topic.partitions[i].id);
  std::sort(ids.begin(), ids.end());
  client_->works();
  return ids;
}

std::map<std::int32_t, std::int64_t> Consumer::Client::offsets(const std::set<std::int32_t>& partitions,
                                                               std::int64_t at, Time deadline) {
  std::map<std::int32_t, std::int64_t> all;
  if (partitions.empty()) return all;
  const Owned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const std::int32_t one : partitions)
    rd_kafka_topic_partition_list_add(list.get(), settings.topic.c_str(), one)->offset = at;
  const std::string what = "asked for the offsets of '" + settings.topic + "'";
  const auto code = rd_kafka_offsets_for_times(rk.get(), list.get(), milliseconds_until(deadline));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(code, what);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(one.err, what);
    all[one.partition] = one.offset;
  }
  works();
  return all;
}

// The protocol's times for the first and the next offset are librdkafka's names for them. All partitions at
// once: behind a fetch that waits for messages each question waits too.
std::map<std::int32_t, Range> Consumer::ranges(const std::set<std::int32_t>& partitions, Time deadline) {
  const auto first = client_->offsets(partitions, RD_KAFKA_OFFSET_BEGINNING, deadline);
  const auto end = client_->offsets(partitions, RD_KAFKA_OFFSET_END, deadline);
  std::map<std::int32_t, Range> all;
  for (const auto& [partition, offset] : end) {
    const auto begin = first.find(partition);
    if (offset < 0 || begin == first.end() || begin->second < 0)
      client_->fail(RD_KAFKA_RESP_ERR__BAD_MSG, "asked for the offsets of '" + client_->settings.topic + "'");
    all[partition] = {.first = begin->second, .end = offset};
  }
  return all;
}

std::int64_t Consumer::offset_at(std::int32_t partition, Time at, Time deadline) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch());
  const std::int64_t offset =
      client_->offsets({partition}, std::max<std::int64_t>(milliseconds.count(), 0), deadline).at(partition);
  return offset >= 0 ? offset : ranges({partition}, deadline).at(partition).end;
}

void Consumer::read_from(const std::map<std::int32_t, std::int64_t>& positions) {
  const Owned<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const auto& [partition, offset] : positions)
    rd_kafka_topic_partition_list_add(list.get(), client_->settings.topic.c_str(), partition)->offset =
        offset;
  const auto code = rd_kafka_assign(client_->rk.get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    client_->fail(code, "told which partitions of '" + client_->settings.topic + "' to read");
  client_->pending = {};
  client_->held.clear();
}

void Consumer::hold(const std::set<std::int32_t>& partitions) {
  const auto change = [&](const std::set<std::int32_t>& which, const std::set<std::int32_t>& but, auto call) {
    const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    for (const std::int32_t one : which) {
      if (!but.contains(one))
        rd_kafka_topic_partition_list_add(list.get(), client_->settings.topic.c_str(), one);
    }
    if (list->cnt == 0) return;
    if (const auto code = call(client_->rk.get(), list.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
      client_->fail(code, "told which partitions wait");
  };
  change(client_->held, partitions, rd_kafka_resume_partitions);
  change(partitions, client_->held, rd_kafka_pause_partitions);
  client_->held = partitions;
}

Taken Consumer::take(const Limits& limits, Time deadline) {
  Client& client = *client_;
  if (client.pending.code != RD_KAFKA_RESP_ERR_NO_ERROR)
    client.fail(std::exchange(client.pending, {}).code, "reading '" + client.settings.topic + "'");
  Taken taken;
  std::size_t bytes = 0;
  while (taken.messages.size() < limits.messages && bytes < limits.bytes) {
    const bool has_any = !taken.messages.empty() || !taken.ends.empty() || !taken.out_of_range.empty();
    const int wait = has_any ? 0 : std::min(milliseconds_until(deadline), 1000);
    const Owned<rd_kafka_message_t> one(rd_kafka_consumer_poll(client.rk.get(), wait));
    if (!one) {
      client.serve();
      if (has_any || client.woken.exchange(false) || wall_clock() >= deadline) break;
      continue;
    }
    switch (one->err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR: {
        rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        const std::int64_t at = rd_kafka_message_timestamp(one.get(), &type);
        Message& message = taken.messages.emplace_back();
        message.partition = one->partition;
        message.offset = one->offset;
        // A producer's own clock says nothing about the order.
        if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME && at > 0)
          message.appended = Time(std::chrono::milliseconds(at));
        if (one->payload != nullptr) message.body.assign(static_cast<const char*>(one->payload), one->len);
        bytes += one->len;
        taken.ends.erase(one->partition);
        continue;
      }
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        taken.ends[one->partition] = one->offset;
        continue;
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        taken.out_of_range.insert(one->partition);
        continue;
      default:
        break;
    }
    const Client::Trouble met{one->err, {}};
    if (!has_any) client.fail(met.code, "reading '" + client.settings.topic + "'");
    client.pending = met;
    break;
  }
  if (!taken.messages.empty() || !taken.ends.empty()) client.works();
  return taken;
}

void Consumer::wake() noexcept {
  client_->woken = true;
  rd_kafka_queue_yield(client_->queue.get());
}

std::uint64_t Consumer::throttled() const { return client_->throttled; }

}  // namespace curfew::kafka
