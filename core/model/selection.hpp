// Which live sessions an order is about, said as a question: "everyone idle over an hour at crm".
//
//   model::Selection selection;
//   selection.sources = {"crm"};
//   selection.idle_over = std::chrono::hours(1);
//
// Empty lists and zero durations ask nothing; all that is asked must hold. It is part of a recorded command,
// and answered inside the engine, so that a replay finds the same sessions. Threads: values and pure
// functions. Fails: selection_from_json throws Error(Corrupt) naming the field.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/model/ref.hpp"
#include "core/model/vocabulary.hpp"

namespace curfew::model {

// A question that more sessions answer is refused as a whole: half of what was asked for is nobody's wish.
inline constexpr std::size_t most_targets = 10'000;

struct Selection {
  std::vector<std::string> sources;
  std::vector<std::string> applications;
  Ref device;
  std::vector<AccountType> account_types;
  std::vector<NetworkClass> networks;
  std::vector<Interactivity> sign_ins;
  std::vector<AuthMethod> auth_methods;
  std::vector<SessionState> states;
  Duration idle_over{0};   // no activity of a person for longer, known from sources that could have shown it
  Duration older_than{0};  // began longer ago

  // Whether it asks for anything: what asks nothing would be everybody.
  [[nodiscard]] bool asks() const;
  friend bool operator==(const Selection&, const Selection&) = default;
};

// Fields in a fixed order, those that ask nothing left out; from_json(to_json(x)) == x.
[[nodiscard]] std::string to_json(const Selection& selection);
[[nodiscard]] Selection selection_from_json(std::string_view json);

}  // namespace curfew::model
