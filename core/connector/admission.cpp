#include "core/connector/admission.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "core/base/error.hpp"
#include "core/connector/dictionary.hpp"
#include "core/connector/identity.hpp"
#include "core/connector/repeat_window.hpp"

namespace curfew::connector {
namespace {

// What a leaf holds besides the facts: its other fields, their lengths, names and numbers of the facts.
constexpr std::size_t leaf_frame = 2'000;
// The worst that JSON makes of one byte ("\u0001").
constexpr std::size_t worst_escape = 6;

// Upper bound first, as it costs nothing; the exact text only for what comes near the limit.
bool fits_leaf(const model::Facts& facts, const model::Symbols& symbols, std::size_t text_bytes) {
  if (leaf_frame + worst_escape * text_bytes <= model::max_leaf_bytes) return true;
  return leaf_frame + model::to_json(facts, symbols).size() <= model::max_leaf_bytes;
}

struct Source {
  Source(model::Symbol name, std::string secret, Duration window)
      : symbol(name), key_secret(std::move(secret)), repeats(window) {}
  const model::Symbol symbol;
  const std::string key_secret;
  std::mutex mutex;
  RepeatWindow repeats;
};

}  // namespace

std::string_view name_of(Refusal refusal) noexcept {
  static constexpr std::array<std::string_view, 4> names{"repeat", "too_late", "invalid", "too_large"};
  const auto index = static_cast<std::size_t>(refusal);
  return index < names.size() ? names[index] : std::string_view{};
}

struct Admission::State {
  State(AdmissionSettings given, model::Symbols& table)
      : settings(std::move(given)), symbols(table), identity(settings.links, settings.private_networks) {}

  Source& source(std::string_view name) {
    const std::shared_lock lock(sources_mutex);
    const auto found = sources.find(name);
    if (found == sources.end()) {
      throw Error(ErrorKind::Internal, "admission: source '" + std::string(name) + "' was not added");
    }
    return found->second;
  }

  model::Ref refer(std::vector<model::PersonalValue>& introduced, model::PersonalKind kind,
                   std::string_view name_space, std::string_view value) {
    if (value.empty()) return {};
    const auto [ref, is_new] = dictionary.refer(kind, name_space, value);
    if (is_new) introduced.push_back({ref, kind, std::string(name_space), std::string(value)});
    return ref;
  }

