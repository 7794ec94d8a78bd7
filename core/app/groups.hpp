// Who is in which group, as sources and the configuration tell it: names become references.
//
//   for (Grouped& told : configured_groups(settings, admission)) …
//
// Threads: pure functions; Admission locks itself. Owns: nothing. Fails: Error(Configuration) for a file of
// members that can't be read, with the line.
#pragma once

#include <string_view>
#include <vector>

#include "core/app/arrival.hpp"
#include "core/app/settings.hpp"
#include "core/connector/admission.hpp"

namespace curfew::app {

[[nodiscard]] Grouped to_grouped(std::string_view teller, const connector::GroupMembers& members,
                                 connector::Admission& admission);

// Those of the setting `groups`.
[[nodiscard]] std::vector<Grouped> configured_groups(const Settings& settings,
                                                     connector::Admission& admission);

}  // namespace curfew::app
