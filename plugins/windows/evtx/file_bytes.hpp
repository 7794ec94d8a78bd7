// A file that is read in pieces, wherever they lie.
//
//   const FileBytes file("Security.evtx");
//   if (file.error() == 0) got = file.read(buffer, size, 4096);
//
// Threads: one. Owns: the open file. Fails: error() is the system's; a read gives what is there.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace curfew::windows::evtx {

// As many of the bytes as are there.
inline std::size_t read_at(int file, char* buffer, std::size_t size, std::uint64_t offset) {
  std::size_t total = 0;
  while (total < size) {
    const ssize_t got = ::pread(file, buffer + total, size - total, static_cast<off_t>(offset + total));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

class FileBytes {
 public:
  explicit FileBytes(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (file_ < 0 || ::fstat(file_, &status) != 0) {
      error_ = errno;
    } else {
      size_ = static_cast<std::uint64_t>(status.st_size);
    }
  }
  ~FileBytes() {
    if (file_ >= 0) ::close(file_);
  }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  std::size_t read(char* buffer, std::size_t size, std::uint64_t offset) const {
    return read_at(file_, buffer, size, offset);
  }

 private:
  int file_;
  int error_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace curfew::windows::evtx
