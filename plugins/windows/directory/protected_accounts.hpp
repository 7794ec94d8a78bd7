// Accounts that are never touched, whatever the service account may do: above the engine's own protected
// accounts, and told by what the directory says of the account at this moment.
//
//   if (const std::string why = why_protected(account, domain, settings, own); !why.empty()) …refuse…
//
// Threads: a pure function. Owns: nothing. Fails: never; what can't be known protects.
#pragma once

#include <string>
#include <vector>

#include "plugins/windows/directory/directory_account.hpp"

namespace curfew::windows {

// `own`: the SIDs of the service account and its groups. The text names nobody.
[[nodiscard]] std::string why_protected(const DirectoryAccount& account, const Domain& domain,
                                        const DirectorySettings& settings,
                                        const std::vector<std::string>& own);

}  // namespace curfew::windows
