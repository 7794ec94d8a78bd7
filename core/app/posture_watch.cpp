#include "core/app/posture_watch.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/base/error.hpp"
#include "core/report/compliance_reading.hpp"

namespace curfew::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration first_rest = std::chrono::seconds(30);  // a start has other work
constexpr int rests_for_one = 19;                          // so at most a twentieth of the time is work
constexpr int low_priority = 10;
constexpr std::size_t longest_kept = 1 << 20;

double seconds_of(Time time) { return static_cast<double>(base::to_micros(time)) / 1e6; }

Duration since(Clock::time_point begin) { return std::chrono::duration_cast<Duration>(Clock::now() - begin); }

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw Error(ErrorKind::Unavailable, path + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

PostureWatch::PostureWatch(const PostureSettings& settings, std::string file, store::ConnectionInfo database,
                           metrics::Registry& registry, Log& log)
    : settings_(settings),
      file_(std::move(file)),
      database_(std::move(database)),
      registry_(registry),
      log_(log) {}

PostureWatch::~PostureWatch() { stop(); }

void PostureWatch::start() {
  if (settings_.every == Duration{0}) return;
  for (const char* outcome : {"evaluated", "failed"})
    registry_.counter(metrics::control_evaluations, {outcome});
  recall();
  thread_ = std::thread([this] { run(); });
}

void PostureWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool PostureWatch::rest(Duration time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return stopping_; });
}

void PostureWatch::run() {
  // Of this thread alone.
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), low_priority) != 0)
    log_.debug("the evaluation of controls runs with the priority of the rest",
               {{"reason", std::strerror(errno)}});
  Duration pause = std::min(first_rest, settings_.every);
  while (!rest(pause)) {
    const Clock::time_point begin = Clock::now();
    const bool done = evaluate();
    pause = std::max(settings_.every, since(begin) * rests_for_one);
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    registry_.counter(metrics::control_evaluations, {done ? "evaluated" : "failed"}).add();
  }
}

bool PostureWatch::evaluate() {
  const Clock::time_point begin = Clock::now();
  Clock::time_point resumed = begin;
  report::ComplianceRequest request;
  request.frameworks = report::frameworks_of("all");
  request.now = base::wall_clock_now();
  request.from = request.now - settings_.period;
  request.to = request.now;
  request.places = false;
  request.pace = [&] {
    if (rest(since(resumed))) throw Error(ErrorKind::Unavailable, "the daemon stops");
    resumed = Clock::now();
    if (since(begin) > settings_.time_limit)
      throw Error(ErrorKind::Unavailable,
                  "it took longer than posture.time_limit: raise that, or take a shorter posture.period");
  };
  try {
    store::Store store(database_, store::Role::Reader);
    store.limit_reading(settings_.time_limit);
    show(report::posture_of(report::read_compliance(store, request)));
  } catch (const Error& error) {
    if (!std::exchange(failing_, true))
      log_.warning("the controls can't be evaluated; their status stays as it was",
                   {{"reason", error.what()}});
    return false;
  }
  if (std::exchange(failing_, false)) log_.info("the controls are evaluated again");
  registry_.gauge(metrics::control_evaluation)
      .set(std::chrono::duration<double>(Clock::now() - begin).count());
  try {
    keep();
  } catch (const Error& error) {
    log_.warning("the status of the controls can't be kept for the next start", {{"reason", error.what()}});
  }
  return true;
}

void PostureWatch::show(const report::Posture& posture) {
  for (const report::ControlStatus& one : posture.controls) {
    for (const std::string_view status : model::Names<report::Result>::all)
      registry_.gauge(metrics::control_status, {one.framework, one.control, status})
          .set(status == model::name_of(one.result) ? 1 : 0);
  }
  registry_.gauge(metrics::control_evaluated).set(seconds_of(posture.evaluated_at));
  for (const report::ControlStatus& one : posture.controls) {
    const auto before =
        std::find_if(shown_.controls.begin(), shown_.controls.end(), [&](const report::ControlStatus& other) {
          return other.framework == one.framework && other.control == one.control;
        });
    if (before == shown_.controls.end() || before->result == one.result) continue;
    log_.write(one.result == report::Result::NotSatisfied ? LogLevel::Warning : LogLevel::Info,
               "a control's status changed",
               {{"control", one.framework + ":" + one.control},
                {"from", model::name_of(before->result)},
                {"to", model::name_of(one.result)}});
  }
  shown_ = posture;
}

void PostureWatch::recall() {
  std::ifstream file(file_, std::ios::binary);
  if (!file) return;
  std::string text(longest_kept + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (auto posture = report::posture_from_json(text)) return show(*posture);
  log_.warning("the kept status of the controls can't be read; it is evaluated anew", {{"file", file_}});
}

// Whole or not at all: named when it is on disk.
void PostureWatch::keep() const {
  const std::string text = report::to_json(shown_);
  const std::string draft = file_ + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail(draft, "can't be created");
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  errno = error;
  if (!written) fail(draft, "can't be written");
  if (::rename(draft.c_str(), file_.c_str()) != 0) fail(file_, "can't be named");
}

}  // namespace curfew::app
