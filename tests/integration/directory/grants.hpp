// The rights that docs/connectors/windows.md grants to the service account, as the document grants them.
// Threads: one. Owns: nothing. Fails: std::runtime_error with what samba-tool says.
#pragma once

#include <stdexcept>
#include <string>

#include "tests/support/samba_domain.hpp"

namespace curfew::directory_test {

inline void grant(support::SambaDomain& domain, const std::string& account, const std::string& people,
                  const std::string& group) {
  const std::string database = (domain.folder() / "private" / "sam.ldb").string();
  const auto shown = domain.tool({"user", "show", account, "--attributes=objectSid", "-H", database});
  const std::size_t at = shown.output.find("S-1-5-");
  if (at == std::string::npos) throw std::runtime_error(shown.output);
  const std::string sid = shown.output.substr(at, shown.output.find_first_of(" \n", at) - at);
  const auto allow = [&](const std::string& on, const std::string& right) {
    const auto outcome = domain.tool(
        {"dsacl", "set", "--action=allow", "--objectdn=" + on, "--sddl=" + right, "-H", database});
    if (outcome.code != 0) throw std::runtime_error(outcome.output);
  };
  // userAccountControl of users below; member of this one group.
  allow(people, "(OA;CIIO;RPWP;bf967a68-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;" +
                    sid + ")");
  allow(group, "(OA;;RPWP;bf9679c0-0de6-11d0-a285-00aa003049e2;;" + sid + ")");
}

}  // namespace curfew::directory_test
