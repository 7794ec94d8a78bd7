// What single records are, for the pairing: kinds of logons, boots and shutdowns, and what orders records.
// Threads: pure functions. Fails: never.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "plugins/windows/event.hpp"

namespace curfew::windows {

[[nodiscard]] constexpr bool is_interactive(std::uint32_t type) {
  return type == 2 || type == 10 || type == 11 || type == 12;
}
[[nodiscard]] constexpr bool is_network(std::uint32_t type) { return type == 3 || type == 8; }
[[nodiscard]] constexpr bool is_unlock(std::uint32_t type) { return type == 7 || type == 13; }

[[nodiscard]] bool starts_up(const WindowsEvent& event);
[[nodiscard]] bool shuts_down(const WindowsEvent& event);

// What orders events; the place in the file only where nothing else does, so that the order in which files
// are named changes nothing.
using Order = std::tuple<Time, std::string, std::uint64_t, std::uint32_t, std::uint64_t, std::uint64_t>;
[[nodiscard]] Order order_of(const WindowsEvent& event);

// A digest of the record's own texts, for shapes without a record number.
[[nodiscard]] std::uint64_t content_of(const WindowsEvent& event);

[[nodiscard]] std::string to_hex(std::uint64_t number);

}  // namespace curfew::windows
