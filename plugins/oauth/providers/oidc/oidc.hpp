// Any OpenID provider as a provider. What the standards alone let it tell are its logouts, by back-channel
// logout (back_channel/receiver): OpenID Connect knows no way to list sessions, to end them from outside, or
// to ask after one. What its operator offers besides, an administrative API, is described in the settings
// (`administration`); then sessions are listed, ended and proved by it.
//
//   const std::unique_ptr<Provider> provider = make_oidc(settings, ground);
//
// No token of a person's is introspected (RFC 7662): none ever comes here, as a probe has a session's digest
// and handle alone.
//
// Threads, fails: as a Provider. Owns: clients and token of the API.
#pragma once

#include <memory>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::oidc {

[[nodiscard]] std::unique_ptr<Provider> make_oidc(const OauthSettings& settings, Ground ground,
                                                  web::RetryTerms terms = {});

}  // namespace curfew::oauth::oidc
