#include "plugins/oauth/providers/business_central/session_watch.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace curfew::oauth::business_central {
namespace {

using plugin::Code;
using plugin::Duration;
using plugin::Failure;
using plugin::Time;
using plugin::Type;
using namespace std::chrono_literals;

constexpr std::size_t most_known = 50'000;
constexpr std::string_view prefix = "session/";
// An order is followed for a day after its ladder's end.
constexpr Duration kept_for = std::chrono::hours(48);
constexpr Duration renewed_before = std::chrono::hours(24);

std::int64_t micros(Time time) { return time.time_since_epoch().count(); }

}  // namespace

std::string SessionWatch::lowered(std::string_view user) {
  std::string out(user);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Memory SessionWatch::memory_of(const std::string& id, const Known& known) {
  return {.key = std::string(prefix) + id,
          .value = (known.gone ? "gone " : "here ") + std::to_string(micros(known.listed)),
          .until = known.until};
}

void SessionWatch::recall(std::string_view key, std::string_view value) {
  if (!key.starts_with(prefix) || value.size() < 6) return;
  std::int64_t listed = 0;
  const auto read = std::from_chars(value.data() + 5, value.data() + value.size(), listed);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size()) return;
  const std::lock_guard lock(mutex_);
  // Until when the host keeps it isn't told: it is kept on at the next list.
  known_[std::string(key.substr(prefix.size()))] = {
      .listed = Time(Duration(listed)), .until = {}, .gone = value.starts_with("gone ")};
}

void SessionWatch::tell(Batch& batch, const ServerSession& session, Time at, bool is_back) const {
  Sighting seen;
  seen.session = session.id();
  seen.handle = handle_of(session);
  seen.user_name = session.user;
  seen.application = options_.application;
  seen.auth_method = plugin::AuthMethod::Oidc;
  seen.machine = !is_a_persons(session.client);
  if (is_back || session.began < at - options_.oldest_start) {
    seen.type = Type::Activity;
    seen.at = at;
    seen.key = (is_back ? "back/" : "here/") + seen.session + "/" + std::to_string(micros(at));
    seen.machine = true;  // that it is listed shows nobody at it
  } else {
    seen.type = Type::SignIn;
    seen.at = std::min(session.began, at);
    seen.key = "on/" + seen.session;
  }
  batch.sightings.push_back(std::move(seen));
}

Batch SessionWatch::take(const SessionPage& page, Time at) {
  if (page.sessions.size() > most_known)
    throw Failure(Code::Failed, "the environment has more than " + std::to_string(most_known) + " sessions");
  const std::lock_guard lock(mutex_);
  Batch batch{.read = page.sessions.size() + page.unreadable, .unreadable = page.unreadable};
  std::set<std::string> here;
  for (const ServerSession& session : page.sessions) {
    const std::string id = session.id();
    if (!here.insert(id).second) continue;
    const auto known = known_.find(id);
    const bool is_new = known == known_.end();
    const bool is_back = !is_new && known->second.gone;
    if (is_new || is_back) tell(batch, session, at, is_back);
    Known& now = known_[id];
    now.listed = at;
    now.gone = false;
    if (is_new || is_back || now.until < at + renewed_before) {
      now.until = at + kept_for;
      batch.memories.push_back(memory_of(id, now));
    }
  }
  // A session that can't be read may be any of those that are missing.
  for (auto one = known_.begin(); one != known_.end();) {
    Known& known = one->second;
    if (known.gone && known.until != Time{} && known.until < at) {
      one = known_.erase(one);
      continue;
    }
    if (known.gone && known.until == Time{}) known.until = known.listed + kept_for;
    if (!known.gone && !here.contains(one->first) && page.unreadable == 0) {
      known.gone = true;
      known.until = at + kept_for;
      Sighting end;
      end.type = Type::SignOut;
      end.at = at;
      end.key = "off/" + one->first + "/" + std::to_string(micros(known.listed));
      end.session = one->first;
      end.end_inferred = true;
      end.application = options_.application;
      batch.sightings.push_back(std::move(end));
      batch.memories.push_back(memory_of(one->first, known));
    }
    ++one;
  }
  std::stable_sort(batch.sightings.begin(), batch.sightings.end(),
                   [](const Sighting& a, const Sighting& b) { return a.at < b.at; });
  batch.cursor = std::to_string(micros(at));
  batch.caught_up = true;
  return batch;
}

void SessionWatch::seen(const SessionPage& page, Time at) {
  const std::lock_guard lock(mutex_);
  for (const ServerSession& session : page.sessions) {
    const auto known = known_.find(session.id());
    if (known != known_.end() && !known->second.gone)
      known->second.listed = std::max(known->second.listed, at);
  }
}

std::optional<Time> SessionWatch::last_listed(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(id);
  if (known == known_.end()) return std::nullopt;
  return known->second.listed;
}

}  // namespace curfew::oauth::business_central
