// TLS for a listener: certificate and key from files, TLS 1.2 at least, client certificates where a CA for
// them is named.
//
//   api::Tls tls({.certificate = "/etc/curfew/tls.pem", .key = "/etc/curfew/tls.key", .client_ca = {}},
//   blame); Poco::Net::SecureServerSocket socket(tls.context()); tls.reload(blame);      // connections from
//   now on get what the files hold now
//
// Threads: reload from one, while others accept. Owns: certificate and key. Fails: what `blame` makes of the
// key at fault (certificate, key, client_ca) and what is wrong with its file; after a failed reload the old
// certificate serves on.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/error.hpp"
#include "core/base/time.hpp"

namespace Poco::Net {
class Context;
}

namespace curfew::api {

struct TlsFiles {
  std::string certificate;  // PEM: the server's own, then the chain
  std::string key;          // PEM, without a passphrase
  std::string client_ca;    // PEM; empty: clients need no certificate
};

class Tls {
 public:
  using Blame = std::function<Error(const std::string& key, const std::string& text)>;

  Tls(TlsFiles files, const Blame& blame);
  ~Tls();

  void reload(const Blame& blame);
  // When the certificate that is served now ends.
  [[nodiscard]] Time valid_until() const;
  [[nodiscard]] Poco::Net::Context& context() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace curfew::api
