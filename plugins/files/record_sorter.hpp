// Sorts any number of records in bounded memory: what doesn't fit goes to a temporary file that has no name.
//
//   RecordSorter sorter(64 << 20);
//   sorter.add(ordered_number(time) + rest); …; sorter.sort();
//   while (sorter.next(bytes)) { … }
//
// Records are bytes, and are ordered as bytes.
//
// Threads: one at a time. Owns: records and temporary files. Fails: std::runtime_error when the temporary
// file can't be written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace curfew::files {

class RecordSorter {
 public:
  explicit RecordSorter(std::size_t memory_bytes);
  ~RecordSorter();

  void add(std::string bytes);
  void sort();
  [[nodiscard]] bool next(std::string& bytes);
  [[nodiscard]] std::uint64_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Numbers and short texts as bytes: big-endian, so that bytes sort as numbers do.
template <typename T>
void put_number(std::string& out, T number) {
  for (std::size_t i = sizeof(T); i-- > 0;)
    out += static_cast<char>((std::uint64_t{number} >> (8 * i)) & 0xFFU);
}
// Cut at 65,535 bytes.
void put_text(std::string& out, std::string_view text);
// Negative ones before positive ones.
void put_signed(std::string& out, std::int64_t number);

// Reads what the three above wrote, in the same order.
class RecordBytes {
 public:
  explicit RecordBytes(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T number() {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      value = static_cast<T>((static_cast<std::uint64_t>(value) << 8U) | static_cast<std::uint8_t>(rest_[i]));
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  std::int64_t signed_number();
  std::string_view text();

 private:
  std::string_view rest_;
};

}  // namespace curfew::files
