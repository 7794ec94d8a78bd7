#include "plugins/windows/evtx_tail.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

#include "plugins/windows/evtx_reader.hpp"

namespace curfew::windows {
namespace {

constexpr std::size_t file_header = 4096;
constexpr std::size_t chunk_size = 65536;
constexpr std::size_t chunk_header = 512;
constexpr std::size_t record_header = 24;
constexpr std::string_view chunk_magic("ElfChnk\0", 8);
constexpr std::string_view record_magic("**\0\0", 4);
constexpr std::size_t most_chunks = 1U << 20U;
constexpr std::size_t most_told = 10'000;
// A file's time of change is coarse: what was written in the same moment does not move it.
constexpr auto coarse = std::chrono::seconds(2);
constexpr auto still_copied = std::chrono::minutes(1);

std::uint64_t number(const char* bytes, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = (value << 8U) | static_cast<std::uint8_t>(bytes[i]);
  return value;
}
void put_number(char* bytes, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
}

std::uint32_t checksum(std::string_view bytes, std::uint32_t so_far = 0) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < made.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? 0xEDB88320U : 0U);
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t value = ~so_far;
  for (const char c : bytes) value = table[(value ^ static_cast<std::uint8_t>(c)) & 0xFFU] ^ (value >> 8U);
  return ~value;
}

std::uint64_t print_of(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  return hash;
}

