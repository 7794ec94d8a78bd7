#include "plugins/files/record_sorter.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <queue>
#include <stdexcept>
#include <utility>
#include <vector>

namespace curfew::files {
namespace {

constexpr std::uint64_t sign = std::uint64_t{1} << 63U;

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
      throw std::runtime_error("a temporary file of sorted records is cut off: is the disk full?");
    return true;
  }
};

[[noreturn]] void fail() {
  throw std::runtime_error(std::string("records can't be sorted in a temporary file: ") +
                           std::strerror(errno) + "; set TMPDIR to a place with room");
}

}  // namespace

struct RecordSorter::State {
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

RecordSorter::RecordSorter(std::size_t memory_bytes) : state_(std::make_unique<State>(memory_bytes)) {}
RecordSorter::~RecordSorter() = default;

void RecordSorter::add(std::string bytes) {
  state_->used += bytes.size() + sizeof(std::string) + 16;
  state_->pending.push_back(std::move(bytes));
  ++state_->count;
  if (state_->used > state_->memory_limit) state_->spill();
}

void RecordSorter::sort() {
  std::sort(state_->pending.begin(), state_->pending.end());
  Run last;
  last.memory = std::move(state_->pending);
  state_->runs.push_back(std::move(last));
  for (Run& run : state_->runs) {
    if (run.advance()) state_->heads.push(&run);
  }
}

bool RecordSorter::next(std::string& bytes) {
  if (state_->heads.empty()) return false;
  Run* run = state_->heads.top();
  state_->heads.pop();
  bytes = std::move(run->head);
  if (run->advance()) state_->heads.push(run);
  return true;
}

std::uint64_t RecordSorter::size() const { return state_->count; }

void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<std::uint16_t>(std::min<std::size_t>(text.size(), 0xFFFF)));
  out += text.substr(0, 0xFFFF);
}

void put_signed(std::string& out, std::int64_t number) {
  put_number(out, static_cast<std::uint64_t>(number) ^ sign);
}

std::int64_t RecordBytes::signed_number() {
  return static_cast<std::int64_t>(number<std::uint64_t>() ^ sign);
}

std::string_view RecordBytes::text() {
  const auto size = number<std::uint16_t>();
  const std::string_view value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

}  // namespace curfew::files
