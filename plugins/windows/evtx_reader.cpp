#include "plugins/windows/evtx_reader.hpp"

#include <libevtx.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "plugins/windows/text.hpp"
#include "plugins/windows/xml_reader.hpp"

namespace curfew::windows {
namespace {

constexpr std::size_t first_buffer = std::size_t{1} << 18U;
constexpr std::size_t longest_record = std::size_t{16} << 20U;
constexpr std::size_t file_header = 4096;
constexpr std::size_t chunk_size = 65536;

struct FileFree {
  void operator()(libevtx_file_t* file) const {
    libevtx_file_close(file, nullptr);
    libevtx_file_free(&file, nullptr);
  }
};
struct RecordFree {
  void operator()(libevtx_record_t* record) const { libevtx_record_free(&record, nullptr); }
};
using File = std::unique_ptr<libevtx_file_t, FileFree>;
using Record = std::unique_ptr<libevtx_record_t, RecordFree>;

// libevtx's own words, one line.
std::string take_text(libevtx_error_t*& error) {
  if (error == nullptr) return "no reason given";
  std::array<char, 1024> text{};
  libevtx_error_sprint(error, text.data(), text.size() - 1);
  libevtx_error_free(&error);
  std::string line = to_clean_utf8(text.data());
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  if (line.size() > 240) line.resize(240);
  return to_clean_utf8(line);
}

// What the file says that it holds: libevtx passes over records that it can't read without a word, so the
// chunks' own headers are compared with what came out.
struct Chunk {
  std::uint64_t offset = 0;
  std::uint64_t first = 0, last = 0;  // record numbers
  std::uint64_t read = 0;
};

class Chunks {
 public:
  Chunks(const std::string& path, RecordSink& sink, std::span<const std::uint64_t> places) {
    std::ifstream in(path, std::ios::binary);
    std::array<char, 40> head{};
    in.seekg(0, std::ios::end);
    const auto size = static_cast<std::size_t>(std::max<std::streamoff>(in.tellg(), 0));
    in.seekg(0);
    std::array<char, 44> file_head{};
    if (!in.read(file_head.data(), file_head.size())) return;
    if (number(file_head.data() + 38, 2) != 3)
      sink.unreadable("file header", "not of a version that is known");
    const std::size_t counted = number(file_head.data() + 42, 2);
    for (std::size_t at = file_header; at + head.size() <= size && chunks_.size() < most_chunks;
         at += chunk_size) {
      in.seekg(static_cast<std::streamoff>(at));
      if (!in.read(head.data(), head.size())) return;
      const std::size_t index = (at - file_header) / chunk_size;
      const std::uint64_t whence = index < places.size() ? places[index] : at;
      const std::string place = "chunk at byte " + std::to_string(whence);
      const std::string_view magic(head.data(), 8);
      if (magic == std::string_view("\0\0\0\0\0\0\0\0", 8)) {
        // Files are laid out in advance: beyond the counted ones, nothing is normal.
        if (index < counted) sink.unreadable(place, "empty, though the file's header counts it");
        continue;
      }
      if (magic != std::string_view("ElfChnk\0", 8)) {
        sink.unreadable(place, "it doesn't begin as a chunk does");
        continue;
      }
      Chunk chunk{whence, number(head.data() + 24, 8), number(head.data() + 32, 8), 0};
      if (chunk.first > chunk.last || chunk.last - chunk.first > chunk_size) {
        sink.unreadable(place, "its header's record numbers make no sense");
        continue;
      }
      chunks_.push_back(chunk);
    }
    const std::size_t whole = file_header + counted * chunk_size;
    if (size > file_header && size < whole)
      sink.unreadable("byte " + std::to_string(size),
                      "the file ends before the " + std::to_string(whole) + " bytes that its header counts");
    std::sort(chunks_.begin(), chunks_.end(),
              [](const Chunk& a, const Chunk& b) { return a.first < b.first; });
  }

  void took(std::uint64_t record) {
    auto after =
        std::upper_bound(chunks_.begin(), chunks_.end(), record,
                         [](std::uint64_t wanted, const Chunk& chunk) { return wanted < chunk.first; });
    if (after == chunks_.begin()) return;
    --after;
    if (record <= after->last) ++after->read;
  }

