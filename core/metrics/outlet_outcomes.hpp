// What becomes of what an outlet had for its receiver: the values of the label `outcome` of
// curfew_outlet_delivered_total, each with its meaning. Outlets count by these alone, and the metric's help
// is made of them.
//
//   metrics::name_of(metrics::OutletOutcome::NotTold)      // "not_told"
//
// Threads: constants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace curfew::metrics {

enum class OutletOutcome : std::uint8_t {
  Delivered,
  Refused,
  NotTold,
  NotWanted,
  Dropped,
  Failed,
  InDoubt,
  Nothing
};

struct OutletOutcomeText {
  std::string_view name;
  std::string_view meaning;
};

// In the order of the enumerators.
inline constexpr std::array<OutletOutcomeText, 8> outlet_outcomes{{
    {"delivered", "the receiver took it"},
    {"refused", "by the receiver, for good"},
    {"not_told", "nobody could be named; of an export, of a kind that it does not tell"},
    {"not_wanted", "of a person of whom the receiver asked to hear nothing"},
    {"dropped", "the receiver gave its stream up"},
    {"failed", "of a scheduled report, its mail was refused for good or tried too often"},
    {"in_doubt", "of a scheduled report, its mail was sent and never answered"},
    {"nothing", "of a scheduled report, nothing is recorded in its period"},
}};
static_assert(outlet_outcomes.size() == static_cast<std::size_t>(OutletOutcome::Nothing) + 1);

[[nodiscard]] constexpr std::string_view name_of(OutletOutcome outcome) {
  return outlet_outcomes[static_cast<std::size_t>(outcome)].name;
}

namespace outlet_help {

inline constexpr std::string_view begin = "What became of what an outlet had for its receiver, once each: ";

// "delivered (the receiver took it), refused (…), ….", laid out when it is compiled.
inline constexpr auto bytes = [] {
  constexpr std::size_t length = [] {
    std::size_t sum = begin.size();
    for (const OutletOutcomeText& one : outlet_outcomes) sum += one.name.size() + one.meaning.size() + 5;
    return sum - 1;
  }();
  std::array<char, length> out{};
  std::size_t at = 0;
  const auto put = [&](std::string_view text) {
    for (const char c : text) out[at++] = c;
  };
  put(begin);
  for (const OutletOutcomeText& one : outlet_outcomes) {
    if (at > begin.size()) put(", ");
    put(one.name);
    put(" (");
    put(one.meaning);
    put(")");
  }
  put(".");
  return out;
}();
inline constexpr std::string_view text{bytes.data(), bytes.size()};

}  // namespace outlet_help

}  // namespace curfew::metrics
