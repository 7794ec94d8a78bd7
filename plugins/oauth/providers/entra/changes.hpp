// What is switched off for a person for a time and on again by who switched it off: an account, the
// membership of a group, a licence.
//
//   Changes changes("/var/lib/curfew/entra.journal", "entra");
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

namespace curfew::oauth::entra {

// Who wants it: the session that the order is about, and until when (Time{}: for good).
struct ChangeOrder {
  std::string session;
  plugin::Time until{};
};

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

}  // namespace curfew::oauth::entra
