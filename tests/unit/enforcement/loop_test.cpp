#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "core/enforcement/loop.hpp"

namespace curfew::enforcement {
namespace {

using model::Action;
using model::AnswerCode;
using model::Liveness;
using model::Outcome;

constexpr Time day{Duration{1'700'000'000'000'000}};
Time at(std::int64_t seconds) { return day + std::chrono::seconds(seconds); }

Step step(Action action, bool can_prove = true) {
  Step step;
  step.ladder.action = action;
  step.ladder.prove_within = std::chrono::seconds(10);
  step.source = "crm";
  if (can_prove) step.probe_source = "crm";
  return step;
}

// An order under way, and what its loop asked for.
struct Attempt {
  explicit Attempt(std::vector<Step> steps) {
    order.number = 1;
    order.ordered_at = at(0);
    order.steps = std::move(steps);
  }
  Loop loop(std::int64_t time) { return Loop(order, at(time), events); }
  // The newest probe of a step is answered.
  void probe(std::int64_t time, Liveness session, Liveness control = Liveness::Unknown,
             std::uint32_t of = 0) {
    loop(time).probe(of, order.steps[of].probes, session, control);
  }
  void answer(std::int64_t time, AnswerCode code, std::uint32_t of = 0) { loop(time).answer(of, code); }
  // Wakes it whenever it wants to be, up to `until`; every probe that it asks is answered alike.
  void wait(std::int64_t until, Liveness session, Liveness control = Liveness::Unknown) {
    for (Time wake = next_wake(order); wake != Time{} && wake <= at(until); wake = next_wake(order)) {
      ASSERT_LT(++woken, 1000) << "it wants to be woken for nothing";
      const std::size_t before = events.size();
      Loop(order, wake, events).wake();
      for (std::size_t i = before; i < events.size(); ++i) {
        if (events[i].kind != EventKind::Ask) continue;
        const std::uint32_t of = events[i].step;
        Loop(order, wake, events).probe(of, order.steps[of].probes, session, control);
      }
    }
  }
  [[nodiscard]] std::size_t count(EventKind kind) const {
    std::size_t n = 0;
    for (const Event& event : events) n += event.kind == kind;
    return n;
  }
  Order order;
  std::vector<Event> events;
  int woken = 0;
};

struct Case {
  std::string name;
  std::vector<Step> steps;
  std::function<void(Attempt&)> told;
  Outcome outcome = Outcome::Pending;
  Verdict first = Verdict::None;
  Proof proof = Proof::None;
  std::size_t intents = 0;
  std::size_t alerts = 0;
};

Step at_gate(Step step) {
  step.at_gate = true;
  return step;
}
Step optional(Step step) {
  step.ladder.required = false;
  return step;
}
Step together(Step step) {
  step.ladder.together = true;
  return step;
}

std::vector<Case> cases() {
  const Step out = step(Action::SignOutSession);
  const Step revoke = step(Action::RevokeTokens);
  const Step blind = step(Action::SignOutSession, false);
  const Step notice = step(Action::Notify);
  return {
      {"dead after alive is proven",
       {out},
       [](Attempt& r) {
         r.probe(1, Liveness::Alive);
         r.answer(2, AnswerCode::Accepted);
         r.probe(3, Liveness::Dead);
       },
       Outcome::Proven,
       Verdict::Proven,
       Proof::DeadAfterAlive,
       1,
       0},
      {"dead, neither alive before nor beside a control, is not",
       {out},
       [](Attempt& r) {
         r.probe(1, Liveness::Unknown);
         r.answer(2, AnswerCode::Accepted);
         r.wait(60, Liveness::Dead);
       },
       Outcome::Unproven,
       Verdict::Unproven,
       Proof::None,
       1,
       1},
      {"dead beside a living control is proven",
       {out},
       [](Attempt& r) {
         r.probe(1, Liveness::Unknown);
         r.answer(2, AnswerCode::Accepted);
         r.probe(3, Liveness::Dead, Liveness::Alive);
       },
       Outcome::Proven,
       Verdict::Proven,
       Proof::DeadBesideControl,
       1,
       0},
      {"dead already, beside a living control: nothing is done",
       {out},
       [](Attempt& r) { r.probe(1, Liveness::Dead, Liveness::Alive); },
       Outcome::Proven,
       Verdict::Proven,
       Proof::DeadBesideControl,
       0,
       0},
      {"not found proves nothing",
       {blind},
       [](Attempt& r) {
         r.answer(2, AnswerCode::NotFound);
         r.wait(60, Liveness::Unknown);
       },
       Outcome::Unproven,
       Verdict::Unproven,
       Proof::None,
       1,
       1},
      {"a source that accepts and lies is found still alive, and the next step comes",
       {out, revoke},
       [](Attempt& r) {
         r.probe(1, Liveness::Alive);
         r.answer(2, AnswerCode::Accepted);
         r.probe(2, Liveness::Alive);
         r.wait(12, Liveness::Alive);
       },
       Outcome::StillAlive,
       Verdict::StillAlive,
       Proof::None,
       2,
       0},
      {"a refusal goes on to the next step",
       {out, blind},
       [](Attempt& r) {
         r.probe(1, Liveness::Alive);
         r.answer(2, AnswerCode::Refused);
       },
       Outcome::Pending,
       Verdict::Failed,
       Proof::None,
       2,
       0},
      {"no answer may have worked, and is looked at",
       {out},
       [](Attempt& r) {
         r.probe(1, Liveness::Alive);
         r.wait(61, Liveness::Dead);
         r.probe(62, Liveness::Dead);
       },
       Outcome::Proven,
       Verdict::Proven,
       Proof::DeadAfterAlive,
       1,
       0},
      {"the end of the ladder is unproven, with an alert",
       {blind, blind},
       [](Attempt& r) {
         r.answer(1, AnswerCode::Refused);
         r.answer(2, AnswerCode::Unsupported, 1);
       },
       Outcome::Unproven,
       Verdict::Failed,
       Proof::None,
       2,
       1},
      {"an optional step that fails beside one that is proven",
       {optional(blind), together(out)},
       [](Attempt& r) {
         r.answer(1, AnswerCode::Failed);
         r.probe(1, Liveness::Alive, Liveness::Unknown, 1);
         r.answer(2, AnswerCode::Accepted, 1);
         r.probe(3, Liveness::Dead, Liveness::Unknown, 1);
       },
       Outcome::Proven,
       Verdict::Failed,
       Proof::None,
       2,
       0},
      {"a required step that fails beside one that is proven",
       {blind, together(out)},
       [](Attempt& r) {
         r.answer(1, AnswerCode::Failed);
         r.probe(1, Liveness::Alive, Liveness::Unknown, 1);
         r.answer(2, AnswerCode::Accepted, 1);
         r.probe(3, Liveness::Dead, Liveness::Unknown, 1);
       },
       Outcome::Unproven,
       Verdict::Failed,
       Proof::None,
       2,
       1},
      {"a stated expiry that passed after a step",
       {blind},
       [](Attempt& r) {
         r.order.expires_at = at(5);
         r.order.steps[0].ladder.prove_within = std::chrono::seconds(600);
         r.answer(1, AnswerCode::Accepted);
         r.wait(65, Liveness::Unknown);
       },
       Outcome::Proven,
       Verdict::Proven,
       Proof::Expired,
       1,
       0},
      {"a stated expiry, a minute for the clocks not yet over",
       {blind},
       [](Attempt& r) {
         r.order.expires_at = at(5);
         r.order.steps[0].ladder.prove_within = std::chrono::seconds(600);
         r.answer(1, AnswerCode::Accepted);
         r.wait(64, Liveness::Unknown);
       },
       Outcome::Pending,
       Verdict::None,
       Proof::None,
       1,
       0},
      {"a gate of ours contains, whatever it says of the session",
       {at_gate(out)},
       [](Attempt& r) {
         r.probe(1, Liveness::Alive);
         r.answer(2, AnswerCode::Accepted);
         r.probe(2, Liveness::Dead, Liveness::Alive);
         r.wait(60, Liveness::Dead, Liveness::Alive);
       },
       Outcome::Contained,
       Verdict::Contained,
       Proof::None,
       1,
       1},
      {"a gate that refused contains nothing",
       {at_gate(out)},
       [](Attempt& r) {
         r.probe(1, Liveness::Alive);
         r.answer(2, AnswerCode::Refused);
       },
       Outcome::Unproven,
       Verdict::Failed,
       Proof::None,
       1,
       1},
      {"the session's stated end while a notice is out",
       {notice, blind},
       [](Attempt& r) { r.loop(1).session_ended(Proof::StatedEnd, at(1)); },
       Outcome::Proven,
       Verdict::Delivered,
       Proof::StatedEnd,
       1,
       0},
      {"an expiry while only a notice is left of a group whose step failed",
       {notice, together(blind)},
       [](Attempt& r) {
         r.order.expires_at = at(1);
         r.order.steps[0].ladder.prove_within = std::chrono::seconds(600);
         r.answer(1, AnswerCode::Accepted);
         r.answer(2, AnswerCode::Refused, 1);
         r.wait(600, Liveness::Unknown);
       },
       Outcome::Proven,
       Verdict::Delivered,
       Proof::Expired,
       2,
       0},
      {"a refused credential from before the step",
       {blind},
       [](Attempt& r) {
         r.answer(5, AnswerCode::Accepted);
         r.loop(6).session_ended(Proof::RefusedCredential, at(4));
       },
       Outcome::Pending,
       Verdict::None,
       Proof::None,
       1,
       0},
      {"an answer to a probe that nobody waits for any more",
       {out},
       [](Attempt& r) {
         r.probe(1, Liveness::Alive);
         r.answer(2, AnswerCode::Accepted);
         r.loop(3).probe(0, 1, Liveness::Dead, Liveness::Alive);
       },
       Outcome::Pending,
       Verdict::None,
       Proof::None,
       1,
       0},
  };
}

TEST(Loop, ConcludesWhatItsEvidenceShowsAndNoMore) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    Attempt run(c.steps);
    run.loop(0).begin();
    c.told(run);
    EXPECT_EQ(run.order.outcome, c.outcome);
    EXPECT_EQ(run.order.steps[0].verdict, c.first);
    EXPECT_EQ(run.order.steps[0].proof, c.proof);
    EXPECT_EQ(run.count(EventKind::Intent), c.intents);
    EXPECT_EQ(run.count(EventKind::Alert), c.alerts);
    const bool concludes =
        c.outcome == Outcome::Proven || c.outcome == Outcome::Unproven || c.outcome == Outcome::Contained;
    EXPECT_EQ(run.order.concluded_at != Time{}, concludes);
  }
}

TEST(Loop, BeginsTheStepsOfAGroupAtOnce) {
  Attempt run({step(Action::SignOutSession, false), together(step(Action::RevokeTokens, false)),
               step(Action::DisableAccount, false)});
  run.loop(0).begin();
  ASSERT_EQ(run.count(EventKind::Intent), 2U);
  EXPECT_EQ(run.order.steps[2].phase, Phase::Waiting);
}

TEST(Loop, LooksAfterARestartAtAnActWithoutAnswerAndDoesNotRepeatIt) {
  Attempt run({step(Action::SignOutSession), step(Action::RevokeTokens)});
  run.loop(0).begin();
  run.probe(1, Liveness::Alive);
  ASSERT_EQ(run.order.steps[0].phase, Phase::Acting);
  run.loop(100).restarted();
  EXPECT_EQ(run.order.steps[0].phase, Phase::Proving);
  EXPECT_EQ(run.events.back().kind, EventKind::Ask);
  EXPECT_EQ(run.count(EventKind::Intent), 1U);
  run.probe(101, Liveness::Dead);
  EXPECT_EQ(run.order.outcome, Outcome::Proven);
}

TEST(Loop, DoesAgainWhatARestartLeftInDoubtOnceItsLookSawTheSessionAlive) {
  Attempt run({step(Action::SignOutSession)});
  run.loop(0).begin();
  run.probe(1, Liveness::Alive);
  run.loop(100).restarted();
  EXPECT_EQ(run.count(EventKind::Intent), 1U) << "nothing is done before somebody looked";
  run.probe(101, Liveness::Unknown);
  EXPECT_EQ(run.count(EventKind::Intent), 1U) << "who does not know has seen nothing";
  run.wait(103, Liveness::Alive);
  EXPECT_EQ(run.count(EventKind::Intent), 2U);
  EXPECT_EQ(run.order.steps[0].phase, Phase::Acting);
  run.answer(104, AnswerCode::Accepted);
  run.probe(105, Liveness::Alive);
  EXPECT_EQ(run.count(EventKind::Intent), 2U) << "an answer leaves no doubt";
  run.wait(107, Liveness::Dead);
  EXPECT_EQ(run.order.outcome, Outcome::Proven);
  EXPECT_EQ(run.order.steps[0].acts, 2U);
}

TEST(Loop, DoesAgainWhatARestartLeftInDoubtOnceTheSessionActs) {
  Attempt run({step(Action::SignOutSession)});
  run.order.steps[0].probe_source.clear();
  run.loop(0).begin();
  run.loop(100).restarted();
  run.loop(101).session_acted(at(50));
  EXPECT_EQ(run.count(EventKind::Intent), 1U) << "that was before the restart";
  run.loop(105).session_acted(at(104));
  EXPECT_EQ(run.count(EventKind::Intent), 2U);
}

TEST(Loop, DoesNotHoldTheTimeInWhichNobodyCouldLookAgainstAStep) {
  Attempt run({step(Action::SignOutSession), step(Action::DisableAccount)});
  run.loop(0).begin();
  run.probe(1, Liveness::Alive);
  run.answer(2, AnswerCode::Accepted);
  run.loop(100).restarted();
  // The auth system is not reachable at once.
  run.probe(101, Liveness::Unknown);
  EXPECT_EQ(run.order.steps[1].phase, Phase::Waiting);
  run.wait(105, Liveness::Dead);
  EXPECT_EQ(run.order.outcome, Outcome::Proven);
  EXPECT_EQ(run.count(EventKind::Intent), 1U);
}

TEST(Loop, GoesOnToTheNextStepWhenNoLookAfterARestartShowsAProof) {
  Attempt run({step(Action::SignOutSession), step(Action::DisableAccount)});
  run.loop(0).begin();
  run.probe(1, Liveness::Alive);
  run.answer(2, AnswerCode::Accepted);
  run.loop(100).restarted();
  run.probe(101, Liveness::Alive);
  run.wait(111, Liveness::Alive);
  EXPECT_EQ(run.order.steps[0].verdict, Verdict::StillAlive);
  EXPECT_EQ(run.count(EventKind::Intent), 2U);
}

// A source that answers "not found" to everything is not proved right by what the log shows: the client goes
// on.
TEST(Loop, ActivityMakesNoLaterDeadAProof) {
  Attempt run({step(Action::SignOutSession)});
  run.loop(0).begin();
  run.loop(1).session_acted(at(1));  // looking
  run.probe(2, Liveness::Dead, Liveness::Dead);
  run.loop(3).session_acted(at(3));  // acting
  run.answer(4, AnswerCode::Accepted);
  run.probe(5, Liveness::Dead, Liveness::Dead);
  run.loop(6).session_acted(at(6));  // proving
  run.wait(15, Liveness::Dead, Liveness::Dead);
  EXPECT_EQ(run.order.steps[0].verdict, Verdict::StillAlive);
  EXPECT_EQ(run.order.outcome, Outcome::StillAlive);
  run.loop(16).session_acted(at(16));  // watched
  run.wait(120, Liveness::Dead, Liveness::Dead);
  EXPECT_EQ(run.order.outcome, Outcome::StillAlive);
  run.wait(600, Liveness::Dead, Liveness::Alive);
  EXPECT_EQ(run.order.outcome, Outcome::Proven);
  EXPECT_EQ(run.order.steps[0].proof, Proof::DeadBesideControl);
}

TEST(Loop, ASourceFoundWrongIsBelievedAgainOnlyAfterItSaysAliveItself) {
  Attempt run({step(Action::SignOutSession)});
  run.loop(0).begin();
  run.probe(1, Liveness::Alive);
  run.answer(2, AnswerCode::Accepted);
  run.probe(3, Liveness::Dead);
  ASSERT_EQ(run.order.outcome, Outcome::Proven);
  run.loop(200).session_acted(at(200));
  ASSERT_EQ(run.order.outcome, Outcome::StillAlive);
  run.wait(260, Liveness::Dead);
  run.wait(600, Liveness::Dead, Liveness::Alive);
  EXPECT_EQ(run.order.outcome, Outcome::StillAlive);
  run.loop(601).session_acted(at(601));
  EXPECT_EQ(run.count(EventKind::Alert), 1U) << "one lie, one alert";
  run.wait(1400, Liveness::Alive);
  run.wait(2400, Liveness::Dead);
  EXPECT_EQ(run.order.outcome, Outcome::Proven);
}

}  // namespace
}  // namespace curfew::enforcement
