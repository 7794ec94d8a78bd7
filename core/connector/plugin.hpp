// A plugin file: is it safe to load, and what does it say it is?
//
//   Plugin plugin = Plugin::load("/usr/lib/curfew/plugins/forms.so");
//   plugin.info.name == "forms";  plugin.api->create(…)
//
// Threads: load from any thread. Owns: nothing; what is loaded stays for the process's life. Fails:
// Error(Configuration) naming the file, what is wrong with it and what to do.
#pragma once

#include <string>

#include "core/connector/host.hpp"
#include "curfew/plugin/abi.h"

namespace curfew::connector {

struct Plugin {
  PluginInfo info;
  const curfew_connector* api = nullptr;

  // Owner and permissions, then hash, then load, then description.
  static Plugin load(const std::string& path);
  // The first of these alone: the file's real path.
  static std::string check_file(const std::string& path);
};

}  // namespace curfew::connector
