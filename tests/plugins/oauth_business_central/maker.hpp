// A Business Central provider of a FakeBusinessCentral.
//
//   const ProviderUnderTest one = made(it, {{"business_central", {{"sign_ins", nullptr}}}});
//
// Threads: one. Owns: nothing. Fails: as the provider.
#pragma once

#include <utility>
#include <vector>

#include "plugins/oauth/providers/business_central/business_central.hpp"
#include "tests/plugins/oauth_business_central/fake_business_central.hpp"
#include "tests/support/provider_under_test.hpp"

namespace curfew::business_central_test {

inline nlohmann::json settings_for(const FakeBusinessCentral& it,
                                   const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json settings{{"provider", "business_central"},
                          {"url", it.url()},
                          {"client_id", "curfew"},
                          {"client_secret", "right"},
                          {"arrival_delay", "60s"},
                          {"history", "1h"},
                          {"business_central",
                           {{"tenant", FakeBusinessCentral::tenant},
                            {"authority", it.authority()},
                            {"environment", "Production"},
                            {"user_suffix", "corp.test"},
                            {"sign_ins", {{"url", it.graph_url()}, {"arrival_delay", "10m"}}}}}};
  settings.merge_patch(more);
  return settings;
}

inline support::ProviderUnderTest made(const FakeBusinessCentral& it,
                                       const nlohmann::json& more = nlohmann::json::object(),
                                       const std::vector<oauth::Memory>& memories = {}) {
  const oauth::OauthSettings settings = oauth::read_settings(settings_for(it, more).dump());
  return support::ProviderUnderTest(
      [&settings](oauth::Ground ground, web::RetryTerms terms) {
        return oauth::business_central::make_business_central(settings, std::move(ground), terms);
      },
      {}, memories);
}

}  // namespace curfew::business_central_test
