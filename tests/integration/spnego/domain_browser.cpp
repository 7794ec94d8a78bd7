#include "tests/integration/spnego/domain_browser.hpp"

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "tests/integration/spnego/spnego_site.hpp"

namespace curfew::spnego_test {
namespace {

namespace fs = std::filesystem;

// The browser has the environment of its driver.
std::map<std::string, std::string> environment_of(const support::SambaDomain& domain, const fs::path& cache,
                                                  const fs::path& folder) {
  fs::create_directories(folder);
  auto all = domain.environment();
  all["KRB5CCNAME"] = "FILE:" + cache.string();
  all["HOME"] = folder.string();
  return all;
}

int ready(int driver_port) {
  if (!support::wait_for_port(driver_port)) throw std::runtime_error("chromedriver does not listen");
  return driver_port;
}

std::vector<std::string> arguments(const fs::path& folder) {
  return {"--user-data-dir=" + (folder / "profile").string(),
          "--host-resolver-rules=MAP " + SpnegoSite::host + " 127.0.0.1",
          "--auth-server-allowlist=" + SpnegoSite::host, "--window-size=1000,700"};
}

nlohmann::json of_the_domain() {
  return {// The ticket is for the name in the address, not for what a resolver makes of it.
          {"auth.disable_negotiate_cname_lookup", true},
          // It has met such a site before: Chromium loads Kerberos only from the start after that on.
          {"net.received_http_auth_negotiate_headers", true}};
}

}  // namespace

fs::path DomainBrowser::missing() {
  for (const char* needed : {"/usr/bin/chromium", "/usr/bin/chromedriver"}) {
    if (!fs::exists(needed)) return needed;
  }
  return {};
}

DomainBrowser::DomainBrowser(const support::SambaDomain& domain, const fs::path& cache, int port,
                             const fs::path& folder)
    : port_(port),
      driver_({"/usr/bin/chromedriver", "--port=" + std::to_string(driver_port_)},
              environment_of(domain, cache, folder), folder / "driver.out"),
      browser_(ready(driver_port_), arguments(folder), of_the_domain()) {}

std::string DomainBrowser::url(const std::string& path) const {
  return "http://" + SpnegoSite::host + ":" + std::to_string(port_) + path;
}

void DomainBrowser::keep_picture(const std::string& name) const {
  if (const char* folder = std::getenv("CURFEW_SCREENSHOTS"); folder != nullptr)
    browser_.picture(fs::path(folder) / (name + ".png"));
}

}  // namespace curfew::spnego_test
