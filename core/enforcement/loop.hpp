// The closed loop of one order: look, intend, act, take the answer, prove, next step.
//
//   Loop loop(order, now, events);
//   loop.begin();  …  loop.answer(0, AnswerCode::Accepted);  …  loop.probe(0, 2, Dead, Alive);  …
//   loop.wake();
//
// An order whose ladder ended without a proof is watched: the proof may come later (a cache empties, a token
// expires), and a sign of life turns `contained` and `unproven` into `still_alive`. A sign of life after a
// proof takes the proof back.
//
// Pure: it changes the order and appends what must happen, in order, to `events`. An accepted call, a "not
// found" and silence prove nothing. next_wake says when it wants to be woken.
//
// Threads: values. Owns: nothing.
#pragma once

#include <string>
#include <vector>

#include "core/enforcement/order.hpp"

namespace curfew::enforcement {

enum class EventKind : std::uint8_t {
  Intent,    // record the intent of a step, then carry it out (or undo it: `revert`)
  Ask,       // ask a source whether the session lives
  Step,      // a step's verdict
  Order,     // the order's outcome
  Reverted,  // a step is undone
  Alert,     // somebody must look
};

struct Event {
  EventKind kind = EventKind::Alert;
  std::uint32_t step = 0;
  bool revert = false;
  std::string text;
};

inline constexpr Duration probe_patience{std::chrono::seconds(15)};
inline constexpr Duration answer_patience{std::chrono::seconds(60)};
inline constexpr Duration first_backoff{std::chrono::seconds(1)};
inline constexpr Duration longest_backoff{std::chrono::seconds(60)};
inline constexpr Duration expiry_skew{std::chrono::seconds(60)};
// An order that ended without a proof is looked after for so long, with growing pauses.
inline constexpr Duration watch_for{std::chrono::hours(24)};
inline constexpr Duration longest_watch_pause{std::chrono::minutes(10)};
// What a source dates so little after a proof may be its clock's doing.
inline constexpr Duration contradiction_skew{std::chrono::seconds(2)};
inline constexpr Duration revert_pause{std::chrono::seconds(60)};
inline constexpr std::uint32_t most_revert_tries = 10;

class Loop {
 public:
  Loop(Order& order, Time now, std::vector<Event>& events) : order_(order), now_(now), events_(events) {}

  void begin();
  void answer(std::uint32_t step, model::AnswerCode code);
  void probe(std::uint32_t step, std::uint32_t number, model::Liveness session, model::Liveness control);
  void wake();
  // After a start: what was asked or done without an answer is looked at, never blindly done again.
  void restarted();
  void session_acted(Time occurred_at);
  void session_ended(Proof proof, Time occurred_at);
  // The reason for it is gone. What can be undone is.
  void withdraw();
  void dismiss(const std::string& why);

 private:
  void begin_step(std::uint32_t index);
  void intend(std::uint32_t index);
  void ask(std::uint32_t index);
  void start_proving(Step& step, std::uint32_t index);
  void conclude_step(std::uint32_t index, Verdict verdict, Proof proof = Proof::None);
  void give_up(std::uint32_t index);
  void advance();
  void conclude(model::Outcome outcome);
  void watch();
  void wake_watch();
  // What a source's answer proves of a step's effect.
  [[nodiscard]] static Proof shown_by(const Step& step, model::Liveness session, model::Liveness control);
  static void take_alive(Step& step);
  void take_watch_probe(std::uint32_t index, model::Liveness session, model::Liveness control);
  void prove_late(std::uint32_t index, Proof proof);
  void found_alive(const std::string& why);
  [[nodiscard]] model::Outcome exhausted() const;
  void wake_step(std::uint32_t index);
  void wake_revert(std::uint32_t index);
  void take_revert_answer(std::uint32_t index, model::AnswerCode code);
  [[nodiscard]] std::uint32_t group_end(std::uint32_t begin) const;

  Order& order_;
  Time now_;
  std::vector<Event>& events_;
};

// Epoch: nothing waits.
[[nodiscard]] Time next_wake(const Order& order);

}  // namespace curfew::enforcement
