// JSON Schema of the forms connector's setting `store`, to be put into the connector's own.
// Threads: a constant.
#pragma once

#include <string_view>

namespace curfew::forms {

inline constexpr std::string_view store_schema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["kind"],
  "description": "Where sessions are kept, and how one is ended and looked for",
  "properties": {
    "kind": {"type": "string", "enum": ["postgresql", "mariadb", "lemonldap", "http"]},
    "preset": {"type": "string", "enum": ["mod_session_dbd", "django"],
      "description": "Databases: the queries of a known application; each can be replaced"},
    "table": {"type": "string", "description": "Of a preset; session or django_session without it"},
    "host": {"type": "string", "description": "Databases: server, address or folder of the unix socket; with mariadb, a path is the socket itself"},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "database": {"type": "string"},
    "user": {"type": "string"},
    "password": {"type": "string", "description": "By password_file or password_env"},
    "tls": {"type": "string", "enum": ["verify", "off"],
      "description": "Databases: verify, the default beyond this machine, checks certificate and name; off is refused there unless plain_beyond_loopback says so"},
    "plain_beyond_loopback": {"type": "boolean", "default": false,
      "description": "Allow another machine without TLS: passwords and session ids go over the network in the clear"},
    "ca_file": {"type": "string", "description": "PEM file of the CA to trust in place of the system's"},
    "certificate_file": {"type": "string", "description": "PEM file of a certificate to show to the server, with its chain; with key_file"},
    "key_file": {"type": "string", "description": "PEM file of that certificate's key, without a passphrase"},
    "statement_timeout": {"type": "string", "default": "5s", "description": "Longest that one statement or call may take"},
    "connect_timeout": {"type": "string", "default": "3s"},
    "settles_after": {"type": "string", "default": "0s",
      "description": "How long a deleted session may still work, as something caches it: until then it counts as unknown, not as dead. lemonldap: 15s"},
    "list": {"type": "string", "description": "Databases: a SELECT with the column session_id and, if it can, subject, started_at, last_activity_at, expires_at (seconds since 1970)"},
    "delete": {"type": "string", "description": "Databases: ends {session}"},
    "delete_subject": {"type": "string", "description": "Databases: ends all sessions of {subject}"},
    "cancel": {"type": "string", "description": "Databases: pauses {session}, as the application itself does"},
    "prove": {"type": "string", "description": "Databases: a SELECT that has a row if {session} lives and none if it doesn't; may use {subject}"},
    "url": {"type": "string", "description": "lemonldap: the portal's; http: what the calls' paths are below"},
    "secret": {"type": "string", "description": "lemonldap, http: {secret} in headers and bodies; by secret_file or secret_env"},
    "headers": {"type": "object", "description": "lemonldap, http: sent with each call"},
    "calls": {
      "type": "object",
      "additionalProperties": false,
      "description": "http: what the application offers",
      "properties": {
        "list": {
          "type": "object", "additionalProperties": false, "required": ["path", "sessions", "id"],
          "properties": {
            "method": {"type": "string", "default": "GET"}, "path": {"type": "string"},
            "headers": {"type": "object"}, "body": {"type": "string"}, "content_type": {"type": "string"},
            "sessions": {"type": "string", "description": "JSON pointer to the array in the answer; empty: the answer itself"},
            "id": {"type": "string", "description": "JSON pointer within one of them"},
            "subject": {"type": "string"}, "started_at": {"type": "string"},
            "last_activity_at": {"type": "string"}, "expires_at": {"type": "string"}
          }
        },
        "cancel_session": {
          "type": "object", "additionalProperties": false, "required": ["path", "done"],
          "properties": {
            "method": {"type": "string", "default": "POST"}, "path": {"type": "string"},
            "headers": {"type": "object"}, "body": {"type": "string"}, "content_type": {"type": "string"},
            "done": {"type": "object"}, "not_found": {"type": "object"}
          }
        },
        "sign_out_session": {
          "type": "object", "additionalProperties": false, "required": ["path", "done"],
          "properties": {
            "method": {"type": "string", "default": "POST"}, "path": {"type": "string"},
            "headers": {"type": "object"}, "body": {"type": "string"}, "content_type": {"type": "string"},
            "done": {"type": "object"}, "not_found": {"type": "object"}
          }
        },
        "sign_out_subject": {
          "type": "object", "additionalProperties": false, "required": ["path", "done"],
          "properties": {
            "method": {"type": "string", "default": "POST"}, "path": {"type": "string"},
            "headers": {"type": "object"}, "body": {"type": "string"}, "content_type": {"type": "string"},
            "done": {"type": "object"}, "not_found": {"type": "object"}
          }
        },
        "prove": {
          "type": "object", "additionalProperties": false, "required": ["path", "alive", "dead"],
          "properties": {
            "method": {"type": "string", "default": "GET"}, "path": {"type": "string"},
            "headers": {"type": "object"}, "body": {"type": "string"}, "content_type": {"type": "string"},
            "alive": {"type": "object"}, "dead": {"type": "object"}
          }
        }
      }
    }
  }
})json";

}  // namespace curfew::forms
