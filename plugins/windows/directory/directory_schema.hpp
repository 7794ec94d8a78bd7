// JSON Schema of the windows connector's setting `directory`, to be put into the connector's own.
// Threads: a constant. Owns: nothing. Fails: never.
#pragma once

#include <string_view>

namespace curfew::windows {

inline constexpr std::string_view directory_schema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["servers", "bind", "journal"],
  "description": "The Active Directory in which accounts are disabled and groups are left, by LDAP",
  "properties": {
    "servers": {"type": "array", "minItems": 1, "maxItems": 16, "items": {"type": "string", "minLength": 8},
      "description": "Domain controllers, tried in this order: ldaps://dc1.corp.test, or ldap://dc2.corp.test (StartTLS with bind: simple, sealed by Kerberos with bind: gssapi)"},
    "bind": {"type": "string", "enum": ["simple", "gssapi"], "description": "simple: user and password, over TLS only; gssapi: Kerberos with a keytab, on ldap:// only"},
    "user": {"type": "string", "minLength": 1, "description": "simple: the service account, as svc-curfew@corp.test; gssapi: its principal, if the keytab has several"},
    "password_file": {"type": "string", "minLength": 1, "description": "simple: file with the password; read at each sign-in, so a new one counts at once"},
    "keytab": {"type": "string", "minLength": 1, "description": "gssapi: the service account's keytab"},
    "ca_file": {"type": "string", "minLength": 1, "description": "PEM file of the CA to trust in place of the system's"},
    "base": {"type": "string", "minLength": 1, "description": "Where accounts are looked for; without it the whole domain"},
    "journal": {"type": "string", "minLength": 1, "description": "File of this source alone: what it has changed and has to change back. No names in it"},
    "suspend_group": {"type": "string", "minLength": 1, "description": "suspend_access: distinguished name of the group that a person leaves for a time"},
    "protected": {"type": "array", "items": {"type": "string", "minLength": 1},
      "description": "Accounts that are never touched: SID, CORP\\name, name@corp.test, or distinguished name"},
    "groups": {"type": "object", "maxProperties": 1000, "additionalProperties": {"type": "string", "minLength": 3},
      "description": "Groups whose members are told, for the scopes of policies: a name for policies, and the group's distinguished name. The source's tells_groups lists those names"},
    "groups_every": {"type": "string", "default": "5m", "description": "How often they are looked up"},
    "administrators": {"type": "string", "enum": ["protected", "allowed"], "default": "protected",
      "description": "Members of administrative groups, nested ones too, and accounts with adminCount=1"},
    "ticket_lifetime": {"type": "string", "description": "How long a Kerberos ticket lives at most in this domain, and a change takes to reach each controller: so long after disabling no ticket from before is accepted any more. Without it nothing can be proved here"},
    "clock_skew": {"type": "string", "default": "5m", "description": "How far clocks of services may be behind; added to ticket_lifetime"},
    "connect_timeout": {"type": "string", "default": "3s", "description": "Longest that one connection may take"},
    "timeout": {"type": "string", "default": "8s", "description": "Longest that one server may take, from its name's resolution to its last answer"}
  }
})json";

}  // namespace curfew::windows
