// Where bytes come from: an open file, memory, a member of an archive.
//
//   FileBytes bytes(file.get());
//   while ((got = bytes.read(buffer.data(), buffer.size(), why)) > 0) …
//
// Threads: one at a time. Owns: Descriptor its file; the others nothing. Fails: read gives a negative number
// and says why.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace curfew::files {

// Fills `buffer`, 0 at the end, negative when reading failed (`why` says).
class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual std::int64_t read(char* buffer, std::size_t size, std::string& why) = 0;
};

class FileBytes final : public Bytes {
 public:
  explicit FileBytes(int file) : file_(file) {}
  std::int64_t read(char* buffer, std::size_t size, std::string& why) override;

 private:
  int file_;
};

class MemoryBytes final : public Bytes {
 public:
  explicit MemoryBytes(std::string_view bytes) : rest_(bytes) {}
  std::int64_t read(char* buffer, std::size_t size, std::string& why) override;

 private:
  std::string_view rest_;
};

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int file) : file_(file) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      file_ = std::exchange(other.file_, -1);
    }
    return *this;
  }
  [[nodiscard]] int get() const { return file_; }

 private:
  void reset();
  int file_ = -1;
};

// Part of an input that can't be read: its place, and why.
using Unreadable = std::function<void(std::string_view place, std::string_view why)>;

// What an errno says.
[[nodiscard]] std::string reason(int error);

// The first bytes, up to `most`.
[[nodiscard]] std::string read_head(Bytes& bytes, std::size_t most, const Unreadable& unreadable);

}  // namespace curfew::files
