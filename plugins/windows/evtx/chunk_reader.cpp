#include "plugins/windows/evtx/chunk_reader.hpp"

#include <algorithm>

namespace curfew::windows::evtx {

std::string place_of_chunk(std::uint64_t offset) { return "chunk at byte " + std::to_string(offset); }

// What was never promised isn't missing: recovered records may be torn.
void ChunkReader::recover(const RecordPlace& place, RecordSink& sink) {
  if (records_.read(place.begin(), place.end(), event_)) {
    event_.position = position_++;
    sink.recovered(std::move(event_));
  } else {
    sink.recovered_torn();
  }
}

std::uint64_t ChunkReader::read(std::string_view bytes, const Chunk& chunk, const ChunkRange& range,
                                RecordSink& sink) {
  records_.begin(bytes);
  std::uint64_t newest = 0, read = 0;
  std::size_t at = chunk.is_chunk ? records_begin : 0;
  for (RecordPlace place; chunk.is_chunk && at <= chunk.last_record_at; at += place.size) {
    place = record_at(bytes, at);
    if (place.size == 0) break;
    if (!range.is_counted) {
      if (range.with_recovered) recover(place, sink);
      continue;
    }
    newest = std::max(newest, place.number);
    if (place.number <= range.after_record) continue;
    if (!records_.read(place.begin(), place.end(), event_)) continue;
    event_.position = position_++;
    sink.event(std::move(event_));
    if (chunk.first <= place.number && place.number <= chunk.last) ++read;
  }
  if (chunk.is_sane && range.is_counted && chunk.last > range.after_record) {
    const std::uint64_t first = std::max(chunk.first, range.after_record + 1);
    const std::uint64_t promised = chunk.last - first + 1;
    if (read < promised) {
      sink.unreadable(place_of_chunk(range.place),
                      "of its records " + std::to_string(first) + " to " + std::to_string(chunk.last) + ", " +
                          std::to_string(promised - read) + " can't be read",
                      promised - read);
    } else if (range.with_checksum && !is_intact(bytes, chunk)) {
      sink.unreadable(place_of_chunk(range.place),
                      "its checksum is wrong; its records were read as they are there", 0);
    }
  }
  if (!range.with_recovered) return newest;
  while (true) {
    const RecordPlace place = next_in_slack(bytes, at);
    if (place.size == 0) return newest;
    recover(place, sink);
  }
}

}  // namespace curfew::windows::evtx
