#include <algorithm>

#include "core/engine/state.hpp"

namespace curfew::engine {
namespace {

constexpr std::string_view magic = "curfew-engine-10";

void save_session(const Session& s, bool keyed, const std::vector<std::uint32_t>& words,
                  model::StateWriter& w) {
  w.number(s.number);
  w.flag(keyed);
  w.digest(s.digest);
  w.number(s.subject_index == no_slot ? 0 : std::uint64_t{s.subject_index} + 1);
  w.ref(s.identifier);
  w.time(s.last_person_at);
  w.time(s.last_machine_at);
  w.time(s.ended_at);
  w.number(s.activities);
  w.time(s.started_at);
  w.number(words[s.source.number]);
  w.name(s.state);
  w.name(s.end_reason);
  w.name(s.end_certainty);
  w.number((s.start_seen ? 1U : 0U) | (s.has_marks ? 2U : 0U) | (s.has_order ? 4U : 0U) |
           (s.active_in_flush ? 8U : 0U) | (s.privileged ? 16U : 0U) | (s.proven_end ? 32U : 0U) |
           (s.idle_breach ? 64U : 0U) | (s.idle_now ? 128U : 0U) | (s.refreshed_last ? 256U : 0U));
  w.name(s.account_type);
  w.name(s.auth_method);
  w.name(s.interactivity);
  w.name(s.network);
  w.number(s.factors);
  w.number(words[s.application.number]);
  w.time(s.expires_at);
  w.time(s.state_at);
  w.time(s.queued_at);
  w.time(s.blocked_at);
  w.time(s.closed_at);
  w.number(words[s.blocked_on.number]);
  w.number(s.corrections);
  w.time(s.first_fresh_at);
  w.time(s.last_fresh_at);
  w.ref(s.device);
  w.ref(s.address);
  w.ref(s.user_agent);
  w.number(s.joined);
}

Session load_session(const std::vector<model::Symbol>& words, model::StateReader& r, bool& keyed) {
  const auto word = [&] {
    const auto index = r.number_as<std::size_t>();
    if (index >= words.size()) r.broken("an unknown word");
    return words[index];
  };
  Session s;
  s.number = r.number();
  keyed = r.flag();
  s.digest = r.digest();
  const auto subject = r.number_as<std::uint32_t>();
  s.subject_index = subject == 0 ? no_slot : subject - 1;
  s.identifier = r.ref();
  s.last_person_at = r.time();
  s.last_machine_at = r.time();
  s.ended_at = r.time();
  s.activities = r.number();
  s.started_at = r.time();
  s.source = word();
  s.state = r.name<model::SessionState>();
  s.end_reason = r.name<model::EndReason>();
  s.end_certainty = r.name<model::Certainty>();
  const auto flags = r.number_as<std::uint32_t>();
  s.start_seen = (flags & 1U) != 0;
  s.has_marks = (flags & 2U) != 0;
  s.has_order = (flags & 4U) != 0;
  s.active_in_flush = (flags & 8U) != 0;
  s.privileged = (flags & 16U) != 0;
  s.proven_end = (flags & 32U) != 0;
  s.idle_breach = (flags & 64U) != 0;
  s.idle_now = (flags & 128U) != 0;
  s.refreshed_last = (flags & 256U) != 0;
  s.account_type = r.name<model::AccountType>();
  s.auth_method = r.name<model::AuthMethod>();
  s.interactivity = r.name<model::Interactivity>();
  s.network = r.name<model::NetworkClass>();
  s.factors = r.number_as<std::uint8_t>();
  s.application = word();
  s.expires_at = r.time();
  s.state_at = r.time();
  s.queued_at = r.time();
  s.blocked_at = r.time();
  s.closed_at = r.time();
  s.blocked_on = word();
  s.corrections = r.number_as<std::uint32_t>();
  s.first_fresh_at = r.time();
  s.last_fresh_at = r.time();
  s.device = r.ref();
  s.address = r.ref();
  s.user_agent = r.ref();
  s.joined = r.number();
  return s;
}

}  // namespace

void Engine::State::save(const std::function<void(std::string_view)>& put) const {
  model::StateWriter w(put);
  w.text(magic);
  w.time(now);
  w.text(to_json(set));
  w.number(identities.size());
  for (const Identity& identity : identities) {
    w.text(identity.name);
    w.name(identity.rule);
    w.name(identity.mode);
    w.number(identity.controls.size());
    for (const std::string& control : identity.controls) w.text(control);
  }
  groups.save(w);
  failures.save(w);
  changes.save(w, symbols);
  subjects.save(w, symbols);
  sources.save(w, symbols);

  const std::vector<Slot> slots = sessions.in_order();
  // Symbols' numbers are this process's own: the snapshot has its own short list of words.
  std::vector<std::uint32_t> words(std::size_t{1} << 16);
  std::vector<model::Symbol> used{model::Symbol{}};
  const auto use = [&](model::Symbol symbol) {
    if (symbol.number == 0 || words[symbol.number] != 0) return;
    words[symbol.number] = static_cast<std::uint32_t>(used.size());
    used.push_back(symbol);
  };
  for (const Slot slot : slots) {
    use(sessions.at(slot).source);
    use(sessions.at(slot).application);
    use(sessions.at(slot).blocked_on);
  }
  w.number(used.size());
  for (const model::Symbol symbol : used) w.text(symbols.text(symbol));
  w.number(sessions.last_number());
  w.number(slots.size());
  for (const Slot slot : slots) save_session(sessions.at(slot), sessions.is_keyed(slot), words, w);

  for (const Slot slot : slots) {
    const Session& session = sessions.at(slot);
    if (!session.has_marks) continue;
    const Marks& own = marks.at(session.number);
    w.number(own.of.size());
    for (const Mark& mark : own.of) {
      w.number(mark.identity);
      w.time(mark.warned_for);
      w.time(mark.base);
      w.time(mark.breached_at);
      w.time(mark.resumed_at);
      w.number(mark.violation);
    }
    w.number(own.opened.size());
    for (const model::ViolationNumber number : own.opened) {
      const Violation& violation = violations.at(number);
      w.number(number);
      w.number(violation.identity);
      w.text(symbols.text(violation.source));
      w.number(violation.session);
      w.ref(violation.subject);
      w.time(violation.breached_at);
      w.time(violation.detected_at);
      w.time(violation.withdrawn_at);
      w.number(violation.order);
      w.text(violation.evidence);
    }
  }
  w.number(last_violation);
  w.number(bindings.size());
  for (const Slot slot : slots) {
    const auto binding = bindings.find(sessions.at(slot).number);
    if (binding == bindings.end()) continue;
    w.number(binding->first);
    binding->second.save(w, symbols);
  }
  for (const Slot slot : slots) {
    if (sessions.at(slot).has_order) w.number(order_of_session.at(sessions.at(slot).number));
  }
  w.number(last_order);
  w.number(orders.size());
  for (const auto& [number, kept] : orders) enforcement::save(kept.order, w, symbols);
  caps.save(w);
  notice_caps.save(w);
  w.number(holds.size());
  for (const auto& [subject, hold] : holds) {
    w.number(subject);
    w.time(hold.since);
    w.text(hold.policy);
    w.text(to_json(hold.ladder));
  }
  w.number(refused_links.size());
  for (const auto& [one, other] : refused_links) {
    w.ref(one);
    w.ref(other);
  }
  w.time(forgotten_until);
  w.flag(started);
  w.number(counts.unknown_memberships);
  w.number(counts.links_not_taught);
  w.number(counts.sessions_dropped);
  w.text("end");
  w.finish();
}

bool Engine::reads(std::string_view bytes) {
  std::string head;
  const std::function<void(std::string_view)> put = [&](std::string_view chunk) { head += chunk; };
  model::StateWriter writer(put);
  writer.text(magic);
  writer.finish();
  return bytes.starts_with(head);
}

void Engine::State::load(std::string_view bytes) {
  model::StateReader r(bytes);
  if (r.text() != magic) r.broken("another version of the format");
  now = r.time();
  set = model::policy_set_from_json(r.text());
  for (std::size_t i = r.count(); i > 0; --i) {
    Identity& identity = identities.emplace_back();
    identity.name = r.text();
    identity.rule = r.name<model::Rule>();
    identity.mode = r.name<model::PolicyMode>();
    for (std::size_t j = r.count(); j > 0; --j) identity.controls.push_back(r.text());
  }
  groups.load(r);
  failures.load(r);
  changes.load(r, symbols);
  subjects.load(r, symbols);
  sources.load(r, symbols);
  configure();

  std::vector<model::Symbol> words;
  for (std::size_t i = r.count(); i > 0; --i) words.push_back(symbols.intern(r.text()));
  const model::SessionNumber last_number = r.number();
  const std::size_t count = r.count();
  sessions.reserve(count);
  std::vector<Slot> slots;
  slots.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    bool keyed = false;
    const Session loaded = load_session(words, r, keyed);
    const Slot slot = sessions.restore(loaded, keyed);
    slots.push_back(slot);
    Session& session = sessions.at(slot);
    session.scope_class = book.class_of(session.source, session.application, session.account_type,
                                        session.network, session.interactivity);
    if (session.subject_index != no_slot) {
      if (!subjects.knows(session.subject_index)) r.broken("a session of no subject");
      attach(slot, session.subject_index);
    }
    count_state(session, +1);
    if (session.queued_at != Time{}) session_deadlines.push(session.queued_at, session.number);
    if (session.blocked_at != Time{}) {
      std::vector<Due>& blocked = sources.at(session.blocked_on).blocked;
      blocked.push_back({session.blocked_at, session.number});
      std::push_heap(blocked.begin(), blocked.end(), std::greater<>());
    }
    if (session.active_in_flush) active.push_back(slot);
    if (!sources.at(session.source).known) r.broken("a session of no source");
  }
  sessions.set_last_number(last_number);

