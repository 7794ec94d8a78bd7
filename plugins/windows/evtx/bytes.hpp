// Numbers in bytes, little-endian, with bounds.
//
//   Cursor in(chunk, 512, chunk.size());
//   std::uint32_t size = 0;
//   if (!in.skip(4) || !in.read(size)) return false;
//
// Threads: values. Owns: nothing; the bytes outlive it. Fails: false where the bytes end; the place then
// stays where it was.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace curfew::windows::evtx {

// Nothing (0) where it doesn't lie within the bytes.
template <typename T>
[[nodiscard]] T number_at(std::string_view bytes, std::size_t at) {
  T value = 0;
  if (at <= bytes.size() && bytes.size() - at >= sizeof value)
    std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie there");

class Cursor {
 public:
  Cursor(std::string_view bytes, std::size_t at, std::size_t end)
      : bytes_(bytes), end_(std::min(end, bytes.size())), at_(std::min(at, end_)) {}

  template <typename T>
  bool read(T& value) {
    if (left() < sizeof value) return false;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return true;
  }
  bool skip(std::size_t size) {
    if (left() < size) return false;
    at_ += size;
    return true;
  }
  bool take(std::size_t size, std::string_view& taken) {
    if (left() < size) return false;
    taken = bytes_.substr(at_, size);
    at_ += size;
    return true;
  }
  // The next byte; 0 at the end, which as a token is the end too.
  [[nodiscard]] std::uint8_t peek() const {
    return at_ < end_ ? static_cast<std::uint8_t>(bytes_[at_]) : std::uint8_t{0};
  }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::size_t end() const { return end_; }
  [[nodiscard]] std::size_t left() const { return end_ - at_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
  std::size_t end_, at_;
};

}  // namespace curfew::windows::evtx
