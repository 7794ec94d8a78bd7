// An Auth0 provider of a FakeAuth0.
//
//   const ProviderUnderTest one = made(auth0, {{"auth0", {{"page_size", 2}}}});
//
// Threads: one. Owns: nothing. Fails: as the provider.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/oauth/providers/auth0/auth0.hpp"
#include "tests/plugins/oauth_auth0/fake_auth0.hpp"
#include "tests/support/provider_under_test.hpp"

namespace curfew::auth0_test {

inline support::ProviderUnderTest made(const FakeAuth0& auth0,
                                       const nlohmann::json& more = nlohmann::json::object(),
                                       const std::string& cursor = {},
                                       const std::vector<oauth::Memory>& memories = {}) {
  nlohmann::json all{{"provider", "auth0"},
                     {"url", auth0.origin()},
                     {"client_id", "curfew"},
                     {"client_secret", "right"},
                     {"arrival_delay", "10s"},
                     {"clock_skew", "0s"},
                     {"history", "1h"},
                     {"auth0",
                      {{"audience", "https://corp.auth0.test/api/v2/"},
                       {"issuer", "https://corp.auth0.test/"},
                       {"access_token_lifetime", "2h"}}}};
  all.merge_patch(more);
  const oauth::OauthSettings settings = oauth::read_settings(all.dump());
  return support::ProviderUnderTest(
      [&settings](oauth::Ground ground, web::RetryTerms terms) {
        return oauth::auth0::make_auth0(settings, std::move(ground), terms);
      },
      cursor, memories);
}

}  // namespace curfew::auth0_test
