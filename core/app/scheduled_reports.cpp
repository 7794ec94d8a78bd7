#include "core/app/scheduled_reports.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/app/configuration.hpp"
#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/metrics/definitions.hpp"
#include "core/model/json_object.hpp"
#include "core/report/compliance_formats.hpp"
#include "core/report/wording.hpp"

namespace curfew::app {

using metrics::OutletOutcome;

namespace {

using nlohmann::json;

constexpr Duration look_every = std::chrono::seconds(10);
constexpr Duration longest_pause = std::chrono::hours(4);
constexpr std::size_t most_file_bytes = std::size_t{256} << 20U;
constexpr const char* text_ending = ".txt";

std::string hex_digest(const std::string& bytes) { return base::to_hex(base::sha256(bytes)); }

void fail(const std::string& path, const char* what) {
  throw Error(ErrorKind::Unavailable, path + ": " + what + ": " + std::generic_category().message(errno));
}

// Whole or not at all, and durable.
void write_file(const std::string& path, const std::string& bytes) {
  const std::string draft = path + ".part";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail(draft, "can't be written");
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  const bool whole = done == bytes.size() && ::fsync(file) == 0;
  ::close(file);
  if (!whole) fail(draft, "can't be written");
  if (::rename(draft.c_str(), path.c_str()) != 0) fail(path, "can't be put in place");
  const int folder =
      ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
}

std::string read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > most_file_bytes || error)
    throw Error(ErrorKind::Unavailable, path + ": is gone, or larger than a report can be");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(ErrorKind::Unavailable, path + ": can't be read");
  return text.str();
}

std::vector<const report::Framework*> frameworks_of(const ReportSettings& settings) {
  std::vector<const report::Framework*> out;
  for (const std::string& id : settings.frameworks) {
    for (const report::Framework* one : report::frameworks_of(id)) {
      if (std::find(out.begin(), out.end(), one) == out.end()) out.push_back(one);
    }
  }
  return out;
}

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

// The daemon was ended between the last byte and its answer, or between the answer and this.
void ScheduledReports::settle_doubt(const ReportSettings& report, ReportState& state) {
  for (const std::string& facts : ground_.recorded_since(report.name)) {
    const json said = json::parse(facts, nullptr, false);
    if (said.is_object() && said.value("report", "") == report.name &&
        said.value("period", "") == state.period && said.value("event", "") == "mailed") {
      end(report, state, "mailed");
      return;
    }
  }
  end_in_doubt(report, state, "the daemon was ended while the mail's answer was awaited");
}

void ScheduledReports::end_in_doubt(const ReportSettings& report, ReportState& state,
                                    const std::string& text) {
  end_without_mail(report, state, OutletOutcome::InDoubt,
                   text + "; it is not sent again: look for the message " + mail_of(report, state).id +
                       " in the mail server's log, or forward the files");
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

void ScheduledReports::make(const ReportSettings& report, ReportState& state) {
  // The entry may be there already, if the daemon was killed right after it.
  for (const std::string& facts : ground_.recorded_since(report.name)) {
    const json said = json::parse(facts, nullptr, false);
    if (!said.is_object() || said.value("report", "") != report.name ||
        said.value("period", "") != state.period || said.value("event", "") != "made")
      continue;
    state.take_files(said.at("files"));
    made(report, state);
    return;
  }
  report::ComplianceRequest request;
  request.frameworks = frameworks_of(report);
  request.from = state.from;
  request.to = state.to;
  request.scope.sources = report.sources;
  request.scope.applications = report.applications;
  request.now = ground_.now();
  report::ComplianceReport found;
  try {
    found = ground_.make(request);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Input) throw;
    end_without_mail(report, state, OutletOutcome::Nothing, error.what());
    return;
  }
  const std::string folder = report_folder(report, data_);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorKind::Unavailable, folder + ": can't be made: " + error.message());
  std::string text = "Compliance report " + report.name + ", " + state.period + ".\n\n";
  for (const std::string& sentence : report::findings(found)) text += sentence + "\n";
  text += "\nFiles, with their SHA-256:\n";
  for (const std::string& name : report.formats) {
    const report::ComplianceFormat* format = report::find_format(name);
    const std::string bytes = report::render(found, *format);
    const std::string file = report.name + "-" + state.period + std::string(format->ending);
    write_file(folder + "/" + file, bytes);
    state.files.push_back({file, name, hex_digest(bytes), bytes.size()});
    text += "  " + file + "\n    " + state.files.back().sha256 + "\n";
  }
  for (const report::StreamState& stream : found.streams)
    text += "\nThe ledger that it rests on:\n" + stream.checkpoint;
  write_file(folder + "/" + report.name + "-" + state.period + text_ending, text);
  base::kill_point("report.files_written");
  record(report, state, "made",
         [&](std::string& facts) { facts += ",\"files\":" + state.files_json().dump(); });
  base::kill_point("report.recorded");
  ground_.log->info("a scheduled report was made", {{"report", report.name}, {"period", state.period}});
  made(report, state);
}

