// Each message of a hub is told once, whatever becomes of the hub, its brokers and of us.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

#include "plugins/oauth/providers/entra/hub_reader.hpp"
#include "tests/plugins/oauth_entra_hub/mock_hub.hpp"

namespace curfew::hub_test {
namespace {

using nlohmann::json;
using oauth::Advance;
using oauth::Batch;
using oauth::entra::HubReader;
using plugin::Failure;
using plugin::Type;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

// What a host has made durable of a source, and what it was told.
class Host {
 public:
  explicit Host(std::string servers) : servers_(std::move(servers)) {}

  // As after a start: only what was committed is known.
  void start(plugin::Duration history = 0s) {
    reader_.reset();
    reader_ = std::make_unique<HubReader>(
        HubReader::Options{.server = {.servers = servers_, .topic = MockHub::topic, .tls = false},
                           .own_client = "curfew",
                           .arrival_delay = 1s,
                           .clock_skew = 0s,
                           .history = history,
                           .check_every = check_every,
                           .limits = limits},
        ground_);
    reader_->resume();
  }
  Batch read(plugin::Duration wait = 2s) { return reader_->read(wall_clock() + wait); }
  void commit(const Batch& batch) {
    for (const oauth::Sighting& one : batch.sightings) {
      told.push_back(one.key);
      if (one.type == Type::Gap) ++gaps;
    }
    for (const Advance& one : batch.advances) {
      cursors[one.name] = one.value;
      records += one.read;
      filtered += one.filtered;
      unreadable += one.unreadable;
      if (one.observed_until != plugin::Time{}) observed_until = one.observed_until;
      caught_up = caught_up || one.caught_up;
    }
  }
  // Until that many were told; complaints of a hub that is not there are kept.
  void read_until(std::size_t count) {
    while (told.size() < count) step();
  }
  void step(plugin::Duration wait = 500ms) {
    try {
      commit(read(wait));
    } catch (const Failure& failure) {
      complaints.emplace_back(failure.what());
    }
  }
  HubReader* operator->() { return reader_.get(); }

  plugin::Duration check_every = 100ms;
  kafka::Consumer::Limits limits{};
  std::map<std::string, std::string> cursors;
  std::vector<std::string> told;
  std::vector<std::string> complaints;
  std::vector<std::string> log;
  std::uint64_t records = 0, filtered = 0, unreadable = 0, gaps = 0;
  plugin::Time observed_until{};
  bool caught_up = false;

