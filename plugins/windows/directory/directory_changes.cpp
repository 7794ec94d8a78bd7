#include "plugins/windows/directory/directory_changes.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "plugins/windows/directory/ldap_text.hpp"
#include "plugins/windows/directory/protected_accounts.hpp"

namespace curfew::windows {
namespace {

using plugin::Answer;
using plugin::Code;
using plugin::Time;

constexpr int most_races = 3;

Time now() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

// Between our clock and the directory's.
constexpr plugin::Duration most_skew = std::chrono::minutes(10);

// Deleting the old value and adding the new one in one go: Samba 4.17 counts that as three, others as one.
constexpr std::uint32_t most_versions_of_a_change = 3;

// The account as this source left it: same value, and not changed since, there and back included. Of a change
// whose answer never came, the time tells it from somebody else's who came later.
bool is_as_left(const files::JournalEntry& entry, const DirectoryAccount& account) {
  if (account.control != entry.to) return false;
  if (entry.version == 0 || account.control_version == 0) return true;
  if (account.control_changed_at < entry.at - most_skew || account.control_changed_at > entry.at + most_skew)
    return false;
  if (entry.left != 0) return account.control_version == entry.left;
  return account.control_version > entry.version &&
         account.control_version <= entry.version + most_versions_of_a_change;
}

// The change was made at another controller, and replication has not brought it to this one yet: what is
// found here says nothing of what somebody did since. Without replication's data that can't be told.
bool has_not_arrived(const ChangeTools& tools, const files::JournalEntry& entry,
                     const DirectoryAccount& account) {
  return tools.connection.server() != entry.server && entry.version != 0 && account.control_version != 0 &&
         account.control_version <= entry.version;
}

[[noreturn]] void wait_for_replication(const ChangeTools& tools, const files::JournalEntry& entry,
                                       const std::string& what) {
  throw plugin::Failure(Code::Unavailable, tools.connection.server() + ": " + what + " was changed at " +
                                               entry.server +
                                               ", and that was not replicated to here yet; it can be undone "
                                               "there, or here later");
}

// Nothing was changed after all: what holds is what was done before, at another controller, if anything.
void take_back(files::ChangeJournal& journal, const std::string& key,
               const std::optional<files::JournalEntry>& before) {
  if (before)
    journal.put(key, *before);
  else
    journal.drop(key);
}

// Writes down what is going to be sent, and takes it back when it was not sent after all.
template <typename Send>
ModifyAnswer written_down(const ChangeTools& tools, const std::string& key, const files::JournalEntry& intent,
                          const std::optional<files::JournalEntry>& before, Send send) {
  tools.journal.put(key, intent);
  try {
    return send();
  } catch (const plugin::Failure&) {
    if (!tools.connection.is_in_doubt()) take_back(tools.journal, key, before);
    throw;
  }
}

// The change is made: whatever fails now, the intent in the journal is enough to undo it.
void note_what_is_left(const ChangeTools& tools, const std::string& key, files::JournalEntry intent,
                       const std::string& dn) {
  try {
    const DirectoryAccount after = read_account(tools.connection, dn);
    if (!is_as_left(intent, after)) return;
    intent.left = after.control_version;
    tools.journal.put(key, std::move(intent));
  } catch (const plugin::Failure&) {
    return;
  }
}

std::optional<DirectoryAccount> touchable(const ChangeTools& tools, const DirectoryOrder& order,
                                          Answer& refusal) {
  const Domain domain = domain_of(tools.connection, tools.settings);
  DirectoryAccount account = find_account(tools.connection, domain, order.names);
  const std::string why = why_protected(account, domain, tools.settings, tools.connection.own_sids());
  if (why.empty()) return account;
  refusal = {Code::Refused, "the account is protected: " + why};
  return std::nullopt;
}

// Whether somebody else than `session` still wants it so.
bool is_wanted_by_others(const files::JournalEntry& entry, const std::string& session) {
  return std::any_of(entry.holders.begin(), entry.holders.end(), [&](const auto& holder) {
    return holder.first != session && (holder.second == Time{} || holder.second > now());
  });
}

void hold(files::ChangeJournal& journal, const std::string& key, files::JournalEntry entry,
          const DirectoryOrder& order) {
  entry.holders[order.session] = order.until;
  journal.put(key, std::move(entry));
}

// Only its own wish is withdrawn.
Answer leave_to_others(files::ChangeJournal& journal, const std::string& key, files::JournalEntry entry,
                       const DirectoryOrder& order, const std::string& what) {
  entry.holders.erase(order.session);
  journal.put(key, std::move(entry));
  return {Code::Ok, "it stays " + what + ": another sign-out still wants that"};
}

Answer not_allowed(const std::string& what) {
  return {Code::Failed,
          "the service account may not write " + what + "; grant it (docs/connectors/windows.md, rights)"};
}

}  // namespace

ModifyAnswer set_control(LdapConnection& connection, const DirectoryAccount& account, std::uint32_t control) {
  return connection.modify(account.dn, {{ChangeKind::Delete, "userAccountControl", account.control_text},
                                        {ChangeKind::Add, "userAccountControl",
                                         std::to_string(static_cast<std::int32_t>(control))}});
}

Answer disable(const ChangeTools& tools, const DirectoryOrder& order) {
  for (int race = 0; race < most_races; ++race) {
    Answer refusal;
    const auto account = touchable(tools, order, refusal);
    if (!account) return refusal;
    const std::string key = account->guid + "/disabled";
    auto before = tools.journal.find(key);
    if (account->is_disabled()) {
      if (!before || !is_as_left(*before, *account))
        return {Code::NotFound, "the account is disabled already, and not by this source: it stays as it is"};
      hold(tools.journal, key, *before, order);
      return {Code::Ok, "the account is disabled already, by this source"};
    }
    files::JournalEntry intent{.from = account->control,
                               .to = account->control | account_disabled,
                               .version = account->control_version,
                               .left = 0,
                               .at = now(),
                               .server = tools.connection.server(),
                               .holders = {}};
    // Disabled already, where this controller has not heard of it: here too now, and for the same orders.
    if (before && !has_not_arrived(tools, *before, *account)) before.reset();
    if (before) intent.holders = before->holders;
    intent.holders[order.session] = order.until;
    const ModifyAnswer answer = written_down(
        tools, key, intent, before, [&] { return set_control(tools.connection, *account, intent.to); });
    if (answer.code == Modified::Done) {
      note_what_is_left(tools, key, intent, account->dn);
      return {Code::Ok, "the account is disabled; tickets and connections from before live on"};
    }
    take_back(tools.journal, key, before);
    if (answer.code == Modified::NotAllowed) return not_allowed("userAccountControl of this account");
    if (answer.code == Modified::Refused)
      return {Code::Failed, "the directory refuses the change: " + answer.text};
  }
  return {Code::Failed,
          "somebody else changed the account each time between reading and writing it; nothing was "
          "done"};
}

Answer enable(const ChangeTools& tools, const DirectoryOrder& order) {
  const Domain domain = domain_of(tools.connection, tools.settings);
  const DirectoryAccount account = find_account(tools.connection, domain, order.names);
  const std::string key = account.guid + "/disabled";
  const auto entry = tools.journal.find(key);
  if (!entry)
    return {Code::NotFound, "this source's journal has nothing to undo for this account: it stays as it is"};
  if (!account.is_disabled()) {
    if (has_not_arrived(tools, *entry, account)) wait_for_replication(tools, *entry, "the account");
    tools.journal.drop(key);
    return {Code::NotFound, "somebody has enabled the account already"};
  }
  if (!is_as_left(*entry, account)) {
    tools.journal.drop(key);
    return {Code::NotFound,
            "somebody else has changed the account since this source disabled it (userAccountControl " +
                account.control_text + ", left as " + std::to_string(entry->to) + "): it stays disabled"};
  }
  if (is_wanted_by_others(*entry, order.session))
    return leave_to_others(tools.journal, key, *entry, order, "disabled");
  const ModifyAnswer answer = set_control(tools.connection, account, account.control & ~account_disabled);
  switch (answer.code) {
    case Modified::Done:
      tools.journal.drop(key);
      return {Code::Ok, "the account is enabled again"};
    case Modified::NoSuchValue:
    case Modified::AlreadyThere:
      return {Code::Unavailable, "somebody else changed the account at this moment; it is looked at again"};
    case Modified::NotAllowed:
      return not_allowed("userAccountControl of this account");
    case Modified::Refused:
      break;
  }
  return {Code::Failed, "the directory refuses the change: " + answer.text};
}

namespace {

bool is_member(LdapConnection& connection, const std::string& group, const std::string& dn) {
  const auto found = connection.search(group, Scope::Base, "(objectClass=group)", {"objectGUID"}, 1);
  if (found.empty())
    throw plugin::Failure(Code::Failed,
                          "the group of directory.suspend_group is not in the directory: " + group);
  return !connection
              .search(group, Scope::Base, "(&(objectClass=group)(member=" + filter_escaped(dn) + "))",
                      {"objectGUID"}, 1)
              .empty();
}

}  // namespace

Answer leave_group(const ChangeTools& tools, const DirectoryOrder& order) {
  const std::string& group = tools.settings.suspend_group;
  if (group.empty()) return {Code::Unsupported, "directory.suspend_group names no group to leave"};
  Answer refusal;
  const auto account = touchable(tools, order, refusal);
  if (!account) return refusal;
  const std::string key = account->guid + "/left:" + lower(group);
  auto before = tools.journal.find(key);
  if (!is_member(tools.connection, group, account->dn)) {
    if (!before)
      return {Code::NotFound, "the account is not itself a member of " + group + ": nothing to leave"};
    hold(tools.journal, key, *before, order);
    return {Code::Ok, "the account is out of the group already, by this source"};
  }
  files::JournalEntry intent{.from = 0,
                             .to = 0,
                             .version = 0,
                             .left = 0,
                             .at = now(),
                             .server = tools.connection.server(),
                             .holders = {}};
  if (before && before->server == tools.connection.server()) before.reset();
  if (before) intent.holders = before->holders;
  intent.holders[order.session] = order.until;
  const ModifyAnswer answer = written_down(tools, key, intent, before, [&] {
    return tools.connection.modify(group, {{ChangeKind::Delete, "member", account->dn}});
  });
  if (answer.code == Modified::Done)
    return {Code::Ok, "the account has left the group; tickets from before still say that it is a member"};
  take_back(tools.journal, key, before);
  if (answer.code == Modified::NoSuchValue)
    return {Code::NotFound, "somebody else took the account out of " + group + " at this moment"};
  if (answer.code == Modified::NotAllowed) return not_allowed("member of " + group);
  return {Code::Failed, "the directory refuses the change: " + answer.text};
}

Answer rejoin_group(const ChangeTools& tools, const DirectoryOrder& order) {
  const std::string& group = tools.settings.suspend_group;
  if (group.empty()) return {Code::Unsupported, "directory.suspend_group names no group to rejoin"};
  const Domain domain = domain_of(tools.connection, tools.settings);
  const DirectoryAccount account = find_account(tools.connection, domain, order.names);
  const std::string key = account.guid + "/left:" + lower(group);
  const auto entry = tools.journal.find(key);
  if (!entry)
    return {Code::NotFound, "this source's journal has nothing to undo for this account: it stays as it is"};
  if (is_member(tools.connection, group, account.dn)) {
    // Of a member, no controller says how often it came and went.
    if (tools.connection.server() != entry->server)
      wait_for_replication(tools, *entry, "the account's membership");
    tools.journal.drop(key);
    return {Code::NotFound, "somebody has put the account back into " + group + " already"};
  }
  if (is_wanted_by_others(*entry, order.session))
    return leave_to_others(tools.journal, key, *entry, order, "out of the group");
  const ModifyAnswer answer = tools.connection.modify(group, {{ChangeKind::Add, "member", account.dn}});
  if (answer.code == Modified::Done || answer.code == Modified::AlreadyThere) {
    tools.journal.drop(key);
    return {Code::Ok, "the account is a member again"};
  }
  if (answer.code == Modified::NotAllowed) return not_allowed("member of " + group);
  return {Code::Failed, "the directory refuses the change: " + answer.text};
}

}  // namespace curfew::windows
