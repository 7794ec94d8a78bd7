// From where one session is used: what each source told of its device, network, address and user agent since
// fresh credentials were given last.
//
//   binding.bind_anew(fresh_at);
//   binding.see(model::Bond::Address, source, reference, at, fresh);
//   if (auto change = binding.first_change(policy.bind, Time::max())) …   // used from elsewhere
//
// Told in any order, it comes to the same. Sources are not compared with each other: of one request a proxy,
// a gate and an application see different addresses. Of what stayed the same the first and the last sighting
// are kept, and of one source and bond at most `most_sightings`: those in the middle go.
//
// Threads: one. Owns: the sightings. Fails: load throws Error(Corrupt).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/policy.hpp"
#include "core/model/state_bytes.hpp"
#include "core/model/symbol.hpp"

namespace curfew::policy {

struct BindingChange {
  model::Bond bond = model::Bond::Device;
  model::Symbol told_by;
  std::uint64_t bound = 0;  // bits of a reference; of a network its class
  std::uint64_t is = 0;
  Time bound_at{};
  Time at{};
};

class Binding {
 public:
  static constexpr std::size_t most_sightings = 8;

  // Fresh credentials: what was seen before them binds no more.
  void bind_anew(Time fresh_at);
  // 0 says nothing. `fresh`: told with the newest fresh credentials, so what it says is what binds.
  void see(model::Bond bond, model::Symbol told_by, std::uint64_t value, Time at, bool fresh);
  // Whether anything was seen that is not as it was bound.
  [[nodiscard]] bool varies() const;
  // The earliest change of one of the bonds, seen no later than `until`.
  [[nodiscard]] std::optional<BindingChange> first_change(std::span<const model::Bond> bonds,
                                                          Time until) const;

  void save(model::StateWriter& writer, const model::Symbols& symbols) const;
  void load(model::StateReader& reader, model::Symbols& symbols);

 private:
  struct Sighting {
    Time at{};
    std::uint64_t value = 0;
    bool fresh = false;
  };
  struct Trail {
    model::Bond bond = model::Bond::Device;
    model::Symbol told_by;
    std::vector<Sighting> seen;  // by time; of one time what came with credentials first
  };
  static bool comes_before(const Sighting& a, const Sighting& b);
  static void shorten(std::vector<Sighting>& seen);

  std::vector<Trail> trails_;  // in the order in which they were told first: symbols have none
};

}  // namespace curfew::policy
