#include "core/app/command_line.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <functional>

#include "core/app/commands.hpp"
#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/connector/abi_version.hpp"
#include "core/report/compliance_formats.hpp"

namespace curfew::app {
namespace {

constexpr const char* default_config = "/etc/curfew/curfew.yaml";

int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Usage:
      return exit_usage;
    case ErrorKind::Configuration:
      return exit_configuration;
    case ErrorKind::Input:
    case ErrorKind::Unavailable:
    case ErrorKind::Corrupt:
    case ErrorKind::Internal:
      break;
  }
  return exit_failed;
}

int complain(const char* text, int code) {
  std::fprintf(stderr, "curfew: %s\n", text);
  return code;
}

// Each command sets `chosen`; it runs after the whole line was understood.
struct Commands {
  std::function<int()> chosen;
  ConfigOptions config;
  PluginOptions plugin;
  AuditOptions audit;
  ServeOptions serve;
  LedgerOptions ledger;
  QueryOptions query;
  WatchOptions watch;
  SignOutOptions sign_out;
  SignOutsOptions sign_outs;
  ReportOptions report;
  ExportOptions export_entries;
};

void add_config_option(CLI::App* command, std::string& config, const char* fallback) {
  config = fallback;
  command->add_option("--config,-c", config, "Configuration file")->capture_default_str();
}

void add_config(CLI::App& app, Commands& commands) {
  CLI::App* config = app.add_subcommand("config", "Look at a configuration");
  config->require_subcommand(1);
  CLI::App* check = config->add_subcommand("check", "Say what it amounts to, or what is wrong");
  CLI::App* show = config->add_subcommand("show", "Print it with its defaults, without secrets");
  CLI::App* schema = config->add_subcommand("schema", "Print the JSON Schema");
  for (CLI::App* one : {check, show}) {
    add_config_option(one, commands.config.config, default_config);
    one->add_option("file", commands.config.config, "Configuration file");
  }
  schema->add_flag("--reference", commands.config.reference, "Print the reference page in place of it");
  check->callback([&] { commands.chosen = [&] { return config_check(commands.config); }; });
  show->callback([&] { commands.chosen = [&] { return config_show(commands.config); }; });
  schema->callback([&] { commands.chosen = [&] { return config_schema(commands.config); }; });
}

void add_plugin(CLI::App& app, Commands& commands) {
  CLI::App* plugin = app.add_subcommand("plugin", "Look at connector plugins");
  plugin->require_subcommand(1);
  CLI::App* list = plugin->add_subcommand("list", "What each connector can do");
  list->add_option("--directory", commands.plugin.directory, "Folder of plugins");
  list->add_flag("--json", commands.plugin.json, "For machines");
  CLI::App* check = plugin->add_subcommand("check", "Test a plugin against the contract");
  check->add_option("file", commands.plugin.file, "The plugin's .so")->required();
  check->add_option("--settings", commands.plugin.config, "JSON settings to try it with");
  check->add_flag("--json", commands.plugin.json, "For machines");
  list->callback([&] { commands.chosen = [&] { return plugin_list(commands.plugin); }; });
  check->callback([&] { commands.chosen = [&] { return plugin_check(commands.plugin); }; });
}

void add_run(CLI::App& app, Commands& commands) {
  CLI::App* serve_command = app.add_subcommand("serve", "Run the daemon");
  add_config_option(serve_command, commands.serve.config, default_config);
  serve_command->callback([&] { commands.chosen = [&] { return serve(commands.serve); }; });

  CLI::App* audit_command =
      app.add_subcommand("audit", "Recorded logs in; sessions, violations and a report out");
  AuditOptions& options = commands.audit;
  audit_command->add_option("--config,-c", options.config,
                            "Configuration file; without it, observing defaults");
  audit_command->add_option("--connector", options.connector,
                            "Connector that reads the input; without it, told by what the files hold");
  audit_command->add_option("--report", options.report,
                            "Write the report there, as HTML and as JSON beside it");
  audit_command->add_option("--database", options.database,
                            "URL of an empty database; without it, a throw-away cluster");
  audit_command->add_option("--framework", options.framework,
                            "Also what it shows of the controls of a framework (docs/compliance.md), or all");
  audit_command->add_flag("--json", options.json, "Print the result as JSON");
  audit_command->add_option("input", options.inputs, "Files or folders");
  audit_command->callback([&] { commands.chosen = [&] { return audit(options); }; });
}

