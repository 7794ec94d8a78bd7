// The replay connector's script: newline-delimited JSON, one event or one rule a line. README.md describes
// it.
//
//   Script script = read_script("/etc/curfew/day.ndjson");
//   for (const Event& event : script.events) …            // in the order in which they happen
//
// Threads: values and pure functions. Fails: plugin::Failure naming the file, the line and the field.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "curfew/plugin/connector.hpp"

namespace curfew::replay {

// What the connector itself does instead of seeing something.
enum class Play { Observe, Fail, Hang, Die, Group };

struct Event {
  std::size_t line = 0;
  Play play = Play::Observe;
  plugin::Time at{};          // if it was given as a time …
  plugin::Duration offset{};  // … else from the start
  bool is_absolute = false;

  plugin::Type type = plugin::Type::Activity;
  std::string key;  // empty: made from the place in the script
  std::string session;
  std::string linked_session;
  bool with_handle = false;  // the session's id is no credential: give it in the clear too
  std::vector<std::pair<std::string, std::string>> identifiers;  // of a group: its members'
  std::string group;
  plugin::AccountType account_type = plugin::AccountType::Unknown;
  plugin::AuthMethod auth_method = plugin::AuthMethod::Unknown;
  plugin::Interactivity interactivity = plugin::Interactivity::Unknown;
  plugin::EndReason end_reason = plugin::EndReason::Unknown;
  bool end_inferred = false;
  std::uint32_t factors = 0;
  std::uint32_t count = 1;
  bool fresh_credentials = false;
  bool privileged = false;
  bool machine = false;
  std::optional<plugin::Duration> expires_after;  // from the event on
  std::string device, address, user_agent, application, failure;
};

// How a ladder step or a probe is answered.
enum class Reply {
  Truth,        // of a step: carried out; of a probe: as the simulated world is
  Lie,          // of a step: accepted, and the session lives on
  Refuse,       //
  NotFound,     //
  Unavailable,  //
  Fail,         //
  Alive,        // of a probe, whatever is true
  Dead,         //
  Unknown,      //
  Hang,         // never returns
  Die,          // ends the process
};

[[nodiscard]] std::string_view name_of(Reply reply) noexcept;

struct Rule {
  std::string on;       // a ladder step's name, "prove", or "*" for every step
  std::string session;  // empty: any
  Reply reply = Reply::Truth;
  plugin::Duration delay{};
  int times = -1;         // how often it holds; -1: always
  bool announce = false;  // of a step carried out: the source reports the ended sessions
  std::string text;
};

struct Script {
  std::vector<Event> events;
  std::vector<Rule> rules;
};

[[nodiscard]] Script read_script(const std::string& path);
// One line of it; an event or a rule is appended. `where` opens the text of a failure.
void read_line(std::string_view line, std::size_t number, const std::string& where, Script& script);

// "90s", "1h30m"; with a sign in front if `is_signed`.
[[nodiscard]] std::optional<plugin::Duration> read_duration(std::string_view text, bool is_signed);
// RFC 3339, UTC ("…Z").
[[nodiscard]] std::optional<plugin::Time> read_time(std::string_view text);

}  // namespace curfew::replay
