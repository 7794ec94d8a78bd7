// One chunk of 64 KiB of an EVTX file: its header, and where its records lie.
//
//   const Chunk chunk(bytes);
//   std::size_t at = records_begin;
//   while (at <= chunk.last_record_at && (record = record_at(bytes, at)).size != 0) at += record.size;
//   while ((record = next_in_slack(bytes, at)).size != 0) { … }
//
// Format: Joachim Metz, "Windows XML Event Log (EVTX) format", sections "Chunk" and "Event record".
// Threads: pure functions. Owns: nothing. Fails: never; what is no record has no size, and each step goes on
// by four bytes at least.
#pragma once

#include <cstdint>
#include <string_view>

namespace curfew::windows::evtx {

inline constexpr std::size_t chunk_size = 65536;
inline constexpr std::size_t records_begin = 512;
inline constexpr std::size_t record_header_size = 24;

struct Chunk {
  // `bytes`: as many of its 65536 as there are.
  explicit Chunk(std::string_view bytes);

  bool is_chunk = false;  // it begins as a chunk does
  bool is_empty = false;  // it begins with zeros: laid out in advance
  bool is_sane = false;   // its record numbers make sense
  std::uint64_t first = 0, last = 0;
  std::size_t last_record_at = 0, free_at = 0;
};

// What is wrong with the chunk as such; nothing when its records are to be compared with its header, or when
// it isn't written yet. `is_counted`: by the file's header.
[[nodiscard]] std::string_view damage_of(const Chunk& chunk, bool is_counted);

// Whether header and records are what they were when their checksums were made.
[[nodiscard]] bool is_intact(std::string_view bytes, const Chunk& chunk);

struct RecordPlace {
  std::size_t at = 0, size = 0;  // size 0: none
  std::uint64_t number = 0;
  // Its binary XML.
  [[nodiscard]] std::size_t begin() const { return at + record_header_size; }
  [[nodiscard]] std::size_t end() const { return at + size - sizeof(std::uint32_t); }
};
[[nodiscard]] RecordPlace record_at(std::string_view bytes, std::size_t at);
// The first one from there on that begins like a record; `at` is moved behind it.
[[nodiscard]] RecordPlace next_in_slack(std::string_view bytes, std::size_t& at);

// The records that are really there, by their own headers: one behind the other, counted up from `first`. The
// header of a chunk that is being written may be older.
struct Walk {
  std::uint64_t last = 0;  // number; 0: none
  std::size_t last_at = 0;
};
[[nodiscard]] Walk walk(std::string_view bytes, std::uint64_t first);

}  // namespace curfew::windows::evtx
