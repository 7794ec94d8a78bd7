#include "tests/model/reference.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace curfew::model_test {

using model::Certainty;
using model::EndReason;
using model::ObservationType;
using model::Rule;
using model::SessionState;

namespace {

bool one_of(ObservationType type, std::initializer_list<ObservationType> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}
template <typename T>
bool in(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}
// Of a policy with a limit.
Time counted_from(Rule rule, const model::SessionRow& row) {
  if (rule == Rule::InactivityTimeout) return std::max(row.last_person_activity_at, row.started_at);
  if (rule == Rule::ReauthenticationInterval && row.last_fresh_authentication_at != Time{})
    return row.last_fresh_authentication_at;
  return row.started_at;
}
template <typename T>
void first_told(T& known, const T& told) {
  if (known == T{}) known = told;
}

}  // namespace

std::vector<model::SessionRow> Reference::sessions() const {
  std::vector<model::SessionRow> rows;
  for (const auto& [number, session] : sessions_) {
    rows.push_back(session.row);
    if (const std::size_t p = person(session.identifier); p < people_.size()) {
      const auto age = [&](model::Ref ref) { return std::find(age_.begin(), age_.end(), ref); };
      rows.back().subject = people_[p].front().value;
      for (const Identifier& identifier : people_[p]) {
        if (age(identifier.value) < age(rows.back().subject)) rows.back().subject = identifier.value;
      }
    }
  }
  return rows;
}

std::vector<Reference::Violation> Reference::violations() const {
  std::vector<Violation> sorted = violations_;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::size_t Reference::person(model::Ref identifier) const {
  for (std::size_t p = 0; p < people_.size(); ++p) {
    for (const Identifier& own : people_[p]) {
      if (own.value == identifier) return p;
    }
  }
  return people_.size();
}

std::vector<std::string> Reference::shown_by(const std::string& source) const {
  std::vector<std::string> names;
  for (const auto& [name, other] : sources_) {
    if (name == source && other.settings.shows_activity) names.push_back(name);
    if (name != source && in(other.settings.shows_activity_of, source)) names.push_back(name);
  }
  return names;
}

bool Reference::passed(const std::string& source, Time deadline) const {
  const Source& s = sources_.at(source);
  if (s.closed) return true;
  if (!s.caught_up || s.silent) return false;
  return s.newest - s.settings.lateness >= deadline || s.observed >= deadline;
}

bool Reference::may_fire(const Session& session, Time deadline) const {
  const auto names = shown_by(session.row.source);
  if (names.empty()) return passed(session.row.source, deadline);
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return passed(name, deadline); });
}

Reference::Meant Reference::meant(const model::Selection& selection) const {
  Meant meant;
  for (const auto& [number, session] : sessions_) {
    const model::SessionRow& row = session.row;
    const auto fits = [](const auto& list, const auto& value) { return list.empty() || in(list, value); };
    if (!session.lives() || !fits(selection.sources, row.source) ||
        !fits(selection.applications, row.application) || !fits(selection.account_types, row.account_type) ||
        !fits(selection.sign_ins, row.interactivity) || !fits(selection.states, row.state))
      continue;
    if (selection.device && selection.device != row.device) continue;
    if (selection.older_than > Duration{0} && now_ - row.started_at <= selection.older_than) continue;
    const Time idle_since = std::max(row.last_person_activity_at, row.started_at);
    if (selection.idle_over > Duration{0} && now_ - idle_since <= selection.idle_over) continue;
    const bool known = !shown_by(row.source).empty() && may_fire(session, idle_since + selection.idle_over);
    if (selection.idle_over > Duration{0} && !known)
      ++meant.not_judged;
    else
      meant.sessions.push_back(number);
  }
  return meant;
}

bool Reference::in_scope(const model::Policy& policy, const Session& session) const {
  if (!policy.scope.sources.empty() && !in(policy.scope.sources, session.row.source)) return false;
  if (!policy.scope.sign_ins.empty() && !in(policy.scope.sign_ins, session.row.interactivity)) return false;
  return !in(policy.except.account_types, session.row.account_type) &&
         !in(policy.except.sign_ins, session.row.interactivity);
}

