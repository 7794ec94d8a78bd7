#include "core/enforcement/token_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace curfew::enforcement {
namespace {

constexpr Time day{Duration{1'700'000'000'000'000}};
using std::chrono::seconds;

std::shared_ptr<const KnownToken> known(Time until) {
  auto token = std::make_shared<KnownToken>();
  token->expires_at = until;
  return token;
}
Digest32 digest(std::uint32_t number) { return base::sha256(std::to_string(number)); }

TEST(TokenCache, KeepsATokenUntilItExpires) {
  TokenCache cache(1'024);
  cache.put(digest(1), known(day + seconds(10)));
  EXPECT_TRUE(cache.find(digest(1), day + seconds(9)));
  EXPECT_FALSE(cache.find(digest(2), day));
  EXPECT_FALSE(cache.find(digest(1), day + seconds(10)));
  EXPECT_EQ(cache.size(), 0U) << "what has expired leaves when it is asked for";
}

TEST(TokenCache, HoldsNoMoreThanItMayAndWhatIsAskedForStays) {
  constexpr std::size_t most = 4'096;
  TokenCache cache(most);
  const Digest32 asked = digest(0);
  cache.put(asked, known(day + seconds(10)));
  for (std::uint32_t i = 1; i <= 10 * most; ++i) {
    cache.put(digest(i), known(day + seconds(10)));
    ASSERT_TRUE(cache.find(asked, day)) << i;
    if (i % 1'000 == 0) {
      ASSERT_LE(cache.size(), most);
    }
  }
  EXPECT_FALSE(cache.find(digest(1), day)) << "nobody asked for it since";
}

TEST(TokenCache, AnOldTokenThatExpiredIsNotTakenBack) {
  TokenCache cache(1);
  std::uint32_t other = 1;
  while (digest(other)[0] % 64 != digest(0)[0] % 64) ++other;
  cache.put(digest(0), known(day + seconds(10)));
  cache.put(digest(other), known(day + seconds(10)));  // pushes the first one into the older half
  EXPECT_FALSE(cache.find(digest(0), day + seconds(10)));
  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace curfew::enforcement
