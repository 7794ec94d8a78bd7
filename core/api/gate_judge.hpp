// Judges the requests that a gate is asked about: which session, which path, what a stranger may do; and
// words the answer. No sockets here: core/api/gate_server brings requests and takes answers.
//
//   GateJudge judge(settings, view);
//   judge.set_rules(json, digest_key);
//   judge.set_keys(jwks);                     // where a credential is a signed token
//   const GateAnswer answer = judge.answer({.method = "GET", .target = "/check", …});
//   if (answer.ask) …  // the source must be asked first; then judge.learnt(…) and answer again
//
// Threads: set_rules, set_keys, loaded and learnt from any; answer from any, at once. Owns: rules and the
// answers that the source gave; not the view. Fails: Error(Configuration) for paths and addresses that are
// none.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/gate_introspection.hpp"
#include "core/api/gate_paths.hpp"
#include "core/api/gate_tokens.hpp"
#include "core/enforcement/credential_rules.hpp"
#include "core/enforcement/gate_view.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::api {

enum class UnknownSessions : std::uint8_t { Allow, Deny, Ask };
enum class FailMode : std::uint8_t { Open, Closed };

// The gate's time, and whether deadlines may be judged by it.
struct GateTime {
  Time now{};
  bool deadlines = true;
};

struct GateSettings {
  std::string name;    // of the gate, in metrics
  std::string source;  // whose sessions
  std::vector<std::string> proxies{"127.0.0.1", "::1"};
  std::vector<std::string> public_paths;
  std::vector<std::string> machine_paths;
  std::vector<std::string> machine_headers;  // "x-poll", "x-requested-with: background"
  UnknownSessions unknown = UnknownSessions::Allow;
  Duration learn_for{0};
  FailMode fail = FailMode::Closed;
  std::string sign_in = "/";       // the application's own page for signing in
  std::string pages = "/curfew/";  // where the proxy serves this gate's pages
  std::string warning_header = "X-Curfew-Warning";
  std::string cookie_path = "/";
  std::string cookie_domain;
  std::function<GateTime()> clock;
  GateTokenLinks tokens;
};

// What a decision was, for metrics.
enum class GateDecision : std::uint8_t {
  Pass,
  Warn,
  Refuse,
  Public,     // a public path
  Anonymous,  // no credential, and strangers may pass
  UnknownPassed,
  UnknownRefused,
  FailedOpen,  // the gate could not know, and lets pass
  FailedClosed,
  Malformed,     // more credentials than a browser sends
  InvalidToken,  // signed by nobody who may, expired, or for others
  RefusedToken,  // its issuer says that it is over, or it is not for us
};

}  // namespace curfew::api

template <>
struct curfew::model::Names<curfew::api::GateDecision> {
  static constexpr std::array<std::string_view, 12> all{
      "pass",          "warn",           "refuse",          "public",
      "anonymous",     "unknown_passed", "unknown_refused", "failed_open",
      "failed_closed", "malformed",      "invalid_token",   "refused_token"};
};
template <>
struct curfew::model::Names<curfew::api::UnknownSessions> {
  static constexpr std::array<std::string_view, 3> all{"allow", "deny", "ask"};
};
template <>
struct curfew::model::Names<curfew::api::FailMode> {
  static constexpr std::array<std::string_view, 2> all{"open", "closed"};
};

namespace curfew::api {

using HeaderView = std::pair<std::string_view, std::string_view>;  // names as they came

struct GateRequest {
  std::string_view method;
  std::string_view target;  // path and query
  std::string_view peer;    // address
  std::span<const HeaderView> headers;
};

struct GateAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view content_type;
  std::string body;
  std::optional<GateDecision> decision;  // of /check
  // The source has to be asked about this session before there is an answer.
  std::optional<model::SessionDigest> ask;
  // … about this token.
  std::optional<TokenQuestion> introspect;
  // This is the answer; before it is given, the issuer is to be asked to revoke this token.
  std::optional<TokenQuestion> revoke;
  model::SessionDigest revoked_session;  // whose it is; none: not known
};

class GateJudge {
 public:
  GateJudge(GateSettings settings, enforcement::GateView& view);
  ~GateJudge();

