// What an order of Curfew's may have ended is known through restarts, and where it can't be, nothing is
// claimed.
#include <gtest/gtest.h>

#include "plugins/oauth/orders.hpp"
#include "tests/plugins/oauth/provider_maker.hpp"

namespace curfew::oauth_test {
namespace {

using oauth::OrdersAtWork;
using plugin::Time;
using namespace std::chrono_literals;

class Orders : public testing::Test {
 protected:
  OrdersAtWork orders() {
    return {[this] { return now_; }, digest_of};
  }
  // All that was noted, told to the next process.
  static void hand_on(OrdersAtWork& from, OrdersAtWork& to) {
    for (const oauth::Memory& one : from.take_news()) EXPECT_TRUE(to.recall(one.key, one.value));
  }
  Time now_{std::chrono::hours(400'000)};
};

TEST_F(Orders, OfASessionOrAPersonAreKnownForTwoDays) {
  OrdersAtWork one = orders();
  one.note("s1");
  one.note("id-of-bob");
  EXPECT_TRUE(one.knows("s1", "id-of-alice"));
  EXPECT_TRUE(one.knows("s2", "id-of-bob"));
  EXPECT_FALSE(one.knows("s2", "id-of-alice"));
  EXPECT_FALSE(one.may_have_ended("s2", "id-of-alice", now_));
  now_ += 49h;
  EXPECT_FALSE(one.knows("s1", "id-of-bob"));
}

TEST_F(Orders, NameNobodyInWhatIsRemembered) {
  OrdersAtWork one = orders();
  one.note("alice@corp.test");
  const std::vector<oauth::Memory> news = one.take_news();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].key.find("alice"), std::string::npos);
}

TEST_F(Orders, OutliveTheProcess) {
  OrdersAtWork one = orders(), next = orders();
  one.note("s1");
  hand_on(one, next);
  now_ += 1h;
  next.resume(now_ - 1s);
  now_ += 1h;
  EXPECT_TRUE(next.may_have_ended("s1", "", now_));
  EXPECT_FALSE(next.may_have_ended("s2", "", now_));
  EXPECT_FALSE(next.recall("logout/1", "1"));
}

TEST_F(Orders, ThatNobodyRememberedMayHaveEndedWhatEndedUnseen) {
  OrdersAtWork next = orders();
  next.resume(now_ - 10min);
  EXPECT_FALSE(next.may_have_ended("s", "p", now_ - 11min));
  EXPECT_TRUE(next.may_have_ended("s", "p", now_ - 9min));
  // A call that was on its way is carried out after the start.
  EXPECT_TRUE(next.may_have_ended("s", "p", now_ + 9s));
  EXPECT_FALSE(next.may_have_ended("s", "p", now_ + 11s));
  EXPECT_TRUE(next.may_have_ended("s", "p", now_ + 11s, 5s)) << "Keycloak's clock is ahead";
  EXPECT_FALSE(next.knows("s", "p")) << "what others revoked is told";
}

TEST_F(Orders, AreNewsOnceAnHour) {
  OrdersAtWork one = orders();
  one.note("s1");
  EXPECT_EQ(one.take_news().size(), 1U);
  one.note("s1");
  EXPECT_TRUE(one.take_news().empty());
  now_ += 61min;
  one.note("s1");
  EXPECT_EQ(one.take_news().size(), 1U);
}

TEST_F(Orders, AreBounded) {
  OrdersAtWork one = orders();
  for (std::size_t i = 0; i <= OrdersAtWork::most; ++i) one.note("s" + std::to_string(i));
  EXPECT_EQ(one.take_news().size(), OrdersAtWork::most);
  one.note("");
  EXPECT_TRUE(one.take_news().empty());
}

}  // namespace
}  // namespace curfew::oauth_test
