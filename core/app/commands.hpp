// The commands of the program, each a function from its options to an exit code. They print to standard
// output; errors are thrown.
//
//   return app::config_check({.config = "curfew.yaml"});
//
// Threads: one. Owns: nothing. Fails: Error, which command_line.cpp turns into a line and an exit code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace curfew::app {

struct ConfigOptions {
  std::string config;
  bool reference = false;
};
int config_check(const ConfigOptions& options);
int config_show(const ConfigOptions& options);
int config_schema(const ConfigOptions& options);

struct PluginOptions {
  std::string config;
  std::string directory;
  std::string file;
  bool json = false;
};
int plugin_list(const PluginOptions& options);
int plugin_check(const PluginOptions& options);

struct AuditOptions {
  std::string config;
  std::string connector;
  std::string report;     // file; .html and .json are written beside each other
  std::string database;   // URL of a new database; empty: the configured one, else a throw-away cluster
  std::string framework;  // also what the records show of its controls; empty: of none
  bool json = false;
  std::vector<std::string> inputs;
};
int audit(const AuditOptions& options);

struct ServeOptions {
  std::string config;
};
int serve(const ServeOptions& options);

// Where a ledger is: a configuration, or a database.
struct LedgerOptions {
  std::string config;
  std::string database;
  std::string directory;          // verify: an exported ledger or an evidence bundle, in place of a database
  std::string checkpoint;         // verify: file of outside checkpoints
  std::vector<std::string> keys;  // verify: verifier keys that are known from elsewhere
  std::string policies;           // replay: configuration whose policies replace the recorded ones
  bool dry_run = false;           // db migrate
  bool json = false;
};
int verify(const LedgerOptions& options);
int replay(const LedgerOptions& options);
int db_migrate(const LedgerOptions& options);
int db_status(const LedgerOptions& options);

struct ExportOptions {
  std::string config;
  std::string database;
  std::string format = "ndjson";
  std::vector<std::string> events;  // empty: what is told by default
  std::string from;
  std::string to;
  std::string after;  // id of an event: what follows it
  std::string out;    // file; empty or "-": standard output
};
int export_entries(const ExportOptions& options);

// How the daemon is reached.
struct DaemonOptions {
  std::string config;
  std::string url;    // of the daemon; empty: from the configuration
  std::string token;  // file
  std::string ca;     // file; for https, in place of the system's
  bool json = false;
};

struct QueryOptions : DaemonOptions {
  std::string what;  // sessions, subjects, presences, violations, sign-outs, sources, reports
  bool watch = false;
  bool live = false;
  bool held = false;
  bool open = false;
  std::string source;
  std::string policy;
  std::string outcome;
  std::string subject;
  std::string at;
  std::uint32_t limit = 100;
};
int query(const QueryOptions& options);

struct WatchOptions : DaemonOptions {
  std::vector<std::string> sources;
  std::string names;  // why names are shown, for the ledger; empty: references
};
// Until the daemon stays away for two minutes, or nobody reads the output.
int watch(const WatchOptions& options);

// Whom a sign-out is about, as it was said; what is empty was not.
struct SignOutOptions : DaemonOptions {
  std::uint64_t session = 0;
  std::string subject;
  std::string user;
  std::string device;
  std::vector<std::string> sources;
  std::vector<std::string> applications;
  std::vector<std::string> account_types;
  std::vector<std::string> networks;
  std::vector<std::string> sign_ins;
  std::vector<std::string> auth_methods;
  std::vector<std::string> states;
  std::string idle_over;
  std::string older_than;
  std::uint32_t at_most = 0;
  std::vector<std::string> steps;  // "action" or "action@source"
  std::string prove_within;
  std::string reason;
  bool wait = false;
  bool dry_run = false;
};
// 0: all are proven or contained (with --wait), ordered, or would be; 1: not.
int sign_out(const SignOutOptions& options);

// Of sign-outs that are there: `release`, `dismiss`, `show`, `report`.
struct SignOutsOptions : DaemonOptions {
  std::string verb;
  std::vector<std::uint64_t> numbers;
  std::string policy;  // all held ones of it
  std::string reason;
  std::string from;  // of a report
  std::string to;
  bool names = false;
  std::string format = "html";
  std::string out;  // file; empty: standard output
};
int sign_outs(const SignOutsOptions& options);

// What the ledger shows of a framework's controls.
struct ReportOptions : DaemonOptions {
  std::string database;  // URL, in place of the configuration's
  std::string framework = "all";
  std::string from;
  std::string to;
  std::vector<std::string> sources;
  std::vector<std::string> applications;
  std::vector<std::string> account_types;
  std::string at;  // also who was on then
  std::string format = "html";
  std::string out;  // file; empty: standard output
  bool unverified = false;
  bool names = false;
  std::string reason;
  std::string records = "fitting";  // of a bundle: fitting, all, cited
  std::string checkpoint;  // of a bundle: file of outside checkpoints, from which consistency is proven
};
// 3: a control is not satisfied; 4: the ledger is not intact.
int report(const ReportOptions& options);

}  // namespace curfew::app
