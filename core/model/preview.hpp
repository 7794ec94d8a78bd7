// What a sign-out would do, before anybody orders it: whom it hits, what its steps end besides, what would be
// held back and why.
//
//   model::Preview preview = engine.preview(command);      // changes nothing
//
// Threads: values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/model/rows.hpp"

namespace curfew::model {

inline constexpr std::size_t most_previewed = 200;

struct PreviewSession {
  SessionNumber number = 0;
  std::string source;
  std::string application;
  Ref subject;
  Time started_at{};
  Time last_person_activity_at{};
  std::string held_because;  // empty: it would begin at once
  OrderNumber running = 0;   // a sign-out that it has already: no other would be made
};
struct PreviewGroup {
  std::string source;
  std::string application;
  std::size_t sessions = 0;
  std::size_t people = 0;
};
struct PreviewHold {
  std::string because;
  std::size_t sessions = 0;
};
// Sessions that a step for a whole person ends although they were not asked for.
struct PreviewAlso {
  Action action = Action::SignOutSubject;
  std::string at;  // where the step is carried out
  std::string source;
  std::string application;
  std::size_t sessions = 0;
  std::size_t people = 0;
};

struct Preview {
  std::string refused;  // why no order would be made at all; empty: it would
  std::size_t sessions = 0;
  std::size_t people = 0;
  std::size_t at_once = 0;                 // would begin at once
  std::size_t running = 0;                 // have a sign-out that runs already
  std::size_t not_judged = 0;              // nobody can say whether they are idle: not hit
  std::vector<std::string> not_judged_at;  // their sources
  std::vector<PreviewSession> listed;      // the first ones, by number
  std::vector<PreviewGroup> groups;
  std::vector<PreviewHold> held;
  std::vector<PreviewAlso> also;
};

}  // namespace curfew::model
