// The gate's view: what is known of each session that a gate may be asked about, and the decision whether its
// next request may pass. Neither engine nor database is asked: an entry carries the session's deadlines.
//
//   GateView view({"crm-forms"});
//   view.apply(entries);                                      // one thread, after their batch is durable
//   const Decision d = view.decide("crm-forms", digest, now, ActivityClass::Person);   // any thread
//   if (d.verdict == GateVerdict::Refuse) answer_401(d.refusal);
//   view.take_activity(now, 10s, activities);                 // one thread: what the engine has to learn
//
// A request of a person moves the session's idle deadline at once, here; the engine hears of it by
// take_activity, one record per session and class in each quantum. A session whose deadline has passed is
// refused from then on: only an entry that says `live`, with limits that leave it time, lets it pass again.
// One that an entry refused passes only when another entry says so.
//
// Threads: apply, take_activity, forget_denials and set_loaded from one thread at a time each; the rest from
// any, at once. A decision locks one of many small shards for well under a microsecond. Owns: the sessions,
// about 60 bytes each, and for a quantum what is active. Fails: never.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/gate.hpp"
#include "core/model/token_denial.hpp"

namespace curfew::enforcement {

// Unknown: no entry, so the gate's own rule for strangers decides.
enum class GateVerdict : std::uint8_t { Pass, Warn, Refuse, Unknown };

struct Decision {
  GateVerdict verdict = GateVerdict::Unknown;
  model::Refusal refusal = model::Refusal::None;  // of Refuse
  std::int64_t seconds_left = 0;                  // of Warn: until the nearest limit
  // Of Refuse: by a deadline that has passed. No entry says so yet, and one may still say that the session
  // lives on (a cap holds its sign-out back): nothing may be done that can't be taken back.
  bool undecided = false;
};

// Requests of one session and class since the last record of them.
struct GateActivity {
  std::string source;
  model::SessionDigest session;
  model::ActivityClass activity_class = model::ActivityClass::Person;
  // They were presented after an entry had refused the session, and did not pass: no activity of a session
  // that lives. Each client is told apart.
  bool refused = false;
  std::uint32_t count = 0;
  Time last_at{};
  // Of refused, as far as the proxy told; at most max_client_text bytes each.
  std::string address;
  std::string user_agent;
};

// Who makes a request. Kept of refused ones alone: a credential that comes back from another client is a
// stolen one.
struct GateClient {
  std::string_view address;
  std::string_view user_agent;
};
inline constexpr std::size_t max_client_text = 256;

class GateView {
 public:
  // The guarded sources. Entries of others are left out.
  explicit GateView(std::vector<std::string> sources);
  ~GateView();
  GateView(const GateView&) = delete;
  GateView& operator=(const GateView&) = delete;

  [[nodiscard]] bool guards(std::string_view source) const;
  void apply(std::span<const model::GateEntry> entries);
  // Every live and every refused session was applied: from now on "not there" means unknown.
  void set_loaded() { loaded_.store(true, std::memory_order_release); }
  [[nodiscard]] bool loaded() const { return loaded_.load(std::memory_order_acquire); }

  // Judges a request and, if it passes, takes it for activity. `deadlines` false: only entries refuse, as
  // long as a clock that jumped isn't trusted.
  Decision decide(std::string_view source, const model::SessionDigest& session, Time now,
                  model::ActivityClass activity_class, bool deadlines = true, const GateClient& client = {});
  // The same without being activity: what a page asks to count down by.
  [[nodiscard]] Decision look(std::string_view source, const model::SessionDigest& session, Time now,
                              bool deadlines = true);
  // Tokens of people who were signed out altogether: whether one that was issued then may pass. None: it may.
  // A denial is forgotten `longest_life` after what it is about: such tokens have expired by then. How many
  // were.
  void apply(std::span<const model::TokenDenial> denials);
  [[nodiscard]] model::Refusal denied(std::string_view source, model::Ref person, Time issued_at) const;
  std::uint64_t forget_denials(Time now, Duration longest_life);
  // Whether an entry refuses it now.
  [[nodiscard]] bool refuses(std::string_view source, const model::SessionDigest& session) const;

  // Appends what is due: the first request of a session and class at once, then what came since, once in each
  // quantum. Returns the time up to which everything was handed out.
  Time take_activity(Time now, Duration quantum, std::vector<GateActivity>& out);

  struct Counts {
    std::uint64_t live = 0;
    std::uint64_t refused = 0;
    std::uint64_t active = 0;   // with activity in the last quantum
    std::uint64_t denials = 0;  // of people's tokens, by name and sign-out
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Shard;
  struct Guarded;
  [[nodiscard]] Guarded* find(std::string_view source) const;
  Decision judge(std::string_view source, const model::SessionDigest& session, Time now, bool deadlines,
                 const model::ActivityClass* activity, const GateClient& client);

  std::vector<std::unique_ptr<Guarded>> guarded_;
  std::atomic<bool> loaded_{false};
};

}  // namespace curfew::enforcement
