#include "core/engine/sources.hpp"

#include <algorithm>
#include <string_view>

namespace curfew::engine {
namespace {

// In `may_teach`.
constexpr std::string_view every_namespace = "*";

}  // namespace

Source& Sources::at(model::Symbol name) {
  if (name.number >= all_.size()) all_.resize(name.number + std::size_t{1});
  Source& source = all_[name.number];
  if (!source.known) {
    source.known = true;
    source.name = name;
    source.shown_by = {name};
  }
  return source;
}

void Sources::configure(const model::PolicySet& set, model::Symbols& symbols) {
  for (Source& source : all_) {
    source.settings = model::SourcePolicy{};
    source.configured = false;
  }
  for (const model::SourcePolicy& settings : set.sources) {
    Source& source = at(symbols.intern(settings.name));
    source.settings = settings;
    source.configured = true;
  }
  derive(symbols);
}

void Sources::derive(model::Symbols& symbols) {
  has_gates_ = false;
  for (const model::Symbol name : in_order(symbols)) {
    Source& source = at(name);
    source.shown_by.clear();
    if (source.settings.shows_activity) source.shown_by.push_back(name);
    source.shows.clear();
    source.is_gate = source.settings.connector == model::gate_connector;
    has_gates_ |= source.is_gate;
    source.guarded = false;
    source.may_teach.clear();
    source.teaches_all = false;
    for (const std::string& name_space : source.settings.may_teach) {
      if (name_space == every_namespace)
        source.teaches_all = true;
      else
        source.may_teach.push_back(symbols.intern(name_space));
    }
  }
  for (const model::Symbol name : in_order(symbols)) {
    const std::vector<std::string> shows = at(name).settings.shows_activity_of;
    for (const std::string& other : shows) {
      const model::Symbol shown = symbols.intern(other);
      at(name).shows.push_back(shown);
      if (at(name).is_gate) at(shown).guarded = true;
      std::vector<model::Symbol>& shown_by = at(shown).shown_by;
      if (std::find(shown_by.begin(), shown_by.end(), name) == shown_by.end()) shown_by.push_back(name);
    }
  }
}

std::vector<model::Symbol> Sources::in_order(const model::Symbols& symbols) const {
  std::vector<model::Symbol> names;
  for (const Source& source : all_) {
    if (source.known) names.push_back(source.name);
  }
  std::sort(names.begin(), names.end(),
            [&](model::Symbol a, model::Symbol b) { return symbols.text(a) < symbols.text(b); });
  return names;
}

void Sources::save(model::StateWriter& w, const model::Symbols& symbols) const {
  const auto names = in_order(symbols);
  w.number(names.size());
  for (const model::Symbol name : names) {
    const Source& source = all_[name.number];
    w.text(symbols.text(name));
    w.time(source.newest_event);
    w.time(source.observed_until);
    w.time(source.heard_at);
    w.time(source.gap_at);
    w.time(source.catch_up_by);
    w.number(source.held.size());
    for (const model::SessionNumber number : source.held) w.number(number);
    w.number(source.unchecked.size());
    for (const model::SessionNumber number : source.unchecked) w.number(number);
    w.number(source.unanswered.size());
    for (const auto& [number, through_link] : source.unanswered) {
      w.number(number);
      w.flag(through_link);
    }
    w.flag(source.caught_up);
    w.flag(source.closed);
    w.flag(source.silent);
    for (const model::SessionNumber number : source.recent) w.number(number);
  }
}

void Sources::load(model::StateReader& r, model::Symbols& symbols) {
  for (std::size_t i = r.count(); i > 0; --i) {
    Source& source = at(symbols.intern(r.text()));
    source.newest_event = r.time();
    source.observed_until = r.time();
    source.heard_at = r.time();
    source.gap_at = r.time();
    source.catch_up_by = r.time();
    for (std::size_t j = r.count(); j > 0; --j) source.held.insert(r.number());
    for (std::size_t j = r.count(); j > 0; --j) source.unchecked.insert(r.number());
    for (std::size_t j = r.count(); j > 0; --j) {
      const model::ViolationNumber number = r.number();
      source.unanswered[number] = r.flag();
    }
    source.caught_up = r.flag();
    source.closed = r.flag();
    source.silent = r.flag();
    for (model::SessionNumber& number : source.recent) number = r.number();
  }
}

}  // namespace curfew::engine
