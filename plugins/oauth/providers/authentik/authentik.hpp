// authentik as a provider: one installation, by its API (version 3).
//
//   const std::unique_ptr<Provider> provider = make_authentik(settings, ground);
//
// Threads, fails: as a Provider. Owns: the API's client, and the journal of what was changed.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::authentik {

// `terms`: for tests, that can't wait.
[[nodiscard]] std::unique_ptr<Provider> make_authentik(const OauthSettings& settings, Ground ground,
                                                       web::RetryTerms terms = {});

}  // namespace curfew::oauth::authentik
