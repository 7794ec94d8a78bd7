#include "core/app/warning_notices.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/model/json_object.hpp"

namespace curfew::app {
namespace {

constexpr std::size_t max_text = 512;
constexpr std::size_t most_waiting = 10'000;
constexpr std::size_t thread_count = 2;

}  // namespace

WarningNotices::WarningNotices(Notifier& notifier, std::string realm, std::function<Resolver()> make_resolver,
                               Stands stands, Intake& intake, Log& log)
    : notifier_(notifier),
      realm_(std::move(realm)),
      make_resolver_(std::move(make_resolver)),
      stands_(std::move(stands)),
      intake_(intake),
      log_(log),
      queue_(most_waiting) {
  for (std::size_t i = 0; i < thread_count; ++i) threads_.emplace_back([this] { run(); });
}

WarningNotices::~WarningNotices() { stop(); }

// On the writer's thread, which must not wait for the engine's queue: what finds no room is said by the log
// and counted, and has no record.
void WarningNotices::dispatch(std::vector<model::RunNotice> warnings) {
  std::size_t lost = 0;
  for (model::RunNotice& warning : warnings) {
    if (queue_.try_push(warning)) continue;
    ++lost;
    for (const std::string& channel : warning.channels) notifier_.count_warning(channel, "failed");
  }
  if (lost > 0)
    log_.warning("notices of warnings were given up: too many wait", {{"count", std::to_string(lost)}});
}

void WarningNotices::stop() {
  stopping_ = true;
  queue_.close();
  notifier_.stop();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WarningNotices::run() {
  try {
    const Resolver resolve = make_resolver_();
    std::vector<model::RunNotice> warnings;
    while (!queue_.finished()) {
      warnings.clear();
      queue_.pop_all(warnings, std::chrono::milliseconds(200), 1);
      for (const model::RunNotice& warning : warnings) tell(warning, resolve);
    }
  } catch (const std::exception& error) {
    log_.error("a thread of warnings ended", {{"reason", error.what()}});
  } catch (...) {
    log_.error("a thread of warnings ended", {{"reason", "unknown"}});
  }
}

void WarningNotices::tell(const model::RunNotice& warning, const Resolver& resolve) {
  std::vector<model::NamedValue> names;
  std::string problem = stopping_ ? "the daemon stopped before" : "";
  if (problem.empty()) {
    try {
      std::vector<model::Ref> refs;
      for (const model::Identifier& identifier : warning.identifiers) refs.push_back(identifier.value);
      if (!refs.empty()) names = names_of(warning.identifiers, resolve(refs));
    } catch (const Error& error) {
      problem = error.what();
    }
  }
  for (const std::string& channel : warning.channels) {
    if (problem.empty())
      tell(warning, channel, names);
    else
      record(warning, channel, "failed", problem);
  }
}

void WarningNotices::tell(const model::RunNotice& warning, const std::string& channel,
                          const std::vector<model::NamedValue>& names) {
  Notice notice;
  notice.kind = warning_kind;
  notice.realm = realm_;
  notice.reason = warning.policy;
  notice.source = warning.session_source;
  notice.session = warning.session_number;
  notice.subject = warning.subject;
  notice.names = names;
  notice.at = base::wall_clock_now();
  notice.deadline = warning.deadline;
  Delivery delivery = notifier_.deliver(channel, notice, [&] { return stands_(warning); });
  if (delivery.withdrawn)
    record(warning, channel, "withdrawn", std::move(delivery.text));
  else
    record(warning, channel, model::name_of(delivery.code), std::move(delivery.text));
}

void WarningNotices::record(const model::RunNotice& warning, const std::string& channel,
                            std::string_view outcome, std::string text) {
  notifier_.count_warning(channel, outcome);
  text.resize(std::min(text.size(), max_text));
  model::Entry entry;
  entry.kind = model::EntryKind::Notified;
  entry.occurred_at = base::wall_clock_now();
  entry.source = warning.session_source;
  entry.session = warning.session;
  entry.subject = warning.subject;
  model::JsonObject facts(entry.facts);
  facts.text("policy", warning.policy);
  facts.number("session_number", warning.session_number);
  facts.time("deadline", warning.deadline);
  facts.text("channel", channel);
  facts.text("outcome", outcome);
  facts.text_unless_empty("text", base::to_clean_utf8(text));
  facts.end();
  if (!intake_.submit({.source = {}, .ticket = 0, .body = std::move(entry)}))
    log_.warning("what became of a warning's notice is not in the ledger: the daemon stops",
                 {{"channel", channel}, {"outcome", std::string(outcome)}});
}

}  // namespace curfew::app