std::size_t read_at(int file, char* buffer, std::size_t size, std::uint64_t offset) {
  std::size_t total = 0;
  while (total < size) {
    const ssize_t got = ::pread(file, buffer + total, size - total, static_cast<off_t>(offset + total));
    if (got <= 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

// The records that are really there, by their own headers.
struct Walk {
  std::uint64_t last = 0;  // number; 0: none
  std::size_t last_at = 0, end = chunk_header;
};
Walk walk(std::string_view chunk, std::uint64_t first) {
  Walk found;
  std::uint64_t expected = first;
  while (found.end + record_header + 4 <= chunk.size()) {
    const char* const record = chunk.data() + found.end;
    const std::uint64_t size = number(record + 4, 4);
    if (std::string_view(record, 4) != record_magic || size < record_header + 4 ||
        size > chunk.size() - found.end || number(record + size - 4, 4) != size ||
        number(record + 8, 8) != expected)
      break;
    found.last = expected++;
    found.last_at = found.end;
    found.end += size;
  }
  return found;
}

// The header says what the walk found.
void correct(std::string& chunk, const Walk& found, std::uint64_t before) {
  char* const head = chunk.data();
  put_number(head + 16, number(head + 16, 8) + found.last - before, 8);
  put_number(head + 32, found.last, 8);
  put_number(head + 44, found.last_at, 4);
  put_number(head + 48, found.end, 4);
  put_number(head + 52, checksum({head + chunk_header, found.end - chunk_header}), 4);
  put_number(head + 124, checksum({head + 128, 384}, checksum({head, 120})), 4);
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string place_of(std::uint64_t offset) { return "chunk at byte " + std::to_string(offset); }

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

// Of the newest chunk, which is read again with each change, only what is new is told.
class EvtxTail::OnceSink final : public RecordSink {
 public:
  OnceSink(EvtxTail& tail, RecordSink& sink) : tail_(tail), sink_(sink) {}
  void event(WindowsEvent&& event) override { sink_.event(std::move(event)); }
  void recovered(WindowsEvent&& event) override { sink_.recovered(std::move(event)); }
  void recovered_torn() override { sink_.recovered_torn(); }
  void other_line() override { sink_.other_line(); }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    const std::uint64_t known = place == tail_.told_place_ ? tail_.told_records_ : 0;
    tail_.told_place_ = place;
    tail_.told_records_ = records;
    if (records > known) sink_.unreadable(place, why, records - known);
  }

 private:
  EvtxTail& tail_;
  RecordSink& sink_;
};

void EvtxTail::tell_once(RecordSink& sink, std::uint64_t offset, std::string_view why) {
  if (offset <= resumed_ || told_.size() >= most_told || !told_.insert(offset).second) return;
  sink.unreadable(place_of(offset), why, 1);
}

std::vector<EvtxTail::Chunk> EvtxTail::chunks(int file, std::uint64_t size, RecordSink& sink) {
  std::vector<Chunk> found;
  std::array<char, 44> head{};
  if (read_at(file, head.data(), head.size(), 0) < head.size()) return found;
  const std::uint64_t counted = number(head.data() + 42, 2);
  std::array<char, chunk_header + record_header> bytes{};
  for (std::uint64_t at = file_header; at + bytes.size() <= size && found.size() < most_chunks;
       at += chunk_size) {
    if (read_at(file, bytes.data(), bytes.size(), at) < bytes.size()) break;
    const std::string_view magic(bytes.data(), chunk_magic.size());
    if (magic == std::string_view("\0\0\0\0\0\0\0\0", 8)) {
      // Files are laid out in advance: beyond the counted ones, nothing is normal.
      if ((at - file_header) / chunk_size < counted)
        tell_once(sink, at, "empty, though the file's header counts it");
      continue;
    }
    Chunk chunk{at, number(bytes.data() + 24, 8), number(bytes.data() + 32, 8),
                print_of({bytes.data() + chunk_header, record_header})};
    if (magic != chunk_magic) {
      tell_once(sink, at, "it doesn't begin as a chunk does");
    } else if (chunk.first > chunk.last || chunk.last - chunk.first > chunk_size) {
      tell_once(sink, at, "its header's record numbers make no sense");
    } else {
      found.push_back(chunk);
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
  const int copy = ::memfd_create("chunks", MFD_CLOEXEC);
  if (copy < 0) return;
  std::string head(file_header, '\0');
  read_at(file, head.data(), head.size(), 0);
  EvtxPosition reached = position_;
  std::vector<std::uint64_t> places;
  std::string body;
  while (!ahead_.empty() && places.size() * chunk_size < std::max<std::uint64_t>(most_bytes, chunk_size)) {
    const Chunk chunk = ahead_.front();
    ahead_.pop_front();
    std::string bytes(chunk_size, '\0');
    const std::size_t got = read_at(file, bytes.data(), bytes.size(), chunk.offset);
    if (got < chunk_header) continue;
    std::uint64_t last = chunk.last;
    const bool is_cut = got < chunk_size;
    if (is_cut || chunk.offset == newest_chunk_) {
      const Walk found = walk({bytes.data(), got}, chunk.first);
      ends_early_ = is_cut;
      if (found.last > chunk.last || (is_cut && found.last < chunk.last)) {
        if (found.last == 0) continue;
        correct(bytes, found, chunk.last);
        last = found.last;
      }
    }
    if (last <= position_.record) continue;
    body += bytes;
    places.push_back(chunk.offset);
    ++chunks_read_;
    if (last >= reached.record) {
      reached.record = last;
      reached.chunk = chunk.offset;
      reached.chunk_print = print_of({bytes.data() + chunk_header, record_header});
    }
  }
  if (!places.empty()) {
    put_number(head.data() + 8, 0, 8);
    put_number(head.data() + 16, places.size() - 1, 8);
    put_number(head.data() + 42, places.size(), 2);
    put_number(head.data() + 120, 0, 4);
    put_number(head.data() + 124, checksum({head.data(), 120}), 4);
    if (write_all(copy, head) && write_all(copy, body)) {
      OnceSink once(*this, sink);
      read_evtx("/proc/self/fd/" + std::to_string(copy), once,
                {is_first_ ? 0 : position_.record, is_first_, places});
      position_ = reached;
    } else {
      sink.unreadable(place_of(places.front()), "no memory for its chunks", 1);
    }
  }
  ::close(copy);
}

bool EvtxTail::read(int file, RecordSink& sink, std::uint64_t most_bytes) {
  if (ahead_.empty() && !look(file, sink)) return false;
  const std::uint64_t before = position_.record;
  read_some(file, sink, most_bytes);
  if (ahead_.empty()) is_first_ = false;
  return position_.record != before || !ahead_.empty();
}

}  // namespace curfew::windows
