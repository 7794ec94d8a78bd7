#include "core/policy/binding.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace curfew::policy {

void Binding::bind_anew(Time fresh_at) {
  for (Trail& trail : trails_)
    std::erase_if(trail.seen, [fresh_at](const Sighting& one) { return one.at < fresh_at; });
}

bool Binding::comes_before(const Sighting& a, const Sighting& b) {
  return std::make_tuple(a.at, !a.fresh, a.value) < std::make_tuple(b.at, !b.fresh, b.value);
}

// Who was seen there before and after was there all the time.
void Binding::shorten(std::vector<Sighting>& seen) {
  const auto without_the_middles = [&seen] {
    std::vector<Sighting> kept;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const bool within = i > 0 && i + 1 < seen.size() && seen[i - 1].value == seen[i].value &&
                          seen[i + 1].value == seen[i].value;
      if (!within) kept.push_back(seen[i]);
    }
    return kept;
  };
  seen = without_the_middles();
  if (seen.size() <= most_sightings) return;
  // What binds and what changed first stands at the front; what later credentials may bind, at the back.
  seen.erase(seen.begin() + most_sightings / 2);
  seen = without_the_middles();
}

void Binding::see(model::Bond bond, model::Symbol told_by, std::uint64_t value, Time at, bool fresh) {
  if (value == 0) return;
  auto trail = std::find_if(trails_.begin(), trails_.end(), [&](const Trail& known) {
    return known.bond == bond && known.told_by == told_by;
  });
  if (trail == trails_.end()) {
    trails_.push_back({bond, told_by, {}});
    trail = std::prev(trails_.end());
  }
  std::vector<Sighting>& seen = trail->seen;
  const Sighting one{at, value, fresh};
  const auto known = std::find_if(seen.begin(), seen.end(), [&](const Sighting& other) {
    return other.at == at && other.value == value;
  });
  if (known != seen.end()) {
    if (known->fresh || !fresh) return;
    seen.erase(known);
  }
  // The usual case, for each activity: it goes on as before.
  const std::size_t n = seen.size();
  if (n >= 2 && seen[n - 1].value == value && seen[n - 2].value == value && seen[n - 1].at < at) {
    seen[n - 1].at = at;
    return;
  }
  seen.insert(std::upper_bound(seen.begin(), seen.end(), one, comes_before), one);
  shorten(seen);
}

bool Binding::varies() const {
  return std::any_of(trails_.begin(), trails_.end(), [](const Trail& trail) {
    return std::any_of(trail.seen.begin(), trail.seen.end(), [&](const Sighting& one) {
      return !one.fresh && one.value != trail.seen.front().value;
    });
  });
}

std::optional<BindingChange> Binding::first_change(std::span<const model::Bond> bonds, Time until) const {
  std::optional<BindingChange> first;
  for (const Trail& trail : trails_) {
    if (trail.seen.empty() || std::find(bonds.begin(), bonds.end(), trail.bond) == bonds.end()) continue;
    const Sighting& bound = trail.seen.front();
    const auto change = std::find_if(trail.seen.begin(), trail.seen.end(), [&](const Sighting& one) {
      return !one.fresh && one.value != bound.value;
    });
    if (change == trail.seen.end() || change->at > until || (first && first->at <= change->at)) continue;
    first = {trail.bond, trail.told_by, bound.value, change->value, bound.at, change->at};
  }
  return first;
}

void Binding::save(model::StateWriter& writer, const model::Symbols& symbols) const {
  writer.number(trails_.size());
  for (const Trail& trail : trails_) {
    writer.name(trail.bond);
    writer.text(symbols.text(trail.told_by));
    writer.number(trail.seen.size());
    for (const Sighting& one : trail.seen) {
      writer.time(one.at);
      writer.ref(model::Ref{one.value});
      writer.flag(one.fresh);
    }
  }
}

void Binding::load(model::StateReader& reader, model::Symbols& symbols) {
  for (std::size_t i = reader.count(); i > 0; --i) {
    Trail& trail = trails_.emplace_back();
    trail.bond = reader.name<model::Bond>();
    trail.told_by = symbols.intern(reader.text());
    const std::size_t count = reader.count();
    if (count > most_sightings) reader.broken("more sightings of a session than are kept");
    for (std::size_t j = count; j > 0; --j) {
      Sighting& one = trail.seen.emplace_back();
      one.at = reader.time();
      one.value = reader.ref().bits;
      one.fresh = reader.flag();
    }
  }
}

}  // namespace curfew::policy
