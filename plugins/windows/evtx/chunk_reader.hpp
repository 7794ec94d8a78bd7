// The records of a chunk, into a sink.
//
//   ChunkReader reader;
//   const Chunk chunk(bytes);
//   const std::uint64_t newest = reader.read(bytes, chunk, {.place = 4096}, sink);
//
// Records that the chunk's header counts go to RecordSink::event, those in its slack to
// RecordSink::recovered. The header is compared with what came out: records that can't be read are told with
// their chunk's place.
//
// Threads: one at a time. Owns: memory that all chunks share. Fails: never; a chunk that begins as none has
// slack only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/windows/event.hpp"
#include "plugins/windows/evtx/chunk.hpp"
#include "plugins/windows/evtx/record.hpp"

namespace curfew::windows::evtx {

struct ChunkRange {
  std::uint64_t place = 0;         // where it begins in its file
  std::uint64_t after_record = 0;  // records up to this number are passed over, and none of them is missed
  bool is_counted = true;          // by the file's header; all records of others are recovered ones
  bool with_recovered = true;
  bool with_checksum = true;  // of a chunk that is being written it may be older
};

[[nodiscard]] std::string place_of_chunk(std::uint64_t offset);

class ChunkReader {
 public:
  // Returns the number of the newest record; 0: none is counted.
  std::uint64_t read(std::string_view bytes, const Chunk& chunk, const ChunkRange& range, RecordSink& sink);

 private:
  void recover(const RecordPlace& place, RecordSink& sink);

  RecordReader records_;
  WindowsEvent event_;
  std::uint64_t position_ = 0;
};

}  // namespace curfew::windows::evtx
