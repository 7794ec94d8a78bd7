#include "tests/integration/event_hub/kafka_broker.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace curfew::hub_test {
namespace {

namespace fs = std::filesystem;

const char* const version = "3.9.1";

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The folder of its jars, or why there is none.
std::string jars_in(const fs::path& folder, std::string& why) {
  if (!run("command -v java >/dev/null 2>&1")) {
    why = "needs kafka: Java is not installed";
    return {};
  }
  if (const char* given = std::getenv("CURFEW_KAFKA"); given != nullptr && *given != '\0') return given;
  if (!run("command -v mvn >/dev/null 2>&1")) {
    why = "needs kafka: neither CURFEW_KAFKA nor Maven is there";
    return {};
  }
  std::ofstream(folder / "pom.xml")
      << R"(<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>)"
      << "<groupId>test</groupId><artifactId>broker</artifactId><version>1</version>"
      << "<packaging>pom</packaging><dependencies><dependency><groupId>org.apache.kafka</groupId>"
      << "<artifactId>kafka_2.13</artifactId><version>" << version
      << "</version></dependency></dependencies></project>\n";
  const fs::path log = folder / "maven.log";
  // Kept in Maven's own cache; what it notes of its work goes into the folder.
  if (!run("cd '" + folder.string() +
           "' && timeout 400 mvn -q -B "
           "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies "
           "-DincludeScope=runtime -DoutputDirectory='" +
           (folder / "jars").string() + "' >'" + log.string() + "' 2>&1 </dev/null")) {
    const std::string said = text_of(log);
    why = std::string("needs kafka: Maven could not get version ") + version + ": " +
          said.substr(said.size() > 200 ? said.size() - 200 : 0);
    return {};
  }
  return (folder / "jars").string();
}

}  // namespace

struct KafkaBroker::Shared {
  support::TemporaryDirectory folder;
  std::string why;
  std::unique_ptr<KafkaBroker> broker;
};

KafkaBroker::Shared& KafkaBroker::shared_one() {
  static Shared one;
  static const bool tried = [] {
    const std::string jars = jars_in(one.folder.path(), one.why);
    if (!jars.empty()) one.broker.reset(new KafkaBroker(jars));
    return true;
  }();
  (void)tried;
  return one;
}
KafkaBroker* KafkaBroker::shared() { return shared_one().broker.get(); }
const std::string& KafkaBroker::why_not() { return shared_one().why; }

std::string KafkaBroker::bootstrap() const { return "127.0.0.1:" + std::to_string(port_); }
std::string KafkaBroker::connection_string(const std::string& key) {
  return "Endpoint=sb://127.0.0.1/;SharedAccessKeyName=listen;SharedAccessKey=" + key;
}

KafkaBroker::KafkaBroker(const std::string& jars)
    : port_(support::free_port()), plain_port_(support::free_port()) {
  const support::Certificate own = authority_.issue("IP:127.0.0.1");
  const fs::path keys = folder_.path() / "keystore.pem", settings = folder_.path() / "server.properties";
  std::ofstream(keys) << text_of(own.key) << text_of(own.certificate) << text_of(authority_.ca());
  const std::string controller = std::to_string(support::free_port());
  const std::string listeners =
      "SASL_SSL://" + bootstrap() + ",PLAINTEXT://127.0.0.1:" + std::to_string(plain_port_);
  std::ofstream(settings)
      << "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:" << controller
      << "\nlisteners=" << listeners << ",CONTROLLER://127.0.0.1:" << controller
      << "\nadvertised.listeners=" << listeners
      << "\nlistener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT"
         "\ncontroller.listener.names=CONTROLLER\ninter.broker.listener.name=PLAINTEXT"
         "\nsasl.enabled.mechanisms=PLAIN"
         "\nlistener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain."
         "PlainLoginModule required user_$ConnectionString=\""
      << connection_string() << "\";\nssl.keystore.type=PEM\nssl.keystore.location=" << keys.string()
      << "\nlog.dirs=" << (folder_.path() / "data").string()
      << "\noffsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1"
         "\ntransaction.state.log.min.isr=1\nauto.create.topics.enable=false"
         "\nlog.message.timestamp.type=LogAppendTime\n";
  const std::string java = "java -Xmx384m -XX:+UseSerialGC -cp '" + jars + "/*' ";
  const std::string log = (folder_.path() / "log").string();
  if (!run(java + "kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c '" + settings.string() +
           "' >'" + log + "' 2>&1"))
    throw std::runtime_error("Kafka's folder can't be made:\n" + text_of(log));
  process_ = std::make_unique<support::ServerProcess>(
      std::vector<std::string>{"/bin/sh", "-c", "exec " + java + "kafka.Kafka '" + settings.string() + "'"},
      std::map<std::string, std::string>{}, log);
  if (!support::wait_for_port(port_)) throw std::runtime_error("Kafka did not get ready:\n" + text_of(log));
  std::array<char, 256> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const std::string plain = "127.0.0.1:" + std::to_string(plain_port_);
  rd_kafka_conf_set(conf, "bootstrap.servers", plain.c_str(), why.data(), why.size());
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
  if (producer_ == nullptr) throw std::runtime_error(why.data());
}

