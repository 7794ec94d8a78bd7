// What compliance results rest on, read from the ledger and the projections: which policies were in force
// when, what sources could not tell, how long sessions went without activity or fresh credentials. One value
// for each report; sessions, violations and sign-outs come row by row beside it.
//
// Threads: values. Owns: its lists, each bounded where it is filled (compliance_reading.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/policy.hpp"
#include "core/model/rows.hpp"
#include "core/report/memberships.hpp"

namespace curfew::report {

struct Period {
  Time from{};
  Time to{};
  [[nodiscard]] bool holds(Time at) const { return at >= from && at < to; }
};

// A place in the ledger; stream 0: not known.
struct Place {
  std::int64_t stream = 0;
  std::uint64_t sequence = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

// Which sessions a report is about; empty lists ask nothing.
struct ReportScope {
  std::vector<std::string> sources;
  std::vector<std::string> applications;
  std::vector<model::AccountType> account_types;

  [[nodiscard]] bool holds_source(const std::string& source) const;
  [[nodiscard]] bool holds(const model::SessionRow& row) const;
};

// A policy set as long as it was in force at one node.
struct PolicyVersion {
  Place place;
  std::string node;
  Time from{};
  Time to{};           // epoch: still in force
  std::string digest;  // hex SHA-256 of the set
  model::PolicySet set;
};

enum class HoleKind : std::uint8_t {
  RecordsMissing,  // the source said that records were lost, or a log was cleared
  Silent,          // nothing was heard of it for longer than it may be silent
  Down,            // it failed or was quarantined
};

// A time in which a source may not have told everything.
struct Hole {
  std::string source;
  HoleKind kind = HoleKind::RecordsMissing;
  Time from{};
  Time to{};  // epoch: it had not ended at the report's end
  Time noticed_at{};
  std::uint64_t records = 0;  // missing; 0: not known
  std::string text;
  Place place;
  // Whether any of it lies in the period.
  [[nodiscard]] bool meets(Time from_time, Time to_time) const {
    return from < to_time && (to == Time{} || to >= from_time);
  }
};

// The longest times of one session, as its observations in the period show them.
struct SessionTrack {
  Time last_person_at{};
  Time last_fresh_at{};
  Duration idle{0};  // longest time without activity that somebody went on after without authenticating
  Time idle_from{};
  Duration stale{0};  // longest time between fresh credentials
  Time stale_from{};
  Place place;        // of the observation that ended the longest idle time
  bool late = false;  // records came out of order within a time that was counted
};

// What records say of themselves.
struct RecordCounts {
  std::array<std::uint64_t, model::Names<model::ObservationType>::all.size()> observed{};
  std::uint64_t sign_ins = 0;
  std::uint64_t without_subject = 0;  // of sign-ins, failed ones too
  std::uint64_t without_origin = 0;   // neither address nor device
  struct Lack {
    Place place;
    std::string source;
    Time at{};
    std::string text;
    Duration ahead{0};
  };
  std::vector<Lack> lacking;  // of the two above, the first ones
  std::vector<Lack> ahead;    // records from the future, the first ones
  [[nodiscard]] std::uint64_t seen(model::ObservationType type) const {
    return observed[static_cast<std::size_t>(type)];
  }
};

// The verdict on the ledger, where the report verified it.
struct LedgerFinding {
  bool intact = false;
  std::string sentence;
  std::vector<std::string> not_excluded;
};

struct ComplianceFacts {
  Period period;
  ReportScope scope;
  Time generated_at{};
  Time recorded_from{};                 // what is older the ledger doesn't know
  Time recorded_until{};                // newest engine time
  std::vector<PolicyVersion> versions;  // by node, ascending
  std::vector<Hole> holes;              // those that meet the period
  bool violations_cut = false;          // there are more than were read
  bool tracks_cut = false;              // more sessions than can be followed at once
  RecordCounts records;
  std::map<std::string, Memberships> memberships;  // by node
  std::optional<LedgerFinding> ledger;

  // What is known of a source by the newest policy set that names it; null: no set does.
  [[nodiscard]] const model::SourcePolicy* source(const std::string& name) const;
};

}  // namespace curfew::report
