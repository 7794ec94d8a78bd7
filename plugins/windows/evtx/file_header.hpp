// The first 4096 bytes of an EVTX file.
//
//   const FileHeader head(bytes);
//   if (head.is_known && chunk_index < head.chunks) { … }
//
// Format: Joachim Metz, "Windows XML Event Log (EVTX) format", section "File header".
// Threads: a value. Owns: nothing. Fails: never; what is no such header is not known.
#pragma once

#include <cstdint>
#include <string_view>

namespace curfew::windows::evtx {

inline constexpr std::size_t file_header_size = 4096;

struct FileHeader {
  FileHeader() = default;
  explicit FileHeader(std::string_view bytes);

  bool is_log = false;    // it begins as an EVTX file does
  bool is_known = false;  // of a version that is known
  bool is_dirty = false;  // not closed: its counts may be old
  std::uint64_t chunks = 0;
};

}  // namespace curfew::windows::evtx
