// Paths of tiles as C2SP's tlog-tiles writes them: "0/x001/x234/067", "entries/012.p/5".
//
//   parse_tile_path("1/x001/234.p/7")->index == 1234
//
// Threads: pure functions. Fails: never; a path that is not exactly in this form is no path.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace curfew::api {

inline constexpr std::uint32_t full_tile = 256;

struct TilePath {
  bool entries = false;
  std::uint32_t level = 0;
  std::uint64_t index = 0;
  std::uint32_t width = full_tile;
};

[[nodiscard]] std::optional<TilePath> parse_tile_path(std::string_view path);

}  // namespace curfew::api
