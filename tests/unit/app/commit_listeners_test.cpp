#include "core/app/commit_listeners.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace curfew::app {
namespace {

TEST(CommitListeners, AreToldAsLongAsTheyListen) {
  CommitListeners commits;
  int first = 0;
  int second = 0;
  auto listening = commits.listen([&] { ++first; });
  const auto longer = commits.listen([&] { ++second; });
  commits.tell();
  listening.reset();
  commits.tell();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

// As when a start fails while the writer commits: what listened is gone right after.
TEST(CommitListeners, NothingIsToldToWhatIsGone) {
  CommitListeners commits;
  std::atomic<bool> committing = true;
  std::atomic<std::size_t> told = 0;
  std::thread writer([&] {
    while (committing) {
      commits.tell();
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 300; ++i) {
    std::atomic<bool> is_there = true;
    auto listening = commits.listen([&] {
      EXPECT_TRUE(is_there);
      ++told;
      std::this_thread::yield();
      EXPECT_TRUE(is_there) << "it went while it was told";
    });
    while (i == 0 && told == 0) std::this_thread::yield();
    listening.reset();
    is_there = false;
  }
  committing = false;
  writer.join();
  EXPECT_GT(told, 0U);
}

}  // namespace
}  // namespace curfew::app
