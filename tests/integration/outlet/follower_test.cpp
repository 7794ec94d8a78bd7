// A follower over a real ledger: in order, each entry, across restarts, streams and failures.
#include "core/outlet/follower.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>

#include "core/base/error.hpp"
#include "tests/integration/store/batches.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::outlet {
namespace {

using store::Place;
using support::eventually;
using testing::HasSubstr;

class Following : public testing::Test {
 protected:
  Following() {
    ground_.realm = store::test_stream.realm;
    ground_.database = database_.application;
    ground_.with_store = [this](const std::function<void(store::Store&)>& read) {
      if (is_away_) throw Error(ErrorKind::Unavailable, "the database is away");
      store::Store store(database_.application, store::Role::Reader);
      read(store);
    };
    ground_.now = base::wall_clock_now;
    ground_.log = [this](Severity, const std::string& text) {
      const std::lock_guard lock(mutex_);
      log_ += text + "\n";
    };
    ground_.metrics = &metrics_;
  }

  static void append(store::Store& writer, const store::StreamHead& head, std::uint64_t first,
                     std::size_t count) {
    writer.append(head, store::batch_of(first, count), {});
  }
  FollowerSettings settings(std::function<Duration(const Chunk&)> take) {
    return {.name = "test",
            .appetite = [this] { return appetite_.load(); },
            .take = std::move(take),
            .most_entries = 100};
  }
  // Takes all, and moves the cursor with it.
  FollowerSettings taking(Cursor& cursor) {
    return settings([this, &cursor](const Chunk& chunk) -> Duration {
      {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < chunk.entries.size(); ++i) taken_.push_back(chunk.place_of(i));
      }
      if (!chunk.entries.empty()) cursor.move(chunk.after(), "state");
      return std::chrono::seconds(1);
    });
  }
  std::vector<Place> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  static std::vector<Place> places(std::int64_t stream, std::uint64_t from, std::uint64_t to) {
    std::vector<Place> all;
    for (; from < to; ++from) all.push_back({stream, from});
    return all;
  }

  support::Database database_ = support::Cluster::instance().fresh_database();
  metrics::Registry metrics_;
  Ground ground_;
  std::atomic<bool> is_away_ = false;
  std::atomic<Appetite> appetite_ = Appetite::Now;
  std::mutex mutex_;
  std::vector<Place> taken_;
  std::string log_;
};

