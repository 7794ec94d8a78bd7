#include <gtest/gtest.h>

#include <thread>

#include "core/api/broadcast.hpp"
#include "core/api/rate_limit.hpp"
#include "core/api/tile_path.hpp"

namespace curfew::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RateLimit::Clock::time_point start{seconds(1000)};

TEST(RateLimit, ABurstIsLetThroughAndRefillsWithTime) {
  RateLimit limit({.per_second = 2, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take("a", start));
  EXPECT_EQ(limit.take("a", start), 1U);
  EXPECT_FALSE(limit.take("a", start + milliseconds(500)));
  EXPECT_TRUE(limit.take("a", start + milliseconds(500)));
  EXPECT_FALSE(limit.take("b", start)) << "another caller has its own";
}

TEST(RateLimit, SaysHowLongToWait) {
  RateLimit limit({.per_second = 0.1, .burst = 1});
  EXPECT_FALSE(limit.take("a", start));
  EXPECT_EQ(limit.take("a", start), 10U);
  EXPECT_EQ(limit.take("a", start + seconds(5)), 5U);
}

TEST(RateLimit, ACrowdSharesOneAllowanceAndForgetsNobodyInDebt) {
  RateLimit limit({.per_second = 0.001, .burst = 2, .most_callers = 3});
  for (const char* known : {"a", "b", "c"}) EXPECT_FALSE(limit.take(known, start));
  EXPECT_FALSE(limit.take("d", start));
  EXPECT_FALSE(limit.take("e", start));
  EXPECT_TRUE(limit.take("f", start)) << "newcomers share what is left";
  EXPECT_FALSE(limit.take("a", start)) << "who was known keeps his own";
  EXPECT_TRUE(limit.take("a", start));
}

TEST(RateLimit, FullBucketsMakeRoom) {
  RateLimit limit({.per_second = 1, .burst = 1, .most_callers = 1});
  EXPECT_FALSE(limit.take("a", start));
  EXPECT_FALSE(limit.take("b", start + seconds(10)));
  EXPECT_TRUE(limit.take("b", start + seconds(10)));
}

TEST(Broadcast, ASlowWatcherIsToldWhatItLost) {
  Broadcast broadcast({.events = 3, .bytes = 1000, .watchers = 1});
  std::uint64_t from = broadcast.next();
  for (int i = 0; i < 10; ++i) broadcast.publish("alert", std::to_string(i));
  const auto batch = broadcast.take(from, milliseconds(0));
  EXPECT_EQ(batch.lost, 7U);
  ASSERT_EQ(batch.events.size(), 3U);
  EXPECT_EQ(batch.events[0]->data, "7");
  EXPECT_EQ(from, broadcast.next());
  EXPECT_EQ(broadcast.take(from, milliseconds(0)).lost, 0U);
}

TEST(Broadcast, MemoryIsBoundedByBytesToo) {
  Broadcast broadcast({.events = 1000, .bytes = 100, .watchers = 1});
  std::uint64_t from = broadcast.next();
  for (int i = 0; i < 10; ++i) broadcast.publish("alert", std::string(40, 'x'));
  EXPECT_EQ(broadcast.take(from, milliseconds(0)).events.size(), 2U);
}

TEST(Broadcast, EveryWatcherSeesEveryEventInOrder) {
  Broadcast broadcast;
  constexpr int events = 2000;
  const auto watch = [&](std::vector<std::uint64_t>& seen) {
    std::uint64_t from = 1;
    while (seen.size() < events) {
      for (const auto& event : broadcast.take(from, seconds(10)).events) seen.push_back(event->number);
    }
  };
  std::vector<std::uint64_t> first;
  std::vector<std::uint64_t> second;
  std::thread one([&] { watch(first); });
  std::thread two([&] { watch(second); });
  for (int i = 0; i < events; ++i) broadcast.publish("alert", "{}");
  one.join();
  two.join();
  for (std::size_t i = 0; i < events; ++i) ASSERT_EQ(first[i], i + 1);
  EXPECT_EQ(first, second);
}

TEST(Broadcast, SeatsAreCountedAndGivenBack) {
  Broadcast broadcast({.events = 1, .bytes = 1, .watchers = 1});
  auto seat = broadcast.sit();
  EXPECT_NE(seat, nullptr);
  EXPECT_EQ(broadcast.sit(), nullptr);
  seat.reset();
  EXPECT_NE(broadcast.sit(), nullptr);
  broadcast.close();
  EXPECT_EQ(broadcast.sit(), nullptr) << "closed";
}

TEST(Broadcast, ClosingEndsAllWaiting) {
  Broadcast broadcast;
  std::thread closer([&] { broadcast.close(); });
  std::uint64_t from = 1;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(broadcast.take(from, seconds(60)).closed);
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(30));
  closer.join();
}

TEST(TilePath, ReadsWhatC2spWrites) {
  const auto plain = parse_tile_path("0/000");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->index, 0U);
  EXPECT_EQ(plain->width, 256U);
  const auto large = parse_tile_path("2/x001/x234/067");
  ASSERT_TRUE(large);
  EXPECT_EQ(large->level, 2U);
  EXPECT_EQ(large->index, 1'234'067U);
  const auto partial = parse_tile_path("1/x001/234.p/7");
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->index, 1234U);
  EXPECT_EQ(partial->width, 7U);
  const auto entries = parse_tile_path("entries/012.p/255");
  ASSERT_TRUE(entries);
  EXPECT_TRUE(entries->entries);
  EXPECT_EQ(entries->index, 12U);
}

TEST(TilePath, RefusesEverythingElse) {
  for (const char* path : {"",
                           "0",
                           "0/",
                           "0/1",
                           "0/0001",
                           "0/x000/001",
                           "0/x001",
                           "0/000.p",
                           "0/000.p/",
                           "0/000.p/0",
                           "0/000.p/256",
                           "0/000.p/07",
                           "0/000.p/7/",
                           "0/000/",
                           "0/000/001",
                           "00/000",
                           "64/000",
                           "-1/000",
                           "0/x001/x",
                           "0/abc",
                           "data/000",
                           "0/x999/x999/x999/x999/x999/x999/x999/999"}) {
    EXPECT_FALSE(parse_tile_path(path)) << path;
  }
}

}  // namespace
}  // namespace curfew::api
