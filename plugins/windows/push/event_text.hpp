// Records as text that the host keeps: what was pushed, until it is judged.
//
//   std::string text;
//   append_event(text, event);              // one after the other
//   read_events(text, [](WindowsEvent&& event) { … });
//
// The input and the position of a record are not kept: a pushed record has neither.
//
// Threads: pure functions. Owns: nothing. Fails: read_events is false for text that it did not write; what
// came before the damage was given.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

void append_event(std::string& text, const WindowsEvent& event);
bool read_events(std::string_view text, const std::function<void(WindowsEvent&&)>& take);

// What makes a record this one: computer, log, number, time and id; without a number, all that it says.
[[nodiscard]] std::uint64_t identity_of(const WindowsEvent& event);

}  // namespace curfew::windows
