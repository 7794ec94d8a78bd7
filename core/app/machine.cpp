#include "core/app/machine.hpp"

#include <algorithm>
#include <utility>

#include "core/base/digest.hpp"
#include "core/engine/record.hpp"

namespace curfew::app {
namespace {

constexpr Duration leap = std::chrono::hours(1);

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

Machine::Machine(engine::Engine engine, model::Symbols& symbols)
    : engine_(std::move(engine)), symbols_(symbols) {}

const model::Effects& Machine::take(Time at, model::InputBody body,
                                    const std::vector<model::PersonalValue>& introduced) {
  step_towards(at);
  const model::Input input{.at = std::max(at, engine_.now()), .body = std::move(body)};
  engine_.apply(input, effects_);
  ++inputs_;
  if (std::holds_alternative<model::TickInput>(input.body) && !effects_.fired) return effects_;

  std::vector<model::Entry> entries = engine::to_entries(input, effects_, symbols_);
  if (!introduced.empty()) entries.front().personal = model::to_json(introduced);
  std::move(entries.begin(), entries.end(), std::back_inserter(batch_.entries));
  append(batch_.entries, effects_.decisions);
  append(batch_.extras.references, introduced);
  for (const model::PersonalValue& value : introduced) {
    if (value.kind == model::PersonalKind::Handle) know_handle(value);
  }
  for (const model::SessionNumber number : effects_.sessions) {
    model::SessionRow row = engine_.session(number);
    if (row.number != 0) sessions_[number] = std::move(row);
  }
  for (const model::ViolationNumber number : effects_.violations) {
    model::ViolationRow row = engine_.violation(number);
    if (row.number != 0) violations_[number] = std::move(row);
  }
  for (const model::OrderNumber number : effects_.sign_outs) {
    model::SignOutRow row = engine_.sign_out(number);
    if (row.number != 0) sign_outs_[number] = std::move(row);
  }
  for (const model::RunStep& step : effects_.steps)
    batch_.acts.push_back({.step = step, .handle = handle_of(step.session)});
  for (const model::RunProbe& probe : effects_.probes)
    batch_.asks.push_back(
        {.probe = probe, .handle = handle_of(probe.session), .control_handle = handle_of(probe.control)});
  return effects_;
}

void Machine::step_towards(Time at) {
  if (engine_.now() == Time{} || at - engine_.now() <= leap) return;
  // Each step moves time on, so this ends.
  while (const std::optional<Time> next = engine_.next_deadline()) {
    if (*next >= at || *next <= engine_.now()) return;
    take(*next, model::TickInput{});
  }
}

void Machine::record(Time at, model::Entry entry) {
  entry.engine_time = std::max(at, engine_.now());
  batch_.entries.push_back(std::move(entry));
}

Batch Machine::close() {
  for (auto& [number, row] : sessions_) {
    if (row.state == model::SessionState::Ended) handles_.erase(row.session);
    batch_.extras.sessions.push_back(std::move(row));
  }
  for (auto& [number, row] : violations_) batch_.extras.violations.push_back(std::move(row));
  for (auto& [number, row] : sign_outs_) batch_.extras.sign_outs.push_back(std::move(row));
  sessions_.clear();
  violations_.clear();
  sign_outs_.clear();
  return std::exchange(batch_, {});
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
