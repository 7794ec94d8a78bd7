#include "core/store/cluster_files.hpp"

#include <gtest/gtest.h>

namespace curfew::store {
namespace {

TEST(PostmasterLock, SaysWhoServesWhere) {
  const auto lock = parse_postmaster_lock(
      "4711\n/var/lib/curfew/postgres/cluster\n1700000000\n5432\n/run/x\n\n  1234567 42\nready   \n");
  ASSERT_TRUE(lock.has_value());
  EXPECT_EQ(lock->process, 4711);
  EXPECT_EQ(lock->data_directory, "/var/lib/curfew/postgres/cluster");
  EXPECT_EQ(lock->socket_directory, "/run/x");
  EXPECT_EQ(lock->listen_address, "");
  EXPECT_EQ(lock->status, "ready");
}

TEST(PostmasterLock, OneThatIsBeingWrittenHasNoStatusYet) {
  const auto lock = parse_postmaster_lock("4711\n/data\n");
  ASSERT_TRUE(lock.has_value());
  EXPECT_EQ(lock->status, "");
}

TEST(PostmasterLock, AStandAloneBackendIsAProcessToo) {
  EXPECT_EQ(parse_postmaster_lock("-12\n/d\n")->process, 12);
}

TEST(PostmasterLock, RubbishIsNone) {
  EXPECT_FALSE(parse_postmaster_lock("").has_value());
  EXPECT_FALSE(parse_postmaster_lock("none\n/data\n").has_value());
  EXPECT_FALSE(parse_postmaster_lock("0\n/data\n").has_value());
}

TEST(SocketFolder, IsInsideWhereAddressesFitAndShortElsewhere) {
  EXPECT_EQ(socket_directory_for("/var/lib/curfew/postgres"), "/var/lib/curfew/postgres/run");
  const std::string deep = "/" + std::string(120, 'a');
  EXPECT_LT(socket_directory_for(deep).string().size(), 40U);
  EXPECT_NE(socket_directory_for(deep), socket_directory_for(deep + "b"));
}

TEST(OtherVersion, IsExplainedWithTheCommandThatMovesIt) {
  const std::string text = explain_other_version("/data", 14, 15);
  EXPECT_NE(
      text.find("pg_upgrade --old-bindir=/usr/lib/postgresql/14/bin --new-bindir=/usr/lib/postgresql/15/bin"),
      std::string::npos);
}

}  // namespace
}  // namespace curfew::store
