// A limit that is near: recorded, and told to whom the policy names.
#include <algorithm>

#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

// Once for each time of activity (or life): `base` is its start.
void Engine::State::warn(policy::PolicyIndex index, Slot slot, Time base, Time deadline) {
  Session& session = sessions.at(slot);
  const model::Policy& policy = book.at(index).policy;
  mark(session, index).warned_for = base;
  out->fired = true;
  std::string text;
  model::JsonObject o(text);
  o.text("policy", policy.name);
  o.name("rule", policy.rule);
  o.number("session_number", session.number);
  o.time("deadline", deadline);
  if (!policy.warn_by.empty()) {
    const std::string why_not = why_not_notified(policy, session);
    if (why_not.empty()) {
      o.texts("notify", policy.warn_by);
      notice_caps.count(policy.name, now);
      out->notices.push_back({.policy = policy.name,
                              .channels = policy.warn_by,
                              .session_number = session.number,
                              .session_source = std::string(symbols.text(session.source)),
                              .session = session.digest,
                              .subject = session.subject,
                              .identifiers = subjects.identifiers_of(session.subject_index),
                              .deadline = deadline});
    } else {
      o.text("not_notified", why_not);
    }
  }
  o.end();
  decide(model::EntryKind::Warned, session, std::move(text));
}

// Nobody is told of a sign-out that would not follow, and no wrong rule writes to the whole company.
std::string Engine::State::why_not_notified(const model::Policy& policy, const Session& session) {
  if (policy.mode != model::PolicyMode::Enforce || policy.ladder.empty()) return "observing";
  if (const KeptOrder* known = order_of(session); known != nullptr && known->order.concluded_at == Time{})
    return "sign-out under way";
  if (std::string held = hold_reason(policy.ladder, session.subject_index, 1); !held.empty()) return held;
  return notice_caps.admits(policy.name, policy.most_sign_outs_per_minute,
                            set.safety.most_sign_outs_per_minute, now)
             ? std::string{}
             : "cap";
}

bool Engine::State::warning_stands(model::SessionNumber number, std::string_view name, Time deadline) const {
  const Slot slot = sessions.find(number);
  if (slot == no_slot || deadline <= now) return false;
  const Session& session = sessions.at(slot);
  if (!session.lives()) return false;
  if (const KeptOrder* known = order_of(session); known != nullptr && known->order.concluded_at == Time{})
    return false;
  const std::vector<policy::PolicyIndex>& timed = book.candidates(session.scope_class).timed;
  return std::any_of(timed.begin(), timed.end(), [&](policy::PolicyIndex index) {
    const model::Policy& policy = book.at(index).policy;
    return policy.name == name && policy.mode == model::PolicyMode::Enforce &&
           due_of(index, session, find_mark(session, index)) == deadline;
  });
}

bool Engine::warning_stands(model::SessionNumber session, std::string_view policy, Time deadline) const {
  return state_->warning_stands(session, policy, deadline);
}

}  // namespace curfew::engine
