#include "core/api/gate_paths.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace curfew::api {
namespace {

TEST(GatePaths, AreDecodedAndFreeOfTheQuery) {
  EXPECT_EQ(plain_path("/a%20b?x=/../y#z"), "/a b");
  EXPECT_EQ(plain_path("/"), "/");
  EXPECT_EQ(plain_path("/a.b/..c"), "/a.b/..c");
}

TEST(GatePaths, WhatServersReadDifferentlyIsNoPlainPath) {
  for (const char* target : {"", "a", "http://x/login", "/static/../admin", "/static/%2e%2e/admin", "/a//b",
                             "/a/./b", "/a/..", "/a/%2E", "/a\\..\\b", "/a%5Cb", "/a;x/../b", "/a%3bx",
                             "/a%252e", "/a%00", "/a%0d%0a", "/a%3fb", "/a%"})
    EXPECT_EQ(plain_path(target), std::nullopt) << target;
}

TEST(GatePaths, PatternsAreExactOrPrefixes) {
  const PathSet set({"/login", "/static/*"});
  EXPECT_TRUE(set.contains("/login"));
  EXPECT_FALSE(set.contains("/login/x"));
  EXPECT_TRUE(set.contains("/static/a.css"));
  EXPECT_FALSE(set.contains("/static"));
  for (const char* wrong : {"login", "/a*b", "/a/../b", "/a?b", "*"})
    EXPECT_THROW(PathSet({wrong}), Error) << wrong;
}

TEST(GateAddresses, OfBothFamiliesAndNetworks) {
  const AddressSet set({"127.0.0.1", "10.1.0.0/16", "192.0.2.128/25", "2001:db8::/33", "::1"});
  for (const char* in : {"127.0.0.1", "10.1.255.3", "192.0.2.200", "2001:db8:1::5", "::1", "::ffff:10.1.2.3"})
    EXPECT_TRUE(set.contains(in)) << in;
  for (const char* out : {"127.0.0.2", "10.2.0.1", "192.0.2.5", "2001:db8:8000::1", "::2", "", "x"})
    EXPECT_FALSE(set.contains(out)) << out;
  for (const char* wrong : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "localhost", "::/129"})
    EXPECT_THROW(AddressSet({wrong}), Error) << wrong;
}

}  // namespace
}  // namespace curfew::api
