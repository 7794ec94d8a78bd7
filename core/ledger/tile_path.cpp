#include <charconv>

#include "core/base/error.hpp"
#include "core/ledger/tree.hpp"

namespace curfew::ledger {
namespace {

constexpr std::uint32_t highest_level = 63;

std::string three_digits(std::uint64_t number) {
  std::string text = std::to_string(number);
  return std::string(3 - text.size(), '0') + text;
}

// "x001/x234/067": groups of three digits, all but the last behind an x.
std::string index_path(std::uint64_t index) {
  std::string path = three_digits(index % 1000);
  for (index /= 1000; index > 0; index /= 1000) path = 'x' + three_digits(index % 1000) + '/' + path;
  return path;
}

std::string with_width(std::string path, std::uint32_t width) {
  if (width == 0 || width > tile_width)
    throw Error(ErrorKind::Internal, "ledger: a tile has 1 to 256 hashes, not " + std::to_string(width));
  if (width < tile_width) path += ".p/" + std::to_string(width);
  return path;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string tile_path(std::uint32_t level, std::uint64_t index, std::uint32_t width) {
  return with_width("tile/" + std::to_string(level) + '/' + index_path(index), width);
}

std::string entries_path(std::uint64_t index, std::uint32_t width) {
  return with_width("tile/entries/" + index_path(index), width);
}

std::optional<TilePath> parse_tile_path(std::string_view path) {
  constexpr std::size_t longest = 64;
  const std::string_view whole = path;
  TilePath out;
  if (whole.size() > longest || !path.starts_with("tile/")) return std::nullopt;
  path.remove_prefix(5);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view level = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  if (level == "entries") {
    out.entries = true;
  } else {
    const auto value = number(level);
    if (!value || *value > highest_level) return std::nullopt;
    out.level = static_cast<std::uint32_t>(*value);
  }
  if (const auto part = path.find(".p/"); part != std::string_view::npos) {
    const auto width = number(path.substr(part + 3));
    if (!width || *width == 0 || *width >= tile_width) return std::nullopt;
    out.width = static_cast<std::uint32_t>(*width);
    path = path.substr(0, part);
  }
  constexpr std::uint64_t most = UINT64_MAX / tile_width;
  for (bool last = false; !last;) {
    last = !path.starts_with('x');
    if (!last) path.remove_prefix(1);
    const auto group = number(path.substr(0, 3));
    if (!group || out.index > most / 1000) return std::nullopt;
    out.index = out.index * 1000 + *group;
    if (path.size() < 3 || path.size() < (last ? 3U : 4U)) return std::nullopt;
    path.remove_prefix(last ? 3 : 4);
  }
  // Only the one spelling that we would write ourselves.
  const std::string canonical =
      out.entries ? entries_path(out.index, out.width) : tile_path(out.level, out.index, out.width);
  if (!path.empty() || canonical != whole) return std::nullopt;
  return out;
}

void append_to_bundle(std::string& bundle, std::string_view leaf) {
  if (leaf.size() > 0xffff) throw Error(ErrorKind::Internal, "ledger: a leaf past 65,535 bytes in a bundle");
  bundle += static_cast<char>(leaf.size() >> 8);
  bundle += static_cast<char>(leaf.size() & 0xff);
  bundle += leaf;
}

}  // namespace curfew::ledger
