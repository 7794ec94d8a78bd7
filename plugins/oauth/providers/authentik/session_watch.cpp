#include "plugins/oauth/providers/authentik/session_watch.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace curfew::oauth::authentik {
namespace {

using plugin::Code;
using plugin::Duration;
using plugin::EndReason;
using plugin::Failure;
using plugin::Time;
using plugin::Type;

constexpr std::string_view prefix = "session/";
constexpr std::string_view ended = "ended", waiting = " waiting";
constexpr Duration kept_for = std::chrono::hours(48);
constexpr Duration renewed_before = std::chrono::hours(24);
// A page that shifts while it is read may hide a session once.
constexpr int missing_before_asked = 2;

std::int64_t micros(Time time) { return time.time_since_epoch().count(); }

bool may_be_one(const std::string& agent, const std::string& other) {
  return agent.empty() || other.empty() || agent == other;
}

Sighting about(const std::string& id, const std::string& user) {
  Sighting seen;
  seen.session = id;
  seen.subject = user;
  if (!user.empty()) seen.handle = handle_of(user, id);
  return seen;
}

}  // namespace

std::string SessionWatch::whose(const std::string& user, const std::string& address) const {
  return plugin::to_hex(ground_.digest("authentik\n" + user + "\n" + address).bytes);
}

void SessionWatch::recall(std::string_view key, std::string_view value) {
  if (!key.starts_with(prefix) || value == ended) return;
  const std::string id(key.substr(prefix.size()));
  std::int64_t expires = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, expires);
  if (!is_session(id) || read.ec != std::errc() || read.ptr == end || *read.ptr != ' ') return;
  std::string whose(read.ptr + 1, end);
  const bool waits = whose.ends_with(waiting);
  if (waits) whose.resize(whose.size() - waiting.size());
  Known& one = known_[id];
  // Until when the host keeps it isn't told: it is kept on at the next list.
  one.kept_until = Time(Duration(1));
  one.whose = std::move(whose);
  one.expires = Time(Duration(expires));
  one.is_told = !waits;
  one.was_there = waits;
}

void SessionWatch::update(Sessions& known, const std::vector<ListedSession>& listed,
                          const Terms& terms) const {
  for (auto& [id, one] : known) ++one.missing;
  for (const ListedSession& row : listed) {
    const auto [at, is_new] = known.try_emplace(row.id);
    Known& one = at->second;
    one.missing = 0;
    one.whose = whose(row.user, row.address);
    one.agent = row.agent;
    one.user = row.user;
    one.expires = row.expires;
    one.address = row.address;
    if (one.first_listed == Time{}) one.first_listed = terms.at;
    if (is_new) one.was_there = terms.is_first;
  }
  if (known.size() > most_sessions)
    throw Failure(Code::Failed, "authentik lists more than " + std::to_string(most_sessions) +
                                    " sessions, which are more than one source follows");
}

// False: of which session the event is isn't known, and it says nothing without one.
bool SessionWatch::assign(Sessions& known, Sighting& event) const {
  if (event.subject.empty()) return event.type == Type::SignInFailed;
  const std::string of = whose(event.subject, event.address);
  const auto fits = [&](const Known& one) {
    if (one.whose != of || !may_be_one(one.agent, event.user_agent)) return false;
    if (event.type == Type::SignIn) return !one.is_told;
    return event.type == Type::SignOut ? one.missing > 0 : one.is_told && one.missing == 0;
  };
  const auto is_it = [&](const auto& entry) { return fits(entry.second); };
  const auto found = std::find_if(known.begin(), known.end(), is_it);
  switch (event.type) {
    case Type::SignIn:
      // One that has ended already is told without: that somebody was there.
      if (found == known.end()) return true;
      found->second.is_told = true;
      found->second.kept_until = {};
      break;
    case Type::SignOut:
      if (found == known.end()) return false;
      break;
    case Type::Activity:
      if (found == known.end() || std::find_if(std::next(found), known.end(), is_it) != known.end())
        return false;
      break;
    default:
      return true;
  }
  event.session = found->first;
  event.handle = handle_of(event.subject, event.session);
  if (event.type == Type::SignOut) known.erase(found);
  return true;
}

void SessionWatch::tell_waiting(Sessions& known, const Terms& terms, std::vector<Sighting>& told) {
  for (auto& [id, one] : known) {
    if (one.is_told || one.missing > 0 || one.first_listed == terms.at) continue;
    Sighting seen = about(id, one.user);
    // Of one that was there before, only that it lives: whether anybody did something is not known.
    seen.type = one.was_there ? Type::Activity : Type::SignIn;
    seen.machine = one.was_there;
    seen.at = one.first_listed;
    seen.key = (one.was_there ? "lives/" : "in/") + id;
    seen.address = one.address;
    seen.user_agent = one.agent;
    told.push_back(std::move(seen));
    one.is_told = true;
    one.kept_until = {};
  }
}

void SessionWatch::tell_gone(Sessions& known, const Terms& terms, std::vector<Sighting>& told) {
  std::size_t asked = 0;
  for (auto at = known.begin(); at != known.end();) {
    Known& one = at->second;
    if (one.missing < missing_before_asked || asked == most_asked) {
      ++at;
      continue;
    }
    ++asked;
    if (terms.is_there(at->first)) {
      one.missing = 0;
      ++at;
      continue;
    }
    if (!one.is_told) {
      at = known.erase(at);  // nobody has heard of it
      continue;
    }
    Sighting gone = about(at->first, one.user);
    gone.type = Type::Expired;
    gone.at = terms.at;
    gone.key = "gone/" + at->first;
    const bool has_expired = one.expires != Time{} && one.expires <= terms.at;
    gone.end_reason = has_expired ? EndReason::Expired : EndReason::Vanished;
    gone.end_inferred = true;
    told.push_back(std::move(gone));
    at = known.erase(at);
  }
}

// One that waits for its event is new after a restart too, unless it is as old as the source.
void SessionWatch::keep(Sessions& known, const Terms& terms, Portion& out) {
  for (auto& [id, one] : known) {
    const bool is_kept = one.is_told || one.was_there;
    if (!is_kept || one.kept_until >= terms.at + renewed_before) continue;
    one.kept_until = terms.at + kept_for;
    out.memories.push_back({.key = std::string(prefix) + id,
                            .value = std::to_string(micros(one.expires)) + " " + one.whose +
                                     (one.is_told ? "" : std::string(waiting)),
                            .until = one.kept_until});
  }
}

void SessionWatch::take(std::vector<Sighting> events, const std::vector<ListedSession>& listed,
                        const Terms& terms, Portion& out) {
  Sessions known = known_;
  std::vector<Sighting> told;
  update(known, listed, terms);
  std::stable_sort(events.begin(), events.end(),
                   [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
  std::uint64_t filtered = 0;
  for (Sighting& event : events) {
    if (assign(known, event))
      told.push_back(std::move(event));
    else
      ++filtered;
  }
  tell_waiting(known, terms, told);
  tell_gone(known, terms, told);
  keep(known, terms, out);
  for (const auto& [id, one] : known_) {
    if (one.kept_until != Time{} && !known.contains(id))
      out.memories.push_back({.key = std::string(prefix) + id,
                              .value = std::string(ended),
                              .until = terms.at + std::chrono::hours(1)});
  }
  known_ = std::move(known);
  out.page.filtered += filtered;
  for (Sighting& one : told) out.page.sightings.push_back(std::move(one));
}

}  // namespace curfew::oauth::authentik
