// A person's Chromium at a machine of the domain: it gives the site the person's ticket whenever that asks,
// as an administrator has set it up, and asks nobody.
//
//   DomainBrowser sven(domain, cache, nginx.port(), folder);
//   sven.open("/app/index.html");   EXPECT_TRUE(sven.comes_to_show(SpnegoSite::marker));
//
// Threads: one. Owns: the browser and its driver. Fails: std::runtime_error, BrowserError.
#pragma once

#include <filesystem>
#include <string>

#include "tests/integration/browser/browser.hpp"
#include "tests/support/samba_domain.hpp"
#include "tests/support/server_process.hpp"

namespace curfew::spnego_test {

class DomainBrowser {
 public:
  // What it needs and is not installed; empty: nothing.
  static std::filesystem::path missing();

  // `cache`: of its Kerberos tickets. `folder`: for its profile and logs.
  DomainBrowser(const support::SambaDomain& domain, const std::filesystem::path& cache, int port,
                const std::filesystem::path& folder);

  void open(const std::string& path) { browser_.open(url(path)); }
  void click(const std::string& selector) { browser_.click(selector); }
  [[nodiscard]] bool comes_to_show(const std::string& text) const { return browser_.comes_to_show(text); }
  [[nodiscard]] std::string text() const { return browser_.text(); }
  [[nodiscard]] std::string address() const { return browser_.address(); }
  // Of the site's session.
  [[nodiscard]] std::string cookie() const { return browser_.cookie("gssapi_session"); }
  [[nodiscard]] std::string url(const std::string& path) const;
  // Into the folder that CURFEW_SCREENSHOTS names, if it does.
  void keep_picture(const std::string& name) const;

 private:
  int port_;
  int driver_port_ = support::free_port();
  support::ServerProcess driver_;
  browser_test::Browser browser_;
};

}  // namespace curfew::spnego_test
