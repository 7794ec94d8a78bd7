// Action workers: carry out ladder steps and ask probes once their intent is durable, each call on a thread
// that may wait for a slow server. What comes back goes to the engine as an input.
//
//   app::ActionWorkers workers(host, notifier, realm, resolve, intake, log, 4);
//   workers.dispatch(batch.acts, batch.asks);     // after the commit
//   workers.start();                              // when the sources run
//
// Threads: dispatch from any; the calls run on the workers. Owns: the threads. Fails: a step that can't be
// carried out is answered as failed, never dropped: when the daemon stops first, the ledger has an intent
// without an answer, and the next start asks again.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <variant>
#include <vector>

#include "core/app/arrival.hpp"
#include "core/app/intake.hpp"
#include "core/app/log.hpp"
#include "core/app/notifier.hpp"

namespace curfew::app {

class ActionWorkers {
 public:
  // The values of references; each worker gets a resolver of its own.
  using Resolver = std::function<std::vector<model::PersonalValue>(const std::vector<model::Ref>&)>;

  // `realm`: for who is notified.
  ActionWorkers(connector::Host& host, Notifier& notifier, std::string realm,
                std::function<Resolver()> make_resolver, Intake& intake, Log& log, std::size_t threads);
  ~ActionWorkers();

  // Who carries out steps at a gate: nullopt for every other source. Before start.
  using GateAct = std::function<std::optional<connector::Answer>(const model::RunStep&)>;
  void set_gate_act(GateAct act) { gate_act_ = std::move(act); }

  void dispatch(std::vector<Act> acts, std::vector<Ask> asks);
  // What was dispatched before waits for this: a start looks at once after what it found under way, and a
  // source that does not run yet would only tell it that it does not know.
  void start();
  // Waits for the calls that run; those that wait are left to the next start.
  void stop();

 private:
  using Job = std::variant<Act, Ask>;
  // Of a server that does not answer nobody's sign-out shall wait: notices have threads of their own.
  struct Notification {
    Act act;
    std::chrono::steady_clock::time_point since;
  };
  void run();
  void run_notices();
  void notify(const Notification& notification, const Resolver& resolve);
  void carry_out(const Act& act, const Resolver& resolve);
  void ask(const Ask& ask, const Resolver& resolve);

  connector::Host& host_;
  GateAct gate_act_;
  Notifier& notifier_;
  std::string realm_;
  std::function<Resolver()> make_resolver_;
  Intake& intake_;
  Log& log_;
  base::Queue<Job> jobs_;
  base::Queue<Notification> notices_;
  std::atomic<bool> stopping_ = false;
  std::size_t thread_count_;
  std::vector<std::thread> threads_;
};

}  // namespace curfew::app
