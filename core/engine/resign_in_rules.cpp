// Sign-ins that follow a sign-out and ask nobody.
#include <algorithm>
#include <optional>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

using policy::PolicyIndex;

namespace {

// What let somebody in who was not asked.
std::string_view cause_of(const Session& session) {
  switch (session.auth_method) {
    case model::AuthMethod::Kerberos:
      return "kerberos_ticket";
    case model::AuthMethod::Ntlm:
    case model::AuthMethod::Cached:
      return "cached_credentials";
    case model::AuthMethod::Negotiate:
      return "integrated_sign_in";
    case model::AuthMethod::Form:
    case model::AuthMethod::Token:
      return "persistent_cookie";
    case model::AuthMethod::Password:
    case model::AuthMethod::Basic:
      return "remembered_password";
    case model::AuthMethod::Oidc:
    case model::AuthMethod::Saml:
      return "identity_provider";
    case model::AuthMethod::Certificate:
      return "certificate";
    default:
      return "unknown";
  }
}

bool belongs_together(model::Per per, const Session& a, const Session& b) {
  switch (per) {
    case model::Per::Subject:
      return true;
    case model::Per::Application:
      return a.application == b.application && (a.application || a.source == b.source);
    case model::Per::Source:
      return a.source == b.source;
    case model::Per::Device:
      return a.device && a.device == b.device;
  }
  return false;
}

// Known to be used elsewhere: signing out here says nothing about it.
bool is_another_client(const Session& a, const Session& b) {
  if (a.device && b.device) return a.device != b.device;
  return a.user_agent && b.user_agent && a.user_agent != b.user_agent;
}

}  // namespace

// The newest sign-out that this sign-in came silently after, as far as the policy looks back.
std::optional<Engine::State::ResignIn> Engine::State::resign_in_of(const Session& session,
                                                                   const model::Policy& policy) const {
  if (!session.start_seen || session.subject_index == no_slot || !session::began_silently(session))
    return std::nullopt;
  const Time until = session.started_at + fresh_within;
  Time fresh{};
  std::vector<const Session*> before;
  for (Slot slot = subjects.at(session.subject_index).sessions; slot != no_slot;
       slot = sessions.at(slot).subject_next) {
    const Session& other = sessions.at(slot);
    for (const Time at : {other.first_fresh_at, other.last_fresh_at}) {
      if (at <= until) fresh = std::max(fresh, at);
    }
    if (other.number == session.number || !session::was_signed_out(other) ||
        other.ended_at > session.started_at || other.ended_at < session.started_at - policy.window ||
        !belongs_together(policy.per, session, other))
      continue;
    if (policy.per == model::Per::Subject || !is_another_client(session, other)) before.push_back(&other);
  }
  std::optional<ResignIn> found;
  for (const Session* other : before) {
    if (other->ended_at < fresh) continue;
    const bool direct = other->identifier == session.identifier;
    const bool is_newer =
        !found || std::make_pair(other->ended_at, other->number) >
                      std::make_pair(found->signed_out->ended_at, found->signed_out->number);
    const bool through_link = (!found || found->through_link) && !direct;
    if (!found) found.emplace();
    if (is_newer) found->signed_out = other;
    found->through_link = through_link;
  }
  return found;
}

void Engine::State::check_resign_in(Slot slot) {
  const std::vector<PolicyIndex> resign_in = book.candidates(sessions.at(slot).scope_class).resign_in;
  for (const PolicyIndex index : resign_in) {
    const model::Policy& policy = book.at(index).policy;
    Session& session = sessions.at(slot);
    const auto found = resign_in_of(session, policy);
    const Mark* known = find_mark(session, index);
    if (known != nullptr && known->violation != 0) {
      // A sign-out that left the memory is still what it came after.
      if (found || known->base <= forgotten_until) continue;
      const model::ViolationNumber number = known->violation;
      mark(session, index).violation = 0;
      withdraw(number, "fresh credentials were given, or no sign-out came before it");
      continue;
    }
    // Whoever left the memory may have given fresh credentials since.
    if (!found || found->signed_out->ended_at <= forgotten_until || !applies(index, session)) continue;
    const Session& before = *found->signed_out;
    Breach breach;
    breach.policy = index;
    breach.slot = slot;
    breach.base = before.ended_at;
    breach.breached_at = session.started_at;
    breach.through_link = found->through_link;
    model::JsonObject o(breach.evidence);
    o.micros("limit", policy.window);
    o.micros("measured", session.started_at - before.ended_at);
    o.time("ended_at", before.ended_at);
    o.name("end_reason", before.end_reason);
    o.text("end", before.proven_end ? "proven" : "stated");
    o.name("per", policy.per);
    o.text("cause", cause_of(session));
    o.name("auth_method", session.auth_method);
    o.raw("sessions", "[" + std::to_string(before.number) + "," + std::to_string(session.number) + "]");
    o.end();
    Violation& violation = open(breach);
    if (session.lives()) enforce(index, violation, last_violation, {slot}, breach.through_link, false);
  }
}

// Something about this session changed that sign-ins of the same person are judged by.
void Engine::State::recheck_resign_ins(Slot slot) {
  if (!book.has(model::Rule::SilentResignIn)) return;
  const Session& one = sessions.at(slot);
  if (one.subject_index == no_slot) return;
  const bool is_over = session::was_signed_out(one);
  std::vector<Slot> concerned;
  for (Slot other = subjects.at(one.subject_index).sessions; other != no_slot;
       other = sessions.at(other).subject_next) {
    const Session& session = sessions.at(other);
    if (other == slot || session.has_marks || (is_over && session.started_at >= one.ended_at))
      concerned.push_back(other);
  }
  std::sort(concerned.begin(), concerned.end(),
            [this](Slot a, Slot b) { return sessions.at(a).number < sessions.at(b).number; });
  for (const Slot other : concerned) check_resign_in(other);
}

}  // namespace curfew::engine
