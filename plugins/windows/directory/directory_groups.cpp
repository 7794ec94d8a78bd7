#include "plugins/windows/directory/directory_groups.hpp"

#include <utility>

#include "plugins/windows/directory/ldap_text.hpp"

namespace curfew::windows {
namespace {

// MS-ADTS 3.1.1.3.4.4.3: a rule that follows nested memberships, told by its object identifier.
constexpr const char* in_chain = "1.2.840.113556.1.4.1941";

}  // namespace

FoundGroup find_group(LdapConnection& connection, const Domain& domain, const std::string& name,
                      const std::string& place, std::size_t most) {
  FoundGroup found;
  found.name = name;
  const auto places = connection.search(place, Scope::Base, "(objectClass=group)", {"objectSid"}, 1);
  const std::string sid = places.empty() ? std::string{} : sid_text(places.front().value("objectSid"));
  if (sid.empty()) {
    found.failure =
        "the directory has no group " + place + ", or the service account may not read its objectSid";
    return found;
  }
  const std::string inside = "(memberOf:" + std::string(in_chain) + ":=" + filter_escaped(places.front().dn) +
                             ")(primaryGroupID=" + std::to_string(relative_id(sid)) + ")";
  const auto entries = connection.search_all(
      domain.context, "(&(|(objectClass=user)(objectClass=foreignSecurityPrincipal))(|" + inside + "))",
      {"objectSid", "sAMAccountName", "userPrincipalName"}, most);
  if (entries.size() > most) {
    found.failure = "it has more than " + std::to_string(most) + " members";
    return found;
  }
  for (const LdapEntry& entry : entries) {
    GroupMember member;
    member.sid = sid_text(entry.value("objectSid"));
    const std::string account = entry.value("sAMAccountName");
    if (!account.empty()) member.account = domain.netbios + "\\" + account;
    const std::string principal = entry.value("userPrincipalName");
    if (!principal.empty()) member.principals.push_back(principal);
    // Everybody can sign in by that name too, and Kerberos knows no other.
    const std::string implicit = account + "@" + domain.dns;
    if (!account.empty() && !same_text(implicit, principal)) member.principals.push_back(implicit);
    if (!member.sid.empty()) found.members.push_back(std::move(member));
  }
  return found;
}

void GroupWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void GroupWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void GroupWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    look();
    on_news_();
    lock.lock();
    stopped_.wait_for(lock, every_, [&] { return stopping_; });
  }
}

void GroupWatch::look() {
  std::string failure;
  std::vector<FoundGroup> all;
  try {
    all = ask_();
  } catch (const std::exception& error) {  // its thread's end is here
    failure = error.what();
  }
  const std::lock_guard lock(mutex_);
  complain("of groups", failure);
  for (FoundGroup& found : all) {
    complain("of group " + found.name, found.failure);
    if (found.failure.empty()) found_.insert_or_assign(found.name, std::move(found));
  }
}

void GroupWatch::complain(const std::string& about, const std::string& failure) {
  std::string& last = last_complaint_[about];
  if (failure == last) return;
  complaints_.push_back(
      failure.empty() ? "the members " + about + " can be looked up again"
                      : "the members " + about +
                            " can't be looked up, so those that were told last still count: " + failure);
  last = failure;
}

std::vector<FoundGroup> GroupWatch::take() {
  const std::lock_guard lock(mutex_);
  std::vector<FoundGroup> all;
  for (auto& [name, found] : found_) all.push_back(std::move(found));
  found_.clear();
  return all;
}

std::vector<std::string> GroupWatch::take_complaints() {
  const std::lock_guard lock(mutex_);
  return std::exchange(complaints_, {});
}

}  // namespace curfew::windows