KafkaBroker::~KafkaBroker() {
  if (producer_ != nullptr) rd_kafka_destroy(producer_);
}

// Asks, and waits for the answer; asked again until the broker has made up its mind about itself.
template <typename Ask>
void KafkaBroker::administer(const std::string& what, int event, Ask ask) {
  std::string why;
  const bool done = support::eventually([&] {
    rd_kafka_queue_t* queue = rd_kafka_queue_new(producer_);
    ask(queue);
    rd_kafka_event_t* answer = rd_kafka_queue_poll(queue, 20'000);
    const bool is_good = answer != nullptr && rd_kafka_event_type(answer) == event &&
                         rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR;
    why = answer == nullptr ? "no answer" : rd_kafka_event_error_string(answer);
    if (answer != nullptr) rd_kafka_event_destroy(answer);
    rd_kafka_queue_destroy(queue);
    return is_good;
  });
  if (!done) throw std::runtime_error(what + ": " + why);
}

void KafkaBroker::create(const std::string& topic, int partitions) {
  std::array<char, 256> why{};
  rd_kafka_NewTopic_t* wanted = rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why.data(), why.size());
  administer("a topic", RD_KAFKA_EVENT_CREATETOPICS_RESULT,
             [&](rd_kafka_queue_t* queue) { rd_kafka_CreateTopics(producer_, &wanted, 1, nullptr, queue); });
  rd_kafka_NewTopic_destroy(wanted);
}

void KafkaBroker::grow(const std::string& topic, int partitions) {
  std::array<char, 256> why{};
  rd_kafka_NewPartitions_t* wanted =
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(partitions), why.data(), why.size());
  administer("more partitions", RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT, [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreatePartitions(producer_, &wanted, 1, nullptr, queue);
  });
  rd_kafka_NewPartitions_destroy(wanted);
}

void KafkaBroker::drop_before(const std::string& topic, int partition, std::int64_t offset) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list);
  administer("dropping", RD_KAFKA_EVENT_DELETERECORDS_RESULT,
             [&](rd_kafka_queue_t* queue) { rd_kafka_DeleteRecords(producer_, &wanted, 1, nullptr, queue); });
  rd_kafka_DeleteRecords_destroy(wanted);
  rd_kafka_topic_partition_list_destroy(list);
}

void KafkaBroker::send(const std::string& topic, int partition, const std::vector<std::string>& bodies) {
  rd_kafka_topic_t* to = rd_kafka_topic_new(producer_, topic.c_str(), nullptr);
  std::size_t taken = 0;
  for (const std::string& body : bodies) {
    // A partition that was just added is not known at once.
    const bool is_taken = support::eventually([&] {
      if (rd_kafka_produce(to, partition, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK,
                           const_cast<char*>(body.data()), body.size(), nullptr, 0, nullptr) == 0)
        return true;
      const rd_kafka_metadata_t* anew = nullptr;
      if (rd_kafka_metadata(producer_, 0, to, &anew, 5'000) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(anew);
      return false;
    });
    taken += is_taken ? 1 : 0;
  }
  const bool is_sent = rd_kafka_flush(producer_, 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_topic_destroy(to);
  if (taken != bodies.size() || !is_sent) throw std::runtime_error("not all was sent to " + topic);
}

}  // namespace curfew::hub_test
