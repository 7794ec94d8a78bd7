#include "tests/model/history.hpp"

#include <algorithm>
#include <array>

namespace curfew::model_test {

using model::ObservationType;
using model::Rule;

namespace {

constexpr Time day{Duration{1'700'000'000'000'000}};
// Few sessions and people, so that they meet.
constexpr std::uint64_t session_ids = 12;
constexpr std::uint64_t people = 5;
const std::vector<std::string> source_names{"crm", "ad", "gate"};

Duration seconds(std::uint64_t count) { return std::chrono::seconds(static_cast<std::int64_t>(count)); }

model::SessionDigest digest(std::uint64_t number) {
  model::SessionDigest digest;
  digest.bytes[0] = static_cast<std::uint8_t>(number);
  digest.bytes[15] = 1;
  return digest;
}

}  // namespace

namespace {

// The histories begin at 22:13 of a Tuesday, UTC, and last half an hour or more.
void work_hours(Random& random, model::Policy& policy) {
  const auto clock = [](std::uint64_t minute) {
    minute %= 24 * 60;
    const auto digits = [](std::uint64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return digits(minute / 60) + ":" + digits(minute % 60);
  };
  const Duration before = std::chrono::minutes(30 * static_cast<std::int64_t>(random.below(5)));
  const Duration after = std::chrono::minutes(30 * static_cast<std::int64_t>(random.below(5)));
  policy.offsets.push_back({day - std::chrono::hours(24 * 300), before});
  if (random.chance(70))
    policy.offsets.push_back(
        {Time{std::chrono::floor<std::chrono::minutes>(day) + std::chrono::minutes(5 + random.below(20))},
         after});
  for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
    model::Shift& shift = policy.hours.emplace_back();
    const std::uint64_t from = 22 * 60 + random.below(180);
    shift.from = clock(from);
    shift.to = clock(from + 1 + random.below(40));
    if (random.chance(50)) shift.days = {model::Weekday::Tuesday, model::Weekday::Wednesday};
  }
  if (random.chance(30)) policy.warn_before = seconds(20);
}

// Whom a policy is about, and what it does to them.
void concern_and_act(Random& random, const Shape& shape, model::Policy& policy) {
  if (random.chance(25)) policy.scope.sources = {source_names[random.below(2)]};
  if (random.chance(15)) policy.except.account_types = {model::AccountType::Service};
  if (random.chance(15)) policy.scope.sign_ins = {model::Interactivity::Interactive};
  if (random.chance(10)) policy.except.sign_ins = {model::Interactivity::Silent};
  if (!shape.enforce || random.chance(30)) return;
  policy.mode = model::PolicyMode::Enforce;
  policy.hold = random.chance(30);
  for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
    model::LadderStep& step = policy.ladder.emplace_back();
    const std::vector<model::Action> actions{model::Action::Notify, model::Action::SignOutSession,
                                             model::Action::BlockSignIn, model::Action::RevokeTokens};
    step.action = actions[random.below(actions.size())];
    if (random.chance(30)) step.at = source_names[random.below(3)];
    step.required = random.chance(70);
    step.together = random.chance(30);
    step.prove_within = seconds(5 + random.below(60));
    if (step.action == model::Action::BlockSignIn && random.chance(70))
      step.revert_after = seconds(10 + random.below(200));
  }
}

}  // namespace

model::PolicySet policies(Random& random, const Shape& shape) {
  model::PolicySet set;
  for (const std::string& name : source_names) {
    model::SourcePolicy& source = set.sources.emplace_back();
    source.name = name;
    source.lateness = seconds(random.below(10));
    source.stale_after = random.chance(50) ? seconds(60 + random.below(200)) : Duration{0};
    source.retry_window = seconds(200 + random.below(400));
    source.vanished_after = seconds(300 + random.below(600));
    source.can_prove = random.chance(80);
    source.may_teach = {"name", "sid"};
  }
  set.sources[2].shows_activity_of = {"crm"};
  // A gate of ours, or a proxy's log.
  if (random.chance(50)) set.sources[2].connector = model::gate_connector;
  if (random.chance(20)) set.sources[1].shows_activity = false;
  const std::vector<Rule> rules{Rule::SessionTimeout,
                                Rule::InactivityTimeout,
                                Rule::SessionTimeout,
                                Rule::InactivityTimeout,
                                Rule::ConcurrentSessions,
                                Rule::ConcurrentSessions,
                                Rule::FailedSignIns,
                                Rule::ActivityAfterEnd,
                                Rule::SilentResignIn,
                                Rule::DisabledAccountActivity,
                                Rule::ResumeWithoutReauthentication,
                                Rule::SharedDevice,
                                Rule::AllowedHours};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    model::Policy& policy = set.policies.emplace_back();
    policy.name = "p" + std::to_string(i);
    policy.rule = rules[i];
    const bool timed = rules[i] == Rule::SessionTimeout || rules[i] == Rule::InactivityTimeout;
    if (timed) {
      policy.limit = seconds(30 + random.below(200));
      if (random.chance(50)) policy.warn_before = seconds(i % 2 == 0 ? 10 : 25);
      if (policy.warn_before > Duration{0}) policy.warn_by = {"oncall"};
    }
    if (rules[i] == Rule::DisabledAccountActivity) {
      if (random.chance(60)) policy.changes = {model::AccountChangeKind::CredentialChanged};
      if (random.chance(50)) policy.changes.push_back(model::AccountChangeKind::Disabled);
      if (random.chance(30)) policy.limit = seconds(random.below(20));
    }
    if (rules[i] == Rule::ResumeWithoutReauthentication && random.chance(40))
      policy.limit = seconds(random.below(20));
    if (rules[i] == Rule::AllowedHours) work_hours(random, policy);
    policy.most = 1 + static_cast<std::uint32_t>(random.below(3));
    policy.window = seconds(20 + random.below(100));
    policy.per = static_cast<model::Per>(random.below(4));
    policy.evict = static_cast<model::Evict>(random.below(3));
    concern_and_act(random, shape, policy);
  }
  if (shape.enforce && random.chance(30)) set.safety.most_sign_outs_per_minute = 3;
  if (shape.enforce && random.chance(30)) set.safety.approve_above = 1;
  return set;
}

void ask_for_places(Random& random, const Shape& shape, model::PolicySet& set) {
  for (const Rule rule : {Rule::ReauthenticationInterval, Rule::SessionBinding,
                          Rule::ReauthenticationInterval, Rule::SessionBinding}) {
    model::Policy& policy = set.policies.emplace_back();
    policy.name = "p" + std::to_string(set.policies.size() - 1);
    policy.rule = rule;
    if (rule == Rule::ReauthenticationInterval) {
      policy.limit = seconds(30 + random.below(200));
      if (random.chance(50)) policy.warn_before = seconds(15);
      if (policy.warn_before > Duration{0}) policy.warn_by = {"oncall"};
    } else {
      for (std::size_t bond = 0; bond < model::Names<model::Bond>::all.size(); ++bond) {
        if (random.chance(40)) policy.bind.push_back(static_cast<model::Bond>(bond));
      }
    }
    concern_and_act(random, shape, policy);
  }
}

// Of the rules by time: others are judged by who is in a group when something happens.
bool ask_for_groups(Random& random, model::PolicySet& set) {
  if (random.chance(50)) return false;
  for (model::Policy& policy : set.policies) {
    if (policy.rule != Rule::SessionTimeout && policy.rule != Rule::InactivityTimeout &&
        policy.rule != Rule::AllowedHours && policy.rule != Rule::ReauthenticationInterval)
      continue;
    if (random.chance(40)) policy.scope.groups = {"staff"};
    if (random.chance(20)) policy.scope.groups.emplace_back("payroll");
    if (random.chance(25)) policy.except.groups = {random.chance(50) ? "payroll" : "watch"};
  }
  return true;
}

model::Selection selection(Random& random) {
  model::Selection selection;
  if (random.chance(40)) selection.sources.push_back(source_names[random.below(3)]);
  if (random.chance(25)) selection.applications.push_back(random.chance(50) ? "sales" : "stock");
  if (random.chance(20)) selection.device = model::Ref{500 + random.below(people)};
  if (random.chance(20)) selection.account_types = {model::AccountType::Human};
  if (random.chance(20)) selection.sign_ins = {model::Interactivity::Silent};
  if (random.chance(15)) selection.states = {model::SessionState::Active, model::SessionState::Locked};
  if (random.chance(40)) selection.idle_over = seconds(5 + random.below(100));
  if (random.chance(30)) selection.older_than = seconds(5 + random.below(200));
  return selection;
}

History::History(std::uint64_t seed, const Shape& shape, model::Symbols& symbols)
    : random_(seed),
      groups_(seed ^ 0x6707'5E5E'ED00'0000ULL),
      places_(seed ^ 0x91AC'E5E5'ED00'0000ULL),
      shape_(shape),
      symbols_(symbols),
      set_(policies(random_, shape)),
      now_(day),
      people_return_(seed % 4 != 2) {
  ask_for_places(places_, shape, set_);
  tells_groups_ = ask_for_groups(groups_, set_);
}

// Mostly the same for a session, as far as it is told at all.
void History::tell_place(model::Facts& facts, std::uint64_t id) {
  const auto place = [&](std::uint64_t usual, std::uint64_t of) {
    return places_.chance(90) ? usual % of : places_.below(of);
  };
  if (places_.chance(40)) {
    const std::uint64_t address = place(id, 3);
    facts.address = model::Ref{700 + address};
    if (address != id % 3) moved_ = {facts.session, facts.occurred_at};
  }
  // 0 is unknown.
  if (places_.chance(30)) facts.network = static_cast<model::NetworkClass>(1 + place(id, 3));
}

// Somebody gave credentials about when they were seen elsewhere: a little before, so that it was none, or
// after.
void History::tell_late_credentials(model::Facts& facts) {
  if (!moved_.session || !places_.chance(6)) return;
  model::Facts told;
  told.type = ObservationType::Reauthenticated;
  told.source = facts.source;
  told.session = moved_.session;
  told.occurred_at = std::min(now_, moved_.at + seconds(places_.below(16)) - seconds(8));
  told.fresh_credentials = true;
  facts = told;
}

model::Facts History::observation() {
  model::Facts facts;
  const std::vector<ObservationType> types{ObservationType::SignIn,          ObservationType::SignIn,
                                           ObservationType::Activity,        ObservationType::Activity,
                                           ObservationType::Activity,        ObservationType::Activity,
                                           ObservationType::SignOut,         ObservationType::Locked,
                                           ObservationType::Unlocked,        ObservationType::TokenRefreshed,
                                           ObservationType::SignInFailed,    ObservationType::Disconnected,
                                           ObservationType::Expired,         ObservationType::Gap,
                                           ObservationType::AccountDisabled, ObservationType::Reconnected,
                                           ObservationType::Reauthenticated};
  const std::vector<ObservationType> account_changes{
      ObservationType::AccountDisabled, ObservationType::AccountEnabled, ObservationType::CredentialChanged};
  facts.type = types[random_.below(types.size())];
  bool about_account = facts.type == ObservationType::AccountDisabled;
  if (about_account) facts.type = account_changes[random_.below(account_changes.size())];
  facts.source = symbols_.intern(source_names[random_.below(10) < 9 ? random_.below(2) : 2]);
  // Mostly fresh, sometimes late, now and then very late.
  facts.occurred_at =
      now_ - seconds(random_.chance(70) ? random_.below(3) : random_.below(random_.chance(80) ? 30 : 200));
  // Often about the same session as before, so that what is late meets what it belongs to.
  std::uint64_t id = random_.chance(25) ? last_id_ : random_.below(session_ids);
  const Follow follow = comes_back(facts, id);
  about_account = about_account && follow == Follow::None;
  last_id_ = id;
  // A sign-in that comes late may lie just before what was seen last of its id.
  Time& last_at = last_at_[id];
  const Time before = last_at;
  if (follow == Follow::None && facts.type == ObservationType::SignIn && last_at != Time{} &&
      random_.chance(25))
    facts.occurred_at = last_at - seconds(random_.below(5));
  else
    last_at = facts.occurred_at;
  const bool about_session =
      facts.type != ObservationType::SignInFailed && facts.type != ObservationType::Gap && !about_account;
  if (about_session) facts.session = digest(id + 1);
  const std::uint64_t person = id % people;
  if (facts.type == ObservationType::SignIn || facts.type == ObservationType::SignInFailed ||
      random_.chance(20)) {
    // A person has a name and a SID; sources say the one, the other, or both, and sometimes err.
    const std::uint64_t who = random_.chance(97) ? person : random_.below(people);
    const bool by_sid = random_.chance(40);
    facts.identifiers[0] = {symbols_.intern(by_sid ? "sid" : "name"),
                            model::Ref{100 + who * 2 + (by_sid ? 1 : 0)}};
    facts.identifier_count = 1;
    if (random_.chance(15)) {
      facts.identifiers[1] = {symbols_.intern(by_sid ? "name" : "sid"),
                              model::Ref{100 + who * 2 + (by_sid ? 0 : 1)}};
      facts.identifier_count = 2;
    }
  }
  // Mostly their own.
  if (random_.chance(30))
    facts.device = model::Ref{500 + (random_.chance(85) ? person : random_.below(people))};
  if (random_.chance(15)) facts.user_agent = model::Ref{600 + random_.below(2)};
  facts.application = symbols_.intern(id % 2 == 0 ? "sales" : "stock");
  facts.account_type = id % 4 == 3 ? model::AccountType::Service : model::AccountType::Human;
  facts.interactivity = id % 3 == 0   ? model::Interactivity::Silent
                        : id % 3 == 1 ? model::Interactivity::Unknown
                                      : model::Interactivity::Interactive;
  if (id % 4 == 0) facts.auth_method = model::AuthMethod::Kerberos;
  if (facts.type == ObservationType::Activity && random_.chance(25))
    facts.activity_class = model::ActivityClass::Machine;
  if (facts.type == ObservationType::Activity) facts.count = 1 + static_cast<std::uint32_t>(random_.below(3));
  if (facts.type == ObservationType::SignIn && random_.chance(20))
    facts.expires_at = facts.occurred_at + seconds(20 + random_.below(200));
  if (model::states_end(facts.type) && random_.chance(40)) {
    facts.end_certainty = model::Certainty::Inferred;
    facts.end_reason = random_.chance(50) ? model::EndReason::Reboot : model::EndReason::Vanished;
    // A conclusion often comes after what refutes it.
    if (before != Time{} && random_.chance(40)) facts.occurred_at = before - seconds(random_.below(10));
  }
  facts.fresh_credentials =
      (facts.type == ObservationType::SignIn && random_.chance(50)) ||
      (facts.type == ObservationType::Reauthenticated && random_.chance(70)) ||
      ((facts.type == ObservationType::Unlocked || facts.type == ObservationType::Reconnected) &&
       random_.chance(40));
  if (follow == Follow::Unasked) facts.interactivity = model::Interactivity::Silent;
  if (follow != Follow::None) facts.fresh_credentials = follow == Follow::Asked;
  if (facts.type == ObservationType::SignOut && facts.end_certainty == model::Certainty::Stated)
    left_ = {person, facts.occurred_at};
  if (follow == Follow::Unasked) back_ = {person, facts.occurred_at};
  tell_place(facts, id);
  tell_late_credentials(facts);
  return facts;
}

// A person who signed out comes back without being asked; and what says later that somebody was asked, or had
// signed out. Each is rare by chance, and none must be told in its order.
History::Follow History::comes_back(model::Facts& facts, std::uint64_t& id) {
  if (!people_return_) return Follow::None;
  const std::uint64_t kind = random_.below(100);
  const Visit& visit = kind < 5 ? left_ : back_;
  if (kind >= 12 || visit.at == Time{}) return Follow::None;
  const Follow follow = kind < 5 ? Follow::Unasked : kind < 9 ? Follow::Asked : Follow::Left;
  facts.type = follow == Follow::Unasked ? ObservationType::SignIn
               : follow == Follow::Asked ? ObservationType::Reauthenticated
                                         : ObservationType::SignOut;
  id = visit.person + people * random_.below((session_ids - 1 - visit.person) / people + 1);
  const Duration apart = seconds(random_.below(20));
  facts.occurred_at = std::min(now_, follow == Follow::Left ? visit.at - apart : visit.at + apart);
  return follow;
}

std::optional<model::InputBody> History::reply() {
  if (!steps_.empty() && random_.chance(50)) {
    const model::RunStep step = steps_.front();
    steps_.erase(steps_.begin());
    if (random_.chance(10)) return std::nullopt;  // lost
    model::AnswerInput answer;
    answer.order = step.order;
    answer.step = step.step;
    const std::uint64_t n = random_.below(10);
    answer.code = n < 7 ? model::AnswerCode::Accepted : static_cast<model::AnswerCode>(random_.below(6));
    return answer;
  }
  if (!probes_.empty() && random_.chance(60)) {
    const model::RunProbe probe = probes_.front();
    probes_.erase(probes_.begin());
    if (random_.chance(10)) return std::nullopt;
    model::ProbeInput answer;
    answer.order = probe.order;
    answer.step = probe.step;
    answer.probe = probe.probe;
    answer.session = static_cast<model::Liveness>(random_.below(3));
    if (probe.control && random_.chance(60)) answer.control = model::Liveness::Alive;
    return answer;
  }
  return std::nullopt;
}

model::Input History::next() {
  if (!configured_) {
    configured_ = true;
    return {now_, model::ConfigurationInput{"00", set_}};
  }
  const std::uint64_t pace = random_.below(100);
  now_ += pace < 60   ? Duration{static_cast<std::int64_t>(random_.below(2'000'000))}
          : pace < 97 ? seconds(random_.below(15))
                      : seconds(random_.below(120));
  if (tells_groups_ && groups_.chance(2)) {
    const std::array<const char*, 3> names{"staff", "payroll", "watch"};
    model::GroupsInput told{"directory", names[groups_.below(names.size())], {}};
    for (std::uint64_t ref = 100; ref < 100 + people * 2; ++ref) {
      if (groups_.chance(40)) told.members.push_back(model::Ref{ref});
    }
    return {now_, std::move(told)};
  }
  if (shape_.enforce) {
    if (auto body = reply()) return {now_, std::move(*body)};
    if (orders_ > 0 && random_.chance(3)) {
      model::CommandInput command;
      command.verb = random_.chance(70) ? model::Verb::Release : model::Verb::Dismiss;
      command.by = "operator";
      if (random_.chance(25))
        command.held_of = "p" + std::to_string(random_.below(set_.policies.size()));
      else
        command.order = 1 + random_.below(orders_);
      return {now_, command};
    }
    if (random_.chance(2)) {
      model::CommandInput command;
      command.by = "operator";
      command.reason = "asked by phone";
      const std::uint64_t whom = random_.below(100);
      if (whom < 30)
        command.session = 1 + random_.below(20);
      else if (whom < 60)
        command.subject = model::Ref{100 + random_.below(people * 2)};
      if (whom >= 50) command.selection = selection(random_);
      if (random_.chance(20)) command.at_most = 1 + static_cast<std::uint32_t>(random_.below(4));
      if (random_.chance(40)) {
        model::LadderStep& step = command.ladder.emplace_back();
        step.action = random_.chance(50) ? model::Action::SignOutSubject : model::Action::SignOutSession;
        if (random_.chance(50)) step.at = source_names[random_.below(3)];
      }
      return {now_, command};
    }
    if (random_.chance(1)) {
      model::CommandInput command;
      command.verb = model::Verb::SplitSubject;
      command.by = "operator";
      command.subject = model::Ref{100 + random_.below(people * 2)};
      return {now_, command};
    }
  }
  if (shape_.restarts && random_.chance(1)) {
    if (random_.chance(50)) now_ += seconds(random_.below(400));
    return {now_, model::StartedInput{"again"}};
  }
  const std::uint64_t kind = random_.below(100);
  if (kind < 15) return {now_, model::TickInput{}};
  if (kind < 30) {
    model::ProgressInput progress;
    progress.source = source_names[random_.below(3)];
    progress.observed_until = now_ - seconds(random_.below(20));
    progress.caught_up = random_.chance(80);
    return {now_, progress};
  }
  return {now_, observation()};
}

void History::tell(const model::Effects& effects) {
  steps_.insert(steps_.end(), effects.steps.begin(), effects.steps.end());
  probes_.insert(probes_.end(), effects.probes.begin(), effects.probes.end());
  for (const model::OrderNumber number : effects.sign_outs)
    orders_ = std::max<std::uint64_t>(orders_, number);
}

}  // namespace curfew::model_test
