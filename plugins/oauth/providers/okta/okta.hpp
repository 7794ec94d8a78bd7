// Okta as a provider: one organization, by its management API.
//
//   const std::unique_ptr<Provider> provider = make_okta(settings, ground);
//
// Threads, fails: as a Provider. Owns: the API's client, and the journal of what was changed.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::okta {

// `terms`: for tests, that can't wait.
[[nodiscard]] std::unique_ptr<Provider> make_okta(const OauthSettings& settings, Ground ground,
                                                  web::RetryTerms terms = {});

}  // namespace curfew::oauth::okta
