// An authentik provider of a FakeAuthentik.
//
//   const ProviderUnderTest one = made(authentik, {{"authentik", {{"page_size", 2}}}});
//
// Threads: one. Owns: nothing. Fails: as the provider.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/oauth/providers/authentik/authentik.hpp"
#include "tests/plugins/oauth_authentik/fake_authentik.hpp"
#include "tests/support/provider_under_test.hpp"

namespace curfew::authentik_test {

inline support::ProviderUnderTest made(const FakeAuthentik& authentik,
                                       const nlohmann::json& more = nlohmann::json::object(),
                                       const std::string& cursor = {},
                                       const std::vector<oauth::Memory>& memories = {}) {
  nlohmann::json all{{"provider", "authentik"}, {"url", authentik.origin()},
                     {"arrival_delay", "10s"},  {"clock_skew", "0s"},
                     {"history", "1h"},         {"authentik", {{"api_token", "token-right"}}}};
  all.merge_patch(more);
  const oauth::OauthSettings settings = oauth::read_settings(all.dump());
  return support::ProviderUnderTest(
      [&settings](oauth::Ground ground, web::RetryTerms terms) {
        return oauth::authentik::make_authentik(settings, std::move(ground), terms);
      },
      cursor, memories);
}

}  // namespace curfew::authentik_test
