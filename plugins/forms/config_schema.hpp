// JSON Schema of the forms connector's settings. The setting `store` is described by plugins/forms/stores.
// Threads: a constant. Owns: nothing. Fails: never.
#pragma once

#include <array>
#include <string_view>

#include "plugins/forms/stores/store_schema.hpp"

namespace curfew::forms {

inline constexpr std::string_view schema_before_store = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Settings of the forms connector",
  "type": "object",
  "additionalProperties": false,
  "x-curfew-capabilities": {
    "show_activity": ["/inputs"],
    "list_sessions": ["/store/list", "/store/preset", "/store/calls/list"],
    "cancel_session": ["/store/cancel", "/store/calls/cancel_session"],
    "sign_out_session": ["/store/delete", "/store/preset", "/store/calls/sign_out_session", "/store/kind=lemonldap"],
    "sign_out_subject": ["/store/delete", "/store/preset", "/store/calls/sign_out_session", "/store/kind=lemonldap",
      "/store/delete_subject", "/store/calls/sign_out_subject"],
    "prove": ["/store/prove", "/store/preset", "/store/calls/prove", "/store/kind=lemonldap"]
  },
  "x-curfew-recognises": [
    "^#Fields: .*\\b(cs-method|cs-uri-stem)\\b",
    "\\A\\S+( \\S+)? \\S+ \\S+ \\[\\d\\d/[A-Z][a-z][a-z]/\\d{4}:\\d\\d:\\d\\d:\\d\\d [-+]\\d{4}\\] ",
    "\\A\\[\\d\\d/[A-Z][a-z][a-z]/\\d{4}:\\d\\d:\\d\\d:\\d\\d [-+]\\d{4}\\] "
  ],
  "x-curfew-needs-settings": true,
  "$defs": {
    "texts": {"anyOf": [{"type": "string"}, {"type": "integer"},
      {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}]},
    "where": {
      "type": "object", "additionalProperties": false,
      "description": "Where a text is: exactly one of cookie, set_cookie, field, query",
      "properties": {
        "cookie": {"type": "string", "minLength": 1, "description": "Of the request"},
        "set_cookie": {"type": "string", "minLength": 1, "description": "As the answer sets it"},
        "field": {"type": "string", "minLength": 1, "description": "By the log's own name; or path, query, user, address, host, location"},
        "query": {"type": "string", "minLength": 1, "description": "A parameter of the query"},
        "capture": {"type": "string", "maxLength": 512, "description": "A regular expression (RE2); its first group counts"},
        "transform": {"$ref": "#/$defs/texts", "description": "In order: url_decode, before:X, after:X, unquote, lower"}
      }
    },
    "condition": {
      "type": "object", "additionalProperties": false,
      "description": "All must hold; of a list, one. Texts may hold * for anything",
      "properties": {
        "method": {"$ref": "#/$defs/texts"}, "path": {"$ref": "#/$defs/texts"},
        "query": {"$ref": "#/$defs/texts"}, "location": {"$ref": "#/$defs/texts"},
        "user_agent": {"$ref": "#/$defs/texts"}, "host": {"$ref": "#/$defs/texts"},
        "status": {"$ref": "#/$defs/texts", "description": "302, 4xx, 200-299"},
        "fields": {"type": "object", "additionalProperties": {"$ref": "#/$defs/texts"}, "description": "By the log's own names"},
        "path_regex": {"type": "string", "maxLength": 512, "description": "RE2"},
        "session": {"$ref": "#/$defs/texts", "description": "presented, absent, issued, removed, any: all that are named"},
        "user": {"type": "string", "enum": ["present", "absent"]}
      }
    }
  },
  "properties": {
    "inputs": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1},
      "description": "Access logs: files and folders, recorded ones also in archives"},
    "preset": {"type": "string", "enum": ["dynamics_crm_onprem", "iis_windows", "apache_mod_auth_form", "apache_mod_auth_gssapi", "lemonldap"],
      "description": "Settings of a known server or application; each can be replaced, and rules given here come first"},
    "format": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "kind": {"type": "string", "enum": ["w3c", "nginx", "apache", "json"]},
        "log_format": {"type": "string", "description": "nginx: log_format; apache: LogFormat; or combined, common, vhost_combined"},
        "escape": {"type": "string", "enum": ["default", "json", "none"], "description": "nginx: log_format's escape"},
        "fields": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}],
          "description": "w3c: the fields of files without #Fields; json: what is what, as in {time: ts, user: user}"},
        "cookies": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Cookies that have a field of their own: cookie to field"},
        "time_zone": {"type": "string", "default": "Z", "description": "Of times without a zone, as +01:00"}
      }
    },
    "session": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "cookie": {"$ref": "#/$defs/texts", "description": "The cookie that holds the session's id; the gate looks at it too"},
        "transform": {"$ref": "#/$defs/texts", "description": "What makes the id of the cookie's value"},
        "window": {"type": "string", "description": "Of logs that name no session: what one person does from one client (address and agent) is one session until nothing was seen for so long; at least 1m"},
        "presented": {"type": "array", "items": {"$ref": "#/$defs/where"}, "description": "Other places of it in a request"},
        "issued": {"type": "array", "items": {"$ref": "#/$defs/where"}, "description": "Other places of it in an answer"}
      }
    },
    "user": {
      "type": "object", "additionalProperties": false,
      "properties": {
        "from": {"type": "array", "items": {"$ref": "#/$defs/where"}, "description": "Without it: the format's own user"},
        "namespace": {"type": "string", "description": "Without it: windows_account for CORP\\alice, upn for alice@corp.test, user for alice; with a store: user"}
      }
    },
    "address": {"type": "array", "items": {"$ref": "#/$defs/where"}, "description": "Where the client's address is, behind a proxy"},
    "expires": {"type": "array", "items": {"$ref": "#/$defs/where"}, "description": "Where the answer to a sign-in says when its session ends by itself, in seconds since 1970: when that has passed, it is proven to be over"},
    "rules": {
      "type": "array", "maxItems": 200,
      "description": "Of the first one that fits a line, the meaning counts",
      "items": {
        "type": "object", "additionalProperties": false, "required": ["means"],
        "properties": {
          "name": {"type": "string"},
          "means": {"type": "string", "enum": ["sign_in", "sign_in_failed", "sign_out", "activity", "machine_activity", "refused", "expired", "revoked", "ignore"]},
          "when": {"$ref": "#/$defs/condition"},
          "unless": {"$ref": "#/$defs/condition"},
          "failure": {"type": "string", "description": "Code of a failed sign-in or refusal"},
          "auth_method": {"type": "string"},
          "ends_session": {"type": "boolean", "default": false, "description": "refused: nobody can go on with this session"},
          "session_from": {"type": "array", "items": {"$ref": "#/$defs/where"}},
          "user_from": {"type": "array", "items": {"$ref": "#/$defs/where"}}
        }
      }
    },
    "auth_method": {"type": "string", "default": "form", "enum": ["unknown", "password", "form", "kerberos", "ntlm", "negotiate", "certificate", "oidc", "saml", "cached", "token", "basic"]},
    "application": {"type": "string", "description": "What the sessions are told to be of"},
    "service_accounts": {"$ref": "#/$defs/texts", "description": "Users that are no people, with *"},
    "ignore_case": {"type": "boolean", "description": "Whether patterns do; with w3c they do without it"},
    "activity_quantum": {"type": "string", "default": "10s", "description": "Activity of one session and class within this is told once, with a count"},
    "refusals_settle": {"type": "string", "default": "0s", "description": "How long a session must be refused, and not taken in between, before that is told: where several servers cache it"},
    "arrival_delay": {"type": "string", "default": "30s", "description": "How much later than its time a line may be written"},
    "store": )json";

inline constexpr std::string_view schema_after_store = R"json(
  }
})json";

// The three joined, while compiling.
inline constexpr auto config_schema_bytes = [] {
  std::array<char, schema_before_store.size() + store_schema.size() + schema_after_store.size()> bytes{};
  std::size_t at = 0;
  for (const std::string_view part : {schema_before_store, store_schema, schema_after_store}) {
    for (const char c : part) bytes[at++] = c;
  }
  return bytes;
}();
inline constexpr std::string_view config_schema{config_schema_bytes.data(), config_schema_bytes.size()};

}  // namespace curfew::forms
