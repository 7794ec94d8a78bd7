// Rows that lists show beyond the engine's own: subjects, presences, sources and scheduled reports.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
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

struct ReportFile {
  std::string name;
  std::string format;
  std::string sha256;
  std::uint64_t bytes = 0;
};
// The newest period that a scheduled report was begun for, and what became of it.
struct ReportRun {
  std::string period;  // "2026-10"
  Time from{};
  Time to{};                   // outside
  std::string phase;           // making, made (its mail waits), sending, done
  std::string outcome;         // when it is done: made, mailed, failed, in_doubt, nothing
  Time at{};                   // when it came to that
  std::uint32_t attempts = 0;  // to mail it
  Time next_attempt_at{};      // epoch: none
  std::vector<ReportFile> files;
};
struct ScheduledReport {
  std::string name;
  std::vector<std::string> frameworks;
  std::vector<std::string> sources;  // empty: all
  std::vector<std::string> applications;
  std::string every;  // day, week, month, quarter
  std::string time_zone;
  std::vector<std::string> formats;
  std::string folder;
  std::vector<std::string> mail_to;  // names of lists
  std::string next_period;           // that nothing was begun for
  Time next_due_at{};
  std::optional<ReportRun> last_run;  // none: none yet
};

using SubjectRow = store::SubjectRow;
using PresenceRow = store::PresenceRow;

}  // namespace curfew::report
