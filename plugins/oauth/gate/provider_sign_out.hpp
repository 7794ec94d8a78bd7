// Where people end their session at the provider itself (OpenID Connect RP-Initiated Logout 1.0): what a gate
// offers to who was signed out, as the provider's own cookie would sign them in again without a question.
//
//   const auto wanted = provider_sign_out_of(all);                     // settings' rp_initiated_logout
//   std::string url = link_of(*wanted, discovery.endpoint("end_session_endpoint", deadline));
//
// No logout_hint and no ID token: both say who it is, and the link stands on a page, in headers and in logs.
// The provider asks the person to confirm instead.
//
// Threads: values and pure functions. Owns: its texts. Fails: plugin::Failure(Invalid) with the setting.
#pragma once

#include <optional>
#include <string>

#include "plugins/web/setting.hpp"

namespace curfew::oauth {

struct ProviderSignOut {
  std::string endpoint;  // empty: as the discovery document says
  std::string client;
  std::string back;  // post_logout_redirect_uri; empty: the person stays at the provider
};

[[nodiscard]] std::optional<ProviderSignOut> provider_sign_out_of(const web::Setting& all);
[[nodiscard]] std::string link_of(const ProviderSignOut& wanted, const std::string& endpoint);

}  // namespace curfew::oauth
