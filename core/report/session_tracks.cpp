#include "core/report/session_tracks.hpp"

#include <algorithm>

namespace curfew::report {
namespace {

using model::ObservationType;

// What only a person does.
bool is_persons(const model::Facts& facts) {
  switch (facts.type) {
    case ObservationType::Activity:
      return facts.activity_class == model::ActivityClass::Person;
    case ObservationType::SignIn:
    case ObservationType::Reauthenticated:
    case ObservationType::Unlocked:
    case ObservationType::Reconnected:
    case ObservationType::Resumed:
      return true;
    case ObservationType::SignInFailed:
    case ObservationType::TokenRefreshed:
    case ObservationType::Locked:
    case ObservationType::Disconnected:
    case ObservationType::Paused:
    case ObservationType::SignOut:
    case ObservationType::Expired:
    case ObservationType::Revoked:
    case ObservationType::CredentialChanged:
    case ObservationType::AccountDisabled:
    case ObservationType::AccountEnabled:
    case ObservationType::Gap:
      break;
  }
  return false;
}

// Whether they authenticated with it. An unlocked device asked for it by its nature.
bool is_authenticated(const model::Facts& facts) {
  return facts.fresh_credentials || facts.type == ObservationType::Reauthenticated ||
         facts.type == ObservationType::Unlocked;
}

void see_person(SessionTrack& track, const model::Facts& facts, Place place) {
  const Time at = facts.occurred_at;
  if (at < track.last_person_at) {
    if (track.idle > Duration{0} && at > track.idle_from && at < track.idle_from + track.idle)
      track.late = true;
    return;
  }
  if (track.last_person_at != Time{} && !is_authenticated(facts) && at - track.last_person_at > track.idle) {
    track.idle = at - track.last_person_at;
    track.idle_from = track.last_person_at;
    track.place = place;
    track.late = false;
  }
  track.last_person_at = at;
}

void see_fresh(SessionTrack& track, Time at) {
  if (at <= track.last_fresh_at) {
    if (track.stale > Duration{0} && at > track.stale_from && at < track.stale_from + track.stale)
      track.stale = Duration{0};
    return;
  }
  if (track.last_fresh_at != Time{} && at - track.last_fresh_at > track.stale) {
    track.stale = at - track.last_fresh_at;
    track.stale_from = track.last_fresh_at;
  }
  track.last_fresh_at = at;
}

}  // namespace

void SessionTracks::see(const std::string& source, const model::Facts& facts, Place place) {
  if (!facts.session) return;
  const bool persons = is_persons(facts);
  const bool fresh = facts.fresh_credentials || facts.type == ObservationType::Reauthenticated;
  const bool ends = model::states_end(facts.type);
  if (!persons && !fresh && !ends) return;
  Key key{source, facts.session};
  auto at = tracks_.find(key);
  if (ends) {
    if (at == tracks_.end()) return;
    // When fresh credentials came last still counts for the end.
    if (at->second.idle <= idle_of_interest_ && at->second.stale <= stale_of_interest_ &&
        facts.occurred_at - at->second.last_fresh_at <= stale_of_interest_)
      tracks_.erase(at);
    return;
  }
  if (at == tracks_.end()) {
    if (tracks_.size() >= most_) {
      cut_ = true;
      return;
    }
    at = tracks_.emplace(std::move(key), SessionTrack{}).first;
  }
  if (persons) see_person(at->second, facts, place);
  if (fresh) see_fresh(at->second, facts.occurred_at);
}

const SessionTrack* SessionTracks::find(const std::string& source,
                                        const model::SessionDigest& session) const {
  const auto at = tracks_.find({source, session});
  return at == tracks_.end() ? nullptr : &at->second;
}

}  // namespace curfew::report
