#include "plugins/windows/live.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <filesystem>
#include <stdexcept>

#include "plugins/windows/evtx_tail.hpp"
#include "plugins/windows/text_reader.hpp"

namespace curfew::windows {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = 64U << 10U;
constexpr std::size_t fingerprint_bytes = 256;
constexpr Duration still_written = std::chrono::minutes(1);

// What tells a file from another one that got its inode: its first bytes.
std::string fingerprint(int fd, std::size_t size) {
  std::array<char, fingerprint_bytes> head{};
  const ssize_t got = ::pread(fd, head.data(), std::min(size, head.size()), 0);
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (ssize_t i = 0; i < got; ++i)
    hash = (hash ^ static_cast<unsigned char>(head[static_cast<std::size_t>(i)])) * 0x100000001B3U;
  return std::to_string(got) + ":" + std::to_string(hash);
}

std::uint64_t size_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// Of texts and archives: how far, and what tells the file. Of EVTX: "2 " and the tail's own text.
struct Position {
  std::uint64_t offset = 0;
  std::string print;
};

std::string to_value(const Position& position) {
  return "1 " + std::to_string(position.offset) + " " + position.print;
}

std::optional<Position> to_position(std::string_view value) {
  if (!value.starts_with("1 ")) return std::nullopt;
  value.remove_prefix(2);
  Position position;
  const char* end = value.data() + value.size();
  const auto offset = std::from_chars(value.data(), end, position.offset);
  if (offset.ec != std::errc() || offset.ptr == end) return std::nullopt;
  position.print.assign(offset.ptr + 1, end);
  return position;
}

}  // namespace

struct Live::Tail {
  ~Tail() {
    if (fd >= 0) ::close(fd);
  }
  std::string identity;
  std::string path;
  int fd = -1;
  std::uint32_t input = 0;
  Format format = Format::Empty;
  Time unnamed_since{};
  bool is_named = true;       // still what its path names
  std::uint64_t read_to = 0;  // bytes given to the reader
  std::uint64_t base = 0;     // where this reader began
  std::unique_ptr<TailSink> sink;
  std::unique_ptr<TextReader> reader;
  std::optional<EvtxTail> evtx;
  int unchanged_looks = 0;
  bool done = false;
  // Committable once everything up to the time is judged.
  struct Mark {
    Time until{};
    std::string cursor;
  };
  std::deque<Mark> marks;
  Time newest{};
  std::uint64_t read = 0, filtered = 0, unreadable = 0;
};

class Live::TailSink final : public RecordSink {
 public:
  TailSink(Live& live, Tail& tail) : live_(live), tail_(tail) {}
  void event(WindowsEvent&& event) override {
    event.input = tail_.input;
    live_.coverage_.count(tail_.input, event);
    ++tail_.read;
    if (!Pairing::uses(event)) {
      ++tail_.filtered;
      return;
    }
    tail_.newest = std::max(tail_.newest, event.time);
    live_.pairing_.add(std::move(event));
  }
  void recovered(WindowsEvent&& event) override { live_.coverage_.count_recovered(tail_.input, event); }
  void recovered_torn() override { live_.coverage_.count_recovered_torn(tail_.input); }
  void unreadable(std::string_view place, std::string_view why, std::uint64_t records) override {
    live_.coverage_.count_unreadable(tail_.input, place, why, records);
    tail_.unreadable += records;
  }
  void other_line() override { live_.coverage_.count_other_line(tail_.input); }

 private:
  Live& live_;
  Tail& tail_;
};

Live::Live(std::vector<std::string> paths, LiveSettings settings, Recall recall)
    : paths_(std::move(paths)),
      settings_(settings),
      recall_(std::move(recall)),
      pairing_(settings.pairing, *this) {}

Live::~Live() = default;

void Live::complain(std::string text) {
  if (complained_.size() > 1000) complained_.clear();
  if (complained_.insert(text).second) complaints_.push_back(std::move(text));
}

