#include "plugins/windows/evtx/file_header.hpp"

#include "plugins/windows/evtx/bytes.hpp"

namespace curfew::windows::evtx {

FileHeader::FileHeader(std::string_view bytes) {
  if (bytes.size() < 128 || !bytes.starts_with(std::string_view("ElfFile\0", 8))) return;
  is_log = true;
  is_known = number_at<std::uint16_t>(bytes, 38) == 3;
  is_dirty = (number_at<std::uint32_t>(bytes, 120) & 1U) != 0;
  chunks = number_at<std::uint16_t>(bytes, 42);
  // The count has 16 bits; a log of 4 GiB has more chunks, which the numbers of its first and last one tell.
  const auto first = number_at<std::uint64_t>(bytes, 8), last = number_at<std::uint64_t>(bytes, 16);
  const std::uint64_t span = last - first + 1;
  if (last >= first && span > chunks && span < (1U << 20U) && (span & 0xFFFFU) == chunks) chunks = span;
}

}  // namespace curfew::windows::evtx
