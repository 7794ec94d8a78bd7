// Rows that lists show beyond the engine's own: subjects, presences and sources.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"
#include "core/store/store.hpp"

namespace curfew::report {

struct SourceStatus {
  std::string name;
  std::string connector;
  std::string state;  // up, finished, failed, quarantined, starting
  std::string text;   // why, and the remedy
  Time last_observation_at{};
  Time observed_until{};  // the watermark
  bool caught_up = false;
  bool shows_activity = true;
  std::vector<model::Action> can;
  bool can_prove = false;
  std::uint64_t read = 0;
  std::uint64_t filtered = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t observations = 0;
  std::uint64_t refused = 0;
  std::uint64_t live_sessions = 0;
  std::string coverage;  // JSON object as the connector gave it; empty: none
};

using SubjectRow = store::SubjectRow;
using PresenceRow = store::PresenceRow;

}  // namespace curfew::report
