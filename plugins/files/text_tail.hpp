// A text file that grows: what is new in it, and whether it is still the same.
//
//   TextTail tail;                                   // or tail(place) of the last run
//   switch (tail.read(file, most_bytes, feed)) { case TextTail::Step::BeganAnew: … }
//
// A file that is shorter than what was read of it, or begins otherwise, was emptied in place and written
// anew; it is read from its beginning.
//
// Threads: one. Owns: nothing but its place. Fails: never; what can't be read is not there yet.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace curfew::files {

// What tells a file from another one that got its inode: its first bytes, up to 256, as "count:hash".
[[nodiscard]] std::string fingerprint(int file, std::size_t most_bytes = 256);
// Of as many bytes as `print` was made of.
[[nodiscard]] std::string fingerprint_like(int file, const std::string& print);

// How far a file was read, and what tells it.
struct Place {
  std::uint64_t offset = 0;
  std::string print;
};
[[nodiscard]] std::string to_text(const Place& place);
[[nodiscard]] std::optional<Place> place_of(std::string_view text);
// The place of the last run, if the file is still the one it was.
[[nodiscard]] std::optional<Place> place_in(int file, std::uint64_t size, std::string_view text);

class TextTail {
 public:
  enum class Step { Nothing, Read, BeganAnew };

  TextTail() = default;
  explicit TextTail(Place place) : place_(std::move(place)) {}

  // Feeds pieces of at most 64 KiB, together about `most_bytes`. BeganAnew: nothing was fed, the place is the
  // beginning now.
  Step read(int file, std::uint64_t most_bytes, const std::function<void(std::string_view)>& feed);
  [[nodiscard]] const Place& place() const { return place_; }

 private:
  Place place_;
};

}  // namespace curfew::files
