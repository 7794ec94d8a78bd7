// What requests at a gate wait for: a source's word about a session, an issuer's about a token, and that an
// issuer was asked to revoke one.
//
//   GateQuestions questions({.ask = …, .introspect = …}, judge);
//   if (!questions.about_session(session, [] { … })) { /* there is nobody to ask, or too much is asked */ }
//
// When `done` is called the judge has what was said, and the request is judged anew. Asked is beside the
// gate's own threads, each within its limit (gate_asker.hpp, token_asker.hpp).
//
// Threads: any; `done` is called on one of its own. Owns: these threads, and the tokens that wait; not the
// judge. Fails: never; what could not be asked is answered as unknown, and `failed` is told why.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/api/gate_asker.hpp"
#include "core/api/gate_judge.hpp"
#include "core/api/token_asker.hpp"

namespace curfew::api {

struct GateQuestionSettings {
  GateAsker::Ask ask;  // none: nobody can be asked
  Duration ask_within{std::chrono::milliseconds(400)};
  GateAsker::Failed failed;
  // What the issuer says of a token; none: no issuer can be asked. Must come back within the limit.
  std::function<model::IntrospectedToken(const std::string& token, Duration limit)> introspect;
  // Asks it to revoke the token of somebody who was signed out; it may take longer, as nobody passes
  // meanwhile.
  std::function<void(const TokenQuestion& token, const model::SessionDigest& session, Duration limit)> revoke;
  Duration revoke_within{std::chrono::seconds(5)};
};

class GateQuestions {
 public:
  using Done = std::function<void()>;

  GateQuestions(GateQuestionSettings settings, GateJudge& judge);
  GateQuestions(const GateQuestions&) = delete;
  GateQuestions& operator=(const GateQuestions&) = delete;

  bool about_session(const model::SessionDigest& session, Done done);
  bool about_token(const TokenQuestion& token, Done done);
  // `session`: whose it is; none: not known.
  bool revoke(const TokenQuestion& token, const model::SessionDigest& session, Done done);
  // No `done` is called any more once it returns.
  void stop();

 private:
  void put_introspection(const TokenQuestion& token, Duration limit);
  void put_revocation(const TokenQuestion& token, Duration limit);
  [[nodiscard]] Time now() const { return judge_.settings().clock().now; }

  const GateQuestionSettings settings_;
  GateJudge& judge_;
  std::mutex mutex_;
  std::map<model::SessionDigest, model::SessionDigest> revoked_sessions_;  // of tokens that the revoker has
  std::optional<GateAsker> asker_;
  std::optional<TokenAsker> introspector_;
  std::optional<TokenAsker> revoker_;
};

}  // namespace curfew::api
