// Auth0 as a provider: one tenant, by its Management API.
//
//   const std::unique_ptr<Provider> provider = make_auth0(settings, ground);
//
// Threads, fails: as a Provider. Owns: the API's client, and the journal of what was changed.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::auth0 {

// `terms`: for tests, that can't wait.
[[nodiscard]] std::unique_ptr<Provider> make_auth0(const OauthSettings& settings, Ground ground,
                                                   web::RetryTerms terms = {});

}  // namespace curfew::oauth::auth0