 private:
  std::string servers_;
  oauth::Ground ground_{.source = "entra",
                        .digest = {},
                        .now = wall_clock,
                        .log = [this](plugin::Level, std::string_view text) { log.emplace_back(text); },
                        .cursor = [this](const std::string& name) -> std::optional<std::string> {
                          const auto found = cursors.find(name);
                          return found == cursors.end() ? std::nullopt : std::optional(found->second);
                        }};
  std::unique_ptr<HubReader> reader_;
};

std::vector<std::string> ids(const std::string& prefix, int count) {
  std::vector<std::string> all;
  for (int i = 0; i < count; ++i) all.push_back(prefix + std::to_string(i));
  return all;
}

TEST(Hub, BeginsAtItsEndAndTellsWhatComesFromThenOn) {
  MockHub hub(2);
  hub.tell(0, {sign_in("before")});
  Host host(hub.servers());
  host.start();
  host.commit(host.read());
  // All positions are kept at once: what comes now is not lost if this process is.
  EXPECT_THAT(host.cursors, testing::SizeIs(3));
  hub.tell(0, {sign_in("a"), sign_in("b")});
  hub.tell(1, {sign_in("c")});
  host.start();
  host.read_until(3);
  EXPECT_THAT(host.told, testing::UnorderedElementsAre("a", "b", "c"));
  while (!host.caught_up || host->behind() > 0) host.step();
  EXPECT_THAT(host.told, testing::SizeIs(3));
  EXPECT_EQ(host.records, 3U);
  EXPECT_EQ(host->partitions(), 2U);
}

TEST(Hub, SaysHowFarItHasSeenAlsoWhenNothingComes) {
  MockHub hub(2);
  Host host(hub.servers());
  const plugin::Time begun = wall_clock();
  host.start();
  while (host.observed_until < begun) host.step();
  EXPECT_THAT(host.told, IsEmpty());
  EXPECT_TRUE(host.caught_up);
  EXPECT_LT(host.observed_until, wall_clock() - 1s);
}

TEST(Hub, ToldTwiceWhatIsNotCommittedAndNeverMore) {
  MockHub hub(1);
  Host host(hub.servers());
  host.start();
  host.commit(host.read());
  hub.tell(0, {sign_in("a")});
  for (int i = 0; i < 2; ++i) {
    Batch lost;
    while (lost.sightings.empty()) lost = host.read();
    EXPECT_EQ(lost.sightings[0].key, "a");
    host.start();
  }
  host.read_until(1);
  host.start();
  hub.tell(0, {sign_in("b")});
  host.read_until(2);
  EXPECT_THAT(host.told, ElementsAre("a", "b"));
}

// Killed at any point: what was committed is neither lost nor told again.
TEST(Hub, LosesNothingAndTellsNothingTwiceHoweverOftenItIsKilled) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  MockHub hub(4);
  Host host(hub.servers());
  host.limits = {.messages = 7, .bytes = 1 << 20};
  host.start();
  host.commit(host.read());
  std::multiset<std::string> expected;
  int kills = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<json> records;
    for (int i = up_to(5); i > 0; --i) {
      records.push_back(sign_in("id-" + std::to_string(expected.size())));
      expected.insert(records.back()["properties"]["id"].get<std::string>());
    }
    hub.tell(up_to(3), records);
    Batch batch = host.read(20ms);
    if (up_to(2) == 0) {
      host.start();  // and the batch is lost with the process
      ++kills;
    } else {
      host.commit(batch);
    }
  }
  host.read_until(expected.size());
  for (int i = 0; i < 3; ++i) host.step(50ms);
  EXPECT_EQ(std::multiset<std::string>(host.told.begin(), host.told.end()), expected);
  EXPECT_GT(kills, 0);
  EXPECT_EQ(host.gaps, 0U);
}

TEST(Hub, ReadsPartitionsThatAreAddedFromTheirBeginning) {
  MockHub hub(3);
  for (int i = 0; i < 3; ++i) hub.tell(i, {sign_in("before-" + std::to_string(i))});
  Host host(hub.servers());
  // The last run knew two.
  const std::string name = "hub/" + hub.servers() + "/" + MockHub::topic;
  host.cursors[name] = R"({"first":2,"known":2,"start":0})";
  host.cursors[name + "/0"] = R"({"next":1,"appended":0})";
  host.cursors[name + "/1"] = R"({"next":1,"appended":0})";
  host.start();
  host.read_until(1);
  EXPECT_THAT(host.told, ElementsAre("before-2"));
  EXPECT_THAT(host.cursors[name], HasSubstr("\"known\":3"));
  EXPECT_THAT(host.cursors[name], HasSubstr("\"first\":2"));
}

