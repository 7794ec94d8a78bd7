// Business Central online as a provider: the sessions of one environment, by the admin center's API.
//
//   const std::unique_ptr<Provider> provider = make_business_central(settings, ground);
//
// It lists and cancels server sessions; who people are, and their tokens, is Entra's (`acts_through`).
//
// Threads, fails: as a Provider. Owns: the APIs' clients.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::business_central {

// `terms`: for tests, that can't wait.
[[nodiscard]] std::unique_ptr<Provider> make_business_central(const OauthSettings& settings, Ground ground,
                                                              web::RetryTerms terms = {});

}  // namespace curfew::oauth::business_central
