// A provider's API: JSON over HTTPS with an access token that is fetched and renewed by itself.
//
//   AdminApi api(server, "/realms/corp/protocol/openid-connect/token", credentials);
//   ApiReply reply = api.get("/admin/realms/corp/events?first=0&max=100", "the events", "view-events",
//   deadline);
//
// Threads: any, at once. Owns: client and token. Fails: plugin::Failure: Refused for a secret, a token or a
// role that is not enough, Unavailable for all that may pass; no text holds a token, a path or a body.
#pragma once

#include <set>
#include <string>

#include "plugins/oauth/access_tokens.hpp"
#include "plugins/web/retrying_client.hpp"

namespace curfew::oauth {

struct ApiReply {
  int status = 0;
  std::string body;
  plugin::Time date{};  // by the server's clock; Time{}: it does not say
};

class AdminApi {
 public:
  AdminApi(web::HttpServer server, std::string token_path, ClientCredentials credentials,
           web::RetryTerms terms = {});

  // 200, or one of `also`; everything else is a Failure. `what`: for errors, as "the events"; `role`: what a
  // service account needs for it.
  struct Question {
    std::string method = "GET";
    std::string path;
    std::string body;  // JSON
    std::string what;
    std::string role;
    std::set<int> also;
    web::Repeat repeat = web::Repeat::Idempotent;
  };
  [[nodiscard]] ApiReply ask(const Question& question, plugin::Time deadline);

  [[nodiscard]] const std::string& where() const { return client_.where(); }
  [[nodiscard]] std::uint64_t throttled() const { return client_.throttled(); }
  void stop() { client_.stop(); }

 private:
  web::RetryingClient client_;
  std::string client_id_;
  AccessTokens tokens_;
};

}  // namespace curfew::oauth
