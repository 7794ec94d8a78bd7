// A provider that is read by its log and acts on people by their ids: Okta, Auth0, authentik. What is one's
// own is its Service.
//
//   return make_log_and_people(settings, ground, [&](const Ground& ground) {
//     return std::make_unique<OktaService>(settings, ground, terms); });
//
// A session is dead when the provider has not found it, and nothing that gives tokens of it, for as long as
// access tokens live. That time goes on through restarts.
//
// Threads, fails: as a Provider. Owns: the service, and the journal of what was changed.
#pragma once

#include <functional>
#include <memory>

#include "plugins/oauth/log_and_people/service.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth {

// The ground lives as long as the service.
using MakeService = std::function<std::unique_ptr<Service>(const Ground& ground)>;

[[nodiscard]] std::unique_ptr<Provider> make_log_and_people(const OauthSettings& settings, Ground ground,
                                                            const MakeService& make);

}  // namespace curfew::oauth
