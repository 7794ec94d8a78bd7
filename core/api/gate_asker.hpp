// Asks a source about sessions that a gate doesn't know, beside the gate's own threads: one question for each
// session at a time, each bounded, and only so many.
//
//   GateAsker asker(ask, 400ms, [](const std::string& why) { … });
//   if (!asker.ask(session, [](model::Liveness said) { … })) { /* too many questions: nobody was asked */ }
//
// Threads: ask from any; `done` is called on one of its own. Owns: its threads and the questions. Fails:
// never; a question that fails was answered Unknown, and `failed` is told why; one that waited too long is
// not asked, and Unknown too.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::api {

class GateAsker {
 public:
  // Must come back within the limit.
  using Ask = std::function<model::Liveness(const model::SessionDigest& session, Duration limit)>;
  using Done = std::function<void(model::Liveness)>;
  // On the asking thread; must not throw. Whoever writes it down bounds how often.
  using Failed = std::function<void(const std::string& why)>;

  GateAsker(Ask ask, Duration limit, Failed failed, std::size_t threads = 2, std::size_t most = 256);
  ~GateAsker();
  GateAsker(const GateAsker&) = delete;
  GateAsker& operator=(const GateAsker&) = delete;

  bool ask(const model::SessionDigest& session, Done done);
  // No `done` is called any more once it returns.
  void stop();

 private:
  struct Question {
    std::vector<Done> waiting;
    std::chrono::steady_clock::time_point asked_at{};
  };
  void run();
  model::Liveness put(const model::SessionDigest& session, Duration limit) const;

  const Ask ask_;
  const Duration limit_;
  const Failed failed_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<model::SessionDigest, Question> questions_;
  std::deque<model::SessionDigest> queue_;
  std::size_t waiting_ = 0;  // answers that somebody waits for
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace curfew::api
