// The replay connector's settings as JSON Schema. Threads: a constant.
#pragma once

#include <string_view>

namespace curfew::replay {

// [guide:schema]
inline constexpr std::string_view config_schema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Settings of the replay connector",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "script": {"type": "string", "description": "File of newline-delimited JSON"},
    "start": {
      "type": "string",
      "description": "What offsets count from: now, an offset from now such as -8h, or a time. Default now",
      "default": "now"
    },
    "speed": {
      "type": "number",
      "exclusiveMinimum": 0,
      "description": "How much faster than written offsets pass. Default 1",
      "default": 1
    },
    "loop_every": {
      "type": "string",
      "description": "Plays the script again each time this long has passed (24h). Default: once"
    },
    "gate": {
      "type": "object",
      "description": "Rules for the gate that guards this source, given to it as they are. Default: none"
    },
    "gate_keys": {
      "type": "string",
      "description": "File with the JWK set of the rules' tokens, read at the start and when the gate wants it anew"
    },
    "acts": {
      "type": "string",
      "description": "File to which each ladder step is appended as it is carried out. Default: none"
    }
  }
})json";
// [/guide]

}  // namespace curfew::replay
