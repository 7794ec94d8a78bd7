#include "plugins/windows/input.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "plugins/windows/evtx_reader.hpp"
#include "plugins/windows/json_reader.hpp"
#include "plugins/windows/text_reader.hpp"

namespace curfew::windows {
namespace {

constexpr std::size_t head_size = 16U << 10U;
constexpr std::size_t read_size = 256U << 10U;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) {
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known errors
}

// A place within an entry of an archive names the entry too.
class EntrySink final : public RecordSink {
 public:
  EntrySink(RecordSink& sink, std::string entry) : sink_(sink), entry_(std::move(entry)) {}
  void event(WindowsEvent&& event) override { sink_.event(std::move(event)); }
  void recovered(WindowsEvent&& event) override { sink_.recovered(std::move(event)); }
  void recovered_torn() override { sink_.recovered_torn(); }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    sink_.unreadable(entry_ + ": " + std::string(place), why, records);
  }
  void other_line() override { sink_.other_line(); }

 private:
  RecordSink& sink_;
  std::string entry_;
};

struct ArchiveFree {
  void operator()(struct archive* archive) const { archive_read_free(archive); }
};
using Archive = std::unique_ptr<struct archive, ArchiveFree>;

// Where bytes come from: fills `buffer`, 0 at the end, negative when reading failed (`why` says).
class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual std::int64_t read(char* buffer, std::size_t size, std::string& why) = 0;
};

class FileBytes final : public Bytes {
 public:
  explicit FileBytes(int fd) : fd_(fd) {}
  std::int64_t read(char* buffer, std::size_t size, std::string& why) override {
    ssize_t got = 0;
    do {
      got = ::read(fd_, buffer, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0) why = reason(errno);
    return got;
  }

 private:
  int fd_;
};

class MemoryBytes final : public Bytes {
 public:
  explicit MemoryBytes(std::string_view bytes) : rest_(bytes) {}
  std::int64_t read(char* buffer, std::size_t size, std::string&) override {
    const std::size_t count = std::min(size, rest_.size());
    std::memcpy(buffer, rest_.data(), count);
    rest_.remove_prefix(count);
    return static_cast<std::int64_t>(count);
  }

 private:
  std::string_view rest_;
};

class EntryBytes final : public Bytes {
 public:
  EntryBytes(struct archive* archive, std::uint64_t& budget) : archive_(archive), budget_(budget) {}
  std::int64_t read(char* buffer, std::size_t size, std::string& why) override {
    if (budget_ == 0) {
      why = "the archive expands to more than its limit";
      return -1;
    }
    const la_ssize_t got = archive_read_data(archive_, buffer, std::min<std::uint64_t>(size, budget_));
    if (got < 0) {
      const char* text = archive_error_string(archive_);
      why = text != nullptr ? text : "the archive is damaged";
      return -1;
    }
    budget_ -= static_cast<std::uint64_t>(got);
    return got;
  }

