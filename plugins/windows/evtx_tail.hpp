// An EVTX file that grows: of each change only the chunks with new records are read.
//
//   EvtxTail tail(EvtxPosition{});                        // or where the last run had come to
//   while (tail.read(file, sink, std::uint64_t{4} << 20U)) keep(tail.position());
//
// A file is a row of chunks of 64 KiB, each with its record numbers in its header. The header of the chunk
// that is being written may be older than the records behind it; those are found by their own headers. A full
// log begins to overwrite its oldest chunks: chunks are taken in the order of their records, wherever they
// lie.
//
// The same log is told by the first record of its first chunk and of the chunk that was read last. Another
// log in the same file (cleared, copied over) is read from its beginning; one that is just being copied is
// waited for.
//
// Threads: one. Owns: nothing but its place. Fails: never; what can't be read is told with its place, once.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/windows/event.hpp"
#include "plugins/windows/evtx/chunk_reader.hpp"

namespace curfew::windows {

struct EvtxPosition {
  std::uint64_t chunk = 0;   // where the chunk of the newest record begins
  std::uint64_t record = 0;  // the newest that was read; 0: none yet
  std::uint64_t first_print = 0, chunk_print = 0;
};
[[nodiscard]] std::string to_text(const EvtxPosition& position);
[[nodiscard]] std::optional<EvtxPosition> evtx_position(std::string_view text);

class EvtxTail {
 public:
  explicit EvtxTail(EvtxPosition from) : position_(from), is_first_(from.record == 0), resumed_(from.chunk) {}

  // Reads at most about so many bytes of chunks. True: some were read, and there may be more.
  bool read(int file, RecordSink& sink, std::uint64_t most_bytes);
  [[nodiscard]] const EvtxPosition& position() const { return position_; }
  // How many chunks were read whole so far.
  [[nodiscard]] std::uint64_t chunks_read() const { return chunks_read_; }

 private:
  struct Chunk {
    std::uint64_t offset = 0;
    std::uint64_t first = 0, last = 0;  // record numbers
    std::uint64_t print = 0;            // of its first record
  };

  bool look(int file, RecordSink& sink);
  [[nodiscard]] std::vector<Chunk> chunks(int file, std::uint64_t size, RecordSink& sink);
  void find_place(const std::vector<Chunk>& chunks);
  void read_some(int file, RecordSink& sink, std::uint64_t most_bytes);
  void tell_once(RecordSink& sink, std::uint64_t offset, std::string_view why);

  evtx::ChunkReader chunks_;
  EvtxPosition position_;
  bool is_first_;          // the log's first reading: with what lies in the slack
  std::uint64_t resumed_;  // damage up to there was told by the last run
  std::deque<Chunk> ahead_;
  std::uint64_t newest_chunk_ = 0;  // begins there: its header may be old
  std::uint64_t chunks_read_ = 0;
  std::set<std::uint64_t> told_;  // places of damage
  timespec changed_{};
  std::uint64_t size_ = 0;
  bool settled_ = false;
  bool ends_early_ = false;
};

}  // namespace curfew::windows
