// What the engine ought to do, as plainly as it can be said: everything is a list, every question is asked of
// every element again. It shares nothing with the engine but core/model. It observes; sign-outs are not in
// it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/model/input.hpp"

namespace curfew::model_test {

// Whether nobody was asked who they are when it began.
[[nodiscard]] bool is_silent(const model::SessionRow& row);

class Reference {
 public:
  explicit Reference(model::Symbols& symbols) : symbols_(symbols) {}
  void apply(const model::Input& input);

  struct Violation {
    std::string policy;
    model::SessionNumber session = 0;
    Time breached_at{};
    Time detected_at{};
    Time withdrawn_at{};
    auto operator<=>(const Violation&) const = default;
  };
  struct Warning {
    std::string policy;
    model::Rule rule = model::Rule::SessionTimeout;
    model::SessionNumber session = 0;
    Time deadline{};
    bool has_channels = false;
    auto operator<=>(const Warning&) const = default;
  };
  // Rows of all sessions that are still remembered, by number.
  [[nodiscard]] std::vector<model::SessionRow> sessions() const;
  [[nodiscard]] std::vector<Violation> violations() const;
  [[nodiscard]] const std::vector<Warning>& warnings() const { return warnings_; }
  // The sessions that a selection means, and how many of the others nobody can call idle or not.
  struct Meant {
    std::vector<model::SessionNumber> sessions;
    std::size_t not_judged = 0;
  };
  [[nodiscard]] Meant meant(const model::Selection& selection) const;
  [[nodiscard]] std::size_t links() const { return links_; }
  [[nodiscard]] std::size_t silences() const { return silences_; }

 private:
  struct Identifier {
    std::string name_space;
    model::Ref value;
  };
  struct Mark {  // of one policy and one session
    Time warned_for{}, base{}, breached_at{}, resumed_at{};
    bool open = false;
    std::size_t violation = 0;
  };
  struct Sighting {
    Time at{};
    std::uint64_t value = 0;
    bool fresh = false;  // told with the credentials
  };
  struct Session {
    model::SessionRow row;
    model::Ref identifier;
    Time state_at{}, closed_at{}, first_fresh{};
    bool has_key = true;
    std::map<std::size_t, Mark> marks;
    // Where it was used from, of each source's telling, since the newest credentials.
    std::map<std::pair<std::string, model::Bond>, std::vector<Sighting>> seen;
    [[nodiscard]] bool lives() const { return row.state != model::SessionState::Ended; }
    [[nodiscard]] Time last() const {
      return std::max(row.last_person_activity_at, row.last_machine_activity_at);
    }
  };
  struct Source {
    model::SourcePolicy settings;
    Time newest{}, observed{}, heard{};
    bool caught_up = true, closed = false, silent = false;
    Time catch_up_by{};  // epoch: no backlog is waited for
  };

  void fire(Time until);
  bool fire_next(Time until);
  void observe(const model::Facts& facts);
  void observe_session(const model::Facts& facts);
  void learn(std::vector<Identifier> told, model::Ref known, const std::string& source);
  [[nodiscard]] bool reads_backlog(const Session& session) const {
    return sources_.at(session.row.source).catch_up_by != Time{};
  }
  void count_concurrency();
  void count_failures();
  void judge_devices();
  void judge_resign_ins();
  void judge_accounts();
  void check_account(Session& session, Time at);
  [[nodiscard]] std::vector<Time> breached_changes(const Session& session, const model::Policy& policy,
                                                   Time at, Time proved_until) const;
  [[nodiscard]] bool proved(const Session& session, Time from, Time to) const;
  void remember_fresh(const Session& session);
  void check_resume(Session& session, const model::Facts& facts, model::SessionState was, Time was_since);
  void excuse_resumes(const Session& proven, Time at);
  void judge_intervals(Session& session, Time fresh_at);
  void see_from_where(Session& session, const model::Facts& facts, bool person_acted);
  void judge_places();
  // Of hours: the next breach of a session as its mark stands.
  [[nodiscard]] Time closing(std::size_t policy, const Session& session);
  [[nodiscard]] Time look_for(std::size_t policy, Time from, bool open);
  [[nodiscard]] bool same_person(const Session& a, const Session& b) const;
  void after_end(Session& session, Time activity_at);
  void open(std::size_t policy, Session& session, Time base, Time breached_at);
  void withdraw(Mark& mark);
  void withdraw_from(Session& session, Time ended_at);
  [[nodiscard]] bool in_scope(const model::Policy& policy, const Session& session) const;
  [[nodiscard]] bool concerns(const model::Policy& policy, const Session& session) const;
  [[nodiscard]] bool passed(const std::string& source, Time deadline) const;
  [[nodiscard]] std::vector<std::string> shown_by(const std::string& source) const;
  [[nodiscard]] bool may_fire(const Session& session, Time deadline) const;
  [[nodiscard]] std::size_t person(model::Ref identifier) const;  // index into people_; its size: none

  model::Symbols& symbols_;
  model::PolicySet set_;
  Time now_{};
  model::SessionNumber last_number_ = 0;
  std::map<model::SessionNumber, Session> sessions_;
  std::map<std::string, Source> sources_;
  std::vector<std::vector<Identifier>> people_;
  std::vector<model::Ref> age_;  // identifiers, oldest first
  std::vector<std::tuple<model::Ref, Time, std::uint32_t, Time>> failures_;
  struct Statement {
    model::Ref identifier;
    Time at{};
    model::ObservationType type{};
    std::string source;
  };
  std::map<std::string, std::vector<model::Ref>> groups_;
  std::vector<Statement> statements_;         // about accounts
  std::map<model::Ref, Time> fresh_of_gone_;  // of sessions that are remembered no more
  std::map<std::tuple<std::size_t, Time, bool>, Time> looked_;
  std::vector<Violation> violations_;
  std::vector<Warning> warnings_;
  Time forgotten_until_{};  // newest end, or fresh credentials, of a session that is remembered no more
  std::size_t links_ = 0, silences_ = 0;
};

}  // namespace curfew::model_test
