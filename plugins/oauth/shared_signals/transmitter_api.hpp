// Calls to a transmitter: to the endpoints that it names, with the access token for them.
//
//   TransmitterApi api(server, {.token_url = "https://idp.corp.test/token", .client = …});
//   ApiReply reply = api.ask({.url = metadata.status_endpoint + "?stream_id=…", .what = "the stream's
//   status"},
//                            deadline);
//
// Endpoints may be at several servers; each has its own pauses where it asks for them (429, Retry-After).
//
// Threads: any, at once. Owns: clients and token. Fails: plugin::Failure: Refused for a secret, a token or a
// right that is not enough, NotFound, Unavailable for all that may pass; no text holds a token, a path or a
// body.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "plugins/oauth/access_tokens.hpp"
#include "plugins/oauth/admin_api.hpp"
#include "plugins/web/retrying_client.hpp"

namespace curfew::oauth::shared_signals {

// A token that was given out once, or client credentials for one; neither: no token is shown.
struct TransmitterAccess {
  std::string token;
  std::string token_url;
  ClientCredentials client;
};

class TransmitterApi {
 public:
  // `server`: TLS and time limits for all of its endpoints.
  TransmitterApi(web::HttpServer server, TransmitterAccess access, web::RetryTerms terms = {});

  struct Question {
    std::string method = "GET";
    std::string url;
    std::string body;    // JSON
    std::string what;    // for errors, as "the stream's status"
    std::set<int> also;  // statuses that are answers, besides 200
    web::Repeat repeat = web::Repeat::Idempotent;
    bool is_public = false;  // no token is shown
  };
  [[nodiscard]] ApiReply ask(const Question& question, plugin::Time deadline);

  [[nodiscard]] bool has_access() const { return !access_.token.empty() || !access_.token_url.empty(); }
  // How often a server asked to wait.
  [[nodiscard]] std::uint64_t throttled() const;
  void stop();

 private:
  [[nodiscard]] web::RetryingClient& client_of(const std::string& origin);
  [[nodiscard]] std::string token(plugin::Time deadline);

  web::HttpServer server_;
  TransmitterAccess access_;
  web::RetryTerms terms_;
  mutable std::mutex mutex_;
  bool is_stopping_ = false;
  std::map<std::string, std::unique_ptr<web::RetryingClient>> clients_;  // by origin
  std::optional<AccessTokens> tokens_;
};

}  // namespace curfew::oauth::shared_signals
