/* The C ABI between Curfew and a connector plugin.
 *
 * A plugin is a shared object with one exported symbol, CURFEW_CONNECTOR_SYMBOL, a function of type
 * curfew_connector_fn that returns a description of the connector. Most plugins are written against
 * connector.hpp, which turns this into a C++ class; this file is the contract.
 *
 * Conventions, stated once:
 *
 * - Layout. Each struct that crosses begins with struct_size, set by whoever fills it in to the size that he
 * was compiled with. Structs are only ever appended to; a reader looks at no field past the size it was
 * given. The five that structs are made of (curfew_bytes, curfew_identifier, curfew_session_digest,
 * curfew_header, curfew_sink) have no size and never change. Fixed width integers only; no enum, bool, long
 * or bitfield in a struct. The offsets below are pinned.
 * - Bytes. curfew_bytes is a pointer and a length, valid for the call in which it is handed over; text is
 * UTF-8 without NUL unless said otherwise. {NULL, 0} is "absent". Times are microseconds since 1970-01-01
 * UTC; 0 is "absent".
 * - Ownership. Nobody frees the other side's memory. Results go through host callbacks, which copy before
 * they return. What the descriptor points to lives as long as the process.
 * - Errors. Functions return a CURFEW_ code; on failure they write a bounded text for an administrator into
 * the caller's curfew_error. No exception crosses.
 * - Threads. One host thread per source calls create, start, poll, stop, destroy, in that order, never two at
 * once. wake, act, prove, list_sessions, http, introspect and revoke_presented may come from other threads
 * while poll runs; calls of one kind are not concurrent with themselves unless CURFEW_CAN_CONCURRENT_ACTIONS
 * is declared. When destroy returns, no thread of the plugin's touches host or instance. Host callbacks: from
 * any thread between the start of create and the return of destroy; emit, progress, remember and group only
 * from poll's, or within http.
 * - Limits. Each call has a limit (10 s unless configured; poll, act, prove, introspect and revoke_presented:
 * that much beyond their deadline). One that does not come back within it is abandoned and its source
 * quarantined. Within poll each emit, progress, remember and group is a sign of life that begins the limit
 * anew, so waiting for a full pipeline costs nothing.
 * - Trust. The host checks every size, length, text, number and time; what is wrong is refused with
 *   CURFEW_INVALID and counted against the source.
 *
 * Since 0 for everything that does not say otherwise. ABI 0 is matched exactly until Curfew 1.0.
 */
#ifndef CURFEW_PLUGIN_ABI_H
#define CURFEW_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CURFEW_ABI_VERSION 0u
#define CURFEW_OBSERVATION_SCHEMA 1u
#define CURFEW_CONNECTOR_SYMBOL "curfew_connector_v0"

/* Bounds that the host enforces. */
#define CURFEW_MAX_ERROR_TEXT 512u
#define CURFEW_MAX_IDENTIFIERS 4u
#define CURFEW_MAX_FIELD_BYTES 2048u /* any single text of an observation */
#define CURFEW_MAX_CURSOR_NAME 512u
#define CURFEW_MAX_CURSOR_VALUE 4096u
#define CURFEW_MAX_MEMORY_KEY 256u
#define CURFEW_MAX_MEMORY_VALUE 4096u
#define CURFEW_MAX_COVERAGE_BYTES 4194304u
#define CURFEW_MAX_GATE_RULES_BYTES 16384u
#define CURFEW_MAX_GATE_KEYS_BYTES 1048576u
#define CURFEW_MAX_GROUP_NAMES 100000u /* names of all members of one group together */
#define CURFEW_MAX_TOKEN_BYTES 16384u  /* of a curfew_presented_token */

/* Result codes. */
#define CURFEW_OK 0
#define CURFEW_AGAIN \
  1 /* emit: the pipeline is full, try the same call later; poll: nothing now, call again */
