// What each rule of a policy needs, and what means nothing to it.
#include <initializer_list>

#include "core/app/configuration.hpp"
#include "core/app/yaml_reader.hpp"
#include "core/app/zones.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/policy/hours.hpp"

namespace curfew::app {
namespace {

using std::chrono::minutes;

std::string in_quotes(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string list_of_bonds() {
  std::string text;
  for (const std::string_view name : model::Names<model::Bond>::all)
    text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::string place_of(std::size_t policy) { return "policies[" + std::to_string(policy) + "]"; }

class Limits {
 public:
  explicit Limits(const Settings& settings) : settings_(settings) {}

  void check(const model::Policy& policy, const std::string& path) const {
    if (policy.rule != model::Rule::DisabledAccountActivity) has_no(path, policy, {"changes"});
    if (policy.rule != model::Rule::AllowedHours) has_no(path, policy, {"hours", "zone"});
    if (policy.rule != model::Rule::SessionBinding) has_no(path, policy, {"bind"});
    switch (policy.rule) {
      case model::Rule::SessionTimeout: {
        needs(path, policy, "limit");
        has_no(path, policy, {"most", "window", "per", "evict"});
        const Duration longest = settings_.safety.longest_session_timeout;
        if (policy.limit > longest)
          fail(path + ".limit", "session_timeout is at most " + base::format_duration(longest) +
                                    "; safety.longest_session_timeout can allow more");
        break;
      }
      case model::Rule::InactivityTimeout:
        needs(path, policy, "limit");
        has_no(path, policy, {"most", "window", "per", "evict"});
        if (const Duration shortest = settings_.safety.shortest_inactivity_timeout;
            policy.limit < shortest || policy.limit > minutes(1440))
          fail(path + ".limit",
               "inactivity_timeout must be from " + base::format_duration(shortest) +
                   " to 24h (1440m), not " + base::format_duration(policy.limit) +
                   (policy.limit < shortest ? "; safety.shortest_inactivity_timeout can allow less" : ""));
        break;
      case model::Rule::ReauthenticationInterval:
        needs(path, policy, "limit");
        has_no(path, policy, {"most", "window", "per", "evict"});
        break;
      case model::Rule::ConcurrentSessions:
        needs(path, policy, "most");
        has_no(path, policy, {"limit", "warn_before", "warn_by", "window"});
        if (policy.most == 0)
          fail(path + ".most", "0 sessions at once would forbid every sign-in; the least is 1");
        break;
      case model::Rule::FailedSignIns:
        needs(path, policy, "most");
        needs(path, policy, "window");
        has_no(path, policy, {"limit", "warn_before", "warn_by", "per", "evict"});
        if (policy.window <= Duration(0)) fail(path + ".window", "the window must be longer than 0s");
        if (policy.most == 0) fail(path + ".most", "0 failures would make every sign-in a violation");
        break;
      case model::Rule::ActivityAfterEnd:
        has_no(path, policy, {"limit", "warn_before", "warn_by", "most", "window", "per", "evict"});
        break;
      case model::Rule::SilentResignIn:
        needs(path, policy, "window");
        has_no(path, policy, {"limit", "warn_before", "warn_by", "most", "evict"});
        if (policy.window <= Duration(0)) fail(path + ".window", "the window must be longer than 0s");
        for (const SourceSettings& source : settings_.sources) {
          if (policy.window > source.retry_window)
            fail(path + ".window",
                 "source " + in_quotes(source.name) + " remembers a sign-out for its retry_window, " +
                     base::format_duration(source.retry_window) + ": the window can't be longer");
        }
        break;
      case model::Rule::DisabledAccountActivity:
      case model::Rule::ResumeWithoutReauthentication:
        has_no(path, policy, {"warn_before", "warn_by", "most", "window", "per", "evict"});
        break;
      case model::Rule::SharedDevice:
        has_no(path, policy, {"limit", "warn_before", "warn_by", "most", "window", "per"});
        break;
      case model::Rule::SessionBinding:
        needs(path, policy, "bind");
        has_no(path, policy, {"limit", "warn_before", "warn_by", "most", "window", "per", "evict"});
        if (policy.bind.empty())
          fail(path + ".bind",
               "a session that is bound to nothing is in breach never; name what must stay, " +
                   list_of_bonds());
        break;
      case model::Rule::AllowedHours:
        needs(path, policy, "hours");
        has_no(path, policy, {"limit", "most", "window", "per", "evict"});
        check_hours(policy, path);
        break;
    }
    if (policy.warn_before > Duration(0) && policy.rule != model::Rule::AllowedHours &&
        policy.warn_before >= policy.limit)
      fail(path + ".warn_before", "the warning must come after the start: less than the limit of " +
                                      base::format_duration(policy.limit));
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& text) const {
    throw error_at(settings_.marks, path, text);
  }

  void needs(const std::string& path, const model::Policy& policy, const char* key) const {
    if (!settings_.says(path + "." + key))
      fail(path, "policy " + in_quotes(policy.name) + " (" + std::string(name_of(policy.rule)) + ") has no " +
                     in_quotes(key));
  }

  void has_no(const std::string& path, const model::Policy& policy,
              std::initializer_list<const char*> keys) const {
    for (const char* key : keys) {
      const std::string where = path + "." + key;
      if (settings_.says(where))
        fail(where, in_quotes(key) + " means nothing to rule " + std::string(name_of(policy.rule)));
    }
  }

  void check_hours(const model::Policy& policy, const std::string& path) const {
    if (policy.hours.empty()) fail(path + ".hours", "without hours nobody could ever be signed in");
    for (std::size_t i = 0; i < policy.hours.size(); ++i) {
      try {
        (void)policy::Hours({policy.hours[i]}, {});
      } catch (const Error& error) {
        fail(path + "." + "hours[" + std::to_string(i) + "]", error.what());
      }
    }
  }

  const Settings& settings_;
};

}  // namespace

void check_limits(const Settings& settings, std::size_t policy) {
  Limits(settings).check(settings.policies[policy], place_of(policy));
}

void settle_policies(Settings& settings) {
  for (std::size_t i = 0; i < settings.policies.size(); ++i) {
    // Who signs out of an application means that application.
    model::Policy& policy = settings.policies[i];
    if (policy.rule == model::Rule::SilentResignIn && !settings.says(place_of(i) + ".per"))
      policy.per = model::Per::Application;
    if (policy.zone.empty()) continue;
    try {
      policy.offsets = offsets_of(policy.zone);
    } catch (const Error& error) {
      throw error_at(settings.marks, place_of(i) + ".zone", error.what());
    }
  }
}

}  // namespace curfew::app
