// JSON Schema of the windows connector's setting `commands`, to be put into the connector's own.
// Threads: a constant. Owns: nothing. Fails: never.
#pragma once

#include <string_view>

namespace curfew::windows {

inline constexpr std::string_view command_schema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["allow", "steps"],
  "description": "Programs that end sessions at Windows hosts: logoff by WinRM, an agent of your own",
  "properties": {
    "allow": {"type": "array", "minItems": 1, "maxItems": 16, "items": {"type": "string", "minLength": 2},
      "description": "Absolute paths of the programs that may be run, and no others"},
    "user": {"type": "string", "minLength": 1, "description": "The unprivileged user that runs them; needed where Curfew runs as root, of no use elsewhere"},
    "timeout": {"type": "string", "default": "20s", "description": "Longest that one may run; then it is ended with all that it started"},
    "steps": {
      "type": "object", "additionalProperties": false,
      "description": "Program and arguments of each step, without a shell. {computer}, {logon_id}, {handle}, {sid}, {account}, {upn} stand for what is known of the session",
      "properties": {
        "cancel_session": {"type": "array", "minItems": 1, "maxItems": 64, "items": {"type": "string"}},
        "sign_out_session": {"type": "array", "minItems": 1, "maxItems": 64, "items": {"type": "string"}},
        "sign_out_subject": {"type": "array", "minItems": 1, "maxItems": 64, "items": {"type": "string"}}
      }
    }
  }
})json";

}  // namespace curfew::windows
