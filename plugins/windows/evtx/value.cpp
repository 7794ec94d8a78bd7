#include "plugins/windows/evtx/value.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "plugins/windows/evtx/bytes.hpp"

namespace curfew::windows::evtx {
namespace {

constexpr std::string_view small_digits = "0123456789abcdef", big_digits = "0123456789ABCDEF";

// Windows-1252 from 0x80 to 0x9f; the rest is Latin-1.
constexpr std::array<std::uint16_t, 32> code_page{
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

template <typename T>
bool append_number(std::string_view bytes, std::string& out) {
  if (bytes.size() != sizeof(T)) return false;
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number_at<T>(bytes, 0)).ptr;
  out.append(text.data(), end);
  return true;
}

bool append_hex(std::string_view bytes, std::size_t size, std::string& out) {
  if (bytes.size() != size) return false;
  std::array<char, 18> text{'0', 'x'};
  for (std::size_t i = 0; i < size; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[size - 1 - i]);
    text[2 + i * 2] = small_digits[byte >> 4U];
    text[3 + i * 2] = small_digits[byte & 15U];
  }
  out.append(text.data(), 2 + size * 2);
  return true;
}

void append_bytes(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += big_digits[byte >> 4U];
    out += big_digits[byte & 15U];
  }
}

template <typename T>
bool append_real(std::string_view bytes, std::string& out) {
  if (bytes.size() != sizeof(T)) return false;
  T number{};
  std::memcpy(&number, bytes.data(), sizeof number);
  std::array<char, 400> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.6f", static_cast<double>(number));
  out.append(text.data(), static_cast<std::size_t>(std::max(size, 0)));
  return true;
}

bool append_guid(std::string_view bytes, std::string& out) {
  if (bytes.size() != 16) return false;
  constexpr std::array<std::uint8_t, 16> order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  out += '{';
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    append_bytes(bytes.substr(order[i], 1), out);
  }
  out += '}';
  return true;
}

// Revision, count of parts, the authority (big-endian), then the parts.
bool append_sid(std::string_view bytes, std::string& out) {
  if (bytes.size() < 8) return false;
  const auto parts = number_at<std::uint8_t>(bytes, 1);
  if (parts > 15 || bytes.size() != 8 + std::size_t{parts} * 4) return false;
  std::uint64_t authority = 0;
  for (std::size_t i = 2; i < 8; ++i) authority = (authority << 8U) | number_at<std::uint8_t>(bytes, i);
  std::array<char, 24> text{};
  const auto put = [&](std::uint64_t number) {
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
  };
  out += "S-";
  put(number_at<std::uint8_t>(bytes, 0));
  out += '-';
  put(authority);
  for (std::size_t i = 0; i < parts; ++i) {
    out += '-';
    put(number_at<std::uint32_t>(bytes, 8 + i * 4));
  }
  return true;
}

bool append_file_time(const Value& value, std::string& out) {
  if (value.bytes.size() != 8) return false;
  const auto time = file_time(value);
  if (!time) return true;  // "never"
  out += format_time(*time);
  // A FILETIME counts tenths of microseconds; times have nine digits, as exported ones do.
  out.back() = static_cast<char>('0' + number_at<std::uint64_t>(value.bytes, 0) % 10);
  out += "00Z";
  return true;
}

bool append_system_time(std::string_view bytes, std::string& out) {
  if (bytes.size() != 16) return false;
  const auto part = [&](std::size_t index) { return unsigned{number_at<std::uint16_t>(bytes, index * 2)}; };
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", part(0),
                                 part(1), part(3), part(4), part(5), part(6), part(7));
  out.append(text.data(), static_cast<std::size_t>(std::max(size, 0)));
  return true;
}

std::size_t item_size(Type type) {
  switch (type) {
    case Type::Int8:
    case Type::UInt8:
      return 1;
    case Type::Int16:
    case Type::UInt16:
      return 2;
    case Type::Int32:
    case Type::UInt32:
    case Type::Real32:
    case Type::Boolean:
    case Type::HexInt32:
      return 4;
    case Type::Int64:
    case Type::UInt64:
    case Type::Real64:
    case Type::FileTime:
    case Type::HexInt64:
      return 8;
    case Type::Guid:
    case Type::SystemTime:
      return 16;
    default:
      return 0;
  }
}

}  // namespace

void append_utf16(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  const std::size_t end = bytes.size() & ~std::size_t{1};
  while (at < end) {
    // Four plain characters at once, as nearly all are.
    std::array<char, 64> plain{};
    std::size_t count = 0;
    while (count < plain.size() && end - at >= sizeof(std::uint64_t)) {
      auto four = number_at<std::uint64_t>(bytes, at);
      constexpr std::uint64_t ones = 0x0001000100010001U;
      if (((four & (ones * 0xFF80U)) | ((four - ones) & (ones * 0x8000U))) != 0) break;
      four = (four | (four >> 8U)) & 0x0000FFFF0000FFFFU;
      const auto packed = static_cast<std::uint32_t>(four | (four >> 16U));
      std::memcpy(plain.data() + count, &packed, sizeof packed);
      count += sizeof packed;
      at += sizeof four;
    }
    out.append(plain.data(), count);
    if (count == plain.size()) continue;
    if (at >= end) return;
    const std::uint32_t unit = number_at<std::uint16_t>(bytes, at);
    at += 2;
    if (unit == 0) return;
    const std::uint32_t next = at < end ? number_at<std::uint16_t>(bytes, at) : std::uint16_t{0};
    if ((unit & 0xFC00U) == 0xD800U && (next & 0xFC00U) == 0xDC00U) {
      at += 2;
      append_code_point(out, 0x10000U + ((unit & 0x3FFU) << 10U) + (next & 0x3FFU));
    } else {
      append_code_point(out, unit);  // half a pair becomes U+FFFD there
    }
  }
}

