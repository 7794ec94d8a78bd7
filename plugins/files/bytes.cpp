#include "plugins/files/bytes.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace curfew::files {

std::string reason(int error) {
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe for known errors
}

std::int64_t FileBytes::read(char* buffer, std::size_t size, std::string& why) {
  ssize_t got = 0;
  do {
    got = ::read(file_, buffer, size);
  } while (got < 0 && errno == EINTR);
  if (got < 0) why = reason(errno);
  return got;
}

std::int64_t MemoryBytes::read(char* buffer, std::size_t size, std::string&) {
  const std::size_t count = std::min(size, rest_.size());
  if (count > 0) std::memcpy(buffer, rest_.data(), count);
  rest_.remove_prefix(count);
  return static_cast<std::int64_t>(count);
}

void Descriptor::reset() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

std::string read_head(Bytes& bytes, std::size_t most, const Unreadable& unreadable) {
  std::string head(most, '\0');
  std::size_t size = 0;
  std::string why;
  while (size < head.size()) {
    const std::int64_t got = bytes.read(head.data() + size, head.size() - size, why);
    if (got < 0) unreadable("byte " + std::to_string(size), why);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  head.resize(size);
  return head;
}

}  // namespace curfew::files
