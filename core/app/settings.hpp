// The configuration as values: what one YAML file and its conf.d amount to.
//
//   app::Settings settings = app::load_configuration("/etc/curfew/curfew.yaml");
//
// The keys, their texts and bounds are declared once, in configuration_table.cpp; docs/configuration.md and
// the JSON Schema come from there. Threads: values. Owns: itself. Fails: never by itself.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/policy.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::app {

// Where a value stands in the configuration. Lines and columns count from 1.
struct Mark {
  std::string file;
  int line = 0;
  int column = 0;
};

// What "now" is for a source's records: the clock when they come, or the time that they bear.
enum class SourceTime : std::uint8_t { Arrival, Event };

struct SourceSettings {
  std::string name;
  std::string connector;  // name of a plugin, or path of its .so; empty: it is only pushed to
  bool ingest = false;    // observations may be pushed to it over HTTP
  std::string realm;      // empty: the realm of this file
  Duration lateness{std::chrono::seconds(5)};
  Duration stale_after{std::chrono::minutes(10)};
  Duration retry_window{std::chrono::hours(24)};
  Duration vanished_after{std::chrono::hours(24 * 7)};
  std::vector<std::string> acts_through;
  std::vector<std::string> may_teach;
  std::vector<std::string> shows_activity_of;
  std::vector<std::string> tells_groups;
  std::vector<std::string> open_paths;  // POST without a token of ours, as who asks signs what is said
  std::string settings = "{}";          // JSON object for the plugin; secrets named by file or environment
  Duration call_limit{std::chrono::seconds(10)};
  SourceTime time = SourceTime::Arrival;
};

struct DomainLink {
  std::string domain;
  std::string upn_suffix;
};
struct AliasLink {
  std::string from;
  std::string to;
};
struct LinkSettings {
  std::vector<DomainLink> domains;
  std::vector<AliasLink> aliases;
  bool case_sensitive = false;
};

// A group that no directory knows.
struct GroupSettings {
  std::string name;
  std::vector<std::string> members;  // namespace:value
  std::string members_file;          // one a line
};

struct SafetySettings {
  std::uint32_t most_sign_outs_per_minute = 0;
  std::uint32_t approve_above = 0;
  std::vector<std::string> protected_accounts;
  Duration longest_session_timeout{std::chrono::minutes(1440)};
  Duration shortest_inactivity_timeout{std::chrono::minutes(5)};
};

struct ListenerSettings {
  std::string address = "127.0.0.1";
  std::uint32_t port = 0;  // 0: off
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_client_ca;  // empty: clients need no certificate
  bool plain_beyond_loopback = false;
  std::uint32_t connections_per_address = 128;
};
struct ListenersSettings {
  ListenerSettings operator_listener = on_port(8470);
  ListenerSettings sources;

 private:
  static ListenerSettings on_port(std::uint32_t port) {
    ListenerSettings listener;
    listener.port = port;
    return listener;
  }
};

struct GateSettings {
  std::string name;
  std::string guards;  // the source whose sessions it judges
  ListenerSettings listener = on_port(8471);
  std::vector<std::string> proxies{"127.0.0.1", "::1"};
  std::vector<std::string> public_paths;
  std::vector<std::string> machine_paths;
  std::vector<std::string> machine_headers;
  std::string unknown = "allow";
  Duration ask_within{std::chrono::milliseconds(400)};
  Duration learn_for{0};
  std::string fail = "closed";
  Duration activity_quantum{std::chrono::seconds(10)};
  std::uint32_t threads = 2;
  std::uint32_t connections = 20'000;
  std::string sign_in = "/";
  std::string pages = "/curfew/";
  std::string warning_header = "X-Curfew-Warning";
  std::string cookie_path = "/";
  std::string cookie_domain;

 private:
  static ListenerSettings on_port(std::uint32_t port) {
    ListenerSettings listener;
    listener.port = port;
    return listener;
  }
};

struct TokenSettings {
  std::string name;
  std::string role;
  std::string token_file;
  std::string token_env;
  bool create = false;  // make token_file with a new token if it isn't there
  std::string sha256;   // of the token, hex: for who does not want the token itself on this machine
  std::vector<std::string> sources;  // of role ingest: for which sources; empty: all
};

struct LedgerSettings {
  std::string key_file;             // empty: ledger.key in the data directory
  std::string outside_checkpoints;  // file outside the data directory; empty: none
  std::uint32_t batch_entries = 5'000;
  Duration batch_time{std::chrono::milliseconds(20)};
  std::uint64_t snapshot_every = 2'000'000;
};

struct DatabaseSettings {
  std::string url;  // empty: the embedded cluster in the data directory
  std::string password_file;
  std::string password_env;
};

// Somebody to tell, by a ladder's step `notify`.
struct NotificationSettings {
  std::string name;
  std::string kind;
  bool plain_beyond_loopback = false;
  std::string ca_file;
  std::string body;
  std::string warning_body;
  std::uint32_t attempts = 3;
  Duration timeout{std::chrono::seconds(10)};
  // webhook
  std::string url;
  std::string secret_file;
  std::string secret_env;
  // email
  std::string server;
  std::uint32_t port = 0;  // 0: that of `tls`
  std::string tls = "starttls";
  std::string auth = "plain";
  std::string user;
  std::string password_file;
  std::string password_env;
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string warning_subject;
};