void Live::consider(const std::string& path, bool only_if_known) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    complain(path + ": can't be read: " + std::strerror(errno) + "; check path and rights");
    return;
  }
  if (!S_ISREG(status.st_mode)) return;
  const std::string identity = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  if (const auto known = tails_.find(identity); known != tails_.end()) {
    known->second->path = path;
    known->second->is_named = true;
    return;
  }
  const std::optional<std::string> cursor = recall_ ? recall_("file:" + identity) : std::nullopt;
  if (only_if_known && !cursor) return;
  if (status.st_size == 0) return;  // its form isn't known yet
  auto tail = std::make_unique<Tail>();
  tail->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (tail->fd < 0) {
    complain(path + ": can't be read: " + std::strerror(errno) + "; check its rights");
    return;
  }
  std::array<char, 4096> head{};
  const ssize_t got = ::pread(tail->fd, head.data(), head.size(), 0);
  if (got <= 0) return;
  tail->format = recognise({head.data(), static_cast<std::size_t>(got)});
  if (tail->format == Format::Empty) return;
  const bool named = std::find(paths_.begin(), paths_.end(), path) != paths_.end();
  if (tail->format == Format::Archive && !named) return;  // a packed copy of what was read as it grew
  tail->identity = identity;
  tail->path = path;
  if (tail->format == Format::Evtx) {
    const bool is_ours = cursor && cursor->starts_with("2 ");
    tail->evtx.emplace((is_ours ? evtx_position(std::string_view(*cursor).substr(2)) : std::nullopt)
                           .value_or(EvtxPosition{}));
  } else if (cursor) {
    const auto position = to_position(*cursor);
    if (position && position->offset <= static_cast<std::uint64_t>(status.st_size) &&
        position->print == fingerprint(tail->fd, static_cast<std::size_t>(
                                                     std::strtoull(position->print.c_str(), nullptr, 10)))) {
      tail->base = tail->read_to = position->offset;
      tail->done = tail->format == Format::Archive || tail->format == Format::Unknown;
    }
  }
  tail->input = coverage_.add_input(path);
  coverage_.set_format(tail->input, name_of(tail->format));
  tail->sink = std::make_unique<TailSink>(*this, *tail);
  // Past the first line the decision between lines and document is made: only lines are resumed.
  const Format format = tail->base > 0 && tail->format == Format::Json ? Format::Text : tail->format;
  tail->reader = std::make_unique<TextReader>(
      *tail->sink, format, TextLimits{settings_.limits.line_bytes, settings_.limits.entry_bytes});
  tails_.emplace(identity, std::move(tail));
}

void Live::open() {
  look_for_files();
  recall_ = nullptr;
}

void Live::look_for_files() {
  for (auto& [identity, tail] : tails_) tail->is_named = false;
  for (const std::string& path : paths_) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      std::vector<std::string> files;
      try {
        files = expand_inputs({path});
      } catch (const std::runtime_error& failure) {
        complain(failure.what());
      }
      for (const std::string& file : files) consider(file, false);
      continue;
    }
    // A file that was rotated while nobody looked: its old content lies beside it.
    const fs::path whole(path);
    if (first_look_) {
      for (auto it = fs::directory_iterator(whole.parent_path(), error);
           !error && it != fs::directory_iterator(); it.increment(error)) {
        const std::string name = it->path().filename().string();
        // As log writers do, and as Windows does with a full log ("Archive-Security-2026-11-21-…evtx").
        if ((name.size() > whole.filename().string().size() && name.starts_with(whole.filename().string())) ||
            name.starts_with("Archive-" + whole.stem().string() + "-"))
          consider(it->path().string(), true);
      }
    }
    consider(path, false);
  }
  first_look_ = false;
}

bool Live::read_evtx_tail(Tail& tail) {
  const bool any = tail.evtx->read(tail.fd, *tail.sink, settings_.bytes_a_step);
  if (any) tail.marks.push_back({tail.newest, "2 " + to_text(tail.evtx->position())});
  return any;
}

std::uint64_t Live::evtx_chunks_read() const {
  std::uint64_t sum = 0;
  for (const auto& [identity, tail] : tails_) sum += tail->evtx ? tail->evtx->chunks_read() : 0;
  return sum;
}

