// The judge's part about tokens: what each says of sessions and people, and how refusals of them are worded.
#include <algorithm>

#include "core/api/gate_judge_rules.hpp"
#include "core/api/gate_pages.hpp"

namespace curfew::api {

using enforcement::Decision;
using enforcement::GateVerdict;
using model::Refusal;
using model::SessionDigest;

bool worse(const Decision& a, const Decision& b) {
  const auto rank = [](GateVerdict verdict) {
    return verdict == GateVerdict::Refuse ? 3
           : verdict == GateVerdict::Warn ? 2
           : verdict == GateVerdict::Pass ? 1
                                          : 0;
  };
  if (a.verdict != b.verdict) return rank(a.verdict) > rank(b.verdict);
  if (a.verdict == GateVerdict::Refuse) return b.undecided && !a.undecided;
  return a.verdict == GateVerdict::Warn && a.seconds_left < b.seconds_left;
}

void challenge_for_token(GateAnswer& answer) {
  constexpr std::string_view name = "WWW-Authenticate";
  const std::string challenge = "Bearer error=\"invalid_token\"";
  const auto found = std::find_if(answer.headers.begin(), answer.headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  if (found == answer.headers.end())
    answer.headers.emplace_back(name, challenge);
  else
    found->second = challenge;
}

// Its sessions go the way of all; what refuses it besides is decided here: its own id, and its person's
// sign-out. Neither is ever kept.
void GateJudge::read_token(std::string_view text, const Rules& rules, const GateTime& time, Judged& judged,
                           std::vector<Presented>& presented) {
  judged.token = true;
  if (!rules.tokens || (rules.introspection && !is_compact_jws(text)))
    return read_opaque(text, rules, time, judged, presented);
  const GateTokens::Said said = rules.tokens->read(text, time.now);
  if (said.fault == enforcement::TokenFault::Issuer && rules.introspection)
    return read_opaque(text, rules, time, judged, presented);
  if (!said.token) {
    judged.no_keys = judged.no_keys || said.no_keys;
    if (said.fault != enforcement::TokenFault::None) judged.fault = said.fault;
    return;
  }
  if (said.token->sessions.empty()) judged.nameless = true;
  (void)take_token(*said.token, rules.tokens->person(*said.token), rules.tokens->rules().clock_skew, time,
                   false, judged, presented);
}

// What its issuer says of it, if that was asked a moment ago; then it is judged as a signed one is.
void GateJudge::read_opaque(std::string_view text, const Rules& rules, const GateTime& time, Judged& judged,
                            std::vector<Presented>& presented) {
  const GateIntrospection::Said said = rules.introspection->read(text, time.now);
  switch (said.verdict) {
    case OpaqueVerdict::Ask:
      judged.introspect = TokenQuestion{.digest = said.digest, .token = std::string(text)};
      return;
    case OpaqueVerdict::Unasked:
      judged.no_keys = true;
      return;
    case OpaqueVerdict::Refused:
    case OpaqueVerdict::Old:
      judged.refused = true;
      return;
    case OpaqueVerdict::Active:
      break;
  }
  const enforcement::KnownToken& token = *said.token;
  if (token.sessions.empty())
    (settings_.unknown == UnknownSessions::Ask ? judged.vouched : judged.nameless) = true;
  const bool denied = take_token(token, person_of(token), rules.introspection->rules().clock_skew, time, true,
                                 judged, presented);
  if (!denied || !rules.introspection->may_revoke(said.digest, time.now)) return;
  judged.revoke = TokenQuestion{.digest = said.digest, .token = std::string(text)};
  if (!token.sessions.empty()) judged.revoked_session = token.sessions.front();
}

bool GateJudge::take_token(const enforcement::KnownToken& token, model::Ref person, Duration clock_skew,
                           const GateTime& time, bool vouched, Judged& judged,
                           std::vector<Presented>& presented) {
  bool lives = false;
  bool denied = false;
  for (const SessionDigest& session : token.sessions) {
    presented.push_back({session, true, vouched});
    const Decision decision = view_.look(settings_.source, session, time.now, time.deadlines);
    lives = lives || decision.verdict == GateVerdict::Pass || decision.verdict == GateVerdict::Warn;
    denied = denied || (decision.verdict == GateVerdict::Refuse && !decision.undecided);
  }
  if (token.id) presented.push_back({token.id, false});
  if (!person) return denied;
  // The issuer's clock may be ahead of ours. A session that began after the sign-out and is known says that
  // its tokens did, too.
  const Duration ahead = lives ? Duration{0} : clock_skew;
  const Refusal refusal = view_.denied(settings_.source, person, token.issued_at - ahead);
  if (refusal == Refusal::None) return denied;
  const Decision decision{.verdict = GateVerdict::Refuse, .refusal = refusal};
  if (worse(decision, judged.decision)) judged.decision = decision;
  return true;
}

model::Ref GateJudge::person_of(const enforcement::KnownToken& token) const {
  if (const model::Ref known = token.person();
      known || token.subject.empty() || token.name_space.empty() || !settings_.tokens.person)
    return known;
  const model::Ref found = settings_.tokens.person(token.name_space, token.subject);
  if (found) token.know_person(found);
  return found;
}

// Nothing is cleared: keys that are not here yet may make it a good one.
GateAnswer GateJudge::invalid_token(enforcement::TokenFault fault) const {
  const Refusal refusal = enforcement::is_only_late(fault) ? Refusal::Expired : Refusal::UnknownSession;
  GateAnswer answer = gate_pages::signed_out(401, refusal, settings_.sign_in, settings_.pages);
  challenge_for_token(answer);
  return answer;
}

GateAnswer GateJudge::refused_token() const {
  GateAnswer answer = gate_pages::signed_out(401, Refusal::Expired, settings_.sign_in, settings_.pages);
  challenge_for_token(answer);
  return answer;
}

}  // namespace curfew::api
