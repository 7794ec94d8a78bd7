#include "plugins/windows/input.hpp"

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

#include "plugins/windows/archive_reader.hpp"
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

// The first bytes as ASCII, whatever their encoding: enough to know a heading.
std::string plain(std::string_view head) {
  std::string text;
  for (const char c : head.substr(0, 1024)) {
    if (c > 0) text += c;
  }
  return text;
}

// What administrators have at hand besides, and what they can do about it.
std::string explain_unknown(std::string_view head) {
  const std::string text = plain(head);
  const std::string_view first = std::string_view(text).substr(0, text.find('\n'));
  const bool is_table =
      first.find(',') != std::string_view::npos || first.find('\t') != std::string_view::npos;
  const auto has = [&](std::string_view word) { return first.find(word) != std::string_view::npos; };
  std::string what = "neither EVTX, XML, JSON nor lines of these";
  if (is_table &&
      (has("Event ID") || has("EventID") || has("TimeCreated") || has("Date and Time") || has("\"Id\"")))
    what = "a table (CSV) of a log: its columns are a viewer's words, without the fields of the records";
  if (trim(text).starts_with("Event[") || text.find("Log Name:") != std::string::npos)
    what = "a log rendered as text: it is in the reader's language, without the fields of the records";
  return what +
         "; read are EVTX (wevtutil epl Security Security.evtx), XML (wevtutil qe Security /f:xml), JSON of "
         "Winlogbeat and NXLog, and Samba's audit log: export the log again as one of these";
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
    sink.unreadable("file",
                    format == Format::Archive ? "an archive within an archive" : explain_unknown(head));
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

void read_entries_of(ArchiveSource source, RecordSink& sink, const InputLimits& limits) {
  read_archive(source, limits, sink, [&](const std::string&, Bytes& bytes, RecordSink& entry_sink) {
    read_plain(bytes, entry_sink, limits, "");
  });
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
  if (begins("\xff\xfe") || begins("\xfe\xff")) {  // UTF-16, as the event viewer and PowerShell write
    const auto first = head.find_first_not_of(std::string_view(" \t\r\n\0", 5), 2);
    if (first == std::string_view::npos || head[first] == '<') return Format::Xml;
    return head[first] == '{' || head[first] == '[' ? Format::Json : Format::Unknown;
  }
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
    read_entries_of({file.get(), {}}, sink, limits);
    return Format::Archive;
  }
  return read_plain(bytes, sink, limits, S_ISREG(status.st_mode) ? path : std::string{});
}

Format read_bytes(std::string_view bytes, RecordSink& sink, const InputLimits& limits) {
  if (recognise(bytes.substr(0, 512)) == Format::Archive) {
    read_entries_of({-1, bytes}, sink, limits);
    return Format::Archive;
  }
  MemoryBytes memory(bytes);
  return read_plain(memory, sink, limits, "");
}

}  // namespace curfew::windows