void ScheduledReports::made(const ReportSettings& report, ReportState& state) {
  if (report.mail_to.empty()) {
    end(report, state, "made");
    return;
  }
  state.phase = "made";
  save(report, state);
}

std::vector<std::string> ScheduledReports::recipients_of(const ReportSettings& report) const {
  std::set<std::string> to;
  for (const RecipientList& list : mail_.lists) {
    if (std::find(report.mail_to.begin(), report.mail_to.end(), list.name) != report.mail_to.end())
      to.insert(list.to.begin(), list.to.end());
  }
  return {to.begin(), to.end()};
}

ReportMail ScheduledReports::mail_of(const ReportSettings& report, const ReportState& state) const {
  ReportMail mail;
  mail.from = mail_.from;
  mail.subject = "Curfew report " + report.name + ", " + state.period;
  mail.id = hex_digest(realm_ + "/" + report.name + "/" + state.period).substr(0, 32);
  return mail;
}

void ScheduledReports::send(const ReportSettings& report, ReportState& state) {
  if (report.mail_to.empty()) {
    end(report, state, "made");
    return;
  }
  ReportMail mail = mail_of(report, state);
  const std::string folder = report_folder(report, data_);
  mail.text = read_file(folder + "/" + report.name + "-" + state.period + text_ending);
  std::uint64_t bytes = 0;
  for (const report::ReportFile& file : state.files) bytes += file.bytes;
  const bool attached = bytes <= std::uint64_t{mail_.largest_kib} * 1024;
  if (!attached) {
    mail.text += "\nThe files are too large for a mail. They are here:\n";
    for (const report::ReportFile& file : state.files)
      mail.text += "  " + (mail_.link.empty() ? folder + "/" : mail_.link) + file.name + "\n";
  }
  for (const report::ReportFile& file : state.files) {
    if (!attached) break;
    std::string content = read_file(folder + "/" + file.name);
    if (hex_digest(content) != file.sha256) {
      end_without_mail(report, state, OutletOutcome::Failed,
                       file.name + " is not what was made any more: it is not mailed");
      return;
    }
    mail.attachments.push_back(
        {file.name, std::string(report::find_format(file.format)->content_type), std::move(content)});
  }
  for (const std::string& address : recipients_of(report)) {
    if (!state.told.contains(state.digest_of(address))) mail.to.push_back(address);
  }
  if (mail.to.empty()) {
    end(report, state, "mailed");
    return;
  }
  ++state.attempts;
  const ReportDelivery delivery = mail_report(server_, mail, [&] {
    ReportState sending = state;
    sending.phase = "sending";
    save(report, sending);
  });
  conclude(report, state, delivery);
}

void ScheduledReports::conclude(const ReportSettings& report, ReportState& state,
                                const ReportDelivery& delivery) {
  for (const std::string& address : delivery.accepted) state.told.insert(state.digest_of(address));
  for (const std::string& address : delivery.refused) state.told.insert(state.digest_of(address));
  if (delivery.end == ReportDelivery::End::Taken) {
    record(report, state, "mailed", [&](std::string& facts) {
      facts += ",\"accepted\":" + std::to_string(delivery.accepted.size()) +
               ",\"refused\":" + std::to_string(delivery.refused.size());
    });
    base::kill_point("report.mail_recorded");
    count(report, OutletOutcome::Delivered);
  } else if (delivery.end == ReportDelivery::End::InDoubt) {
    end_in_doubt(report, state, delivery.text);
    return;
  } else {
    if (ground_.metrics != nullptr)
      ground_.metrics->counter(metrics::outlet_failures, {"report/" + report.name}).add();
    ground_.log->warning("a scheduled report could not be mailed",
                         {{"report", report.name},
                          {"period", state.period},
                          {"attempt", std::to_string(state.attempts)},
                          {"reason", delivery.text}});
  }
  const std::vector<std::string> all = recipients_of(report);
  const bool all_told = std::all_of(all.begin(), all.end(), [&](const std::string& address) {
    return state.told.contains(state.digest_of(address));
  });
  if (all_told && delivery.end == ReportDelivery::End::Taken) {
    end(report, state, "mailed");
  } else if (all_told || delivery.end == ReportDelivery::End::Refused || state.attempts >= mail_.attempts) {
    end_without_mail(report, state, OutletOutcome::Failed, delivery.text);
  } else {
    Duration pause = mail_.retry_after;
    for (std::uint32_t i = 1; i < state.attempts && pause < longest_pause; ++i) pause *= 2;
    state.next = ground_.now() + std::min(pause, longest_pause);
    state.phase = "made";
    save(report, state);
  }
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
