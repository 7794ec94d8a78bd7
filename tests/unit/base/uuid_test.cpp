// Version 5 UUIDs against the one that RFC 9562 gives in appendix A.4.
#include "core/base/uuid.hpp"

#include <gtest/gtest.h>

namespace curfew::base {
namespace {

TEST(Uuid, IsTheRfcsExample) {
  constexpr Digest16 dns{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                         0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
  EXPECT_EQ(uuid_v5(dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(Uuid, FollowsFromNamespaceAndName) {
  EXPECT_EQ(uuid_v5(uuid_namespace_url, "a"), uuid_v5(uuid_namespace_url, "a"));
  EXPECT_NE(uuid_v5(uuid_namespace_url, "a"), uuid_v5(uuid_namespace_url, "b"));
  EXPECT_NE(uuid_v5(uuid_namespace_url, "a"), uuid_v5(Digest16{}, "a"));
}

}  // namespace
}  // namespace curfew::base
