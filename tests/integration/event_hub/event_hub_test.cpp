// Sign-ins out of a hub in the real daemon, which is killed meanwhile: each is there, and once. At
// librdkafka's mock cluster, and at a real Kafka broker with TLS and a connection string.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/integration/app/program.hpp"
#include "tests/integration/event_hub/kafka_broker.hpp"
#include "tests/plugins/oauth_entra_hub/mock_hub.hpp"

namespace curfew::hub_test {
namespace {

using app_test::Ended;
using app_test::run_curfew;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// Its sign-in is a session of its own, and named by its application.
json named(const std::string& id) {
  json one = sign_in(id);
  one["properties"]["appDisplayName"] = id;
  return one;
}

class HubDaemon : public testing::Test {
 protected:
  // Nothing of Graph is asked unless something is to be done or proved.
  void begin(const json& hub, const std::string& history = "0s") {
    std::ofstream(daemon_.folder() / "secret") << "never sent\n";
    const json settings{{"provider", "entra"},
                        {"url", "http://127.0.0.1:1/graph"},
                        {"client_id", "curfew"},
                        {"client_secret_file", (daemon_.folder() / "secret").string()},
                        {"poll_every", "200ms"},
                        {"history", history},
                        {"entra",
                         {{"tenant", "corp.test"},
                          {"authority", "http://127.0.0.1:1/login"},
                          {"audits", false},
                          {"event_hub", hub}}}};
    daemon_.script("");
    daemon_.configure(
        "  - name: entra\n    connector: oauth\n    lateness: 1m\n    may_teach: [\"*\"]\n"
        "    settings: " +
        settings.dump() + "\n");
    daemon_.start();
  }
  [[nodiscard]] json source() const {
    const json all = daemon_.get("/api/v1/sources");
    for (const json& one : all["sources"])
      if (one["name"] == "entra") return one;
    return json::object();
  }
  [[nodiscard]] int gaps() const {
    const json coverage = source()["coverage"];
    return coverage.is_object() ? coverage.value("gaps", -1) : -1;
  }
  // The hub's partitions are known and their cursors kept.
  void wait_until_reading() {
    ASSERT_TRUE(daemon_.until([&] {
      const json coverage = source()["coverage"];
      return coverage.is_object() && coverage["event_hub"].value("partitions", 0) > 0;
    })) << daemon_.log();
  }
  [[nodiscard]] std::multiset<std::string> told() const {
    std::multiset<std::string> all;
    std::string after;
    while (true) {
      const json page =
          daemon_.get("/api/v1/sessions?source=entra&limit=1000" + (after.empty() ? "" : "&after=" + after));
      for (const json& row : page["sessions"])
        if (row["application"].is_string()) all.insert(row["application"].get<std::string>());
      if (!page["next"].is_string()) return all;
      after = page["next"].get<std::string>();
    }
  }
  void expect_told(const std::multiset<std::string>& expected) {
    (void)daemon_.until([&] { return told().size() >= expected.size(); });
    const std::multiset<std::string> all = told();
    for (const std::string& id : expected) EXPECT_EQ(all.count(id), 1U) << id;
    EXPECT_EQ(all.size(), expected.size()) << source().dump(2) << daemon_.log();
    EXPECT_EQ(daemon_.stop().code, 0);
    const Ended verified = run_curfew(
        {"verify", "--config", daemon_.config(), "--checkpoint", (daemon_.folder() / "outside").string()});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    const Ended replayed = run_curfew({"replay", "--config", daemon_.config()});
    EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
  }
  app_test::ScriptedDaemon daemon_;
};

TEST_F(HubDaemon, KilledAtAnyPointLosesNothingAndTellsNothingTwice) {
  MockHub hub(3);
  begin({{"bootstrap", "plaintext://" + hub.servers()}, {"hub", MockHub::topic}});
  wait_until_reading();
  // What is shown is durable, and with it where it was read.
  hub.tell(0, {named("first")});
  EXPECT_TRUE(daemon_.until([&] { return told().size() == 1; }));
  std::multiset<std::string> expected{"first"};
  int next = 0, kills = 0;
  for (const char* point : {"app.after_take:40", "store.before_copy:3", "app.before_commit:5",
                            "store.after_commit:4", "store.before_commit:6", "app.after_commit:7"}) {
    (void)daemon_.stop(SIGKILL);
    for (int message = 0; message < 6; ++message) {
      std::vector<json> records;
      for (int i = 0; i < 10; ++i) {
        const std::string id = "id-" + std::to_string(next++);
        records.push_back(named(id));
        expected.insert(id);
      }
      hub.tell(message % 3, records);
    }
    if (!daemon_.try_start({{"CURFEW_KILL_POINT", point}})) FAIL() << daemon_.log();
    (void)daemon_.until([&] {
      try {
        return daemon_.has_ended() || told().size() >= expected.size();
      } catch (const std::exception&) {
        return daemon_.has_ended();  // killed while it was asked
      }
    });
    if (daemon_.has_ended()) ++kills;
  }
  (void)daemon_.stop(SIGKILL);
  EXPECT_GT(kills, 0);
  daemon_.start();
  expect_told(expected);
}

class KafkaDaemon : public HubDaemon {
 protected:
  void SetUp() override {
    broker_ = KafkaBroker::shared();
    if (broker_ == nullptr) GTEST_SKIP() << KafkaBroker::why_not();
    topic_ = std::string("logs-") + testing::UnitTest::GetInstance()->current_test_info()->name();
    broker_->create(topic_, 2);
  }
  // The daemon gives up root: what it reads must be readable for all.
  json hub(const std::string& connection = KafkaBroker::connection_string()) {
    const auto folder = daemon_.folder();
    std::ofstream(folder / "connection") << connection << "\n";
    std::filesystem::copy_file(broker_->ca(), folder / "ca.pem",
                               std::filesystem::copy_options::overwrite_existing);
    for (const char* name : {"connection", "ca.pem"})
      std::filesystem::permissions(folder / name, std::filesystem::perms(0644));
    return {{"bootstrap", broker_->bootstrap()},
            {"hub", topic_},
            {"connection_string_file", (folder / "connection").string()},
            {"ca_file", (folder / "ca.pem").string()}};
  }
  void send(int partition, const std::string& id) {
    broker_->send(topic_, partition, {envelope({named(id)})});
    expected_.insert(id);
  }
  void expect_complaint(const std::string& part) {
    EXPECT_TRUE(daemon_.until([&] { return source().dump().find(part) != std::string::npos; }))
        << source().dump(2);
    EXPECT_THAT(source().dump() + daemon_.log(), Not(HasSubstr("SharedAccessKey=")));
  }
  KafkaBroker* broker_ = nullptr;
  std::string topic_;
  std::multiset<std::string> expected_;
};

TEST_F(KafkaDaemon, ReadsWithTlsAndAConnectionStringThroughKillsAndNewPartitions) {
  begin(hub());
  wait_until_reading();
  for (int i = 0; i < 20; ++i) send(i % 2, "first-" + std::to_string(i));
  EXPECT_TRUE(daemon_.until([&] { return told().size() >= 10; }));
  (void)daemon_.stop(SIGKILL);
  broker_->grow(topic_, 4);
  for (int i = 0; i < 20; ++i) send(i % 4, "away-" + std::to_string(i));
  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] { return told().size() >= 40; })) << source().dump(2);
  broker_->grow(topic_, 5);
  send(4, "in-the-fifth");
  EXPECT_TRUE(daemon_.until([&] { return told().contains("in-the-fifth"); })) << source().dump(2);
  EXPECT_EQ(gaps(), 0);
  expect_told(expected_);
}