  [[nodiscard]] const GateSettings& settings() const { return settings_; }
  // Rules that model::parse_credential_rules takes; until they are there the gate fails as it is told to.
  void set_rules(std::string_view json, std::string digest_key);
  [[nodiscard]] bool has_rules() const { return rules() != nullptr; }
  // A JWK set that jose::KeySet::parse takes, for the tokens of these and of later rules.
  void set_keys(std::string_view jwks);
  // How long a token of these rules may be used after it was issued; none: there are no tokens.
  [[nodiscard]] std::optional<Duration> token_life() const;
  // The view is complete: learn_for begins.
  void loaded(Time now) { loaded_at_.store(base::to_micros(now)); }
  // What the source said of an unknown session; Unknown: it did not say.
  void learnt(const model::SessionDigest& session, model::Liveness liveness, Time now);
  // … of a token; its question's digest.
  void introspected(const model::SessionDigest& token, const model::IntrospectedToken& said, Time now);
  // Its issuer was asked to revoke it.
  void revoked(const model::SessionDigest& token, Time now);

  [[nodiscard]] GateAnswer answer(const GateRequest& request);

 private:
  struct Rules;
  struct Learnt;
  GateAnswer check(const GateRequest& request);
  GateAnswer status(const GateRequest& request, bool stay);
  GateAnswer explain(const GateRequest& request, int status, std::optional<model::Refusal> reason);
  GateAnswer refused(const enforcement::Decision& why, GateDecision decision, const Rules* rules) const;
  void add_clearing(GateAnswer& answer, const Rules& rules, const enforcement::Decision& why) const;
  [[nodiscard]] std::shared_ptr<const Rules> rules() const;
  [[nodiscard]] bool learning(Time now) const;
  GateAnswer unknown(const model::SessionDigest& session, Time now, const Rules& rules);
  GateAnswer invalid_token(enforcement::TokenFault fault) const;
  GateAnswer refused_token() const;
  [[nodiscard]] model::ActivityClass class_of(const std::optional<std::string>& path,
                                              std::span<const HeaderView> headers) const;
  struct Judged {
    enforcement::Decision decision;
    std::vector<model::SessionDigest> unknown;  // that the rules read so
    bool any = false;                           // a credential was there
    bool too_many = false;
    bool token = false;                       // one of them was a signed token …
    bool no_keys = false;                     // … that nobody can verify now
    bool nameless = false;                    // … that names no session
    bool vouched = false;                     // … that its issuer calls active
    bool refused = false;                     // … that it refuses
    std::optional<TokenQuestion> introspect;  // … about which it is to be asked
    std::optional<TokenQuestion> revoke;      // … that it should revoke, if it is refused
    model::SessionDigest revoked_session;
    enforcement::TokenFault fault = enforcement::TokenFault::None;
  };
  // What a request presents, by what the view knows.
  struct Presented {
    model::SessionDigest session;
    bool likely = true;
    bool vouched = false;  // its issuer has just said that it lives
  };
  void read_token(std::string_view text, const Rules& rules, const GateTime& time, Judged& judged,
                  std::vector<Presented>& presented);
  void read_opaque(std::string_view text, const Rules& rules, const GateTime& time, Judged& judged,
                   std::vector<Presented>& presented);
  // Sessions, id and person of a token that is good. Whether it is refused all the same, for good.
  bool take_token(const enforcement::KnownToken& token, model::Ref person, Duration clock_skew,
                  const GateTime& time, bool vouched, Judged& judged, std::vector<Presented>& presented);
  [[nodiscard]] model::Ref person_of(const enforcement::KnownToken& token) const;
  Judged judge(const GateRequest& request, const Rules& rules, const GateTime& time,
               std::optional<model::ActivityClass> activity);
  [[nodiscard]] bool is_proxy(std::string_view peer) const;
  // Who asks: the proxy's client, if a proxy of ours says so. Not checked to be an address.
  [[nodiscard]] enforcement::GateClient client_of(const GateRequest& request) const;

  static std::uint64_t next_number();

  const std::uint64_t number_ = next_number();  // of this judge among all that there were
  const GateSettings settings_;
  enforcement::GateView& view_;
  const PathSet public_paths_;
  const PathSet machine_paths_;
  const AddressSet proxies_;
  std::vector<std::pair<std::string, std::string>> machine_headers_;
  std::shared_ptr<const Rules> rules_;  // by std::atomic_load and atomic_store
  std::mutex setting_;                  // of rules and keys
  std::string keys_;                    // that were given last
  std::atomic<std::int64_t> loaded_at_{0};
  std::unique_ptr<Learnt> learnt_;
};

}  // namespace curfew::api