bool Live::read(Tail& tail) {
  if (tail.done) return false;
  if (tail.format == Format::Evtx) return read_evtx_tail(tail);
  if (tail.format == Format::Archive || tail.format == Format::Unknown) {
    tail.done = true;
    try {
      read_input(tail.path, *tail.sink, settings_.limits);
    } catch (const std::runtime_error& failure) {
      complain(failure.what());
    }
    tail.marks.push_back(
        {tail.newest, to_value({size_of(tail.fd), fingerprint(tail.fd, fingerprint_bytes)})});
    return true;
  }
  struct stat status {};
  if (::fstat(tail.fd, &status) != 0) return false;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < tail.read_to) {  // truncated: it begins anew
    tail.base = tail.read_to = 0;
    tail.reader = std::make_unique<TextReader>(
        *tail.sink, tail.format, TextLimits{settings_.limits.line_bytes, settings_.limits.entry_bytes});
  }
  if (size == tail.read_to) {
    // A document is whole when it grows no more.
    if (tail.reader->is_document() && ++tail.unchanged_looks >= 2) {
      tail.reader->finish();
      tail.marks.push_back({tail.newest, to_value({size, fingerprint(tail.fd, fingerprint_bytes)})});
      tail.done = true;
      return true;
    }
    return false;
  }
  tail.unchanged_looks = 0;
  std::array<char, piece> buffer{};
  std::uint64_t taken = 0;
  while (taken < settings_.bytes_a_step) {
    const ssize_t got = ::pread(tail.fd, buffer.data(), buffer.size(), static_cast<off_t>(tail.read_to));
    if (got <= 0) break;
    tail.read_to += static_cast<std::uint64_t>(got);
    taken += static_cast<std::uint64_t>(got);
    tail.reader->feed({buffer.data(), static_cast<std::size_t>(got)});
    if (!tail.reader->is_document())
      tail.marks.push_back({tail.newest, to_value({tail.base + tail.reader->taken(),
                                                   fingerprint(tail.fd, fingerprint_bytes)})});
  }
  return taken > 0;
}

void Live::report_gaps(Time now) {
  if (now - gaps_looked_at_ < std::chrono::minutes(1)) return;
  gaps_looked_at_ = now;
  for (const auto& [log, hole] : coverage_.gaps()) {
    if (now - hole.before < std::chrono::minutes(1)) continue;  // what is missing may still come
    Finding gap;
    gap.type = plugin::Type::Gap;
    gap.at = hole.before;
    gap.key = "gap/" + log + "/" + std::to_string(hole.first) + "-" + std::to_string(hole.last);
    if (!gaps_told_.insert(gap.key).second) continue;
    gap.application = "record-numbers";
    gap.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(hole.last - hole.first + 1, 0xFFFFFFFFU));
    found(std::move(gap));
  }
}

bool Live::step(Time now) {
  look_for_files();
  bool any = false;
  for (auto& [identity, tail] : tails_) any = read(*tail) || any;
  pairing_.advance(now - settings_.arrival_delay);
  report_gaps(now);
  caught_up_ = caught_up_ || !any;
  // What was rotated away and read to its end is of no more use.
  for (auto it = tails_.begin(); it != tails_.end();) {
    Tail& tail = *it->second;
    const bool judged = tail.marks.empty() || tail.marks.back().until <= pairing_.horizon();
    if (tail.is_named) tail.unnamed_since = Time{};
    if (!tail.is_named && tail.unnamed_since == Time{}) tail.unnamed_since = now;
    // Who writes it may not know yet that it was rotated.
    if (tail.is_named || any || !judged || now - tail.unnamed_since < still_written) {
      ++it;
      continue;
    }
    tail.reader->finish();
    Cursor cursor{"file:" + tail.identity, "",         tail.read, tail.filtered, tail.unreadable,
                  pairing_.horizon(),      caught_up_, true};
    forgotten_.push_back(std::move(cursor));
    it = tails_.erase(it);
  }
  return any;
}

std::vector<Finding> Live::take_findings() { return std::exchange(findings_, {}); }
std::vector<std::string> Live::take_complaints() { return std::exchange(complaints_, {}); }

std::vector<Live::Cursor> Live::take_cursors() {
  std::vector<Cursor> cursors = std::exchange(forgotten_, {});
  for (auto& [identity, tail] : tails_) {
    std::optional<std::string> reached;
    while (!tail->marks.empty() && tail->marks.front().until <= pairing_.horizon()) {
      reached = std::move(tail->marks.front().cursor);
      tail->marks.pop_front();
    }
    if (!reached) continue;
    Cursor cursor{"file:" + identity, *reached,           tail->read, tail->filtered,
                  tail->unreadable,   pairing_.horizon(), caught_up_, false};
    tail->read = tail->filtered = tail->unreadable = 0;
    cursors.push_back(std::move(cursor));
  }
  if (!cursors.empty() || !caught_up_) return cursors;
  // Nothing new, and that too is news: up to here everything was seen.
  cursors.push_back({"live", "1", 0, 0, 0, pairing_.horizon(), true, false});
  return cursors;
}

}  // namespace curfew::windows