// By its person's groups: only what is known counts, and an exemption that is not known holds.
bool Reference::concerns(const model::Policy& policy, const Session& session) const {
  const std::size_t who = person(session.identifier);
  const auto has = [&](const std::string& group) {
    const auto members = groups_.find(group);
    return members != groups_.end() && who < people_.size() &&
           std::any_of(people_[who].begin(), people_[who].end(),
                       [&](const Identifier& name) { return in(members->second, name.value); });
  };
  const auto& asked = policy.scope.groups;
  if (!asked.empty() && std::none_of(asked.begin(), asked.end(), has)) return false;
  return std::all_of(policy.except.groups.begin(), policy.except.groups.end(),
                     [&](const std::string& group) { return groups_.contains(group) && !has(group); });
}

void Reference::open(std::size_t policy, Session& session, Time base, Time breached_at) {
  Mark& mark = session.marks[policy];
  mark.base = base;
  mark.breached_at = breached_at;
  mark.resumed_at = Time{};
  mark.open = true;
  mark.violation = violations_.size();
  violations_.push_back({set_.policies[policy].name, session.row.number, breached_at, now_, Time{}});
}

void Reference::withdraw(Mark& mark) {
  mark.open = false;
  violations_[mark.violation].withdrawn_at = now_;
}

void Reference::withdraw_from(Session& session, Time ended_at) {
  for (auto& [policy, mark] : session.marks) {
    const Rule rule = set_.policies[policy].rule;
    if ((rule == Rule::SessionTimeout || rule == Rule::InactivityTimeout || rule == Rule::AllowedHours ||
         rule == Rule::ReauthenticationInterval) &&
        mark.open && mark.breached_at >= ended_at)
      withdraw(mark);
  }
}

// The one thing that is due next, of everything that could be due.
bool Reference::fire_next(Time until) {
  enum Kind { Warn, Breach, Expire, Vanish, Drop };
  std::tuple<Time, model::SessionNumber, std::size_t, Kind> best{Time::max(), 0, 0, Warn};
  const auto offer = [&](Time at, const Session& session, std::size_t policy, Kind kind) {
    if (at <= until) best = std::min(best, std::make_tuple(at, session.row.number, policy, kind));
  };
  constexpr std::size_t after_policies = 1'000;
  for (auto& [number, session] : sessions_) {
    const Source& source = sources_.at(session.row.source);
    if (reads_backlog(session)) continue;
    if (!session.lives()) {
      offer(session.closed_at + source.settings.retry_window, session, after_policies, Drop);
      continue;
    }
    for (std::size_t p = 0; p < set_.policies.size(); ++p) {
      const model::Policy& policy = set_.policies[p];
      const bool absence = policy.rule == Rule::InactivityTimeout;
      const bool hours = policy.rule == Rule::AllowedHours;
      const bool credentials = policy.rule == Rule::ReauthenticationInterval;
      if ((policy.rule != Rule::SessionTimeout && !absence && !hours && !credentials) ||
          !in_scope(policy, session) || !concerns(policy, session))
        continue;
      if (absence && shown_by(session.row.source).empty()) continue;
      const Time base = counted_from(policy.rule, session.row);
      const Mark& mark = session.marks[p];
      if (hours) {
        const Time due = closing(p, session);
        if (due == Time::max()) continue;
        if (policy.warn_before > Duration{0} && mark.warned_for != due && due > now_)
          offer(due - policy.warn_before, session, p, Warn);
        offer(due, session, p, Breach);
        continue;
      }
      if (mark.open && (mark.base == base || (credentials && base < mark.base))) continue;
      const Time due = base + policy.limit;
      const Time warn_at = due - policy.warn_before;
      if (policy.warn_before > Duration{0} && mark.warned_for != base && due > now_ &&
          (!absence || may_fire(session, warn_at)))
        offer(warn_at, session, p, Warn);
      if (!absence || may_fire(session, due)) offer(due, session, p, Breach);
    }
    const Time expires = session.row.expires_at;
    if (expires != Time{} && may_fire(session, expires)) offer(expires, session, after_policies, Expire);
    const Time vanishes = session.last() + source.settings.vanished_after;
    if (may_fire(session, vanishes)) offer(vanishes, session, after_policies, Vanish);
  }
  const auto [at, number, p, kind] = best;
  if (at == Time::max()) return false;
  Session& session = sessions_.at(number);
  if (kind == Drop) {
    remember_fresh(session);
    forgotten_until_ =
        std::max({forgotten_until_, session.row.ended_at, session.row.last_fresh_authentication_at});
    sessions_.erase(number);
    return true;
  }
  if (kind == Warn || kind == Breach) {
    const model::Policy& policy = set_.policies[p];
    const Time base =
        policy.rule == Rule::AllowedHours ? closing(p, session) : counted_from(policy.rule, session.row);
    if (kind == Warn) {
      session.marks[p].warned_for = base;
      warnings_.push_back({policy.name, policy.rule, number, base + policy.limit, !policy.warn_by.empty()});
    } else {
      open(p, session, base, base + policy.limit);
    }
    return true;
  }
  if (kind == Expire && session.last() > session.row.expires_at) {
    session.row.expires_at = Time{};
    return true;
  }
  session.row.state = SessionState::Ended;
  session.row.end_certainty = Certainty::Inferred;
  session.row.end_reason = kind == Expire ? EndReason::Expired : EndReason::Vanished;
  session.row.ended_at =
      kind == Expire ? session.row.expires_at : std::max(session.last(), session.row.started_at);
  session.closed_at = now_;
  if (kind == Expire) withdraw_from(session, session.row.ended_at);
  count_concurrency();
  return true;
}

