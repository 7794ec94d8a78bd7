// `curfew config …` and `curfew plugin list`.
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "core/app/command_line.hpp"
#include "core/app/commands.hpp"
#include "core/app/configuration.hpp"
#include "core/app/configuration_table.hpp"
#include "core/app/connectors.hpp"
#include "core/app/listener.hpp"
#include "core/base/error.hpp"

namespace curfew::app {
namespace {

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

int config_check(const ConfigOptions& options) {
  const Settings settings = load_configuration(options.config);
  const Capabilities capabilities = describe_connectors(settings);
  check_sources(settings, capabilities);
  check_tls(settings);
  for (const std::string& file : settings.files) print("Read " + file + ".\n");
  for (const std::string& line : sentences(settings, capabilities)) print(line + "\n");
  return exit_ok;
}

int config_show(const ConfigOptions& options) {
  print(show(load_configuration(options.config)));
  return exit_ok;
}

int config_schema(const ConfigOptions& options) {
  print(options.reference ? reference_page() : json_schema());
  return exit_ok;
}

int plugin_list(const PluginOptions& options) {
  const std::string folder = options.directory.empty() ? default_plugin_directory() : options.directory;
  if (!std::filesystem::is_directory(folder))
    throw Error(ErrorKind::Input, "there is no folder " + folder + "; name one with --directory");
  auto all = nlohmann::ordered_json::array();
  bool broken = false;
  for (const std::string& path : plugins_in(folder)) {
    nlohmann::ordered_json one{{"path", path}};
    try {
      const connector::PluginInfo plugin = connector::Host::describe(path);
      one["name"] = plugin.name;
      one["version"] = plugin.version;
      one["description"] = plugin.description;
      one["observes"] = plugin.observes;
      one["lists_sessions"] = plugin.lists;
      one["proves"] = plugin.proves;
      one["receives_http"] = plugin.receives_http;
      one["shows_activity"] = plugin.shows_activity;
      one["actions"] = nlohmann::ordered_json::array();
      for (const model::Action action : plugin.can)
        one["actions"].push_back(std::string(model::name_of(action)));
      one["sha256"] = plugin.sha256;
    } catch (const Error& error) {
      one["error"] = error.what();
      broken = true;
    }
    all.push_back(std::move(one));
  }
  if (options.json) {
    print(all.dump(2) + "\n");
    return broken ? exit_failed : exit_ok;
  }
  if (all.empty()) print("There are no plugins in " + folder + ".\n");
  for (const auto& one : all) {
    if (one.contains("error")) {
      print(one["path"].get<std::string>() + "\n  can't be used: " + one["error"].get<std::string>() + "\n");
      continue;
    }
    print(one["name"].get<std::string>() + " " + one["version"].get<std::string>() + ": " +
          one["description"].get<std::string>() + "\n  can:");
    for (const char* key : {"observes", "lists_sessions", "proves", "receives_http", "shows_activity"}) {
      if (one[key].get<bool>()) print(std::string(" ") + key);
    }
    for (const auto& action : one["actions"]) print(" " + action.get<std::string>());
    print("\n  " + one["path"].get<std::string>() + " (sha256 " + one["sha256"].get<std::string>() + ")\n");
  }
  return broken ? exit_failed : exit_ok;
}

}  // namespace curfew::app