#define CURFEW_INVALID 2     /* an argument breaks this contract */
#define CURFEW_REFUSED 3     /* the other side understood and said no */
#define CURFEW_UNAVAILABLE 4 /* a server or file is away; trying later may help */
#define CURFEW_UNSUPPORTED 5
#define CURFEW_NOT_FOUND 6
#define CURFEW_STOPPING 7 /* host callbacks: the source is being stopped */
#define CURFEW_FINISHED 8 /* poll: there will be no more input (recorded logs) */
#define CURFEW_FAILED 9   /* anything else; the text says what */

/* Capabilities: bits of curfew_connector.capabilities. A bit whose function is NULL, or the reverse, is
 * refused. */
#define CURFEW_CAN_OBSERVE (UINT64_C(1) << 0)       /* poll */
#define CURFEW_CAN_LIST_SESSIONS (UINT64_C(1) << 1) /* list_sessions */
#define CURFEW_CAN_PROVE (UINT64_C(1) << 2)         /* prove */
#define CURFEW_CAN_RECEIVE_HTTP (UINT64_C(1) << 3)  /* http */
#define CURFEW_CAN_CONCURRENT_ACTIONS (UINT64_C(1) << 4)
#define CURFEW_CAN_SHOW_ACTIVITY \
  (UINT64_C(1) << 5) /* its observations tell activity, so idleness can be judged */
#define CURFEW_CAN_TELL_GROUPS (UINT64_C(1) << 6)      /* host.group: who is in which group */
#define CURFEW_CAN_INTROSPECT (UINT64_C(1) << 7)       /* introspect */
#define CURFEW_CAN_REVOKE_PRESENTED (UINT64_C(1) << 8) /* revoke_presented */
#define CURFEW_CAN_NOTIFY (UINT64_C(1) << 16) /* bits 16..23: act with the ladder's steps, in order */
#define CURFEW_CAN_CANCEL_SESSION (UINT64_C(1) << 17)
#define CURFEW_CAN_SIGN_OUT_SESSION (UINT64_C(1) << 18)
#define CURFEW_CAN_REVOKE_TOKENS (UINT64_C(1) << 19)
#define CURFEW_CAN_SIGN_OUT_SUBJECT (UINT64_C(1) << 20)
#define CURFEW_CAN_SUSPEND_ACCESS (UINT64_C(1) << 21)
#define CURFEW_CAN_BLOCK_SIGN_IN (UINT64_C(1) << 22)
#define CURFEW_CAN_DISABLE_ACCOUNT (UINT64_C(1) << 23)

/* Ladder steps, for curfew_action.action. */
#define CURFEW_ACTION_NOTIFY 0u
#define CURFEW_ACTION_CANCEL_SESSION 1u
#define CURFEW_ACTION_SIGN_OUT_SESSION 2u
#define CURFEW_ACTION_REVOKE_TOKENS 3u
#define CURFEW_ACTION_SIGN_OUT_SUBJECT 4u
#define CURFEW_ACTION_SUSPEND_ACCESS 5u
#define CURFEW_ACTION_BLOCK_SIGN_IN 6u
#define CURFEW_ACTION_DISABLE_ACCOUNT 7u

/* Observation types. */
#define CURFEW_SIGN_IN 0u
#define CURFEW_SIGN_IN_FAILED 1u
#define CURFEW_ACTIVITY 2u
#define CURFEW_TOKEN_REFRESHED 3u
#define CURFEW_REAUTHENTICATED 4u
#define CURFEW_LOCKED 5u
#define CURFEW_UNLOCKED 6u
#define CURFEW_DISCONNECTED 7u
#define CURFEW_RECONNECTED 8u
#define CURFEW_PAUSED 9u
#define CURFEW_RESUMED 10u
#define CURFEW_SIGN_OUT 11u
#define CURFEW_EXPIRED 12u
#define CURFEW_REVOKED 13u
#define CURFEW_CREDENTIAL_CHANGED 14u
#define CURFEW_ACCOUNT_DISABLED 15u
#define CURFEW_ACCOUNT_ENABLED 16u
#define CURFEW_GAP 17u

