// How Curfew shows an authorization server which client it is (RFC 6749 2.3, RFC 7523): the same at the token
// endpoint, for introspection and for revocation.
//
//   web::HttpCall call{.method = "POST", .path = path, .headers = form_headers(), .body = "token=…"};
//   authenticate(call, credentials, audience);
//
// Threads: pure functions; certificates are read at each call. Owns: nothing. Fails: plugin::Failure(Refused)
// for a certificate that can't be used.
#pragma once

#include <string>

#include "plugins/oauth/access_tokens.hpp"

namespace curfew::oauth {

// `audience`: of the assertion, where a certificate is shown.
void authenticate(web::HttpCall& call, const ClientCredentials& credentials, const std::string& audience);

[[nodiscard]] std::map<std::string, std::string> form_headers();

}  // namespace curfew::oauth
