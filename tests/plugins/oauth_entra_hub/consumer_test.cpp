// What the consumer says of a cluster that is well, that is not, and that is not the one that was meant.
#include "plugins/kafka/consumer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/plugins/oauth_entra_hub/mock_hub.hpp"

namespace curfew::hub_test {
namespace {

using kafka::Consumer;
using kafka::Taken;
using plugin::Code;
using plugin::Failure;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

kafka::ServerSettings settings_for(const MockHub& hub) {
  return {.servers = hub.servers(), .topic = MockHub::topic, .tls = false};
}

// The failure, with its code in front; empty: none.
template <typename Call>
std::string complaint(Call call) {
  try {
    call();
    return {};
  } catch (const Failure& failure) {
    return std::to_string(static_cast<int>(failure.code())) + " " + failure.what();
  }
}
std::string number(Code code) { return std::to_string(static_cast<int>(code)) + " "; }

TEST(Consumer, ReadsFromWhereItIsTold) {
  MockHub hub(2);
  for (int i = 0; i < 4; ++i) hub.send(0, "a" + std::to_string(i));
  hub.send(1, "b0");
  Consumer consumer(settings_for(hub));
  EXPECT_THAT(consumer.partitions(wall_clock() + 10s), ElementsAre(0, 1));
  const kafka::Range range = consumer.ranges({0, 1}, wall_clock() + 10s).at(0);
  EXPECT_EQ(range.first, 0);
  EXPECT_EQ(range.end, 4);
  consumer.read_from({{0, 2}, {1, 0}});
  std::vector<std::string> bodies;
  std::map<std::int32_t, std::int64_t> ends;
  while (ends.size() < 2) {
    const Taken taken = consumer.take({}, wall_clock() + 10s);
    for (const kafka::Message& one : taken.messages) bodies.push_back(one.body);
    for (const auto& end : taken.ends) ends.insert(end);
  }
  EXPECT_THAT(bodies, testing::UnorderedElementsAre("a2", "a3", "b0"));
  EXPECT_THAT(ends, ElementsAre(std::pair(0, 4), std::pair(1, 1)));
}

TEST(Consumer, TakesNoMoreThanItMay) {
  MockHub hub(1);
  hub.send_all(0, std::vector<std::string>(25, std::string(1000, 'x')));
  Consumer consumer(settings_for(hub));
  consumer.read_from({{0, 0}});
  std::size_t all = 0;
  while (all < 10) {
    const Taken taken = consumer.take({.messages = 4, .bytes = 1 << 20}, wall_clock() + 10s);
    EXPECT_LE(taken.messages.size(), 4U);
    all += taken.messages.size();
  }
  while (all < 25) {
    const Taken taken = consumer.take({.messages = 100, .bytes = 2500}, wall_clock() + 10s);
    EXPECT_LE(taken.messages.size(), 3U);  // the last one passes the limit
    all += taken.messages.size();
  }
}

TEST(Consumer, ComesBackWhenItIsWoken) {
  MockHub hub(1);
  Consumer consumer(settings_for(hub));
  consumer.read_from({{0, 0}});
  while (consumer.take({}, wall_clock() + 10s).ends.empty()) {
  }
  consumer.wake();  // before the wait: counts
  EXPECT_THAT(consumer.take({}, wall_clock() + 24h).messages, IsEmpty());
  std::thread other([&] { consumer.wake(); });
  EXPECT_THAT(consumer.take({}, wall_clock() + 24h).messages, IsEmpty());
  other.join();
}

TEST(Consumer, HoldsWhatIsToWait) {
  MockHub hub(2);
  Consumer consumer(settings_for(hub));
  consumer.read_from({{0, 0}, {1, 0}});
  consumer.hold({0});
  hub.send(0, "held");
  hub.send(1, "free");
  std::vector<std::string> bodies;
  while (bodies.empty()) {
    for (const kafka::Message& one : consumer.take({}, wall_clock() + 1s).messages)
      bodies.push_back(one.body);
  }
  EXPECT_THAT(bodies, ElementsAre("free"));
  consumer.hold({});
  while (bodies.size() < 2) {
    for (const kafka::Message& one : consumer.take({}, wall_clock() + 1s).messages)
      bodies.push_back(one.body);
  }
  EXPECT_THAT(bodies, ElementsAre("free", "held"));
}

TEST(Consumer, SaysWhatIsWrong) {
  MockHub hub(1);
  kafka::ServerSettings none = settings_for(hub);
  none.topic = "other";
  rd_kafka_mock_topic_set_error(hub.cluster(), "other", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_THAT(complaint([&] { (void)Consumer(none).partitions(wall_clock() + 3s); }),
              testing::AllOf(testing::StartsWith(number(Code::NotFound)), HasSubstr("is there a 'other'")));
  rd_kafka_mock_topic_set_error(hub.cluster(), MockHub::topic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  EXPECT_THAT(complaint([&] { (void)Consumer(settings_for(hub)).partitions(wall_clock() + 3s); }),
              testing::AllOf(testing::StartsWith(number(Code::Refused)),
                             HasSubstr("may the connection string listen")));
  EXPECT_THAT(
      complaint([&] {
        (void)Consumer({.servers = "127.0.0.1:1", .topic = "t", .tls = false}).partitions(wall_clock() + 1s);
      }),
      testing::AllOf(testing::StartsWith(number(Code::Unavailable)), HasSubstr("127.0.0.1:1")));
  EXPECT_THAT(
      complaint([] { Consumer({.servers = "127.0.0.1:1", .topic = "t", .ca_file = "/no/such/file"}); }),
      testing::StartsWith(number(Code::Invalid)));
}

TEST(Consumer, KeepsThePasswordToItself) {
  const kafka::ServerSettings settings{
      .servers = "127.0.0.1:1", .topic = "t", .user = "$ConnectionString", .password = "a-secret-key"};
  const std::string said = complaint([&] { (void)Consumer(settings).partitions(wall_clock() + 1s); });
  EXPECT_THAT(said, HasSubstr("asked for the partitions"));
  EXPECT_THAT(said, testing::Not(HasSubstr("a-secret-key")));
}

TEST(Consumer, ThatIsGoneWhileItWaitsLeavesNothingBehind) {
  MockHub hub(3);
  for (int i = 0; i < 5; ++i) {
    Consumer consumer(settings_for(hub));
    consumer.read_from({{0, 0}, {1, 0}, {2, 0}});
    (void)consumer.take({}, wall_clock());
  }
}

}  // namespace
}  // namespace curfew::hub_test
