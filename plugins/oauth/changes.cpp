#include "plugins/oauth/changes.hpp"

#include <algorithm>

namespace curfew::oauth {
namespace {

using files::JournalEntry;
using plugin::Answer;
using plugin::Code;
using plugin::Time;

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

const char* const absent = "the provider has no such person, or no such group";

}  // namespace

ChangeOrder change_order(const plugin::Action& action, Time now) {
  ChangeOrder order{.session = plugin::to_hex(action.session.bytes)};
  if (action.revert_after > plugin::Duration{}) order.until = now + action.revert_after;
  return order;
}

Answer Changes::off(const std::string& key, const ChangeOrder& order, const Switch& what) {
  const std::lock_guard lock(mutex_);
  const auto before = journal_.find(key);
  switch (what.look()) {
    case Switched::Absent:
      return {Code::NotFound, absent};
    case Switched::Off: {
      if (!before) return {Code::NotFound, what.off + " already, and not by this source: it stays so"};
      JournalEntry entry = *before;
      entry.holders[order.session] = order.until;
      journal_.put(key, std::move(entry));
      return {Code::Ok, what.off + " already, by this source"};
    }
    case Switched::On:
      break;
  }
  const std::string kept = what.keep();
  journal_.put(key, {.from = 1,
                     .to = 0,
                     .at = wall_clock(),
                     .server = {},
                     .kept = kept,
                     .holders = {{order.session, order.until}}});
  // Whether a call without an answer was carried out nobody knows: the intent stays, and is undone in its
  // time.
  switch (what.set(false, kept)) {
    case Switched::Off:
      return {Code::Ok, what.off};
    case Switched::Absent:
      journal_.drop(key);
      return {Code::NotFound, absent};
    case Switched::On:
      break;
  }
  journal_.drop(key);
  return {Code::Refused, "it can't be changed here: the provider would not have it that " + what.off};
}

Answer Changes::on(const std::string& key, const ChangeOrder& order, const Switch& what) {
  const std::lock_guard lock(mutex_);
  const auto entry = journal_.find(key);
  if (!entry) return {Code::NotFound, "this source's journal has nothing to undo here: it stays as it is"};
  const bool is_wanted_by_others =
      std::any_of(entry->holders.begin(), entry->holders.end(), [&](const auto& holder) {
        return holder.first != order.session && (holder.second == Time{} || holder.second > wall_clock());
      });
  if (is_wanted_by_others) {
    JournalEntry left = *entry;
    left.holders.erase(order.session);
    journal_.put(key, std::move(left));
    return {Code::Ok, what.off + " still: another sign-out wants that"};
  }
  const Switched is = what.look();
  if (is == Switched::Off) {
    const Switched after = what.set(true, entry->kept);
    if (after == Switched::Off)
      return {Code::Failed, "it could not be undone: " + what.off + " still; the journal keeps it"};
    journal_.drop(key);
    return after == Switched::On ? Answer{Code::Ok, what.on} : Answer{Code::NotFound, absent};
  }
  journal_.drop(key);
  return {Code::NotFound, is == Switched::Absent ? absent : "somebody has undone it already"};
}

Answer disable_account(Changes* changes, const plugin::Action& action, const std::string& user, Time now,
                       const Switch& account, const std::function<Answer()>& end_all) {
  if (action.step == plugin::Step::BlockSignIn && !action.revert && action.revert_after == plugin::Duration{})
    return {Code::Refused,
            "block_sign_in is for a time: give the step revert_after, or use disable_account to disable for "
            "good"};
  if (changes == nullptr) return {Code::Unsupported, "no journal is configured: no account is changed"};
  if (user.empty()) return {Code::NotFound, "the person has no id of this provider"};
  const ChangeOrder order = change_order(action, now);
  const std::string key = user + "/enabled";
  if (action.revert) return changes->on(key, order, account);
  Answer done = changes->off(key, order, account);
  if (done.code != Code::Ok && done.code != Code::NotFound) return done;
  const Answer ended = end_all();
  if (ended.code == Code::Ok) done.text += "; " + ended.text;
  return done;
}

}  // namespace curfew::oauth
