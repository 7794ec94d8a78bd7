#include "plugins/windows/evtx_tail.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "plugins/windows/evtx/file_bytes.hpp"
#include "plugins/windows/evtx/file_header.hpp"

namespace curfew::windows {
namespace {

constexpr std::size_t most_chunks = 1U << 20U;
constexpr std::size_t most_told = 10'000;
// A file's time of change is coarse: what was written in the same moment does not move it.
constexpr auto coarse = std::chrono::seconds(2);
constexpr auto still_copied = std::chrono::minutes(1);

std::uint64_t print_of(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  return hash;
}

// Of a chunk's first record.
std::uint64_t print_of_first(std::string_view bytes) {
  return print_of(bytes.substr(evtx::records_begin, evtx::record_header_size));
}

}  // namespace

std::string to_text(const EvtxPosition& position) {
  return std::to_string(position.chunk) + " " + std::to_string(position.record) + " " +
         std::to_string(position.first_print) + " " + std::to_string(position.chunk_print);
}

std::optional<EvtxPosition> evtx_position(std::string_view text) {
  EvtxPosition position;
  for (std::uint64_t* field :
       {&position.chunk, &position.record, &position.first_print, &position.chunk_print}) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), *field);
    if (read.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return text.empty() ? std::optional(position) : std::nullopt;
}

void EvtxTail::tell_once(RecordSink& sink, std::uint64_t offset, std::string_view why) {
  if (offset <= resumed_ || told_.size() >= most_told || !told_.insert(offset).second) return;
  sink.unreadable(evtx::place_of_chunk(offset), why, 1);
}

std::vector<EvtxTail::Chunk> EvtxTail::chunks(int file, std::uint64_t size, RecordSink& sink) {
  std::vector<Chunk> found;
  std::array<char, evtx::records_begin + evtx::record_header_size> bytes{};
  const std::string_view all(bytes.data(), bytes.size());
  if (evtx::read_at(file, bytes.data(), bytes.size(), 0) < bytes.size()) return found;
  const std::uint64_t counted = evtx::FileHeader(all).chunks;
  for (std::uint64_t at = evtx::file_header_size; at + bytes.size() <= size && found.size() < most_chunks;
       at += evtx::chunk_size) {
    if (evtx::read_at(file, bytes.data(), bytes.size(), at) < bytes.size()) break;
    const evtx::Chunk chunk(all);
    const bool is_counted = (at - evtx::file_header_size) / evtx::chunk_size < counted;
    if (const std::string_view damage = evtx::damage_of(chunk, is_counted); !damage.empty()) {
      tell_once(sink, at, damage);
    } else if (chunk.is_chunk) {
      found.push_back({at, chunk.first, chunk.last, print_of_first(all)});
    }
  }
  return found;
}

// Whether it is still the log that was read, and where in it.
void EvtxTail::find_place(const std::vector<Chunk>& chunks) {
  if (position_.record == 0) return;
  bool is_same = chunks.front().print == position_.first_print;
  bool is_older = false;
  for (const Chunk& chunk : chunks) {
    is_same = is_same || (chunk.offset == position_.chunk && chunk.print == position_.chunk_print);
    is_older = is_older || chunk.first <= position_.record;
  }
  // Where everything is newer, what was read has been overwritten, or the log was cleared and counts on.
  if (is_same || !is_older) return;
  position_ = {};
  resumed_ = 0;
  told_.clear();
}

bool EvtxTail::look(int file, RecordSink& sink) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return false;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto age = std::chrono::system_clock::now().time_since_epoch() -
                   std::chrono::seconds(status.st_mtim.tv_sec) -
                   std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  const bool is_changed =
      status.st_mtim.tv_sec != changed_.tv_sec || status.st_mtim.tv_nsec != changed_.tv_nsec || size != size_;
  if (!is_changed && settled_) {
    if (ends_early_ && age > still_copied && told_.insert(size).second)
      sink.unreadable("byte " + std::to_string(size), "the file ends within a chunk", 1);
    return false;
  }
  changed_ = status.st_mtim;
  size_ = size;
  settled_ = age > coarse;

  std::vector<Chunk> all = chunks(file, size, sink);
  if (all.empty()) return false;
  find_place(all);
  position_.first_print = all.front().print;
  std::sort(all.begin(), all.end(), [](const Chunk& a, const Chunk& b) { return a.first < b.first; });
  newest_chunk_ = all.back().offset;
  for (const Chunk& chunk : all) {
    if (chunk.last > position_.record || chunk.offset == newest_chunk_) ahead_.push_back(chunk);
  }
  return true;
}

void EvtxTail::read_some(int file, RecordSink& sink, std::uint64_t most_bytes) {
  const std::uint64_t after_record = is_first_ ? 0 : position_.record;
  std::string bytes(evtx::chunk_size, '\0');
  for (std::uint64_t read = 0; !ahead_.empty() && read < std::max<std::uint64_t>(most_bytes, 1);) {
    const std::uint64_t offset = ahead_.front().offset;
    ahead_.pop_front();
    const std::string_view part =
        std::string_view(bytes).substr(0, evtx::read_at(file, bytes.data(), bytes.size(), offset));
    evtx::Chunk chunk(part);
    // Since it was looked at, it may have been overwritten.
    if (part.size() < evtx::records_begin + evtx::record_header_size || !chunk.is_chunk || !chunk.is_sane)
      continue;
    const bool is_cut = part.size() < evtx::chunk_size;
    const bool is_growing = is_cut || offset == newest_chunk_;
    if (is_growing) {
      ends_early_ = is_cut;
      const evtx::Walk found = evtx::walk(part, chunk.first);
      if (found.last > chunk.last || (is_cut && found.last < chunk.last)) {
        if (found.last == 0) continue;
        chunk.last = found.last;
        chunk.last_record_at = found.last_at;
      }
    }
    if (chunk.last <= position_.record) continue;
    chunks_.read(part, chunk, {offset, after_record, true, is_first_, !is_growing}, sink);
    read += evtx::chunk_size;
    ++chunks_read_;
    position_.record = chunk.last;
    position_.chunk = offset;
    position_.chunk_print = print_of_first(part);
  }
}

bool EvtxTail::read(int file, RecordSink& sink, std::uint64_t most_bytes) {
  if (ahead_.empty() && !look(file, sink)) return false;
  const std::uint64_t before = position_.record;
  read_some(file, sink, most_bytes);
  if (ahead_.empty()) is_first_ = false;
  return position_.record != before || !ahead_.empty();
}

}  // namespace curfew::windows
