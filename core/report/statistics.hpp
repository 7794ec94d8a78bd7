// What a report says in numbers, gathered row by row so that no list of all sessions is needed.
//
//   SessionStatistics statistics;
//   for (const model::SessionRow& row : page) statistics.add(row);
//   statistics.finish(period_end);
//   statistics.most_at_once()
//
// Memory: 16 bytes for each start and end, a counter for each hour that saw a start, and the longest
// sessions. Threads: one. Owns: its counters. Fails: never.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/rows.hpp"

namespace curfew::report {

class SessionStatistics {
 public:
  static constexpr std::size_t most_longest = 20;

  struct End {
    model::EndReason reason = model::EndReason::Unknown;
    model::Certainty certainty = model::Certainty::Inferred;
    friend auto operator<=>(const End&, const End&) = default;
  };
  struct Crowd {
    std::uint64_t sessions = 0;
    Time at{};
  };
  struct Level {
    Time from{};
    std::uint64_t most = 0;    // live at once within this step
    std::uint64_t starts = 0;  // sessions that began within this step
  };
  struct Length {
    std::string name;  // "under 5 min"
    std::uint64_t sessions = 0;
  };

  void add(const model::SessionRow& row);
  // No more rows will come. Sessions that never ended are taken to live until `until`.
  void finish(Time until);

  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] std::uint64_t live() const { return live_; }
  [[nodiscard]] std::uint64_t ended() const { return total_ - live_; }
  [[nodiscard]] std::uint64_t ends_inferred() const;
  [[nodiscard]] std::uint64_t starts_unseen() const { return starts_unseen_; }
  [[nodiscard]] std::uint64_t corrections() const { return corrections_; }
  [[nodiscard]] std::uint64_t subjects() const { return subjects_.size(); }
  [[nodiscard]] Time first_start() const { return first_start_; }
  [[nodiscard]] Time last_seen() const { return last_seen_; }
  [[nodiscard]] const std::map<End, std::uint64_t>& ends() const { return ends_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& by_source() const { return by_source_; }
  [[nodiscard]] const std::map<model::AccountType, std::uint64_t>& by_account_type() const {
    return by_type_;
  }
  // Hours (UTC, as their beginnings) with the sessions that began in them.
  [[nodiscard]] const std::map<Time, std::uint64_t>& starts_by_hour() const { return by_hour_; }
  [[nodiscard]] std::map<Time, std::uint64_t> starts_by_day() const;
  [[nodiscard]] const std::vector<model::SessionRow>& longest() const { return longest_; }
  [[nodiscard]] std::vector<Length> lengths() const;
  [[nodiscard]] Crowd most_at_once() const { return most_at_once_; }
  // The time from the first start to the last thing seen in equal steps, at most `most_steps`.
  [[nodiscard]] std::vector<Level> levels(std::size_t most_steps) const;
  [[nodiscard]] Duration step(std::size_t most_steps) const;

 private:
  [[nodiscard]] Duration length_of(const model::SessionRow& row, Time until) const;

  std::uint64_t total_ = 0;
  std::uint64_t live_ = 0;
  std::uint64_t starts_unseen_ = 0;
  std::uint64_t corrections_ = 0;
  Time first_start_{};
  Time last_seen_{};
  std::map<End, std::uint64_t> ends_;
  std::map<std::string, std::uint64_t> by_source_;
  std::map<model::AccountType, std::uint64_t> by_type_;
  std::map<Time, std::uint64_t> by_hour_;
  std::map<model::Ref, bool> subjects_;
  std::vector<model::SessionRow> open_;
  std::vector<model::SessionRow> longest_;
  std::array<std::uint64_t, 6> lengths_{};
  std::vector<std::pair<Time, int>> changes_;  // +1 at a start, -1 at an end, 0 for both at once
  Crowd most_at_once_;
};

// Failed sign-ins by subject and source. Past `most_subjects` further ones are counted together.
class FailureStatistics {
 public:
  static constexpr std::size_t most_subjects = 10'000;
  struct Row {
    model::Ref subject;  // none: nobody in particular, or those past the bound
    std::string source;
    std::uint64_t count = 0;
    Time first_at{};
    Time last_at{};
    std::map<std::string, std::uint64_t> failures;  // by the source's code
  };

  void add(model::Ref subject, const std::string& source, const std::string& failure, Time at,
           std::uint64_t count = 1);
  [[nodiscard]] std::uint64_t total() const { return total_; }
  // The most frequent first, at most `most`.
  [[nodiscard]] std::vector<Row> top(std::size_t most) const;

 private:
  std::map<std::pair<model::Ref, std::string>, Row> rows_;
  std::uint64_t total_ = 0;
};

}  // namespace curfew::report
