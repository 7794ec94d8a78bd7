#include "core/app/action_workers.hpp"

#include <limits>

#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t max_text = 512;
constexpr std::size_t notice_threads = 2;
// By then the engine has gone on without the answer.
constexpr std::chrono::seconds notice_patience{60};

std::string handle_in(const std::vector<model::PersonalValue>& values, model::Ref ref) {
  for (const model::PersonalValue& value : values) {
    if (ref && value.ref == ref) return value.value;
  }
  return {};
}

}  // namespace

// The engine bounds how much is under way (caps, one step of an order at a time), so the queue needs no bound
// of its own; a full one would have to drop an act whose intent is recorded.
ActionWorkers::ActionWorkers(connector::Host& host, Notifier& notifier, std::string realm,
                             std::function<Resolver()> make_resolver, Intake& intake, Log& log,
                             std::size_t threads)
    : host_(host),
      notifier_(notifier),
      realm_(std::move(realm)),
      make_resolver_(std::move(make_resolver)),
      intake_(intake),
      log_(log),
      jobs_(std::numeric_limits<std::size_t>::max()),
      notices_(std::numeric_limits<std::size_t>::max()),
      thread_count_(threads) {}

ActionWorkers::~ActionWorkers() { stop(); }

void ActionWorkers::dispatch(std::vector<Act> acts, std::vector<Ask> asks) {
  for (Act& act : acts) {
    if (act.step.action == model::Action::Notify && notifier_.knows(act.step.source)) {
      Notification notification{std::move(act), std::chrono::steady_clock::now()};
      (void)notices_.try_push(notification);
      continue;
    }
    Job job = std::move(act);
    (void)jobs_.try_push(job);
  }
  for (Ask& ask : asks) {
    Job job = std::move(ask);
    (void)jobs_.try_push(job);
  }
}

void ActionWorkers::start() {
  for (std::size_t i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { run(); });
  for (std::size_t i = 0; i < notice_threads; ++i) threads_.emplace_back([this] { run_notices(); });
}

void ActionWorkers::stop() {
  stopping_ = true;
  jobs_.close();
  notices_.close();
  notifier_.stop();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  threads_.clear();
}

void ActionWorkers::run() {
  try {
    const Resolver resolve = make_resolver_();
    std::vector<Job> jobs;
    while (!stopping_ && !jobs_.finished()) {
      jobs.clear();
      jobs_.pop_all(jobs, std::chrono::milliseconds(200), 1);
      for (const Job& job : jobs) {
        if (const Act* act = std::get_if<Act>(&job))
          carry_out(*act, resolve);
        else
          ask(std::get<Ask>(job), resolve);
      }
    }
  } catch (const std::exception& error) {
    log_.error("an action worker ended", {{"reason", error.what()}});
  } catch (...) {
    log_.error("an action worker ended", {{"reason", "unknown"}});
  }
}

void ActionWorkers::run_notices() {
  try {
    const Resolver resolve = make_resolver_();
    std::vector<Notification> notices;
    while (!stopping_ && !notices_.finished()) {
      notices.clear();
      notices_.pop_all(notices, std::chrono::milliseconds(200), 1);
      for (const Notification& notification : notices) {
        notify(notification, resolve);
      }
    }
  } catch (const std::exception& error) {
    log_.error("a thread of notifications ended", {{"reason", error.what()}});
  } catch (...) {
    log_.error("a thread of notifications ended", {{"reason", "unknown"}});
  }
}

void ActionWorkers::notify(const Notification& notification, const Resolver& resolve) {
  const Act& act = notification.act;
  model::AnswerInput answer{.order = act.step.order, .step = act.step.step, .code = {}, .text = {}};
  base::kill_point("app.before_act");
  if (std::chrono::steady_clock::now() - notification.since > notice_patience) {
    answer.code = model::AnswerCode::Failed;
    answer.text = "not sent: too many others waited before it";
    log_.warning("a notification was given up", {{"channel", act.step.source}});
  } else {
    try {
      std::vector<model::Ref> refs;
      for (const model::Identifier& identifier : act.step.identifiers) refs.push_back(identifier.value);
      Notice notice;
      notice.realm = realm_;
      notice.sign_out = act.step.order;
      notice.step = act.step.step;
      notice.reason = act.step.reason;
      notice.source = act.step.session_source;
      notice.session = act.step.session_number;
      notice.subject = act.step.subject;
      notice.names =
          names_of(act.step.identifiers, refs.empty() ? std::vector<model::PersonalValue>{} : resolve(refs));
      notice.at = base::wall_clock_now();
      Delivery delivery = notifier_.deliver(act.step.source, notice);
      answer.code = delivery.code;
      answer.text = std::move(delivery.text);
    } catch (const Error& error) {
      answer.code = model::AnswerCode::Failed;
      answer.text = error.what();
    }
  }
  base::kill_point("app.after_act");
  answer.text.resize(std::min(answer.text.size(), max_text));
  (void)intake_.submit({.source = {}, .ticket = 0, .body = model::InputBody(std::move(answer))});
}

void ActionWorkers::carry_out(const Act& act, const Resolver& resolve) {
  model::AnswerInput answer{.order = act.step.order, .step = act.step.step, .code = {}, .text = {}};
  base::kill_point("app.before_act");
  try {
    std::vector<model::Ref> refs;
    for (const model::Identifier& identifier : act.step.identifiers) refs.push_back(identifier.value);
    if (act.handle) refs.push_back(act.handle);
    const std::vector<model::PersonalValue> values =
        refs.empty() ? std::vector<model::PersonalValue>{} : resolve(refs);
    const std::optional<connector::Answer> own = gate_act_ ? gate_act_(act.step) : std::nullopt;
    connector::Answer given =
        own ? *own
            : host_.act(act.step, handle_in(values, act.handle), names_of(act.step.identifiers, values));
    answer.code = given.code;
    answer.text = std::move(given.text);
  } catch (const Error& error) {
    answer.code = model::AnswerCode::Failed;
    answer.text = error.what();
  }
  base::kill_point("app.after_act");
  answer.text.resize(std::min(answer.text.size(), max_text));
  (void)intake_.submit({.source = {}, .ticket = 0, .body = model::InputBody(std::move(answer))});
}

void ActionWorkers::ask(const Ask& ask, const Resolver& resolve) {
  model::ProbeInput answer{.order = ask.probe.order,
                           .step = ask.probe.step,
                           .probe = ask.probe.probe,
                           .session = {},
                           .control = {},
                           .text = {}};
  try {
    std::vector<model::Ref> refs;
    if (ask.handle) refs.push_back(ask.handle);
    if (ask.control_handle) refs.push_back(ask.control_handle);
    const std::vector<model::PersonalValue> values =
        refs.empty() ? std::vector<model::PersonalValue>{} : resolve(refs);
    answer.session =
        host_.prove(ask.probe, ask.probe.session, handle_in(values, ask.handle), {}, answer.text);
    if (ask.probe.control) {
      std::string text;
      answer.control =
          host_.prove(ask.probe, ask.probe.control, handle_in(values, ask.control_handle), {}, text);
    }
  } catch (const Error& error) {
    answer.text = error.what();
  }
  answer.text.resize(std::min(answer.text.size(), max_text));
  (void)intake_.submit({.source = {}, .ticket = 0, .body = model::InputBody(std::move(answer))});
}

}  // namespace curfew::app
