// Secrets that Curfew makes for itself, and what the ledger says of plugins and names.
//
//   std::string key = app::secret_in("/var/lib/curfew/keys", "crm-forms.key");     // 32 bytes, made once
//
// Threads: any; two processes don't share a data directory. Owns: nothing. Fails: Error(Configuration) when a
// file can't be written or is not ours alone.
#pragma once

#include <string>
#include <vector>

#include "core/connector/admission.hpp"
#include "core/connector/host.hpp"
#include "core/model/entry.hpp"
#include "core/model/policy.hpp"

namespace curfew::app {

// 32 random bytes in a file of mode 0600, made at the first call.
[[nodiscard]] std::string secret_in(const std::string& folder, const std::string& name);

[[nodiscard]] model::Entry plugin_loaded(const std::string& source, const connector::PluginInfo& plugin);

// Turns the names in scopes and among the protected accounts into references, drawing those that are new: the
// ledger holds no names. Returns what was drawn.
[[nodiscard]] std::vector<model::PersonalValue> to_references(model::PolicySet& set,
                                                              connector::Admission& admission);

}  // namespace curfew::app
