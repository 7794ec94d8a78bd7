// The connector's settings: their schema, and how they are read.
// Threads: a constant and a pure function. Fails: std::invalid_argument naming the setting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/live.hpp"
#include "plugins/windows/recorded.hpp"

namespace curfew::windows {

inline constexpr std::string_view config_schema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Settings of the windows connector",
  "type": "object",
  "additionalProperties": false,
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
    }
  }
})json";

struct ConnectorSettings {
  std::vector<std::string> inputs;
  bool push = false;
  Duration quiet = std::chrono::seconds(10);
  RecordedSettings recorded;
  LiveSettings live;
};

[[nodiscard]] ConnectorSettings read_settings(std::string_view json);

}  // namespace curfew::windows
