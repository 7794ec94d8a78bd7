// Programs that carry out steps are run as they are allowed to be, and in no other way.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "plugins/windows/command/commands.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::windows {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Failure;
using plugin::Step;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

// Where anybody may enter: the project may lie in a home that only its owner can.
const std::string& told_program() {
  static const support::TemporaryDirectory folder;
  static const std::string path = [] {
    using std::filesystem::perms;
    const auto copy = folder.path() / "told_program";
    std::filesystem::permissions(folder.path(), perms(0755));
    std::filesystem::copy_file(TOLD_PROGRAM, copy);
    std::filesystem::permissions(copy, perms(0755));
    return copy.string();
  }();
  return path;
}

// As root, as nobody; else as who runs the tests.
json settings_with(std::vector<std::string> words, const json& more = json::object()) {
  words.insert(words.begin(), told_program());
  json all{{"allow", {told_program()}}, {"steps", {{"sign_out_session", words}}}};
  if (::geteuid() == 0) all["user"] = "nobody";
  all.update(more);
  return all;
}

plugin::Answer act(Commands& commands, std::string_view handle = "PC7.corp.test/0x3e8a1",
                   std::string_view account = "CORP\\bob") {
  plugin::Action action;
  action.step = Step::SignOutSession;
  action.handle = handle;
  action.identifiers = {{"windows_account", account}};
  return commands.act(action);
}

plugin::Answer run(const json& settings) {
  Commands commands(settings.dump());
  commands.start();
  return act(commands);
}

std::string complaint(const json& settings) {
  try {
    Commands commands(settings.dump());
    commands.start();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return {};
}

TEST(Commands, AProgramGetsItsArgumentsAndNothingElse) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // not closed at exec, as a library's may be
  ASSERT_GE(leaked, 0);
  ::setenv("CURFEW_TEST_SECRET", "x", 1);
  const auto answer =
      run(settings_with({"--computer={computer}", "{logon_id}", "$(id);`id` *", "{account}"}));
  ::close(leaked);
  EXPECT_EQ(answer.code, Code::Ok) << answer.text;
  EXPECT_THAT(answer.text, AllOf(HasSubstr("exit code 0"), HasSubstr("[$(id);`id` *]"),
                                 HasSubstr(" fds=0,1,2, "), HasSubstr("variables=2")));
  if (::geteuid() == 0) {
    EXPECT_THAT(answer.text, Not(HasSubstr("uid=0")));
  }
}

TEST(Commands, WhatWasFilledInIsMaskedInWhatIsRecorded) {
  const auto answer = run(settings_with({"--computer={computer}", "{account}"}));
  EXPECT_THAT(answer.text, AllOf(HasSubstr("[--computer={computer}]"), HasSubstr("[{account}]"),
                                 Not(HasSubstr("bob")), Not(HasSubstr("PC7"))));
}

TEST(Commands, AnExitCodeBesidesZeroIsAFailure) {
  const auto answer = run(settings_with({"exit:3"}));
  EXPECT_EQ(answer.code, Code::Failed);
  EXPECT_THAT(answer.text, HasSubstr("exit code 3: [exit:3]"));
}

TEST(Commands, AHangingProgramIsEndedWithItsChildren) {
  for (const char* manner : {"hang", "child"}) {
    const auto from = Clock::now();
    const auto answer = run(settings_with({manner}, {{"timeout", "300ms"}}));
    EXPECT_LT(Clock::now() - from, std::chrono::seconds(5));
    EXPECT_EQ(answer.code, Code::Failed);
    EXPECT_THAT(answer.text, HasSubstr("ended after 300 ms"));
  }
}

TEST(Commands, ManyBytesOfOutputAreCutAndCounted) {
  const auto answer = run(settings_with({"much"}));
  EXPECT_EQ(answer.code, Code::Ok) << answer.text;
  EXPECT_LT(answer.text.size(), 600U);
  EXPECT_THAT(answer.text, AllOf(HasSubstr("(and "), EndsWith(" bytes)")));
}

TEST(Commands, AStoppingSourceEndsItsPrograms) {
  Commands commands(settings_with({"hang"}).dump());
  commands.start();
  plugin::Answer answer;
  const auto from = Clock::now();
  std::thread acting([&] { answer = act(commands); });
  commands.stop();
  acting.join();
  EXPECT_LT(Clock::now() - from, std::chrono::seconds(10));
  EXPECT_EQ(answer.code, Code::Unavailable) << answer.text;
}

TEST(Commands, AValueThatCouldBeAnOptionRunsNothing) {
  Commands commands(settings_with({"{account}"}).dump());
  commands.start();
  for (const std::string_view account : {"-rf", "/s", "a\nb", ""}) {
    const auto answer = act(commands, "PC7/0x1", account);
    EXPECT_EQ(answer.code, Code::Failed) << account;
    EXPECT_THAT(answer.text, HasSubstr("nothing was run"));
  }
  Commands by_computer(settings_with({"{computer}"}).dump());
  by_computer.start();
  EXPECT_THAT(act(by_computer, "").text, HasSubstr("{computer}"));
  plugin::Action other;
  other.step = Step::RevokeTokens;
  EXPECT_EQ(commands.act(other).code, Code::Unsupported);
}

TEST(Commands, OnlyAllowedProgramsThatOthersCannotWriteAreRun) {
  EXPECT_EQ(complaint(settings_with({})), "");
  json other = settings_with({});
  other["allow"] = {"/bin/true"};
  EXPECT_THAT(complaint(other), HasSubstr("not among commands.allow"));
  other["allow"] = {"true"};
  EXPECT_THAT(complaint(other), HasSubstr("no absolute path"));
  EXPECT_THAT(complaint(settings_with({"{password}"})), HasSubstr("{password} is not known"));
  EXPECT_THAT(complaint(settings_with({}, {{"timeout", "1h"}})), HasSubstr("timeout"));
  if (::geteuid() == 0) {
    EXPECT_THAT(complaint(settings_with({}, {{"user", "root"}})), HasSubstr("would run as root"));
    json as_root = settings_with({});
    as_root.erase("user");
    EXPECT_THAT(complaint(as_root), HasSubstr("would run as root"));
  }
  const support::TemporaryDirectory folder;
  const std::string open_to_all = (folder.path() / "program").string();
  std::ofstream(open_to_all) << "#!/bin/sh\n";
  const json shared{{"allow", {open_to_all}}, {"steps", {{"sign_out_session", {open_to_all}}}}};
  EXPECT_THAT(complaint(shared), HasSubstr("is no program"));
  std::filesystem::permissions(open_to_all, std::filesystem::perms(0777));
  EXPECT_THAT(complaint(shared), HasSubstr("may be written by others"));
  std::filesystem::remove(open_to_all);
  EXPECT_THAT(complaint(shared), HasSubstr("can't be run"));
}

}  // namespace
}  // namespace curfew::windows
