#include "plugins/windows/principal_names.hpp"

#include <utility>

#include "plugins/windows/text.hpp"

namespace curfew::windows {

bool is_ticket(const WindowsEvent& event) {
  if (event.failure) return false;
  if (event.origin == Origin::Samba) return equal_ignoring_case(event.get(Field::Service), "Kerberos KDC");
  return event.event_id == 4768;
}

void PrincipalNames::learn(const WindowsEvent& event) {
  if (!is_ticket(event)) return;
  Account account = account_of(event);
  // Windows writes name and realm apart; a domain of one label is the short name, which no ticket has.
  if (account.upn.empty() && account.domain.find('.') != std::string::npos && !account.name.empty())
    account.upn = account.name + "@" + account.domain;
  if (account.sid.empty() || account.upn.empty()) return;
  const auto [at, is_new] = by_sid_.insert_or_assign(account.sid, std::move(account.upn));
  if (!is_new) return;
  in_order_.push_back(at->first);
  if (in_order_.size() <= most) return;
  by_sid_.erase(in_order_.front());
  in_order_.pop_front();
}

void PrincipalNames::complete(Account& account) const {
  if (!account.upn.empty() || account.sid.empty()) return;
  if (const auto known = by_sid_.find(account.sid); known != by_sid_.end()) account.upn = known->second;
}

}  // namespace curfew::windows
