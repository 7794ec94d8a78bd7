#include "core/app/intake.hpp"

#include <limits>

#include "core/base/text.hpp"

namespace curfew::app {

using connector::Refusal;
using connector::Taken;

// The queue itself is unbounded: Intake looks at its size before it admits, so what was admitted always fits.
Intake::Intake(connector::Admission& admission, std::size_t capacity, Log& log)
    : admission_(admission),
      log_(log),
      capacity_(capacity),
      queue_(std::numeric_limits<std::size_t>::max()) {}

void Intake::add_source(std::string_view source, std::string_view connector) {
  const std::lock_guard lock(mutex_);
  sources_[std::string(source)].status.connector = connector;
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
  const std::lock_guard order(order_);
  if (is_full()) {
    const std::lock_guard lock(mutex_);
    ++find(source).status.slowed;
    return Taken::Full;
  }
  auto result = admission_.admit(source, observation, base::wall_clock_now());
  {
    const std::lock_guard lock(mutex_);
    SourceStatus& status = find(source).status;
    if (const Refusal* refusal = std::get_if<Refusal>(&result)) {
      switch (*refusal) {
        case Refusal::Repeat:
          ++status.repeats;
          return Taken::Yes;
        case Refusal::TooLate:
          ++status.too_late;
          return Taken::Yes;
        case Refusal::Invalid:
        case Refusal::TooLarge:
          ++status.invalid;
          return Taken::Refused;
      }
    }
    ++status.observations;
    status.last_observation_at = std::max(status.last_observation_at, observation.occurred_at);
  }
  return push(source, {.body = std::get<connector::Admitted>(std::move(result))});
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
    status.caught_up = status.caught_up || progress.caught_up;
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

void Intake::covered(std::string_view source, std::string_view json) {
  const std::lock_guard lock(mutex_);
  find(source).status.coverage = json;
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