TEST_F(Following, EachEntryComesInOrderAndOnceAcrossRestarts) {
  store::Store writer(database_.application, store::Role::Writer);
  const store::StreamHead head = writer.open_stream(store::test_stream, store::test_key);
  append(writer, head, 0, 250);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    Cursor cursor(ground_, "test");
    EXPECT_EQ(cursor.is_new(), round == 1);
    Follower follower(ground_, cursor, taking(cursor));
    follower.start();
    append(writer, head, 250 * round, 250);
    follower.wake();
    EXPECT_TRUE(eventually([&] { return taken().size() == 250 * (round + 1); })) << log();
    follower.stop();
    EXPECT_EQ(cursor.state(), "state");
  }
  EXPECT_EQ(taken(), places(head.stream, 0, 1'000));
  EXPECT_EQ(newest_place(ground_), (Place{head.stream, 1'000}));
}

TEST_F(Following, GoesOnInTheNextStreamOfItsRealmAndInNoOther) {
  store::Store first(database_.application, store::Role::Writer);
  const store::StreamHead before = first.open_stream({"corp", "node", 1}, store::test_key);
  append(first, before, 0, 30);
  store::Store other(database_.application, store::Role::Writer);
  const store::StreamHead foreign = other.open_stream({"elsewhere", "node", 1}, store::test_key);
  append(other, foreign, 0, 30);
  store::Store second(database_.application, store::Role::Writer);
  const store::StreamHead after = second.open_stream({"corp", "node", 2}, store::test_key);
  Cursor cursor(ground_, "test");
  Follower follower(ground_, cursor, taking(cursor));
  follower.start();
  ASSERT_TRUE(eventually([&] { return taken().size() == 30; })) << log();
  append(second, after, 0, 20);
  follower.wake();
  ASSERT_TRUE(eventually([&] { return taken().size() == 50; })) << log();
  follower.stop();
  std::vector<Place> expected = places(before.stream, 0, 30);
  const std::vector<Place> more = places(after.stream, 0, 20);
  expected.insert(expected.end(), more.begin(), more.end());
  EXPECT_EQ(taken(), expected);
}

TEST_F(Following, WhatFailsIsTriedAgainAndLosesNothing) {
  store::Store writer(database_.application, store::Role::Writer);
  const store::StreamHead head = writer.open_stream(store::test_stream, store::test_key);
  append(writer, head, 0, 10);
  Cursor cursor(ground_, "test");
  is_away_ = true;
  std::atomic<int> failures = 0;
  FollowerSettings whole = taking(cursor);
  whole.take = [&, take = whole.take](const Chunk& chunk) {
    if (++failures <= 2) throw std::runtime_error("the receiver's machine has no disk");
    return take(chunk);
  };
  Follower follower(ground_, cursor, std::move(whole));
  follower.start();
  ASSERT_TRUE(eventually([&] { return log().find("the database is away") != std::string::npos; }));
  is_away_ = false;
  ASSERT_TRUE(eventually([&] { return taken().size() == 10; })) << log();
  ASSERT_TRUE(eventually([&] { return log().find("is followed again") != std::string::npos; }));
  follower.stop();
  EXPECT_EQ(taken(), places(head.stream, 0, 10));
}

TEST_F(Following, WithoutAppetiteTheLedgerIsTheQueue) {
  store::Store writer(database_.application, store::Role::Writer);
  const store::StreamHead head = writer.open_stream(store::test_stream, store::test_key);
  append(writer, head, 0, 40);
  appetite_ = Appetite::Later;
  Cursor cursor(ground_, "test");
  Follower follower(ground_, cursor, taking(cursor));
  follower.start();
  const auto lag = [&](const std::string& entries) {
    return metrics_.text().find("curfew_outlet_lag_entries{outlet=\"test\"} " + entries + "\n") !=
           std::string::npos;
  };
  ASSERT_TRUE(eventually([&] { return lag("40"); })) << metrics_.text();
  EXPECT_TRUE(taken().empty());
  appetite_ = Appetite::Now;
  follower.wake();
  ASSERT_TRUE(eventually([&] { return lag("0"); })) << metrics_.text();
  EXPECT_EQ(taken().size(), 40U);
}

TEST_F(Following, APassedPlaceIsStoredWhenItIsFar) {
  Time now = base::wall_clock_now();
  ground_.now = [&] { return now; };
  Cursor cursor(ground_, "test");
  cursor.pass({1, 5});  // nothing is stored of one that has no row
  EXPECT_TRUE(Cursor(ground_, "test").is_new());
  cursor.move({1, 10}, "a");
  cursor.pass({1, 20});
  EXPECT_EQ(cursor.place(), (Place{1, 20}));
  EXPECT_EQ(Cursor(ground_, "test").place(), (Place{1, 10}));
  cursor.pass({1, 20'000});
  EXPECT_EQ(Cursor(ground_, "test").place(), (Place{1, 20'000}));
  now += std::chrono::minutes(1);
  cursor.pass({1, 20'001});
  EXPECT_EQ(Cursor(ground_, "test").place(), (Place{1, 20'001}));
  EXPECT_EQ(Cursor(ground_, "test").state(), "a");
  EXPECT_TRUE(Cursor(ground_, "another").is_new());
  cursor.forget();
  EXPECT_TRUE(Cursor(ground_, "test").is_new());
}

}  // namespace
}  // namespace curfew::outlet