void add_ledger(CLI::App& app, Commands& commands) {
  LedgerOptions& options = commands.ledger;
  const auto where = [&](CLI::App* command) {
    add_config_option(command, options.config, "");
    command->add_option("--database", options.database, "URL of the database, in place of a configuration");
    command->add_flag("--json", options.json, "For machines");
  };
  CLI::App* verify_command = app.add_subcommand("verify", "Is the ledger whole and unchanged?");
  where(verify_command);
  verify_command->add_option(
      "directory", options.directory,
      "An exported ledger, or an evidence bundle (docs/verify-it-yourself.md), in place "
      "of a database");
  verify_command->add_option("--checkpoint", options.checkpoint, "File with outside checkpoints");
  verify_command
      ->add_option("--key", options.keys,
                   "Verifier key known from elsewhere; may be repeated. Without it, those in the ledger are "
                   "believed")
      ->allow_extra_args(false);
  verify_command->callback([&] { commands.chosen = [&] { return verify(options); }; });
  CLI::App* replay_command = app.add_subcommand("replay", "Recompute every decision from the ledger");
  where(replay_command);
  replay_command->add_option("--policies", options.policies,
                             "Configuration whose policies replace the recorded ones");
  replay_command->callback([&] { commands.chosen = [&] { return replay(options); }; });
  CLI::App* db = app.add_subcommand("db", "The database's schema");
  db->require_subcommand(1);
  CLI::App* migrate = db->add_subcommand("migrate", "Bring it up to this version");
  CLI::App* status = db->add_subcommand("status", "Which steps were taken");
  where(migrate);
  where(status);
  migrate->add_flag("--dry-run", options.dry_run, "Do it all on the server, say it, and take it back");
  migrate->callback([&] { commands.chosen = [&] { return db_migrate(options); }; });
  status->callback([&] { commands.chosen = [&] { return db_status(options); }; });
}

void add_daemon_options(CLI::App* command, DaemonOptions& options) {
  add_config_option(command, options.config, default_config);
  command->add_option("--url", options.url, "The daemon's operator listener");
  command->add_option("--token-file", options.token, "File with the API token");
  command->add_option("--ca", options.ca, "PEM file of the CA of an https URL");
  command->add_flag("--json", options.json, "For machines");
}

void add_sign_out(CLI::App& app, Commands& commands) {
  SignOutOptions& options = commands.sign_out;
  CLI::App* command = app.add_subcommand("sign-out", "Sign people out, and watch the proof");
  add_daemon_options(command, options);
  command->add_option("--session", options.session, "One session, by its number");
  command->add_option("--subject", options.subject, "Of a person, by their reference");
  command->add_option("--user", options.user, "Of a person, by name: upn:alice@corp.test");
  command->add_option("--device", options.device, "On a device, by its name or reference");
  command->add_option("--source", options.sources, "At this source; may be repeated");
  command->add_option("--application", options.applications, "In this application; may be repeated");
  command->add_option("--account-type", options.account_types, "human, service, computer, shared, unknown");
  command->add_option("--network", options.networks, "local, private, public, unknown");
  command->add_option("--sign-in", options.sign_ins, "interactive, silent, unknown");
  command->add_option("--auth-method", options.auth_methods, "password, kerberos, oidc, …");
  command->add_option("--state", options.states, "active, locked, paused");
  command->add_option("--idle-over", options.idle_over, "Without activity of a person for longer: 1h");
  command->add_option("--older-than", options.older_than, "Began longer ago: 12h");
  command->add_option("--at-most", options.at_most, "Refuse it as a whole if it would hit more sessions");
  command->add_option("--step", options.steps,
                      "A ladder step, action or action@source; may be repeated. Without: sign_out_session");
  command->add_option("--prove-within", options.prove_within,
                      "How long each step may take to be proven: 30s");
  command->add_option("--reason", options.reason, "Why; it goes into the ledger");
  command->add_flag("--wait", options.wait, "Show each step as it happens, until the outcome");
  command->add_flag("--dry-run", options.dry_run,
                    "Only say whom it would hit, and what it would end besides");
  command->callback([&options, &commands] { commands.chosen = [&options] { return sign_out(options); }; });
}

