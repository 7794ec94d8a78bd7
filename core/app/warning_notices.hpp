// Tells people that a limit is near: the notices of warnings (`warn_by` of a policy), once each, after the
// warning is durable. Before each attempt the engine is asked whether the warning is still true: who was
// active meanwhile is not told.
//
//   app::WarningNotices warnings(notifier, "main", make_resolver, stands, intake, log);
//   warnings.dispatch(std::move(batch.warnings));     // after the commit
//
// What became of a notice is a record of the ledger (`notified`). One that a killed daemon did not send, or
// whose record it did not write, is not sent later: nobody is told twice.
//
// Threads: dispatch from any; two of its own, as a server that does not answer shall hold up no sign-out.
// Owns: its threads and what waits. Fails: never; what can't be sent is recorded and counted.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/app/intake.hpp"
#include "core/app/log.hpp"
#include "core/app/notifier.hpp"
#include "core/model/input.hpp"

namespace curfew::app {

class WarningNotices {
 public:
  // The values of references; each thread gets a resolver of its own.
  using Resolver = std::function<std::vector<model::PersonalValue>(const std::vector<model::Ref>&)>;
  // Engine::warning_stands; nullopt: no answer in time.
  using Stands = std::function<std::optional<bool>(const model::RunNotice&)>;

  WarningNotices(Notifier& notifier, std::string realm, std::function<Resolver()> make_resolver,
                 Stands stands, Intake& intake, Log& log);
  ~WarningNotices();
  WarningNotices(const WarningNotices&) = delete;
  WarningNotices& operator=(const WarningNotices&) = delete;

  void dispatch(std::vector<model::RunNotice> warnings);
  // Waits for the attempts that run; what waits is recorded as not sent.
  void stop();

 private:
  void run();
  void tell(const model::RunNotice& warning, const Resolver& resolve);
  void tell(const model::RunNotice& warning, const std::string& channel,
            const std::vector<model::NamedValue>& names);
  void record(const model::RunNotice& warning, const std::string& channel, std::string_view outcome,
              std::string text);

  Notifier& notifier_;
  const std::string realm_;
  const std::function<Resolver()> make_resolver_;
  const Stands stands_;
  Intake& intake_;
  Log& log_;
  base::Queue<model::RunNotice> queue_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace curfew::app
