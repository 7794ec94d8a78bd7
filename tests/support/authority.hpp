// A certificate authority of the test's own, and certificates of it, by the program openssl.
//
//   const support::Authority authority;
//   const support::Certificate right = authority.issue("DNS:db.corp.test,IP:127.0.0.1");
//   … server with right.certificate, right.key; client with authority.ca() …
//
// Threads: one. Owns: its folder. Fails: std::runtime_error.
#pragma once

#include <string>

#include "tests/support/temporary_directory.hpp"

namespace curfew::support {

struct Certificate {
  std::string certificate;  // paths of PEM files
  std::string key;
};

class Authority {
 public:
  Authority();
  [[nodiscard]] std::string ca() const { return at("ca.pem"); }
  // For servers and clients alike; names as in subjectAltName.
  [[nodiscard]] Certificate issue(const std::string& names) const;

 private:
  [[nodiscard]] std::string at(const std::string& file) const { return (folder_.path() / file).string(); }
  TemporaryDirectory folder_;
  mutable int next_ = 1;
};

}  // namespace curfew::support
