// The setting `adfs` of the windows connector: how long what AD FS gives out is good for, as its records
// don't say.
//
//   adfs: {sso_lifetime: 12h}      # Get-AdfsProperties: SsoLifetime, in minutes
//
// Threads: a value and a pure function. Owns: nothing. Fails: std::invalid_argument naming the setting.
#pragma once

#include <string_view>

#include "plugins/files/text.hpp"

namespace curfew::windows::adfs {

struct AdfsSettings {
  files::Duration sso_lifetime = std::chrono::hours(8);
  files::Duration persistent_lifetime = std::chrono::hours(24);  // with "keep me signed in"
  files::Duration token_lifetime = std::chrono::hours(1);        // of a token without a sign-on behind it
};

inline constexpr std::string_view adfs_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "description": "AD FS audits among the records: the lifetimes that the federation service is set to",
      "properties": {
        "sso_lifetime": {"type": "string", "default": "8h", "description": "SsoLifetime"},
        "persistent_lifetime": {"type": "string", "default": "24h", "description": "KmsiLifetimeMins, where a claim says that the sign-on is persistent"},
        "token_lifetime": {"type": "string", "default": "1h", "description": "TokenLifetime of relying parties, for tokens without single sign-on"}
      }
    })json";

// Of the whole settings.
[[nodiscard]] AdfsSettings read_adfs_settings(std::string_view json);

}  // namespace curfew::windows::adfs
