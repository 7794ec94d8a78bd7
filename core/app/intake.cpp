#include "core/app/intake.hpp"

#include <limits>

#include "core/app/groups.hpp"
#include "core/base/text.hpp"

namespace curfew::app {

using connector::Refusal;
using connector::Taken;

// The queue itself is unbounded: Intake looks at its size before it admits, so what was admitted always fits.
Intake::Intake(connector::Admission& admission, std::size_t capacity, Log& log, metrics::Registry* metrics)
    : admission_(admission),
      log_(log),
      metrics_(metrics),
      capacity_(capacity),
      queue_(std::numeric_limits<std::size_t>::max()) {}

void Intake::add_source(std::string_view source, std::string_view connector) {
  const std::lock_guard lock(mutex_);
  sources_[std::string(source)].status.connector = connector;
  if (metrics_ == nullptr) return;
  // From 0 on: a series that begins at 1 shows no increase.
  for (const Refusal refusal : {Refusal::Repeat, Refusal::TooLate, Refusal::Invalid, Refusal::TooLarge})
    metrics_->counter(metrics::observations_refused, {source, connector::name_of(refusal)});
  for (const char* outcome : {"read", "filtered", "unreadable"})
    metrics_->counter(metrics::source_records, {source, outcome});
}

Intake::Source& Intake::find(std::string_view source) {
  const auto found = sources_.find(source);
  return found != sources_.end() ? found->second : sources_[std::string(source)];
}

Taken Intake::push(std::string_view source, Arrival&& arrival) {
  arrival.source = source;
  {
    const std::lock_guard lock(mutex_);
    arrival.ticket = ++find(source).issued;
  }
  return queue_.try_push(arrival) ? Taken::Yes : Taken::Full;
}

Taken Intake::observed(std::string_view source, model::Observation&& observation) {
  switch (offer(source, observation)) {
    // Taken before, or too old to matter: the source need not come again, and is not at fault.
    case Offer::Taken:
    case Offer::Repeat:
    case Offer::TooLate:
      return Taken::Yes;
    case Offer::Invalid:
    case Offer::TooLarge:
      return Taken::Refused;
    case Offer::Full:
      return Taken::Full;
  }
  return Taken::Refused;
}

Offer Intake::offer(std::string_view source, const model::Observation& observation) {
  const std::lock_guard order(order_);
  if (is_full()) {
    const std::lock_guard lock(mutex_);
    ++find(source).status.slowed;
    return Offer::Full;
  }
  auto result = admission_.admit(source, observation, base::wall_clock_now());
  {
    const std::lock_guard lock(mutex_);
    Source& state = find(source);
    SourceStatus& status = state.status;
    if (const Refusal* refusal = std::get_if<Refusal>(&result)) {
      if (metrics_ != nullptr)
        metrics_->counter(metrics::observations_refused, {source, connector::name_of(*refusal)}).add();
      switch (*refusal) {
        case Refusal::Repeat:
          ++status.repeats;
          return Offer::Repeat;
        case Refusal::TooLate:
          ++status.too_late;
          return Offer::TooLate;
        case Refusal::Invalid:
          ++status.invalid;
          return Offer::Invalid;
        case Refusal::TooLarge:
          ++status.invalid;
          return Offer::TooLarge;
      }
    }
    ++status.observations;
    status.last_observation_at = std::max(status.last_observation_at, observation.occurred_at);
    if (metrics_ != nullptr) {
      auto& counter = state.by_type[static_cast<std::size_t>(observation.type)];
      if (!counter)
        counter = metrics_->counter(metrics::observations, {source, model::name_of(observation.type)});
      counter->add();
    }
  }
  return push(source,
              {.source = {}, .ticket = 0, .body = std::get<connector::Admitted>(std::move(result))}) ==
                 Taken::Yes
             ? Offer::Taken
             : Offer::Full;
}

Taken Intake::progressed(std::string_view source, connector::CursorProgress&& progress) {
  const std::lock_guard order(order_);
  if (is_full()) return Taken::Full;
  {
    const std::lock_guard lock(mutex_);
    SourceStatus& status = find(source).status;
    status.read += progress.read;
    status.filtered += progress.filtered;
    status.unreadable += progress.unreadable;
    if (metrics_ != nullptr) {
      const auto count = [&](const char* outcome, std::uint64_t records) {
        if (records > 0)
          metrics_->counter(metrics::source_records, {source, outcome}).add(static_cast<double>(records));
      };
      count("read", progress.read);
      count("filtered", progress.filtered);
      count("unreadable", progress.unreadable);
    }
    status.caught_up = status.caught_up || progress.caught_up;
    status.observed_until = std::max(status.observed_until, progress.observed_until);
  }
  return push(source, {.body = std::move(progress)});
}

Taken Intake::remembered(std::string_view source, std::string_view key, std::string_view value,
                         Time expires_at) {
  const std::lock_guard order(order_);
  if (is_full()) return Taken::Full;
  return push(source, {.body = store::MemoryUpdate{.source = std::string(source),
                                                   .key = std::string(key),
                                                   .value = std::string(value),
                                                   .expires_at = expires_at}});
}

Taken Intake::grouped(std::string_view source, connector::GroupMembers&& members) {
  const std::lock_guard order(order_);
  if (is_full()) return Taken::Full;
  Grouped told = to_grouped(source, members, admission_);
  if (metrics_ != nullptr)
    metrics_->gauge(metrics::group_names, {source, told.input.group})
        .set(static_cast<double>(told.input.members.size()));
  return push(source, {.body = std::move(told)});
}

void Intake::covered(std::string_view source, std::string_view json) {
  const std::lock_guard lock(mutex_);
  find(source).status.coverage = json;
}

void Intake::gate_rules(std::string_view source, std::string_view json) {
  const std::lock_guard lock(gate_mutex_);
  gate_rules_.insert_or_assign(std::string(source), std::string(json));
  if (tell_gate_rules_) tell_gate_rules_(source, json);
}

void Intake::on_gate_rules(GateRules tell) {
  const std::lock_guard lock(gate_mutex_);
  tell_gate_rules_ = std::move(tell);
  if (!tell_gate_rules_) return;
  for (const auto& [source, json] : gate_rules_) tell_gate_rules_(source, json);
}

void Intake::gate_keys(std::string_view source, std::string_view jwks) {
  const std::lock_guard lock(gate_mutex_);
  gate_keys_.insert_or_assign(std::string(source), std::string(jwks));
  if (tell_gate_keys_) tell_gate_keys_(source, jwks);
}

void Intake::on_gate_keys(GateKeys tell) {
  const std::lock_guard lock(gate_mutex_);
  tell_gate_keys_ = std::move(tell);
  if (!tell_gate_keys_) return;
  for (const auto& [source, jwks] : gate_keys_) tell_gate_keys_(source, jwks);
}

void Intake::logged(std::string_view source, std::uint32_t level, std::string_view text) {
  log_.write(static_cast<LogLevel>(std::min<std::uint32_t>(level, 3)), text, {{"source", source}});
}

void Intake::changed(std::string_view source, std::string_view state, std::string_view text) {
  const Time now = base::wall_clock_now();
  {
    const std::lock_guard lock(mutex_);
    SourceStatus& status = find(source).status;
    status.state = state;
    status.text = text;
    status.changed_at = now;
  }
  log_.write(state == "up" || state == "finished" ? LogLevel::Info : LogLevel::Warning, "source changed",
             {{"source", source}, {"state", state}, {"reason", text}});
  model::Entry entry;
  entry.kind = model::EntryKind::SourceChanged;
  entry.occurred_at = now;
  entry.source = source;
  entry.facts = "{\"state\":";
  base::append_json_string(entry.facts, base::to_clean_utf8(state));
  entry.facts += ",\"text\":";
  base::append_json_string(entry.facts, base::to_clean_utf8(text.substr(0, 512)));
  entry.facts += '}';
  const std::lock_guard order(order_);
  (void)push(source, {.body = std::move(entry)});
  if (state != "up") (void)push(source, {.body = Finished{}});
}

bool Intake::await_durable(std::string_view source, Duration patience) {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = find(source).issued;
  if (find(source).durable < wanted) {
    Arrival awaited{.source = std::string(source), .ticket = 0, .body = Awaited{}};
    (void)queue_.try_push(awaited);  // refused only when all ends
  }
  return durable_.wait_for(lock, patience, [&] { return stopping_ || find(source).durable >= wanted; }) &&
         find(source).durable >= wanted;
}

bool Intake::submit(Arrival arrival) { return queue_.try_push(arrival); }

void Intake::durable(const std::map<std::string, std::uint64_t, std::less<>>& tickets) {
  const std::lock_guard lock(mutex_);
  for (const auto& [source, ticket] : tickets) {
    std::uint64_t& durable = find(source).durable;
    durable = std::max(durable, ticket);
  }
  durable_.notify_all();
}

void Intake::stop() {
  queue_.close();
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  durable_.notify_all();
}

std::map<std::string, SourceStatus> Intake::sources() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, SourceStatus> all;
  for (const auto& [name, source] : sources_) all.emplace(name, source.status);
  return all;
}

}  // namespace curfew::app
