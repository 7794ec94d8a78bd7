#include "plugins/windows/evtx/binary_xml.hpp"

namespace curfew::windows::evtx {
namespace {

// Next name of the same hash, hash, count of characters, characters, a NUL.
constexpr std::size_t name_header = 8;

}  // namespace

bool read_name(Cursor& in, NameBuffer& buffer, std::string_view& name) {
  std::uint32_t offset = 0;
  if (!in.read(offset)) return false;
  const std::string_view chunk = in.bytes();
  if (offset > chunk.size() || chunk.size() - offset < name_header) return false;
  const std::size_t count = number_at<std::uint16_t>(chunk, offset + 6);
  const std::size_t size = name_header + (count + 1) * 2;
  if (chunk.size() - offset < size) return false;
  if (offset == in.at() && !in.skip(size)) return false;
  name = {};
  if (count > buffer.size()) return true;
  for (std::size_t i = 0; i < count; ++i) {
    const auto unit = number_at<std::uint16_t>(chunk, offset + name_header + i * 2);
    if (unit == 0 || unit > 0x7F) return true;
    buffer[i] = static_cast<char>(unit);
  }
  name = std::string_view(buffer.data(), count);
  if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  return true;
}

bool read_text(Cursor& in, std::string_view& utf16) {
  std::uint16_t count = 0;
  return in.read(count) && in.take(std::size_t{count} * 2, utf16);
}

}  // namespace curfew::windows::evtx
