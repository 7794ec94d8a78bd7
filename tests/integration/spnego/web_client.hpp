// What a browser in the domain does, by curl: it has a cookie jar, and answers a challenge with a ticket out
// of the person's cache, asking nobody.
//
//   WebClient bob(domain, cache, nginx.port());
//   EXPECT_TRUE(bob.sees_marker());                 // signed in silently
//
// Threads: one. Owns: the jar. Fails: std::runtime_error.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/samba_domain.hpp"
#include "tests/support/temporary_directory.hpp"

namespace curfew::spnego_test {

class WebClient {
 public:
  struct Answer {
    int status = 0;
    std::string body;
  };

  // `cache`: of its Kerberos tickets.
  WebClient(support::SambaDomain& domain, std::filesystem::path cache, int port);

  // Answers challenges, as a browser does for a site of the domain.
  [[nodiscard]] Answer get(const std::string& path) const;
  // With this cookie alone, at this port: whether the session itself is taken.
  [[nodiscard]] bool takes(const std::string& cookie, int port) const;
  [[nodiscard]] bool sees_marker() const;
  void sign_out() const;
  // As it is in the jar; empty: none.
  [[nodiscard]] std::string cookie() const;

 private:
  [[nodiscard]] Answer ask(const std::string& path, int port, const std::vector<std::string>& how) const;
  [[nodiscard]] std::string at(const std::string& file) const { return (folder_.path() / file).string(); }

  support::SambaDomain& domain_;
  std::filesystem::path cache_;
  int port_;
  support::TemporaryDirectory folder_;
};

}  // namespace curfew::spnego_test
