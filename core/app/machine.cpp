#include "core/app/machine.hpp"

#include <algorithm>
#include <utility>

#include "core/base/digest.hpp"
#include "core/engine/record.hpp"

namespace curfew::app {
namespace {

template <typename N>
void sort_unique(std::vector<N>& numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

Machine::Machine(engine::Engine engine, model::Symbols& symbols)
    : engine_(std::move(engine)), symbols_(symbols) {}

const model::Effects& Machine::take(Time at, model::InputBody body,
                                    const std::vector<model::PersonalValue>& introduced) {
  const model::Input input{.at = std::max(at, engine_.now()), .body = std::move(body)};
  engine_.apply(input, effects_);
  ++inputs_;
  for (const model::SessionNumber number : engine_.gate_changes(input, effects_)) at_gates_.insert(number);
  keep_last_rows();
  if (std::holds_alternative<model::TickInput>(input.body) && !effects_.fired) return effects_;

  std::vector<model::Entry> entries = engine::to_entries(input, effects_, symbols_);
  if (!introduced.empty()) entries.front().personal = model::to_json(introduced);
  std::move(entries.begin(), entries.end(), std::back_inserter(batch_.entries));
  append(batch_.entries, effects_.decisions);
  append(batch_.extras.references, introduced);
  for (const model::PersonalValue& value : introduced) {
    if (value.kind == model::PersonalKind::Handle) know_handle(value);
  }
  append(sessions_, effects_.sessions);
  append(violations_, effects_.violations);
  append(sign_outs_, effects_.sign_outs);
  for (const model::RunStep& step : effects_.steps)
    batch_.acts.push_back({.step = step, .handle = handle_of(step.session)});
  for (const model::RunProbe& probe : effects_.probes)
    batch_.asks.push_back(
        {.probe = probe, .handle = handle_of(probe.session), .control_handle = handle_of(probe.control)});
  append(batch_.warnings, effects_.notices);
  return effects_;
}

void Machine::record(Time at, model::Entry entry) {
  entry.engine_time = std::max(at, engine_.now());
  batch_.entries.push_back(std::move(entry));
}

// Between two batches the engine may forget what the batch has still to show.
void Machine::keep_last_rows() {
  for (model::SessionRow& row : effects_.last_sessions)
    last_sessions_.insert_or_assign(row.number, std::move(row));
  for (model::ViolationRow& row : effects_.last_violations)
    last_violations_.insert_or_assign(row.number, std::move(row));
  for (model::SignOutRow& row : effects_.last_sign_outs)
    last_sign_outs_.insert_or_assign(row.number, std::move(row));
}

Batch Machine::close() {
  sort_unique(sessions_);
  sort_unique(violations_);
  sort_unique(sign_outs_);
  for (const model::SessionNumber number : sessions_) {
    const auto last = last_sessions_.find(number);
    batch_.extras.sessions.push_back(last == last_sessions_.end() ? engine_.session(number) : last->second);
  }
  for (const model::SessionNumber number : at_gates_) {
    if (model::GateEntry entry = engine_.gate_entry(number); entry.number != 0)
      batch_.gate.push_back(std::move(entry));
  }
  for (const auto& [number, row] : last_sessions_) {
    if (engine_.find_session(row.source, row.session) != 0) continue;
    handles_.erase(row.session);
    if (engine_.is_guarded(row.source))
      batch_.gate.push_back({.source = row.source,
                             .session = row.session,
                             .number = number,
                             .standing = model::Standing::Forgotten});
  }
  at_gates_.clear();
  for (const model::ViolationNumber number : violations_) {
    const auto last = last_violations_.find(number);
    batch_.extras.violations.push_back(last == last_violations_.end() ? engine_.violation(number)
                                                                      : std::move(last->second));
  }
  for (const model::OrderNumber number : sign_outs_) {
    append(batch_.denials, engine_.token_denials(number));
    const auto last = last_sign_outs_.find(number);
    batch_.extras.sign_outs.push_back(last == last_sign_outs_.end() ? engine_.sign_out(number)
                                                                    : std::move(last->second));
  }
  last_sessions_.clear();
  last_violations_.clear();
  last_sign_outs_.clear();
  sessions_.clear();
  violations_.clear();
  sign_outs_.clear();
  return std::exchange(batch_, {});
}

std::vector<model::GateEntry> Machine::gate_entries() const {
  std::vector<model::GateEntry> entries;
  for (const model::SessionNumber number : engine_.guarded_sessions()) {
    if (model::GateEntry entry = engine_.gate_entry(number); entry.number != 0)
      entries.push_back(std::move(entry));
  }
  return entries;
}

void Machine::add_snapshot() {
  engine_.save([this](std::string_view chunk) { batch_.snapshot.append(chunk); });
  const std::string policies = model::to_json(engine_.policies());
  batch_.policy_digest = base::to_hex(base::sha256(policies));
}

void Machine::add_activity() {
  for (const model::SessionNumber number : engine_.take_active_since_last_flush())
    batch_.active.push_back(engine_.session(number));
}

model::Ref Machine::handle_of(const model::SessionDigest& session) const {
  const auto found = handles_.find(session);
  return found == handles_.end() ? model::Ref{} : found->second;
}

void Machine::know_handle(const model::PersonalValue& value) {
  if (const auto session = model::parse_session_digest(value.name_space)) handles_[*session] = value.ref;
}

}  // namespace curfew::app
