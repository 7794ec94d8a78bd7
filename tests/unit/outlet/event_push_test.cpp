#include "core/outlet/event_push.hpp"

#include <gtest/gtest.h>

namespace curfew::outlet {
namespace {

TEST(SafeEndpoint, IsTlsOrThisMachine) {
  for (const char* url : {"https://crm.test", "https://crm.test:8443/a?b=c", "http://127.0.0.1:80/x",
                          "http://localhost/x", "http://[::1]:8/x"})
    EXPECT_TRUE(is_safe_endpoint(url)) << url;
  for (const char* url :
       {"", "crm.test", "http://crm.test/x", "ftp://crm.test/x", "https://", "/x",
        "https://me:secret@crm.test/", "https://crm.test/#x", "http://127.0.0.1.crm.test/x"})
    EXPECT_FALSE(is_safe_endpoint(url)) << url;
}

TEST(RetryAfter, IsSecondsOrADate) {
  const Time now = base::parse_rfc3339("2026-11-22T10:00:00Z").value();
  EXPECT_EQ(parse_retry_after("7", now), Duration(std::chrono::seconds(7)));
  EXPECT_EQ(parse_retry_after("0", now), Duration(0));
  EXPECT_EQ(parse_retry_after("999999", now), Duration(std::chrono::hours(1)));
  EXPECT_EQ(parse_retry_after("Sun, 22 Nov 2026 10:00:30 GMT", now), Duration(std::chrono::seconds(30)));
  EXPECT_EQ(parse_retry_after("Sun, 22 Nov 2026 09:00:00 GMT", now), Duration(0));
  for (const char* text : {"", "soon", "-1", "7s"}) EXPECT_FALSE(parse_retry_after(text, now)) << text;
}

}  // namespace
}  // namespace curfew::outlet
