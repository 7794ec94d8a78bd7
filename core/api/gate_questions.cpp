#include "core/api/gate_questions.hpp"

#include <utility>

namespace curfew::api {

using model::SessionDigest;

GateQuestions::GateQuestions(GateQuestionSettings settings, GateJudge& judge)
    : settings_(std::move(settings)), judge_(judge) {
  if (settings_.ask) asker_.emplace(settings_.ask, settings_.ask_within, settings_.failed);
  if (settings_.introspect)
    introspector_.emplace(
        [this](const TokenQuestion& token, Duration limit) { put_introspection(token, limit); },
        settings_.ask_within, settings_.failed);
  if (settings_.revoke)
    revoker_.emplace([this](const TokenQuestion& token, Duration limit) { put_revocation(token, limit); },
                     settings_.revoke_within, settings_.failed);
}

bool GateQuestions::about_session(const SessionDigest& session, Done done) {
  if (!asker_) return false;
  return asker_->ask(session, [this, session, done = std::move(done)](model::Liveness said) {
    judge_.learnt(session, said, now());
    done();
  });
}

bool GateQuestions::about_token(const TokenQuestion& token, Done done) {
  return introspector_ && introspector_->ask(token, std::move(done));
}

// What was said before is worth nothing then, whatever comes of it.
bool GateQuestions::revoke(const TokenQuestion& token, const SessionDigest& session, Done done) {
  if (!revoker_) return false;
  const SessionDigest digest = token.digest;
  {
    const std::lock_guard lock(mutex_);
    revoked_sessions_[digest] = session;
  }
  const auto forget = [this, digest] {
    const std::lock_guard lock(mutex_);
    revoked_sessions_.erase(digest);
  };
  const bool is_asked = revoker_->ask(token, [this, digest, forget, done = std::move(done)] {
    forget();
    judge_.revoked(digest, now());
    done();
  });
  if (!is_asked) forget();
  return is_asked;
}

void GateQuestions::put_introspection(const TokenQuestion& token, Duration limit) {
  const model::IntrospectedToken said = settings_.introspect(token.token, limit);
  judge_.introspected(token.digest, said, now());
}

void GateQuestions::put_revocation(const TokenQuestion& token, Duration limit) {
  SessionDigest session;
  {
    const std::lock_guard lock(mutex_);
    session = revoked_sessions_[token.digest];
  }
  settings_.revoke(token, session, limit);
}

void GateQuestions::stop() {
  if (asker_) asker_->stop();
  if (introspector_) introspector_->stop();
  if (revoker_) revoker_->stop();
}

}  // namespace curfew::api
