// The connector's settings: their schema, and how they are read.
// Threads: a constant and a pure function. Fails: std::invalid_argument naming the setting.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/adfs/adfs_settings.hpp"
#include "plugins/windows/command/command_schema.hpp"
#include "plugins/windows/directory/directory_schema.hpp"
#include "plugins/windows/live.hpp"
#include "plugins/windows/recorded.hpp"
#include "plugins/windows/smb/smb_settings.hpp"

namespace curfew::windows {

inline constexpr std::string_view schema_before_directory = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Settings of the windows connector",
  "type": "object",
  "additionalProperties": false,
  "x-curfew-capabilities": {
    "cancel_session": ["/commands/steps/cancel_session"],
    "sign_out_session": ["/commands/steps/sign_out_session", "/smb/smbcontrol"],
    "sign_out_subject": ["/commands/steps/sign_out_subject", "/smb/smbcontrol"],
    "disable_account": ["/directory"],
    "block_sign_in": ["/directory"],
    "suspend_access": ["/directory/suspend_group"],
    "prove": ["/directory/ticket_lifetime", "/smb/smbstatus"],
    "tell_groups": ["/directory/groups"]
  },
  "x-curfew-recognises": [
    "\\AElfFile",
    "<Events?[ >]",
    "\"(EventID|event_id|EventId|winlog|event_data|EventData)\"\\s*:",
    "\"type\"\\s*:\\s*\"(Authentication|Authorization)\"",
    "vfs_full_audit\\.c"
  ],
  "properties": {
    "inputs": {
      "type": "array",
      "minItems": 1,
      "items": {"type": "string", "minLength": 1},
      "description": "Files and folders: EVTX, XML, JSON, Samba's audit log; archives of these"
    },
    "push": {
      "type": "boolean",
      "default": false,
      "description": "Takes records over HTTP instead: from Winlogbeat, NXLog, or whatever posts XML or JSON"
    },
    "quiet": {
      "type": "string",
      "default": "10s",
      "description": "Of pushed records at `time: event`: silence after which a history is judged"
    },
    "settle": {
      "type": "string",
      "default": "5s",
      "description": "How long a record waits for those that decide what it means (UAC twins, privileges, RDP)"
    },
    "network_window": {
      "type": "string",
      "default": "5m",
      "description": "Network logons of one account from one address to one computer within this are one session"
    },
    "arrival_delay": {
      "type": "string",
      "default": "30s",
      "description": "How much later than it happened a record may be written to a log that grows"
    },
    "machine_accounts": {
      "type": "boolean",
      "default": false,
      "description": "Whether computer and service accounts have sessions too"
    },
    "directory": )json";

inline constexpr std::string_view schema_before_commands = R"json(,
    "commands": )json";

inline constexpr std::string_view schema_before_smb = R"json(,
    "smb": )json";

inline constexpr std::string_view schema_before_adfs = R"json(,
    "adfs": )json";

inline constexpr std::string_view schema_before_definitions = R"json(
  },
  "$defs": {"command": )json";

inline constexpr std::string_view schema_end = R"json(}
})json";

inline constexpr std::array<std::string_view, 11> schema_parts{
    schema_before_directory, directory_schema,  schema_before_commands,
    command_schema,          schema_before_smb, smb_schema,
    schema_before_adfs,      adfs::adfs_schema, schema_before_definitions,
    smb_command_schema,      schema_end};

// The parts joined, while compiling.
inline constexpr auto config_schema_bytes = [] {
  constexpr std::size_t size = [] {
    std::size_t sum = 0;
    for (const std::string_view part : schema_parts) sum += part.size();
    return sum;
  }();
  std::array<char, size> bytes{};
  std::size_t at = 0;
  for (const std::string_view part : schema_parts) {
    for (const char c : part) bytes[at++] = c;
  }
  return bytes;
}();
inline constexpr std::string_view config_schema{config_schema_bytes.data(), config_schema_bytes.size()};

struct ConnectorSettings {
  std::vector<std::string> inputs;  // none: the source only acts
  bool push = false;
  Duration quiet = std::chrono::seconds(10);
  RecordedSettings recorded;
  LiveSettings live;
  std::string directory;  // JSON; empty: there is none
  std::string commands;   // likewise
  std::optional<SmbSettings> smb;
};

[[nodiscard]] ConnectorSettings read_settings(std::string_view json);

}  // namespace curfew::windows
