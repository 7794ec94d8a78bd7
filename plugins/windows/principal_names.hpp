// What the KDC calls an account: other systems know a person by that (a web site that takes tickets does),
// and the records of logons by the SID alone.
//
//   names.learn(event);              // of each record; a ticket's says both
//   names.complete(account);         // the upn, if it has none
//
// Threads: one. Owns: the latest `most` names. Fails: never.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

#include "plugins/windows/accounts.hpp"
#include "plugins/windows/event.hpp"

namespace curfew::windows {

class PrincipalNames {
 public:
  static constexpr std::size_t most = 200'000;

  void learn(const WindowsEvent& event);
  void complete(Account& account) const;

 private:
  std::unordered_map<std::string, std::string> by_sid_;
  std::deque<std::string> in_order_;
};

// A record of a KDC that gave a ticket to get tickets, or one for a service straight away.
[[nodiscard]] bool is_ticket(const WindowsEvent& event);

}  // namespace curfew::windows
