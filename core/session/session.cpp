#include "core/session/session.hpp"

#include <algorithm>

namespace curfew::session {
namespace {

using model::Certainty;
using model::EndReason;
using model::Facts;
using model::ObservationType;
using model::SessionState;

// True when the value was unknown and is known now.
template <typename T>
bool learn(T& known, const T& told) {
  if (told == T{} || known == told || known != T{}) return false;
  known = told;
  return true;
}

bool describe(Session& session, const Facts& facts) {
  bool news = false;
  news |= learn(session.device, facts.device);
  news |= learn(session.address, facts.address);
  news |= learn(session.user_agent, facts.user_agent);
  news |= learn(session.application, facts.application);
  news |= learn(session.account_type, facts.account_type);
  news |= learn(session.auth_method, facts.auth_method);
  news |= learn(session.interactivity, facts.interactivity);
  news |= learn(session.network, facts.network);
  if (facts.factors > session.factors) {
    session.factors = facts.factors;
    news = true;
  }
  if (facts.privileged && !session.privileged) news = session.privileged = true;
  if (facts.expires_at > session.expires_at) {
    session.expires_at = facts.expires_at;
    news = true;
  }
  return news;
}

bool stated_state(ObservationType type, SessionState& state) {
  switch (type) {
    case ObservationType::Locked:
      state = SessionState::Locked;
      return true;
    case ObservationType::Disconnected:
    case ObservationType::Paused:
      state = SessionState::Paused;
      return true;
    case ObservationType::SignIn:
    case ObservationType::Unlocked:
    case ObservationType::Reconnected:
    case ObservationType::Resumed:
      state = SessionState::Active;
      return true;
    default:
      return false;
  }
}

EndReason stated_reason(const Facts& facts) {
  if (facts.end_reason != EndReason::Unknown) return facts.end_reason;
  switch (facts.type) {
    case ObservationType::Expired:
      return EndReason::Expired;
    case ObservationType::Revoked:
      return EndReason::Forced;
    default:
      return EndReason::SignedOut;
  }
}

void take_stated_end(Session& session, const Facts& facts, Change& change) {
  const bool lived = session.lives();
  if (!lived && session.end_certainty == Certainty::Stated && session.ended_at <= facts.occurred_at) return;
  change.ended = lived;
  change.end_moved = !lived;
  session.state = SessionState::Ended;
  session.state_at = facts.occurred_at;
  session.ended_at = facts.occurred_at;
  // A proven end stays ours even when the source then states it too.
  if (!session.proven_end) session.end_reason = stated_reason(facts);
  session.end_certainty = Certainty::Stated;
  if (session.started_at > facts.occurred_at || session.started_at == Time{}) {
    change.start_moved = session.started_at != Time{};
    session.started_at = facts.occurred_at;
  }
  change.after_end = session.last_at() > session.ended_at;
}

// Whether an end that is told as `reason` at `at` says more than the inferred one that is known.
bool replaces_inferred(const Session& session, EndReason reason, Time at) {
  // "Nothing was heard of it" says least.
  const bool guessed = session.end_reason == EndReason::Vanished;
  if (guessed != (reason == EndReason::Vanished)) return guessed;
  return at < session.ended_at;
}

// An end that the source's connector concluded: it is believed until something says otherwise.
void take_inferred_end(Session& session, const Facts& facts, Change& change) {
  const bool lived = session.lives();
  const Time at = facts.occurred_at;
  if (session.started_at > at || session.started_at == Time{}) {
    change.start_moved = session.started_at != Time{};
    session.started_at = at;
  }
  if (session.last_at() > at) return;  // something does already
  const EndReason reason = stated_reason(facts);
  if (!lived && (session.end_certainty == Certainty::Stated || !replaces_inferred(session, reason, at)))
    return;
  change.ended = lived;
  change.end_moved = !lived;
  infer_end(session, reason, at);
}

}  // namespace

bool shows_life(ObservationType type) noexcept {
  switch (type) {
    case ObservationType::SignIn:
    case ObservationType::Activity:
    case ObservationType::TokenRefreshed:
    case ObservationType::Reauthenticated:
    case ObservationType::Locked:
    case ObservationType::Unlocked:
    case ObservationType::Disconnected:
    case ObservationType::Reconnected:
    case ObservationType::Paused:
    case ObservationType::Resumed:
      return true;
    default:
      return false;
  }
}

bool shows_person(const Facts& facts) noexcept {
  switch (facts.type) {
    case ObservationType::Activity:
      return facts.activity_class == model::ActivityClass::Person;
    case ObservationType::SignIn:
    case ObservationType::Reauthenticated:
    case ObservationType::Unlocked:
    case ObservationType::Reconnected:
    case ObservationType::Resumed:
      return true;
    default:
      // A lock, a disconnection or a refreshed token may have happened by itself.
      return false;
  }
}

bool resumes(ObservationType type) noexcept {
  return type == ObservationType::Unlocked || type == ObservationType::Reconnected ||
         type == ObservationType::Resumed;
}

bool began_silently(const Session& session) noexcept {
  if (session.interactivity != model::Interactivity::Unknown)
    return session.interactivity == model::Interactivity::Silent;
  switch (session.auth_method) {
    case model::AuthMethod::Kerberos:
    case model::AuthMethod::Ntlm:
    case model::AuthMethod::Negotiate:
    case model::AuthMethod::Cached:
    case model::AuthMethod::Token:
      return true;
    default:
      return false;
  }
}

bool was_signed_out(const Session& session) noexcept {
  if (session.lives()) return false;
  if (session.proven_end) return true;
  if (session.end_certainty != Certainty::Stated) return false;
  switch (session.end_reason) {
    case EndReason::SignedOut:
    case EndReason::Forced:
    case EndReason::ClosingTime:
    case EndReason::AccountDisabled:
    case EndReason::CredentialChanged:
      return true;
    default:
      return false;
  }
}

Change take(Session& session, const Facts& facts) {
  Change change;
  change.described = describe(session, facts);
  if (model::states_end(facts.type)) {
    if (facts.end_certainty == Certainty::Stated)
      take_stated_end(session, facts, change);
    else
      take_inferred_end(session, facts, change);
    return change;
  }
  if (!shows_life(facts.type)) return change;

  const Time at = facts.occurred_at;
  if (session.started_at == Time{} || at < session.started_at) {
    change.start_moved = session.started_at != Time{};
    session.started_at = at;
  }
  if (facts.type == ObservationType::SignIn && !session.start_seen) {
    session.start_seen = true;
    change.start_moved = true;
  }
  if (facts.fresh_credentials) {
    if (session.first_fresh_at == Time{} || at < session.first_fresh_at) session.first_fresh_at = at;
    session.last_fresh_at = std::max(session.last_fresh_at, at);
  }
  const bool refreshes = facts.type == ObservationType::TokenRefreshed;
  if (!shows_person(facts) && (at > session.last_machine_at || (at == session.last_machine_at && refreshes)))
    session.refreshed_last = refreshes;
  Time& last = shows_person(facts) ? session.last_person_at : session.last_machine_at;
  last = std::max(last, at);
  if (facts.type == ObservationType::Activity) session.activities += facts.count;

  if (!session.lives() && at > session.ended_at) {
    if (session.end_certainty == Certainty::Inferred && !session.proven_end) {
      change.reopened = true;
      change.was = session.end_reason;
      // What was said to end it did not.
      if (session.end_reason == EndReason::Expired && session.expires_at <= at) session.expires_at = Time{};
      session.state = SessionState::Active;
      session.state_at = at;
      session.ended_at = Time{};
      session.end_reason = EndReason::Unknown;
      ++session.corrections;
    } else {
      change.after_end = true;
    }
  }
  if (SessionState state{}; session.lives() && at >= session.state_at && stated_state(facts.type, state)) {
    change.state_changed = session.state != state;
    session.state = state;
    session.state_at = at;
  }
  return change;
}

void infer_end(Session& session, EndReason reason, Time at) {
  session.state = SessionState::Ended;
  session.end_reason = reason;
  session.end_certainty = Certainty::Inferred;
  session.ended_at = at;
}

void force_end(Session& session, EndReason reason, Time at) {
  session.state = SessionState::Ended;
  session.end_reason = reason;
  session.end_certainty = Certainty::Stated;
  session.proven_end = true;
  session.ended_at = at;
}

model::SessionRow to_row(const Session& session, const model::Symbols& symbols) {
  model::SessionRow row;
  row.number = session.number;
  row.source = symbols.text(session.source);
  row.session = session.digest;
  row.subject = session.subject;
  row.device = session.device;
  row.address = session.address;
  row.user_agent = session.user_agent;
  row.application = symbols.text(session.application);
  row.account_type = session.account_type;
  row.auth_method = session.auth_method;
  row.interactivity = session.interactivity;
  row.network = session.network;
  row.factors = session.factors;
  row.privileged = session.privileged;
  row.start_seen = session.start_seen;
  row.state = session.state;
  row.started_at = session.started_at;
  row.last_person_activity_at = session.last_person_at;
  row.last_machine_activity_at = session.last_machine_at;
  row.last_fresh_authentication_at = session.last_fresh_at;
  row.expires_at = session.expires_at;
  row.ended_at = session.ended_at;
  row.end_reason = session.end_reason;
  row.end_certainty = session.end_certainty;
  row.corrections = session.corrections;
  row.activities = session.activities;
  return row;
}

}  // namespace curfew::session
