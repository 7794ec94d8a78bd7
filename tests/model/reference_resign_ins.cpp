// Sign-ins that follow a sign-out and ask nobody.
#include <algorithm>

#include "tests/model/reference.hpp"

namespace curfew::model_test {

using model::AuthMethod;
using model::EndReason;
using model::Interactivity;
using model::Rule;

namespace {

constexpr Duration a_minute{std::chrono::minutes(1)};

bool together(model::Per per, const model::SessionRow& a, const model::SessionRow& b) {
  if (per == model::Per::Subject) return true;
  const bool devices = a.device && b.device;
  if (devices && a.device != b.device) return false;
  if (!devices && a.user_agent && b.user_agent && a.user_agent != b.user_agent) return false;
  if (per == model::Per::Device) return devices;
  if (per == model::Per::Source) return a.source == b.source;
  return a.application == b.application && (!a.application.empty() || a.source == b.source);
}

}  // namespace

bool is_silent(const model::SessionRow& row) {
  if (row.interactivity != Interactivity::Unknown) return row.interactivity == Interactivity::Silent;
  return row.auth_method == AuthMethod::Kerberos || row.auth_method == AuthMethod::Ntlm ||
         row.auth_method == AuthMethod::Negotiate || row.auth_method == AuthMethod::Cached ||
         row.auth_method == AuthMethod::Token;
}

bool Reference::same_person(const Session& a, const Session& b) const {
  return a.identifier && b.identifier && person(a.identifier) == person(b.identifier);
}

void Reference::judge_resign_ins() {
  for (std::size_t p = 0; p < set_.policies.size(); ++p) {
    const model::Policy& policy = set_.policies[p];
    if (policy.rule != Rule::SilentResignIn) continue;
    for (auto& [number, session] : sessions_) {
      if (!in_scope(policy, session)) continue;
      const Time start = session.row.started_at;
      Time fresh{};
      Time signed_out{};
      for (const auto& [other_number, other] : sessions_) {
        if (!same_person(session, other)) continue;
        for (const Time at : {other.first_fresh, other.row.last_fresh_authentication_at})
          if (at <= start + a_minute) fresh = std::max(fresh, at);
        const bool ended =
            other_number != number && !other.lives() && other.row.end_certainty == model::Certainty::Stated &&
            other.row.end_reason != EndReason::Expired && other.row.end_reason != EndReason::Reboot &&
            other.row.end_reason != EndReason::Vanished;
        if (ended && together(policy.per, session.row, other.row) && other.row.ended_at <= start &&
            other.row.ended_at >= start - policy.window)
          signed_out = std::max(signed_out, other.row.ended_at);
      }
      const bool breach =
          session.row.start_seen && is_silent(session.row) && signed_out != Time{} && signed_out >= fresh;
      Mark& mark = session.marks[p];
      if (breach && !mark.open && signed_out > forgotten_until_) open(p, session, signed_out, start);
      if (!breach && mark.open && mark.base > forgotten_until_) withdraw(mark);
    }
  }
}

}  // namespace curfew::model_test
