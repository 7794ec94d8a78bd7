// `curfew audit`: recorded logs in; sessions, violations and a report out. Event time, no acts, and a ledger
// of its own.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/app/audit_result.hpp"
#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/configuration.hpp"
#include "core/app/connectors.hpp"
#include "core/app/database.hpp"
#include "core/app/pipeline.hpp"
#include "core/app/recognition.hpp"
#include "core/base/error.hpp"
#include "core/report/audit_report.hpp"
#include "core/report/compliance_reading.hpp"
#include "core/store/migrations.hpp"

namespace curfew::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Silence in a recorded log is the log's, not the source's.
constexpr Duration never_stale = std::chrono::hours(24 * 366);

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "curfew-audit-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw Error(ErrorKind::Unavailable, "no folder can be made in " + fs::temp_directory_path().string());
    path_ = name;
    fs::permissions(path_, fs::perms(0711));  // as root, the database runs as a user of its own
  }
  ~TemporaryFolder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

// How long work is going, for a person: on a terminal every half second, elsewhere every ten.
class Progress {
 public:
  void show(const std::string& text) {
    const auto now = steady_clock::now();
    if (now - shown_ < (terminal_ ? milliseconds(500) : milliseconds(10'000))) return;
    shown_ = now;
    std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", text.c_str());
    std::fflush(stderr);
    pending_ = terminal_;
  }
  void done() {
    if (pending_) std::fputs("\r\033[K", stderr);
    pending_ = false;
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  steady_clock::time_point shown_ = steady_clock::now();
  bool pending_ = false;
};

// How the configuration would read this connector's input; without one, by the connector's own defaults.
SourceSettings source_like(const Settings& settings, const std::string& connector) {
  SourceSettings source;
  source.name = connector;
  source.connector = connector;
  const auto configured = std::find_if(settings.sources.begin(), settings.sources.end(),
                                       [&](const SourceSettings& one) { return one.connector == connector; });
  if (configured != settings.sources.end()) source = *configured;
  source.acts_through.clear();  // the other sources are not there
  source.shows_activity_of.clear();
  // A failed sign-in often has a name only, a session an id: without links guesses never meet the success
  // after them. Nothing acts on a link here, so the records are believed.
  if (source.may_teach.empty()) source.may_teach = {"*"};
  return source;
}

// The setting of a connector that takes input files, by its schema: the first of these that it has.
void add_inputs(Settings& settings, const std::string& connector, const std::vector<std::string>& inputs,
                SourceSettings source) {
  const auto with = [given = source.settings](const char* name, const nlohmann::json& files) {
    nlohmann::json all = nlohmann::json::parse(given);
    all[name] = files;
    return all.dump();
  };
  const std::string base_name = source.name;
  const connector::PluginInfo plugin = connector::Host::describe(plugin_path(settings, connector));
  const auto schema = nlohmann::json::parse(plugin.config_schema, nullptr, false);
  const auto properties =
      schema.is_object() ? schema.value("properties", nlohmann::json::object()) : nlohmann::json::object();
  for (const char* name : {"inputs", "paths", "files", "path", "file", "script"}) {
    const auto property = properties.find(name);
    if (property == properties.end()) continue;
    if (property->value("type", "") == "string") {
      std::size_t number = 0;
      for (const std::string& input : inputs) {
        source.name = inputs.size() == 1 ? base_name : base_name + "-" + std::to_string(++number);
        source.settings = with(name, fs::absolute(input).string());
        settings.sources.push_back(source);
      }
    } else {
      nlohmann::json list = nlohmann::json::array();
      for (const std::string& input : inputs) list.push_back(fs::absolute(input).string());
      source.settings = with(name, list);
      settings.sources.push_back(source);
    }
    return;
  }
  throw Error(ErrorKind::Usage, "connector '" + connector +
                                    "' reads no files; it has none of the settings "
                                    "inputs, paths, files, path, file, script");
}

std::string listed(const std::vector<std::string>& files) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < files.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + files[i];
  if (files.size() > most) text += ", and " + std::to_string(files.size() - most) + " more";
  return text;
}

// Who reads which file is told by what they hold. What nobody reads is said: of a file that was named as an
// error, of those in a folder in the report.
void add_recognised(Settings& settings, const AuditOptions& options, std::vector<std::string>& not_read) {
  std::vector<connector::PluginInfo> plugins;
  for (const std::string& path : plugins_in(fs::path(plugin_path(settings, "oauth")).parent_path().string()))
    plugins.push_back(connector::Host::describe(path));
  std::vector<std::string> configured;
  for (const SourceSettings& source : settings.sources) configured.push_back(source.connector);
  Recognition found = Recognisers(plugins, configured).recognise(options.inputs);
  const auto check = [&](const std::vector<std::string>& files, const std::string& why) {
    if (files.empty()) return;
    for (const std::string& file : files) {
      if (std::find(options.inputs.begin(), options.inputs.end(), file) != options.inputs.end())
        throw Error(ErrorKind::Usage, file + ": " + why);
    }
    not_read.push_back("Not read (" + std::to_string(files.size()) + " of the files): " + why + ": " +
                       listed(files) + ".");
  };
  check(found.unknown, "no connector knows by its content what it is; say which reads it: --connector NAME");
  for (const auto& [connector, files] : found.unready)
    check(files, "for the connector " + connector +
                     ", which has to be told how to read it: --config FILE with a source of this connector");
  if (found.inputs.empty())
    throw Error(ErrorKind::Usage, not_read.empty() ? "there are no files" : not_read.front());
  std::vector<SourceSettings> sources;
  for (const auto& [connector, files] : found.inputs) sources.push_back(source_like(settings, connector));
  settings.sources.clear();
  std::size_t number = 0;
  for (const auto& [connector, files] : found.inputs)
    add_inputs(settings, connector, files, std::move(sources[number++]));
}

Settings settings_of(const AuditOptions& options, const std::string& data,
                     std::vector<std::string>& not_read) {
  Settings settings =
      options.config.empty() ? parse_configuration("defaults", "") : load_configuration(options.config);
  for (const std::string& input : options.inputs) {
    if (!fs::exists(input)) throw Error(ErrorKind::Input, input + ": there is no such file or folder");
  }
  if (!options.connector.empty()) {
    if (options.inputs.empty()) throw Error(ErrorKind::Usage, "name the files to read");
    const std::string plugin = plugin_path(settings, options.connector);
    if (!fs::exists(plugin))
      throw Error(ErrorKind::Usage, "there is no connector '" + options.connector + "' (looked for " +
                                        plugin + "); see `curfew plugin list`");
    SourceSettings source = source_like(settings, options.connector);
    settings.sources.clear();
    add_inputs(settings, options.connector, options.inputs, std::move(source));
  } else if (!options.inputs.empty()) {
    add_recognised(settings, options, not_read);
  } else if (settings.sources.empty()) {
    throw Error(ErrorKind::Usage, "nothing to read: name files or folders, or a configuration with sources");
  }
  settings.data = data;
  settings.node = "audit";
  settings.ledger = {};
  settings.ledger.batch_time = milliseconds(200);
  for (SourceSettings& source : settings.sources) {
    source.stale_after = never_stale;
    source.lateness = Duration(0);  // recorded input is put in order before it is judged
  }
  for (model::Policy& policy : settings.policies) policy.mode = model::PolicyMode::Observe;
  return settings;
}

Database database_of(const AuditOptions& options, const std::string& folder) {
  if (options.database.empty()) return throwaway_database(folder + "/postgres");
  Database database(store::ConnectionInfo{options.database});
  (void)store::migrate(database.owner());
  store::Store store(database.connection(), store::Role::Reader);
  if (!store.streams().empty())
    throw Error(ErrorKind::Usage,
                "the database already holds a ledger; an audit needs an empty one, so that it never "
                "mixes with what a daemon recorded");
  return database;
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw Error(ErrorKind::Unavailable, path.string() + ": can't be written");
}

std::string read_so_far(Pipeline& pipeline) {
  std::uint64_t read = 0;
  std::uint64_t observations = 0;
  for (const auto& [name, source] : pipeline.intake().sources()) {
    read += source.read;
    observations += source.observations;
  }
  return std::to_string(read) + " records read, " + std::to_string(observations) + " observations, " +
         std::to_string(pipeline.writer().size()) + " ledger entries";
}

}  // namespace

int audit(const AuditOptions& options) {
  if (!options.framework.empty()) (void)report::frameworks_of(options.framework);  // a slip shows at once
  const TemporaryFolder folder;
  Progress progress;
  std::vector<std::string> not_read;
  const Settings settings = settings_of(options, folder.path(), not_read);
  const Capabilities capabilities = describe_connectors(settings);
  check_sources(settings, capabilities);
  progress.show("starting the database");
  Database database = database_of(options, folder.path());

  Log log(LogLevel::Error);
  PipelineOptions pipeline_options;
  pipeline_options.settings = settings;
  pipeline_options.capabilities = capabilities;
  pipeline_options.database = database.connection();
  pipeline_options.recorded = true;
  Pipeline pipeline(std::move(pipeline_options), log);
  pipeline.start();
  while (!pipeline.wait_finished(milliseconds(250))) progress.show(read_so_far(pipeline));
  pipeline.stop(std::chrono::hours(24));
  if (const auto failure = pipeline.failure()) throw Error(ErrorKind::Internal, *failure);

  report::AuditReport result = audit_result(pipeline, database, capabilities, options.inputs,
                                            [&](const std::string& text) { progress.show(text); });
  result.not_seen.insert(result.not_seen.end(), not_read.begin(), not_read.end());
  if (!options.framework.empty())
    add_compliance(result, database, options.framework,
                   [&](const std::string& text) { progress.show(text); });
  progress.done();
  if (!options.report.empty()) {
    fs::path html = options.report;
    fs::path json = options.report;
    if (html.extension() == ".json")
      html.replace_extension(".html");
    else
      json.replace_extension(".json");
    write_file(html, report::to_html(result));
    write_file(json, report::to_json(result));
  }
  const std::string text = options.json ? report::to_json(result) + "\n" : report::to_summary(result);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!options.json && database.is_embedded())
    std::puts(
        "The ledger of this audit was kept in a throw-away database without fsync, which is gone now; "
        "--database URL keeps one.");
  if (!options.json && !options.report.empty()) std::printf("Report: %s\n", options.report.c_str());
  for (const auto& [name, source] : pipeline.intake().sources()) {
    if (source.state == "failed" || source.state == "quarantined")
      throw Error(ErrorKind::Input, "source '" + name + "' " + source.state + ": " + source.text);
  }
  if (!result.ledger.verified) return exit_unverified;
  return result.violations_total > 0 ? exit_violations : exit_ok;
}

}  // namespace curfew::app
