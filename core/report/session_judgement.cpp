#include "core/report/session_judgement.hpp"

#include <algorithm>

#include "core/base/duration_words.hpp"
#include "core/report/wording.hpp"

namespace curfew::report {
namespace {

using model::Rule;

Judged kept() { return {.verdict = Verdict::Kept}; }
Judged doubtful(Doubt doubt) { return {.verdict = Verdict::Doubtful, .doubt = doubt}; }

template <typename List, typename Value>
bool empty_or_has(const List& list, const Value& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}
template <typename List, typename Value>
bool has(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool has_rule(const Control& control, Rule rule) { return has(control.rules, rule); }

Time last_sign_of_life(const model::SessionRow& row) {
  return std::max({row.started_at, row.last_person_activity_at, row.last_machine_activity_at, row.ended_at});
}

bool was_silent(const model::SessionRow& row, const ComplianceFacts& facts) {
  const Time end = row.ended_at == Time{} ? facts.period.to : row.ended_at;
  return std::any_of(facts.holes.begin(), facts.holes.end(), [&](const Hole& hole) {
    return hole.kind == HoleKind::Silent && hole.source == row.source && hole.meets(row.started_at, end);
  });
}

// Rules about a length of time need an end that is known.
bool needs_end(const Control& control) {
  return has_rule(control, Rule::SessionTimeout) || has_rule(control, Rule::InactivityTimeout) ||
         has_rule(control, Rule::ConcurrentSessions) || has_rule(control, Rule::ReauthenticationInterval) ||
         has_rule(control, Rule::AllowedHours);
}

// Whether the session was over within the tolerance, by its own end or by a proven sign-out.
bool ended_in_time(const model::SessionRow& row, const Breach& breach, Duration tolerance) {
  if (tolerance == Duration{0}) return false;
  const Time by = breach.violation.breached_at + tolerance;
  if (row.ended_at != Time{} && end_is_certain(row) && row.ended_at <= by) return true;
  return breach.sign_out.outcome == model::Outcome::Proven && breach.sign_out.concluded_at != Time{} &&
         breach.sign_out.concluded_at <= by;
}

std::string told(const Breach& breach) {
  std::string text = "policy " + breach.violation.policy + " (" +
                     wording::words(model::name_of(breach.violation.rule)) + ") was breached";
  if (breach.sign_out.number != 0)
    text += "; sign-out " + std::to_string(breach.sign_out.number) + ": " +
            wording::words(model::name_of(breach.sign_out.outcome));
  return text;
}

std::string over(std::string_view what, Duration measured, Duration limit) {
  return std::string(what) + " " + base::exactly_in_words(measured) + ", the limit is " +
         base::exactly_in_words(limit);
}

bool is_person(const model::SessionRow& row) {
  return row.account_type != model::AccountType::Service && row.account_type != model::AccountType::Computer;
}

}  // namespace

bool end_is_certain(const model::SessionRow& row) {
  if (row.end_reason == model::EndReason::Unknown || row.end_reason == model::EndReason::Vanished)
    return false;
  return row.end_certainty == model::Certainty::Stated || row.end_reason == model::EndReason::Expired ||
         row.end_reason == model::EndReason::Forced || row.end_reason == model::EndReason::ClosingTime;
}

Duration life_of(const model::SessionRow& row, const Period& period) {
  const Time end = row.ended_at == Time{} ? period.to : std::min(row.ended_at, period.to);
  return std::max(Duration{0}, end - row.started_at);
}

Membership membership(const model::SessionRow& row, Population population) {
  switch (population) {
    case Population::All:
      return Membership::In;
    case Population::Privileged:
      return row.privileged ? Membership::In : Membership::Out;
    case Population::NotPrivileged:
      return is_person(row) && !row.privileged ? Membership::In : Membership::Out;
    case Population::MultiFactor:
      if (!is_person(row) || row.factors == 1) return Membership::Out;
      return row.factors == 0 ? Membership::Unknown : Membership::In;
    case Population::People:
      break;
  }
  return is_person(row) ? Membership::In : Membership::Out;
}

bool covers(const model::Policy& policy, const model::SessionRow& row) {
  const model::Scope& scope = policy.scope;
  if (!empty_or_has(scope.sources, row.source) || !empty_or_has(scope.applications, row.application) ||
      !empty_or_has(scope.account_types, row.account_type) || !empty_or_has(scope.networks, row.network) ||
      !empty_or_has(scope.sign_ins, row.interactivity))
    return false;
  const model::Scope& except = policy.except;
  return !has(except.sources, row.source) && !has(except.applications, row.application) &&
         !has(except.account_types, row.account_type) && !has(except.networks, row.network) &&
         !has(except.sign_ins, row.interactivity);
}

bool is_strict_enough(const model::Policy& policy, const Control& control) {
  if (!has_rule(control, policy.rule)) return false;
  if (control.limit != Duration{0} && policy.limit > control.limit) return false;
  if (control.window != Duration{0} && policy.window < control.window) return false;
  return control.most == 0 || policy.most <= control.most;
}

namespace {

Applies applies_of(const model::Policy& policy, const model::SessionRow& row, const PolicyVersion& version,
                   const ComplianceFacts& facts, Time from, Time to) {
  if (!covers(policy, row)) return {};
  static const Memberships nobody_told;
  const auto told = facts.memberships.find(version.node);
  return (told == facts.memberships.end() ? nobody_told : told->second)
      .applies(policy, row.subject, from, to);
}

}  // namespace

Cover cover_at(const model::Policy& policy, const model::SessionRow& row, const PolicyVersion& version,
               const ComplianceFacts& facts, Time from, Time to) {
  if (!asks_person(policy)) return covers(policy, row) ? Cover::Yes : Cover::No;
  const Applies applies = applies_of(policy, row, version, facts, from, to);
  if (fill(applies.surely, from, to)) return Cover::Yes;
  return fill(applies.maybe, from, to) ? Cover::Unknown : Cover::No;
}

Cover cover_of(const model::SessionRow& row, const Control& control, const ComplianceFacts& facts,
               bool activity_shown) {
  const Time from = std::max(row.started_at, facts.period.from);
  const Time to = row.ended_at == Time{} ? facts.period.to : std::min(row.ended_at, facts.period.to);
  Time covered_until = from;
  bool known = false;
  Cover worst = Cover::Yes;
  for (const PolicyVersion& version : facts.versions) {
    const Time end = version.to == Time{} ? Time::max() : version.to;
    if (version.from > to || end <= from) continue;
    if (std::none_of(version.set.sources.begin(), version.set.sources.end(),
                     [&](const model::SourcePolicy& source) { return source.name == row.source; }))
      continue;
    // A session of no length needs cover too.
    const Time begins = std::max(from, version.from);
    const Time ends = std::max(std::min(to, end), begins + std::chrono::microseconds(1));
    Applies together;
    bool whole = false;
    for (const model::Policy& policy : version.set.policies) {
      if ((!activity_shown && policy.rule == Rule::InactivityTimeout) || !is_strict_enough(policy, control))
        continue;
      whole = whole || (!asks_person(policy) && covers(policy, row));
      if (whole) break;
      // People who change groups go from one policy to another.
      const Applies one = applies_of(policy, row, version, facts, begins, ends);
      together.surely.insert(together.surely.end(), one.surely.begin(), one.surely.end());
      together.maybe.insert(together.maybe.end(), one.maybe.begin(), one.maybe.end());
    }
    if (!whole && !fill(merged(std::move(together.maybe)), begins, ends)) return Cover::No;
    if (!whole && !fill(merged(std::move(together.surely)), begins, ends)) worst = Cover::Unknown;
    // Nothing was in force between this one and the one before.
    if (version.from > covered_until) return Cover::No;
    covered_until = std::max(covered_until, end);
    known = true;
  }
  return known && covered_until >= to ? worst : Cover::No;
}

Judged judge_by_policies(const model::SessionRow& row, const std::vector<const Breach*>& breaches,
                         const Control& control, const ComplianceFacts& facts) {
  if (membership(row, control.population) != Membership::In) return {};
  const Breach* remedied = nullptr;
  for (const Breach* breach : breaches) {
    if (!has_rule(control, breach->violation.rule)) continue;
    if (ended_in_time(row, *breach, control.tolerance)) {
      remedied = breach;
      continue;
    }
    return {.verdict = Verdict::Broken,
            .at = breach->violation.breached_at,
            .text = told(*breach),
            .violation = breach->violation.number};
  }
  const model::SourcePolicy* source = facts.source(row.source);
  const bool shown = source == nullptr || source->shows_activity;
  const Cover cover = cover_of(row, control, facts, shown);
  if (cover == Cover::Unknown) return doubtful(Doubt::MembershipUnknown);
  if (cover == Cover::No)
    return doubtful(!shown && cover_of(row, control, facts, true) == Cover::Yes ? Doubt::NoActivityShown
                                                                                : Doubt::NoPolicy);
  if (remedied != nullptr)
    return {.verdict = Verdict::Remedied,
            .at = remedied->violation.breached_at,
            .text = told(*remedied),
            .violation = remedied->violation.number};
  const bool by_activity = has_rule(control, Rule::InactivityTimeout);
  if (by_activity && shown && was_silent(row, facts)) return doubtful(Doubt::SourceSilent);
  if (needs_end(control) && row.ended_at != Time{} && !end_is_certain(row))
    return doubtful(Doubt::EndUnknown);
  if (has_rule(control, Rule::SessionTimeout) && !row.start_seen) return doubtful(Doubt::StartUnseen);
  const bool by_origin = has_rule(control, Rule::SessionBinding) || has_rule(control, Rule::SharedDevice);
  if (by_origin && !row.device && !row.address) return doubtful(Doubt::OriginUnknown);
  return kept();
}

Judged judge_fresh(const model::SessionRow& row, const SessionTrack* track, const Control& control,
                   const ComplianceFacts& facts) {
  const Membership member = membership(row, control.population);
  if (member == Membership::Out) return {};
  const Period& period = facts.period;
  const Duration limit = control.limit + control.tolerance;
  const auto broken = [&](Duration measured, Time since, Place place) {
    if (member == Membership::Unknown) return doubtful(Doubt::FactorsUnknown);
    return Judged{.verdict = Verdict::Broken,
                  .at = since + control.limit,
                  .text = over("without fresh credentials for", measured, control.limit),
                  .place = place};
  };
  if (track != nullptr && track->stale > limit) return broken(track->stale, track->stale_from, track->place);
  // Since when nothing fresh came: what was before the period is known from the row alone.
  Time since = row.started_at;
  if (track != nullptr && track->last_fresh_at != Time{})
    since = std::max(since, track->last_fresh_at);
  else if (row.last_fresh_authentication_at != Time{} && row.last_fresh_authentication_at <= period.to)
    since = std::max(since, row.last_fresh_authentication_at);
  else if (row.last_fresh_authentication_at > period.to)
    since = std::max(since, period.from);
  const bool open = row.ended_at == Time{} || row.ended_at > period.to;
  const bool certain = open || end_is_certain(row);
  const Time until = open ? period.to : certain ? row.ended_at : std::min(last_sign_of_life(row), period.to);
  if (until - since > limit) return broken(until - since, since, {});
  if (facts.tracks_cut && track == nullptr && life_of(row, period) > limit)
    return doubtful(Doubt::NotFollowed);
  if (!certain) return doubtful(Doubt::EndUnknown);
  if (!row.start_seen) return doubtful(Doubt::StartUnseen);
  return kept();
}

Judged judge_idle(const model::SessionRow& row, const SessionTrack* track, const Control& control,
                  const ComplianceFacts& facts) {
  const Membership member = membership(row, control.population);
  if (member == Membership::Out) return {};
  const Duration limit = control.limit + control.tolerance;
  // Too short for it, whatever was seen.
  const bool open = row.ended_at == Time{} || row.ended_at > facts.period.to;
  if (row.start_seen && (open || end_is_certain(row)) && life_of(row, facts.period) <= limit) return kept();
  const model::SourcePolicy* source = facts.source(row.source);
  if (source == nullptr || !source->shows_activity) return doubtful(Doubt::NoActivityShown);
  if (track != nullptr && track->idle > limit) {
    if (track->late) return doubtful(Doubt::RecordsLate);
    if (was_silent(row, facts)) return doubtful(Doubt::SourceSilent);
    if (member == Membership::Unknown) return doubtful(Doubt::FactorsUnknown);
    return {.verdict = Verdict::Broken,
            .at = track->idle_from + control.limit,
            .text = over("went on without authenticating after", track->idle, control.limit),
            .place = track->place};
  }
  if (track == nullptr && facts.tracks_cut) return doubtful(Doubt::NotFollowed);
  if (was_silent(row, facts)) return doubtful(Doubt::SourceSilent);
  if (!open && !end_is_certain(row)) return doubtful(Doubt::EndUnknown);
  return kept();
}

Judged judge_shared(const model::SessionRow& row) {
  if (row.account_type == model::AccountType::Shared)
    return {.verdict = Verdict::Broken, .at = row.started_at, .text = "a session of a shared account"};
  if (!row.subject || row.account_type == model::AccountType::Unknown) return doubtful(Doubt::AccountUnknown);
  return kept();
}

Judged judge_service(const model::SessionRow& row) {
  if (row.account_type == model::AccountType::Unknown)
    return row.interactivity == model::Interactivity::Silent ? Judged{} : doubtful(Doubt::AccountUnknown);
  if (row.account_type != model::AccountType::Service) return {};
  if (row.interactivity == model::Interactivity::Interactive)
    return {.verdict = Verdict::Broken,
            .at = row.started_at,
            .text = "an interactive sign-in of a service account"};
  return row.interactivity == model::Interactivity::Unknown ? doubtful(Doubt::OriginUnknown) : kept();
}

Judged judge_sign_out(const model::SignOutRow& row) {
  switch (row.outcome) {
    case model::Outcome::Proven:
      return kept();
    case model::Outcome::Mistaken:
      return {};
    case model::Outcome::Held:
      return {};  // nothing was done yet, or it was dismissed
    case model::Outcome::Pending:
    case model::Outcome::Contained:
      return doubtful(Doubt::NotProven);
    case model::Outcome::StillAlive:
    case model::Outcome::Unproven:
      break;
  }
  return {
      .verdict = Verdict::Broken,
      .at = row.ordered_at,
      .text = "sign-out " + std::to_string(row.number) + ": " + wording::words(model::name_of(row.outcome))};
}

}  // namespace curfew::report