void Reference::fire(Time until) {
  while (true) {
    std::tuple<Time, bool, std::string> next{Time::max(), false, {}};  // when, end of a wait, whose
    for (const auto& [source, s] : sources_) {
      if (s.catch_up_by != Time{}) next = std::min(next, std::make_tuple(s.catch_up_by, true, source));
      if (s.closed || s.silent || s.settings.stale_after <= Duration{0} || s.heard == Time{}) continue;
      next = std::min(next, std::make_tuple(s.heard + s.settings.stale_after, false, source));
    }
    const auto& [at, end_of_wait, name] = next;
    if (at > until) break;
    // What was due before still fires.
    while (fire_next(at)) {
    }
    if (end_of_wait) {
      sources_.at(name).catch_up_by = Time{};
      count_concurrency();
    } else {
      sources_.at(name).silent = true;
      ++silences_;
    }
  }
  while (fire_next(until)) {
  }
}

void Reference::apply(const model::Input& input) {
  now_ = input.at;
  const auto hear = [&](Source& source) {
    source.heard = now_;
    source.silent = false;
  };
  if (std::holds_alternative<model::StartedInput>(input.body)) {
    for (auto& [name, source] : sources_) {
      source.caught_up = source.closed;
      source.catch_up_by = source.closed || source.settings.stale_after <= Duration{0}
                               ? Time{}
                               : now_ + source.settings.stale_after;
      hear(source);
    }
    count_concurrency();
  }
  fire(input.at);
  if (const auto* configuration = std::get_if<model::ConfigurationInput>(&input.body)) {
    set_ = configuration->set;
    for (const model::SourcePolicy& settings : set_.sources) {
      Source& source = sources_[settings.name];
      source.settings = settings;
      if (source.heard == Time{}) source.heard = now_;
    }
  } else if (const auto* told = std::get_if<model::GroupsInput>(&input.body)) {
    groups_[told->group] = told->members;
  } else if (const auto* progress = std::get_if<model::ProgressInput>(&input.body)) {
    Source& source = sources_[progress->source];
    source.observed = std::max(source.observed, progress->observed_until);
    source.caught_up |= progress->caught_up;
    source.closed |= progress->closed;
    hear(source);
    if (source.caught_up || source.closed) source.catch_up_by = Time{};
    count_concurrency();
  } else if (const auto* facts = std::get_if<model::Facts>(&input.body)) {
    Source& source = sources_[std::string(symbols_.text(facts->source))];
    source.newest = std::max(source.newest, facts->occurred_at);
    hear(source);
    observe(*facts);
    count_concurrency();
    count_failures();
    judge_resign_ins();
    judge_accounts();
    judge_places();
  }
}

void Reference::learn(std::vector<Identifier> told, model::Ref known, const std::string& source) {
  const std::vector<std::string>& may_teach = sources_.at(source).settings.may_teach;
  for (const Identifier& other : told) {
    const std::size_t mine = person(known);
    if (other.value == known || person(other.value) == mine) continue;
    std::string known_space;
    for (const Identifier& own : people_[mine]) {
      if (own.value == known) known_space = own.name_space;
    }
    const bool all = in(may_teach, std::string("*"));
    if (!all && (!in(may_teach, known_space) || !in(may_teach, other.name_space))) continue;
    if (person(other.value) == people_.size()) {
      people_.push_back({other});
      age_.push_back(other.value);
    }
    const std::size_t theirs = person(other.value);
    const bool conflict = std::any_of(people_[mine].begin(), people_[mine].end(), [&](const Identifier& a) {
      return std::any_of(people_[theirs].begin(), people_[theirs].end(),
                         [&](const Identifier& b) { return a.name_space == b.name_space; });
    });
    if (conflict) continue;
    people_[mine].insert(people_[mine].end(), people_[theirs].begin(), people_[theirs].end());
    people_.erase(people_.begin() + static_cast<std::ptrdiff_t>(theirs));
    ++links_;
  }
}

