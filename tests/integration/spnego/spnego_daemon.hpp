// The daemon with two sources: `web`, a site with integrated authentication behind nginx and the gate `door`,
// by its access log; and `corp-ad`, the domain that all tickets are of: its log, its directory, its SMB
// server.
//
//   TEST_F(Spnego, …) {
//     begin("[]"); …
//     WebClient bob = browser_of("bob", "60s");
//
// Threads: one. Owns: daemon, site, nginx. Fails: as they do.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/integration/app/program.hpp"
#include "tests/integration/directory/real_directory.hpp"
#include "tests/integration/samba/smb_door.hpp"
#include "tests/integration/spnego/spnego_site.hpp"
#include "tests/integration/spnego/web_client.hpp"
#include "tests/support/gate_nginx.hpp"
#include "tests/support/smb_client.hpp"

namespace curfew::spnego_test {

// Who comes back silently loses their shares, and their account for so long.
[[nodiscard]] std::string came_back(const std::string& disabled_for);

class Spnego : public directory_test::RealDirectory {
 protected:
  void SetUp() override;
  // `policies`: YAML below `policies:`. `told_after`: how long the domain's log is waited for before it is
  // read.
  void begin(const std::string& policies, SpnegoSite::Check check = SpnegoSite::Check::SessionAlone,
             const std::string& told_after = "2s");
  // A cache with that person's ticket for this service, good for so long ("60s"), and no other: of a ticket
  // to get tickets, Samba refuses the last two minutes.
  [[nodiscard]] std::filesystem::path ticket(const std::string& name, const std::string& service,
                                             const std::string& lifetime);
  // Through nginx and gate.
  [[nodiscard]] WebClient browser_with(const std::filesystem::path& tickets) {
    return {domain(), tickets, nginx_->port()};
  }

  [[nodiscard]] std::vector<nlohmann::json> live(const std::string& source) const;
  [[nodiscard]] nlohmann::json sign_outs() const { return daemon_.get("/api/v1/sign-outs")["sign_outs"]; }
  bool until_outcome(const std::string& outcome) const;
  // Until the first sign-out has so many steps, each answered: only then does a refusal count as its proof.
  bool until_answered(std::size_t steps) const;
  // Until Curfew knows that the site's user and the file server's are one person, who is there.
  bool until_one_person() const;
  [[nodiscard]] bool is_disabled(const std::string& name);
  // For a failure: what Curfew has, and the logs.
  [[nodiscard]] std::string told() const;

  inline static const std::string web_service = "HTTP/" + SpnegoSite::host;
  inline static const std::string smb_service = "cifs/" + directory_test::SambaDomain::host;

  app_test::ScriptedDaemon daemon_;
  std::optional<SpnegoSite> site_;
  std::optional<support::GateNginx> nginx_;
};

}  // namespace curfew::spnego_test
