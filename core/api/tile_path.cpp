#include "core/api/tile_path.hpp"

#include <charconv>
#include <string>

namespace curfew::api {
namespace {

constexpr std::uint32_t max_level = 63;
constexpr std::uint64_t max_index = std::uint64_t{1} << 55;  // 2^63 entries in tiles of 2^8

// Decimal without leading zeros.
std::optional<std::uint32_t> plain_number(std::string_view text, std::uint32_t most) {
  std::uint32_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || number > most) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number;
}

bool is_three_digits(std::string_view text) {
  return text.size() == 3 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::uint64_t group(std::string_view digits) {
  std::uint64_t number = 0;
  for (const char c : digits) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  return number;
}

std::string_view next_part(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view part = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  return part;
}

}  // namespace

std::optional<TilePath> parse_tile_path(std::string_view path) {
  TilePath tile;
  if (path.empty() || path.back() == '/') return std::nullopt;
  const std::string_view level = next_part(path);
  if (level == "entries") {
    tile.entries = true;
  } else {
    const auto number = plain_number(level, max_level);
    if (!number) return std::nullopt;
    tile.level = *number;
  }
  bool first = true;
  while (true) {
    std::string_view part = next_part(path);
    const bool more = part.starts_with('x');
    if (more) part.remove_prefix(1);
    const bool partial = !more && part.ends_with(".p");
    if (partial) part.remove_suffix(2);
    // "x000/001" would be a second name of "001".
    if (!is_three_digits(part) || (more && first && part == "000")) return std::nullopt;
    tile.index = tile.index * 1000 + group(part);
    if (tile.index > max_index) return std::nullopt;
    first = false;
    if (more) continue;
    if (partial) {
      const auto width = plain_number(path, full_tile - 1);
      if (!width || *width == 0) return std::nullopt;
      tile.width = *width;
      return tile;
    }
    if (!path.empty()) return std::nullopt;
    return tile;
  }
}

}  // namespace curfew::api
