// SIGKILL at named points between ingest, intent, act and commit. What was acknowledged must be in the
// ledger, the ledger must replay, and no session may have been signed out without a recorded order. 10 kills;
// CURFEW_KILLS for more.
#include <Poco/Exception.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "core/base/time.hpp"
#include "tests/integration/app/program.hpp"

namespace curfew::app_test {
namespace {

using nlohmann::json;

constexpr std::array points{"app.after_take",      "app.before_commit", "app.after_commit",
                            "store.after_entries", "store.before_copy", "store.before_commit",
                            "store.after_commit",  "app.before_act",    "app.after_act"};

const char* const configuration = R"(    ingest: true
policies:
  - name: one-second
    rule: session_timeout
    limit: 1s
    mode: enforce
    scope: {account_types: [human]}
    ladder: [{action: sign_out_session, prove_within: 1s}]
safety: {most_sign_outs_per_minute: 100000, protected_accounts: ["upn:admin@corp.test"]}
)";

// Sessions that the script opens are over their limit at once, so that there is something to act on while
// pushes go on.
std::string script_of(int sessions) {
  std::string script = R"({"on":"sign_out_session","announce":true})"
                       "\n";
  for (int i = 0; i < sessions; ++i)
    script += R"({"at":"-)" + std::to_string(i % 50 + 1) + R"(m","type":"sign_in","session":"scripted-)" +
              std::to_string(i) + R"(","identifiers":{"upn":"p)" + std::to_string(i) +
              R"(@corp.test"},"account_type":"human"})"
              "\n";
  return script;
}

struct Client {
  std::set<std::string> acknowledged;
  int next = 0;

  // Pushes until the daemon is gone, or `most` were acknowledged.
  void push(ScriptedDaemon& daemon, int most) {
    for (int i = 0; i < most && !daemon.has_ended(); ++i) {
      const std::string id = "pushed-" + std::to_string(next++);
      const json body{{"type", "sign_in"},
                      {"key", id},
                      {"session", {{"id", id}}},
                      {"account_type", "service"},
                      {"occurred_at", base::format_rfc3339(base::wall_clock_now())},
                      {"application", id}};
      try {
        if (daemon.request("POST", "/api/v1/ingest/crm", body.dump()).status == 202) acknowledged.insert(id);
      } catch (const Poco::Exception&) {
        return;  // killed while it was asked: not acknowledged
      }
    }
  }
};

std::vector<json> all_rows(const ScriptedDaemon& daemon, const std::string& what, const std::string& list) {
  std::vector<json> rows;
  std::string after;
  while (true) {
    const json page =
        daemon.get("/api/v1/" + what + "?limit=1000" + (after.empty() ? "" : "&after=" + after));
    for (const json& row : page[list]) rows.push_back(row);
    if (!page["next"].is_string()) return rows;
    after = page["next"].get<std::string>();
  }
}

TEST(KillPipeline, NothingAcknowledgedIsLostAndNothingIsDoneWithoutAnOrder) {
  const char* wanted = std::getenv("CURFEW_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 10;
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  ScriptedDaemon daemon;
  daemon.script(script_of(60));
  daemon.configure(configuration);
  Client client;
  std::map<std::string, int> hits;
  int survived = 0;
  for (int i = 0; i < kills; ++i) {
    const std::string point = points[static_cast<std::size_t>(i) % points.size()];
    const int count = std::uniform_int_distribution(1, point.ends_with("_act") ? 4 : 25)(random);
    if (!daemon.try_start({{"CURFEW_KILL_POINT", point + ":" + std::to_string(count)}}))
      FAIL() << "neither ready nor ended\n" << daemon.log();
    if (!daemon.has_ended()) client.push(daemon, 60);
    const Ended ended = daemon.has_ended() ? daemon.stop() : daemon.stop(SIGKILL);
    EXPECT_EQ(ended.signal, SIGKILL) << point << ":" << count << "\n" << ended.err;
    daemon.has_ended() && ended.signal == SIGKILL ? void(++hits[point]) : void(++survived);
  }
  for (const auto& [point, count] : hits) std::printf("killed at %s: %d\n", point.c_str(), count);

  daemon.start();
  std::set<std::string> seen;
  std::set<std::uint64_t> forced;
  // The list is made anew after a start.
  (void)daemon.until([&] {
    std::set<std::string> listed;
    for (const json& row : all_rows(daemon, "sessions", "sessions"))
      if (row["application"].is_string()) listed.insert(row["application"].get<std::string>());
    return std::includes(listed.begin(), listed.end(), client.acknowledged.begin(),
                         client.acknowledged.end());
  });
  for (const json& row : all_rows(daemon, "sessions", "sessions")) {
    if (row["application"].is_string()) {
      const std::string id = row["application"].get<std::string>();
      EXPECT_TRUE(seen.insert(id).second) << id << " is there twice";
    }
    if (row["end_reason"] == "forced") forced.insert(row["number"].get<std::uint64_t>());
  }
  EXPECT_FALSE(client.acknowledged.empty());
  for (const std::string& id : client.acknowledged)
    EXPECT_TRUE(seen.contains(id)) << id << " was acknowledged and is lost";
  std::set<std::uint64_t> ordered;
  for (const json& row : all_rows(daemon, "sign-outs", "sign_outs"))
    if (row["session"].is_number()) ordered.insert(row["session"].get<std::uint64_t>());
  EXPECT_TRUE(std::includes(ordered.begin(), ordered.end(), forced.begin(), forced.end()))
      << "a session was signed out without a recorded order";
  EXPECT_EQ(daemon.stop().code, 0);

  const Ended verified = run_curfew(
      {"verify", "--config", daemon.config(), "--checkpoint", (daemon.folder() / "outside").string()});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  const Ended replayed = run_curfew({"replay", "--config", daemon.config()});
  EXPECT_EQ(replayed.code, 0) << replayed.out << replayed.err;
}

}  // namespace
}  // namespace curfew::app_test
