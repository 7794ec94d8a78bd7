// Puts questions about tokens to a source, beside the gate's own threads: one for each token at a time, each
// bounded, and only so many. As GateAsker, which it asks by; it holds the tokens while somebody waits, and
// overwrites them then.
//
//   TokenAsker asker(ask, 400ms, failed);
//   if (!asker.ask(question, [] { … })) { /* too many questions: nobody was asked */ }
//
// Threads: ask from any; `done` is called on one of its own. Owns: its threads and the tokens that wait.
// Fails: never; a question that fails or waited too long is over without an answer, and `failed` is told why.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "core/api/gate_asker.hpp"
#include "core/api/gate_introspection.hpp"

namespace curfew::api {

class TokenAsker {
 public:
  // Must come back within the limit; what was said is the caller's to keep.
  using Ask = std::function<void(const TokenQuestion& question, Duration limit)>;

  TokenAsker(Ask ask, Duration limit, GateAsker::Failed failed, std::size_t threads = 4,
             std::size_t most = 256);
  ~TokenAsker();
  TokenAsker(const TokenAsker&) = delete;
  TokenAsker& operator=(const TokenAsker&) = delete;

  bool ask(const TokenQuestion& question, std::function<void()> done);
  // No `done` is called any more once it returns.
  void stop() { asker_.stop(); }
  // Tokens that somebody waits for now.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Held {
    std::string token;
    std::size_t requests = 0;
  };
  void release(const model::SessionDigest& digest);
  model::Liveness put(const model::SessionDigest& digest, Duration limit);

  const Ask ask_;
  mutable std::mutex mutex_;
  std::map<model::SessionDigest, Held> held_;
  GateAsker asker_;
};

}  // namespace curfew::api
