// How a client with a key shows who it is at the token endpoint: a JWT signed with it (private_key_jwt, RFC
// 7523 and OpenID Connect Core 9). With a certificate: PS256, the certificate named by `x5t#S256`; with a key
// alone: RS256, the key named by `kid`.
//
//   const ClientCertificate certificate("/etc/curfew/entra.pem", "/etc/curfew/entra.key");
//   const std::string assertion = certificate.assertion({.client = id, .audience = token_url, .now = now});
//
// The files are read at each construction, so a renewed certificate is taken without a restart.
//
// Threads: values, read only. Owns: the key, until it is gone. Fails: plugin::Failure(Refused) with the file
// and the remedy; never with anything of the key in it.
#pragma once

#include <memory>
#include <string>

#include "curfew/plugin/connector.hpp"

namespace curfew::oauth {

struct AssertionTerms {
  std::string client;    // `iss` and `sub`
  std::string audience;  // the token endpoint
  std::string key_id{};  // where there is no certificate
  plugin::Time now{};
};

class ClientCertificate {
 public:
  // Both PEM; the key not encrypted, RSA, 2048 bits or more. `now`: when it must be valid. Without a
  // certificate file: a key alone.
  ClientCertificate(const std::string& certificate_file, const std::string& key_file, plugin::Time now);
  ~ClientCertificate();
  ClientCertificate(const ClientCertificate&) = delete;
  ClientCertificate& operator=(const ClientCertificate&) = delete;

  [[nodiscard]] std::string assertion(const AssertionTerms& terms) const;
  [[nodiscard]] const std::string& thumbprint() const {
    return thumbprint_;
  }  // base64url of SHA-256; of a key alone: empty

 private:
  struct Key;
  std::unique_ptr<Key> key_;
  std::string thumbprint_;
};

}  // namespace curfew::oauth
