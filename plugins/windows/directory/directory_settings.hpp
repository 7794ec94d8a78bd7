// The setting `directory`, read and checked.
//
//   const DirectorySettings settings = read_directory_settings(json);
//   settings.servers.front().uri;   // "ldaps://dc1.corp.test"
//
// Threads: a value and pure functions. Owns: nothing; secrets stay in their files. Fails: plugin::Failure
// (Invalid) naming the setting.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::windows {

enum class Bind { Simple, Gssapi };

struct DirectoryServer {
  std::string uri;
  bool is_tls = false;  // ldaps://
};

struct DirectorySettings {
  std::vector<DirectoryServer> servers;
  Bind bind = Bind::Simple;
  std::string user;
  std::string password_file;
  std::string keytab;
  std::string ca_file;
  std::string base;
  std::string journal;
  std::string suspend_group;
  std::vector<std::string> protected_accounts;
  std::map<std::string, std::string> groups;  // name for policies, distinguished name
  plugin::Duration groups_every = std::chrono::minutes(5);
  bool administrators_allowed = false;
  plugin::Duration ticket_lifetime{};  // zero: not stated
  plugin::Duration clock_skew = std::chrono::minutes(5);
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(3);
  std::chrono::milliseconds timeout = std::chrono::seconds(8);
};

[[nodiscard]] DirectorySettings read_directory_settings(std::string_view json);

// The first line of the file. Fails with what to do.
[[nodiscard]] std::string read_password(const std::string& file);

}  // namespace curfew::windows