std::optional<std::uint64_t> unsigned_number(const Value& value) {
  const std::string_view bytes = value.bytes;
  if (value.is(Type::UInt8) && bytes.size() == 1) return number_at<std::uint8_t>(bytes, 0);
  if (value.is(Type::UInt16) && bytes.size() == 2) return number_at<std::uint16_t>(bytes, 0);
  if (value.is(Type::UInt32) && bytes.size() == 4) return number_at<std::uint32_t>(bytes, 0);
  if (value.is(Type::UInt64) && bytes.size() == 8) return number_at<std::uint64_t>(bytes, 0);
  return std::nullopt;
}

std::optional<Time> file_time(const Value& value) {
  if (!value.is(Type::FileTime) || value.bytes.size() != 8) return std::nullopt;
  constexpr std::uint64_t year_10000 = 2'650'467'744'000'000'000U;
  constexpr std::int64_t from_1601_to_1970 = 11'644'473'600'000'000;
  const auto time = number_at<std::uint64_t>(value.bytes, 0);
  if (time >= year_10000) return std::nullopt;
  return Time{Duration{static_cast<std::int64_t>(time / 10) - from_1601_to_1970}};
}

bool append_text(const Value& value, std::string& out) {
  const std::string_view bytes = value.bytes;
  if (bytes.empty()) return true;
  switch (static_cast<Type>(value.type)) {
    case Type::Null:
      return true;
    case Type::String:
      append_utf16(bytes, out);
      return true;
    case Type::AnsiString:
      for (const char c : bytes.substr(0, bytes.find('\0'))) {
        const auto byte = static_cast<std::uint8_t>(c);
        append_code_point(out, byte >= 0x80 && byte < 0xA0 ? code_page[byte - 0x80U] : byte);
      }
      return true;
    case Type::Int8:
      return append_number<std::int8_t>(bytes, out);
    case Type::UInt8:
      return append_number<std::uint8_t>(bytes, out);
    case Type::Int16:
      return append_number<std::int16_t>(bytes, out);
    case Type::UInt16:
      return append_number<std::uint16_t>(bytes, out);
    case Type::Int32:
      return append_number<std::int32_t>(bytes, out);
    case Type::UInt32:
      return append_number<std::uint32_t>(bytes, out);
    case Type::Int64:
      return append_number<std::int64_t>(bytes, out);
    case Type::UInt64:
      return append_number<std::uint64_t>(bytes, out);
    case Type::Real32:
      return append_real<float>(bytes, out);
    case Type::Real64:
      return append_real<double>(bytes, out);
    case Type::Boolean:
      if (bytes.size() != 4) return false;
      out += number_at<std::uint32_t>(bytes, 0) != 0 ? "true" : "false";
      return true;
    case Type::Binary:
      append_bytes(bytes, out);
      return true;
    case Type::Guid:
      return append_guid(bytes, out);
    case Type::Size:
      return append_hex(bytes, bytes.size() == 4 ? 4 : 8, out);
    case Type::FileTime:
      return append_file_time(value, out);
    case Type::SystemTime:
      return append_system_time(bytes, out);
    case Type::Sid:
      return append_sid(bytes, out);
    case Type::HexInt32:
      return append_hex(bytes, 4, out);
    case Type::HexInt64:
      return append_hex(bytes, 8, out);
    case Type::BinaryXml:
      break;
  }
  return false;
}

std::optional<Value> take_item(Value& array) {
  const auto type = static_cast<Type>(array.type & ~array_flag);
  std::string_view& rest = array.bytes;
  if (rest.empty()) return std::nullopt;
  std::size_t size = item_size(type), gap = 0;
  if (type == Type::String || type == Type::AnsiString) {
    // Each ends with a NUL, the last one not always.
    const std::size_t unit = type == Type::String ? 2 : 1;
    while (size + unit <= rest.size() &&
           rest.substr(size, unit).find_first_not_of('\0') != std::string_view::npos)
      size += unit;
    gap = std::min(unit, rest.size() - size);
  } else if (type == Type::Sid) {
    size = 8 + std::size_t{number_at<std::uint8_t>(rest, 1)} * 4;
  } else if (size == 0) {
    return std::nullopt;
  }
  if (size > rest.size()) return std::nullopt;
  const Value item{rest.substr(0, size), static_cast<std::uint8_t>(type)};
  rest.remove_prefix(size + gap);
  return item;
}

}  // namespace curfew::windows::evtx
