// How far each source has been heard: watermarks, silence, and the absence deadlines that wait for it.
//
// A rule about absence may fire at `deadline` only when every source that can show activity of that session
// `passed(deadline)`: it will bring nothing older any more. And nothing at all is decided about the time that
// a source `reads_backlog()` of: what ended a session may lie there unread. That wait has an end. Threads:
// one. Owns: the clocks.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/engine/deadlines.hpp"
#include "core/model/policy.hpp"
#include "core/model/rows.hpp"
#include "core/model/state_bytes.hpp"
#include "core/model/symbol.hpp"

namespace curfew::engine {

struct Source {
  model::Symbol name;
  bool known = false;  // configured or heard
  bool configured = false;
  model::SourcePolicy settings;
  std::vector<model::Symbol> shown_by;   // sources that can show activity of its sessions
  std::vector<model::Symbol> shows;      // other sources whose sessions it can show
  std::vector<model::Symbol> may_teach;  // namespaces
  bool teaches_all = false;
  bool is_gate = false;
  bool guarded = false;  // a gate of ours stands before its sessions
  Time newest_event{};
  Time observed_until{};
  Time heard_at{};     // engine time
  Time gap_at{};       // event time of the newest gap; epoch: none
  Time catch_up_by{};  // engine time up to which its backlog is waited for; epoch: it is not
  bool caught_up = true;
  bool closed = false;
  bool silent = false;
  bool silence_queued = false;
  std::array<model::SessionNumber, 2> recent{};  // the last two sessions that it showed to live
  std::vector<Due> blocked;                      // a heap: absence deadlines that wait for this source
  // What waits for its backlog: sessions of which something came up, sessions that a hold may end, violations
  // that are not answered yet (true: found through a link).
  std::set<model::SessionNumber> held;
  std::set<model::SessionNumber> unchecked;
  std::map<model::ViolationNumber, bool> unanswered;

  [[nodiscard]] bool reads_backlog() const { return catch_up_by != Time{}; }
  [[nodiscard]] Time watermark() const { return std::max(newest_event - settings.lateness, observed_until); }
  [[nodiscard]] bool passed(Time deadline) const {
    return closed || (caught_up && !silent && watermark() >= deadline);
  }
  void show_life(model::SessionNumber session) {
    if (recent[0] == session) return;
    recent[1] = recent[0];
    recent[0] = session;
  }
};

class Sources {
 public:
  [[nodiscard]] Source& at(model::Symbol name);
  [[nodiscard]] const Source* find(model::Symbol name) const {
    return name.number < all_.size() && all_[name.number].known ? &all_[name.number] : nullptr;
  }
  void configure(const model::PolicySet& set, model::Symbols& symbols);
  [[nodiscard]] bool has_gates() const { return has_gates_; }
  // Known sources by name, as symbols' numbers differ from process to process.
  [[nodiscard]] std::vector<model::Symbol> in_order(const model::Symbols& symbols) const;

  void save(model::StateWriter& writer, const model::Symbols& symbols) const;
  void load(model::StateReader& reader, model::Symbols& symbols);

 private:
  void derive(model::Symbols& symbols);
  std::vector<Source> all_;  // by symbol number
  bool has_gates_ = false;
};

}  // namespace curfew::engine
