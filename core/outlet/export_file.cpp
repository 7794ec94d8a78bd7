#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/kill_point.hpp"
#include "core/outlet/export_sink.hpp"

namespace curfew::outlet {
namespace {

// A tail beyond what the cursor knows is at most what one chunk wrote; one that is longer is cut, not read.
constexpr std::uint64_t longest_tail = std::uint64_t{64} * 1024 * 1024;
constexpr std::size_t longest_write = 64 * 1024;

class FileSink final : public ExportSink {
 public:
  FileSink(FileSinkSettings settings, const std::string& state) : settings_(std::move(settings)) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(state).get(object) != simdjson::SUCCESS) return;
    is_known_ = object["bytes"].get(bytes_) == simdjson::SUCCESS &&
                object["rotated"].get(rotated_) == simdjson::SUCCESS;
  }
  ~FileSink() override { shut(); }

  Handover deliver(std::span<const ExportLine> lines) override {
    try {
      open();
      if (settings_.rotate_bytes > 0 && bytes_ >= settings_.rotate_bytes) rotate();
      std::string text;
      for (const ExportLine& line : lines) text.append(line.text).append("\n");
      write(text);
      if (::fdatasync(file_) != 0) fail("can't be made durable");
      bytes_ += text.size();
      return {.taken = lines.size(), .refused = 0, .problem = {}, .retry_after = {}};
    } catch (const Error& error) {
      shut();  // looked at anew at the next attempt
      return {.taken = 0, .refused = 0, .problem = error.what(), .retry_after = {}};
    }
  }

  [[nodiscard]] std::string state() const override {
    return "{\"bytes\":" + std::to_string(bytes_) + ",\"rotated\":" + std::to_string(rotated_) + "}";
  }

  void caught_up() override {
    if (tail_.empty() || file_ < 0) return;
    // Written before a crash, of what the ledger doesn't have to give any more: another format, other kinds.
    if (::ftruncate(file_, static_cast<off_t>(bytes_)) == 0) tail_.clear();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::Unavailable, settings_.path + ": " + what + ": " + std::strerror(errno));
  }
  void shut() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    tail_.clear();
  }

  [[nodiscard]] std::string rotated_path(std::uint64_t number) const {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');
    return settings_.path + "." + digits;
  }

  // Somebody may have moved the file away to rotate it himself.
  [[nodiscard]] bool is_still_there() const {
    struct stat here {};
    struct stat open {};
    return ::stat(settings_.path.c_str(), &here) == 0 && ::fstat(file_, &open) == 0 &&
           here.st_ino == open.st_ino && here.st_dev == open.st_dev;
  }

  void open() {
    if (file_ >= 0 && is_still_there()) return;
    const bool was_moved = file_ >= 0;
    shut();
    const std::string known = is_known_ ? state() : std::string{};
    // The crash came between the renaming and its being stored.
    if (is_known_ && !was_moved && std::filesystem::exists(rotated_path(rotated_ + 1))) {
      ++rotated_;
      bytes_ = 0;
    }
    file_ = ::open(settings_.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, settings_.mode);
    if (file_ < 0) fail("can't be opened");
    struct stat status {};
    if (::fstat(file_, &status) != 0) fail("can't be looked at");
    if (!S_ISREG(status.st_mode)) {
      errno = EINVAL;
      fail("is no plain file");
    }
    // As it says, whatever the umask.
    if (status.st_size == 0 && ::fchmod(file_, settings_.mode) != 0) fail("can't be given its mode");
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (is_known_ && (size < bytes_ || was_moved))
      settings_.warn(settings_.path + " was moved away or shortened by somebody else; it goes on at its end");
    // Whatever somebody else had or left in it is not ours to touch.
    if (!is_known_ || was_moved || size < bytes_) bytes_ = size;
    is_known_ = true;
    if (state() != known) settings_.save(state());
    if (size > bytes_) read_tail(size);
  }

  void read_tail(std::uint64_t size) {
    if (size - bytes_ > longest_tail) {
      if (::ftruncate(file_, static_cast<off_t>(bytes_)) != 0) fail("can't be shortened");
      return;
    }
    tail_.resize(static_cast<std::size_t>(size - bytes_));
    std::size_t done = 0;
    while (done < tail_.size()) {
      const ssize_t count =
          ::pread(file_, tail_.data() + done, tail_.size() - done, static_cast<off_t>(bytes_ + done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail("can't be read");
      done += static_cast<std::size_t>(count);
    }
  }

  // At bytes_, over what may lie there already.
  void write(std::string_view text) {
    std::size_t same = 0;
    if (!tail_.empty()) {
      const auto end = std::mismatch(text.begin(), text.end(), tail_.begin(), tail_.end());
      same = static_cast<std::size_t>(end.first - text.begin());
      if (same == text.size()) {
        tail_.erase(0, same);
        return;
      }
      if (::ftruncate(file_, static_cast<off_t>(bytes_ + same)) != 0) fail("can't be shortened");
      tail_.clear();
    }
    while (same < text.size()) {
      const std::size_t part = std::min(text.size() - same, longest_write);
      const ssize_t count = ::pwrite(file_, text.data() + same, part, static_cast<off_t>(bytes_ + same));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) fail("can't be written");
      same += static_cast<std::size_t>(count);
      base::kill_point("export.within_file");
    }
  }

  void rotate() {
    const std::string to = rotated_path(rotated_ + 1);
    if (::rename(settings_.path.c_str(), to.c_str()) != 0) fail("can't be renamed to " + to);
    sync_folder();
    base::kill_point("export.after_rename");
    ++rotated_;
    bytes_ = 0;
    settings_.save(state());
    if (settings_.keep > 0 && rotated_ > settings_.keep) {
      std::error_code error;
      std::filesystem::remove(rotated_path(rotated_ - settings_.keep), error);
    }
    ::close(file_);
    file_ = -1;
    tail_.clear();
    open();
  }

  void sync_folder() const {
    const std::string folder = std::filesystem::path(settings_.path).parent_path().string();
    const int opened = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return;  // a folder that may be entered and not read
    ::fsync(opened);
    ::close(opened);
  }

  FileSinkSettings settings_;
  bool is_known_ = false;  // bytes_ and rotated_ are what the cursor's row says
  std::uint64_t bytes_ = 0;
  std::uint64_t rotated_ = 0;
  int file_ = -1;
  std::string tail_;  // what lies beyond bytes_
};

}  // namespace

std::unique_ptr<ExportSink> make_file_sink(FileSinkSettings settings, const std::string& state) {
  return std::make_unique<FileSink>(std::move(settings), state);
}

}  // namespace curfew::outlet