  void report(RecordSink& sink) const {
    for (const Chunk& chunk : chunks_) {
      const std::uint64_t promised = chunk.last - chunk.first + 1;
      if (chunk.read >= promised) continue;
      sink.unreadable("chunk at byte " + std::to_string(chunk.offset),
                      "of its records " + std::to_string(chunk.first) + " to " + std::to_string(chunk.last) +
                          ", " + std::to_string(promised - chunk.read) + " can't be read",
                      promised - chunk.read);
    }
  }

 private:
  static std::uint64_t number(const char* bytes, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = (value << 8U) | static_cast<std::uint8_t>(bytes[i]);
    return value;
  }
  static constexpr std::size_t most_chunks = 1U << 20U;
  std::vector<Chunk> chunks_;
};

class Reader {
 public:
  Reader(RecordSink& sink, EvtxRange range, Chunks& chunks)
      : sink_(sink), range_(range), chunks_(chunks), buffer_(first_buffer) {}

  void take(libevtx_record_t* record, bool recovered) {
    // The number in the record's header; an exported log counts anew there, and keeps the old ones inside.
    std::uint64_t number = 0;
    const bool numbered = libevtx_record_get_identifier(record, &number, nullptr) == 1;
    if (numbered && !recovered) newest_ = std::max(newest_, number);
    if (numbered && number <= range_.after_record) {
      chunks_.took(number);
      return;
    }
    if (!render(record)) return complain(recovered);
    const char* text = reinterpret_cast<const char*>(buffer_.data());
    WindowsEvent event;
    if (!parse_xml_event({text, strnlen(text, buffer_.size())}, event)) return complain(recovered);
    event.position = position_++;
    if (recovered) {
      sink_.recovered(std::move(event));
    } else {
      if (numbered) chunks_.took(number);
      sink_.event(std::move(event));
    }
  }

  [[nodiscard]] std::uint64_t newest() const { return newest_; }

  // What was never promised isn't missing: recovered records may be torn. Others are missing from their
  // chunk.
  void complain(bool recovered) {
    if (recovered) sink_.recovered_torn();
  }

 private:
  // As XML text into the buffer, which grows as far as a record may. Asking for the size first would render
  // each one twice.
  bool render(libevtx_record_t* record) {
    const auto into_buffer = [&] {
      return libevtx_record_get_utf8_xml_string(record, buffer_.data(), buffer_.size(), nullptr) == 1;
    };
    if (into_buffer()) return true;
    std::size_t size = 0;
    if (libevtx_record_get_utf8_xml_string_size(record, &size, nullptr) != 1 || size <= buffer_.size() ||
        size > longest_record)
      return false;
    buffer_.resize(size);
    return into_buffer();
  }

  RecordSink& sink_;
  EvtxRange range_;
  Chunks& chunks_;
  std::uint64_t newest_ = 0;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t position_ = 0;
};

}  // namespace

std::uint64_t read_evtx(const std::string& path, RecordSink& sink, EvtxRange range) {
  libevtx_error_t* error = nullptr;
  libevtx_file_t* opened = nullptr;
  if (libevtx_file_initialize(&opened, &error) != 1) {
    sink.unreadable("file", take_text(error));
    return range.after_record;
  }
  const File file(opened);
  if (libevtx_file_open(opened, path.c_str(), LIBEVTX_OPEN_READ, &error) != 1) {
    sink.unreadable("file", take_text(error));
    return range.after_record;
  }
  Chunks chunks(path, sink, range.places);
  Reader reader(sink, range, chunks);
  int count = 0;
  if (libevtx_file_get_number_of_records(opened, &count, &error) != 1) {
    sink.unreadable("file", take_text(error));
    return range.after_record;
  }
  for (int i = 0; i < count; ++i) {
    libevtx_record_t* got = nullptr;
    if (libevtx_file_get_record_by_index(opened, i, &got, &error) != 1) {
      libevtx_error_free(&error);  // its chunk tells of it
      continue;
    }
    const Record record(got);
    reader.take(got, false);
  }
  chunks.report(sink);
  if (!range.with_recovered) return reader.newest();
  if (libevtx_file_get_number_of_recovered_records(opened, &count, nullptr) != 1) return reader.newest();
  for (int i = 0; i < count; ++i) {
    libevtx_record_t* got = nullptr;
    if (libevtx_file_get_recovered_record_by_index(opened, i, &got, nullptr) != 1) {
      sink.recovered_torn();
      continue;
    }
    const Record record(got);
    reader.take(got, true);
  }
  return reader.newest();
}

}  // namespace curfew::windows
