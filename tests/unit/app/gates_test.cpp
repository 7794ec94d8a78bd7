#include "core/app/gates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "core/app/configuration.hpp"
#include "core/app/log.hpp"
#include "core/base/digest.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::app {
namespace {

using connector::Taken;
using model::SessionDigest;
using testing::HasSubstr;

const std::string key(32, 'k');
const char* const rules = R"({"credentials":[{"in":"cookie","name":"sid"}],"clear_cookies":["sid"]})";

SessionDigest digest(const std::string& id) { return {base::keyed_digest(key, id)}; }

// What the gates said, in the order in which they said it.
struct Pipeline {
  struct Said {
    std::string gate;
    std::optional<model::Observation> observation;
    Time observed_until{};
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Said> said;
  bool full = false;
  int pushed_back = 0;

  GateLinks links() {
    GateLinks links;
    links.digest_key = [](const std::string&) { return key; };
    links.observed = [this](std::string_view gate, model::Observation&& seen) {
      const std::lock_guard lock(mutex);
      changed.notify_all();
      if (full) return ++pushed_back, Taken::Full;
      said.push_back({std::string(gate), std::move(seen), {}});
      return Taken::Yes;
    };
    links.progressed = [this](std::string_view gate, connector::CursorProgress&& progress) {
      const std::lock_guard lock(mutex);
      changed.notify_all();
      if (full) return Taken::Full;
      EXPECT_TRUE(progress.caught_up);
      said.push_back({std::string(gate), {}, progress.observed_until});
      return Taken::Yes;
    };
    return links;
  }
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), condition);
  }
  [[nodiscard]] std::size_t count(const SessionDigest& session) const {
    std::size_t sum = 0;
    for (const Said& one : said) {
      if (one.observation && one.observation->session == session) sum += one.observation->count;
    }
    return sum;
  }
};

std::string ask(int port, const std::string& cookie) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        "GET /check HTTP/1.1\r\nHost: g\r\nConnection: close\r\nCookie: " + cookie + "\r\n\r\n";
    EXPECT_EQ(::send(socket, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    char block[1024];
    for (ssize_t got = 0; (got = ::recv(socket, block, sizeof(block), 0)) > 0;)
      answer.append(block, static_cast<std::size_t>(got));
  }
  ::close(socket);
  return answer.substr(0, 12);
}

class GatesTest : public testing::Test {
 protected:
  Gates& gates(const std::string& more = "") {
    port = support::free_port();
    other_port = support::free_port();
    settings = parse_configuration(
        "c.yaml",
        "sources: [{name: crm, ingest: true}]\ngates:\n"
        "  - {name: front, guards: crm, listener: {port: " +
            std::to_string(port) + "}, activity_quantum: 1s" + more +
            "}\n  - {name: side, guards: crm, listener: {port: " + std::to_string(other_port) + "}}\n");
    gates_ = std::make_unique<Gates>(settings, &metrics, log);
    return *gates_;
  }
  void apply(const std::string& id, model::Standing standing) {
    model::GateEntry entry;
    entry.source = "crm";
    entry.session = digest(id);
    entry.standing = standing;
    entry.refusal = model::Refusal::Administrator;
    gates_->apply({&entry, 1}, {});
  }

  int port = 0;
  int other_port = 0;
  Settings settings;
  metrics::Registry metrics;
  Log log{LogLevel::Error};
  Pipeline pipeline;

 private:
  std::unique_ptr<Gates> gates_;
};

// Of people; one whose tokens have all expired is forgotten, and counted so.
TEST_F(GatesTest, DenialsOfTokensAreCountedUntilTheyAreForgotten) {
  Gates& all = gates();
  const Time now = base::wall_clock_now();
  model::TokenDenial recent, expired;
  for (model::TokenDenial* one : {&recent, &expired}) one->source = "crm";
  recent.person.bits = 1;
  recent.issued_until = now;
  expired.person.bits = 2;
  expired.issued_until = now - std::chrono::hours(48);
  all.apply({}, std::vector<model::TokenDenial>{recent, expired});
  EXPECT_EQ(all.view().counts().denials, 2U);
  all.start(pipeline.links());
  all.stop();  // it hands over once more, and says how it stands
  EXPECT_EQ(all.view().counts().denials, 1U);
  const std::string page = metrics.text();
  EXPECT_THAT(page, HasSubstr("\ncurfew_gate_token_denials 1\n"));
  EXPECT_THAT(page, HasSubstr("\ncurfew_gate_token_denials_forgotten_total 1\n"));
}

