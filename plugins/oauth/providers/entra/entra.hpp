// Microsoft Entra as a provider: one tenant, by Microsoft Graph.
//
//   const std::unique_ptr<Provider> provider = make_entra(settings, ground);
//
// Threads, fails: as a Provider. Owns: the API's clients, and the journal of what was changed.
#pragma once

#include <memory>
#include <string_view>

#include "plugins/oauth/provider.hpp"
#include "plugins/oauth/settings.hpp"

namespace curfew::oauth::entra {

// A person's object id: the same for all applications, where `sub` is another one for each.
inline constexpr std::string_view object_namespace = "entra_object";

// `terms`: for tests, that can't wait.
[[nodiscard]] std::unique_ptr<Provider> make_entra(const OauthSettings& settings, Ground ground,
                                                   web::RetryTerms terms = {});

}  // namespace curfew::oauth::entra
