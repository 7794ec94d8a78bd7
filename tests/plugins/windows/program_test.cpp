// Runs of programs: what they get, what is kept of them, and when they are ended.
#include "plugins/windows/program.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "curfew/plugin/connector.hpp"

namespace curfew::windows {
namespace {

using plugin::Failure;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

ProgramEnd run(std::vector<std::string> words, milliseconds time = seconds(60), std::size_t most = 4096) {
  return run_program({.words = std::move(words), .rights = Rights::Ours, .time = time, .most_output = most},
                     StopSignal());
}

std::string failure_of(const ProgramRun& program) {
  try {
    (void)run_program(program, StopSignal());
  } catch (const Failure& failure) {
    return failure.what();
  }
  return {};
}

// As root, as nobody; else as who runs the tests.
ProgramRun without_rights(std::vector<std::string> words) {
  return {.words = std::move(words), .user = ::geteuid() == 0 ? "nobody" : ""};
}

class Program : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "program_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  std::filesystem::path path_;
};

TEST(ProgramRun, WordsAreArgumentsAndItsChannelsAreKeptApart) {
  const ProgramEnd good = run({"/bin/echo", "a b", "$HOME", "*"});
  EXPECT_TRUE(good.succeeded());
  EXPECT_EQ(good.output, "a b $HOME *\n");
  EXPECT_EQ(good.errors, "");
  EXPECT_EQ(good.what, "exit code 0");
  const ProgramEnd bad = run({"/bin/sh", "-c", "echo one; echo two >&2; exit 3"});
  EXPECT_FALSE(bad.succeeded());
  EXPECT_EQ(bad.output, "one\n");
  EXPECT_EQ(bad.errors, "two\n");
  EXPECT_EQ(bad.what, "exit code 3");
  EXPECT_EQ(run({"/bin/sh", "-c", "kill -USR1 $$"}).signal, SIGUSR1);
}

TEST(ProgramRun, GetsNeitherOurVariablesNorOurFilesNorOurSignals) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // not closed at exec, as a library's may be
  ASSERT_GE(leaked, 0);
  ::setenv("CURFEW_TEST_SECRET", "x", 1);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(run({"/usr/bin/env"}).output, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\n");
  EXPECT_EQ(run({"/bin/ls", "/proc/self/fd"}).output, "0\n1\n2\n3\n");  // the last is its own, of the folder
  EXPECT_EQ(run({"/bin/pwd"}).output, "/\n");
  EXPECT_EQ(run({"/bin/cat"}).output, "");
  const std::string signals = run({"/bin/cat", "/proc/self/status"}).output;
  EXPECT_THAT(signals, HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(signals, HasSubstr("SigIgn:\t0000000000000000"));
  std::signal(SIGPIPE, before);
  ::close(leaked);
}

TEST(ProgramRun, GainsNoRightsUnlessItHasOurs) {
  const ProgramEnd end = run_program(without_rights({"/bin/cat", "/proc/self/status"}), StopSignal());
  EXPECT_THAT(end.output, HasSubstr("NoNewPrivs:\t1"));
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  EXPECT_THAT(failure_of({.words = {"/bin/true"}}), HasSubstr("would run as root"));
  EXPECT_THAT(failure_of({.words = {"/bin/true"}, .user = "root"}), HasSubstr("would run as root"));
  EXPECT_THAT(failure_of({.words = {"/bin/true"}, .user = "no-such-user"}), HasSubstr("there is no user"));
  EXPECT_EQ(run_program(without_rights({"/usr/bin/id", "-un"}), StopSignal()).output, "nobody\n");
  EXPECT_EQ(run({"/usr/bin/id", "-u"}).output, "0\n");
}

TEST_F(Program, WhatRunsTooLongIsEndedWithAllThatItStarted) {
  const auto from = Clock::now();
  const ProgramEnd end = run({"/bin/sh", "-c", "sleep 100 & echo $!; wait"}, milliseconds(300));
  EXPECT_LT(Clock::now() - from, seconds(60));
  EXPECT_TRUE(end.is_late);
  EXPECT_FALSE(end.succeeded());
  EXPECT_THAT(end.what, HasSubstr("ended after 300 ms"));
  if (end.output.empty()) return;  // ended before it started anything
  // Gone, or dead and not yet buried by who inherited it.
  const auto lives = [status = "/proc/" + std::to_string(std::stoi(end.output)) + "/status"] {
    std::ifstream file(status);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return !text.empty() && text.find("State:\tZ") == std::string::npos;
  };
  while (lives()) ASSERT_LT(Clock::now() - from, seconds(60));
}

TEST_F(Program, WhatWritesWithoutEndIsCutAndCountedAndEndedInTime) {
  const auto from = Clock::now();
  const ProgramEnd end = run({"/usr/bin/yes"}, milliseconds(300), 1000);
  EXPECT_LT(Clock::now() - from, seconds(60));
  EXPECT_TRUE(end.is_late);
  EXPECT_EQ(end.output.size(), 1000U);
  EXPECT_GT(end.more, 1000U);
}

TEST_F(Program, WhatLeftItsGroupAndWritesOnHoldsNothingUp) {
  const std::string sign = path_ / "sign";
  const ProgramEnd end =
      run({"/bin/sh", "-c",
           "setsid sh -c 'echo up >" + sign + "; exec yes' & while ! [ -s " + sign + " ]; do :; done"});
  EXPECT_TRUE(end.succeeded()) << end.what;
}

TEST_F(Program, AStopEndsItAndThoseToCome) {
  const std::string sign = path_ / "sign";
  StopSignal stop;
  ProgramEnd end;
  std::thread running([&] {
    end = run_program({.words = {"/bin/sh", "-c", "echo up >" + sign + "; exec sleep 100"},
                       .rights = Rights::Ours,
                       .time = seconds(60)},
                      stop);
  });
  const auto from = Clock::now();
  while (!std::filesystem::exists(sign) && Clock::now() - from < seconds(50)) std::this_thread::yield();
  stop.set();
  running.join();
  EXPECT_TRUE(end.is_stopped) << end.what;
  EXPECT_FALSE(end.succeeded());
  std::filesystem::remove(sign);
  EXPECT_TRUE(run_program({.words = {"/usr/bin/touch", sign}, .rights = Rights::Ours}, stop).is_stopped);
  EXPECT_FALSE(std::filesystem::exists(sign));
}

TEST_F(Program, OnlyAProgramThatOthersCannotWriteIsRun) {
  const std::string file = path_ / "program";
  const auto failure = [&] { return failure_of({.words = {file}, .rights = Rights::Ours}); };
  EXPECT_THAT(failure(), HasSubstr("can't be run: No such file"));
  std::ofstream(file) << "echo\n";
  EXPECT_THAT(failure(), HasSubstr("is no program"));
  std::filesystem::permissions(file, std::filesystem::perms(0777));
  EXPECT_THAT(failure(), HasSubstr("may be written by others"));
  std::filesystem::permissions(file, std::filesystem::perms(0755));
  EXPECT_THAT(failure(), HasSubstr("can't be run: Exec format error"));
  std::ofstream(file) << "#!/bin/sh\necho yes\n";
  EXPECT_EQ(run({file}).output, "yes\n");
  EXPECT_THAT(failure_of({.words = {"true"}}), HasSubstr("no absolute path"));
}

}  // namespace
}  // namespace curfew::windows