void add_sign_outs(CLI::App* list, Commands& commands) {
  SignOutsOptions& options = commands.sign_outs;
  list->require_subcommand(0, 1);
  const auto add = [&](const char* verb, const char* help) {
    CLI::App* command = list->add_subcommand(verb, help);
    add_daemon_options(command, options);
    command->add_option("number", options.numbers, "Numbers of sign-outs");
    command->callback([&options, &commands, verb] {
      options.verb = verb;
      commands.chosen = [&options] { return sign_outs(options); };
    });
    return command;
  };
  add("show", "One sign-out with its steps");
  CLI::App* report = add("report", "Each with its steps, proof and time to effect");
  report->add_option("--from", options.from, "Ordered at or after: 2026-11-01T00:00:00Z");
  report->add_option("--to", options.to, "Ordered before");
  report->add_option("--format", options.format, "html or json")->check(CLI::IsMember({"html", "json"}));
  report->add_flag("--names", options.names, "Also whom they are about; needs --reason, which is recorded");
  report->add_option("--reason", options.reason, "Why the names are needed; it goes into the ledger");
  report->add_option("--out,-o", options.out, "File; without it, standard output");
  for (CLI::App* command :
       {add("release", "Let held sign-outs go on; not one's own"), add("dismiss", "Drop held sign-outs")}) {
    command->add_option("--policy", options.policy, "All held ones of this policy");
    command->add_option("--reason", options.reason, "Why; it goes into the ledger")->required();
  }
}

void add_export(CLI::App& app, Commands& commands) {
  ExportOptions& options = commands.export_entries;
  CLI::App* command = app.add_subcommand("export", "Ledger entries for other systems");
  add_config_option(command, options.config, "");
  command->add_option("--database", options.database, "URL of the database, in place of a configuration");
  command->add_option("--format", options.format, "ndjson, ocsf, ecs or cef")
      ->check(CLI::IsMember({"ndjson", "ocsf", "ecs", "cef"}))
      ->capture_default_str();
  command->add_option("--event", options.events,
                      "Only entries of this kind (docs/exports.md), or all; may be repeated");
  command->add_option("--from", options.from, "From this time or day on (UTC)");
  command->add_option("--to", options.to, "Before this time or day");
  command->add_option("--after", options.after,
                      "Only what follows this event: the id that the last export ended with");
  command->add_option("--out,-o", options.out, "File; without it, standard output");
  command->callback(
      [&options, &commands] { commands.chosen = [&options] { return export_entries(options); }; });
}

void add_report(CLI::App& app, Commands& commands) {
  ReportOptions& options = commands.report;
  CLI::App* command = app.add_subcommand("report", "What the ledger shows of a framework's controls");
  add_daemon_options(command, options);
  command->add_option("--database", options.database, "URL of the database, in place of a configuration");
  command->add_option("--framework", options.framework, "A framework of docs/compliance.md, or all")
      ->capture_default_str();
  command->add_option("--from", options.from,
                      "From this time or day on (UTC); without: all that is recorded");
  command->add_option("--to", options.to, "Before this time or day");
  command->add_option("--source", options.sources, "Only sessions of this source; may be repeated");
  command->add_option("--application", options.applications, "Only of this application; may be repeated");
  command->add_option("--account-type", options.account_types,
                      "Only of human, service, computer, shared, unknown accounts; may be repeated");
  command->add_option("--at", options.at, "Also who was on at this time: 2026-03-02T14:00:00Z");
  command->add_option("--format", options.format, "bundle, " + report::format_names())->capture_default_str();
  command
      ->add_option("--records", options.records,
                   "Of a bundle: all records of the period, only those cited, or all if they fit")
      ->check(CLI::IsMember({"all", "cited", "fitting"}))
      ->capture_default_str();
  command->add_option(
      "--checkpoint", options.checkpoint,
      "Of a bundle: file with checkpoints kept outside, to show that the ledger grew from them");
  command->add_option("--out,-o", options.out, "File; without it, standard output");
  command->add_flag("--unverified", options.unverified, "Don't verify the ledger first");
  command->add_flag("--names", options.names,
                    "Also whom it is about; asks the daemon, and needs --reason, which is recorded");
  command->add_option("--reason", options.reason, "Why the names are needed; it goes into the ledger");
  command->callback([&options, &commands] { commands.chosen = [&options] { return report(options); }; });
}

