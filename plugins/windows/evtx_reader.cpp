#include "plugins/windows/evtx_reader.hpp"

#include <libevtx.h>

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

// libevtx passes over a chunk that doesn't begin as one should, without a word: so look ourselves.
void report_bad_chunks(const std::string& path, RecordSink& sink) {
  std::ifstream in(path, std::ios::binary);
  std::array<char, 8> magic{};
  in.seekg(0, std::ios::end);
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(in.tellg(), 0));
  for (std::size_t at = file_header; at + magic.size() <= size; at += chunk_size) {
    in.seekg(static_cast<std::streamoff>(at));
    if (!in.read(magic.data(), magic.size())) return;
    const std::string_view text(magic.data(), magic.size());
    if (text == std::string_view("ElfChnk\0", 8) || text == std::string_view("\0\0\0\0\0\0\0\0", 8)) continue;
    sink.unreadable("chunk at byte " + std::to_string(at), "it doesn't begin as a chunk does");
  }
}

class Reader {
 public:
  Reader(RecordSink& sink, EvtxRange range) : sink_(sink), range_(range), buffer_(first_buffer) {}

  void take(libevtx_record_t* record, std::string_view kind, int index, bool recovered) {
    libevtx_error_t* error = nullptr;
    if (range_.after_record != 0) {
      std::uint64_t id = 0;
      if (libevtx_record_get_identifier(record, &id, nullptr) == 1 && id <= range_.after_record) return;
    }
    // Asking for the size first would render the record twice.
    if (libevtx_record_get_utf8_xml_string(record, buffer_.data(), buffer_.size(), &error) != 1) {
      std::size_t size = 0;
      libevtx_error_t* size_error = nullptr;
      if (libevtx_record_get_utf8_xml_string_size(record, &size, &size_error) == 1 && size > buffer_.size() &&
          size <= longest_record) {
        buffer_.resize(size);
        libevtx_error_free(&error);
        if (libevtx_record_get_utf8_xml_string(record, buffer_.data(), buffer_.size(), &error) != 1)
          return complain(kind, index, take_text(error), recovered);
      } else {
        libevtx_error_free(&size_error);
        return complain(kind, index, take_text(error), recovered);
      }
    }
    const char* text = reinterpret_cast<const char*>(buffer_.data());
    WindowsEvent event;
    if (!parse_xml_event({text, strnlen(text, buffer_.size())}, event))
      return complain(kind, index, "a record without an event id or a time", recovered);
    event.position = position_++;
    if (recovered) {
      sink_.recovered(std::move(event));
    } else {
      sink_.event(std::move(event));
    }
  }

  // What was never promised isn't missing: recovered records may be torn.
  void complain(std::string_view kind, int index, const std::string& why, bool recovered) {
    if (recovered) return;
    sink_.unreadable(std::string(kind) + " " + std::to_string(index), why);
  }

 private:
  RecordSink& sink_;
  EvtxRange range_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t position_ = 0;
};

}  // namespace

void read_evtx(const std::string& path, RecordSink& sink, EvtxRange range) {
  libevtx_error_t* error = nullptr;
  libevtx_file_t* opened = nullptr;
  if (libevtx_file_initialize(&opened, &error) != 1) {
    sink.unreadable("file", take_text(error));
    return;
  }
  const File file(opened);
  if (libevtx_file_open(opened, path.c_str(), LIBEVTX_OPEN_READ, &error) != 1) {
    sink.unreadable("file", take_text(error));
    return;
  }
  report_bad_chunks(path, sink);
  Reader reader(sink, range);
  int count = 0;
  if (libevtx_file_get_number_of_records(opened, &count, &error) != 1) {
    sink.unreadable("file", take_text(error));
    return;
  }
  for (int i = 0; i < count; ++i) {
    libevtx_record_t* got = nullptr;
    if (libevtx_file_get_record_by_index(opened, i, &got, &error) != 1) {
      reader.complain("record", i, take_text(error), false);
      continue;
    }
    const Record record(got);
    reader.take(got, "record", i, false);
  }
  if (!range.with_recovered) return;
  if (libevtx_file_get_number_of_recovered_records(opened, &count, nullptr) != 1) return;
  for (int i = 0; i < count; ++i) {
    libevtx_record_t* got = nullptr;
    if (libevtx_file_get_recovered_record_by_index(opened, i, &got, nullptr) != 1) continue;
    const Record record(got);
    reader.take(got, "recovered record", i, true);
  }
}

}  // namespace curfew::windows
