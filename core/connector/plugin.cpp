#include "core/connector/plugin.hpp"

#include <Poco/Exception.h>
#include <Poco/SharedLibrary.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/connector/bridge.hpp"

namespace curfew::connector {
namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorKind::Configuration, "plugin " + path + ": " + why);
}

void check_owner(const std::string& path, const struct stat& status, std::string_view what) {
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    refuse(path, std::string(what) + " belongs to another user (id " + std::to_string(status.st_uid) +
                     "), who could exchange it; make root its owner: chown root " + path);
  }
}

std::string hash_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) refuse(path, "can't be read; check its permissions");
  base::Sha256 hash;
  std::vector<char> block(1U << 16U);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    hash.update(std::string_view(block.data(), static_cast<std::size_t>(in.gcount())));
  }
  return base::to_hex(hash.finish());
}

PluginInfo info_of(const curfew_connector& api, std::string path, std::string sha256) {
  const auto text = [](curfew_bytes bytes) { return std::string(bytes.data, bytes.size); };
  PluginInfo info;
  info.path = std::move(path);
  info.sha256 = std::move(sha256);
  info.name = text(api.name);
  info.version = text(api.version);
  info.description = text(api.description);
  info.config_schema = text(api.config_schema);
  info.capabilities = api.capabilities;
  for (std::size_t step = 0; step < model::Names<model::Action>::all.size(); ++step) {
    if ((api.capabilities & CURFEW_CAN_NOTIFY << step) != 0)
      info.can.push_back(static_cast<model::Action>(step));
  }
  info.observes = (api.capabilities & CURFEW_CAN_OBSERVE) != 0;
  info.lists = (api.capabilities & CURFEW_CAN_LIST_SESSIONS) != 0;
  info.proves = (api.capabilities & CURFEW_CAN_PROVE) != 0;
  info.receives_http = (api.capabilities & CURFEW_CAN_RECEIVE_HTTP) != 0;
  info.shows_activity = (api.capabilities & CURFEW_CAN_SHOW_ACTIVITY) != 0;
  info.tells_groups = (api.capabilities & CURFEW_CAN_TELL_GROUPS) != 0;
  info.introspects = (api.capabilities & CURFEW_CAN_INTROSPECT) != 0;
  info.revokes_presented = (api.capabilities & CURFEW_CAN_REVOKE_PRESENTED) != 0;
  return info;
}

}  // namespace

std::string Plugin::check_file(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  if (!real) refuse(path, std::string("can't be found: ") + std::strerror(errno) + "; check the path");
  std::string file(real.get());
  struct stat status {};
  if (stat(file.c_str(), &status) != 0)
    refuse(file, std::string("can't be looked at: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) refuse(file, "is not a file");
  check_owner(file, status, "it");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    refuse(file, "it is writable by others, who could exchange its code; chmod go-w " + file);
  }
  const std::string folder = file.substr(0, file.rfind('/') + 1);
  if (stat(folder.c_str(), &status) != 0) refuse(folder, std::strerror(errno));
  // In a folder with the sticky bit others can add files, but not exchange this one.
  if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0) {
    refuse(file, "its folder is writable by everybody, who could exchange it; chmod o-w " + folder);
  }
  return file;
}

Plugin Plugin::load(const std::string& path) {
  const std::string file = check_file(path);
  std::string sha256 = hash_of(file);
  Plugin plugin;
  try {
    // Poco's library object never unloads by itself.
    Poco::SharedLibrary library(file, Poco::SharedLibrary::SHLIB_LOCAL);
    if (!library.hasSymbol(CURFEW_CONNECTOR_SYMBOL)) {
      refuse(file, "it does not export " CURFEW_CONNECTOR_SYMBOL
                   "; it is no connector for this version: build it with curfew_add_connector, and export "
                   "the class with CURFEW_CONNECTOR");
    }
    void* const symbol = library.getSymbol(CURFEW_CONNECTOR_SYMBOL);
    plugin.api = reinterpret_cast<curfew_connector_fn>(symbol)();
  } catch (const Poco::Exception& exception) {
    refuse(file, "can't be loaded: " + exception.displayText() +
                     "; check that it was built for this machine and that its libraries are installed (ldd)");
  }
  const std::vector<std::string> faults = bridge::faults_of(plugin.api);
  if (!faults.empty()) {
    std::string all;
    for (const std::string& fault : faults) all += (all.empty() ? "" : "; also: ") + fault;
    refuse(file, all);
  }
  plugin.info = info_of(*plugin.api, file, std::move(sha256));
  return plugin;
}

}  // namespace curfew::connector
