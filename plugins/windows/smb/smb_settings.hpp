// The setting `smb` of the windows connector: how a Samba server is asked for its SMB sessions, and told to
// end one.
//
//   smb: {smbstatus: [/usr/bin/ssh, -i, key, root@dc1, smbstatus], smbcontrol: [/usr/bin/ssh, -i, key,
//     root@dc1, smbcontrol]}
//
// Threads: a value and a pure function. Owns: its texts. Fails: std::invalid_argument naming the setting.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/files/text.hpp"

namespace curfew::windows {

struct SmbSettings {
  std::vector<std::string> smbstatus;   // an absolute path, and words before our own
  std::vector<std::string> smbcontrol;  // empty: sessions are seen, and not ended
  std::string configuration;            // empty: Samba's own
  files::Duration every = std::chrono::seconds(5);
  files::Duration time_limit = std::chrono::seconds(10);

  [[nodiscard]] std::vector<std::string> with_configuration(std::vector<std::string> words) const {
    if (!configuration.empty()) words.insert(words.end(), {"-s", configuration});
    return words;
  }
};

inline constexpr std::string_view smb_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "required": ["smbstatus"],
      "description": "The Samba server whose audit log the inputs are: its SMB sessions one by one",
      "properties": {
        "smbstatus": {"$ref": "#/$defs/command", "description": "Lists the sessions; --json is added"},
        "smbcontrol": {"$ref": "#/$defs/command", "description": "Ends one by its process; without it, none is ended"},
        "configuration": {"type": "string", "pattern": "^/", "description": "smb.conf, where it is not Samba's default"},
        "every": {"type": "string", "default": "5s", "description": "How often the sessions are listed"},
        "time_limit": {"type": "string", "default": "10s", "description": "How long one command may take"}
      }
    })json";

inline constexpr std::string_view smb_command_schema = R"json({
      "description": "An absolute path; or that and the first words, as [/usr/bin/ssh, -i, KEY, root@dc1, smbstatus]",
      "anyOf": [{"type": "string", "pattern": "^/"},
        {"type": "array", "minItems": 1, "maxItems": 32, "items": {"type": "string", "minLength": 1}}]
    })json";

// Of the whole settings; empty where they have none.
[[nodiscard]] std::optional<SmbSettings> read_smb_settings(std::string_view json);

}  // namespace curfew::windows
