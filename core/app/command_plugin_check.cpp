// `curfew plugin check`: the conformance kit. The plugin is described, then tried in a child process:
// created, started, polled, woken, stopped, destroyed.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/base/error.hpp"
#include "core/connector/trial.hpp"

namespace curfew::app {

int plugin_check(const PluginOptions& options) {
  if (!std::filesystem::exists(options.file))
    throw Error(ErrorKind::Input, options.file + ": there is no such file");
  std::vector<std::string> faults;
  std::vector<std::string> notes;
  std::string name = std::filesystem::path(options.file).stem().string();
  std::string version;
  try {
    const connector::PluginInfo plugin = connector::Host::describe(options.file);
    name = plugin.name;
    version = plugin.version;
    connector::SourceSettings settings;
    settings.name = "check";
    settings.plugin = std::filesystem::absolute(options.file).string();
    settings.config = options.config.empty() ? "{}" : options.config;
    settings.digest_key = std::string(32, 'k');
    connector::Trial trial = connector::try_plugin(settings, connector::TrialDepth::Poll);
    faults = std::move(trial.faults);
    notes = std::move(trial.notes);
  } catch (const Error& error) {
    faults.emplace_back(error.what());
  }
  if (options.json) {
    const nlohmann::ordered_json out{{"file", options.file},     {"name", name},     {"version", version},
                                     {"passed", faults.empty()}, {"faults", faults}, {"notes", notes}};
    std::printf("%s\n", out.dump(2).c_str());
  } else {
    std::printf("%s %s: %s\n", name.c_str(), version.c_str(),
                faults.empty() ? "keeps the contract" : "breaks the contract");
    for (const std::string& fault : faults) std::printf("  fault: %s\n", fault.c_str());
    for (const std::string& note : notes) std::printf("  note: %s\n", note.c_str());
  }
  return faults.empty() ? exit_ok : exit_failed;
}

}  // namespace curfew::app