void Reference::observe(const model::Facts& facts) {
  std::vector<Identifier> told;
  for (std::size_t i = 0; i < facts.identifier_count; ++i)
    told.push_back({std::string(symbols_.text(facts.identifiers[i].name_space)), facts.identifiers[i].value});
  if (facts.type == ObservationType::Gap) return;
  if (facts.type == ObservationType::SignInFailed) {
    if (!told.empty()) failures_.emplace_back(told[0].value, facts.occurred_at, facts.count, now_);
    return;
  }
  // Nothing about one session: it says who somebody is, and ends nothing.
  if (one_of(facts.type, {ObservationType::AccountDisabled, ObservationType::AccountEnabled,
                          ObservationType::CredentialChanged})) {
    if (told.empty()) return;
    if (person(told[0].value) == people_.size()) {
      people_.push_back({told[0]});
      age_.push_back(told[0].value);
    }
    learn(told, told[0].value, std::string(symbols_.text(facts.source)));
    for (const Identifier& one : told) {
      if (person(one.value) == person(told[0].value))
        statements_.push_back(
            {one.value, facts.occurred_at, facts.type, std::string(symbols_.text(facts.source))});
    }
    return;
  }
  observe_session(facts);
}

void Reference::observe_session(const model::Facts& facts) {
  const std::string source(symbols_.text(facts.source));
  const Time at = facts.occurred_at;
  Session* found = nullptr;
  const auto look = [&](const std::string& name) {
    for (auto& [number, session] : sessions_) {
      if (found == nullptr && session.has_key && session.row.source == name &&
          session.row.session == facts.session)
        found = &session;
    }
  };
  look(source);
  if (found == nullptr && facts.type != ObservationType::SignIn) {
    for (const std::string& shown : sources_.at(source).settings.shows_activity_of) look(shown);
  }
  Session* before = nullptr;
  if (found != nullptr && facts.type == ObservationType::SignIn && !found->lives() &&
      at > found->row.ended_at) {
    found->has_key = false;
    before = std::exchange(found, nullptr);
  }
  if (found == nullptr) {
    found = &sessions_[++last_number_];
    found->row.number = last_number_;
    found->row.source = source;
    found->row.session = facts.session;
    found->row.start_seen = false;
    found->row.started_at = at;
  }
  Session& session = *found;
  model::SessionRow& row = session.row;
  // The sign-in came late: what the one before did from then on was this one's doing.
  if (before != nullptr) {
    model::SessionRow& old = before->row;
    if (old.last_person_activity_at > old.ended_at && old.last_person_activity_at >= at)
      row.last_person_activity_at =
          std::exchange(old.last_person_activity_at, old.start_seen ? old.started_at : Time{});
    if (old.last_machine_activity_at > old.ended_at && old.last_machine_activity_at >= at)
      row.last_machine_activity_at = std::exchange(old.last_machine_activity_at, Time{});
    for (auto& [policy, mark] : before->marks) {
      if (set_.policies[policy].rule == Rule::ActivityAfterEnd && mark.open && mark.breached_at >= at)
        withdraw(mark);
    }
  }
  const SessionState was = row.state;
  const Time was_since = session.state_at;
  const std::size_t links_before = links_;
  first_told(row.device, facts.device);
  first_told(row.application, std::string(symbols_.text(facts.application)));
  first_told(row.account_type, facts.account_type);
  first_told(row.interactivity, facts.interactivity);
  first_told(row.auth_method, facts.auth_method);
  first_told(row.user_agent, facts.user_agent);
  first_told(row.address, facts.address);
  first_told(row.network, facts.network);
  row.expires_at = std::max(row.expires_at, facts.expires_at);
  row.started_at = std::min(row.started_at, at);

  std::vector<Identifier> told;
  for (std::size_t i = 0; i < facts.identifier_count; ++i)
    told.push_back({std::string(symbols_.text(facts.identifiers[i].name_space)), facts.identifiers[i].value});
  if (!told.empty()) {
    if (!session.identifier) {
      session.identifier = told[0].value;
      if (person(told[0].value) == people_.size()) {
        people_.push_back({told[0]});
        age_.push_back(told[0].value);
      }
    }
    learn(told, session.identifier, source);
  }

  if (one_of(facts.type, {ObservationType::SignOut, ObservationType::Expired, ObservationType::Revoked})) {
    const EndReason reason = facts.end_reason != EndReason::Unknown   ? facts.end_reason
                             : facts.type == ObservationType::Expired ? EndReason::Expired
                                                                      : EndReason::SignedOut;
    if (facts.end_certainty == Certainty::Inferred) {
      // Believed while nothing was seen later, nothing was stated, and no other conclusion says more.
      if (session.last() > at) return;
      if (!session.lives()) {
        if (row.end_certainty == Certainty::Stated) return;
        const bool known_says_little = row.end_reason == EndReason::Vanished;
        const bool told_says_little = reason == EndReason::Vanished;
        if (told_says_little && !known_says_little) return;
        if (told_says_little == known_says_little && row.ended_at <= at) return;
      }
    } else {
      if (!session.lives() && row.end_certainty == Certainty::Stated && row.ended_at <= at) return;
      session.state_at = at;
    }
    row.state = SessionState::Ended;
    row.ended_at = at;
    row.end_certainty = facts.end_certainty;
    row.end_reason = reason;
    session.closed_at = now_;
    withdraw_from(session, at);
    if (row.end_certainty == Certainty::Stated && session.last() > at) after_end(session, session.last());
    return;
  }

  row.start_seen |= facts.type == ObservationType::SignIn;
  if (facts.fresh_credentials) {
    if (session.first_fresh == Time{} || at < session.first_fresh) session.first_fresh = at;
    row.last_fresh_authentication_at = std::max(row.last_fresh_authentication_at, at);
  }
  const bool person_acted =
      (facts.type == ObservationType::Activity && facts.activity_class == model::ActivityClass::Person) ||
      one_of(facts.type, {ObservationType::SignIn, ObservationType::Unlocked, ObservationType::Reconnected,
                          ObservationType::Resumed, ObservationType::Reauthenticated});
  Time& last = person_acted ? row.last_person_activity_at : row.last_machine_activity_at;
  last = std::max(last, at);
  if (facts.type == ObservationType::Activity) row.activities += facts.count;
  if (!session.lives() && at > row.ended_at) {
    if (row.end_certainty == Certainty::Stated) {
      after_end(session, at);
    } else {
      if (row.end_reason == EndReason::Expired && row.expires_at <= at) row.expires_at = Time{};
      row.state = SessionState::Active;
      session.state_at = at;
      row.ended_at = Time{};
      row.end_reason = EndReason::Unknown;
      ++row.corrections;
    }
  }
  if (session.lives() && at >= session.state_at) {
    const std::map<ObservationType, SessionState> states{
        {ObservationType::SignIn, SessionState::Active},
        {ObservationType::Unlocked, SessionState::Active},
        {ObservationType::Locked, SessionState::Locked},
        {ObservationType::Reconnected, SessionState::Active},
        {ObservationType::Resumed, SessionState::Active},
        {ObservationType::Paused, SessionState::Paused},
        {ObservationType::Disconnected, SessionState::Paused}};
    if (const auto state = states.find(facts.type); state != states.end()) {
      row.state = state->second;
      session.state_at = at;
    }
  }
  if (facts.fresh_credentials) excuse_resumes(session, at);
  if (facts.fresh_credentials) judge_intervals(session, at);
  see_from_where(session, facts, person_acted);
  check_resume(session, facts, was, was_since);
  // What somebody is known by now is judged before what they do now.
  if (links_ != links_before) judge_accounts();
  check_account(session, at);
  if (!person_acted) return;
  for (auto& [policy, mark] : session.marks) {
    if (set_.policies[policy].rule != Rule::InactivityTimeout || !mark.open || at <= mark.base) continue;
    if (at > mark.breached_at) {
      mark.resumed_at = mark.resumed_at == Time{} ? at : std::min(mark.resumed_at, at);
    } else if (mark.resumed_at == Time{} || mark.resumed_at - at < set_.policies[policy].limit) {
      withdraw(mark);
      mark.warned_for = Time{};
    }
  }
}

}  // namespace curfew::model_test
