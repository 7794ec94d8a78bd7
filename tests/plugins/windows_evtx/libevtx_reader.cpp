#include "tests/plugins/windows_evtx/libevtx_reader.hpp"

#include <libevtx.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "plugins/windows/text.hpp"
#include "plugins/windows/xml_reader.hpp"

namespace curfew::windows::oracle {
namespace {

constexpr std::size_t first_buffer = std::size_t{1} << 18U;
constexpr std::size_t longest_record = std::size_t{16} << 20U;

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

class Reader {
 public:
  explicit Reader(RecordSink& sink) : sink_(sink), buffer_(first_buffer) {}

  void take(libevtx_record_t* record, bool recovered) {
    if (!render(record)) return complain(recovered);
    const char* text = reinterpret_cast<const char*>(buffer_.data());
    WindowsEvent event;
    if (!parse_xml_event({text, strnlen(text, buffer_.size())}, event)) return complain(recovered);
    event.position = position_++;
    if (recovered) {
      sink_.recovered(std::move(event));
    } else {
      sink_.event(std::move(event));
    }
  }

  void complain(bool recovered) {
    if (recovered) {
      sink_.recovered_torn();
    } else {
      sink_.unreadable("record", "libevtx can't render it");
    }
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
  std::vector<std::uint8_t> buffer_;
  std::uint64_t position_ = 0;
};

}  // namespace

void read_evtx(const std::string& path, RecordSink& sink) {
  libevtx_error_t* error = nullptr;
  libevtx_file_t* opened = nullptr;
  if (libevtx_file_initialize(&opened, &error) != 1) return sink.unreadable("file", take_text(error));
  const File file(opened);
  if (libevtx_file_open(opened, path.c_str(), LIBEVTX_OPEN_READ, &error) != 1)
    return sink.unreadable("file", take_text(error));
  Reader reader(sink);
  int count = 0;
  if (libevtx_file_get_number_of_records(opened, &count, &error) != 1)
    return sink.unreadable("file", take_text(error));
  for (int i = 0; i < count; ++i) {
    libevtx_record_t* got = nullptr;
    if (libevtx_file_get_record_by_index(opened, i, &got, &error) != 1) {
      libevtx_error_free(&error);
      reader.complain(false);
      continue;
    }
    const Record record(got);
    reader.take(got, false);
  }
  if (libevtx_file_get_number_of_recovered_records(opened, &count, nullptr) != 1) return;
  for (int i = 0; i < count; ++i) {
    libevtx_record_t* got = nullptr;
    if (libevtx_file_get_recovered_record_by_index(opened, i, &got, nullptr) != 1) {
      reader.complain(true);
      continue;
    }
    const Record record(got);
    reader.take(got, true);
  }
}

}  // namespace curfew::windows::oracle
