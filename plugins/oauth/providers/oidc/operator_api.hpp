// Somebody's own administrative API, asked with the credential that it wants: a key in a header, or the
// access token of a client that the provider itself gives (client credentials, RFC 6749 4.4).
//
//   OperatorApi api(server, {.key = "…", .header = "X-Api-Key"}, discovery, terms);
//   ApiReply reply = api.ask({.call = fill(template, values), .accepted = {200}, .what = "a person's
//   sessions"}, deadline);
//
// The token endpoint may be at another server than the API: the secret goes there alone, and the token to the
// API alone.
//
// Threads: any, at once. Owns: clients and token. Fails: plugin::Failure: Refused for a credential or a right
// that is not enough, NotFound, Unavailable for all that may pass; no text holds a credential, a path or a
// body.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "plugins/oauth/access_tokens.hpp"
#include "plugins/oauth/admin_api.hpp"
#include "plugins/oauth/providers/oidc/call_template.hpp"
#include "plugins/oauth/providers/oidc/discovery.hpp"
#include "plugins/web/retrying_client.hpp"

namespace curfew::oauth::oidc {

struct OperatorAccess {
  std::string key;  // empty: `client` gets a token
  std::string header = "Authorization";
  std::string scheme = "Bearer";  // before the key or the token; empty: none
  std::string token_url;          // empty: as discovery says
  ClientCredentials client;
};

class OperatorApi {
 public:
  // `server`: of the API; `issuer`: TLS and time limits for the token endpoint.
  OperatorApi(web::HttpServer server, web::HttpServer issuer, OperatorAccess access, Discovery& discovery,
              web::RetryTerms terms = {});

  struct Question {
    FilledCall call;
    std::set<int> accepted{200};
    std::string what;  // for errors, as "a person's sessions"
    web::Repeat repeat = web::Repeat::Idempotent;
  };
  [[nodiscard]] ApiReply ask(const Question& question, plugin::Time deadline);

  [[nodiscard]] const std::string& where() const { return client_.where(); }
  [[nodiscard]] std::uint64_t throttled() const { return client_.throttled(); }
  void stop();

 private:
  [[nodiscard]] AccessTokens& tokens(plugin::Time deadline);

  web::RetryingClient client_;
  web::HttpServer issuer_;
  OperatorAccess access_;
  Discovery& discovery_;
  web::RetryTerms terms_;
  std::mutex mutex_;
  bool is_stopping_ = false;
  // Made when the token endpoint is known.
  std::unique_ptr<web::RetryingClient> token_client_;
  std::unique_ptr<AccessTokens> tokens_;
};

}  // namespace curfew::oauth::oidc
