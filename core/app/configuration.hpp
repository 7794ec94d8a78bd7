// From files to Settings, and from Settings to what the engine and the host are given.
//
//   app::Settings settings = app::load_configuration("/etc/curfew/curfew.yaml");
//   app::check_sources(settings, plugins);                       // enforce must be possible
//   for (const std::string& line : app::sentences(settings, plugins)) std::puts(line.c_str());
//
// Threads: functions without state. Owns: nothing. Fails: Error(Configuration) with file, line and column.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/app/settings.hpp"
#include "core/connector/host.hpp"

namespace curfew::app {

// The file, and every conf.d/*.yaml beside it in the order of their names.
[[nodiscard]] Settings load_configuration(const std::string& path);
// The same from a text, without conf.d.
[[nodiscard]] Settings parse_configuration(const std::string& name, std::string_view text);

// What runs when no configuration says otherwise: observing rules, for humans.
[[nodiscard]] std::vector<model::Policy> default_policies();

// What each source's connector can do, by the source's name.
using Capabilities = std::map<std::string, connector::PluginInfo>;

// What needs the connectors: enforcing policies can be carried out and proven at every source in scope, and
// settings are what the connector's schema says.
void check_sources(const Settings& settings, const Capabilities& capabilities);

// What a policy's rule needs and allows.
void check_limits(const Settings& settings, std::size_t policy);
// What policies say by leaving it out, and what their zones' names mean.
void settle_policies(Settings& settings);
// Names, places, templates of notifications; their secrets are read at the start.
void check_notifications(const Settings& settings);
// Receivers of Shared Signals; their secrets are read at the start.
void check_shared_signals(const Settings& settings);
// Exports; their secrets are read at the start.
void check_exports(const Settings& settings);
// Scheduled reports and their mail; the password is read at the start.
void check_reports(const Settings& settings);
// 1 to 64 letters, digits, '-', '_' or '.'.
[[nodiscard]] bool is_name(std::string_view text);
// namespace:value, like upn:alice@corp.test
[[nodiscard]] bool is_identifier(std::string_view text);
[[nodiscard]] bool is_channel(const Settings& settings, std::string_view name);

// For the engine. Subjects are still names here ("upn:…"); the pipeline turns them into references.
[[nodiscard]] model::PolicySet policy_set(const Settings& settings, const Capabilities& capabilities);

// What the configuration amounts to, in sentences.
[[nodiscard]] std::string sentence(const model::Policy& policy);
[[nodiscard]] std::vector<std::string> sentences(const Settings& settings, const Capabilities& capabilities);

// The plugin's settings with secrets read from their files and variables.
[[nodiscard]] std::string resolve_secrets(const Settings& settings, std::size_t source,
                                          std::string_view config_schema);
// One line of a secret's file, or a variable's value. `path`: for the error's place.
[[nodiscard]] std::string read_secret(const Settings& settings, const std::string& path,
                                      const std::string& file, const std::string& variable);

// The path of a connector's plugin: itself if it is a path, else <plugins>/<name>.so.
[[nodiscard]] std::string plugin_path(const Settings& settings, const std::string& connector);
// The folder of the plugins that came with the program.
[[nodiscard]] std::string default_plugin_directory();

}  // namespace curfew::app
