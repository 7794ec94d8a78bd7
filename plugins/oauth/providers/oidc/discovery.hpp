// Where an OpenID provider gives tokens, as its discovery document says (OpenID Connect Discovery 1.0).
//
//   Discovery discovery(server, "https://sso.corp.test");
//   discovery.token_endpoint(deadline);
//
// The document's `issuer` must be the one that is asked. An endpoint without TLS is believed of the issuer's
// own server only: a secret goes there. Kept once it is known.
//
// Threads: any, at once. Owns: the endpoint. Fails: plugin::Failure(Unavailable), without anything of the
// answer.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "plugins/web/http_client.hpp"

namespace curfew::oauth::oidc {

class Discovery {
 public:
  Discovery(web::HttpServer server, std::string issuer);

  [[nodiscard]] std::string token_endpoint(plugin::Time deadline);

 private:
  [[nodiscard]] std::string fetch(plugin::Time deadline) const;

  web::HttpServer server_;
  std::string issuer_;
  std::mutex mutex_;  // also while asking: who comes meanwhile waits for the same answer
  std::optional<std::string> known_;
};

// The URL's server, and its path.
struct SplitUrl {
  std::string origin;
  std::string path;
};
[[nodiscard]] SplitUrl split_url(const std::string& url);

}  // namespace curfew::oauth::oidc
