// The connector's settings, with a preset's put under them.
//
//   const FormsSettings settings =
//   read_settings(R"({"preset":"apache_mod_auth_form","inputs":["access.log"]})");
//
// Threads: pure function. Owns: nothing. Fails: std::invalid_argument naming the setting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/forms/logs/line_parser.hpp"
#include "plugins/forms/logs/live.hpp"
#include "plugins/forms/logs/recorded.hpp"
#include "plugins/forms/logs/rules.hpp"

namespace curfew::forms {

struct FormsSettings {
  std::vector<std::string> inputs;  // none: sessions are known from the store alone
  FormatSettings format;
  RulesSettings rules;
  LiveSettings live;
  RecordedSettings recorded;
  std::string name_space;                     // of users; empty: told by how a name looks
  std::vector<std::string> service_accounts;  // patterns; whoever else signs in is a person
  Duration window{};                          // LogReading's
  std::string application;                    // of every session, if the settings name it
  std::string gate_rules;                     // JSON for the host; empty: no cookie that a gate could look at
  std::string store;                          // JSON; empty: there is none
};

[[nodiscard]] FormsSettings read_settings(std::string_view json);

// CORP\alice, alice@corp.test, alice.
[[nodiscard]] plugin::AccountType account_type_of(const FormsSettings& settings, std::string_view user);
[[nodiscard]] std::string_view name_space_of(const FormsSettings& settings, std::string_view user);

}  // namespace curfew::forms