/* End reasons. */
#define CURFEW_END_UNKNOWN 0u
#define CURFEW_END_SIGNED_OUT 1u
#define CURFEW_END_IDLE_TIMEOUT 2u
#define CURFEW_END_ABSOLUTE_TIMEOUT 3u
#define CURFEW_END_CLOSING_TIME 4u
#define CURFEW_END_EXPIRED 5u
#define CURFEW_END_FORCED 6u
#define CURFEW_END_REPLACED 7u
#define CURFEW_END_ACCOUNT_DISABLED 8u
#define CURFEW_END_CREDENTIAL_CHANGED 9u
#define CURFEW_END_REBOOT 10u
#define CURFEW_END_VANISHED 11u

/* Account types. */
#define CURFEW_ACCOUNT_UNKNOWN 0u
#define CURFEW_ACCOUNT_HUMAN 1u
#define CURFEW_ACCOUNT_SERVICE 2u
#define CURFEW_ACCOUNT_COMPUTER 3u
#define CURFEW_ACCOUNT_SHARED 4u

/* Authentication methods. */
#define CURFEW_METHOD_UNKNOWN 0u
#define CURFEW_METHOD_PASSWORD 1u
#define CURFEW_METHOD_FORM 2u
#define CURFEW_METHOD_KERBEROS 3u
#define CURFEW_METHOD_NTLM 4u
#define CURFEW_METHOD_NEGOTIATE 5u
#define CURFEW_METHOD_CERTIFICATE 6u
#define CURFEW_METHOD_OIDC 7u
#define CURFEW_METHOD_SAML 8u
#define CURFEW_METHOD_CACHED 9u
#define CURFEW_METHOD_TOKEN 10u
#define CURFEW_METHOD_BASIC 11u

/* Interactivity. */
#define CURFEW_INTERACTIVITY_UNKNOWN 0u
#define CURFEW_INTERACTIVE 1u
#define CURFEW_SILENT 2u

/* Flags of an observation. */
#define CURFEW_FLAG_FRESH_CREDENTIALS (UINT32_C(1) << 0) /* the person proved who they are just now */
#define CURFEW_FLAG_PRIVILEGED (UINT32_C(1) << 1)
#define CURFEW_FLAG_MACHINE (UINT32_C(1) << 2) /* activity of software, not of the person */
/* Of sign_out, expired, revoked: the source did not state this end, the connector concluded it from something
 * else (a boot, a time without records). Such an end proves nothing, and later activity takes it back. */
#define CURFEW_FLAG_END_INFERRED (UINT32_C(1) << 3)

/* Liveness, the answer to a probe. */
#define CURFEW_LIVENESS_UNKNOWN 0u
#define CURFEW_ALIVE 1u
#define CURFEW_DEAD 2u

/* What an issuer says of a token that was presented at a gate. */
#define CURFEW_TOKEN_UNKNOWN 0u    /* it can't be asked now */
#define CURFEW_TOKEN_ACTIVE 1u     /* good, and for the application behind the gate */
#define CURFEW_TOKEN_INACTIVE 2u   /* over, never given out, or not to be seen by us */
#define CURFEW_TOKEN_NOT_FOR_US 3u /* good, but of another kind or for others */

/* Log levels. */
#define CURFEW_LOG_DEBUG 0u
#define CURFEW_LOG_INFO 1u
#define CURFEW_LOG_WARNING 2u
#define CURFEW_LOG_ERROR 3u

typedef struct curfew_bytes {
  const char* data;
  uint64_t size;
} curfew_bytes;

/* Where a failing call writes why. The caller owns it and sets struct_size; text is cut at the bound, and
 * need not end in NUL. */
typedef struct curfew_error {
  uint32_t struct_size;
  uint32_t text_size;
  char text[CURFEW_MAX_ERROR_TEXT];
} curfew_error;

/* One name of the subject. name_space: "windows_sid", "windows_account", "upn", "email", or the plugin's own.
 */
typedef struct curfew_identifier {
  curfew_bytes name_space;
  curfew_bytes value;
} curfew_identifier;

/* A session's id outside the plugin: the first 16 bytes of HMAC-SHA-256 of the clear id under the source's
 * digest key (curfew_create_args.digest_key). All zero: none. */
