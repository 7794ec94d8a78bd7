// Scheduled reports: makes each once for each of its periods, puts the files into a folder, and mails them.
//
//   app::ScheduledReports reports(std::move(ground), settings);
//   reports.start(); … reports.stop();
//
// What was done is durable before the next thing is begun: a row of the outlets' table holds period and
// phase, so that a restart goes on where it was. The ledger holds, as `notified` entries, what was made
// (digests) and to which list it went, never an address.
//
// - A period that ended while the daemon was down is made at the start, for itself; at most `most_missed`.
// - A report's first period is the one in which it was first configured.
// - After a forward jump of the clock nothing is made for `settling`, as a clock that is wrong for a moment
//   would make reports of periods that are not over.
// - A mail that was sent as a whole and never answered, by a kill or a broken line, is `in_doubt`: it is not
//   sent again, since whoever got it must not get it twice; log, ledger and metric say so.
//
// Threads: start and stop from one; its work on a thread of its own. Owns: the thread. Fails: the constructor
// throws Error(Configuration) for the password; the rest is logged and tried again.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/app/log.hpp"
#include "core/app/report_mail.hpp"
#include "core/app/report_schedule.hpp"
#include "core/app/report_state.hpp"
#include "core/app/settings.hpp"
#include "core/metrics/registry.hpp"
#include "core/model/entry.hpp"
#include "core/report/compliance_reading.hpp"

namespace curfew::app {

inline constexpr int most_missed = 31;
inline constexpr Duration settling = std::chrono::minutes(10);

// What it stands on; the daemon fills it in.
struct ReportGround {
  std::function<Time()> now;
  std::function<std::string(const std::string& name)> state;  // as it was saved; empty: never
  std::function<void(const std::string& name, const std::string& state)> save;  // durable when it returns
  std::function<report::ComplianceReport(const report::ComplianceRequest&)> make;
  std::function<bool(model::Entry)> record;  // durable when it returns true
  // Facts of the `notified` entries since this name was saved last.
  std::function<std::vector<std::string>(const std::string& name)> recorded_since;
  Log* log = nullptr;
  metrics::Registry* metrics = nullptr;
};

class ScheduledReports {
 public:
  ScheduledReports(ReportGround ground, const Settings& settings);
  ~ScheduledReports();
  ScheduledReports(const ScheduledReports&) = delete;
  ScheduledReports& operator=(const ScheduledReports&) = delete;

  void start();
  void stop();
  // What is due now, once; a report that fails leaves the others alone. For tests, in place of start.
  void look();

 private:
  void run();
  [[nodiscard]] bool is_settling();
  void look_at(const ReportSettings& report);
  void begin(const ReportSettings& report, ReportState& state);
  void settle_doubt(const ReportSettings& report, ReportState& state);
  void make(const ReportSettings& report, ReportState& state);
  void made(const ReportSettings& report, ReportState& state);
  void send(const ReportSettings& report, ReportState& state);
  void conclude(const ReportSettings& report, ReportState& state, const ReportDelivery& delivery);
  void end(const ReportSettings& report, ReportState& state, std::string_view outcome);
  void end_without_mail(const ReportSettings& report, ReportState& state, metrics::OutletOutcome outcome,
                        const std::string& text);
  void count(const ReportSettings& report, metrics::OutletOutcome outcome, int how_many = 1) const;
  void end_in_doubt(const ReportSettings& report, ReportState& state, const std::string& text);
  void record(const ReportSettings& report, const ReportState& state, std::string_view event,
              const std::function<void(std::string& facts)>& more);
  void save(const ReportSettings& report, const ReportState& state);
  [[nodiscard]] ReportMail mail_of(const ReportSettings& report, const ReportState& state) const;
  [[nodiscard]] std::vector<std::string> recipients_of(const ReportSettings& report) const;

  const ReportGround ground_;
  const std::string realm_;
  const std::string data_;
  const std::vector<ReportSettings> reports_;
  const ReportMailSettings mail_;
  const Duration clock_jump_;
  ReportServer server_;
  Time wall_seen_{};
  std::chrono::steady_clock::time_point steady_seen_{};
  std::chrono::steady_clock::time_point settled_at_{};
  struct Failing {
    Duration pause{std::chrono::seconds(10)};
    std::chrono::steady_clock::time_point until{};
  };
  std::map<std::string, Failing> failing_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace curfew::app
