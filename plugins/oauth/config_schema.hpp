// JSON Schema of the oauth connector's settings. Threads: a constant. Owns: nothing. Fails: never.
#pragma once

#include <string_view>

namespace curfew::oauth {

inline constexpr std::string_view config_schema = R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Settings of the oauth connector",
  "type": "object",
  "additionalProperties": false,
  "x-curfew-open-paths": ["/back-channel-logout", "/shared-signals"],
  "x-curfew-capabilities": {
    "list_sessions": ["/provider=keycloak", "/provider=business_central", "/provider=authentik", "/oidc/administration/sessions/all"],
    "cancel_session": ["/provider=keycloak", "/provider=business_central", "/provider=okta", "/provider=auth0", "/provider=authentik", "/oidc/administration/cancel_session"],
    "sign_out_session": ["/provider=keycloak", "/provider=auth0", "/oidc/administration/sign_out_session"],
    "revoke_tokens": ["/provider=keycloak", "/provider=entra", "/provider=auth0", "/provider=authentik", "/oidc/administration/revoke_tokens"],
    "sign_out_subject": ["/provider=keycloak", "/provider=entra", "/provider=okta", "/provider=auth0", "/provider=authentik", "/oidc/administration/sign_out_subject"],
    "suspend_access": ["/entra/suspend_access", "/authentik/suspend_access"],
    "block_sign_in": ["/journal"],
    "disable_account": ["/journal"],
    "introspect": ["/introspection"],
    "revoke_presented": ["/introspection/revoke"],
    "prove": ["/provider=keycloak", "/provider=entra", "/business_central/sign_ins", "/provider=okta", "/provider=auth0", "/provider=authentik", "/oidc/administration"]
  },
  "x-curfew-recognises": [
    "\"eventType\"\\s*:\\s*\"[a-z_]+\\.[a-z_.]+\"",
    "\"log_id\"\\s*:",
    "\"(recordedAt|externalSessionId|LOGIN_KEY|target_user|trackingIds|txid|txid_g|audit_record)\"\\s*:",
    "\"kind\"\\s*:\\s*\"admin#reports#activity\"",
    "\"(userPrincipalName|UserPrincipalName|tenantId|TargetResources)\"\\s*:",
    "\"(realmId|resourcePath)\"\\s*:",
    "\\[org\\.(keycloak|jboss|wildfly)\\.",
    "\"loggerName\"\\s*:\\s*\"org\\.keycloak",
    "\"app\"\\s*:\\s*\"authentik\\.",
    "\"(Workload|AzureActiveDirectoryEventType)\\\\?\"\\s*:",
    "\"o365audit\"\\s*:",
    "\"authlogs\"\\s*:",
    "\"session_uuid\\\\?\"\\s*:",
    "Dynamics 365 Business Central Server|\"telemetrySchemaVersion\"",
    "\"DeviceProduct\"\\s*:\\s*\"(PingFederate|ClearPass)\"",
    "PulseSecure: - - - ",
    "\\.exe \\[\\d+,\\d+\\] [A-Z][A-Za-z]+:",
    "CEF:[01]\\|(Ping Identity\\|PingFederate|Cyber-Ark\\|Vault|Aruba Networks\\|ClearPass)\\|",
    "^(\\xef\\xbb\\xbf)?[^{}\\r\\n]*\"?Date \\(UTC\\)\"?[,;\\t][^{}\\r\\n]*(Request ID|Activity)\"?[,;\\t\\r\\n]",
    "^(\\xef\\xbb\\xbf)?[^{}\\r\\n]*[,;\\t\"](ResultType|TargetResources|customDimensions|AuditData|actor\\.alternate_id|LOGIN_KEY|Login ?Type)\"?[,;\\t\\r\\n]",
    "^(\\xef\\xbb\\xbf)?\"?(ResultType|TargetResources|customDimensions|AuditData|actor\\.alternate_id|LOGIN_KEY|Login ?Type)\"?[,;\\t]"
  ],
  "properties": {
    "inputs": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}, "description": "Recorded logs of identity providers, for curfew audit: files, folders, archives. A daemon asks the provider instead"},
    "time_zone": {"type": "string", "default": "Z", "description": "Of log lines whose times have no zone, as +01:00"},
    "provider": {"type": "string", "enum": ["keycloak", "entra", "business_central", "okta", "auth0", "authentik", "oidc", "shared_signals"], "description": "Whose API is spoken; entra: Microsoft Graph; business_central: the admin center of Business Central online; okta, auth0: their management APIs; authentik: its API; oidc: any OpenID provider that tells of its logouts, or whose operator's API is described; shared_signals: a transmitter of security events"},
    "url": {"type": "string", "minLength": 8, "description": "The provider's server: https://sso.corp.test, with a path if it has one; entra: Microsoft Graph, https://graph.microsoft.com; business_central: https://api.businesscentral.dynamics.com; okta: the organization; auth0: the tenant's own domain, https://corp.eu.auth0.com; authentik: the installation; oidc, shared_signals: the issuer, as its tokens have it"},
    "ca_file": {"type": "string", "minLength": 1, "description": "PEM file of the CA to trust in place of the system's"},
    "certificate_file": {"type": "string", "minLength": 1, "description": "PEM file of a client certificate to show"},
    "key_file": {"type": "string", "minLength": 1, "description": "Its key"},
    "plain_beyond_loopback": {"type": "boolean", "default": false, "description": "Allows http:// to other machines: the secret and tokens then go over the network in the clear"},
    "connect_timeout": {"type": "string", "default": "3s", "description": "Longest that a connection may take; 5s at most"},
    "call_timeout": {"type": "string", "default": "5s", "description": "Longest that a call may take after that; 8s at most"},
    "client_id": {"type": "string", "minLength": 1, "description": "The client whose service account Curfew is; keycloak, entra, business_central and auth0 need it, shared_signals with token_url, and oidc with administration unless key is given; okta: of an application with client_key_file, in place of okta.api_token"},
    "client_secret": {"type": "string", "description": "Its secret; by client_secret_file or client_secret_env"},
    "client_authentication": {"type": "string", "enum": ["client_secret_basic", "client_secret_post", "private_key_jwt"], "description": "How the client authenticates at the token endpoint; client_secret_basic if it is not said, entra, business_central, auth0: client_secret_post, entra: private_key_jwt with client_certificate_file, okta: private_key_jwt"},
    "client_certificate_file": {"type": "string", "minLength": 1, "description": "entra: PEM file of the application's certificate, in place of client_secret"},
    "client_key_file": {"type": "string", "minLength": 1, "description": "entra: its RSA key, PEM, without a passphrase; client_certificate_file if it is not said. okta: the RSA key of the application client_id, named by okta.key_id"},
    "poll_every": {"type": "string", "description": "How often the provider is asked what happened; 5s if it is not said, entra: 1m, business_central, auth0: 30s, okta, authentik: 10s"},
    "arrival_delay": {"type": "string", "description": "How much later than its time the provider may store an event; 10s if it is not said, 1h at most; entra: 30m, 6h at most"},
    "history": {"type": "string", "default": "0s", "description": "How far back the first reading goes; 24h at most"},
    "clock_skew": {"type": "string", "default": "30s", "description": "How far the clocks of applications may be behind; access tokens are taken to be accepted so much longer"},
    "journal": {"type": "string", "minLength": 1, "description": "File of this source alone: which accounts it has disabled and has to enable again, and whom it took out of a group. No names in it. Without it no account is changed"},
    "username_namespace": {"type": "string", "minLength": 1, "description": "Of user names. Without it: upn for alice@corp.test, user for alice"},
    "service_accounts": {"type": "array", "maxItems": 1000, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "User names that are no people, with * for anything"},
    "back_channel_logout": {
      "type": "object",
      "additionalProperties": false,
      "required": ["audiences"],
      "description": "Takes the logouts that the provider sends to its clients, at /open/<source>/back-channel-logout, which the source's open_paths must name",
      "properties": {
        "audiences": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "The clients whose logouts come here, by their client_id"},
        "issuer": {"type": "string", "minLength": 1, "description": "What the tokens have as iss, if it is not the provider's own"},
        "jwks_uri": {"type": "string", "minLength": 8, "description": "Where the issuer's keys are, if its discovery document does not say so"},
        "algorithms": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]}, "default": ["RS256", "PS256", "ES256", "ES384", "ES512"], "description": "By which the issuer may sign"}
      }
    },
    "gate_tokens": {
      "type": "object",
      "additionalProperties": false,
      "required": ["audiences"],
      "description": "Access tokens of the provider (JWT) are judged by the gate that guards this source",
      "properties": {
        "audiences": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "What tokens for the application behind the gate have in aud; one of them is enough"},
        "cookies": {"type": "array", "maxItems": 7, "items": {"type": "string", "minLength": 1, "maxLength": 128}, "description": "Cookies that carry such a token, besides Authorization: Bearer"},
        "issuer": {"type": "string", "minLength": 1, "description": "What the tokens have as iss, if it is not the provider's own"},
        "jwks_uri": {"type": "string", "minLength": 8, "description": "Where the issuer's keys are, if its discovery document does not say so"},
        "algorithms": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]}, "default": ["RS256", "PS256", "ES256", "ES384", "ES512"], "description": "By which the issuer may sign"},
        "types": {"type": "array", "minItems": 1, "maxItems": 10, "items": {"type": "string", "minLength": 1, "maxLength": 64}, "default": ["at+jwt", "jwt", "none"], "description": "What typ of the header may be; none: absent. [at+jwt] where the provider writes it (RFC 9068)"},
        "session_claim": {"type": "string", "minLength": 1, "maxLength": 64, "default": "sid", "description": "The claim with the provider's id of the session"},
        "subject_claim": {"type": "string", "minLength": 1, "maxLength": 64, "description": "The claim with the person's id; sub if it is not said, entra: oid"},
        "clock_skew": {"type": "string", "default": "30s", "description": "How far the issuer's clock may be from ours; 5m at most"},
        "longest_life": {"type": "string", "default": "1h", "description": "How long such a token lives at most, from iat to exp; 24h at most. One that lives longer is refused: a denial is forgotten after it"},
        "renew_every": {"type": "string", "default": "10m", "description": "How often the issuer is asked for its keys; besides when a token comes that none of them signed"}
      }
    },
    "introspection": {
      "type": "object",
      "additionalProperties": false,
      "description": "Access tokens that are no JWT of the provider are asked about at the provider (RFC 7662), while their request waits at the gate that guards this source",
      "properties": {
        "endpoint": {"type": "string", "minLength": 8, "description": "Where it is asked, if the discovery document does not say so"},
        "revocation_endpoint": {"type": "string", "minLength": 8, "description": "Where it is asked to revoke one, if the discovery document does not say so"},
        "client_id": {"type": "string", "minLength": 1, "description": "The client that asks, if it is another than the source's client_id"},
        "client_secret": {"type": "string", "description": "Its secret; by client_secret_file or client_secret_env"},
        "client_authentication": {"type": "string", "enum": ["client_secret_basic", "client_secret_post", "private_key_jwt"], "default": "client_secret_basic", "description": "How it authenticates"},
        "client_certificate_file": {"type": "string", "minLength": 1, "description": "PEM file of its certificate, in place of client_secret (private_key_jwt)"},
        "client_key_file": {"type": "string", "minLength": 1, "description": "Its RSA key, PEM, without a passphrase; client_certificate_file if it is not said"},
        "audiences": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "One of which aud must have; without it tokens for anybody pass"},
        "clients": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "To whom a token must have been given, by client_id; without it to any"},
        "subject_claim": {"type": "string", "minLength": 1, "maxLength": 64, "description": "The member with the person's id; sub if it is not said, entra: oid"},
        "untyped": {"type": "boolean", "default": false, "description": "Answers without token_type are taken: with some providers refresh tokens then pass as well"},
        "cookies": {"type": "array", "maxItems": 7, "items": {"type": "string", "minLength": 1, "maxLength": 128}, "description": "Cookies that carry such a token, besides Authorization: Bearer"},
        "keep": {"type": "string", "default": "10s", "description": "How long an answer that a token is active is believed, and never beyond its exp; 5m at most"},
        "keep_refused": {"type": "string", "default": "5s", "description": "The same of any other answer; from 1s to 5m"},
        "clock_skew": {"type": "string", "default": "30s", "description": "How far the provider's clock may be from ours; 5m at most"},
        "longest_life": {"type": "string", "default": "24h", "description": "How long after its iat a token is taken; 24h at most, as sign-outs are remembered for so long"},
        "revoke": {"type": "boolean", "default": false, "description": "The provider is asked to revoke a token that is active and whose session or person was signed out (RFC 7009)"}
      }
    },
    "rp_initiated_logout": {
      "type": "object",
      "additionalProperties": false,
      "required": ["client_id"],
      "description": "The gate offers who was signed out the provider's own page for signing out (OpenID Connect RP-Initiated Logout)",
      "properties": {
        "client_id": {"type": "string", "minLength": 1, "maxLength": 256, "description": "The application behind the gate, as the provider knows it"},
        "post_logout_redirect_uri": {"type": "string", "minLength": 8, "maxLength": 1024, "description": "Where the provider leads people afterwards; one that the client has registered"},
        "endpoint": {"type": "string", "minLength": 8, "maxLength": 1024, "description": "The page, if the discovery document does not say so"}
      }
    },
    "shared_signals": {
      "type": "object",
      "additionalProperties": false,
      "required": ["audiences"],
      "description": "provider: shared_signals",
      "properties": {
        "audiences": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "What the transmitter writes into aud for Curfew"},
        "delivery": {"type": "string", "enum": ["push", "poll"], "default": "push", "description": "push (RFC 8935): events come to /open/<source>/shared-signals, which the source's open_paths must name; poll (RFC 8936): they are fetched"},
        "stream": {"type": "string", "enum": ["existing", "create", "none"], "default": "existing", "description": "The stream at the transmitter is found, made if there is none, or not looked after: then nothing says that it still delivers"},
        "stream_id": {"type": "string", "minLength": 1, "maxLength": 512, "description": "Our stream, where there are several with the same delivery"},
        "push_url": {"type": "string", "minLength": 8, "description": "Our /open/<source>/shared-signals as the transmitter reaches it; by it our stream is found and made"},
        "push_token": {"type": "string", "minLength": 16, "description": "What the transmitter must show when it pushes (Authorization: Bearer); by push_token_file or push_token_env"},
        "poll_url": {"type": "string", "minLength": 8, "description": "Where events are fetched, with stream: none"},
        "access_token": {"type": "string", "description": "For the transmitter's endpoints, where it gives one out for long; by access_token_file or access_token_env"},
        "token_url": {"type": "string", "minLength": 8, "description": "Where client_id and client_secret get an access token"},
        "scope": {"type": "string", "maxLength": 512, "description": "Asked for with it, such as ssf.read ssf.manage"},
        "events": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "Types of events that a new stream is to deliver; without it, all that become observations"},
        "tenants": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "minLength": 1, "maxLength": 256}, "description": "Ids of the tenants that are ours; events of others are only counted"},
        "max_events": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100, "description": "Events of one answer to a poll"},
        "max_age": {"type": "string", "default": "24h", "description": "How long after its iat an event is taken, and its id known. No longer than the source's retry_window is of use"},
        "verify_every": {"type": "string", "default": "5m", "description": "How often a verification event is asked for; 0s: never"},
        "verify_within": {"type": "string", "default": "2m", "description": "A stream from which it does not come by then is silent"},
        "email_namespace": {"type": "string", "minLength": 1, "maxLength": 64, "default": "email", "description": "Of e-mail addresses that name a person; upn, where they are the same"},
        "jwks_uri": {"type": "string", "minLength": 8, "description": "Where the transmitter's keys are, if its metadata does not say so"},
        "algorithms": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]}, "default": ["RS256", "PS256", "ES256", "ES384", "ES512"], "description": "By which it may sign"}
      }
    },
    "oidc": {
      "type": "object",
      "additionalProperties": false,
      "description": "provider: oidc",
      "properties": {
        "administration": {
          "type": "object",
          "additionalProperties": false,
          "required": ["url", "access_token_lifespan", "sessions"],
          "description": "The administrative API of the provider's operator, in calls: {subject} and {session} stand for the person's sub and the session's id",
          "properties": {
            "url": {"type": "string", "minLength": 8, "description": "The API's server, with the path below which the calls are"},
            "key": {"type": "string", "description": "What the API wants to see, where it is no access token of client_id; by key_file or key_env"},
            "header": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$", "default": "Authorization", "description": "In which header"},
            "scheme": {"type": "string", "pattern": "^[A-Za-z0-9-]{0,64}$", "description": "What stands before it; Bearer if neither header nor scheme is said"},
            "token_url": {"type": "string", "minLength": 8, "description": "Where client_id gets its access token, if the discovery document does not say so"},
            "scope": {"type": "string", "maxLength": 512, "description": "Asked for with it"},
            "access_token_lifespan": {"type": "string", "description": "How long access tokens live at most that are accepted without asking the provider (JWTs). 0s: none are"},
            "sessions": {"$ref": "#/$defs/listing", "description": "Sessions that live"},
            "grants": {"$ref": "#/$defs/listing", "description": "What lives on without its session, such as offline access; session: of which session it came"},
            "undelivered": {"$ref": "#/$defs/listing", "description": "Back-channel logouts that a relying party has not taken"},
            "cancel_session": {"$ref": "#/$defs/calls", "description": "Ends the session alone"},
            "sign_out_session": {"$ref": "#/$defs/calls", "description": "Ends the session, its grants, and tells the relying parties"},
            "revoke_tokens": {"$ref": "#/$defs/calls", "description": "Revokes all that was granted for the person; {subject}"},
            "sign_out_subject": {"$ref": "#/$defs/calls", "description": "Ends all of the person's sessions and grants; {subject}"},
            "send_again": {"$ref": "#/$defs/calls", "description": "Sends the logouts again that were not taken"}
          }
        }
      }
    },
    "entra": {
      "type": "object",
      "additionalProperties": false,
      "required": ["tenant"],
      "description": "provider: entra",
      "properties": {
        "tenant": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[A-Za-z0-9.-]+$", "description": "The tenant, by its id or one of its domains"},
        "authority": {"type": "string", "minLength": 8, "default": "https://login.microsoftonline.com", "description": "Where tokens are given; sovereign clouds have their own"},
        "scope": {"type": "string", "minLength": 1, "description": "What the token is asked for, if it is not <url>/.default"},
        "signins": {"type": "string", "enum": ["interactive", "all"], "default": "interactive", "description": "interactive: by Graph v1.0, without session ids. all: by beta, with session ids and what clients do on their own"},
        "page_size": {"type": "integer", "minimum": 10, "maximum": 1000, "default": 500, "description": "Sign-ins of one answer"},
        "settle": {"type": "string", "default": "5m", "description": "How old a sign-in must be to be read: Entra completes it in its first minutes; 1h at most"},
        "access_token_lifetime": {"type": "string", "default": "90m", "description": "How long access tokens live at most, continuous access evaluation (up to 28h) included where applications have it"},
        "revocation_delay": {"type": "string", "default": "5m", "description": "How long Entra may take until a revocation is in effect; 1h at most"},
        "audits": {"type": "boolean", "default": true, "description": "Reads the directory's audit logs too: accounts that others disable or enable, passwords that change, tokens that others revoke"},
        "suspend_access": {
          "type": "object",
          "additionalProperties": false,
          "minProperties": 1,
          "maxProperties": 1,
          "description": "What suspend_access takes away, a group or a licence; needs a journal",
          "properties": {
            "group": {"type": "string", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", "description": "The group that the person leaves, by its object id"},
            "licence": {"type": "string", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", "description": "The licence that is taken from the person, by its skuId"}
          }
        },
        "event_hub": {
          "type": "object",
          "additionalProperties": false,
          "description": "Sign-ins come from an Azure Event Hub (by Kafka) in place of Graph",
          "properties": {
            "connection_string": {"type": "string", "minLength": 1, "maxLength": 4096, "description": "Of the namespace or the hub, with the right to listen; by connection_string_file or connection_string_env"},
            "bootstrap": {"type": "string", "minLength": 3, "maxLength": 255, "description": "host:port, if it is not port 9093 of the connection string's Endpoint; plaintext://host:port on this machine only"},
            "hub": {"type": "string", "minLength": 1, "maxLength": 249, "description": "The hub, if the connection string has no EntityPath"},
            "consumer_group": {"type": "string", "minLength": 1, "maxLength": 249, "default": "curfew", "description": "What the client calls itself to the hub. Nothing is kept there"},
            "ca_file": {"type": "string", "minLength": 1, "description": "PEM file of the CA to trust in place of the system's"}
          }
        }
      }
    },
    "business_central": {
      "type": "object",
      "additionalProperties": false,
      "required": ["tenant", "environment"],
      "description": "provider: business_central",
      "properties": {
        "tenant": {"type": "string", "minLength": 1, "description": "The Entra tenant's id, or one of its domains"},
        "environment": {"type": "string", "minLength": 1, "maxLength": 30, "description": "The environment, by its name; one source for each"},
        "application_family": {"type": "string", "minLength": 1, "default": "BusinessCentral", "description": "The environment's family"},
        "api_version": {"type": "string", "minLength": 1, "default": "v2.29", "description": "Of the admin center API"},
        "authority": {"type": "string", "minLength": 8, "default": "https://login.microsoftonline.com", "description": "Where tokens are given"},
        "scope": {"type": "string", "minLength": 1, "description": "What the token is asked for, if it is not <url>/.default"},
        "user_suffix": {"type": "string", "minLength": 1, "description": "The domain that makes ALICE of Business Central alice@corp.test of Entra, where its users are not called so already"},
        "sign_ins": {
          "type": "object",
          "additionalProperties": false,
          "description": "Looks in Entra's sign-in logs whether a person was asked for credentials on the way back; without it no sign-out is proved",
          "properties": {
            "url": {"type": "string", "minLength": 8, "default": "https://graph.microsoft.com", "description": "Microsoft Graph"},
            "application_id": {"type": "string", "minLength": 36, "maxLength": 36, "default": "996def3d-b36c-4153-8607-a6fd3c01b89f", "description": "Business Central, as the sign-in logs have it"},
            "arrival_delay": {"type": "string", "default": "30m", "description": "How much later than its time a sign-in may stand in the logs; 6h at most"}
          }
        }
      }
    },
    "okta": {
      "type": "object",
      "additionalProperties": false,
      "description": "provider: okta",
      "properties": {
        "api_token": {"type": "string", "minLength": 1, "description": "Of the management API (SSWS); by api_token_file or api_token_env. In its place: client_id with client_key_file"},
        "key_id": {"type": "string", "minLength": 1, "maxLength": 256, "description": "The id (kid) that Okta has given to the public half of client_key_file"},
        "scopes": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"}, "description": "Asked for with the application's token; okta.logs.read, okta.sessions.manage, okta.sessions.read, okta.users.manage and okta.users.read if it is not said"},
        "issuer": {"type": "string", "minLength": 1, "description": "What the tokens of the organization have as iss, if it is not url"},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 1000, "description": "Records of one answer"},
        "access_token_lifetime": {"type": "string", "default": "1h", "description": "How long access tokens live at most, of all authorization servers; 24h at most. 0s: every application asks Okta about each token"}
      }
    },
    "auth0": {
      "type": "object",
      "additionalProperties": false,
      "description": "provider: auth0",
      "properties": {
        "issuer": {"type": "string", "minLength": 1, "description": "What the tenant's tokens have as iss, if it is not <url>/ (a domain of its own)"},
        "audience": {"type": "string", "minLength": 1, "description": "The Management API's identifier, if it is not <url>/api/v2/"},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 100, "default": 100, "description": "Records of one answer"},
        "access_token_lifetime": {"type": "string", "default": "24h", "description": "How long access tokens live at most, of all APIs; 24h at most. 0s: every application asks Auth0 about each token"}
      }
    },
    "authentik": {
      "type": "object",
      "additionalProperties": false,
      "required": ["api_token"],
      "description": "provider: authentik",
      "properties": {
        "api_token": {"type": "string", "minLength": 1, "description": "An API token of a superuser's account; by api_token_file or api_token_env"},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 100, "default": 100, "description": "Events, sessions or tokens of one answer"},
        "access_token_lifetime": {"type": "string", "default": "1h", "description": "How long access tokens live at most, of all applications; 24h at most. 0s: every application asks authentik about each token"},
        "suspend_access": {
          "type": "object",
          "additionalProperties": false,
          "required": ["group"],
          "description": "What suspend_access takes away; needs a journal",
          "properties": {
            "group": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "description": "The group that the person leaves, by its UUID"}
          }
        }
      }
    },
    "keycloak": {
      "type": "object",
      "additionalProperties": false,
      "required": ["realm"],
      "description": "provider: keycloak",
      "properties": {
        "realm": {"type": "string", "minLength": 1, "description": "The realm, by its name"},
        "issuer": {"type": "string", "minLength": 1, "description": "What the realm's tokens have as iss, if it is not <url>/realms/<realm>"},
        "admin_events": {"type": "boolean", "default": true, "description": "Reads admin events too, where the realm saves them: accounts that are disabled, passwords that are reset, sessions that others end"},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 200, "description": "Events of one answer"},
        "access_token_lifespan": {"type": "string", "description": "How long access tokens live at most, in place of what the realm and its clients say. 0s: every application asks Keycloak about each token, so none outlives its session"}
      }
    }
  },
  "$defs": {
    "place": {"type": "string", "maxLength": 256, "pattern": "^(/.*)?$"},
    "call": {
      "type": "object",
      "additionalProperties": false,
      "required": ["path"],
      "properties": {
        "method": {"type": "string", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        "path": {"type": "string", "minLength": 1, "maxLength": 1024, "description": "Below url; {subject}, {session} and {page} are percent-encoded"},
        "body": {"type": "object", "description": "Sent as JSON; the same names stand in its texts"},
        "accepted": {"type": "array", "maxItems": 20, "items": {"type": "integer", "minimum": 200, "maximum": 499}, "description": "Statuses that mean that it was done; 200, 202, 204"},
        "absent": {"type": "array", "maxItems": 20, "items": {"type": "integer", "minimum": 200, "maximum": 499}, "description": "That there was nothing to do it to; 404. Of lists: that the person has none; no status"}
      }
    },
    "calls": {"type": "array", "minItems": 1, "maxItems": 8, "items": {"$ref": "#/$defs/call"}},
    "listing": {
      "type": "object",
      "additionalProperties": false,
      "required": ["of_subject"],
      "properties": {
        "all": {"$ref": "#/$defs/call", "description": "Of everybody"},
        "of_subject": {"$ref": "#/$defs/call", "description": "Of one person"},
        "rows": {"$ref": "#/$defs/place", "description": "JSON Pointer to the array; the whole answer if it is not said"},
        "session": {"$ref": "#/$defs/place", "description": "In a row: the session's id, which must be no credential"},
        "subject": {"$ref": "#/$defs/place", "description": "In a row: the person's sub"},
        "user_name": {"$ref": "#/$defs/place"},
        "started_at": {"$ref": "#/$defs/place", "description": "In a row: RFC 3339, or seconds or milliseconds since 1970"},
        "last_activity_at": {"$ref": "#/$defs/place"},
        "client": {"$ref": "#/$defs/place", "description": "In a row: the relying party"},
        "client_sessions": {"$ref": "#/$defs/place", "description": "In a row: the sid under which relying parties know the session, where it is another; an array, or one text"},
        "next": {"$ref": "#/$defs/place", "description": "In the answer: what {page} is for the next page; null or nothing at the end"},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 20000, "description": "The most rows of one answer, where nothing says what follows: one that is as long is not believed"}
      }
    }
  }
})json";

}  // namespace curfew::oauth
