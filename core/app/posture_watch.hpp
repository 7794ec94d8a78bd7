// Evaluates the compliance controls again and again, and shows what they come to as metrics: the evaluation
// of `curfew report`, for the time up to now, on a thread of low priority and a reading connection of its
// own.
//
//   app::PostureWatch watch(settings.posture, settings.data + "/posture.json", connection, registry, log);
//   watch.start(); … watch.stop();
//
// What could not be evaluated (the database is away, it took too long) leaves the status as it was, and its
// age grows; so does a restart, as the newest one is kept in a file. What was never evaluated is not shown.
//
// Pace: it reads for as long as it rests, and after an evaluation it rests 19 times as long as that took.
//
// Threads: start and stop from one. Owns: its thread and connection. Fails: never; why one failed is logged
// when it begins and when it is over.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/app/log.hpp"
#include "core/app/settings.hpp"
#include "core/metrics/registry.hpp"
#include "core/report/posture.hpp"
#include "core/store/store.hpp"

namespace curfew::app {

class PostureWatch {
 public:
  PostureWatch(const PostureSettings& settings, std::string file, store::ConnectionInfo database,
               metrics::Registry& registry, Log& log);
  ~PostureWatch();
  PostureWatch(const PostureWatch&) = delete;
  PostureWatch& operator=(const PostureWatch&) = delete;

  // Shows the status that was kept, and begins.
  void start();
  // Returns soon, whatever is being read.
  void stop();

 private:
  void run();
  bool evaluate();
  void show(const report::Posture& posture);
  void recall();
  void keep() const;
  // True: stop.
  bool rest(Duration time);

  PostureSettings settings_;
  std::string file_;
  store::ConnectionInfo database_;
  metrics::Registry& registry_;
  Log& log_;
  report::Posture shown_;
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace curfew::app
