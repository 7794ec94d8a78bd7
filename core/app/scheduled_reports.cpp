// When something is due, and what is recorded and stored of it. How a report is made is in
// scheduled_reports_making.cpp, how it is mailed in scheduled_reports_mailing.cpp.
#include "core/app/scheduled_reports.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/app/configuration.hpp"
#include "core/base/error.hpp"
#include "core/metrics/definitions.hpp"
#include "core/model/json_object.hpp"

namespace curfew::app {

using metrics::OutletOutcome;

namespace {

using nlohmann::json;

constexpr Duration look_every = std::chrono::seconds(10);

}  // namespace

ScheduledReports::ScheduledReports(ReportGround ground, const Settings& settings)
    : ground_(std::move(ground)),
      realm_(settings.realm),
      data_(settings.data),
      reports_(settings.reports),
      mail_(settings.report_mail),
      clock_jump_(settings.clock_jump),
      wall_seen_(ground_.now()),
      steady_seen_(std::chrono::steady_clock::now()),
      settled_at_(steady_seen_) {
  server_.access = {.server = mail_.server,
                    .port = mail_.port != 0           ? mail_.port
                            : mail_.tls == "tls"      ? 465U
                            : mail_.tls == "starttls" ? 587U
                                                      : 25U,
                    .tls = mail_.tls,
                    .ca_file = mail_.ca_file,
                    .auth = mail_.auth,
                    .user = mail_.user};
  server_.timeout = mail_.timeout;
  if (!mail_.user.empty())
    server_.password =
        read_secret(settings, "report_mail.password_file", mail_.password_file, mail_.password_env);
  for (const ReportSettings& report : reports_) {
    for (const OutletOutcome outcome :
         {OutletOutcome::Delivered, OutletOutcome::Failed, OutletOutcome::InDoubt, OutletOutcome::Nothing})
      count(report, outcome, 0);  // so that alerts see the first one
  }
}

ScheduledReports::~ScheduledReports() { stop(); }

void ScheduledReports::start() {
  thread_ = std::thread([this] { run(); });
}

void ScheduledReports::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ScheduledReports::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    look();
    lock.lock();
    changed_.wait_for(lock, look_every, [this] { return stopping_; });
  }
}

bool ScheduledReports::is_settling() {
  const auto steady = std::chrono::steady_clock::now();
  const Time wall = ground_.now();
  const Duration ahead = (wall - wall_seen_) - std::chrono::duration_cast<Duration>(steady - steady_seen_);
  wall_seen_ = wall;
  steady_seen_ = steady;
  if (ahead > clock_jump_) {
    settled_at_ = steady + settling;
    ground_.log->warning("the clock jumped ahead: scheduled reports wait until it has settled");
  }
  return steady < settled_at_;
}

void ScheduledReports::look() {
  const bool settles = is_settling();
  for (const ReportSettings& report : reports_) {
    Failing& failing = failing_[report.name];
    if (settles || std::chrono::steady_clock::now() < failing.until) continue;
    try {
      look_at(report);
      failing = {};
    } catch (const std::exception& error) {
      failing.until = std::chrono::steady_clock::now() + failing.pause;
      failing.pause = std::min(failing.pause * 2, Duration(std::chrono::minutes(10)));
      ground_.log->warning("a scheduled report is not done; it is tried again",
                           {{"report", report.name}, {"reason", error.what()}});
      if (ground_.metrics != nullptr)
        ground_.metrics->counter(metrics::outlet_failures, {"report/" + report.name}).add();
    }
  }
}

void ScheduledReports::look_at(const ReportSettings& report) {
  const std::string saved = ground_.state(report.name);
  if (saved.empty()) {
    ReportState state = ReportState::of(period_before(report, ground_.now()), "done");
    state.outcome = ReportState::before_the_first;
    save(report, state);
    return;
  }
  ReportState state = ReportState::parse(saved);
  if (state.phase == "done") begin(report, state);
  if (state.phase == "making") make(report, state);
  if (state.phase == "sending")
    settle_doubt(report, state);
  else if (state.phase == "made" && ground_.now() >= state.next)
    send(report, state);
}

// The next period, if its report is due.
void ScheduledReports::begin(const ReportSettings& report, ReportState& state) {
  const Time now = ground_.now();
  ReportPeriod next = period_at(report, state.to);
  if (now < next.due) return;
  // Of very many missed ones the oldest are left out, and said.
  std::vector<ReportPeriod> due;
  while (now >= next.due && due.size() <= 4'000) {
    due.push_back(next);
    next = period_at(report, next.to);
  }
  const std::size_t left_out =
      due.size() > static_cast<std::size_t>(most_missed) ? due.size() - most_missed : 0;
  state = ReportState::of(due[left_out], "making");
  if (left_out > 0) {
    ground_.log->warning("periods of a scheduled report were missed and are not made any more",
                         {{"report", report.name},
                          {"periods", std::to_string(left_out)},
                          {"from", due.front().label},
                          {"next", state.period}});
    record(report, state, "left_out",
           [&](std::string& facts) { facts += ",\"periods\":" + std::to_string(left_out); });
  }
  save(report, state);
}

// Nothing more is done for this period.
void ScheduledReports::end(const ReportSettings& report, ReportState& state, std::string_view outcome) {
  state.phase = "done";
  state.outcome = outcome;
  save(report, state);
}

void ScheduledReports::end_without_mail(const ReportSettings& report, ReportState& state,
                                        OutletOutcome outcome, const std::string& text) {
  const std::string_view name = metrics::name_of(outcome);
  record(report, state, name, [&](std::string& facts) {
    facts += ",\"text\":";
    base::append_json_string(facts, base::to_clean_utf8(text.substr(0, 500)));
  });
  ground_.log->write(
      outcome == OutletOutcome::Nothing ? LogLevel::Info : LogLevel::Error,
      "a scheduled report ended without its mail",
      {{"report", report.name}, {"period", state.period}, {"outcome", std::string(name)}, {"reason", text}});
  count(report, outcome);
  end(report, state, name);
}

void ScheduledReports::count(const ReportSettings& report, OutletOutcome outcome, int how_many) const {
  if (ground_.metrics != nullptr)
    ground_.metrics->counter(metrics::outlet_delivered, {"report/" + report.name, metrics::name_of(outcome)})
        .add(how_many);
}

void ScheduledReports::record(const ReportSettings& report, const ReportState& state, std::string_view event,
                              const std::function<void(std::string& facts)>& more) {
  model::Entry entry;
  entry.kind = model::EntryKind::Notified;
  entry.occurred_at = ground_.now();
  entry.facts = "{\"report\":";
  base::append_json_string(entry.facts, report.name);
  entry.facts += ",\"event\":";
  base::append_json_string(entry.facts, event);
  entry.facts += ",\"period\":";
  base::append_json_string(entry.facts, state.period);
  entry.facts += ",\"from\":" + std::to_string(base::to_micros(state.from)) +
                 ",\"to\":" + std::to_string(base::to_micros(state.to)) +
                 ",\"lists\":" + json(report.mail_to).dump();
  more(entry.facts);
  entry.facts += "}";
  if (!ground_.record(std::move(entry)))
    throw Error(ErrorKind::Unavailable, "what became of it could not be recorded");
}

void ScheduledReports::save(const ReportSettings& report, const ReportState& state) {
  ground_.save(report.name, state.text());
  if (ground_.metrics != nullptr)
    ground_.metrics->gauge(metrics::outlet_waiting, {"report/" + report.name})
        .set(state.phase == "done" ? 0 : 1);
}

}  // namespace curfew::app
