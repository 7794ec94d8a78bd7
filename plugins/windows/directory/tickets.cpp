#include "plugins/windows/directory/tickets.hpp"

#include <charconv>
#include <iterator>
#include <utility>

namespace curfew::windows {
namespace {

using plugin::Time;

constexpr std::string_view prefix = "ticket/";
constexpr std::size_t longest_sid = 184;  // fifteen parts of ten digits

std::string key_of(const std::string& session) { return std::string(prefix) + session; }

// The SID, whether they differed, and the moment.
std::string text_of(const Ticket& ticket) {
  return ticket.sid + (ticket.differed ? " 1 " : " 0 ") +
         std::to_string(ticket.closed_at.time_since_epoch().count());
}

std::optional<Ticket> ticket_of(std::string_view text) {
  const std::size_t first = text.find(' ');
  if (first == 0 || first == std::string_view::npos || first > longest_sid || text.size() < first + 4)
    return std::nullopt;
  const char differed = text[first + 1];
  const std::string_view number = text.substr(first + 3);
  std::int64_t at = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), at);
  if ((differed != '0' && differed != '1') || text[first + 2] != ' ' || read.ec != std::errc() ||
      read.ptr != number.data() + number.size() || at < 0)
    return std::nullopt;
  return Ticket{std::string(text.substr(0, first)), differed == '1', Time(plugin::Duration(at))};
}

}  // namespace

void Tickets::add(const std::string& session, Ticket ticket) {
  by_age_.push_back(session);
  tickets_.insert_or_assign(session, Kept{std::move(ticket), std::prev(by_age_.end())});
  if (tickets_.size() > most_) forget(std::string(by_age_.front()));
}

void Tickets::forget(const std::string& session) {
  const auto found = tickets_.find(session);
  if (found == tickets_.end()) return;
  by_age_.erase(found->second.age);
  tickets_.erase(found);
  changes_[key_of(session)].clear();
}

void Tickets::began(const std::string& session, std::string_view sid) {
  if (sid.empty() || sid.size() > longest_sid) return;
  const std::lock_guard lock(mutex_);
  if (tickets_.contains(session)) return;
  Ticket ticket{std::string(sid), false, {}};
  changes_.insert_or_assign(key_of(session), text_of(ticket));
  add(session, std::move(ticket));
}

void Tickets::ended(const std::string& session) {
  const std::lock_guard lock(mutex_);
  forget(session);
}

std::optional<Ticket> Tickets::find(const std::string& session) const {
  const std::lock_guard lock(mutex_);
  const auto found = tickets_.find(session);
  return found == tickets_.end() ? std::nullopt : std::optional(found->second.ticket);
}

// The change's own time counts where nobody saw the controllers differ. Where somebody did, one of them gave
// tickets after it, until a look found all of them closed.
Time Tickets::looked(const std::string& session, Agreement agreement, Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = tickets_.find(session);
  if (found == tickets_.end()) return agreement == Agreement::Disabled ? now : Time{};
  Ticket next = found->second.ticket;
  if (agreement != Agreement::Disabled) {
    next.differed = agreement == Agreement::Differing;
    next.closed_at = {};
  } else if (next.differed && next.closed_at == Time{}) {
    next.closed_at = now;
  }
  if (next == found->second.ticket) return next.closed_at;
  changes_.insert_or_assign(key_of(session), text_of(next));
  found->second.ticket = next;
  return next.closed_at;
}

bool Tickets::restore(std::string_view key, std::string_view value) {
  if (!key.starts_with(prefix)) return false;
  const std::string session(key.substr(prefix.size()));
  const std::lock_guard lock(mutex_);
  if (auto ticket = ticket_of(value); ticket && !tickets_.contains(session)) add(session, std::move(*ticket));
  return true;
}

std::map<std::string, std::string> Tickets::take_changes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(changes_, {});
}

}  // namespace curfew::windows
