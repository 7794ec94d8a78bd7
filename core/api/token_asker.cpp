#include "core/api/token_asker.hpp"

#include <string.h>  // explicit_bzero

#include <utility>

namespace curfew::api {
namespace {

void wipe(std::string& token) { explicit_bzero(token.data(), token.size()); }

}  // namespace

TokenAsker::TokenAsker(Ask ask, Duration limit, GateAsker::Failed failed, std::size_t threads,
                       std::size_t most)
    : ask_(std::move(ask)),
      asker_([this](const model::SessionDigest& digest, Duration left) { return put(digest, left); }, limit,
             std::move(failed), threads, most) {}

TokenAsker::~TokenAsker() {
  asker_.stop();
  for (auto& one : held_) wipe(one.second.token);
}

bool TokenAsker::ask(const TokenQuestion& question, std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    Held& held = held_[question.digest];
    if (held.requests++ == 0) held.token = question.token;
  }
  const model::SessionDigest digest = question.digest;
  const bool asked = asker_.ask(digest, [this, digest, done = std::move(done)](model::Liveness) {
    release(digest);
    done();
  });
  if (!asked) release(digest);
  return asked;
}

std::size_t TokenAsker::waiting() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

void TokenAsker::release(const model::SessionDigest& digest) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(digest);
  if (found == held_.end() || --found->second.requests > 0) return;
  wipe(found->second.token);
  held_.erase(found);
}

model::Liveness TokenAsker::put(const model::SessionDigest& digest, Duration limit) {
  TokenQuestion question{.digest = digest, .token = {}};
  {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(digest);
    if (found == held_.end()) return model::Liveness::Unknown;
    question.token = found->second.token;
  }
  struct Wiped {
    std::string& token;
    ~Wiped() { wipe(token); }
  } const wiped{question.token};
  ask_(question, limit);
  return model::Liveness::Unknown;
}

}  // namespace curfew::api
