// Who was in which group when, as the ledger tells it: lists of members with the time from which they hold,
// and names that are one person's. For whom a policy was, told in times: those of which it is sure, and those
// in which it may have been.
//
//   Memberships who(period.from);
//   who.tell("clerks", at, members);  who.link(at, into, from);
//   Applies applies = who.applies(policy, row.subject, from, to);
//
// What nobody told is unknown, never "no": before a group's first list, and before a person's newest name was
// linked (less names_settle_within, as the first sign-in that shows two names makes the link itself).
//
// Threads: one writes, then any read. Owns: a small value for each member of a group in the period and each
// linked name, at most `most` together; beyond that everything is unknown. Fails: never.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/model/policy.hpp"
#include "core/model/ref.hpp"
#include "core/report/spans.hpp"

namespace curfew::report {

// When a policy was for somebody.
struct Applies {
  Spans surely;
  Spans maybe;  // `surely` and more
};

class Memberships {
 public:
  static constexpr std::size_t default_most = 1'000'000;
  static constexpr Duration names_settle_within = std::chrono::minutes(5);

  // What ended before `from` is not kept.
  explicit Memberships(Time from = {}, std::size_t most = default_most) : from_(from), most_(most) {}

  // The group's whole membership from `at` on: references of names. In the order of the times.
  void tell(const std::string& group, Time at, const std::vector<model::Ref>& members);
  // The names of both are one person's, known by `into` from now on.
  void link(Time at, model::Ref into, model::Ref from);
  // Each name of this person is a person of its own from now on.
  void split(Time at, model::Ref subject);
  // Lays out groups_of(); after the last of the above.
  void settle();

  [[nodiscard]] Applies applies(const model::Policy& policy, model::Ref subject, Time from, Time to) const;
  // The groups of the newest lists.
  [[nodiscard]] std::vector<std::string> groups_of(model::Ref subject) const;
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  struct Hash {
    std::size_t operator()(model::Ref ref) const { return std::hash<std::uint64_t>()(ref.bits); }
  };
  struct Group {
    Time told_at{};
    std::unordered_map<model::Ref, Spans, Hash> members;
  };
  struct Person {
    std::vector<model::Ref> names;
    Time settled_at{};
  };

  bool take_room();
  Person& take(model::Ref subject);
  [[nodiscard]] Person person(model::Ref subject) const;
  void add_members(const std::vector<std::string>& groups, const Person& person, Spans& in,
                   Spans& untold) const;

  Time from_;
  std::size_t most_;
  std::size_t taken_ = 0;
  bool cut_ = false;
  std::map<std::string, Group> groups_;
  std::unordered_map<model::Ref, Person, Hash> people_;      // those of more than one name, or split
  std::unordered_map<model::Ref, model::Ref, Hash> owners_;  // by name
  std::unordered_map<model::Ref, std::vector<const std::string*>, Hash> newest_;
};

// Whether scope or exemption ask who it is.
[[nodiscard]] bool asks_person(const model::Policy& policy);

}  // namespace curfew::report
