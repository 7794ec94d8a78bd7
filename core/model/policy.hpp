// Policies as values: what core/app reads from the configuration, what the ledger keeps (as JSON, by digest),
// what the engine evaluates. Names are texts here; the engine interns them when it takes a configuration.
//
// Threads: values and pure functions. Fails: from_json throws Error(Corrupt) naming the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

enum class Rule : std::uint8_t {
  SessionTimeout,           // limit: longest life of a session, by engine time from its start
  InactivityTimeout,        // limit: longest time without activity of a person (an absence rule)
  ConcurrentSessions,       // most: sessions at once in one group (`per`)
  FailedSignIns,            // most failures within `window`, and a success after them
  ActivityAfterEnd,         // a session that ended (stated, or proven by us) shows activity
  SilentResignIn,           // a sign-in without fresh credentials within `window` after a sign-out (`per`)
  DisabledAccountActivity,  // activity after its account was disabled, or given other credentials (`changes`)
  ResumeWithoutReauthentication,  // unlocked, reconnected or resumed without fresh credentials
  SharedDevice,                   // another subject's session lives on the device at a sign-in
  AllowedHours,                   // a session lives outside `hours`
  ReauthenticationInterval,  // limit: longest time without fresh credentials, by engine time (`warn_before`)
  SessionBinding,            // used from elsewhere than where it was bound (`bind`)
};
template <>
struct Names<Rule> {
  static constexpr std::array<std::string_view, 12> all{"session_timeout",
                                                        "inactivity_timeout",
                                                        "concurrent_sessions",
                                                        "failed_sign_ins",
                                                        "activity_after_end",
                                                        "silent_resign_in",
                                                        "disabled_account_activity",
                                                        "resume_without_reauthentication",
                                                        "shared_device",
                                                        "allowed_hours",
                                                        "reauthentication_interval",
                                                        "session_binding"};
};

enum class Per : std::uint8_t {
  Subject,
  Application,
  Source,
  Device
};  // each is "per subject and …" but Device
template <>
struct Names<Per> {
  static constexpr std::array<std::string_view, 4> all{"subject", "application", "source", "device"};
};
enum class Evict : std::uint8_t { Oldest, Newest, All };
template <>
struct Names<Evict> {
  static constexpr std::array<std::string_view, 3> all{"oldest", "newest", "all"};
};

// What may have happened to an account.
enum class AccountChangeKind : std::uint8_t { Disabled, CredentialChanged };
template <>
struct Names<AccountChangeKind> {
  static constexpr std::array<std::string_view, 2> all{"disabled", "credential_changed"};
};

// What a session is used from.
enum class Bond : std::uint8_t { Device, Network, Address, UserAgent };
template <>
struct Names<Bond> {
  static constexpr std::array<std::string_view, 4> all{"device", "network", "address", "user_agent"};
};