  for (const Slot slot : slots) {
    const Session& session = sessions.at(slot);
    if (!session.has_marks) continue;
    Marks& own = marks[session.number];
    for (std::size_t i = r.count(); i > 0; --i) {
      Mark& mark = own.of.emplace_back();
      mark.identity = r.number_as<std::uint32_t>();
      if (mark.identity >= identities.size()) r.broken("a mark of no policy");
      mark.warned_for = r.time();
      mark.base = r.time();
      mark.breached_at = r.time();
      mark.resumed_at = r.time();
      mark.violation = r.number();
    }
    for (std::size_t i = r.count(); i > 0; --i) {
      const model::ViolationNumber number = r.number();
      own.opened.push_back(number);
      Violation& violation = violations[number];
      violation.identity = r.number_as<std::uint32_t>();
      if (violation.identity >= identities.size()) r.broken("a violation of no policy");
      violation.source = symbols.intern(r.text());
      violation.session = r.number();
      violation.subject = r.ref();
      violation.breached_at = r.time();
      violation.detected_at = r.time();
      violation.withdrawn_at = r.time();
      violation.order = r.number();
      violation.evidence = r.text();
    }
  }
  last_violation = r.number();
  for (std::size_t i = r.count(); i > 0; --i) {
    const model::SessionNumber number = r.number();
    if (sessions.find(number) == no_slot) r.broken("where no session was used from");
    bindings[number].load(r, symbols);
  }
  for (const Slot slot : slots) {
    if (sessions.at(slot).has_order) order_of_session[sessions.at(slot).number] = r.number();
  }
  last_order = r.number();
  for (std::size_t i = r.count(); i > 0; --i) {
    enforcement::Order order = enforcement::load_order(r, symbols);
    KeptOrder& kept = orders[order.number];
    kept.order = std::move(order);
    list_clearing(kept.order);
    queue_order(kept);
  }
  caps.load(r);
  notice_caps.load(r);
  for (std::size_t i = r.count(); i > 0; --i) {
    Hold& hold = holds[r.number_as<std::uint32_t>()];
    hold.since = r.time();
    hold.policy = r.text();
    hold.ladder = model::ladder_from_json(r.text());
  }
  for (std::size_t i = r.count(); i > 0; --i) {
    const model::Ref one = r.ref();
    refused_links.emplace(one, r.ref());
  }
  forgotten_until = r.time();
  started = r.flag();
  counts.unknown_memberships = r.number();
  counts.links_not_taught = r.number();
  counts.sessions_dropped = r.number();
  if (r.text() != "end" || !r.at_end()) r.broken("more than belongs there");
  for (const model::Symbol name : sources.in_order(symbols)) {
    Source& source = sources.at(name);
    // Before its first word a source without settings waits for nothing.
    if (source.heard_at != Time{}) queue_silence(source);
    if (source.reads_backlog()) other_deadlines.emplace(source.catch_up_by, 2, symbols.text(source.name), 0);
  }
}

}  // namespace curfew::engine
