// Where the next page is, in whichever way a Link header may be written; and that a link leads nowhere else.
#include "plugins/oauth/page_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {
namespace {

using testing::HasSubstr;

std::string path(const std::string& link, const std::string& url = "https://api.corp.test/v1") {
  try {
    return path_below(url, link, "its link");
  } catch (const plugin::Failure& failure) {
    return failure.what();
  }
}

TEST(NextLink, IsFoundAmongOthers) {
  const std::string a = "https://api.corp.test/a?x=1,2;3", b = "https://api.corp.test/b";
  const std::vector<web::HttpHeaders> headers{
      {{"link", "<" + a + ">; rel=\"next\""}},
      {{"link", "<" + a + ">;rel=next"}},
      {{"link", "<" + b + ">; rel=\"self\""}, {"link", "<" + a + ">; rel=\"next\""}},
      {{"link", "<" + b + ">; rel=\"self\", <" + a + ">; title=\"x\" ; REL=\"Next\""}},
      {{"link", "<" + a + ">; rel=\"next\", <" + b + ">; rel=\"last\""}},
  };
  for (const web::HttpHeaders& one : headers) EXPECT_EQ(next_link(one), a) << one[0].second;
  for (const char* none : {"", "<>; rel=next", "<https://x", "https://x; rel=next",
                           "<https://x>; rel=\"nextly\"", "<https://x>", "<https://x>, rel=next"})
    EXPECT_EQ(next_link({{"link", none}}), "") << none;
  EXPECT_EQ(next_link({{"x-link", "<" + a + ">; rel=next"}}), "");
}

TEST(PathBelow, LeadsNowhereElse) {
  EXPECT_EQ(path("https://api.corp.test/v1/logs?after=1"), "/logs?after=1");
  EXPECT_EQ(path("HTTPS://API.corp.test/v1/logs"), "/logs");
  EXPECT_EQ(path("https://api.corp.test/logs", "https://api.corp.test/"), "/logs");
  EXPECT_EQ(path("https://api.corp.test/v1/a b\r\nX: y"), "/a%20b%0D%0AX:%20y");
  for (const char* elsewhere : {"https://evil.test/v1/logs", "https://api.corp.test.evil.test/v1/logs",
                                "http://api.corp.test/v1/logs", "https://api.corp.test:8443/v1/logs",
                                "https://api.corp.test@evil.test/v1/logs"})
    EXPECT_THAT(path(elsewhere), HasSubstr("leads to another host")) << elsewhere;
  for (const char* out : {"https://api.corp.test/v2/logs", "https://api.corp.test/v10/logs",
                          "https://api.corp.test/v1/../admin", "https://api.corp.test/v1"})
    EXPECT_THAT(path(out), HasSubstr("leads out of the configured url")) << out;
  EXPECT_THAT(path("/v1/logs"), HasSubstr("is no URL"));
  EXPECT_THAT(path("https://api.corp.test/v1/logs#x"), HasSubstr("has a fragment"));
  EXPECT_THAT(path("https://api.corp.test/v1/" + std::string(20'000, 'x')), HasSubstr("is too long"));
}

}  // namespace
}  // namespace curfew::oauth
