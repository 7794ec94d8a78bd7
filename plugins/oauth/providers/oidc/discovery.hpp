// Where an OpenID provider gives tokens and is asked about them, as its discovery document says (OpenID
// Connect Discovery 1.0).
//
//   Discovery discovery(server, "https://sso.corp.test");
//   discovery.token_endpoint(deadline);
//   discovery.endpoint("introspection_endpoint", deadline);
//
// The document's `issuer` must be the one that is asked. An endpoint without TLS is believed of the issuer's
// own server only: a secret goes there. Kept once it is known.
//
// Threads: any, at once. Owns: the endpoints. Fails: plugin::Failure(Unavailable), without anything of the
// answer.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "plugins/web/http_client.hpp"

namespace curfew::oauth::oidc {

class Discovery {
 public:
  Discovery(web::HttpServer server, std::string issuer);

  [[nodiscard]] std::string token_endpoint(plugin::Time deadline) {
    return endpoint("token_endpoint", deadline);
  }
  [[nodiscard]] std::string endpoint(const std::string& name, plugin::Time deadline);

 private:
  [[nodiscard]] std::string fetch(const std::string& name, plugin::Time deadline) const;

  web::HttpServer server_;
  std::string issuer_;
  std::mutex mutex_;  // also while asking: who comes meanwhile waits for the same answer
  std::map<std::string, std::string> known_;  // endpoints that were asked for
};

// The URL's server, and its path.
struct SplitUrl {
  std::string origin;
  std::string path;
};
[[nodiscard]] SplitUrl split_url(const std::string& url);

}  // namespace curfew::oauth::oidc
