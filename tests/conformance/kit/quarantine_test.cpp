#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/error.hpp"
#include "core/connector/host.hpp"
#include "core/metrics/registry.hpp"
#include "tests/conformance/host/recording_listener.hpp"

namespace curfew::connector {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string fixture(const std::string& name) { return CURFEW_BINARY_DIR "/tests/fixtures/" + name + ".so"; }

class QuarantineTest : public testing::Test {
 protected:
  // The death tests run the body again in a new process, which must find the same folder.
  QuarantineTest()
      : state(testing::TempDir() + "/curfew-" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    if (!testing::internal::InDeathTestChild()) std::filesystem::remove_all(state);
  }
  ~QuarantineTest() override {
    if (!testing::internal::InDeathTestChild()) std::filesystem::remove_all(state);
  }

  static SourceSettings source(const std::string& name, const std::string& plugin) {
    SourceSettings settings;
    settings.name = name;
    settings.plugin = fixture(plugin);
    settings.config = "{}";
    settings.digest_key = std::string(32, 'k');
    settings.call_limit = 500ms;
    return settings;
  }
  // Runs until the plugin takes the process down; should it not, the test's limit does.
  void run_until_it_dies(const std::string& plugin) const {
    RecordingListener listener;
    Host host(state, listener);
    host.add(source("good", "good"), {});
    host.add(source("bad", plugin), {});
    listener.wait([] { return false; });
  }
  // The next start: `bad` is left out with this reason, `good` runs.
  void expect_quarantine(const std::string& reason) const {
    RecordingListener listener;
    Host host(state, listener);
    host.add(source("good", "good"), {});
    host.add(source("bad", "good"), {});
    EXPECT_TRUE(listener.wait_for_state("good", "up"));
    const std::string text = listener.text_of("bad", "quarantined");
    EXPECT_THAT(text, HasSubstr(reason));
    EXPECT_THAT(text, HasSubstr("curfew plugin release bad"));
    EXPECT_EQ(listener.text_of("bad", "up"), "");
    host.stop();
    EXPECT_TRUE(Host::release_quarantine(state, "bad"));
  }

