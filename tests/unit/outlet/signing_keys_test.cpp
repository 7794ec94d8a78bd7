#include "core/outlet/signing_keys.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::outlet {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::hours;
using testing::HasSubstr;

const Time start = base::parse_rfc3339("2026-11-22T10:00:00Z").value();

class SigningKeysTest : public testing::Test {
 protected:
  [[nodiscard]] std::string folder() const { return (directory_.path() / "keys").string(); }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder()), fs::directory_iterator()));
  }
  std::string complaint() const {
    try {
      SigningKeys keys(folder(), {}, start);
      return {};
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Configuration);
      return error.what();
    }
  }
  support::TemporaryDirectory directory_;
};

TEST_F(SigningKeysTest, AreMadeOnceAndForTheirOwnerAlone) {
  const std::string first = SigningKeys(folder(), {}, start).key_set();
  EXPECT_EQ(SigningKeys(folder(), {}, start + hours(1)).key_set(), first);
  EXPECT_EQ(files(), 1U);
  const fs::path file = fs::directory_iterator(folder())->path();
  EXPECT_EQ(file.filename(), "1795341600.pem");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  const json set = json::parse(first);
  ASSERT_EQ(set["keys"].size(), 1U);
  const json& key = set["keys"][0];
  EXPECT_EQ(key["kty"], "RSA");
  EXPECT_EQ(key["alg"], "RS256");
  EXPECT_EQ(key["e"], "AQAB");
  EXPECT_EQ(key["n"].get<std::string>().size(), 342U);  // 2048 bits
  EXPECT_FALSE(key.contains("d"));
}

TEST_F(SigningKeysTest, FollowEachOtherAndOverlap) {
  SigningKeys keys(folder(), {.lifetime = hours(100), .overlap = hours(10)}, start);
  const std::string first = json::parse(keys.key_set())["keys"][0]["kid"];
  EXPECT_FALSE(keys.renew(start + hours(99)));
  EXPECT_TRUE(keys.renew(start + hours(100)));
  json set = json::parse(keys.key_set())["keys"];
  ASSERT_EQ(set.size(), 2U);
  EXPECT_NE(set[0]["kid"], first);
  EXPECT_EQ(set[1]["kid"], first);
  EXPECT_FALSE(keys.renew(start + hours(109)));
  EXPECT_EQ(json::parse(keys.key_set())["keys"].size(), 2U);
  EXPECT_FALSE(keys.renew(start + hours(110)));
  EXPECT_EQ(json::parse(keys.key_set())["keys"].size(), 1U);
  EXPECT_EQ(files(), 1U);
  SigningKeys forever(folder(), {.lifetime = Duration(0)}, start + hours(100'000));
  EXPECT_EQ(json::parse(forever.key_set())["keys"][0]["kid"], set[0]["kid"]);
}

TEST_F(SigningKeysTest, ThatCannotBeUsedAreRefused) {
  { SigningKeys made(folder(), {}, start); }
  const fs::path file = fs::directory_iterator(folder())->path();
  fs::permissions(file, fs::perms(0640));
  EXPECT_THAT(complaint(), HasSubstr("others may read this key"));
  fs::permissions(file, fs::perms(0600));
  const fs::path odd = fs::path(folder()) / "mine.pem";
  std::ofstream(odd) << "x";
  EXPECT_THAT(complaint(), HasSubstr("is not called after the time"));
  fs::remove(odd);
  const fs::path empty = fs::path(folder()) / "1795341700.pem";
  std::ofstream(empty).flush();
  fs::permissions(empty, fs::perms(0600));
  EXPECT_THAT(complaint(), HasSubstr("no RSA private key"));
  fs::remove(empty);
  EXPECT_EQ(complaint(), "");
}

TEST_F(SigningKeysTest, SignWithTheNewestAndSayWhich) {
  SigningKeys keys(folder(), {}, start);
  const std::string token = keys.sign("secevent+jwt", R"({"iss":"x"})");
  ASSERT_EQ(std::count(token.begin(), token.end(), '.'), 2);
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos);
  EXPECT_EQ(token.substr(token.find('.') + 1, 14), "eyJpc3MiOiJ4In");
}

TEST(Base64Url, HasNoPaddingAndNoPlus) {
  EXPECT_EQ(to_base64url("\xFB\xFF\xFE"), "-__-");
  EXPECT_EQ(to_base64url("a"), "YQ");
  EXPECT_EQ(to_base64url(""), "");
}

}  // namespace
}  // namespace curfew::outlet
