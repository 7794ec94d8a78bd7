#include "core/app/event_order.hpp"

#include <gtest/gtest.h>

namespace curfew::app {
namespace {

Time at(int seconds) { return Time{std::chrono::seconds(1'700'000'000 + seconds)}; }

Arrival seen(const std::string& source, int seconds) {
  connector::Admitted admitted;
  admitted.facts.occurred_at = at(seconds);
  return {.source = source, .ticket = 0, .body = std::move(admitted)};
}

std::vector<int> release(EventOrder& order) {
  std::vector<int> seconds;
  while (auto next = order.next())
    seconds.push_back(static_cast<int>((next->time - at(0)) / std::chrono::seconds(1)));
  return seconds;
}

TEST(EventOrder, NothingPassesBeforeEverySourceStatedItsTime) {
  EventOrder order;
  order.open("a");
  order.open("b");
  order.put(seen("a", 5));
  EXPECT_TRUE(release(order).empty());
  order.advance("a", at(10));
  EXPECT_TRUE(release(order).empty());
  order.advance("b", at(4));
  EXPECT_TRUE(release(order).empty());
  order.advance("b", at(5));
  EXPECT_EQ(release(order), (std::vector<int>{5}));
}

TEST(EventOrder, TheOrderIsThatOfTheEventsWhateverTheOrderOfFiles) {
  EventOrder order;
  order.open("a");
  for (const int second : {9, 3, 7, 1}) order.put(seen("a", second));
  order.finish("a");
  EXPECT_TRUE(order.all_finished());
  EXPECT_EQ(release(order), (std::vector<int>{1, 3, 7, 9}));
}

TEST(EventOrder, WhatASourceSaysAtOneTimeKeepsItsOrder) {
  EventOrder order;
  order.open("a");
  for (std::uint64_t ticket = 1; ticket <= 50; ++ticket) {
    Arrival arrival = seen("a", 1);
    arrival.ticket = ticket;
    order.put(std::move(arrival));
  }
  order.finish("a");
  std::uint64_t expected = 1;
  while (auto next = order.next()) EXPECT_EQ(next->arrival.ticket, expected++);
  EXPECT_EQ(expected, 51U);
}

TEST(EventOrder, AFinishedSourceHoldsNothingBack) {
  EventOrder order;
  order.open("a");
  order.open("b");
  order.put(seen("b", 8));
  order.advance("b", at(9));
  order.finish("a");
  EXPECT_EQ(release(order), (std::vector<int>{8}));
}

TEST(EventOrder, WhatIsHeldIsBoundedAndWhatPassesEarlyIsCounted) {
  EventOrder order(3);
  order.open("a");
  for (const int second : {4, 3, 2, 1}) order.put(seen("a", second));
  EXPECT_EQ(release(order), (std::vector<int>{1}));
  EXPECT_EQ(order.released_early(), 1U);
  EXPECT_EQ(order.held(), 3U);
}

TEST(EventOrder, AWatermarkNeverGoesBack) {
  EventOrder order;
  order.open("a");
  order.advance("a", at(9));
  order.advance("a", at(2));
  EXPECT_EQ(order.watermark(), at(9));
}

}  // namespace
}  // namespace curfew::app
