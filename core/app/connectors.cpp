#include "core/app/connectors.hpp"

#include <algorithm>
#include <filesystem>

#include "core/app/yaml_reader.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/connector/capabilities.hpp"

namespace curfew::app {

namespace fs = std::filesystem;

std::vector<std::string> plugins_in(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".so") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void find_connectors(const Settings& settings) {
  for (std::size_t i = 0; i < settings.sources.size(); ++i) {
    const SourceSettings& source = settings.sources[i];
    if (source.connector.empty()) continue;
    const std::string path = plugin_path(settings, source.connector);
    std::error_code error;
    if (fs::exists(path, error)) continue;
    const std::string folder = fs::path(path).parent_path().string();
    std::string text = "there is no connector '" + source.connector + "' in " + folder;
    if (error) {
      text = path + ": " + error.message() + "; let the user that curfew runs as enter its folder";
    } else {
      std::vector<std::string> names;
      for (const std::string& plugin : plugins_in(folder)) names.push_back(fs::path(plugin).stem().string());
      const std::vector<std::string_view> views(names.begin(), names.end());
      const std::string_view near = base::nearest(source.connector, views);
      if (!near.empty()) {
        text += "; did you mean '" + std::string(near) + "'?";
      } else if (!names.empty()) {
        text += "; there are:";
        for (const std::string& name : names) text += " " + name;
      }
    }
    throw error_at(settings.marks, "sources[" + std::to_string(i) + "].connector", text);
  }
}

Capabilities describe_connectors(const Settings& settings) {
  find_connectors(settings);
  Capabilities capabilities;
  for (std::size_t i = 0; i < settings.sources.size(); ++i) {
    const SourceSettings& source = settings.sources[i];
    if (source.connector.empty()) continue;
    try {
      capabilities[source.name] = connector::with_settings(
          connector::Host::describe(plugin_path(settings, source.connector)), source.settings);
    } catch (const Error& error) {
      throw error_at(settings.marks, "sources[" + std::to_string(i) + "].connector", error.what());
    }
  }
  return capabilities;
}

}  // namespace curfew::app
