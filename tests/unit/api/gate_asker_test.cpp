#include "core/api/gate_asker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

namespace curfew::api {
namespace {

using namespace std::chrono_literals;
using model::Liveness;

Liveness answer_of(GateAsker& asker, const model::SessionDigest& session) {
  std::promise<Liveness> said;
  EXPECT_TRUE(asker.ask(session, [&](Liveness liveness) { said.set_value(liveness); }));
  return said.get_future().get();
}

TEST(GateAsker, AQuestionThatFailsIsUnknownAndSaysWhyAndTheNextIsAsked) {
  int asked = 0;
  std::vector<std::string> failures;
  GateAsker asker(
      [&](const model::SessionDigest&, Duration) -> Liveness {
        switch (++asked) {
          case 1:
            throw std::runtime_error("the source is broken");
          case 2:
            throw 7;
          default:
            return Liveness::Alive;
        }
      },
      60s, [&](const std::string& why) { failures.push_back(why); }, 1);
  const model::SessionDigest session{};
  EXPECT_EQ(answer_of(asker, session), Liveness::Unknown);
  EXPECT_EQ(answer_of(asker, session), Liveness::Unknown);
  EXPECT_EQ(answer_of(asker, session), Liveness::Alive);
  asker.stop();
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_EQ(failures[0], "the source is broken");
  EXPECT_EQ(failures[1], "something that is no exception was thrown");
}

TEST(GateAsker, WhatWaitedTooLongIsNotAskedAndIsNoFailure) {
  std::atomic<int> failures{0};
  std::atomic<int> asked{0};
  std::promise<void> release;
  auto held = release.get_future().share();
  GateAsker asker(
      [&](const model::SessionDigest&, Duration) {
        ++asked;
        held.wait();
        return Liveness::Alive;
      },
      1ms, [&](const std::string&) { ++failures; }, 1, 1'000'000);
  // Until one is under way: on a busy machine the first ones may have waited too long themselves.
  model::SessionDigest first{};
  first.bytes[0] = 1;
  while (asked == 0) ASSERT_TRUE(asker.ask(first, [](Liveness) {}));
  std::promise<Liveness> late;
  ASSERT_TRUE(asker.ask(model::SessionDigest{}, [&](Liveness liveness) { late.set_value(liveness); }));
  const auto asked_at = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - asked_at < 2ms) std::this_thread::yield();
  release.set_value();
  EXPECT_EQ(late.get_future().get(), Liveness::Unknown);
  asker.stop();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace curfew::api
