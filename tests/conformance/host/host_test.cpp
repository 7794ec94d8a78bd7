#include "core/connector/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/metrics/registry.hpp"
#include "tests/conformance/host/recording_listener.hpp"

namespace curfew::connector {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string replay_plugin = CURFEW_BINARY_DIR "/lib/curfew/plugins/replay.so";
const std::string key = "0123456789abcdef0123456789abcdef";

class HostTest : public testing::Test {
 protected:
  HostTest() {
    std::string pattern = testing::TempDir() + "/curfew-host-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~HostTest() override { std::filesystem::remove_all(folder); }

  std::string script(const std::string& text) {
    const std::string path = folder + "/script.ndjson";
    std::ofstream(path) << text;
    return path;
  }
  SourceSettings source(const std::string& script_text, bool recorded = false,
                        const std::string& start = "2020-01-01T08:00:00Z") {
    SourceSettings settings;
    settings.name = "play";
    settings.plugin = replay_plugin;
    settings.config = nlohmann::json{{"script", script(script_text)}, {"start", start}}.dump();
    settings.digest_key = key;
    settings.recorded = recorded;
    settings.call_limit = 2s;
    return settings;
  }
  Host& host() {
    if (!host_) host_ = std::make_unique<Host>(folder + "/state", listener, &metrics);
    return *host_;
  }
  void restart() { host_.reset(); }
  static model::SessionDigest digest(const std::string& id) { return {base::keyed_digest(key, id)}; }
  Answer act(model::Action action, const std::string& session, Duration limit = 5s) {
    model::RunStep step;
    step.source = "play";
    step.action = action;
    step.session = digest(session);
    step.deadline = limit;
    return host().act(step, "", {});
  }
  model::Liveness prove(const std::string& session, Duration limit = 5s) {
    model::RunProbe probe;
    probe.source = "play";
    probe.deadline = limit;
    std::string text;
    return host().prove(probe, digest(session), "", {}, text);
  }

  std::string folder;
  RecordingListener listener;
  metrics::Registry metrics;

 private:
  std::unique_ptr<Host> host_;
};

constexpr const char* two_sessions = R"(
# Alice signs in twice.
{"at":"+0s","type":"sign_in","session":"a","identifiers":{"upn":"alice@corp.test"},"fresh_credentials":true}
{"at":"+2s","type":"sign_in","session":"b","identifiers":{"upn":"alice@corp.test"}}
{"at":"+1s","type":"activity","session":"a","machine":true,"count":3}
)";

TEST_F(HostTest, TellsGroupsThatItsConfigurationNames) {
  SourceSettings settings =
      source(R"({"at":"+0s","play":"group","group":"payroll","members":["upn:alice@corp.test","name:bob"]})"
             "\n"
             R"({"at":"+1s","play":"group","group":"admins","members":[]})"
             "\n");
  settings.groups = {"payroll"};
  host().add(settings, {});
  ASSERT_TRUE(listener.wait([&] { return !listener.groups.empty() && !listener.log.empty(); }));
  host().stop();
  ASSERT_EQ(listener.groups.size(), 1U) << "the other is not its own to tell";
  EXPECT_EQ(listener.groups[0].group, "payroll");
  ASSERT_EQ(listener.groups[0].names.size(), 2U);
  EXPECT_EQ(listener.groups[0].names[1].value, "bob");
  EXPECT_THAT(listener.log.front(), HasSubstr("'admins', which is not among the source's tells_groups"));
}

TEST_F(HostTest, RulesForTheGateReachTheListener) {
  SourceSettings settings = source(two_sessions);
  nlohmann::json config = nlohmann::json::parse(settings.config);
  config["gate"] = {{"credentials", {{{"in", "cookie"}, {"name", "sid"}}}}};
  settings.config = config.dump();
  host().add(settings, {});
  ASSERT_TRUE(listener.wait_for_state("play", "up"));
  host().stop();
  EXPECT_EQ(listener.rules, R"({"credentials":[{"in":"cookie","name":"sid"}]})");
}

TEST_F(HostTest, ASourceWithBrokenRulesForTheGateIsRefusedWithTheirFault) {
  SourceSettings settings = source(two_sessions);
  nlohmann::json config = nlohmann::json::parse(settings.config);
  config["gate"] = {{"credentials", {{{"in", "url"}, {"name", "sid"}}}}};
  settings.config = config.dump();
  try {
    host().add(settings, {});
    FAIL() << "it was let in";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("credentials[0].in must be one of cookie, header, bearer"));
  }
}

