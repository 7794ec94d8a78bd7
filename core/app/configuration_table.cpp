#include "core/app/configuration_table.hpp"

#include <chrono>

#include "core/model/policy.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::app {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

template <typename E>
constexpr const auto& names = model::Names<E>::all;

Declare<model::Scope> scope_table(const char* title) {
  Declare<model::Scope> table(title);
  table.texts("sources", &model::Scope::sources, "Names of sources.")
      .texts("applications", &model::Scope::applications, "Applications, as the sources name them.")
      .texts("subjects", &model::Scope::subjects,
             "People or services as `namespace:value`, for instance `upn:alice@corp.test`.")
      .texts("groups", &model::Scope::groups, "Groups. Only known members match.")
      .names_of("account_types", &model::Scope::account_types, names<model::AccountType>, "Kinds of account.")
      .names_of("networks", &model::Scope::networks, names<model::NetworkClass>,
                "Where the session comes from.")
      .names_of("sign_ins", &model::Scope::sign_ins, names<model::Interactivity>,
                "How it began: by somebody at a screen, or silently, as a network logon or a ticket does.");
  return table;
}

Declare<model::LadderStep> ladder_table() {
  using Step = model::LadderStep;
  Declare<Step> table("ladder step");
  table.name_of("action", &Step::action, names<model::Action>, "What to do, mildest first.", true)
      .text("at", &Step::at,
            "The source that carries it out; without it, the session's own. Must be one of its "
            "`acts_through`. Of a "
            "`notify`: the notification.")
      .flag("required", &Step::required, "Whether a source in scope must be able to do it.")
      .flag("together", &Step::together, "Runs with the step before it, not after it.")
      .span("prove_within", &Step::prove_within, seconds(1), hours(24),
            "How long a proof may take before the next step is due.")
      .span("revert_after", &Step::revert_after, microseconds(0), hours(24 * 365),
            "Undo suspend_access, block_sign_in or disable_account after this time; `0s` is never.");
  return table;
}

Declare<model::Shift> shift_table() {
  using model::Shift;
  Declare<Shift> table("shift");
  table.names_of("days", &Shift::days, names<model::Weekday>, "Days on which it begins; none: every day.")
      .text("from", &Shift::from, "Local time, like \"08:00\".", true)
      .text("to", &Shift::to,
            "Local time, like \"18:00\" or \"24:00\"; earlier than `from`: on the next day.", true);
  return table;
}