TEST(Hub, RecordsAGapWhereTheHubHasDroppedWhatNobodyRead) {
  MockHub hub(1);
  Host host(hub.servers());
  host.start();
  host.commit(host.read());
  // More than the mock keeps of a partition.
  const std::string filler = envelope({sign_in("x")}) + std::string(900'000, ' ');
  hub.send_all(0, std::vector<std::string>(12, filler));
  hub.tell(0, {sign_in("after")});
  host.start();
  while (host.told.empty() || host.told.back() != "after") host.step();
  EXPECT_EQ(host.gaps, 1U);
  EXPECT_THAT(host.told, testing::Contains(testing::StartsWith("gap/hub/")));
  EXPECT_THAT(host.log, testing::Contains(HasSubstr("messages were dropped before anybody read them")));
  EXPECT_EQ(host->gaps(), 1U);
}

TEST(Hub, ThatWasMadeAnewIsReadFromItsBeginningWithAGap) {
  MockHub hub(1);
  hub.tell(0, {sign_in("new")});
  Host host(hub.servers());
  const std::string name = "hub/" + hub.servers() + "/" + MockHub::topic;
  host.cursors[name] = R"({"first":1,"known":1,"start":0})";
  host.cursors[name + "/0"] = R"({"next":1000,"appended":0})";
  host.start();
  host.read_until(2);
  EXPECT_THAT(host.told, testing::UnorderedElementsAre(testing::StartsWith("gap/hub/"), "new"));
  EXPECT_THAT(host.log, testing::Contains(HasSubstr("made anew")));
}

TEST(Hub, ThatIsAwayForAWhileLosesNothing) {
  MockHub hub(2);
  Host host(hub.servers());
  host.start();
  host.commit(host.read());
  hub.tell(0, {sign_in("a")});
  host.read_until(1);
  rd_kafka_mock_broker_set_down(hub.cluster(), 1);
  while (host.complaints.empty()) host.step(100ms);
  EXPECT_THAT(host.complaints.back(), HasSubstr(hub.servers()));
  rd_kafka_mock_broker_set_up(hub.cluster(), 1);
  hub.tell(1, {sign_in("b")});
  host.read_until(2);
  EXPECT_THAT(host.told, ElementsAre("a", "b"));
}

TEST(Hub, FailsAFetchAndGoesOn) {
  MockHub hub(1);
  Host host(hub.servers());
  host.start();
  host.commit(host.read());
  constexpr std::int16_t fetch = 1;
  rd_kafka_mock_push_request_errors(hub.cluster(), fetch, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT);
  for (const std::string& id : ids("id-", 20)) hub.tell(0, {sign_in(id)});
  host.read_until(20);
  EXPECT_EQ(host.told, ids("id-", 20));
}

TEST(Hub, CountsWhatCantBeReadAndGoesOn) {
  MockHub hub(1);
  Host host(hub.servers());
  host.start();
  host.commit(host.read());
  hub.send(0, "no JSON at all");
  hub.send(0, "");
  hub.send(0, R"({"records":[{"category":"SignInLogs"},7]})");
  hub.tell(0, {sign_in("service", "x", "ServicePrincipalSignInLogs"),
               sign_in("machine", "x", "ManagedIdentitySignInLogs"),
               sign_in("interrupt", "alice", "SignInLogs", 50140), sign_in("good")});
  host.read_until(1);
  EXPECT_THAT(host.told, ElementsAre("good"));
  EXPECT_EQ(host.records, 8U);
  EXPECT_EQ(host.unreadable, 4U);
  EXPECT_EQ(host.filtered, 3U);
  EXPECT_EQ(host->others(), 2U);
}

TEST(Hub, ComesBackWhenItIsWoken) {
  MockHub hub(1);
  Host host(hub.servers());
  host.check_every = 1h;
  host.start();
  while (!host.caught_up) host.step();
  std::thread other([&] { host->wake(); });
  EXPECT_THAT(host.read(24h).sightings, IsEmpty());
  other.join();
}

TEST(Hub, WithACursorThatIsNotItsOwnSaysSo) {
  MockHub hub(1);
  Host host(hub.servers());
  const std::string name = "hub/" + hub.servers() + "/" + MockHub::topic;
  host.cursors[name] = "x";
  EXPECT_THROW(host.start(), Failure);
  host.cursors[name] = R"({"first":1,"known":1,"start":0})";
  host.cursors[name + "/0"] = "7";
  EXPECT_THROW(host.start(), Failure);
  // Fewer than there were: it is another hub.
  host.cursors[name] = R"({"first":4,"known":4,"start":0})";
  host.cursors.erase(name + "/0");
  host.start();
  host.step();
  EXPECT_THAT(host.complaints, ElementsAre(HasSubstr("has fewer partitions (1) than before (4)")));
}

}  // namespace
}  // namespace curfew::hub_test
