#include "core/engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "core/base/duration_words.hpp"
#include "core/base/error.hpp"
#include "core/engine/state.hpp"
#include "core/model/json_object.hpp"

namespace curfew::engine {

void Engine::State::apply(const model::Input& input) {
  if (input.at < now) {
    throw Error(ErrorKind::Internal, "engine: time went back from " + base::format_rfc3339(now) + " to " +
                                         base::format_rfc3339(input.at) + "; the caller must hold it");
  }
  const auto* clock = std::get_if<model::ClockInput>(&input.body);
  jumped_from = clock != nullptr && clock->to - clock->from > set.clock_jump ? clock->from : Time::max();
  now = input.at;
  // Before anything fires: what became due while nobody listened is judged when the backlog has been read.
  if (std::holds_alternative<model::StartedInput>(input.body)) {
    started = true;
    for (const model::Symbol name : sources.in_order(symbols)) {
      read_backlog(sources.at(name));
      hear(sources.at(name));
    }
  }
  fire(input.at);
  jumped_from = Time::max();
  std::visit([this](const auto& body) { take(body); }, input.body);
  if (out->sessions.size() > 1) {
    std::sort(out->sessions.begin(), out->sessions.end());
    out->sessions.erase(std::unique(out->sessions.begin(), out->sessions.end()), out->sessions.end());
  }
  for (auto* numbers : {&out->violations, &out->sign_outs}) {
    if (numbers->size() < 2) continue;
    std::sort(numbers->begin(), numbers->end());
    numbers->erase(std::unique(numbers->begin(), numbers->end()), numbers->end());
  }
}

// Deadlines of sessions come before others of the same time, by session and policy.
void Engine::State::fire(Time until) {
  while (true) {
    const auto next_session = session_deadlines.earliest();
    const bool other_is_next =
        !other_deadlines.empty() && (!next_session || std::get<0>(*other_deadlines.begin()) < *next_session);
    if (other_is_next) {
      const auto [at, kind, name, number] = *other_deadlines.begin();
      if (at > until) return;
      other_deadlines.erase(other_deadlines.begin());
      if (kind == 0)
        fire_silence(name, at);
      else if (kind == 1)
        wake_order(number);
      else
        fire_backlog(name);
      continue;
    }
    const auto due = session_deadlines.pop_until(until);
    if (!due) return;
    const Slot slot = sessions.find(due->number);
    // The entry of a deadline that was moved since: another one stands for it.
    if (slot == no_slot || sessions.at(slot).queued_at != due->at) continue;
    sessions.at(slot).queued_at = Time{};
    evaluate(slot, due->at);
  }
}

void Engine::State::take(const model::TickInput&) {}

void Engine::State::take(const model::ClockInput&) {}

void Engine::State::take(const model::StartedInput&) {
  std::vector<model::OrderNumber> open;
  for (const auto& [number, kept] : orders) {
    if (kept.order.running() || kept.order.watched() || kept.order.reverting()) open.push_back(number);
  }
  std::vector<enforcement::Event> events;
  for (const model::OrderNumber number : open) {
    events.clear();
    enforcement::Loop(orders.at(number).order, now, events).restarted();
    run(number, events);
  }
}

void Engine::State::hear(Source& source) {
  source.heard_at = now;
  if (source.silent) {
    source.silent = false;
    out->limits_moved = true;
    alert("source_heard", "the source speaks again; its absence rules go on", symbols.text(source.name));
  }
  queue_silence(source);
}

void Engine::State::queue_silence(Source& source) {
  if (source.silence_queued || source.closed || source.silent || source.settings.stale_after <= Duration{0})
    return;
  source.silence_queued = true;
  other_deadlines.emplace(source.heard_at + source.settings.stale_after, 0, symbols.text(source.name), 0);
}

void Engine::State::fire_silence(const std::string& name, Time at) {
  Source& source = sources.at(symbols.intern(name));
  source.silence_queued = false;
  if (source.closed || source.silent || source.settings.stale_after <= Duration{0}) return;
  if (source.heard_at + source.settings.stale_after > at) {
    queue_silence(source);
    return;
  }
  source.silent = true;
  out->fired = true;
  out->limits_moved = true;
  alert("source_silent",
        "nothing heard for " + base::exactly_in_words(source.settings.stale_after) +
            "; rules about absence are stopped for its sessions",
        name);
}

// Something may have happened that it has not told yet. That is waited for as long as its silence would be:
// a source that never catches up must not switch limits off.
void Engine::State::read_backlog(Source& source) {
  const std::string name(symbols.text(source.name));
  if (source.reads_backlog()) other_deadlines.erase({source.catch_up_by, 2, name, 0});
  source.catch_up_by = Time{};
  source.caught_up = source.closed;
  if (source.closed || source.settings.stale_after <= Duration{0}) {
    stop_waiting(source);
    return;
  }
  source.catch_up_by = now + source.settings.stale_after;
  other_deadlines.emplace(source.catch_up_by, 2, name, 0);
}

void Engine::State::fire_backlog(const std::string& name) {
  alert("source_behind", "it has not caught up since the start; limits count by the clock again", name);
  out->fired = true;
  stop_waiting(sources.at(symbols.intern(name)));
}

// What waited for the source's backlog comes up again.
void Engine::State::stop_waiting(Source& source) {
  if (source.reads_backlog())
    other_deadlines.erase({source.catch_up_by, 2, std::string(symbols.text(source.name)), 0});
  source.catch_up_by = Time{};
  const std::set<model::SessionNumber> held = std::exchange(source.held, {});
  for (const model::SessionNumber number : held) {
    const Slot slot = sessions.find(number);
    if (slot == no_slot) continue;
    recheck_concurrency(slot, sessions.at(slot).started_at, Recheck::Itself);
    check_device(slot);
    schedule(slot);
  }
  for (const auto& [number, through_link] : std::exchange(source.unanswered, {}))
    enforce_late(number, through_link);
  for (const model::SessionNumber number : std::exchange(source.unchecked, {})) {
    const Slot slot = sessions.find(number);
    if (slot == no_slot) continue;
    const Session& session = sessions.at(slot);
    check_hold(slot, session.last_fresh_at != Time{} && session.last_fresh_at >= session.started_at);
    check_late(slot);
  }
}

// Its watermark, or whether it counts, may have moved: what waited for it comes up again.
void Engine::State::source_moved(Source& source) {
  while (!source.blocked.empty() && source.passed(source.blocked.front().at)) {
    const Due due = source.blocked.front();
    std::pop_heap(source.blocked.begin(), source.blocked.end(), std::greater<>());
    source.blocked.pop_back();
    const Slot slot = sessions.find(due.number);
    if (slot == no_slot) continue;
    Session& session = sessions.at(slot);
    if (session.blocked_at != due.at || session.blocked_on != source.name) continue;
    session.blocked_at = Time{};
    session.blocked_on = {};
    requeue(slot, due.at);
  }
}

void Engine::State::take(const model::ProgressInput& input) {
  Source& source = sources.at(symbols.intern(input.source));
  source.observed_until = std::max(source.observed_until, input.observed_until);
  source.caught_up |= input.caught_up;
  source.closed |= input.closed;
  hear(source);
  if (source.reads_backlog() && (source.caught_up || source.closed)) stop_waiting(source);
  source_moved(source);
}

void Engine::State::take(const model::ConfigurationInput& input) {
  set = input.set;
  configure();
  out->limits_moved = true;
  for (const model::Symbol name : sources.in_order(symbols)) {
    Source& source = sources.at(name);
    if (source.heard_at == Time{}) {
      source.heard_at = now;
      if (started) read_backlog(source);
    }
    queue_silence(source);
    source_moved(source);
  }
  for (std::size_t i = 0; i < book.size(); ++i) {
    const auto& rule = book.at(static_cast<policy::PolicyIndex>(i));
    if (rule.unresolved > 0) {
      alert("policy", "policy '" + rule.policy.name + "' names " + std::to_string(rule.unresolved) +
                          " subjects that nobody has yet; they match nothing");
    }
  }
  if (book.unresolved_protected() > 0) {
    alert("safety", std::to_string(book.unresolved_protected()) +
                        " protected accounts are of nobody known yet; they protect nobody");
  }
  // Rare, and every session's limits may be others now.
  for (const Slot slot : sessions.in_order()) schedule(slot);
}

void Engine::State::configure() {
  book = policy::Rulebook(set, symbols);
  identity_of.clear();
  longest_failure_window = Duration{0};
  for (const model::Policy& policy : set.policies) {
    const Identity identity{policy.name, policy.rule, policy.mode, policy.controls};
    const auto found = std::find(identities.begin(), identities.end(), identity);
    identity_of.push_back(static_cast<std::uint32_t>(found - identities.begin()));
    if (found == identities.end()) identities.push_back(identity);
    if (policy.rule == model::Rule::FailedSignIns)
      longest_failure_window = std::max(longest_failure_window, policy.window);
  }
  // Whoever asks again later is told from then on.
  if (!book.has(model::Rule::SessionBinding)) bindings.clear();
  sources.configure(set, symbols);
  for (const Slot slot : sessions.in_order()) {
    Session& session = sessions.at(slot);
    session.scope_class = book.class_of(session.source, session.application, session.account_type,
                                        session.network, session.interactivity);
  }
}

void Engine::State::take(const model::GroupsInput& input) {
  const bool was_known = groups.knows(input.group);
  const std::vector<model::Ref> moved = groups.set(input.group, input.members);
  out->limits_moved = true;
  if (!was_known) {
    // Of who is not in it nobody could say so before: what exempts the group may concern them from now on.
    for (const Slot slot : sessions.in_order()) schedule(slot);
    return;
  }
  std::set<std::uint32_t> concerned;
  for (const model::Ref member : moved) {
    const std::uint32_t subject = subjects.find(member);
    if (subject != no_slot) concerned.insert(subject);
  }
  for (const std::uint32_t subject : concerned) {
    for (const Slot slot : sessions_of(subject)) schedule(slot);
  }
}

// ---- the public face ----

Engine::Engine(model::Symbols& symbols) : state_(std::make_unique<State>(symbols)) { state_->configure(); }
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::apply(const model::Input& input, model::Effects& out) {
  out.clear();
  state_->out = &out;
  state_->apply(input);
  state_->out = nullptr;
}

void Engine::expect(const model::Facts* next, const model::Facts* later) const {
  if (later != nullptr) state_->sessions.prefetch_place(later->source, later->session);
  if (next != nullptr) state_->sessions.prefetch_record(next->source, next->session);
}

Time Engine::now() const { return state_->now; }

std::optional<Time> Engine::next_deadline() const {
  auto next = state_->session_deadlines.earliest();
  if (!state_->other_deadlines.empty()) {
    const Time other = std::get<0>(*state_->other_deadlines.begin());
    next = next ? std::min(*next, other) : other;
  }
  return next;
}

model::SessionRow Engine::session(model::SessionNumber number) const {
  const Slot slot = state_->sessions.find(number);
  return slot == no_slot ? model::SessionRow{} : to_row(state_->sessions.at(slot), state_->symbols);
}

model::ViolationRow Engine::violation(model::ViolationNumber number) const { return state_->row_of(number); }

model::ViolationRow Engine::State::row_of(model::ViolationNumber number) const {
  model::ViolationRow row;
  const auto found = violations.find(number);
  if (found == violations.end()) return row;
  const Violation& violation = found->second;
  const Identity& identity = identities[violation.identity];
  row.number = number;
  row.policy = identity.name;
  row.rule = identity.rule;
  row.mode = identity.mode;
  row.controls = identity.controls;
  row.session = violation.session;
  row.subject = violation.subject;
  row.source = symbols.text(violation.source);
  row.breached_at = violation.breached_at;
  row.detected_at = violation.detected_at;
  row.withdrawn_at = violation.withdrawn_at;
  row.evidence = violation.evidence;
  row.sign_out = violation.order;
  return row;
}

model::SignOutRow Engine::sign_out(model::OrderNumber number) const {
  const auto found = state_->orders.find(number);
  return found == state_->orders.end() ? model::SignOutRow{} : to_row(found->second.order);
}

model::Preview Engine::preview(const model::CommandInput& command) const { return state_->preview(command); }

bool Engine::has_group(const model::GroupsInput& told) const {
  return state_->groups.is(told.group, told.members);
}

model::SessionNumber Engine::find_session(std::string_view source,
                                          const model::SessionDigest& session) const {
  const Slot slot = state_->sessions.find(state_->symbols.find(source), session);
  return slot == no_slot ? 0 : state_->sessions.at(slot).number;
}

std::vector<model::SessionNumber> Engine::live_sessions() const {
  std::vector<model::SessionNumber> numbers;
  for (const Slot slot : state_->sessions.in_order()) {
    if (state_->sessions.at(slot).lives()) numbers.push_back(state_->sessions.at(slot).number);
  }
  return numbers;
}

model::Ref Engine::subject_of(model::Ref identifier) const {
  const std::uint32_t subject = state_->subjects.find(identifier);
  return subject == no_slot ? model::Ref{} : state_->subjects.at(subject).ref;
}

std::vector<model::Identifier> Engine::identifiers_of(model::Ref identifier) const {
  const std::uint32_t subject = state_->subjects.find(identifier);
  if (subject == no_slot) return {};
  return state_->subjects.identifiers_of(subject);
}

std::vector<model::SessionNumber> Engine::take_active_since_last_flush() {
  std::vector<model::SessionNumber> numbers;
  numbers.reserve(state_->active.size());
  for (const Slot slot : state_->active) {
    Session& session = state_->sessions.at(slot);
    // A slot that was dropped and taken again stands in the list of its new session too.
    if (!session.active_in_flush) continue;
    session.active_in_flush = false;
    numbers.push_back(session.number);
  }
  state_->active.clear();
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Counts Engine::counts() const {
  Counts counts = state_->counts;
  counts.subjects = state_->subjects.count();
  counts.deadlines = state_->session_deadlines.size() + state_->other_deadlines.size();
  counts.failures_dropped = state_->failures.dropped();
  counts.account_changes_dropped = state_->changes.dropped();
  for (const auto& [source, live] : state_->live_by_source) {
    if (live > 0) counts.live_by_source[std::string(state_->symbols.text(source))] = live;
  }
  for (const auto& [number, kept] : state_->orders) {
    counts.open_orders += kept.order.running();
    counts.held_orders += kept.order.outcome == model::Outcome::Held && kept.order.concluded_at == Time{};
  }
  return counts;
}

const model::PolicySet& Engine::policies() const { return state_->set; }

void Engine::save(const std::function<void(std::string_view)>& put) const { state_->save(put); }

Engine Engine::load(std::string_view bytes, model::Symbols& symbols) {
  Engine engine(symbols);
  engine.state_->load(bytes);
  return engine;
}

}  // namespace curfew::engine