typedef struct curfew_session_digest {
  uint8_t bytes[16];
} curfew_session_digest;

/* What a source saw at one time. */
typedef struct curfew_observation {
  uint32_t struct_size;
  uint32_t type;       /* CURFEW_SIGN_IN … */
  int64_t occurred_at; /* required */
  curfew_bytes key;    /* required: idempotency key, the same for the same event whenever it is read again */
  curfew_session_digest session;
  curfew_session_digest linked_session;
  curfew_bytes handle; /* the session's id in the clear, only if it is no credential */
  const curfew_identifier* identifiers;
  uint32_t identifier_count; /* at most CURFEW_MAX_IDENTIFIERS */
  uint32_t account_type;
  uint32_t auth_method;
  uint32_t interactivity;
  uint32_t end_reason; /* of sign_out, expired, revoked */
  uint32_t factors;    /* 0: not known */
  uint32_t flags;
  uint32_t count;     /* merged events, at least 1; of a gap: missing records, 0 unknown */
  int64_t expires_at; /* hard expiry that the source stated */
  curfew_bytes device;
  curfew_bytes address; /* IPv4 or IPv6 text, no port */
  curfew_bytes user_agent;
  curfew_bytes application;
  curfew_bytes failure; /* of sign_in_failed: a stable code ("bad_password") */
} curfew_observation;

/* How far a named cursor is. Committed together with the observations emitted before it. */
typedef struct curfew_progress {
  uint32_t struct_size;
  uint32_t flags;         /* CURFEW_PROGRESS_… */
  curfew_bytes name;      /* file identity, partition, page */
  curfew_bytes value;     /* opaque to the host; empty with CURFEW_PROGRESS_FORGET drops the cursor */
  uint64_t read;          /* records since the last progress of this cursor: all … */
  uint64_t filtered;      /* … of them left out on purpose … */
  uint64_t unreadable;    /* … and of them not understood */
  int64_t observed_until; /* the source has shown everything up to here, lateness aside; 0: no statement */
} curfew_progress;
#define CURFEW_PROGRESS_CAUGHT_UP (UINT32_C(1) << 0) /* all that was there at the start has been read */
#define CURFEW_PROGRESS_FORGET (UINT32_C(1) << 1)    /* the cursor is of no more use */

/* A ladder step to carry out. */
typedef struct curfew_action {
  uint32_t struct_size;
  uint32_t action; /* CURFEW_ACTION_… */
  uint32_t revert; /* 1: undo it (suspend_access, block_sign_in, disable_account) */
  uint32_t identifier_count;
  const curfew_identifier* identifiers; /* the subject, as this source knows it */
  curfew_session_digest session;
  curfew_bytes handle; /* of the session, if the observation gave one */
  curfew_bytes reason;
  int64_t deadline;     /* wall clock; the call is abandoned after it */
  int64_t revert_after; /* microseconds; 0: for good */
} curfew_action;

/* A question: does this session live at the source? */
typedef struct curfew_probe {
  uint32_t struct_size;
  uint32_t identifier_count;
  const curfew_identifier* identifiers;
  curfew_session_digest session;
  curfew_bytes handle;
  int64_t deadline;
  /* Since when an order has acted on the session; 0: none has, and somebody else asks (a gate; or it stands
   * beside a session that was ordered, to compare). Durable before the order acted: known after a kill. */
  int64_t ordered_at;
} curfew_probe;

/* One live session in answer to list_sessions. */
typedef struct curfew_listed_session {
  uint32_t struct_size;
  uint32_t identifier_count;
  const curfew_identifier* identifiers;
  curfew_session_digest session;
  curfew_bytes handle;
  int64_t started_at;
  int64_t last_activity_at;
} curfew_listed_session;

/* Who is in a group now, nested groups resolved: the whole membership, which replaces what was told before.
 * An empty one is a group without members; a group that was never told is unknown. */
typedef struct curfew_group {
  uint32_t struct_size;
  uint32_t name_count;            /* at most CURFEW_MAX_GROUP_NAMES */
  curfew_bytes name;              /* one of those that the source's configuration lets it tell */
  const curfew_identifier* names; /* of its members, in any order; a person may have several */
} curfew_group;

