#include "core/app/gate_key_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"

namespace curfew::app {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

const std::string jwks = R"({"keys":[{"kty":"EC","kid":"k1"}]})";
const std::string rules = R"({"tokens":{"issuer":"https://login.corp.test"}})";

class GateKeyFilesTest : public testing::Test {
 protected:
  GateKeyFilesTest() {
    std::string made = (std::filesystem::temp_directory_path() / "gate-keys-XXXXXX").string();
    EXPECT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
  }
  ~GateKeyFilesTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] GateKeyFiles files() const { return GateKeyFiles(folder_ + "/gate-keys"); }
  [[nodiscard]] std::string path() const { return folder_ + "/gate-keys/shop.json"; }
  [[nodiscard]] KeptKeys find(Time now = {}) const {
    return files().find("shop", rules, now == Time{} ? now_ : now);
  }

  const Time now_{std::chrono::seconds(1'795'000'000)};

 private:
  std::string folder_;
};

TEST_F(GateKeyFilesTest, WhatWasKeptLastIsFound) {
  EXPECT_EQ(find().jwks, "");
  EXPECT_EQ(find().why, "") << "a first start is no fault";
  files().keep("shop", rules, "older", now_ - hours(2));
  files().keep("shop", rules, jwks, now_ - hours(1));
  EXPECT_EQ(find().jwks, jwks);
  EXPECT_EQ(find().kept_at, now_ - hours(1));
  EXPECT_EQ(files().find("other", rules, now_).jwks, "");
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(GateKeyFilesTest, ItCountsForADayAndForTheSameRules) {
  files().keep("shop", rules, jwks, now_);
  EXPECT_EQ(find(now_ + hours(24)).jwks, jwks);
  EXPECT_EQ(find(now_ + hours(24) + std::chrono::seconds(1)).jwks, "");
  EXPECT_THAT(find(now_ + hours(25)).why, HasSubstr("not of the last 24 hours"));
  EXPECT_THAT(find(now_ - hours(1)).why, HasSubstr("not of the last 24 hours")) << "the clock was set back";
  const KeptKeys other = files().find("shop", rules + " ", now_);
  EXPECT_EQ(other.jwks, "");
  EXPECT_THAT(other.why, HasSubstr("other rules"));
}

TEST_F(GateKeyFilesTest, WhatOthersMayWriteOrIsDamagedIsLeftAside) {
  files().keep("shop", rules, jwks, now_);
  std::filesystem::permissions(path(), std::filesystem::perms::group_write,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(find().jwks, "");
  EXPECT_THAT(find().why, HasSubstr("others may write it"));
  for (const char* damaged : {"", "{", "[]", "{\"kept_at\":7}", "{\"rules\":\"x\",\"jwks\":\"y\"}"}) {
    std::filesystem::remove(path());
    std::ofstream(path()) << damaged;
    std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
    EXPECT_EQ(find().jwks, "") << damaged;
    EXPECT_THAT(find().why, HasSubstr("is damaged")) << damaged;
  }
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/etc/hostname", path());
  EXPECT_THAT(find().why, HasSubstr("can't be read"));
}

TEST_F(GateKeyFilesTest, AFolderThatCantBeMadeIsAnError) {
  EXPECT_THROW(GateKeyFiles("/proc/no/gate-keys").keep("shop", rules, jwks, now_), Error);
}

}  // namespace
}  // namespace curfew::app
