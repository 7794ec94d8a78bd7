// What is switched off for a person for a time and on again by who switched it off: an account, the
// membership of a group, a licence.
//
//   Changes changes("/var/lib/curfew/sso.journal", "sso");
//   changes.off(user + "/enabled", order, account);
//   changes.on(user + "/enabled", order, account);
//
// What was done stands in the journal before it is sent. Threads: any; one change at a time. Owns: the
// journal. Fails: plugin::Failure, and as the Switch.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "plugins/files/change_journal.hpp"

namespace curfew::oauth {

// Who wants it: the session that the order is about, and until when (Time{}: for good).
struct ChangeOrder {
  std::string session;
  plugin::Time until{};
};

// `now`: by our clock, from which on the order's time runs.
[[nodiscard]] ChangeOrder change_order(const plugin::Action& action, plugin::Time now);

enum class Switched { On, Off, Absent };  // Absent: there is no such person

struct Switch {
  std::function<Switched()> look;
  // What it is after the call, if that is not what was asked for. Called when it is something else. `kept`:
  // as `keep` gave it when it was switched off.
  std::function<Switched(bool on, const std::string& kept)> set;
  // Before it is switched off: what must be known to switch it on as it was. Throws when it can't be
  // switched.
  std::function<std::string()> keep = [] { return std::string{}; };
  std::string off;  // for answers: "the account is disabled"
  std::string on;   // "the account is enabled again"
};

class Changes {
 public:
  Changes(std::string journal, const std::string& source) : journal_(std::move(journal), source) {}

  [[nodiscard]] plugin::Answer off(const std::string& key, const ChangeOrder& order, const Switch& what);
  [[nodiscard]] plugin::Answer on(const std::string& key, const ChangeOrder& order, const Switch& what);

 private:
  std::mutex mutex_;
  files::ChangeJournal journal_;
};

// disable_account and block_sign_in, which is for a time: the account is switched off, and what the person
// has is ended, as it would live again with the account. `changes`: null without a journal.
[[nodiscard]] plugin::Answer disable_account(Changes* changes, const plugin::Action& action,
                                             const std::string& user, plugin::Time now, const Switch& account,
                                             const std::function<plugin::Answer()>& end_all);

}  // namespace curfew::oauth