typedef struct curfew_header {
  curfew_bytes name; /* lower case */
  curfew_bytes value;
} curfew_header;

/* A request below /sources/<name>/, or below /open/<name>/ at a path that the schema's x-curfew-open-paths
 * has and the configuration opens. Size and rate were checked by the host; who asks was too, but not at those
 * paths: what comes there must prove itself, and has its `authorization` with it (unless that is a token of
 * Curfew's own), which elsewhere is the host's business. */
typedef struct curfew_http_request {
  uint32_t struct_size;
  uint32_t header_count;
  curfew_bytes method;
  curfew_bytes path; /* after /sources/<name>, begins with '/' */
  curfew_bytes query;
  curfew_bytes body;
  const curfew_header* headers; /* only those named in the source's configuration */
} curfew_http_request;

/* The prepared answer: sent when what was emitted within this call is durable; else 503 with Retry-After. */
typedef struct curfew_http_answer {
  uint32_t struct_size;
  uint32_t status; /* 200..599 */
  curfew_bytes content_type;
  curfew_bytes body;
  const curfew_header* headers;
  uint32_t header_count;
  uint32_t reserved;
} curfew_http_answer;

/* A token that a request has with it, which waits at the gate for the answer. The token is a person's
 * credential: it is used for this one question, and neither kept nor logged. */
typedef struct curfew_presented_token {
  uint32_t struct_size;
  uint32_t reserved;
  curfew_bytes token; /* at most CURFEW_MAX_TOKEN_BYTES */
  int64_t deadline;   /* wall clock; the request is answered without it from then on */
} curfew_presented_token;

/* The answer to introspect: no text of it is a credential. What the issuer does not say is absent. */
typedef struct curfew_token_answer {
  uint32_t struct_size;
  uint32_t state; /* CURFEW_TOKEN_…; all that follows is of CURFEW_TOKEN_ACTIVE */
  curfew_session_digest session;
  curfew_session_digest id;  /* of its `jti`, where sessions are told by that */
  curfew_identifier subject; /* the person, as the source's observations have it */
  int64_t issued_at;
  int64_t expires_at;
} curfew_token_answer;

/* Gives bytes back to the caller; copies before it returns. `context` belongs to whoever made the sink. */
typedef struct curfew_sink {
  void* context;
  void (*put)(void* context, curfew_bytes bytes);
} curfew_sink;

