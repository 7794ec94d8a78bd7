#include "core/api/tokens.hpp"

#include <gmock/gmock.h>

#include <set>

#include "core/base/error.hpp"

namespace curfew::api {
namespace {

using ::testing::HasSubstr;

std::string complaint(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Configuration);
    return error.what();
  }
  return {};
}

TEST(Tokens, AreKnownByTheirHashAlone) {
  const std::string clear = new_token_text();
  const Tokens tokens({parse_token("dashboard", {"viewer", "auditor"}, base::to_hex(hash_of(clear)))});
  ASSERT_NE(tokens.find(clear), nullptr);
  EXPECT_EQ(tokens.find(clear)->name, "dashboard");
  EXPECT_EQ(tokens.find(clear)->roles, role_bit(Role::Viewer) | role_bit(Role::Auditor));
  EXPECT_EQ(tokens.find(clear + "x"), nullptr);
  EXPECT_EQ(tokens.find(base::to_hex(hash_of(clear))), nullptr) << "the hash is no token";
  EXPECT_EQ(tokens.find(""), nullptr);
}

TEST(Tokens, NewOnesHave256RandomBitsInHarmlessCharacters) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string text = new_token_text();
    EXPECT_EQ(text.size(), 4U + 43U);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos)
        << text;
    EXPECT_TRUE(seen.insert(text).second);
  }
}

TEST(Tokens, MistakesAreNamed) {
  const std::string hash = base::to_hex(hash_of("x"));
  EXPECT_THAT(complaint([&] { (void)parse_token("a", {"viwer"}, hash); }),
              HasSubstr("did you mean 'viewer'"));
  EXPECT_THAT(complaint([&] { (void)parse_token("a", {}, hash); }), HasSubstr("no role"));
  EXPECT_THAT(complaint([&] { (void)parse_token("a", {"viewer"}, "abc"); }), HasSubstr("64 hex digits"));
  EXPECT_THAT(complaint([&] { (void)parse_token("", {"viewer"}, hash); }), HasSubstr("name"));
  const Token token = parse_token("a", {"viewer"}, hash);
  Token same_hash = token;
  same_hash.name = "b";
  EXPECT_THAT(complaint([&] { Tokens({token, token}); }), HasSubstr("two tokens are called 'a'"));
  EXPECT_THAT(complaint([&] { Tokens({token, same_hash}); }), HasSubstr("hash of another token"));
}

TEST(Tokens, ANamedListOfSourcesIsAllThatIsPushedTo) {
  Token token;
  EXPECT_TRUE(token.may_push_to("anything"));
  token.sources = {"crm"};
  EXPECT_TRUE(token.may_push_to("crm"));
  EXPECT_FALSE(token.may_push_to("crm2"));
}

}  // namespace
}  // namespace curfew::api