Declare<model::Policy> policy_table() {
  using model::Policy;
  Declare<Policy> table("policy");
  table.text("name", &Policy::name, "Unique name; it is in violations, metrics and the ledger.", true)
      .name_of("rule", &Policy::rule, names<model::Rule>, "What the policy is about.", true)
      .name_of("mode", &Policy::mode, names<model::PolicyMode>,
               "`observe` records violations; `enforce` also signs out.")
      .object("scope", &Policy::scope, scope_table("scope"),
              "Whom it applies to; an empty list matches everything.")
      .object("except", &Policy::except, scope_table("scope"),
              "Who is exempt: whatever matches any non-empty list.")
      .span("limit", &Policy::limit, seconds(1), hours(24 * 366),
            "session_timeout: longest life, 24h at most unless `safety.longest_session_timeout` says "
            "otherwise. inactivity_timeout: 5m to 24h; `safety.shortest_inactivity_timeout` can allow less. "
            "disabled_account_activity: how long after the change nothing is said. "
            "resume_without_reauthentication: time away that needs no credentials. "
            "reauthentication_interval: longest time without fresh credentials.")
      .span("warn_before", &Policy::warn_before, microseconds(0), hours(24),
            "Warn this long before the limit; `0s` is no warning.")
      .texts("warn_by", &Policy::warn_by,
             "Notifications that carry the warning to people; only while the policy enforces, and within its "
             "caps.")
      .whole("most", &Policy::most, 0, 1'000'000,
             "concurrent_sessions: sessions at once. failed_sign_ins: failures within `window`.")
      .span("window", &Policy::window, microseconds(0), hours(24 * 31),
            "failed_sign_ins: the time in which failures are counted. silent_resign_in: how long after a "
            "sign-out.")
      .name_of("per", &Policy::per, names<model::Per>,
               "concurrent_sessions: what is counted together. silent_resign_in: what the sign-out was from, "
               "`application` unless it is said.")
      .name_of("evict", &Policy::evict, names<model::Evict>,
               "concurrent_sessions, shared_device: which session has to go.")
      .names_of("changes", &Policy::changes, names<model::AccountChangeKind>,
                "disabled_account_activity: what must have happened to the account; none: `disabled`.")
      .names_of("bind", &Policy::bind, names<model::Bond>,
                "session_binding: what of a session must stay as it was; `network` changes only between "
                "local, private and public.")
      .objects("hours", &Policy::hours, shift_table(), "allowed_hours: when sessions may live.")
      .text("zone", &Policy::zone,
            "allowed_hours: the time zone of `hours`, like `Europe/Berlin`; without it, UTC.")
      .flag("hold", &Policy::hold,
            "After a sign-out, end new sessions of the subject at first sight unless fresh credentials came "
            "with them.")
      .texts("controls", &Policy::controls,
             "Compliance controls that it serves, for instance `nist-800-53:ac-12`.")
      .objects("ladder", &Policy::ladder, ladder_table(), "Steps of a sign-out; needed by `enforce`.")
      .whole("most_sign_outs_per_minute", &Policy::most_sign_outs_per_minute, 0, 1'000'000,
             "Cap of this policy; 0 leaves only the cap above all.")
      .accepts(
          "accept", &Policy::accept_unenforceable, "unenforceable",
          "`unenforceable`: enforce although some source in scope can neither carry it out nor prove it.");
  return table;
}

Declare<SourceSettings> source_table() {
  using S = SourceSettings;
  Declare<S> table("source");
  table.text("name", &S::name, "Unique name; letters, digits, `-`, `_`, `.`.", true)
      .text("connector", &S::connector,
            "Name of a connector, or the path of a plugin's .so. Without it, observations are only pushed.")
      .flag("ingest", &S::ingest, "Whether observations may be pushed to it over HTTP.")
      .text("realm", &S::realm, "Its realm; must be this file's.")
      .span("lateness", &S::lateness, microseconds(0), hours(24 * 7),
            "How far behind its newest record others may come.")
      .span("stale_after", &S::stale_after, seconds(1), hours(24 * 366),
            "Silence after which rules about absence stop for its sessions.")
      .span("retry_window", &S::retry_window, minutes(1), hours(24 * 366),
            "Repeats are recognised, and older records refused, this far back.")
      .span("vanished_after", &S::vanished_after, microseconds(0), hours(24 * 366),
            "A session without a sign of life for so long is taken to have ended; `0s` is never.")
      .texts("acts_through", &S::acts_through, "Sources that hold its people's identity and act on them.")
      .texts("may_teach", &S::may_teach,
             "Identifier namespaces whose links it may state; `*` is all of them.")
      .texts("shows_activity_of", &S::shows_activity_of,
             "Other sources whose sessions' activity it can show.")
      .texts("tells_groups", &S::tells_groups,
             "Groups whose members it may tell, for the scopes of policies; the connector must be able to.")
      .texts(
          "open_paths", &S::open_paths,
          "Paths of the connector's own that take POST below `/open/<name>` without a token, on the listener "
          "`sources`: for who can send none, and signs what it says.")
      .json(
          "settings", &S::settings,
          "For the connector; its own schema says what is valid. For a secret `x` write `x_file` or `x_env`.")
      .span("call_limit", &S::call_limit, seconds(1), minutes(10),
            "How long one call into the plugin may take before it is abandoned.")
      .name_of("time", &S::time, names<SourceTime>,
               "`event`: records are a history, judged by the time that they bear, as `audit` does. Such a "
               "source is the only one of its configuration, and nothing is enforced.");
  return table;
}

