// What a line of an access log means: a pure stage, from a LogLine to a Judgement.
//
//   const Rules rules(settings);                 // of the first rule that fits, the meaning counts
//   const Judgement judged = rules.judge(line);
//   if (judged.means == Meaning::SignIn) … judged.session, judged.user
//
// Paths and other texts are compared with patterns in which "*" stands for anything; regular expressions are
// RE2's, whose time is linear in the text, and bounded in size.
//
// A Judgement holds the session's clear id, which is a credential: it stays within the plugin.
//
// Threads: immutable after construction; any. Owns: the compiled rules. Fails: the constructor throws
// std::invalid_argument naming the setting; judge never.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "curfew/plugin/connector.hpp"
#include "plugins/forms/logs/log_line.hpp"

namespace curfew::forms {

enum class Meaning : std::uint8_t {
  SignIn,
  SignInFailed,
  SignOut,
  Activity,
  MachineActivity,
  Refused,  // the application didn't take a session's own credential
  Expired,
  Revoked,
  Ignore,
};
inline constexpr std::size_t meaning_count = 9;
[[nodiscard]] std::string_view name_of(Meaning meaning) noexcept;
[[nodiscard]] std::optional<Meaning> meaning_of(std::string_view name) noexcept;

// Where a text is: {"cookie": "sid"}, {"set_cookie": "sid"}, {"field": "sess"}, {"query": "session"}.
struct WhereSettings {
  std::string kind, name;
  std::string capture;  // a regular expression; its first group, or all of what it matches
  std::vector<std::string> transforms;
};

struct ConditionSettings {
  // Each: one of these, with "*".
  std::vector<std::string> method, path, query, location, user_agent, host;
  std::vector<std::string> status;                         // "302", "4xx", "200-299"
  std::map<std::string, std::vector<std::string>> fields;  // by the format's own names
  std::string path_regex;
  std::vector<std::string> session;  // presented, absent, issued, removed, any: all of these
  std::string user;                  // present, absent
};

struct RuleSettings {
  std::string name;
  std::string means;
  ConditionSettings when;
  std::optional<ConditionSettings> unless;
  std::string failure;  // the code of a failed sign-in, of a refusal
  std::string auth_method;
  bool ends_session = false;  // of a refusal: nobody can go on with this session
  std::vector<WhereSettings> session, user;
};

struct RulesSettings {
  std::vector<WhereSettings> presented, issued;  // a session's id in the request, and in the answer
  std::vector<WhereSettings> user, address;
  std::vector<WhereSettings> expires;  // when what a sign-in opens ends by itself: seconds since 1970
  std::string auth_method = "form";
  bool ignore_case = false;
  // No line names a session; a line is of whoever it names (visits.hpp).
  bool by_user = false;
  std::vector<RuleSettings> rules;
};

struct Judgement {
  Meaning means = Meaning::Ignore;
  std::string_view because;  // for coverage: the rule's name, or what is missing
  std::string session;       // clear
  std::string user, address;
  Time expires_at{};  // of a sign-in; none: not told
  std::string_view failure;
  plugin::AuthMethod auth_method = plugin::AuthMethod::Unknown;
  bool ends_session = false;
};

class Rules {
 public:
  explicit Rules(const RulesSettings& settings);
  ~Rules();
  Rules(Rules&&) noexcept;
  Rules& operator=(Rules&&) noexcept;

  [[nodiscard]] Judgement judge(const LogLine& line) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

// "*" is anything. Linear but for patterns with several "*", whose texts are bounded.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view text, bool ignore_case);

}  // namespace curfew::forms
