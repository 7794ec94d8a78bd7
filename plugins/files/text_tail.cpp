#include "plugins/files/text_tail.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace curfew::files {
namespace {

constexpr std::size_t piece = 64U << 10U;
constexpr std::size_t fingerprint_bytes = 256;

}  // namespace

std::string fingerprint(int file, std::size_t most_bytes) {
  std::array<char, fingerprint_bytes> head{};
  const ssize_t got = ::pread(file, head.data(), std::min(most_bytes, head.size()), 0);
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (ssize_t i = 0; i < got; ++i)
    hash = (hash ^ static_cast<unsigned char>(head[static_cast<std::size_t>(i)])) * 0x100000001B3U;
  return std::to_string(std::max<ssize_t>(got, 0)) + ":" + std::to_string(hash);
}

std::string fingerprint_like(int file, const std::string& print) {
  return fingerprint(file, static_cast<std::size_t>(std::strtoull(print.c_str(), nullptr, 10)));
}

std::string to_text(const Place& place) { return "1 " + std::to_string(place.offset) + " " + place.print; }

std::optional<Place> place_of(std::string_view text) {
  if (!text.starts_with("1 ")) return std::nullopt;
  text.remove_prefix(2);
  Place place;
  const char* end = text.data() + text.size();
  const auto offset = std::from_chars(text.data(), end, place.offset);
  if (offset.ec != std::errc() || offset.ptr == end) return std::nullopt;
  place.print.assign(offset.ptr + 1, end);
  return place;
}

std::optional<Place> place_in(int file, std::uint64_t size, std::string_view text) {
  auto place = place_of(text);
  if (!place || place->offset > size || place->print != fingerprint_like(file, place->print))
    return std::nullopt;
  return place;
}

TextTail::Step TextTail::read(int file, std::uint64_t most_bytes,
                              const std::function<void(std::string_view)>& feed) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return Step::Nothing;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < place_.offset ||
      (place_.offset > 0 && !place_.print.empty() && fingerprint_like(file, place_.print) != place_.print)) {
    place_ = {};
    return Step::BeganAnew;
  }
  if (size == place_.offset) return Step::Nothing;
  std::array<char, piece> buffer{};
  std::uint64_t taken = 0;
  while (taken < most_bytes) {
    const ssize_t got = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(place_.offset));
    if (got <= 0) break;
    place_.offset += static_cast<std::uint64_t>(got);
    taken += static_cast<std::uint64_t>(got);
    place_.print = fingerprint(
        file, static_cast<std::size_t>(std::min<std::uint64_t>(place_.offset, fingerprint_bytes)));
    feed({buffer.data(), static_cast<std::size_t>(got)});
  }
  return taken > 0 ? Step::Read : Step::Nothing;
}

}  // namespace curfew::files