enum class Weekday : std::uint8_t { Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday };
template <>
struct Names<Weekday> {
  static constexpr std::array<std::string_view, 7> all{"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};
};

// A time of a local day, "08:00" to "18:00"; one that ends before it begins ends on the next day.
struct Shift {
  std::vector<Weekday> days;  // on which it begins; empty: on all
  std::string from;
  std::string to;  // "24:00": at the day's end
  friend bool operator==(const Shift&, const Shift&) = default;
};

// What is to be added to UTC from a time on. Written down when a configuration is loaded, so that what a zone
// said then is part of the record.
struct ZoneOffset {
  Time from{};
  Duration offset{0};
  friend bool operator==(const ZoneOffset&, const ZoneOffset&) = default;
};

// Empty lists match everything. A list of groups matches only known members.
struct Scope {
  std::vector<std::string> sources;
  std::vector<std::string> applications;
  std::vector<std::string>
      subjects;  // "namespace:value" in the configuration; references ("ref:…") in the ledger
  std::vector<std::string> groups;
  std::vector<AccountType> account_types;
  std::vector<NetworkClass> networks;
  std::vector<Interactivity> sign_ins;
  friend bool operator==(const Scope&, const Scope&) = default;
};

struct LadderStep {
  Action action = Action::SignOutSession;
  std::string at;  // the source that carries it out; empty: the session's own
  bool required = true;
  bool together = false;  // runs with the step before it, not after it
  Duration prove_within{std::chrono::seconds(30)};
  Duration revert_after{0};  // of suspend_access, block_sign_in, disable_account; 0: for good
  friend bool operator==(const LadderStep&, const LadderStep&) = default;
};

struct Policy {
  std::string name;
  Rule rule = Rule::SessionTimeout;
  PolicyMode mode = PolicyMode::Observe;
  Scope scope;
  Scope except;  // a session that matches any non-empty list of it is exempt
  Duration limit{0};
  Duration warn_before{0};           // 0: no warning
  std::vector<std::string> warn_by;  // notifications that carry the warning; enforcing policies only
  std::uint32_t most = 0;
  Duration window{0};
  Per per = Per::Subject;
  Evict evict = Evict::Oldest;
  std::vector<AccountChangeKind> changes;  // empty: disabled
  std::vector<Bond> bind;                  // what must stay as it was
  std::string zone;                        // of `hours`, by its name
  std::vector<Shift> hours;
  std::vector<ZoneOffset> offsets;  // of the zone, ascending
  bool hold = false;  // after a sign-out, new sessions of the subject end at first sight unless fresh
                      // credentials came with them
  std::vector<std::string> controls;  // "nist-800-53:ac-12"
  std::vector<LadderStep> ladder;
  std::uint32_t most_sign_outs_per_minute = 0;  // 0: only the caps above all policies
  bool accept_unenforceable = false;
  friend bool operator==(const Policy&, const Policy&) = default;
};

// The connector of a source that is a gate of ours: no plugin, the core itself.
inline constexpr std::string_view gate_connector = "gate";

// What the engine must know of a source.
struct SourcePolicy {
  std::string name;
  std::string connector;
  Duration lateness{std::chrono::seconds(5)};      // how far behind its newest event time records may come
  Duration stale_after{std::chrono::minutes(10)};  // silence after which its absence rules stop
  Duration retry_window{std::chrono::hours(24)};   // repeats are recognised, older input is refused
  Duration vanished_after{
      std::chrono::hours(24 * 7)};             // no sign of life for so long: an inferred end; 0: never
  std::vector<std::string> acts_through;       // sources that hold its people's identity
  std::vector<std::string> may_teach;          // namespaces whose links it may state; "*": of all
  std::vector<std::string> shows_activity_of;  // other sources whose sessions' activity it can show
  std::vector<Action> can;                     // ladder steps that its connector declares
  bool can_prove = false;
  bool shows_activity = true;  // false: idle can't be tested for its sessions
  friend bool operator==(const SourcePolicy&, const SourcePolicy&) = default;
};

// Above all policies.
struct Safety {
  std::uint32_t most_sign_outs_per_minute = 0;  // 0: none in force (allowed only without enforcing policies)
  std::uint32_t approve_above = 0;  // an order that hits more sessions waits for a second person; 0: off
  std::vector<std::string> protected_accounts;  // "namespace:value"; in the ledger "ref:…"
  friend bool operator==(const Safety&, const Safety&) = default;
};

struct PolicySet {
  std::string version;  // chosen by the operator; empty: the digest stands for it
  std::vector<SourcePolicy> sources;
  std::vector<Policy> policies;
  Safety safety;
  Duration clock_jump{std::chrono::seconds(30)};
  friend bool operator==(const PolicySet&, const PolicySet&) = default;
};

// Fields in a fixed order; from_json(to_json(x)) == x.
[[nodiscard]] std::string to_json(const PolicySet& set);
[[nodiscard]] std::string to_json(const std::vector<LadderStep>& ladder);
[[nodiscard]] std::vector<LadderStep> ladder_from_json(std::string_view json);
[[nodiscard]] PolicySet policy_set_from_json(std::string_view json);

}  // namespace curfew::model