  const std::string state;
};

using QuarantineDeathTest = QuarantineTest;

TEST_F(QuarantineDeathTest, ACrashAfterTheStartCostsOneRestart) {
  EXPECT_EXIT(run_until_it_dies("crashes_later"), testing::KilledBySignal(SIGSEGV), "");
  expect_quarantine("crashed in poll with signal 11");
}

TEST_F(QuarantineDeathTest, ACrashOnThePluginsOwnThreadIsTracedToIt) {
  EXPECT_EXIT(run_until_it_dies("crashes_on_its_thread"), testing::KilledBySignal(SIGABRT), "");
  expect_quarantine("crashed on a thread of its own with signal 6");
}

TEST_F(QuarantineDeathTest, APluginThatEndsTheProcessIsLeftOutNextTime) {
  EXPECT_EXIT(run_until_it_dies("exits_later"), testing::ExitedWithCode(0), "");
  expect_quarantine("ended Curfew's process by exit() or the like in poll");
}

TEST_F(QuarantineDeathTest, SoIsOneThatEndsItWithoutExitHandlers) {
  EXPECT_EXIT(run_until_it_dies("exits_at_once_later"), testing::ExitedWithCode(0), "");
  expect_quarantine("ended Curfew's process by exit() or the like in poll");
}

TEST_F(QuarantineDeathTest, SoIsOneThatEndsItByQuickExit) {
  EXPECT_EXIT(run_until_it_dies("quick_exits_later"), testing::ExitedWithCode(0), "");
  expect_quarantine("ended Curfew's process by exit() or the like in poll");
}

TEST_F(QuarantineDeathTest, SoIsOneThatEndsItOnAThreadOfItsOwn) {
  EXPECT_EXIT(run_until_it_dies("exits_on_its_thread"), testing::ExitedWithCode(0), "");
  expect_quarantine("ended Curfew's process by exit() or the like on a thread of its own");
}

TEST_F(QuarantineDeathTest, SoIsOneThatRaisesAKill) {
  EXPECT_EXIT(run_until_it_dies("kills_itself_later"), testing::KilledBySignal(SIGKILL), "");
  expect_quarantine("killed Curfew's process in poll");
}

TEST_F(QuarantineDeathTest, SoIsOneThatSendsItsProcessAKill) {
  EXPECT_EXIT(run_until_it_dies("sends_a_kill_later"), testing::KilledBySignal(SIGKILL), "");
  expect_quarantine("killed Curfew's process in poll");
}

TEST_F(QuarantineDeathTest, AnEndThatNobodySawIsItsSourcesTheThirdTimeThatItIsStarted) {
  EXPECT_EXIT(run_until_it_dies("exits_unseen_in_start"), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(run_until_it_dies("exits_unseen_in_start"), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(run_until_it_dies("exits_unseen_in_start"), testing::ExitedWithCode(0), "");
  expect_quarantine("ended 3 times in a row, and left no word of why, while it was in start");
}

TEST_F(QuarantineTest, AChildOfAPluginThatEndsIsNoEndOfCurfew) {
  {
    RecordingListener listener;
    Host host(state, listener);
    host.add(source("bad", "forks_later"), {});
    listener.wait([&] { return !listener.observations.empty(); });
    // No orderly end of the source: its slot stays as it is.
    std::filesystem::copy_file(state + "/bad.slot", state + "/kept");
    host.stop();
  }
  std::filesystem::rename(state + "/kept", state + "/bad.slot");
  RecordingListener listener;
  Host host(state, listener);
  host.add(source("bad", "good"), {});
  EXPECT_TRUE(listener.wait_for_state("bad", "up"));
}

// As often as it may be: a source waits in poll nearly always. The administrator is told, from the second
// time on.
TEST_F(QuarantineDeathTest, NobodyIsQuarantinedForAKillFromOutside) {
  const auto run = [&] {
    RecordingListener listener;
    Host host(state, listener);
    host.add(source("bad", "good"), {});
    listener.wait([&] { return !listener.observations.empty(); });
    // By the system call: nothing of ours sees it, as it would see no other process's.
    syscall(SYS_kill, getpid(), SIGKILL);
  };
  for (int i = 0; i < 4; ++i) EXPECT_EXIT(run(), testing::KilledBySignal(SIGKILL), "");
  RecordingListener listener;
  Host host(state, listener);
  host.add(source("bad", "good"), {});
  EXPECT_TRUE(listener.wait_for_state("bad", "up"));
  ASSERT_FALSE(listener.log.empty());
  EXPECT_THAT(listener.log.front(),
              HasSubstr("ended 4 times in a row, and left no word of why, while it was in poll"));
}

TEST_F(QuarantineDeathTest, NobodyIsQuarantinedForACrashOfTheCore) {
  class Crashing : public RecordingListener {
    Taken observed(std::string_view, model::Observation&&) override { std::abort(); }
  };
  EXPECT_EXIT(
      {
        Crashing listener;
        Host host(state, listener);
        host.add(source("bad", "good"), {});
        listener.wait([] { return false; });
      },
      testing::KilledBySignal(SIGABRT), "");
  RecordingListener listener;
  Host host(state, listener);
  host.add(source("bad", "good"), {});
  EXPECT_TRUE(listener.wait_for_state("bad", "up"));
}

TEST_F(QuarantineTest, AHangAfterTheStartIsAbandonedAndKeptOutAtTheNextStart) {
  {
    RecordingListener listener;
    metrics::Registry metrics;
    Host host(state, listener, &metrics);
    host.add(source("bad", "hangs_later"), {});
    ASSERT_TRUE(listener.wait_for_state("bad", "quarantined"));
    EXPECT_THAT(metrics.text(), HasSubstr("curfew_source_quarantined{source=\"bad\"} 1"));
  }
  expect_quarantine("its call of poll did not come back");
}

TEST_F(QuarantineTest, AnExceptionThatEscapesQuarantinesItsSourceAndNotTheDaemon) {
  {
    RecordingListener listener;
    Host host(state, listener);
    host.add(source("bad", "throws_later"), {});
    ASSERT_TRUE(listener.wait_for_state("bad", "quarantined"));
  }
  expect_quarantine("let an exception out of poll");
}

TEST_F(QuarantineTest, EmissionsThatBreakTheContractAreRefusedAndCounted) {
  for (const char* plugin : {"absurd_sizes", "absurd_times", "invalid_utf8_key", "emits_from_its_thread"}) {
    RecordingListener listener;
    metrics::Registry metrics;
    Host host(state, listener, &metrics);
    host.add(source("bad", plugin), {});
    EXPECT_TRUE(listener.wait([&] { return !listener.log.empty(); })) << plugin;
    host.stop();
    EXPECT_TRUE(listener.observations.empty()) << plugin;
    EXPECT_THAT(metrics.text(), HasSubstr("curfew_source_invalid_total{call=\"emit\",source=\"bad\"}"))
        << plugin;
  }
}

TEST_F(QuarantineTest, ACodeThatIsNoneOfTheContractsIsAFailure) {
  RecordingListener listener;
  Host host(state, listener);
  host.add(source("bad", "unknown_code"), {});
  ASSERT_TRUE(listener.wait_for_state("bad", "failed"));
  EXPECT_THAT(listener.text_of("bad", "failed"), HasSubstr("the code 77"));
}

TEST_F(QuarantineTest, APluginThatFailsItsTrialIsNotLetIn) {
  RecordingListener listener;
  Host host(state, listener);
  for (const char* plugin : {"crashes_in_create", "throws_in_create", "blocks_on_stop", "leaves_a_thread"}) {
    try {
      host.add(source("bad", plugin), {});
      FAIL() << plugin << " was let in";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    }
  }
  EXPECT_TRUE(listener.changes.empty());
}

TEST_F(QuarantineTest, ASourceNameThatIsNoFileNameIsRefused) {
  RecordingListener listener;
  Host host(state, listener);
  for (const char* name : {"../x", "", ".hidden", "a/b", "a b"}) {
    EXPECT_THROW(host.add(source(name, "good"), {}), Error) << name;
  }
}

}  // namespace
}  // namespace curfew::connector