/* What the host offers. Valid from create until destroy returns. */
typedef struct curfew_host {
  uint32_t struct_size;
  uint32_t abi_version;
  void* context; /* first argument of each function below */
  /* CURFEW_OK: taken, copied. CURFEW_AGAIN: full, call again with the same observation after a short wait.
   * CURFEW_REFUSED: understood and not recorded (a repeat, too late, too large); counted, go on.
   * CURFEW_INVALID: it breaks this contract; dropped and counted, go on. CURFEW_STOPPING: not taken; return
   * from poll. progress and remember answer the same. */
  int32_t (*emit)(void* context, const curfew_observation* observation);
  int32_t (*progress)(void* context, const curfew_progress* progress);
  /* Small keyed state, committed with what was emitted before it. expires_at is required; an empty value
   * forgets. */
  int32_t (*remember)(void* context, curfew_bytes key, curfew_bytes value, int64_t expires_at);
  /* The last durable value: CURFEW_OK with one put, or CURFEW_NOT_FOUND. Only within create and start. */
  int32_t (*recall)(void* context, curfew_bytes key, const curfew_sink* sink);
  int32_t (*cursor)(void* context, curfew_bytes name, const curfew_sink* sink);
  /* What the source has seen and can't show, as one JSON object; replaces the last one. */
  int32_t (*coverage)(void* context, curfew_bytes json);
  /* No personal values, no secrets. Rate-limited by the host. */
  void (*log)(void* context, uint32_t level, curfew_bytes text);
  int64_t (*now)(void* context);
  /* Within list_sessions, on its thread: one call for each live session. */
  int32_t (*list)(void* context, const curfew_listed_session* session);
  /* Every durable key and value of remember, one put each: key, then value. Only within create and start. */
  int32_t (*recall_all)(void* context, const curfew_sink* sink);
  /* Where a request carries a session's id, for the gate that guards this source: one JSON object, at most
   * CURFEW_MAX_GATE_RULES_BYTES, which replaces the last one (docs/plugin-guide.md describes it). A plugin
   * whose sessions are not recognised by a cookie, header or bearer token does not call it. From create until
   * stop; the gate knows its sessions from the first call on. */
  int32_t (*gate_rules)(void* context, curfew_bytes json);
  /* With CURFEW_CAN_TELL_GROUPS, on the threads of emit. What was told last is not recorded again, so it may
   * be told as often as it was looked up. Answers as emit does; CURFEW_INVALID for a group that the
   * configuration doesn't let this source tell. */
  int32_t (*group)(void* context, const curfew_group* group);
  /* Waits until everything that this source emitted, advanced and remembered so far is durable: for a source
   * that is told what was taken and forgets it then. CURFEW_OK: it is. CURFEW_AGAIN: not by `deadline` (wall
   * clock; the host waits no longer than its limit of a call): ask again later. CURFEW_STOPPING. Only within
   * poll; for http the host does it by itself. */
  int32_t (*await_durable)(void* context, int64_t deadline);
  /* The keys by which the gate verifies the tokens of gate_rules' `tokens`: a JWK set (RFC 7517), at most
   * CURFEW_MAX_GATE_KEYS_BYTES, which replaces the last one. From create until stop. */
  int32_t (*gate_keys)(void* context, curfew_bytes jwks);
  /* CURFEW_OK, once: a token came that none of the last keys had signed, so the issuer is to be asked for its
   * keys anew; poll was woken for it, every few seconds at most. Else CURFEW_NOT_FOUND. From create until
   * stop. */
  int32_t (*gate_keys_wanted)(void* context);
} curfew_host;

typedef struct curfew_create_args {
  uint32_t struct_size;
  uint32_t flags;      /* CURFEW_CREATE_… */
  curfew_bytes source; /* the configured name */
  curfew_bytes
      config; /* JSON object: the source's `settings`, checked against config_schema, secrets resolved */
  curfew_bytes digest_key; /* 32 bytes */
} curfew_create_args;
#define CURFEW_CREATE_RECORDED \
  (UINT32_C(1) << 0) /* recorded input (`audit`): read to the end, then CURFEW_FINISHED */
#define CURFEW_CREATE_TRIAL                                                       \
  (UINT32_C(1) << 1) /* a trial in a child process: don't act on anything outside \
                      */
/* The source is judged by event time: there is no "now" that its records are late to. What it tells comes in
 * order of event time, and observed_until is all that moves the engine. */
#define CURFEW_CREATE_EVENT_TIME (UINT32_C(1) << 2)

