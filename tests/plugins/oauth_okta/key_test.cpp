// An application that shows who it is by its key, in place of an API token.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/plugins/oauth_okta/maker.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::okta_test {
namespace {

using nlohmann::json;
using plugin::Code;
using plugin::Step;
using support::keys_in;
using support::ProviderUnderTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class Key : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"right", "other"}) {
      const std::string command = "openssl genrsa -out '" + at(std::string(name) + ".key") +
                                  "' 2048 2>/dev/null && openssl rsa -in '" + at(std::string(name) + ".key") +
                                  "' -pubout -out '" + at(std::string(name) + ".pub") + "' 2>/dev/null";
      ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
    std::ostringstream text;
    text << std::ifstream(at("right.pub")).rdbuf();
    okta_.set([&] { okta_.public_key = text.str(); });
  }
  ~Key() override { EXPECT_THAT(okta_.complaints(), IsEmpty()); }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] json with_key(const std::string& name) const {
    return {{"client_id", "0oacurfew"},
            {"client_key_file", at(name)},
            {"okta", {{"api_token", nullptr}, {"key_id", "key-1"}}}};
  }
  support::TemporaryDirectory folder_;
  FakeOkta okta_;
};

TEST_F(Key, StandsForTheApiToken) {
  const ProviderUnderTest one = made(okta_, with_key("right.key"));
  const std::string session = okta_.sign_in("alice");
  EXPECT_THAT(keys_in(one.all()), ElementsAre(okta_.last_record()));
  okta_.revoke_access_tokens();  // another assertion, with another jti
  EXPECT_EQ(one.act(Step::SignOutSubject, "00ualice/" + session, session).code, Code::Ok);
  okta_.pass(2h);
  EXPECT_FALSE(okta_.lives(session));
  EXPECT_EQ(okta_.asked("/oauth2/v1/token"), 2U);
}

TEST_F(Key, AWrongOneIsSaidWithoutIt) {
  const std::string said = made(okta_, with_key("other.key")).complaint();
  EXPECT_THAT(said, HasSubstr("refuses the client '0oacurfew' (401, invalid_client)"));
  EXPECT_THAT(said, HasSubstr("is the key the application's, under this id, and are the scopes granted"));
  EXPECT_THAT(made(okta_, with_key("none.key")).complaint(), HasSubstr("can't be read"));
  EXPECT_THAT(made(okta_, with_key("right.pub")).complaint(), HasSubstr("holds no key in PEM"));
  EXPECT_THAT(said, Not(HasSubstr("PRIVATE")));
}

}  // namespace
}  // namespace curfew::okta_test
