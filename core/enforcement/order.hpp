// A sign-out as the engine keeps it: the order and the steps of its ladder.
//
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/facts.hpp"
#include "core/model/gate.hpp"
#include "core/model/rows.hpp"
#include "core/model/state_bytes.hpp"

namespace curfew::enforcement {

// Where a step stands.
enum class Phase : std::uint8_t {
  Waiting,  // its turn has not come
  Looking,  // asked whether the session lives, before acting
  Acting,   // the intent is recorded, the answer is not here
  Proving,  // answered; looking for a proof
  Done,
};

enum class Verdict : std::uint8_t { None, Delivered, Proven, Contained, StillAlive, Unproven, Failed };

// What made a proof one.
enum class Proof : std::uint8_t {
  None,
  DeadAfterAlive,     // (a) dead now, alive before the step
  DeadBesideControl,  // (a) dead now, a control session alive in the same minute
  RefusedCredential,  // (b) the source refused the session's own credential
  Expired,            // (c) the stated hard expiry passed, clock skew added
  StatedEnd,          // the source itself recorded the session's end
};

enum class Revert : std::uint8_t { None, Planned, Acting, Done, Failed };

struct Step {
  model::LadderStep ladder;
  std::string source;        // that acts
  std::string probe_source;  // that is asked; empty: nobody can prove
  bool at_gate = false;      // the source is a gate of ours: it contains, it never proves
  Phase phase = Phase::Waiting;
  Verdict verdict = Verdict::None;
  Proof proof = Proof::None;
  bool answered = false;
  model::AnswerCode answer = model::AnswerCode::Failed;
  bool in_doubt = false;   // a daemon that ended may have done it, or not
  std::uint32_t acts = 0;  // intents to carry it out
  bool alive_before = false;
  bool alive_after = false;  // the newest sign is that it lives
  // The source's "dead" was believed, and the session went on: until it says "alive" itself, no "dead" of
  // it about this session is a proof.
  bool contradicted = false;
  Time intended_at{};
  Time answered_at{};
  Time prove_by{};
  std::uint32_t probes = 0;  // asked so far; the newest one's number
  bool probe_open = false;
  Time probe_asked_at{};
  Time next_probe_at{};
  Duration backoff{0};
  Revert revert = Revert::None;
  Time revert_at{};  // when planned; when acting: when to give its answer up
  std::uint32_t revert_tries = 0;
};

struct Order {
  model::OrderNumber number = 0;
  model::SessionNumber session = 0;  // 0: about the subject
  model::Ref subject;
  std::vector<model::Identifier> identifiers;
  std::string session_source;
  model::SessionDigest digest;
  std::string reason;
  std::string policy;  // whose cap it counts against; empty: an operator's
  model::ViolationNumber violation = 0;
  model::OrderNumber follows = 0;  // whose step had reached its person before this session came to light
  std::string ordered_by;
  model::Outcome outcome = model::Outcome::Pending;
  std::string held_because;
  Time breached_at{};
  Time ordered_at{};
  Time concluded_at{};
  Time reverted_at{};
  Time expires_at{};   // hard expiry that the source stated; epoch: none
  Time watch_until{};  // ended without a proof: looked after until then; epoch: not
  bool hold = false;   // a hold follows its proof
  model::Refusal refusal = model::Refusal::Policy;  // what a gate says meanwhile
  bool guarded = false;     // a gate of ours refuses the session while this order stands
  std::uint32_t group = 0;  // first step of the group that runs
  std::vector<Step> steps;

  [[nodiscard]] bool running() const { return concluded_at == Time{} && outcome != model::Outcome::Held; }
  // Over, but without a proof, which may come yet.
  [[nodiscard]] bool watched() const { return watch_until != Time{}; }
  [[nodiscard]] bool acted() const;
  // When its first step was intended that does more than tell somebody; epoch: none was.
  [[nodiscard]] Time first_act_at() const;
  // The newest step that acted on the session elsewhere than at our gate.
  [[nodiscard]] std::optional<std::uint32_t> last_act() const;
  [[nodiscard]] bool reverting() const;
};

[[nodiscard]] bool is_reversible(model::Action action) noexcept;
// Whether it ends more than the one session that it was ordered for.
[[nodiscard]] bool hits_subject(model::Action action) noexcept;
// When its newest step acted that ends all sessions of its person at the source; epoch: none did.
[[nodiscard]] Time cleared_at(const Order& order, const std::string& source);
// Whether a gate must not let the session pass because of it: from the order's intent on, whatever came of
// it.
[[nodiscard]] bool refuses(const Order& order) noexcept;
[[nodiscard]] std::string trail(const Order& order);
[[nodiscard]] model::SignOutRow to_row(const Order& order);
void save(const Order& order, model::StateWriter& writer, const model::Symbols& symbols);
[[nodiscard]] Order load_order(model::StateReader& reader, model::Symbols& symbols);

}  // namespace curfew::enforcement

namespace curfew::model {
template <>
struct Names<enforcement::Verdict> {
  static constexpr std::array<std::string_view, 7> all{"none",        "delivered", "proven", "contained",
                                                       "still_alive", "unproven",  "failed"};
};
template <>
struct Names<enforcement::Proof> {
  static constexpr std::array<std::string_view, 6> all{
      "none", "dead_after_alive", "dead_beside_control", "refused_credential", "expired", "stated_end"};
};
template <>
struct Names<enforcement::Revert> {
  static constexpr std::array<std::string_view, 5> all{"none", "planned", "acting", "done", "failed"};
};
}  // namespace curfew::model
