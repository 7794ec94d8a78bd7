// An engine with short words for its tests: times are seconds since a fixed day, names are small numbers.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/engine/engine.hpp"
#include "core/engine/record.hpp"

namespace curfew::engine::testing {

inline constexpr Time day{Duration{1'700'000'000'000'000}};
inline Time at(double seconds) { return day + Duration{static_cast<std::int64_t>(seconds * 1e6)}; }
inline Duration seconds(std::int64_t count) { return std::chrono::seconds(count); }
inline model::SessionDigest digest(std::uint8_t number) {
  model::SessionDigest digest;
  digest.bytes[0] = number;
  digest.bytes[15] = 1;
  return digest;
}
inline model::Ref ref(std::uint64_t number) { return model::Ref{number}; }

inline model::SourcePolicy source(std::string name) {
  model::SourcePolicy source;
  source.name = std::move(name);
  source.lateness = seconds(5);
  source.stale_after = Duration{0};
  source.can_prove = true;
  source.can = {model::Action::Notify, model::Action::SignOutSession, model::Action::BlockSignIn};
  source.may_teach = {"name", "sid"};
  return source;
}
inline model::Policy policy(std::string name, model::Rule rule) {
  model::Policy policy;
  policy.name = std::move(name);
  policy.rule = rule;
  return policy;
}

class Machine {
 public:
  Machine() : engine(symbols) {}

  model::Symbols symbols;
  Engine engine;
  model::Effects effects;
  std::vector<model::Entry> ledger;
  std::vector<model::Input> inputs;

  const model::Effects& apply(Time time, model::InputBody body) {
    model::Input input{time, std::move(body)};
    engine.apply(input, effects);
    inputs.push_back(input);
    for (model::Entry& entry : to_entries(input, effects, symbols)) ledger.push_back(std::move(entry));
    for (const model::Entry& entry : effects.decisions) ledger.push_back(entry);
    return effects;
  }
  const model::Effects& configure(double time, const model::PolicySet& set) {
    return apply(at(time), model::ConfigurationInput{"00", set});
  }
  model::Facts facts(model::ObservationType type, std::uint8_t session, double occurred,
                     std::uint64_t identifier = 0, std::string_view from = "crm") {
    model::Facts facts;
    facts.type = type;
    facts.source = symbols.intern(from);
    facts.session = session == 0 ? model::SessionDigest{} : digest(session);
    facts.occurred_at = at(occurred);
    facts.account_type = model::AccountType::Human;
    if (identifier != 0) {
      facts.identifiers[0] = {symbols.intern("name"), ref(identifier)};
      facts.identifier_count = 1;
    }
    return facts;
  }
  const model::Effects& see(double time, model::ObservationType type, std::uint8_t session, double occurred,
                            std::uint64_t identifier = 0) {
    return apply(at(time), facts(type, session, occurred, identifier));
  }
  const model::Effects& see(double time, const model::Facts& what) { return apply(at(time), what); }
  const model::Effects& tick(double time) { return apply(at(time), model::TickInput{}); }
  // The source has been read until then.
  const model::Effects& heard(double time, double until, std::string from = "crm") {
    return apply(at(time), model::ProgressInput{std::move(from), at(until), true, false});
  }
  [[nodiscard]] std::size_t count(model::EntryKind kind) const {
    std::size_t n = 0;
    for (const model::Entry& entry : ledger) n += entry.kind == kind;
    return n;
  }
  [[nodiscard]] std::vector<std::string> facts_of(model::EntryKind kind) const {
    std::vector<std::string> out;
    for (const model::Entry& entry : ledger) {
      if (entry.kind == kind) out.push_back(entry.facts);
    }
    return out;
  }
  [[nodiscard]] model::SessionRow session(std::uint8_t number, std::string_view from = "crm") const {
    return engine.session(engine.find_session(from, digest(number)));
  }
};

}  // namespace curfew::engine::testing
