// The rules about how long credentials count, and about where a session is used from.
#include <algorithm>
#include <tuple>

#include "tests/model/reference.hpp"

namespace curfew::model_test {

using model::Bond;
using model::ObservationType;
using model::Rule;

namespace {

constexpr std::size_t most_sightings = 8;

// A stay begins and ends; what lies between says nothing more.
template <typename Seen>
void keep_ends_of_stays(Seen& seen) {
  Seen ends;
  for (auto one = seen.begin(); one != seen.end(); ++one) {
    const bool begins = one == seen.begin() || std::prev(one)->value != one->value;
    const bool ends_here = std::next(one) == seen.end() || std::next(one)->value != one->value;
    if (begins || ends_here) ends.push_back(*one);
  }
  seen = ends;
}

}  // namespace

// A time without credentials was found too long, and they were given at that time.
void Reference::judge_intervals(Session& session, Time fresh_at) {
  for (auto& [p, mark] : session.marks) {
    const model::Policy& policy = set_.policies[p];
    if (policy.rule != Rule::ReauthenticationInterval || !mark.open || fresh_at <= mark.base) continue;
    if (fresh_at > mark.breached_at) {
      mark.resumed_at = mark.resumed_at == Time{} ? fresh_at : std::min(mark.resumed_at, fresh_at);
    } else if (mark.resumed_at != Time{} && mark.resumed_at >= fresh_at + policy.limit) {
      mark.base = fresh_at;
      mark.breached_at = fresh_at + policy.limit;
    } else {
      withdraw(mark);
      mark.warned_for = Time{};
    }
  }
}

void Reference::see_from_where(Session& session, const model::Facts& facts, bool person_acted) {
  const Time at = facts.occurred_at;
  const Time newest = session.row.last_fresh_authentication_at;
  if (at < newest) {
    // Older than what binds now. If they are credentials, what was found after them was none.
    if (!facts.fresh_credentials) return;
    for (auto& [p, mark] : session.marks) {
      if (set_.policies[p].rule == Rule::SessionBinding && mark.open && mark.base < at &&
          mark.breached_at >= at)
        withdraw(mark);
    }
    return;
  }
  if (facts.fresh_credentials) {
    for (auto& [of, seen] : session.seen)
      std::erase_if(seen, [&](const Sighting& one) { return one.at < at; });
  }
  if (!person_acted) return;
  const std::map<Bond, std::uint64_t> told{{Bond::Device, facts.device.bits},
                                           {Bond::Network, static_cast<std::uint64_t>(facts.network)},
                                           {Bond::Address, facts.address.bits},
                                           {Bond::UserAgent, facts.user_agent.bits}};
  for (const auto& [bond, value] : told) {
    if (value == 0) continue;
    std::vector<Sighting>& seen = session.seen[{std::string(symbols_.text(facts.source)), bond}];
    bool repeated = false;
    for (Sighting& one : seen) {
      if (one.at != at || one.value != value) continue;
      one.fresh |= facts.fresh_credentials;
      repeated = true;
    }
    if (!repeated) seen.push_back({at, value, facts.fresh_credentials});
    std::sort(seen.begin(), seen.end(), [](const Sighting& a, const Sighting& b) {
      return std::make_tuple(a.at, !a.fresh, a.value) < std::make_tuple(b.at, !b.fresh, b.value);
    });
    keep_ends_of_stays(seen);
    if (seen.size() <= most_sightings) continue;
    seen.erase(seen.begin() + most_sightings / 2);
    keep_ends_of_stays(seen);
  }
}

void Reference::judge_places() {
  for (auto& [number, session] : sessions_) {
    const Time fresh = session.row.last_fresh_authentication_at;
    for (std::size_t p = 0; p < set_.policies.size(); ++p) {
      const model::Policy& policy = set_.policies[p];
      if (policy.rule != Rule::SessionBinding || !in_scope(policy, session)) continue;
      Time changed = Time::max();
      for (const auto& [of, seen] : session.seen) {
        if (std::find(policy.bind.begin(), policy.bind.end(), of.second) == policy.bind.end()) continue;
        for (const Sighting& one : seen) {
          if (!one.fresh && one.value != seen.front().value) changed = std::min(changed, one.at);
        }
      }
      if (!session.lives() && changed > session.row.ended_at) changed = Time::max();
      Mark& mark = session.marks[p];
      if (mark.open && mark.breached_at >= fresh) {
        if (changed == Time::max()) {
          withdraw(mark);
        } else {
          mark.base = fresh;
          mark.breached_at = changed;
        }
        continue;
      }
      if (mark.open && !session.lives() && mark.breached_at > session.row.ended_at) withdraw(mark);
      if (changed != Time::max()) open(p, session, fresh, changed);
    }
  }
}

}  // namespace curfew::model_test
