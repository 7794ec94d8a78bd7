// What a compliance report reads from the ledger's entries: which policies were in force, what sources could
// not tell, who is in which group; then every observation of the period, once; at last where exceptions are.
//
// Threads: one. Owns: nothing that grows. Fails: as store::Store; Error(Corrupt)
// naming the entry that can't be read.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/record.hpp"
#include "core/report/compliance_facts.hpp"
#include "core/report/control_result.hpp"
#include "core/report/session_tracks.hpp"
#include "core/store/store.hpp"

namespace curfew::report {

class EntryReading {
 public:
  static constexpr std::size_t most_holes = 10'000;

  EntryReading(store::Store& store, const std::vector<store::StreamHead>& heads, ComplianceFacts& facts,
               SessionTracks& tracks, const std::function<void()>& pace)
      : store_(store), heads_(heads), facts_(facts), tracks_(tracks), pace_(pace) {}

  void read_circumstances();
  // Puts versions and holes into order, and drops the holes that don't meet the period.
  void close();
  void read_observations();

 private:
  void see_circumstance(const store::StreamHead& head, const ledger::SealedEntry& row,
                        engine::InputReader& reader);
  void see_alert(const ledger::SealedEntry& row, Place place);
  void see_state(const ledger::SealedEntry& row, Place place);
  void see_link(const ledger::SealedEntry& row, Memberships& memberships, Place place);
  void see_gap(const ledger::SealedEntry& row, Place place);
  void see_configuration(const store::StreamHead& head, const model::Input& input, Place place);
  void see_observation(const ledger::SealedEntry& row, Place place);
  void check_content(const ledger::SealedEntry& row, const model::Facts& facts, Place place);
  void came();
  // The first entry that may have occurred in the period.
  [[nodiscard]] std::uint64_t first_of_period(const store::StreamHead& head);
  void add(Hole hole);
  void end_hole(const std::string& source, HoleKind kind, Time at);

  store::Store& store_;
  const std::vector<store::StreamHead>& heads_;
  ComplianceFacts& facts_;
  SessionTracks& tracks_;
  const std::function<void()>& pace_;
  std::size_t since_pace_ = 0;
  model::Symbols symbols_;
  std::map<std::pair<std::string, HoleKind>, std::size_t> open_holes_;
};

// From the first to the last engine time of these streams.
[[nodiscard]] std::pair<Time, Time> span_of(store::Store& store, const std::vector<store::StreamHead>& heads);

// The places of exceptions that don't have one: of a violation, the entry that opened it; of a session, its
// first observation.
void find_places(store::Store& store, const std::vector<store::StreamHead>& heads,
                 std::vector<ControlResult>& results);

}  // namespace curfew::report
