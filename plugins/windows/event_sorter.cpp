#include "plugins/windows/event_sorter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <queue>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace curfew::windows {
namespace {

// Big-endian, so that bytes sort as numbers do.
template <typename T>
void put(std::string& out, T number) {
  for (std::size_t i = sizeof(T); i-- > 0;)
    out += static_cast<char>((std::uint64_t{number} >> (8 * i)) & 0xFFU);
}
void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 0xFFFF)));
  out += text.substr(0, 0xFFFF);
}

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T number() {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value = static_cast<T>((static_cast<std::uint64_t>(value) << 8U) | static_cast<std::uint8_t>(rest_[i]));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view text() {
    const auto size = number<std::uint16_t>();
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

constexpr std::uint64_t sign = std::uint64_t{1} << 63U;  // negative times before positive ones

// The computer comes before numbers, so it ends in NUL, which no name holds.
std::string encode(const WindowsEvent& event) {
  std::string out;
  out.reserve(320);
  put(out, static_cast<std::uint64_t>(event.time.time_since_epoch().count()) ^ sign);
  out += event.computer;
  out += '\0';
  put(out, event.record_id);
  put(out, event.event_id);
  put(out, event.position);
  put(out, static_cast<std::uint8_t>((event.failure ? 1 : 0) | (event.time_is_arrival ? 2 : 0) |
                                     (event.origin == Origin::Samba ? 4 : 0)));
  put(out, event.version);
  put_text(out, event.channel);
  put_text(out, event.provider);
  std::uint8_t count = 0;
  for (std::size_t i = 0; i < field_count; ++i)
    count = static_cast<std::uint8_t>(count + (event.get(static_cast<Field>(i)).empty() ? 0 : 1));
  put(out, count);
  for (std::size_t i = 0; i < field_count; ++i) {
    const std::string_view value = event.get(static_cast<Field>(i));
    if (value.empty()) continue;
    put(out, static_cast<std::uint8_t>(i));
    put_text(out, value);
  }
  put(out, event.input);
  return out;
}

void decode(std::string_view bytes, WindowsEvent& event) {
  event.clear();
  Bytes head(bytes.substr(0, 8));
  event.time = Time{Duration{static_cast<std::int64_t>(head.number<std::uint64_t>() ^ sign)}};
  const auto end = bytes.find('\0', 8);
  event.computer = bytes.substr(8, end - 8);
  Bytes rest(bytes.substr(end + 1));
  event.record_id = rest.number<std::uint64_t>();
  event.event_id = rest.number<std::uint32_t>();
  event.position = rest.number<std::uint64_t>();
  const auto flags = rest.number<std::uint8_t>();
  event.failure = (flags & 1U) != 0;
  event.time_is_arrival = (flags & 2U) != 0;
  event.origin = (flags & 4U) != 0 ? Origin::Samba : Origin::Windows;
  event.version = rest.number<std::uint8_t>();
  event.channel = rest.text();
  event.provider = rest.text();
  for (auto count = rest.number<std::uint8_t>(); count > 0; --count) {
    const auto field = rest.number<std::uint8_t>();
    event.set(static_cast<Field>(field), rest.text());
  }
  event.input = rest.number<std::uint32_t>();
}

struct FileClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using TemporaryFile = std::unique_ptr<std::FILE, FileClose>;

// One sorted run: in a file, or the last one in memory.
struct Run {
  TemporaryFile file;
  std::vector<std::string> memory;
  std::size_t at = 0;
  std::string head;

  bool advance() {
    if (file == nullptr) {
      if (at >= memory.size()) return false;
      head = std::move(memory[at++]);
      return true;
    }
    std::uint32_t size = 0;
    if (std::fread(&size, sizeof size, 1, file.get()) != 1) return false;
    head.resize(size);
    if (std::fread(head.data(), 1, size, file.get()) != size)
      throw std::runtime_error("a temporary file of sorted events is cut off: is the disk full?");
    return true;
  }
};

[[noreturn]] void fail() {
  throw std::runtime_error(std::string("events can't be sorted in a temporary file: ") +
                           std::strerror(errno) + "; set TMPDIR to a place with room");
}

}  // namespace

struct EventSorter::State {
  explicit State(std::size_t limit) : memory_limit(limit) {}

  void spill() {
    std::sort(pending.begin(), pending.end());
    Run run;
    run.file.reset(std::tmpfile());
    if (run.file == nullptr) fail();
    for (const std::string& bytes : pending) {
      const auto size = static_cast<std::uint32_t>(bytes.size());
      if (std::fwrite(&size, sizeof size, 1, run.file.get()) != 1 ||
          std::fwrite(bytes.data(), 1, bytes.size(), run.file.get()) != bytes.size())
        fail();
    }
    if (std::fflush(run.file.get()) != 0) fail();
    std::rewind(run.file.get());
    runs.push_back(std::move(run));
    pending.clear();
    used = 0;
  }

  struct Later {
    bool operator()(const Run* a, const Run* b) const { return b->head < a->head; }
  };

  std::size_t memory_limit;
  std::size_t used = 0;
  std::uint64_t count = 0;
  std::vector<std::string> pending;
  std::vector<Run> runs;
  std::priority_queue<Run*, std::vector<Run*>, Later> heads;
};

EventSorter::EventSorter(std::size_t memory_bytes) : state_(std::make_unique<State>(memory_bytes)) {}
EventSorter::~EventSorter() = default;

void EventSorter::add(const WindowsEvent& event) {
  std::string bytes = encode(event);
  state_->used += bytes.size() + sizeof(std::string) + 16;
  state_->pending.push_back(std::move(bytes));
  ++state_->count;
  if (state_->used > state_->memory_limit) state_->spill();
}

void EventSorter::sort() {
  std::sort(state_->pending.begin(), state_->pending.end());
  Run last;
  last.memory = std::move(state_->pending);
  state_->runs.push_back(std::move(last));
  for (Run& run : state_->runs) {
    if (run.advance()) state_->heads.push(&run);
  }
}

bool EventSorter::next(WindowsEvent& event) {
  if (state_->heads.empty()) return false;
  Run* run = state_->heads.top();
  state_->heads.pop();
  decode(run->head, event);
  if (run->advance()) state_->heads.push(run);
  return true;
}

std::uint64_t EventSorter::size() const { return state_->count; }

}  // namespace curfew::windows
