// An Okta provider of a FakeOkta.
//
//   const ProviderUnderTest one = made(okta, {{"okta", {{"page_size", 2}}}});
//
// Threads: one. Owns: nothing. Fails: as the provider.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/oauth/providers/okta/okta.hpp"
#include "tests/plugins/oauth_okta/fake_okta.hpp"
#include "tests/support/provider_under_test.hpp"

namespace curfew::okta_test {

inline support::ProviderUnderTest made(const FakeOkta& okta,
                                       const nlohmann::json& more = nlohmann::json::object(),
                                       const std::string& cursor = {},
                                       const std::vector<oauth::Memory>& memories = {}) {
  nlohmann::json all{
      {"provider", "okta"},     {"url", okta.origin()},
      {"arrival_delay", "10s"}, {"clock_skew", "0s"},
      {"history", "1h"},        {"okta", {{"api_token", "00right"}, {"issuer", "https://corp.okta.test"}}}};
  all.merge_patch(more);
  const oauth::OauthSettings settings = oauth::read_settings(all.dump());
  return support::ProviderUnderTest(
      [&settings](oauth::Ground ground, web::RetryTerms terms) {
        return oauth::okta::make_okta(settings, std::move(ground), terms);
      },
      cursor, memories);
}

}  // namespace curfew::okta_test