TEST_F(KafkaDaemon, BeginsAsFarBackAsTheHistory) {
  for (int i = 0; i < 4; ++i) send(i % 2, "before-" + std::to_string(i));
  begin(hub(), "1h");
  expect_told(expected_);
}

TEST_F(KafkaDaemon, RecordsAGapForWhatWasDroppedMeanwhile) {
  begin(hub());
  wait_until_reading();
  send(0, "first");
  EXPECT_TRUE(daemon_.until([&] { return told().size() == 1; }));
  // Its cursor is committed with it.
  (void)daemon_.stop(SIGKILL);
  for (int i = 0; i < 5; ++i) broker_->send(topic_, 0, {envelope({named("dropped-" + std::to_string(i))})});
  broker_->drop_before(topic_, 0, 6);
  send(0, "after");
  daemon_.start();
  EXPECT_TRUE(daemon_.until([&] { return told().contains("after"); })) << source().dump(2);
  EXPECT_TRUE(daemon_.until([&] { return gaps() == 1; })) << source().dump(2);
  EXPECT_THAT(daemon_.log(), HasSubstr("5 messages were dropped before anybody read them"));
  expect_told(expected_);
}

TEST_F(KafkaDaemon, SaysThatTheConnectionStringIsRefused) {
  begin(hub(KafkaBroker::connection_string("a-wrong-key=")));
  expect_complaint("is the connection string right");
}

TEST_F(KafkaDaemon, SaysThatTheServerIsNotTrusted) {
  json settings = hub();
  settings.erase("ca_file");  // the system's know nothing of it
  begin(settings);
  expect_complaint("is the server's certificate of a CA that is trusted here");
}

TEST_F(KafkaDaemon, SaysThatThereIsNoSuchHub) {
  json settings = hub();
  settings["hub"] = "another";
  begin(settings);
  expect_complaint("is there a 'another'");
}

}  // namespace
}  // namespace curfew::hub_test