/* The connector: what the exported function returns a pointer to. Required members are marked (r). */
typedef struct curfew_connector {
  uint32_t struct_size;           /* (r) */
  uint32_t abi_version;           /* (r) CURFEW_ABI_VERSION */
  uint32_t observation_schema;    /* (r) CURFEW_OBSERVATION_SCHEMA */
  uint32_t config_schema_version; /* (r) the plugin's own, raised when config_schema changes meaning */
  uint64_t capabilities;          /* (r) CURFEW_CAN_… */
  curfew_bytes name;              /* (r) [a-z][a-z0-9_-]{0,31} */
  curfew_bytes version;           /* (r) */
  curfew_bytes description;       /* (r) one line */
  curfew_bytes config_schema;     /* (r) JSON Schema, draft 2020-12, of `settings` */

  /* (r) Makes an instance. No threads, no I/O beyond reading its own configuration. On failure *instance
   * stays NULL and destroy is not called. */
  int32_t (*create)(const curfew_host* host, const curfew_create_args* args, void** instance,
                    curfew_error* error);
  /* (r) Opens files and connections; may start threads. After a failure only destroy follows. */
  int32_t (*start)(void* instance, curfew_error* error);
  /* With CURFEW_CAN_OBSERVE. Emits what there is; may wait inside until `deadline` (wall clock) and returns
   * at once on wake. CURFEW_OK, CURFEW_AGAIN, CURFEW_FINISHED, or an error after which the host waits and
   * polls again. */
  int32_t (*poll)(void* instance, int64_t deadline, curfew_error* error);
  /* (r) Makes a waiting poll return, or the next one that would wait. Any thread, any time between start and
   * stop; must not block. */
  void (*wake)(void* instance);
  /* With any of bits 16..23. CURFEW_OK: the source accepted it; CURFEW_REFUSED, CURFEW_NOT_FOUND,
   * CURFEW_UNAVAILABLE, CURFEW_UNSUPPORTED, CURFEW_FAILED. */
  int32_t (*act)(void* instance, const curfew_action* action, curfew_error* error);
  /* With CURFEW_CAN_PROVE. CURFEW_OK and *liveness, and if it likes a text of what that rests on; an error
   * means "unknown". */
  int32_t (*prove)(void* instance, const curfew_probe* probe, uint32_t* liveness, curfew_error* error);
  /* With CURFEW_CAN_LIST_SESSIONS. Calls host->list for each. */
  int32_t (*list_sessions)(void* instance, curfew_error* error);
  /* With CURFEW_CAN_RECEIVE_HTTP. `answer` is put exactly once, as the bytes of a curfew_http_answer; what
   * that points to must live until put returns. */
  int32_t (*http)(void* instance, const curfew_http_request* request, const curfew_sink* answer,
                  curfew_error* error);
  /* (r) Ends threads and connections; at most the host's limit (10 s). */
  int32_t (*stop)(void* instance, curfew_error* error);
  /* (r) Frees the instance. */
  void (*destroy)(void* instance);
  /* With CURFEW_CAN_INTROSPECT. Asks the issuer about a token of a request that waits at the gate. `answer`
   * is put exactly once, as the bytes of a curfew_token_answer; what that points to must live until put
   * returns. An error means CURFEW_TOKEN_UNKNOWN. */
  int32_t (*introspect)(void* instance, const curfew_presented_token* token, const curfew_sink* answer,
                        curfew_error* error);
  /* With CURFEW_CAN_REVOKE_PRESENTED. Asks the issuer to revoke such a token, of a person who was signed out.
   * CURFEW_OK: the issuer took it, which proves nothing; codes as of act. */
  int32_t (*revoke_presented)(void* instance, const curfew_presented_token* token, curfew_error* error);
} curfew_connector;

typedef const curfew_connector* (*curfew_connector_fn)(void);

#ifdef __cplusplus
}
#define CURFEW_STATIC_ASSERT static_assert
#else
#define CURFEW_STATIC_ASSERT _Static_assert
#endif

/* The layout of 64-bit platforms, the only ones supported. */
CURFEW_STATIC_ASSERT(sizeof(void*) == 8, "64-bit only");
CURFEW_STATIC_ASSERT(sizeof(curfew_bytes) == 16, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_observation, occurred_at) == 8, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_observation, key) == 16, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_observation, session) == 32, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_observation, handle) == 64, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_observation, identifiers) == 80, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_observation, expires_at) == 120, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_observation) == 208, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_progress) == 72, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_action, session) == 24, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_action) == 88, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_probe, ordered_at) == 56, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_probe) == 64, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_host, emit) == 16, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_host, recall_all) == 88, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_host, gate_rules) == 96, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_host, group) == 104, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_host, await_durable) == 112, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_host, gate_keys) == 120, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_host, gate_keys_wanted) == 128, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_host) == 136, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_group, name) == 8, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_group) == 32, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_connector, capabilities) == 16, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_connector, create) == 88, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_connector, destroy) == 160, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_connector) == 184, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_presented_token) == 32, "layout");
CURFEW_STATIC_ASSERT(offsetof(curfew_token_answer, subject) == 40, "layout");
CURFEW_STATIC_ASSERT(sizeof(curfew_token_answer) == 88, "layout");

#endif /* CURFEW_PLUGIN_ABI_H */