// Somebody to whom proven sign-outs are told as Shared Signals.
struct SignalReceiverSettings {
  std::string name;
  std::string token;  // name of a token of role receiver
  std::vector<std::string> audience;
  std::string about = "session";
  std::vector<std::string> names;  // formats of subject identifiers
  bool session_handle = false;
  bool reason = false;
  std::string reason_language = "en";
  std::string delivery = "managed";
  std::string push_url;
  std::string push_token_file;
  std::string push_token_env;
  std::vector<std::string> push_to;
  std::string ca_file;
};
struct SharedSignalsSettings {
  std::string issuer;      // empty: nothing is transmitted
  std::string key_folder;  // empty: signal-keys in the data directory
  Duration key_lifetime{std::chrono::hours(24 * 90)};
  Duration key_overlap{std::chrono::hours(24 * 7)};
  std::string default_subjects = "all";
  std::vector<SignalReceiverSettings> receivers;
};

// Where ledger entries are exported to, and how.
struct ExportTargetSettings {
  std::string name;
  std::string kind;
  std::string format = "ndjson";
  std::vector<std::string> events;  // empty: what is told by default
  std::string start = "beginning";
  bool names = false;
  // file
  std::string path;
  std::uint32_t rotate_at = 0;  // MiB; 0: never
  std::uint32_t keep = 0;
  std::string mode = "0640";
  // syslog
  std::string host;
  std::uint32_t port = 0;  // 0: 6514 with TLS, 514 without
  bool tls = true;
  std::uint32_t facility = 10;
  std::string data_id = "curfew@32473";
  Duration settle{std::chrono::milliseconds(200)};
  // http
  std::string url;
  std::string body = "lines";
  std::string index;
  std::string scheme = "Bearer";
  std::string token_file;
  std::string token_env;
  std::string user;
  std::string password_file;
  std::string password_env;
  bool gzip = false;
  std::uint32_t batch_events = 500;
  std::uint32_t batch_bytes = 1'000'000;
  // syslog and http
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  Duration timeout{std::chrono::seconds(10)};
};

// A compliance report that is made by itself.
struct ReportSettings {
  std::string name;
  std::vector<std::string> frameworks;
  std::string period = "month";
  std::string time_zone = "Etc/UTC";
  std::uint32_t day = 1;  // after the period's end, from 1
  std::string at = "06:00";
  std::vector<std::string> formats;
  std::vector<std::string> sources;
  std::vector<std::string> applications;
  std::string folder;                // empty: reports/<name> in the data directory
  std::vector<std::string> mail_to;  // names of lists
};
struct RecipientList {
  std::string name;
  std::vector<std::string> to;
};
struct ReportMailSettings {
  std::string server;      // empty: nothing is mailed
  std::uint32_t port = 0;  // 0: that of `tls`
  std::string tls = "starttls";
  std::string ca_file;
  std::string auth = "plain";
  std::string user;
  std::string password_file;
  std::string password_env;
  std::string from;
  std::vector<RecipientList> lists;
  std::uint32_t largest_kib = 10'240;
  std::string link;
  std::uint32_t attempts = 20;
  Duration retry_after{std::chrono::minutes(5)};
  Duration timeout{std::chrono::seconds(30)};
};

// How often the status of the compliance controls is evaluated, and of which time.
struct PostureSettings {
  Duration every{std::chrono::minutes(15)};  // 0: never
  // A whole week: no weekend makes it "no data", and what was remedied is gone from it a week later.
  Duration period{std::chrono::hours(24 * 7)};
  Duration time_limit{std::chrono::minutes(10)};
};

struct LogSettings {
  std::string level = "info";
};

struct Settings {
  std::string version;  // of the policies, chosen by the operator
  std::string realm = "default";
  std::string node;  // empty: the host's name
  std::string data = "/var/lib/curfew";
  std::string plugins;  // folder of the plugins; empty: beside the program
  DatabaseSettings database;
  LedgerSettings ledger;
  ListenersSettings listeners;
  std::vector<TokenSettings> tokens;
  std::vector<SourceSettings> sources;
  std::vector<GateSettings> gates;
  LinkSettings links;
  std::vector<GroupSettings> groups;
  std::vector<std::string> private_networks;
  std::vector<model::Policy> policies;
  SafetySettings safety;
  std::vector<NotificationSettings> notifications;
  SharedSignalsSettings shared_signals;
  std::vector<ExportTargetSettings> exports;
  std::vector<ReportSettings> reports;
  ReportMailSettings report_mail;
  PostureSettings posture;
  Duration clock_jump{std::chrono::seconds(30)};
  std::uint32_t queue = 65'536;
  LogSettings log;

  // Where each value was said, by path ("policies[2].limit"): for errors found after reading.
  std::map<std::string, Mark> marks;
  std::vector<std::string> files;  // that were read, in order

  [[nodiscard]] bool says(const std::string& path) const { return marks.contains(path); }
};

}  // namespace curfew::app

namespace curfew::model {
template <>
struct Names<app::SourceTime> {
  static constexpr std::array<std::string_view, 2> all{"arrival", "event"};
};
}  // namespace curfew::model
