// How long sessions went without activity of a person, and without fresh credentials, told observation by
// observation: a session that ended is kept only when one of these times is longer than anybody asks about.
//
//   SessionTracks tracks(std::chrono::minutes(15), std::chrono::hours(12));
//   tracks.see(facts, place);
//   if (const SessionTrack* track = tracks.find(row.source, row.session)) …
//
// An observation that comes after a later one is put into its place as far as that is still known: if it lies
// within the longest time that was counted, the track says `late` and proves nothing.
//
// Threads: one. Owns: one small value for each session that is followed, at most `most`; past it `cut` says
// so. Fails: never.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "core/model/facts.hpp"
#include "core/report/compliance_facts.hpp"

namespace curfew::report {

class SessionTracks {
 public:
  static constexpr std::size_t default_most = 2'000'000;

  // What is no longer than these needs no keeping once a session has ended.
  SessionTracks(Duration idle_of_interest, Duration stale_of_interest, std::size_t most = default_most)
      : idle_of_interest_(idle_of_interest), stale_of_interest_(stale_of_interest), most_(most) {}

  void see(const std::string& source, const model::Facts& facts, Place place);
  [[nodiscard]] const SessionTrack* find(const std::string& source,
                                         const model::SessionDigest& session) const;
  [[nodiscard]] bool cut() const { return cut_; }
  [[nodiscard]] std::size_t size() const { return tracks_.size(); }

 private:
  using Key = std::pair<std::string, model::SessionDigest>;
  Duration idle_of_interest_;
  Duration stale_of_interest_;
  std::size_t most_;
  bool cut_ = false;
  std::map<Key, SessionTrack> tracks_;
};

}  // namespace curfew::report
