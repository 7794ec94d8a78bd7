#include "core/ledger/archive.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <optional>
#include <set>

#include "core/base/error.hpp"

namespace curfew::ledger {
namespace {

constexpr std::size_t longest_name = 100;
constexpr std::size_t size_offset = 124;
constexpr std::size_t size_digits = 11;  // octal: up to 8 GiB
constexpr std::size_t checksum_offset = 148;
constexpr std::size_t checksum_bytes = 8;

using Block = std::array<char, archive_block>;

void put(Block& block, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string octal(std::uint64_t value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  return text.data();
}

// POSIX.1-1988 ustar: mode 644, owner 0, time 0, a regular file.
Block header_of(std::string_view name, std::uint64_t size) {
  Block block{};
  put(block, 0, name);
  put(block, 100, "0000644");
  put(block, 108, "0000000");
  put(block, 116, "0000000");
  put(block, size_offset, octal(size, size_digits));
  put(block, 136, "00000000000");
  put(block, checksum_offset, std::string(checksum_bytes, ' '));
  put(block, 156, "0");
  put(block, 257, "ustar");
  put(block, 263, "00");
  const auto sum =
      std::accumulate(block.begin(), block.end(), std::uint64_t{0},
                      [](std::uint64_t all, char c) { return all + static_cast<unsigned char>(c); });
  put(block, checksum_offset, octal(sum, 6) + '\0' + ' ');
  return block;
}

std::size_t padding_of(std::uint64_t size) { return (archive_block - size % archive_block) % archive_block; }

bool is_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

std::optional<std::uint64_t> size_in(std::string_view block) {
  std::uint64_t size = 0;
  for (const char c : block.substr(size_offset, size_digits)) {
    if (c < '0' || c > '7') return std::nullopt;
    size = size * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return size;
}

}  // namespace

bool is_member_name(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return false;
  char before = '/';
  for (const char c : name) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && c != '_' && c != '-' && c != '.' && c != '/') return false;
    if (before == '/' && (c == '/' || c == '.')) return false;
    before = c;
  }
  return before != '/';
}

void ArchiveWriter::add(std::string_view name, std::string_view content) {
  if (!is_member_name(name))
    throw Error(ErrorKind::Internal, "archive: '" + std::string(name) + "' is no member's name");
  const Block header = header_of(name, content.size());
  bytes_.append(header.data(), header.size());
  bytes_.append(content);
  bytes_.append(padding_of(content.size()), '\0');
}

std::string ArchiveWriter::finish() {
  bytes_.append(2 * archive_block, '\0');
  return std::move(bytes_);
}

ReadArchive read_archive(std::string_view bytes) {
  ReadArchive out;
  std::set<std::string_view> names;
  std::size_t at = 0;
  const auto stop = [&](const std::string& why) {
    out.broken = "at byte " + std::to_string(at) + ": " + why;
    return out;
  };
  while (true) {
    const std::string_view block = bytes.substr(at, archive_block);
    if (block.size() < archive_block) return stop("the archive is cut off");
    if (block.front() == '\0') {
      const std::string_view end = bytes.substr(at);
      if (end.size() == 2 * archive_block && is_zero(end)) return out;
      return stop("an archive's end is 1024 zero bytes, and nothing behind them");
    }
    if (out.members.size() == most_members)
      return stop("there are more than " + std::to_string(most_members) + " members");
    const std::string_view name = block.substr(0, std::min(block.find('\0'), longest_name));
    const auto size = size_in(block);
    if (!is_member_name(name) || !size) return stop("no name or size of a member that a bundle may have");
    const Block header = header_of(name, *size);
    if (block != std::string_view(header.data(), header.size()))
      return stop("the header of '" + std::string(name) + "' isn't in the form of a bundle");
    const std::string_view rest = bytes.substr(at + archive_block);
    const std::size_t padding = padding_of(*size);
    if (*size > rest.size() || padding > rest.size() - *size)
      return stop("'" + std::string(name) + "' is cut off");
    if (!is_zero(rest.substr(*size, padding)))
      return stop("the padding behind '" + std::string(name) + "' is not zero");
    if (!names.insert(name).second) return stop("'" + std::string(name) + "' is there twice");
    out.members.push_back({name, rest.substr(0, *size), at});
    at += archive_block + *size + padding;
  }
}

}  // namespace curfew::ledger