Declare<GroupSettings> group_table() {
  using G = GroupSettings;
  Declare<G> table("group");
  table.text("name", &G::name, "As scopes of policies name it.", true)
      .texts("members", &G::members, "Identifiers such as `upn:alice@corp.test`.")
      .text("members_file", &G::members_file,
            "File with an identifier on each line; read at the start and at SIGHUP.");
  return table;
}

// What every listener has.
Declare<ListenerSettings> address_table() {
  using L = ListenerSettings;
  Declare<L> table("listener");
  table.text("address", &L::address, "Address to listen on.")
      .whole("port", &L::port, 0, 65'535, "Port; 0 is off.")
      .text("tls_certificate", &L::tls_certificate, "PEM file of the certificate chain; without it, no TLS.")
      .text("tls_key", &L::tls_key, "PEM file of the private key, without a passphrase.")
      .text("tls_client_ca", &L::tls_client_ca,
            "PEM file of the CA that client certificates must come from; without it, none is asked for.")
      .flag("plain_beyond_loopback", &L::plain_beyond_loopback,
            "Serve an address that others can reach without TLS: only behind a proxy that has it.");
  return table;
}

Declare<ListenerSettings> listener_table() {
  Declare<ListenerSettings> table = address_table();
  table.whole("connections_per_address", &ListenerSettings::connections_per_address, 1, 256,
              "Connections that one address may hold at once, of 256; a proxy is one address.");
  return table;
}

Declare<GateSettings> gate_table() {
  using G = GateSettings;
  Declare<G> table("gate");
  table.text("name", &G::name, "Unique name, also among sources: its observations carry it.", true)
      .text("guards", &G::guards, "The source whose sessions it judges.", true)
      .object("listener", &G::listener, address_table(), "Where its proxies ask it.")
      .texts("proxies", &G::proxies,
             "Addresses and networks of the proxies whose X-Original-URI and X-Original-Method are believed. "
             "Default: this machine.")
      .texts("public_paths", &G::public_paths,
             "Paths of the application that need no session, such as `/login` and `/static/*`.")
      .texts("machine_paths", &G::machine_paths,
             "Paths that software asks for by itself: no activity of a person.")
      .texts("machine_headers", &G::machine_headers,
             "Headers (`x-poll`, or `x-requested-with: background`) of requests that software makes by "
             "itself.")
      .word("unknown", &G::unknown, {"allow", "deny", "ask"},
            "What becomes of sessions that Curfew doesn't know: they pass, don't, or the source is asked.")
      .span("ask_within", &G::ask_within, milliseconds(10), seconds(10),
            "How long the source may take to answer.")
      .span("learn_for", &G::learn_for, microseconds(0), hours(24),
            "After a start, unknown sessions pass for so long whatever `unknown` says.")
      .word("fail", &G::fail, {"closed", "open"},
            "While the gate can't know (it starts, the source gave no rules, or does not answer): nothing "
            "passes, or all does.")
      .span("activity_quantum", &G::activity_quantum, seconds(1), minutes(5),
            "One record of activity for each session in this time; inactivity is judged by the engine so "
            "much later.")
      .whole("threads", &G::threads, 1, 64, "Threads that answer.")
      .whole("connections", &G::connections, 16, 1'000'000, "Connections that it holds at once; others wait.")
      .text("sign_in", &G::sign_in,
            "Where the page about a sign-out leads: a path of the application or a URL.")
      .text("pages", &G::pages, "Path at which the proxy serves the gate's own pages.")
      .text("warning_header", &G::warning_header,
            "Header of an answer that says how many seconds are left, once a warning is due.")
      .text("cookie_path", &G::cookie_path, "Path of the cookies that a refusal deletes.")
      .text("cookie_domain", &G::cookie_domain,
            "Domain of the cookies that a refusal deletes; without it, the host's own.");
  return table;
}

Declare<NotificationSettings> notification_table() {
  using N = NotificationSettings;
  Declare<N> table("notification");
  table
      .text("name", &N::name,
            "Unique name, also among the sources: a ladder's step `notify` says `at: NAME`.", true)
      .word("kind", &N::kind, {"webhook", "email"}, "How.", true)
      .text("url", &N::url, "webhook: where to; a POST with JSON. Redirects are not followed.")
      .text("secret_file", &N::secret_file,
            "webhook: file with the secret of the signature, HMAC-SHA-256 over `<timestamp>.<body>`.")
      .text("secret_env", &N::secret_env, "webhook: environment variable with that secret.")
      .text("server", &N::server, "email: the mail server.")
      .whole("port", &N::port, 0, 65'535, "email: its port; 0 is 587 for starttls, 465 for tls, 25 for none.")
      .word("tls", &N::tls, {"starttls", "tls", "none"},
            "email: with `starttls`, a server that does not offer it gets nothing.")
      .word("auth", &N::auth, {"plain", "login"}, "email: how to sign in, if there is a user.")
      .text("user", &N::user, "email: whom to sign in as; without it, nobody.")
      .text("password_file", &N::password_file, "email: file with the password.")
      .text("password_env", &N::password_env, "email: environment variable with the password.")
      .text("from", &N::from, "email: the sender's address.")
      .texts("to", &N::to,
             "email: addresses; `{{name:upn}}` is the person's own, and left out where they have none.")
      .text("subject", &N::subject, "email: the subject, with placeholders.")
      .text("body", &N::body,
            "The text, with placeholders: {{kind}} {{realm}} {{sign_out}} {{step}} {{reason}} {{source}} "
            "{{session}} "
            "{{subject}} {{name}} {{name:NAMESPACE}} {{time}} {{deadline}}. Of a webhook: JSON, with them "
            "inside "
            "texts; without it, an object with all of them.")
      .text("warning_subject", &N::warning_subject,
            "email: the subject of a warning (`warn_by` of a policy).")
      .text("warning_body", &N::warning_body,
            "The text of a warning, with the same placeholders. Without it, mail has one of its own, and a "
            "webhook the same as above.")
      .text("ca_file", &N::ca_file, "PEM file of the CA to believe, in place of the system's.")
      .flag("plain_beyond_loopback", &N::plain_beyond_loopback,
            "Send over http, or without TLS, to other machines: names of people can be read on the way.")
      .whole("attempts", &N::attempts, 1, 10, "How often it is tried; all within 45 s.")
      .span("timeout", &N::timeout, milliseconds(100), seconds(30), "How long one attempt may take.");
  return table;
}

Declare<SharedSignalsSettings> shared_signals_table() {
  using R = SignalReceiverSettings;
  using S = SharedSignalsSettings;
  Declare<R> receiver("receiver");
  receiver.text("name", &R::name, "Unique name; the record of who was told whom carries it.", true)
      .text("token", &R::token,
            "Name of a token of role `receiver`, with which it manages its stream and polls.")
      .texts("audience", &R::audience, "What the events' `aud` says: how the receiver calls itself.")
      .word("about", &R::about, {"session", "subject"},
            "Whether an event is about the one session that was ended, or about all sessions of its person.")
      .texts("names", &R::names,
             "Formats of names that it may be told: `iss_sub`, `email`, `account`, `phone_number`. Without "
             "any, a reference stands for the person.")
      .flag("session_handle", &R::session_handle,
            "Tell the session's id at its source, where the source says that it is no credential; else its "
            "digest.")
      .flag("reason", &R::reason, "Tell the reason: the policy's name, or what the operator wrote.")
      .text("reason_language", &R::reason_language, "Language of the reasons, as in `de` or `en-GB`.")
      .word("delivery", &R::delivery, {"managed", "push", "poll"},
            "`managed`: the receiver makes its stream itself; else it is there from the first start on.")
      .text("push_url", &R::push_url, "Of `push`: where to.")
      .text("push_token_file", &R::push_token_file,
            "Of `push`: file with what is shown as `Authorization: Bearer`.")
      .text("push_token_env", &R::push_token_env, "Of `push`: environment variable with it.")
      .texts("push_to", &R::push_to,
             "Of `managed`: what the URLs must begin with that the receiver may be pushed to, as in "
             "`https://crm.corp.test/`. Without any, it polls.")
      .text("ca_file", &R::ca_file, "PEM file of the CA to believe when pushing, in place of the system's.");
  Declare<S> table("shared signals");
  table
      .text("issuer", &S::issuer,
            "URL at which receivers reach the listener `sources`, without a path; without it, nothing is "
            "transmitted.")
      .text("key_folder", &S::key_folder,
            "Folder of the keys that sign; the first is made. Default: `signal-keys` in the data directory.")
      .span("key_lifetime", &S::key_lifetime, microseconds(0), hours(24 * 3660),
            "After this another key is made and signs; `0s` is never.")
      .span("key_overlap", &S::key_overlap, hours(1), hours(24 * 366),
            "How long the key before it stays published.")
      .word("default_subjects", &S::default_subjects, {"all", "none"},
            "Whom a new stream is about: everybody but those whom its receiver removes, or nobody but those "
            "whom it adds.")
      .objects("receivers", &S::receivers, std::move(receiver), "Who is told, and what of it.");
  return table;
}

Declare<ExportTargetSettings> export_table() {
  using E = ExportTargetSettings;
  Declare<E> table("export");
  table.text("name", &E::name, "Unique name; the place in the ledger is kept under it.", true)
      .word("kind", &E::kind, {"file", "syslog", "http"}, "Where to.", true)
      .word("format", &E::format, {"ndjson", "ocsf", "ecs", "cef"}, "How an entry is written.")
      .texts("events", &E::events,
             "Kinds of entries, as in `docs/exports.md`; `all`, `default`. Without any: `default`.")
      .word("start", &E::start, {"beginning", "end"},
            "Of a new export: with the whole ledger, or with what comes from now on.")
      .flag("names", &E::names,
            "Also the personal values that references stand for; each telling is recorded in the ledger.")
      .text("path", &E::path, "file: where; its folder must exist.")
      .whole("rotate_at", &E::rotate_at, 0, 1'048'576,
             "file: MiB after which a new file is begun; `0` is never.")
      .whole("keep", &E::keep, 0, 1'000'000, "file: how many rotated files stay; `0` is all.")
      .word("mode", &E::mode, {"0600", "0640", "0644"}, "file: who may read it.")
      .text("host", &E::host, "syslog: the receiver's name or address.")
      .whole("port", &E::port, 0, 65'535, "syslog: its port; 0 is 6514 with TLS, 514 without.")
      .flag("tls", &E::tls, "syslog: TLS; without it, only to this machine.")
      .whole("facility", &E::facility, 0, 23, "syslog: the facility's number; 10 is authpriv, 13 is audit.")
      .text("data_id", &E::data_id, "syslog: the SD-ID under which id, stream and sequence stand.")
      .span("settle", &E::settle, milliseconds(10), seconds(30),
            "syslog: how long the connection must stand after all was acknowledged.")
      .text("url", &E::url, "http: where to; a POST. Redirects are not followed.")
      .word("body", &E::body, {"lines", "array", "hec", "bulk"},
            "http: one JSON document a line, one array, Splunk's collector, Elasticsearch's `_bulk`.")
      .text("index", &E::index, "http, `bulk`: the index or data stream; without it, the URL says it.")
      .text("scheme", &E::scheme, "http: the word before the token, as in `Bearer`, `Splunk`, `ApiKey`.")
      .text("token_file", &E::token_file, "http: file with the token.")
      .text("token_env", &E::token_env, "http: environment variable with it.")
      .text("user", &E::user, "http: whom to sign in as, in place of a token.")
      .text("password_file", &E::password_file, "http: file with that user's password.")
      .text("password_env", &E::password_env, "http: environment variable with it.")
      .flag("gzip", &E::gzip, "http: compress the bodies.")
      .whole("batch_events", &E::batch_events, 1, 10'000, "http: most events of a request.")
      .whole("batch_bytes", &E::batch_bytes, 1'000, 16'000'000,
             "http: most bytes of a request, uncompressed.")
      .text("ca_file", &E::ca_file, "syslog, http: PEM file of the CA to believe, in place of the system's.")
      .text("certificate_file", &E::certificate_file, "syslog, http: PEM file of our own certificate.")
      .text("key_file", &E::key_file, "syslog, http: PEM file of its key.")
      .span("timeout", &E::timeout, milliseconds(100), seconds(60),
            "syslog, http: how long one attempt may take.");
  return table;
}

Declare<ReportSettings> report_table() {
  using R = ReportSettings;
  Declare<R> table("report");
  table.text("name", &R::name, "Unique name; file names, mails and the ledger carry it.", true)
      .texts("frameworks", &R::frameworks, "Ids of frameworks (docs/compliance.md), or `all`.")
      .word("period", &R::period, {"day", "week", "month", "quarter"},
            "What a report is about: the calendar's last one, from Monday on for a week.")
      .text("time_zone", &R::time_zone, "Whose calendar and clock, as in `Europe/Berlin`.")
      .whole("day", &R::day, 1, 28, "On which day after the period's end it is made; 1 is the first.")
      .text("at", &R::at, "At what time of that day, as in `06:00`.")
      .texts("formats", &R::formats,
             "Formats of the files: `html`, `pdf`, `json`, `csv`, `exceptions-csv`, `oscal`.")
      .texts("sources", &R::sources, "Only sessions of these sources; without any, of all.")
      .texts("applications", &R::applications, "Only sessions of these applications; without any, of all.")
      .text("folder", &R::folder,
            "Where the files are put. Default: `reports/` and the name, in the data directory.")
      .texts("mail_to", &R::mail_to, "Names of lists of `report_mail` that it is mailed to.");
  return table;
}

Declare<ReportMailSettings> report_mail_table() {
  using M = ReportMailSettings;
  Declare<RecipientList> list("list");
  list.text("name", &RecipientList::name, "Unique name; the ledger carries it, and no address.", true)
      .texts("to", &RecipientList::to, "Mail addresses.");
  Declare<M> table("report mail");
  table.text("server", &M::server, "The mail server; without it, nothing is mailed.")
      .whole("port", &M::port, 0, 65'535, "Its port; 0 is 587 for starttls, 465 for tls, 25 for none.")
      .word(
          "tls", &M::tls, {"starttls", "tls", "none"},
          "With `starttls`, a server that does not offer it gets nothing. `none` is for this machine alone.")
      .text("ca_file", &M::ca_file, "PEM file of the CA to believe, in place of the system's.")
      .word("auth", &M::auth, {"plain", "login"}, "How to sign in, if there is a user.")
      .text("user", &M::user, "Whom to sign in as; without it, nobody.")
      .text("password_file", &M::password_file, "File with the password.")
      .text("password_env", &M::password_env, "Environment variable with the password.")
      .text("from", &M::from, "The sender's address.")
      .objects("lists", &M::lists, std::move(list), "Lists of recipients.")
      .whole("largest_kib", &M::largest_kib, 64, 102'400,
             "Files that are larger in all are not attached: the mail says where they are.")
      .text("link", &M::link,
            "What such a mail puts before a file's name, as in `https://files.corp.test/curfew/`.")
      .whole("attempts", &M::attempts, 1, 100, "How often it is tried.")
      .span("retry_after", &M::retry_after, seconds(1), hours(4),
            "Pause after the first failure; each is twice as long as the one before, at most four hours.")
      .span("timeout", &M::timeout, milliseconds(100), minutes(5), "How long the server may take to answer.");
  return table;
}

Table build() {
  Declare<DatabaseSettings> database("database");
  database
      .text("url", &DatabaseSettings::url,
            "postgresql:// URL without a password; without it, Curfew runs its own cluster in the data "
            "directory.")
      .text("password_file", &DatabaseSettings::password_file, "File with the password.")
      .text("password_env", &DatabaseSettings::password_env, "Environment variable with the password.");
  Declare<LedgerSettings> ledger("ledger");
  ledger
      .text("key_file", &LedgerSettings::key_file,
            "Private key that signs checkpoints; made at the first start. Default: `ledger.key` in the data "
            "directory.")
      .text("outside_checkpoints", &LedgerSettings::outside_checkpoints,
            "File outside the data directory to which each checkpoint is appended. Without one, `verify` "
            "can't exclude that the tail was cut.")
      .whole("batch_entries", &LedgerSettings::batch_entries, 1, 100'000, "Most entries in one commit.")
      .span("batch_time", &LedgerSettings::batch_time, milliseconds(1), seconds(10),
            "Longest wait before a commit.")
      .whole("snapshot_every", &LedgerSettings::snapshot_every, 1'000, 1'000'000'000,
             "Entries between two snapshots of the state.");
  Declare<ListenersSettings> listeners("listeners");
  listeners
      .object("operator", &ListenersSettings::operator_listener, listener_table(), "API, metrics, health.")
      .object("sources", &ListenersSettings::sources, listener_table(),
              "Ingest, and what connectors receive.");
  Declare<TokenSettings> token("token");
  token.text("name", &TokenSettings::name, "Who it is; commands in the ledger carry it.", true)
      .word("role", &TokenSettings::role,
            {"viewer", "auditor", "operator", "admin", "erasure_officer", "ingest", "receiver"},
            "What it may do.", true)
      .text("token_file", &TokenSettings::token_file, "File with the token.")
      .flag("create", &TokenSettings::create, "Make token_file, with a new token in it, if it isn't there.")
      .text("token_env", &TokenSettings::token_env, "Environment variable with the token.")
      .text("sha256", &TokenSettings::sha256, "SHA-256 of the token, in hex, in place of the token.")
      .texts("sources", &TokenSettings::sources,
             "Of role ingest: the sources that it may push to; without it, all.");
  Declare<DomainLink> domain("domain");
  domain.text("domain", &DomainLink::domain, "Windows domain (`CORP`).", true)
      .text("upn_suffix", &DomainLink::upn_suffix, "Its UPN suffix (`corp.test`).", true);
  Declare<AliasLink> alias("alias");
  alias.text("from", &AliasLink::from, "`namespace:value`.", true)
      .text("to", &AliasLink::to, "`namespace:value`.", true);
  Declare<LinkSettings> links("links");
  links
      .objects("domains", &LinkSettings::domains, std::move(domain),
               "DOMAIN\\name and name@suffix are one person.")
      .objects("aliases", &LinkSettings::aliases, std::move(alias), "Two names of one person.")
      .flag("case_sensitive", &LinkSettings::case_sensitive,
            "Whether names that differ only in case are different.");
  Declare<SafetySettings> safety("safety");
  safety
      .whole("most_sign_outs_per_minute", &SafetySettings::most_sign_outs_per_minute, 0, 1'000'000,
             "Cap above all policies; what it holds back waits, visibly. Needed by `enforce`.")
      .whole("approve_above", &SafetySettings::approve_above, 0, 1'000'000,
             "An order that hits more sessions waits for a second person; 0 is off.")
      .texts("protected_accounts", &SafetySettings::protected_accounts,
             "Never signed out, as `namespace:value`. `enforce` needs at least one.")
      .span("longest_session_timeout", &SafetySettings::longest_session_timeout, minutes(1), hours(24 * 366),
            "Upper bound for the limit of session_timeout.")
      .span("shortest_inactivity_timeout", &SafetySettings::shortest_inactivity_timeout, seconds(1),
            minutes(1440),
            "Lower bound for the limit of inactivity_timeout: less than `5m` is for trying things out.");
  Declare<PostureSettings> posture("posture");
  posture
      .span("every", &PostureSettings::every, microseconds(0), hours(4),
            "How often; `0s` is never. One that took long is followed by a pause of 19 times that length.")
      .span("period", &PostureSettings::period, hours(1), hours(24 * 366),
            "The time before now that the status is about.")
      .span("time_limit", &PostureSettings::time_limit, seconds(1), minutes(15),
            "How long one evaluation may take; one that takes longer is given up, and the status stays as it "
            "was.");
  Declare<LogSettings> log("log");
  log.word("level", &LogSettings::level, {"debug", "info", "warning", "error"}, "The least that is logged.");

  Declare<Settings> root("curfew");
  root.text("version", &Settings::version,
            "Your own version of the policies; without it, their digest stands for it.")
      .text("realm", &Settings::realm,
            "Name of the realm: the sources whose people and limits are judged together.")
      .text("node", &Settings::node, "Name of this node in the ledger's origin; without it, the host's name.")
      .text("data", &Settings::data, "Data directory.")
      .text("plugins", &Settings::plugins,
            "Folder of the connector plugins; without it, the one that came with the program.")
      .object("database", &Settings::database, std::move(database), "Where the ledger is stored.")
      .object("ledger", &Settings::ledger, std::move(ledger), "Signing, batching, snapshots.")
      .object("listeners", &Settings::listeners, std::move(listeners), "HTTP.")
      .objects("tokens", &Settings::tokens, std::move(token), "Who may use the API.")
      .objects("sources", &Settings::sources, source_table(), "Configured auth systems.")
      .objects("gates", &Settings::gates, gate_table(), "Gates that reverse proxies ask.")
      .object("links", &Settings::links, std::move(links), "Which names are one person.")
      .texts("private_networks", &Settings::private_networks,
             "CIDR blocks that are private beside RFC 1918 and unique local addresses.")
      .objects("groups", &Settings::groups, group_table(),
               "Groups that no source tells. Their members are told at the start and at SIGHUP.")
      .objects("policies", &Settings::policies, policy_table(),
               "The rules. Without this key: observing rules for humans.")
      .object("safety", &Settings::safety, std::move(safety), "What stands above all policies.")
      .objects("notifications", &Settings::notifications, notification_table(),
               "Whom a ladder's step `notify`, and a policy's warning, tells.")
      .object("shared_signals", &Settings::shared_signals, shared_signals_table(),
              "Proven sign-outs, told to other products as Shared Signals.")
      .objects("exports", &Settings::exports, export_table(), "Where ledger entries are exported to.")
      .objects("reports", &Settings::reports, report_table(),
               "Compliance reports that are made by themselves.")
      .object("report_mail", &Settings::report_mail, report_mail_table(), "How and to whom they are mailed.")
      .object("posture", &Settings::posture, std::move(posture),
              "The status of the compliance controls, as a metric.")
      .span("clock_jump", &Settings::clock_jump, seconds(1), hours(1),
            "A forward jump of the clock beyond this is recorded, and what it alone would fire waits for "
            "approval.")
      .whole("queue", &Settings::queue, 16, 10'000'000,
             "Observations that may wait for the engine before sources are slowed.")
      .object("log", &Settings::log, std::move(log), "Logging.");
  return std::move(root).take();
}

}  // namespace

const Table& configuration_table() {
  static const Table table = build();
  return table;
}

}  // namespace curfew::app
