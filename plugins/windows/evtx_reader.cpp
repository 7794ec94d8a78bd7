#include "plugins/windows/evtx_reader.hpp"

#include <algorithm>
#include <system_error>

#include "plugins/windows/evtx/chunk.hpp"
#include "plugins/windows/evtx/chunk_reader.hpp"
#include "plugins/windows/evtx/file_bytes.hpp"
#include "plugins/windows/evtx/file_header.hpp"

namespace curfew::windows {
namespace {

constexpr std::size_t most_chunks = 1U << 20U;
// What is shorter has no header that could promise anything.
constexpr std::size_t shortest_chunk = 40;

std::string reason(int error) { return std::system_category().message(error); }

}  // namespace

std::uint64_t read_evtx(const std::string& path, RecordSink& sink, EvtxRange range) {
  const evtx::FileBytes file(path);
  if (file.error() != 0) {
    sink.unreadable("file", reason(file.error()));
    return range.after_record;
  }
  const std::uint64_t size = file.size();
  std::string bytes(evtx::chunk_size, '\0');
  const std::size_t got = file.read(bytes.data(), evtx::file_header_size, 0);
  const evtx::FileHeader head(std::string_view(bytes).substr(0, got));
  if (!head.is_log || got < evtx::file_header_size) {
    sink.unreadable("file", head.is_log ? "it ends within the header of an EVTX file" : "it is no EVTX file");
    return range.after_record;
  }
  if (!head.is_known) sink.unreadable("file header", "not of a version that is known");
  const std::uint64_t whole = evtx::file_header_size + head.chunks * evtx::chunk_size;
  if (size > evtx::file_header_size && size < whole)
    sink.unreadable("byte " + std::to_string(size),
                    "the file ends before the " + std::to_string(whole) + " bytes that its header counts");

  evtx::ChunkReader reader;
  std::uint64_t newest = 0;
  for (std::uint64_t index = 0; index < most_chunks; ++index) {
    const std::uint64_t at = evtx::file_header_size + index * evtx::chunk_size;
    const std::string_view part =
        std::string_view(bytes).substr(0, file.read(bytes.data(), bytes.size(), at));
    if (part.size() < shortest_chunk) break;
    const evtx::Chunk chunk(part);
    if (const std::string_view damage = evtx::damage_of(chunk, index < head.chunks); !damage.empty())
      sink.unreadable(evtx::place_of_chunk(at), damage);
    const evtx::ChunkRange wanted{at, range.after_record, head.is_dirty || index < head.chunks,
                                  range.with_recovered, part.size() == bytes.size()};
    newest = std::max(newest, reader.read(part, chunk, wanted, sink));
  }
  return newest;
}

}  // namespace curfew::windows
