// Keycloak as a provider: one realm, by its admin API.
//
//   const std::unique_ptr<Provider> provider = make_keycloak(settings, ground);
//
// Threads, fails: as a Provider. Owns: the API's client, and the journal of accounts.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::keycloak {

// `terms`: for tests, that can't wait.
[[nodiscard]] std::unique_ptr<Provider> make_keycloak(const OauthSettings& settings, Ground ground,
                                                      web::RetryTerms terms = {});

}  // namespace curfew::oauth::keycloak
