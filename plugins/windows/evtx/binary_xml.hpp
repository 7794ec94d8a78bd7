// Tokens of binary XML, and the names in it.
//
//   std::string_view name;
//   if (read_name(in, name_buffer, name) && name == "EventData") { … }
//
// Names stand where a chunk uses them first; later ones refer there. Format: [MS-EVEN6] 2.2.12; Joachim Metz,
// "Windows XML Event Log (EVTX) format", section "Binary XML".
// Threads: pure functions. Owns: nothing. Fails: false when a name doesn't lie within the chunk.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "plugins/windows/evtx/bytes.hpp"

namespace curfew::windows::evtx {

enum class Token : std::uint8_t {
  End = 0x00,
  OpenElement = 0x01,
  CloseStart = 0x02,
  CloseEmpty = 0x03,
  EndElement = 0x04,
  Text = 0x05,
  Attribute = 0x06,
  Cdata = 0x07,
  Character = 0x08,
  Entity = 0x09,
  InstructionTarget = 0x0a,
  InstructionData = 0x0b,
  Template = 0x0c,
  Substitution = 0x0d,
  OptionalSubstitution = 0x0e,
  FragmentHeader = 0x0f,
};
inline constexpr std::uint8_t more_flag = 0x40;

[[nodiscard]] inline Token token_of(std::uint8_t byte) { return static_cast<Token>(byte & ~more_flag); }

// No name that means anything is longer, or other than ASCII.
using NameBuffer = std::array<char, 48>;

// Without its prefix; empty when it is none that could mean anything.
[[nodiscard]] bool read_name(Cursor& in, NameBuffer& buffer, std::string_view& name);
// A count of UTF-16 units, and these.
[[nodiscard]] bool read_text(Cursor& in, std::string_view& utf16);

}  // namespace curfew::windows::evtx