  const AdmissionSettings settings;
  model::Symbols& symbols;
  const Identity identity;
  Dictionary dictionary;
  mutable std::shared_mutex sources_mutex;
  std::map<std::string, Source, std::less<>> sources;
};

Admission::Admission(AdmissionSettings settings, model::Symbols& symbols)
    : state_(std::make_unique<State>(std::move(settings), symbols)) {}
Admission::~Admission() = default;
Admission::Admission(Admission&&) noexcept = default;

void Admission::add_source(std::string_view source, Duration retry_window) {
  const model::Symbol symbol = state_->symbols.intern(source);
  std::string secret = state_->settings.key_secret;
  secret += '\0';
  secret += source;
  const std::unique_lock lock(state_->sources_mutex);
  state_->sources.try_emplace(std::string(source), symbol, std::move(secret), retry_window);
}

std::variant<Admitted, Refusal> Admission::admit(std::string_view source_name,
                                                 const model::Observation& observation, Time now) {
  State& state = *state_;
  Source& source = state.source(source_name);
  if (observation.key.empty() || observation.occurred_at < base::earliest_time ||
      observation.occurred_at > base::latest_time ||
      observation.occurred_at > now + state.settings.longest_ahead ||
      observation.identifiers.size() > model::max_identifiers) {
    return Refusal::Invalid;
  }

  Admitted admitted;
  model::Facts& facts = admitted.facts;
  facts.type = observation.type;
  facts.account_type = observation.account_type;
  facts.activity_class = observation.activity_class;
  facts.interactivity = observation.interactivity;
  facts.auth_method = observation.auth_method;
  facts.end_reason = observation.end_reason;
  facts.end_certainty = observation.end_certainty;
  facts.fresh_credentials = observation.fresh_credentials;
  facts.privileged = observation.privileged;
  facts.factors = observation.factors;
  facts.count = observation.count;
  facts.occurred_at = observation.occurred_at;
  facts.expires_at = observation.expires_at;
  facts.session = observation.session;
  facts.linked_session = observation.linked_session;
  facts.source = source.symbol;

  std::array<model::NamedValue, model::max_identifiers> names;
  std::size_t name_count = 0;
  std::size_t text_bytes = observation.application.size() + observation.failure.size();
  for (const model::NamedValue& given : observation.identifiers) {
    model::NamedValue name = state.identity.canonical(given.name_space, given.value);
    if (name.value.empty()) continue;
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(name_count);
    const bool known = std::any_of(names.begin(), end, [&](const model::NamedValue& other) {
      return other.name_space == name.name_space && other.value == name.value;
    });
    if (known) continue;
    text_bytes += name.name_space.size();
    names[name_count++] = std::move(name);
  }
  try {
    facts.application = state.symbols.intern(observation.application);
    facts.failure = state.symbols.intern(observation.failure);
    for (std::size_t i = 0; i < name_count; ++i) {
      facts.identifiers[i].name_space = state.symbols.intern(names[i].name_space);
    }
  } catch (const Error& error) {
    // The table of words is full: the source floods it, and must not take the others down with it.
    if (error.kind() != ErrorKind::Input) throw;
    return Refusal::Invalid;
  }
  facts.identifier_count = static_cast<std::uint8_t>(name_count);
  const Identity::Address address = state.identity.address(observation.address);
  facts.network = address.network;
  if (!fits_leaf(facts, state.symbols, text_bytes)) return Refusal::TooLarge;

  admitted.key = base::keyed_digest(source.key_secret, observation.key);
  {
    const std::lock_guard lock(source.mutex);
    switch (source.repeats.take(admitted.key, observation.occurred_at)) {
      case RepeatWindow::Verdict::Repeat:
        return Refusal::Repeat;
      case RepeatWindow::Verdict::TooLate:
        return Refusal::TooLate;
      case RepeatWindow::Verdict::Fresh:
        break;
    }
    // The store forgets by the clock: not before the event's own window, nor while a late repeat may come.
    admitted.key_expires_at = std::max(source.repeats.expiry_of(observation.occurred_at),
                                       source.repeats.expiry_of(std::min(now, base::latest_time)));
  }

  for (std::size_t i = 0; i < name_count; ++i) {
    facts.identifiers[i].value = state.refer(admitted.introduced, model::PersonalKind::Identifier,
                                             names[i].name_space, names[i].value);
  }
  facts.device =
      state.refer(admitted.introduced, model::PersonalKind::Device, {}, Identity::device(observation.device));
  facts.address = state.refer(admitted.introduced, model::PersonalKind::Address, {}, address.text);
  facts.user_agent =
      state.refer(admitted.introduced, model::PersonalKind::UserAgent, {}, observation.user_agent);
  if (observation.session && !observation.handle.empty()) {
    state.refer(admitted.introduced, model::PersonalKind::Handle, model::to_text(observation.session),
                observation.handle);
  }
  if (!admitted.introduced.empty()) {
    const std::lock_guard lock(source.mutex);
    source.repeats.introduced(admitted.key, admitted.introduced);
  }
  return admitted;
}

void Admission::forget(std::string_view source_name, const Digest16& key) {
  Source& source = state_->source(source_name);
  std::vector<model::PersonalValue> values;
  {
    const std::lock_guard lock(source.mutex);
    values = source.repeats.forget(key);
  }
  for (const model::PersonalValue& value : values) state_->dictionary.forget(value);
}

void Admission::know_reference(const model::PersonalValue& value) { state_->dictionary.know(value); }

bool Admission::know_keys(std::string_view source_name, std::span<const KnownKey> keys) {
  Source* source = nullptr;
  {
    const std::shared_lock lock(state_->sources_mutex);
    const auto found = state_->sources.find(source_name);
    if (found == state_->sources.end()) return false;
    source = &found->second;
  }
  const std::lock_guard lock(source->mutex);
  for (const KnownKey& one : keys) source->repeats.know(one.key, one.expires_at);
  return true;
}

model::Ref Admission::find(model::PersonalKind kind, std::string_view name_space,
                           std::string_view value) const {
  switch (kind) {
    case model::PersonalKind::Identifier: {
      const model::NamedValue name = state_->identity.canonical(name_space, value);
      return name.value.empty() ? model::Ref{} : state_->dictionary.find(kind, name.name_space, name.value);
    }
    case model::PersonalKind::Device:
      return state_->dictionary.find(kind, {}, Identity::device(value));
    case model::PersonalKind::Address:
      return state_->dictionary.find(kind, {}, state_->identity.address(value).text);
    default:
      return state_->dictionary.find(kind, name_space, value);
  }
}

model::Ref Admission::introduce(std::string_view name_space, std::string_view value,
                                std::vector<model::PersonalValue>& introduced) {
  const model::NamedValue name = state_->identity.canonical(name_space, value);
  return state_->refer(introduced, model::PersonalKind::Identifier, name.name_space, name.value);
}

}  // namespace curfew::connector
