// One session, and what an observation does to it.
//
//   Change change = take(session, facts);     // pure: moves times and state, says what was changed
//
// Everything here can be told in any order: a start is the earliest time known, an activity the latest, a
// state the newest stated, a stated end the earliest stated. So late and repeated observations end in the
// same session.
//
// Threads: values. Owns: nothing.
#pragma once

#include <cstdint>

#include "core/model/facts.hpp"
#include "core/model/rows.hpp"

namespace curfew::session {

using Slot = std::uint32_t;
inline constexpr Slot no_slot = 0xFFFF'FFFF;

struct alignas(64) Session {
  // The first two cache lines hold what an activity touches.
  model::SessionDigest digest;
  model::SessionNumber number = 0;
  model::Ref subject;     // the subject's reference, kept here so that an activity need not look it up
  model::Ref identifier;  // the identifier by which this session itself was known first
  Time last_person_at{};
  Time last_machine_at{};
  Time ended_at{};  // epoch: lives

  std::uint64_t activities = 0;
  Time started_at{};
  model::Symbol source;
  model::SessionState state = model::SessionState::Active;
  model::EndReason end_reason = model::EndReason::Unknown;
  model::Certainty end_certainty = model::Certainty::Inferred;
  bool start_seen = false;
  bool has_marks = false;        // some policy warned of it or found it in breach
  bool idle_breach = false;      // … too long idle, at some time
  bool idle_now = false;         // … and no activity came since
  bool has_order = false;        // a sign-out of it was ordered
  bool account_changed = false;  // something is known of its account: disabled, enabled, other credentials
  bool active_in_flush = false;  // its activity is waiting for the next flush
  bool privileged = false;
  model::AccountType account_type = model::AccountType::Unknown;
  model::AuthMethod auth_method = model::AuthMethod::Unknown;
  model::Interactivity interactivity = model::Interactivity::Unknown;
  model::NetworkClass network = model::NetworkClass::Unknown;
  std::uint8_t factors = 0;
  bool proven_end = false;      // we proved it dead
  bool refreshed_last = false;  // its newest act of a machine was a refresh of tokens
  model::Symbol application;
  std::uint32_t scope_class = 0;  // which policies may apply: set by the engine
  Time expires_at{};
  Time state_at{};  // event time of what set `state`

  // Deadlines: one entry of the queue belongs to each session.
  Time queued_at{};   // epoch: none
  Time blocked_at{};  // epoch: none; else an absence deadline that waits for a source's watermark
  Time closed_at{};   // engine time at which the end was learnt
  model::Symbol blocked_on;
  std::uint32_t corrections = 0;
  Time first_fresh_at{};  // fresh credentials: the first and the last time; epoch: never
  Time last_fresh_at{};
  model::Ref device;
  model::Ref address;
  model::Ref user_agent;

  // Lists of the subject's sessions and the device's.
  std::uint32_t subject_index = no_slot;
  Slot subject_next = no_slot, subject_previous = no_slot;
  Slot device_next = no_slot, device_previous = no_slot;
  model::SessionNumber joined = 0;  // another session of the same sign-in; 0: none

  [[nodiscard]] bool lives() const { return state != model::SessionState::Ended; }
  // Whether fresh credentials are known to have been given in [from, to].
  [[nodiscard]] bool was_fresh_in(Time from, Time to) const {
    const auto within = [&](Time at) { return at != Time{} && at >= from && at <= to; };
    return within(first_fresh_at) || within(last_fresh_at);
  }
  [[nodiscard]] Time last_at() const {
    return last_person_at > last_machine_at ? last_person_at : last_machine_at;
  }
};

struct Change {
  bool created = false;      // for the caller's use
  bool start_moved = false;  // earlier than known before, or now seen
  bool state_changed = false;
  bool ended = false;      // lived before, ended now
  bool end_moved = false;  // was ended, and its end is another one now
  bool reopened = false;   // an inferred end was taken back
  bool described = false;  // device, application, expiry, …: something else than activity is new
  bool after_end = false;  // activity dated after a stated or proven end
  model::EndReason was = model::EndReason::Unknown;  // of reopened
  [[nodiscard]] bool lifecycle() const {
    return created || start_moved || state_changed || ended || end_moved || reopened || described;
  }
};

// Whether observations of this type say something about one session that lives at that time.
[[nodiscard]] bool shows_life(model::ObservationType type) noexcept;
// Of those, whether it was a person who acted.
[[nodiscard]] bool shows_person(const model::Facts& facts) noexcept;

// Whether it says that somebody came back to a session that waited.
[[nodiscard]] bool resumes(model::ObservationType type) noexcept;
// Whether nobody was asked who they are when it began, as far as its source tells: it says so, or names a way
// of signing in that asks nobody. What it does not tell is not silent.
[[nodiscard]] bool began_silently(const Session& session) noexcept;
// Whether it was signed out: its source says so, or we proved it. That it ran out is something else.
[[nodiscard]] bool was_signed_out(const Session& session) noexcept;

[[nodiscard]] Change take(Session& session, const model::Facts& facts);
// An end that nobody stated. Later activity takes it back.
void infer_end(Session& session, model::EndReason reason, Time at);
// An end that we brought about and proved.
void force_end(Session& session, model::EndReason reason, Time at);
[[nodiscard]] model::SessionRow to_row(const Session& session, const model::Symbols& symbols);

}  // namespace curfew::session