TEST_F(GatesTest, NothingPassesUntilRulesAndSessionsAreThere) {
  Gates& all = gates();
  all.start(pipeline.links());
  apply("a", model::Standing::Live);
  EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 403");
  all.gate_rules("crm", rules);
  EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 403");
  all.set_loaded();
  EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 200");
  EXPECT_EQ(ask(other_port, "sid=a"), "HTTP/1.1 200") << "both gates know it";
  apply("a", model::Standing::Refused);
  EXPECT_TRUE(all.refused("crm", digest("a")));
  EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 401");
  EXPECT_EQ(ask(other_port, "sid=a"), "HTTP/1.1 401");
}

TEST_F(GatesTest, RulesThatComeBeforeTheStartAreKept) {
  Gates& all = gates();
  all.gate_rules("crm", rules);
  all.gate_rules("elsewhere", rules);
  all.start(pipeline.links());
  all.set_loaded();
  apply("a", model::Standing::Refused);
  EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 401");
}

TEST_F(GatesTest, ActivityIsHandedOnBeforeTheProgressThatCoversIt) {
  Gates& all = gates();
  all.gate_rules("crm", rules);
  all.start(pipeline.links());
  all.set_loaded();
  apply("a", model::Standing::Live);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 200");
  ASSERT_TRUE(pipeline.wait([&] { return pipeline.count(digest("a")) == 5; }));
  ASSERT_TRUE(pipeline.wait([&] { return pipeline.said.back().gate == "side"; }));
  const std::lock_guard lock(pipeline.mutex);
  Time until{};
  for (const Pipeline::Said& one : pipeline.said) {
    if (one.observation) {
      EXPECT_EQ(one.gate, "front");
      EXPECT_EQ(one.observation->type, model::ObservationType::Activity);
      EXPECT_GT(one.observation->occurred_at, until) << "it was said to be complete before";
    } else {
      EXPECT_GE(one.observed_until, until);
      until = one.observed_until;
    }
  }
}

TEST_F(GatesTest, WhatAFullPipelineDidNotTakeComesAgainAndNothingIsLost) {
  Gates& all = gates();
  all.gate_rules("crm", rules);
  pipeline.full = true;
  all.start(pipeline.links());
  all.set_loaded();
  apply("a", model::Standing::Live);
  EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 200");
  ASSERT_TRUE(pipeline.wait([&] { return pipeline.pushed_back > 0; }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 200");
  {
    const std::lock_guard lock(pipeline.mutex);
    EXPECT_TRUE(pipeline.said.empty()) << "no progress passes what was not taken";
    pipeline.full = false;
  }
  EXPECT_TRUE(pipeline.wait([&] { return pipeline.count(digest("a")) == 4; }));
}

TEST_F(GatesTest, WhatWasSeenLastIsHandedOnAtTheStop) {
  Gates& all = gates(", unknown: deny");
  all.gate_rules("crm", rules);
  all.start(pipeline.links());
  all.set_loaded();
  apply("a", model::Standing::Live);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(port, "sid=a"), "HTTP/1.1 200");
  EXPECT_EQ(ask(port, "sid=who"), "HTTP/1.1 401");
  all.stop();
  EXPECT_EQ(pipeline.count(digest("a")), 3U);
  EXPECT_EQ(pipeline.count(digest("who")), 0U);
  EXPECT_THAT(metrics.text(), HasSubstr("curfew_gate_decisions_total{decision=\"pass\",gate=\"front\"} 3"));
  EXPECT_THAT(metrics.text(),
              HasSubstr("curfew_gate_decisions_total{decision=\"unknown_refused\",gate=\"front\"} 1"));
}

TEST_F(GatesTest, ARefusedSessionThatComesAgainIsToldOfAndIsNoActivity) {
  Gates& all = gates();
  all.gate_rules("crm", rules);
  all.start(pipeline.links());
  all.set_loaded();
  apply("a", model::Standing::Refused);
  EXPECT_EQ(ask(port, "sid=a\r\nX-Real-IP: 192.0.2.7\r\nUser-Agent: curl"), "HTTP/1.1 401");
  all.stop();
  std::vector<model::Observation> seen;
  for (const Pipeline::Said& one : pipeline.said) {
    if (one.observation) seen.push_back(*one.observation);
  }
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].type, model::ObservationType::SignInFailed);
  EXPECT_EQ(seen[0].session, digest("a"));
  EXPECT_EQ(seen[0].failure, "refused_by_gate");
  EXPECT_EQ(seen[0].address, "192.0.2.7");
  EXPECT_EQ(seen[0].user_agent, "curl");
}

}  // namespace
}  // namespace curfew::app
