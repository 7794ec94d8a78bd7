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
  std::string report;    // file; .html and .json are written beside each other
  std::string database;  // URL of a new database; empty: the configured one, else a throw-away cluster
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
  std::string directory;          // verify: an exported ledger, in place of a database
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

struct QueryOptions {
  std::string what;  // sessions, subjects, violations, sources
  std::string config;
  std::string url;    // of the daemon; empty: from the configuration
  std::string token;  // file
  std::string ca;     // file; for https, in place of the system's
  bool json = false;
  bool watch = false;
  bool live = false;
  bool names = false;
  std::string source;
  std::string policy;
  std::uint32_t limit = 100;
};
int query(const QueryOptions& options);

}  // namespace curfew::app
