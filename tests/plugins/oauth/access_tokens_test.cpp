// The access token of the API: fetched when it is needed, renewed when it is refused, and a wrong secret is
// said clearly and asked about slowly.
#include "plugins/oauth/access_tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/plugins/oauth/provider_maker.hpp"

namespace curfew::oauth_test {
namespace {

using oauth::AccessTokens;
using plugin::Code;
using plugin::Failure;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

const char* const endpoint = "/realms/corp/protocol/openid-connect/token";

class Tokens : public testing::Test {
 protected:
  AccessTokens tokens(const std::string& secret = "right",
                      oauth::ClientAuthentication how = oauth::ClientAuthentication::Basic) {
    return {client_, endpoint, {.id = "curfew", .secret = secret, .authentication = how}};
  }
  static plugin::Time soon() { return wall_clock() + 10s; }
  std::size_t fetched() const { return keycloak_.asked("openid-connect/token"); }

  FakeKeycloak keycloak_;
  web::RetryingClient client_{{.url = keycloak_.url()}, {.tries = 2, .first_pause = 5ms}};
};

TEST_F(Tokens, AreKeptUntilShortlyBeforeTheyExpire) {
  AccessTokens one = tokens();
  const std::string first = one.current(soon());
  EXPECT_EQ(one.current(soon()), first);
  EXPECT_EQ(fetched(), 1U);
  keycloak_.set([](FakeKeycloak& it) { it.token_seconds = 0; });
  one.refused(first);
  const std::string expired = one.current(soon());
  EXPECT_NE(one.current(soon()), expired);
}

TEST_F(Tokens, AreAskedForInTheBodyToo) {
  AccessTokens one = tokens("right", oauth::ClientAuthentication::Post);
  EXPECT_FALSE(one.current(soon()).empty());
}

TEST_F(Tokens, OfASecretWithAnythingInItAreGiven) {
  const std::string odd = "a:b %&+\"ü";
  keycloak_.set([&](FakeKeycloak& it) { it.secret = odd; });
  AccessTokens basic = tokens(odd);
  EXPECT_FALSE(basic.current(soon()).empty());
  AccessTokens post = tokens(odd, oauth::ClientAuthentication::Post);
  EXPECT_FALSE(post.current(soon()).empty());
}

TEST_F(Tokens, OfAWrongSecretAreRefusedClearlyAndAskedForSlowly) {
  AccessTokens one = tokens("an-expired-secret");
  for (int i = 0; i < 5; ++i) {
    try {
      (void)one.current(soon());
      FAIL() << "it was given";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Code::Refused);
      EXPECT_THAT(failure.what(), HasSubstr("refuses the client 'curfew' (401, unauthorized_client): is "
                                            "client_secret right and not expired"));
      EXPECT_THAT(failure.what(), Not(HasSubstr("an-expired-secret")));
    }
  }
  EXPECT_EQ(fetched(), 1U);
}

TEST_F(Tokens, ThatManyWantAtOnceAreFetchedOnce) {
  AccessTokens one = tokens();
  std::vector<std::thread> all;
  all.reserve(8);
  for (int i = 0; i < 8; ++i) all.emplace_back([&] { EXPECT_FALSE(one.current(soon()).empty()); });
  for (std::thread& thread : all) thread.join();
  EXPECT_EQ(fetched(), 1U);
}

TEST_F(Tokens, ThatWereRevokedAreRenewedOnceAndThenAnError) {
  const Made made = oauth_test::made(keycloak_);
  (void)all_of(made);
  const std::size_t before = fetched();
  keycloak_.revoke_tokens();
  (void)keycloak_.sign_in("alice", {});
  EXPECT_EQ(all_of(made).sightings.size(), 1U);
  EXPECT_EQ(fetched(), before + 1);
  for (int i = 0; i < 2; ++i) keycloak_.next_answer({.status = 401, .body = "{}", .only_for = "/events?"});
  try {
    (void)all_of(made);
    FAIL() << "it was taken";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("refuses the access token that it just gave"));
    EXPECT_THAT(failure.what(), Not(HasSubstr("token-")));
  }
}

}  // namespace
}  // namespace curfew::oauth_test
