#include "plugins/windows/evtx/chunk.hpp"

#include <zlib.h>

#include "plugins/windows/evtx/bytes.hpp"

namespace curfew::windows::evtx {
namespace {

constexpr std::string_view record_magic("**\0\0", 4);

std::uint32_t checksum(std::string_view bytes, std::uint32_t so_far = 0) {
  return static_cast<std::uint32_t>(
      ::crc32(so_far, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

}  // namespace

Chunk::Chunk(std::string_view bytes) {
  is_chunk = bytes.size() >= 56 && bytes.starts_with(std::string_view("ElfChnk\0", 8));
  is_empty = bytes.starts_with(std::string_view("\0\0\0\0\0\0\0\0", 8));
  if (!is_chunk) return;
  first = number_at<std::uint64_t>(bytes, 24);
  last = number_at<std::uint64_t>(bytes, 32);
  is_sane = first <= last && last - first <= chunk_size;
  last_record_at = number_at<std::uint32_t>(bytes, 44);
  free_at = number_at<std::uint32_t>(bytes, 48);
}

std::string_view damage_of(const Chunk& chunk, bool is_counted) {
  if (chunk.is_empty) {
    // Files are laid out in advance: beyond the counted ones, nothing is normal.
    return is_counted ? "empty, though the file's header counts it" : "";
  }
  if (!chunk.is_chunk) return "it doesn't begin as a chunk does";
  return chunk.is_sane ? "" : "its header's record numbers make no sense";
}

bool is_intact(std::string_view bytes, const Chunk& chunk) {
  if (bytes.size() < records_begin || chunk.free_at < records_begin || chunk.free_at > bytes.size())
    return false;
  return checksum(bytes.substr(128, 384), checksum(bytes.substr(0, 120))) ==
             number_at<std::uint32_t>(bytes, 124) &&
         checksum(bytes.substr(records_begin, chunk.free_at - records_begin)) ==
             number_at<std::uint32_t>(bytes, 52);
}

RecordPlace record_at(std::string_view bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < record_header_size + 4 ||
      bytes.compare(at, record_magic.size(), record_magic) != 0)
    return {};
  const std::size_t size = number_at<std::uint32_t>(bytes, at + 4);
  if (size < record_header_size + 4 || size > bytes.size() - at ||
      number_at<std::uint32_t>(bytes, at + size - 4) != size)
    return {};
  return {at, size, number_at<std::uint64_t>(bytes, at + 8)};
}

RecordPlace next_in_slack(std::string_view bytes, std::size_t& at) {
  while (at < bytes.size()) {
    const std::size_t found = bytes.find(record_magic, at);
    if (found == std::string_view::npos) break;
    // Records lie at every fourth byte.
    if (const std::size_t odd = (found - at) % 4; odd != 0) {
      at = found + 4 - odd;
      continue;
    }
    const RecordPlace record = record_at(bytes, found);
    // What was overwritten in its middle doesn't begin with binary XML any more.
    const std::string_view head = bytes.substr(std::min(found + record_header_size, bytes.size()), 4);
    if (record.size != 0 && (head == std::string_view("\x0f\x01\x01\0", 4) || head.starts_with('\x0a'))) {
      at = found + record.size;
      return record;
    }
    at = found + 4;
  }
  at = bytes.size();
  return {};
}

Walk walk(std::string_view bytes, std::uint64_t first) {
  Walk found;
  std::size_t at = records_begin;
  for (std::uint64_t expected = first;; ++expected) {
    const RecordPlace record = record_at(bytes, at);
    if (record.size == 0 || record.number != expected) return found;
    found.last = expected;
    found.last_at = at;
    at += record.size;
  }
}

}  // namespace curfew::windows::evtx
