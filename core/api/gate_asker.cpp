#include "core/api/gate_asker.hpp"

#include <exception>

namespace curfew::api {

using model::Liveness;

GateAsker::GateAsker(Ask ask, Duration limit, Failed failed, std::size_t threads, std::size_t most)
    : ask_(std::move(ask)), limit_(limit), failed_(std::move(failed)), most_(most) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

GateAsker::~GateAsker() { stop(); }

bool GateAsker::ask(const model::SessionDigest& session, Done done) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || waiting_ >= most_) return false;
  ++waiting_;
  Question& question = questions_[session];
  if (question.waiting.empty()) {
    question.asked_at = std::chrono::steady_clock::now();
    queue_.push_back(session);
    changed_.notify_one();
  }
  question.waiting.push_back(std::move(done));
  return true;
}

void GateAsker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

// A plugin's or a connector host's mistake is no reason to let somebody wait, nor to stay silent.
Liveness GateAsker::put(const model::SessionDigest& session, Duration limit) const {
  // What waited too long in the queue isn't asked any more.
  if (limit <= Duration{0}) return Liveness::Unknown;
  std::string why;
  try {
    return ask_(session, limit);
  } catch (const std::exception& error) {
    why = error.what();
  } catch (...) {
    why = "something that is no exception was thrown";
  }
  if (failed_) failed_(why);
  return Liveness::Unknown;
}

void GateAsker::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const model::SessionDigest session = queue_.front();
    queue_.pop_front();
    const auto left = limit_ - std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() -
                                                                    questions_[session].asked_at);
    lock.unlock();
    const Liveness said = put(session, left);
    lock.lock();
    std::vector<Done> waiting = std::move(questions_[session].waiting);
    questions_.erase(session);
    waiting_ -= waiting.size();
    if (stopping_) return;
    lock.unlock();
    for (const Done& done : waiting) done(said);
    lock.lock();
  }
}

}  // namespace curfew::api
