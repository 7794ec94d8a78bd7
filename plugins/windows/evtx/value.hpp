// Typed values of binary XML, as text.
//
//   std::string text;
//   if (append_text({"\xe7\x03\0\0", 0x14}, text)) { … }  // "0x000003e7"
//
// Types: [MS-EVEN6] 2.2.17 and 2.2.18; how each is written: as event logs are commonly exported. Hexadecimal
// numbers have all their digits. Threads: pure functions. Owns: nothing. Fails: false when the size isn't one
// of its type, or the type is not known; UTF-16 that is none becomes U+FFFD.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/windows/text.hpp"

namespace curfew::windows::evtx {

enum class Type : std::uint8_t {
  Null = 0x00,
  String = 0x01,
  AnsiString = 0x02,
  Int8 = 0x03,
  UInt8 = 0x04,
  Int16 = 0x05,
  UInt16 = 0x06,
  Int32 = 0x07,
  UInt32 = 0x08,
  Int64 = 0x09,
  UInt64 = 0x0a,
  Real32 = 0x0b,
  Real64 = 0x0c,
  Boolean = 0x0d,
  Binary = 0x0e,
  Guid = 0x0f,
  Size = 0x10,
  FileTime = 0x11,
  SystemTime = 0x12,
  Sid = 0x13,
  HexInt32 = 0x14,
  HexInt64 = 0x15,
  BinaryXml = 0x21,
};
inline constexpr std::uint8_t array_flag = 0x80;

struct Value {
  std::string_view bytes;
  std::uint8_t type = 0;
  [[nodiscard]] bool is(Type wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  [[nodiscard]] bool is_array() const { return (type & array_flag) != 0; }
};

[[nodiscard]] bool append_text(const Value& value, std::string& out);
// The next item of an array, which loses it; nothing at its end, or when its size isn't one of its type.
[[nodiscard]] std::optional<Value> take_item(Value& array);
// As far as the first NUL.
void append_utf16(std::string_view bytes, std::string& out);

[[nodiscard]] std::optional<std::uint64_t> unsigned_number(const Value& value);
// Empty beyond the year 9999 and for other types.
[[nodiscard]] std::optional<Time> file_time(const Value& value);

}  // namespace curfew::windows::evtx