 private:
  struct archive* archive_;
  std::uint64_t& budget_;
};

void read_evtx_bytes(std::string_view head, Bytes& bytes, RecordSink& sink, const InputLimits& limits) {
  // libevtx wants to seek: a file without a name.
  const Descriptor file(::memfd_create("evtx", MFD_CLOEXEC));
  if (file.get() < 0) {
    sink.unreadable("file", "no memory for an unpacked EVTX file: " + reason(errno));
    return;
  }
  std::uint64_t total = 0;
  const auto put = [&](std::string_view part) {
    total += part.size();
    while (!part.empty()) {
      const ssize_t written = ::write(file.get(), part.data(), part.size());
      if (written < 0) return false;
      part.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  };
  bool good = put(head);
  std::string buffer(read_size, '\0');
  std::string why;
  while (good && total < limits.entry_bytes) {
    const std::int64_t got = bytes.read(buffer.data(), buffer.size(), why);
    if (got < 0) sink.unreadable("byte " + std::to_string(total), why);
    if (got <= 0) break;
    good = put(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  }
  if (!good) sink.unreadable("byte " + std::to_string(total), "no memory: " + reason(errno));
  if (total >= limits.entry_bytes) sink.unreadable("byte " + std::to_string(total), "longer than the limit");
  read_evtx("/proc/self/fd/" + std::to_string(file.get()), sink);
}

std::string read_head(Bytes& bytes, RecordSink& sink) {
  std::string head(head_size, '\0');
  std::size_t size = 0;
  std::string why;
  while (size < head.size()) {
    const std::int64_t got = bytes.read(head.data() + size, head.size() - size, why);
    if (got < 0) sink.unreadable("byte " + std::to_string(size), why);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  head.resize(size);
  return head;
}

Format read_plain(Bytes& bytes, RecordSink& sink, const InputLimits& limits, const std::string& path) {
  const std::string head = read_head(bytes, sink);
  const Format format = recognise(head);
  if (format == Format::Evtx) {
    if (path.empty()) {
      read_evtx_bytes(head, bytes, sink, limits);
    } else {
      read_evtx(path, sink);
    }
    return format;
  }
  if (format == Format::Empty) return format;
  if (format == Format::Archive || format == Format::Unknown) {
    sink.unreadable("file", format == Format::Archive ? "an archive within an archive"
                                                      : "neither EVTX, XML, JSON nor lines of these");
    return format;
  }
  TextReader text(sink, format, {limits.line_bytes, limits.entry_bytes});
  text.feed(head);
  std::string buffer(read_size, '\0');
  std::string why;
  std::uint64_t total = head.size();
  while (true) {
    const std::int64_t got = bytes.read(buffer.data(), buffer.size(), why);
    if (got < 0) sink.unreadable("byte " + std::to_string(total), why);
    if (got <= 0) break;
    total += static_cast<std::uint64_t>(got);
    text.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
  }
  text.finish();
  return format;
}

bool is_shadow(std::string_view name) {
  if (name.find("__MACOSX/") != std::string_view::npos) return true;
  const auto slash = name.rfind('/');
  const std::string_view file = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return file.starts_with("._") || file == ".DS_Store";
}

void read_archive(struct archive* archive, RecordSink& sink, const InputLimits& limits) {
  std::uint64_t budget = limits.expanded_bytes;
  std::uint64_t entries = 0;
  while (true) {
    struct archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive, &entry);
    if (result == ARCHIVE_EOF) return;
    if (result < ARCHIVE_WARN) {
      const char* text = archive_error_string(archive);
      sink.unreadable("archive", text != nullptr ? text : "damaged");
      return;
    }
    if (++entries > limits.entries) {
      sink.unreadable("archive", "more entries than the limit");
      return;
    }
    const char* given = archive_entry_pathname(entry);
    const std::string name = given != nullptr ? given : "entry " + std::to_string(entries);
    if (archive_entry_filetype(entry) == AE_IFDIR || is_shadow(name)) continue;
    EntrySink entry_sink(sink, name);
    EntryBytes bytes(archive, budget);
    read_plain(bytes, entry_sink, limits, "");
    if (budget == 0) return;
  }
}

Archive new_archive() {
  Archive archive(archive_read_new());
  archive_read_support_filter_all(archive.get());
  archive_read_support_format_tar(archive.get());
  archive_read_support_format_zip(archive.get());
  archive_read_support_format_7zip(archive.get());
  archive_read_support_format_cpio(archive.get());
  archive_read_support_format_raw(archive.get());  // a lone .gz
  return archive;
}

void complain_of(struct archive* archive, RecordSink& sink) {
  const char* text = archive_error_string(archive);
  sink.unreadable("archive", text != nullptr ? text : "can't be opened");
}

}  // namespace

const char* name_of(Format format) noexcept {
  switch (format) {
    case Format::Evtx:
      return "evtx";
    case Format::Xml:
      return "xml";
    case Format::Json:
      return "json";
    case Format::Text:
      return "lines";
    case Format::Archive:
      return "archive";
    case Format::Empty:
      return "empty";
    case Format::Unknown:
      break;
  }
  return "unknown";
}

Format recognise(std::string_view head) {
  const auto begins = [&](std::string_view magic) { return head.starts_with(magic); };
  if (head.empty()) return Format::Empty;
  if (begins({"ElfFile\0", 8})) return Format::Evtx;
  if (begins("\x1f\x8b") || begins("PK\x03\x04") || begins("BZh") ||
      begins({"\xfd"
              "7zXZ\0",
              6}) ||
      begins("\x28\xb5\x2f\xfd") || begins("7z\xbc\xaf\x27\x1c") ||
      (head.size() > 262 && head.substr(257, 5) == "ustar"))
    return Format::Archive;
  if (begins("\xff\xfe") || begins("\xfe\xff")) return Format::Xml;  // the event viewer's UTF-16
  if (begins("\xef\xbb\xbf")) head.remove_prefix(3);
  const auto first = head.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return Format::Empty;
  if (head[first] == '<') return Format::Xml;
  if (head[first] == '{') return Format::Json;
  if (head[first] == '[') {
    // An array; or "[2026/11/21 19:52:54, 3]", as Samba begins its lines.
    const auto next = head.find_first_not_of(" \t\r\n", first + 1);
    if (next == std::string_view::npos || head[next] == '{' || head[next] == '[' || head[next] == ']')
      return Format::Json;
  }
  // Another program's lines with records among them.
  if (head.find('\0') == std::string_view::npos && head.find("{\"timestamp\"") != std::string_view::npos)
    return Format::Text;
  return Format::Unknown;
}

std::vector<std::string> expand_inputs(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (auto it =
             fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with('.') || name == "__MACOSX") {
        if (it->is_directory(error)) it.disable_recursion_pending();
        continue;
      }
      if (it->is_regular_file(error)) found.push_back(it->path().string());
    }
    if (error)
      throw std::runtime_error(path + ": can't be listed: " + error.message() + "; check its rights");
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

Format read_input(const std::string& path, RecordSink& sink, const InputLimits& limits) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    throw std::runtime_error(path + ": can't be read: " + reason(errno) + "; check path and rights");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || S_ISDIR(status.st_mode))
    throw std::runtime_error(path + ": is no file");
  FileBytes bytes(file.get());
  char magic[512];
  const ssize_t got = ::pread(file.get(), magic, sizeof magic, 0);
  if (got > 0 && recognise({magic, static_cast<std::size_t>(got)}) == Format::Archive) {
    const Archive archive = new_archive();
    if (archive_read_open_fd(archive.get(), file.get(), read_size) != ARCHIVE_OK) {
      complain_of(archive.get(), sink);
    } else {
      read_archive(archive.get(), sink, limits);
    }
    return Format::Archive;
  }
  return read_plain(bytes, sink, limits, S_ISREG(status.st_mode) ? path : std::string{});
}

Format read_bytes(std::string_view bytes, RecordSink& sink, const InputLimits& limits) {
  if (recognise(bytes.substr(0, 512)) == Format::Archive) {
    const Archive archive = new_archive();
    if (archive_read_open_memory(archive.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
      complain_of(archive.get(), sink);
    } else {
      read_archive(archive.get(), sink, limits);
    }
    return Format::Archive;
  }
  MemoryBytes memory(bytes);
  return read_plain(memory, sink, limits, "");
}

}  // namespace curfew::windows