TEST_F(HostTest, RecordedInputIsPlayedToItsEndInOrderOfTime) {
  host().add(source(two_sessions, true), {});
  ASSERT_TRUE(listener.wait_for_state("play", "finished"));
  host().stop();
  ASSERT_EQ(listener.observations.size(), 3U);
  const auto& o = listener.observations;
  EXPECT_EQ(o[0].session, digest("a"));
  EXPECT_TRUE(o[0].fresh_credentials);
  EXPECT_EQ(o[1].type, model::ObservationType::Activity);
  EXPECT_EQ(o[1].activity_class, model::ActivityClass::Machine);
  EXPECT_EQ(o[1].count, 3U);
  EXPECT_EQ(o[2].occurred_at - o[0].occurred_at, 2s);
  ASSERT_EQ(o[2].identifiers.size(), 1U);
  EXPECT_EQ(o[2].identifiers[0].value, "alice@corp.test");
  EXPECT_EQ(listener.progresses.back().read, 3U);
  EXPECT_TRUE(listener.progresses.back().caught_up);
  EXPECT_EQ(listener.order.back(), 3U);
  EXPECT_EQ(nlohmann::json::parse(listener.coverage).at("records_total"), 3);
}

TEST_F(HostTest, AnEndThatTheConnectorConcludedArrivesAsInferred) {
  host().add(source(R"(
{"at":"+0s","type":"sign_in","session":"a"}
{"at":"+1s","type":"sign_in","session":"b"}
{"at":"+2s","type":"sign_out","session":"a","end_reason":"reboot","end_certainty":"inferred"}
{"at":"+3s","type":"sign_out","session":"b","end_certainty":"stated"}
)",
                    true),
             {});
  ASSERT_TRUE(listener.wait_for_state("play", "finished"));
  host().stop();
  ASSERT_EQ(listener.observations.size(), 4U);
  EXPECT_EQ(listener.observations[2].end_certainty, model::Certainty::Inferred);
  EXPECT_EQ(listener.observations[2].end_reason, model::EndReason::Reboot);
  EXPECT_EQ(listener.observations[3].end_certainty, model::Certainty::Stated);
}

TEST_F(HostTest, ARestartedSourceGoesOnBehindItsCursorWithTheSameKeys) {
  host().add(source(two_sessions), {});
  ASSERT_TRUE(
      listener.wait([&] { return listener.observations.size() == 3 && !listener.progresses.empty(); }));
  restart();
  const auto keys_before = listener.observations;
  SourceMemory stored = listener.stored();

  const std::size_t seen = listener.progresses.size();
  host().add(source(two_sessions), stored);
  ASSERT_TRUE(listener.wait([&] { return listener.progresses.size() > seen; }));
  restart();
  EXPECT_EQ(listener.observations.size(), 3U) << "nothing twice";

  stored.cursors.clear();
  host().add(source(two_sessions), stored);
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 6; }));
  restart();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(listener.observations[i].key, listener.observations[i + 3].key);
    EXPECT_EQ(listener.observations[i].occurred_at, listener.observations[i + 3].occurred_at);
  }
}

TEST_F(HostTest, AFullPipelinePushesBackAndNothingIsLost) {
  listener.set_full(true);
  host().add(source(two_sessions, true), {});
  ASSERT_TRUE(listener.wait([&] { return true; }));
  while (listener.pushed_back() < 3) std::this_thread::yield();
  listener.set_full(false);
  ASSERT_TRUE(listener.wait_for_state("play", "finished"));
  host().stop();
  EXPECT_EQ(listener.observations.size(), 3U);
  EXPECT_THAT(metrics.text(), HasSubstr("curfew_source_pushed_back_total{source=\"play\"}"));
}

TEST_F(HostTest, AStepIsCarriedOutAndAProbeSaysSo) {
  host().add(source(two_sessions), {});
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 3; }));
  EXPECT_EQ(prove("a"), model::Liveness::Alive);
  EXPECT_EQ(prove("never seen"), model::Liveness::Unknown);
  EXPECT_EQ(act(model::Action::SignOutSession, "a").code, model::AnswerCode::Accepted);
  EXPECT_EQ(prove("a"), model::Liveness::Dead);
  EXPECT_EQ(prove("b"), model::Liveness::Alive);
  EXPECT_EQ(act(model::Action::SignOutSubject, "a").code, model::AnswerCode::Accepted);
  EXPECT_EQ(prove("b"), model::Liveness::Dead);
}