void add_watch(CLI::App& app, Commands& commands) {
  WatchOptions& options = commands.watch;
  CLI::App* command = app.add_subcommand("watch", "What happens, as it happens");
  add_daemon_options(command, options);
  command->add_option("--source", options.sources, "Only sessions of this source; may be repeated");
  command->add_option("--names", options.names,
                      "Show names in place of references, for this reason: it goes into the ledger");
  command->callback([&options, &commands] { commands.chosen = [&options] { return watch(options); }; });
}

void add_queries(CLI::App& app, Commands& commands) {
  QueryOptions& options = commands.query;
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = app.add_subcommand(name, help);
    add_daemon_options(command, options);
    command->add_flag("--watch,-w", options.watch, "Go on showing it, every two seconds");
    command->add_option("--limit", options.limit, "How many")->check(CLI::Range(1, 10'000));
    command->callback([&options, &commands, name] {
      options.what = name;
      if (!commands.chosen) commands.chosen = [&options] { return query(options); };
    });
    return command;
  };
  CLI::App* sessions = add("sessions", "Sessions that the daemon knows");
  sessions->add_flag("--live", options.live, "Only those that live");
  sessions->add_option("--source", options.source, "Only of this source");
  add("subjects", "People and services that the daemon knows")
      ->add_flag("--live", options.live, "Only those with live sessions");
  CLI::App* presences =
      add("presences", "Who is on, and who was: one line for the overlapping sessions of a person");
  presences->add_flag("--live", options.live, "Only those of which a session lives");
  presences->add_option("--subject", options.subject, "Only of this subject (a reference)");
  presences->add_option("--at", options.at,
                        "Only who was on at this time, for instance 2026-03-02T14:00:00Z");
  add("violations", "Violations")->add_option("--policy", options.policy, "Only of this policy");
  add("sources", "Sources and how they are");
  add("reports", "Reports that the daemon makes by itself: when they are due, and what became of them");
  CLI::App* sign_outs = add("sign-outs", "Sign-outs and how far they are");
  sign_outs->add_flag("--held", options.held, "Only those that wait for somebody");
  sign_outs->add_flag("--open", options.open, "Only those that have not concluded");
  sign_outs->add_option("--outcome", options.outcome, "Only with this outcome");
  sign_outs->add_option("--policy", options.policy, "Only ordered by this policy");
  add_sign_outs(sign_outs, commands);
}

}  // namespace

int run(int argc, char** argv) {
  base::arm_kill_points();
  CLI::App app("Curfew: sessions audited, limits kept, sign-outs proven", "curfew");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("curfew ") + CURFEW_VERSION + ", plugin ABI " +
                                        std::to_string(connector::abi_version()));
  Commands commands;
  add_run(app, commands);
  add_queries(app, commands);
  add_watch(app, commands);
  add_sign_out(app, commands);
  add_ledger(app, commands);
  add_report(app, commands);
  add_export(app, commands);
  add_plugin(app, commands);
  add_config(app, commands);
  try {
    app.parse(argc, argv);
    return commands.chosen();
  } catch (const CLI::Success& asked) {
    return app.exit(asked);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return complain((std::string(error.what()) + " (see curfew --help)").c_str(), exit_usage);
  } catch (const Error& error) {
    return complain(error.what(), exit_code_of(error.kind()));
  } catch (const std::exception& error) {
    return complain(error.what(), exit_failed);
  } catch (...) {
    return complain("ended for an unknown reason", exit_failed);
  }
}

}  // namespace curfew::app
