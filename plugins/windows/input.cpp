#include "plugins/windows/input.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "plugins/windows/evtx_reader.hpp"
#include "plugins/windows/json_reader.hpp"
#include "plugins/windows/smb/full_audit_reader.hpp"
#include "plugins/windows/text_reader.hpp"

namespace curfew::windows {
namespace {

constexpr std::size_t head_size = 16U << 10U;
constexpr std::size_t read_size = 256U << 10U;

using files::Bytes;
using files::Descriptor;
using files::reason;

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

files::Unreadable unreadable_of(RecordSink& sink) {
  return [&sink](std::string_view place, std::string_view why) { sink.unreadable(place, why); };
}

void read_evtx_bytes(std::string_view head, Bytes& bytes, RecordSink& sink, const InputLimits& limits) {
  // Its chunks are read where they lie: a file without a name.
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
  const std::string head = files::read_head(bytes, head_size, unreadable_of(sink));
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

void read_entry(const std::string& entry, Bytes& bytes, RecordSink& sink, const InputLimits& limits) {
  EntrySink named(sink, entry);
  read_plain(bytes, named, limits, "");
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
  if (files::is_archive(head)) return Format::Archive;
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
  if (head.find('\0') == std::string_view::npos && (head.find("{\"timestamp\"") != std::string_view::npos ||
                                                    head.find(full_audit_source) != std::string_view::npos))
    return Format::Text;
  return Format::Unknown;
}

Format read_input(const std::string& path, RecordSink& sink, const InputLimits& limits) {
  Format format = Format::Archive;
  std::error_code error;
  const std::string plain_path = std::filesystem::is_regular_file(path, error) ? path : std::string{};
  files::read_input(path, limits, unreadable_of(sink), [&](const std::string& entry, Bytes& bytes) {
    if (entry.empty()) {
      format = read_plain(bytes, sink, limits, plain_path);
    } else {
      read_entry(entry, bytes, sink, limits);
    }
  });
  return format;
}

Format read_bytes(std::string_view bytes, RecordSink& sink, const InputLimits& limits) {
  Format format = Format::Archive;
  files::read_bytes(bytes, limits, unreadable_of(sink), [&](const std::string& entry, Bytes& part) {
    if (entry.empty()) {
      format = read_plain(part, sink, limits, "");
    } else {
      read_entry(entry, part, sink, limits);
    }
  });
  return format;
}

}  // namespace curfew::windows