TEST_F(HostTest, AProbeSaysSinceWhenAnOrderActsAndItsControlThatNoneDoes) {
  SourceSettings settings = source("");
  settings.name = "told";
  settings.plugin = CURFEW_BINARY_DIR "/tests/fixtures/tells_of_a_probe.so";
  settings.config = "{}";
  host().add(settings, {});
  model::RunProbe probe;
  probe.source = "told";
  probe.session = digest("a");
  probe.control = digest("b");
  probe.ordered_at = base::from_micros(1'700'000'000'000'000);
  std::string text;
  EXPECT_EQ(host().prove(probe, probe.session, "", {}, text), model::Liveness::Alive);
  EXPECT_EQ(text, "ordered at 1700000000000000");
  EXPECT_EQ(host().prove(probe, probe.control, "", {}, text), model::Liveness::Alive);
  EXPECT_EQ(text, "ordered at 0");
}

TEST_F(HostTest, LiveSessionsAreListed) {
  host().add(source(two_sessions), {});
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 3; }));
  std::string text;
  const auto listed = host().list_sessions("play", 5s, text);
  ASSERT_TRUE(listed) << text;
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].session, digest("a"));
  EXPECT_EQ((*listed)[0].identifiers.at(0).value, "alice@corp.test");
}

TEST_F(HostTest, EveryAnswerOfTheScriptComesBackAsItself) {
  host().add(source(std::string(two_sessions) +
                    R"({"on":"notify","answer":"refuse","text":"no such channel"}
{"on":"cancel_session","answer":"not_found"}
{"on":"revoke_tokens","answer":"unavailable"}
{"on":"sign_out_session","session":"a","answer":"lie"}
{"on":"prove","session":"b","answer":"dead","times":1}
)"),
             {});
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 3; }));
  const Answer refused = act(model::Action::Notify, "a");
  EXPECT_EQ(refused.code, model::AnswerCode::Refused);
  EXPECT_EQ(refused.text, "no such channel");
  EXPECT_EQ(act(model::Action::CancelSession, "a").code, model::AnswerCode::NotFound);
  EXPECT_EQ(act(model::Action::RevokeTokens, "a").code, model::AnswerCode::Failed);
  EXPECT_EQ(act(model::Action::SignOutSession, "a").code, model::AnswerCode::Accepted);
  EXPECT_EQ(prove("a"), model::Liveness::Alive) << "the source lied";
  EXPECT_EQ(prove("b"), model::Liveness::Dead) << "once by the script";
  EXPECT_EQ(prove("b"), model::Liveness::Alive) << "then the truth";
}

TEST_F(HostTest, ABlockedPersonCannotSignInUntilItIsReverted) {
  host().add(source(two_sessions), {});
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 3; }));
  EXPECT_EQ(act(model::Action::BlockSignIn, "a").code, model::AnswerCode::Accepted);
  const auto post = [&](const char* event_key) {
    const std::string body = std::string(R"({"at":"+0s","type":"sign_in","session":"c","key":")") +
                             event_key + R"(","identifiers":{"upn":"alice@corp.test"}})";
    return host().http("play", "POST", "/observations", "", body, {});
  };
  ASSERT_EQ(post("k1")->status, 202U);
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 4; }));
  EXPECT_EQ(listener.observations[3].type, model::ObservationType::SignInFailed);
  model::RunStep revert;
  revert.source = "play";
  revert.action = model::Action::BlockSignIn;
  revert.revert = true;
  revert.session = digest("a");
  EXPECT_EQ(host().act(revert, "", {}).code, model::AnswerCode::Accepted);
  ASSERT_EQ(post("k2")->status, 202U);
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 5; }));
  EXPECT_EQ(listener.observations[4].type, model::ObservationType::SignIn);
}

TEST_F(HostTest, ASlowAnswerIsTimedOutAndTheSourceGoesOn) {
  host().add(source(std::string(two_sessions) + R"({"on":"notify","delay":"300ms","times":1})"), {});
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 3; }));
  EXPECT_EQ(act(model::Action::Notify, "a", 20ms).code, model::AnswerCode::TimedOut);
  EXPECT_EQ(act(model::Action::Notify, "a").code, model::AnswerCode::Accepted);
  EXPECT_EQ(listener.text_of("play", "quarantined"), "");
}

TEST_F(HostTest, AStepThatNeverReturnsQuarantinesItsSource) {
  auto settings = source(std::string(two_sessions) + R"({"on":"notify","answer":"hang"})");
  settings.call_limit = 300ms;
  host().add(settings, {});
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 3; }));
  EXPECT_EQ(act(model::Action::Notify, "a", 50ms).code, model::AnswerCode::TimedOut);
  ASSERT_TRUE(listener.wait_for_state("play", "quarantined"));
  EXPECT_THAT(listener.text_of("play", "quarantined"), HasSubstr("curfew plugin release play"));
  EXPECT_EQ(act(model::Action::Notify, "a").code, model::AnswerCode::Failed);
  EXPECT_THAT(metrics.text(),
              HasSubstr("curfew_source_calls_abandoned_total{call=\"act\",source=\"play\"} 1"));
  restart();

  RecordingListener second;
  Host after(folder + "/state", second);
  after.add(source(two_sessions), {});
  EXPECT_THAT(second.text_of("play", "quarantined"), HasSubstr("act"));
  EXPECT_TRUE(Host::release_quarantine(folder + "/state", "play"));
  EXPECT_FALSE(Host::release_quarantine(folder + "/state", "play"));
  after.add(source(two_sessions), {});
  EXPECT_TRUE(second.wait_for_state("play", "up"));
}

