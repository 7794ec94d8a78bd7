// Any OpenID provider as a provider: what the standards alone let it tell. Its logouts come by back-channel
// logout (back_channel/receiver); OpenID Connect knows no way to list sessions, to end them from outside, or
// to ask after one, so none of these is offered.
//
//   const std::unique_ptr<Provider> provider = make_oidc(settings, ground);
//
// Threads, fails: as a Provider. Owns: nothing.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::oidc {

[[nodiscard]] std::unique_ptr<Provider> make_oidc(const OauthSettings& settings, Ground ground);

}  // namespace curfew::oauth::oidc
