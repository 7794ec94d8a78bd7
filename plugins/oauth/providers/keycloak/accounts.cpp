#include "plugins/oauth/providers/keycloak/accounts.hpp"

#include <simdjson.h>

#include <algorithm>

namespace curfew::oauth::keycloak {
namespace {

using files::JournalEntry;
using plugin::Answer;
using plugin::Code;
using plugin::Failure;
using plugin::Time;

Time wall_clock() { return std::chrono::time_point_cast<plugin::Duration>(std::chrono::system_clock::now()); }

const char* const absent = "Keycloak has no such person";

}  // namespace

Accounts::Found Accounts::find(const std::string& user, Time deadline) {
  const ApiReply reply = api_.ask({.path = path_ + "/users/" + web::percent_encoded(user),
                                   .what = "an account",
                                   .role = "view-users (part of manage-users)",
                                   .also = {404}},
                                  deadline);
  if (reply.status == 404) return Found::Absent;
  simdjson::dom::parser parser;
  bool enabled = false;
  if (parser.parse(reply.body).at_key("enabled").get_bool().get(enabled) != simdjson::SUCCESS)
    throw Failure(Code::Unavailable, api_.where() + ": Keycloak does not say whether the account is enabled");
  return enabled ? Found::Enabled : Found::Disabled;
}

bool Accounts::set(const std::string& user, bool enabled, Time deadline) {
  // Nothing else of the account is sent, so nothing else is changed.
  const ApiReply reply = api_.ask({.method = "PUT",
                                   .path = path_ + "/users/" + web::percent_encoded(user),
                                   .body = enabled ? R"({"enabled":true})" : R"({"enabled":false})",
                                   .what = "a change of an account",
                                   .role = "manage-users",
                                   .also = {204, 404}},
                                  deadline);
  return reply.status != 404;
}

Answer Accounts::disable(const std::string& user, const AccountOrder& order, Time deadline) {
  const std::lock_guard lock(mutex_);
  const auto before = journal_.find(user);
  switch (find(user, deadline)) {
    case Found::Absent:
      return {Code::NotFound, absent};
    case Found::Disabled: {
      if (!before)
        return {Code::NotFound, "the account is disabled already, and not by this source: it stays as it is"};
      JournalEntry entry = *before;
      entry.holders[order.session] = order.until;
      journal_.put(user, std::move(entry));
      return {Code::Ok, "the account is disabled already, by this source"};
    }
    case Found::Enabled:
      break;
  }
  JournalEntry intent{.from = 1, .to = 0, .at = wall_clock(), .holders = {{order.session, order.until}}};
  journal_.put(user, std::move(intent));
  // Whether a call without an answer was carried out nobody knows: the intent stays, and is undone in its
  // time.
  if (!set(user, false, deadline)) {
    journal_.drop(user);
    return {Code::NotFound, absent};
  }
  return {Code::Ok, "the account is disabled"};
}

Answer Accounts::enable(const std::string& user, const AccountOrder& order, Time deadline) {
  const std::lock_guard lock(mutex_);
  const auto entry = journal_.find(user);
  if (!entry)
    return {Code::NotFound, "this source's journal has nothing to undo for this account: it stays as it is"};
  const bool is_wanted_by_others =
      std::any_of(entry->holders.begin(), entry->holders.end(), [&](const auto& holder) {
        return holder.first != order.session && (holder.second == Time{} || holder.second > wall_clock());
      });
  if (is_wanted_by_others) {
    JournalEntry left = *entry;
    left.holders.erase(order.session);
    journal_.put(user, std::move(left));
    return {Code::Ok, "the account stays disabled: another sign-out still wants that"};
  }
  switch (find(user, deadline)) {
    case Found::Absent:
      journal_.drop(user);
      return {Code::NotFound, absent};
    case Found::Enabled:
      journal_.drop(user);
      return {Code::NotFound, "somebody has enabled the account already"};
    case Found::Disabled:
      break;
  }
  if (!set(user, true, deadline)) {
    journal_.drop(user);
    return {Code::NotFound, absent};
  }
  journal_.drop(user);
  return {Code::Ok, "the account is enabled again"};
}

}  // namespace curfew::oauth::keycloak