TEST_F(HostTest, APollThatHangsIsAbandonedAndOthersGoOn) {
  auto hanging = source(R"({"at":"+0s","play":"hang"})");
  hanging.call_limit = 300ms;
  host().add(hanging, {});
  ASSERT_TRUE(listener.wait_for_state("play", "quarantined"));
  auto good = source(two_sessions);
  good.name = "good";
  host().add(good, {});
  EXPECT_TRUE(listener.wait_for_state("good", "up"));
  host().stop();
}

TEST_F(HostTest, AFailingPollIsReportedOnceAndTriedAgain) {
  host().add(source(R"({"at":"+0s","play":"fail"}
{"at":"+1s","type":"activity","session":"a"})"),
             {});
  ASSERT_TRUE(listener.wait_for_state("play", "failed"));
  EXPECT_THAT(listener.text_of("play", "failed"), HasSubstr("line 1"));
  ASSERT_TRUE(listener.wait([&] { return listener.observations.size() == 1; }));
}

TEST_F(HostTest, APreparedAnswerIsSentOnlyWhenItsRecordsAreDurable) {
  host().add(source(two_sessions), {});
  ASSERT_TRUE(listener.wait_for_state("play", "up"));
  const std::string body = R"({"at":"+0s","type":"activity","session":"a","key":"k1"})";
  listener.set_durable(false);
  const auto refused = host().http("play", "POST", "/observations", "", body, {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503U);
  EXPECT_THAT(refused->headers, testing::Contains(testing::Pair("Retry-After", testing::_)));
  listener.set_durable(true);
  const auto taken = host().http("play", "POST", "/observations", "", body, {});
  EXPECT_EQ(taken->status, 202U);
  EXPECT_EQ(taken->body, R"({"taken":1})");
  EXPECT_EQ(host().http("play", "POST", "/observations", "", "{not json", {})->status, 400U);
  EXPECT_EQ(host().http("play", "GET", "/", "", "", {})->status, 404U);
  EXPECT_FALSE(host().http("nobody", "GET", "/", "", "", {}));
}

TEST_F(HostTest, WhileThePipelineIsFullARequestIsToldToComeAgain) {
  auto settings = source(R"({"at":"+365d","type":"activity","session":"a"})");
  settings.call_limit = 300ms;
  host().add(settings, {});
  ASSERT_TRUE(listener.wait_for_state("play", "up"));
  listener.set_full(true);
  const auto answer = host().http("play", "POST", "/observations", "",
                                  R"({"at":"+0s","type":"activity","session":"a","key":"k1"})", {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503U);
  listener.set_full(false);
}

TEST_F(HostTest, SettingsThatThePluginRefusesAreAConfigurationErrorWithItsReason) {
  auto settings = source(two_sessions);
  settings.config = R"({"speed":-1})";
  try {
    host().add(settings, {});
    FAIL() << "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    EXPECT_THAT(error.what(), HasSubstr("speed"));
    EXPECT_THAT(error.what(), HasSubstr("source 'play'"));
  }
}

TEST_F(HostTest, ScriptErrorsNameFileAndLine) {
  for (const char* wrong :
       {R"({"at":"+0s","type":"sing_in"})", R"({"at":"soon","type":"sign_in"})", R"([1])",
        R"({"at":"+0s","type":"sign_in","sesion":"a"})", R"({"on":"prove","answer":"lie"})"}) {
    listener.changes.clear();
    host().add(source(std::string("\n") + wrong), {});
    EXPECT_THAT(listener.text_of("play", "failed"), HasSubstr("script.ndjson:2: ")) << wrong;
    restart();
  }
}

TEST_F(HostTest, DescribesAPluginWithoutAnInstance) {
  const PluginInfo info = Host::describe(replay_plugin);
  EXPECT_EQ(info.name, "replay");
  EXPECT_EQ(info.can.size(), 8U);
  EXPECT_TRUE(info.observes && info.lists && info.proves && info.receives_http && info.shows_activity);
  EXPECT_EQ(info.sha256.size(), 64U);
  EXPECT_TRUE(nlohmann::json::accept(info.config_schema));
}

}  // namespace
}  // namespace curfew::connector
